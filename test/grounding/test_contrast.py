from __future__ import annotations

import numpy as np
import pytest

from vlm_ros.grounding.contrast import contrast_degree, contrast_texts, matched_text
from vlm_ros.language import parse_command


def test_texts_exchange_the_attribute_for_the_others_of_its_group() -> None:
    texts = contrast_texts("red coffee mug", "red")
    assert "blue coffee mug" in texts
    assert "red coffee mug" not in texts
    assert all(text.endswith(" coffee mug") for text in texts)


def test_texts_leave_other_attributes_of_the_phrase_out() -> None:
    texts = contrast_texts("black and white pen", "black", ("white",))
    assert "blue and white pen" in texts
    assert "white and white pen" not in texts


def test_texts_replace_whole_words_only() -> None:
    assert all("tannish" not in text for text in contrast_texts("tan tandem", "tan"))
    assert "blue tandem" in contrast_texts("tan tandem", "tan")


def test_no_contrast_outside_the_lexicon() -> None:
    assert contrast_texts("coffee mug", "coffee") == ()


@pytest.mark.parametrize(
    ("own", "rival", "degree"), [(0.9, 0.1, 0.9), (0.3, 0.3, 0.5), (0.0, 0.0, 0.0), (0.4, 0.0, 1.0)]
)
def test_degree(own: float, rival: float, degree: float) -> None:
    scores = {
        "red cup": np.array([own], np.float32),
        "blue cup": np.array([rival], np.float32),
        "green cup": np.array([0.0], np.float32),
    }
    got = contrast_degree("red cup", ("blue cup", "green cup"), scores)
    assert got[0] == pytest.approx(degree)


def test_degree_without_rivals_is_the_score() -> None:
    scores = {"coffee cup": np.array([0.7, 0.2], np.float32)}
    assert contrast_degree("coffee cup", (), scores).tolist() == pytest.approx([0.7, 0.2])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("the large red cup", "red cup"),
        ("the big round box", "round box"),
        ("the cup that is red and small", "red cup"),
        ("the red cup", "red cup"),
    ],
)
def test_sizes_are_not_matched_against_the_picture(text: str, expected: str) -> None:
    assert matched_text(parse_command(text).steps[0].target) == expected
