"""What the colour of the pixels adds to what the model says."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from vlm_ros.grounding.appearance import PictureMatcher
from vlm_ros.regions import ClassLogits, EmbeddedRegions

BOXES = np.array([[20, 20, 80, 80], [120, 20, 180, 80]], np.float32)


def _everything_fits(phrases: Sequence[str]) -> NDArray[np.float32]:
    return np.tile(np.array([[1, 0]], np.float32), (len(phrases), 1))


@pytest.fixture
def matcher() -> PictureMatcher:
    """A red thing on the left and a blue one on the right of a grey table."""
    image = np.full((100, 200, 3), 130, np.uint8)
    image[20:80, 20:80] = (190, 30, 35)
    image[20:80, 120:180] = (35, 70, 180)
    ones = np.ones(2, np.float32)
    alike = np.array([[1, 0], [1, 0]], np.float32)
    regions = EmbeddedRegions(BOXES, ones, alike, ones, -ones, _everything_fits)
    return PictureMatcher(image, regions)


@pytest.mark.parametrize(
    ("phrase", "better"),
    [
        ("red cup", 0),
        ("crimson coffee mug", 0),
        ("dark blue box", 1),
        ("blue and white box", 1),
        ("large red cup with blue lid", 0),
    ],
)
def test_a_colour_said_is_looked_at(matcher: PictureMatcher, phrase: str, better: int) -> None:
    left, right = matcher.scores([phrase])[:, 0]
    assert (right > left) == bool(better)
    assert max(left, right) > 2 * min(left, right)


@pytest.mark.parametrize("phrase", ["cup", "orange", "bottle with lid", "wooden spoon"])
def test_without_a_colour_the_model_alone_speaks(matcher: PictureMatcher, phrase: str) -> None:
    assert matcher.scores([phrase])[:, 0] == pytest.approx([0.5, 0.5])


def test_the_colour_of_a_part_is_looked_for_all_over() -> None:
    """Two white things, one of them with a pink cap."""
    image = np.full((100, 200, 3), 130, np.uint8)
    for left, _, right, _ in BOXES.astype(int):
        image[20:80, left:right] = (240, 240, 238)
    image[20:30, 140:160] = (240, 140, 180)
    ones = np.ones(2, np.float32)
    alike = np.array([[1, 0], [1, 0]], np.float32)
    regions = EmbeddedRegions(BOXES, ones, alike, ones, -ones, _everything_fits)
    matcher = PictureMatcher(image, regions)
    without, capped = matcher.scores(["bottle with pink cap"])[:, 0]
    assert capped > 0.6 > 0.5 > without
    pink, green = matcher.scores(["bottle with pink cap", "bottle with green cap"])[1]
    assert pink > 0.6 > 0.5 > green
    white, pink = matcher.scores(["white bottle", "pink bottle"])[1]
    assert white > 2 * pink, "a cap is not the bottle's colour"


def test_a_pattern_said_is_looked_at() -> None:
    """Two white things, the left one with blue stripes."""
    image = np.full((100, 200, 3), 130, np.uint8)
    for left, _, right, _ in BOXES.astype(int):
        image[20:80, left:right] = (240, 240, 238)
    for row in range(20, 80, 12):
        image[row : row + 5, 20:80] = (35, 70, 180)
    ones = np.ones(2, np.float32)
    alike = np.array([[1, 0], [1, 0]], np.float32)
    matcher = PictureMatcher(
        image, EmbeddedRegions(BOXES, ones, alike, ones, -ones, _everything_fits)
    )
    striped, partly, dotted, plain = matcher.scores(
        ["stripy cup", "half striped cup", "polka dot cup", "cup"]
    ).T
    assert striped[0] > 0.6 > 0.5 > striped[1]
    assert partly == pytest.approx(striped)
    assert (dotted < 0.4).all()
    assert plain == pytest.approx([0.5, 0.5]), "nobody spoke of a pattern"


@pytest.mark.parametrize("threshold", [0.02, 0.1, 0.5, 0.7])
def test_what_is_even_odds_to_the_model_is_even_odds(threshold: float) -> None:
    image = np.full((100, 200, 3), 130, np.uint8)
    ones = np.ones(2, np.float32)
    shift = np.full(2, np.log(threshold / (1 - threshold)) - 1.0, np.float32)
    alike = np.array([[1, 0], [0, 1]], np.float32)
    regions = EmbeddedRegions(BOXES, ones, alike, ones, shift, _everything_fits)
    scores = PictureMatcher(image, regions, threshold).scores(["cup"])[:, 0]
    assert scores[0] == pytest.approx(0.5, abs=1e-5)
    assert 0.0 < scores[1] < 0.5


@pytest.mark.parametrize(
    ("phrase", "logits", "better"),
    [
        ("cup", (3.0, -6.0), True),
        ("red mug", (3.0, -6.0), True),  # another name of the class
        ("tumbler", (3.0, -6.0), True),  # what COCO calls a cup
        ("cup", (0.0, -6.0), True),
        ("cup", (-1.5, -6.0), False),  # both doubts
        ("stapler", (3.0, -6.0), False),  # no class of the detector's
    ],
)
def test_what_a_detector_is_sure_of_counts(
    phrase: str, logits: tuple[float, float], better: bool
) -> None:
    image = np.full((100, 200, 3), 130, np.uint8)
    ones = np.ones(2, np.float32)
    alike = np.array([[1, 0], [1, 0]], np.float32)
    values = np.array([[-5.0, logits[0]], [-5.0, logits[1]]], np.float32)
    classes = ClassLogits(("bowl", "cup"), values)
    regions = EmbeddedRegions(BOXES, ones, alike, ones, -ones, _everything_fits, classes)
    sure, unsure = PictureMatcher(image, regions).scores([phrase])[:, 0]
    assert (sure > unsure) == better
    # Doubt is no evidence against a thing.
    without = EmbeddedRegions(BOXES, ones, alike, ones, -ones, _everything_fits)
    assert unsure == PictureMatcher(image, without).scores([phrase])[1, 0]


def test_several_phrases_keep_their_columns(matcher: PictureMatcher) -> None:
    scores = matcher.scores(["cup", "red cup", "blue cup"])
    assert scores.shape == (2, 3)
    assert scores[0, 1] > scores[0, 2] and scores[1, 2] > scores[1, 1]
