from __future__ import annotations

import pytest

from vlm_ros.language.lexicon import lexicon


@pytest.mark.parametrize(
    ("attribute", "expected"),
    [
        ("red", ("colour", "red")),
        ("crimson", ("colour", "red")),
        ("light blue", ("colour", "blue")),
        ("dark navy", ("colour", "blue")),
        ("grey", ("colour", "grey")),
        ("wood", ("material", "wooden")),
        ("tiny", ("size", "small")),
        ("polka dot", ("pattern", "dotted")),
        ("upside down", ("posture", "upside down")),
        ("see through", ("clarity", "transparent")),
        ("coffee", None),
        ("light coffee", None),
    ],
)
def test_group_of(attribute: str, expected: tuple[str, str] | None) -> None:
    assert lexicon().group_of(attribute) == expected


def test_contrasts_are_the_other_basic_words_of_the_group() -> None:
    rivals = lexicon().contrasts("maroon")
    assert "red" not in rivals
    assert {"blue", "green", "orange", "white"} <= set(rivals)
    assert lexicon().contrasts("coffee") == ()


@pytest.mark.parametrize(
    ("plural", "single"),
    [
        ("cups", "cup"),
        ("boxes", "box"),
        ("dishes", "dish"),
        ("batteries", "battery"),
        ("coffee mugs", "coffee mug"),
        ("knives", "knife"),
        ("glass", None),
        ("thermos", None),
        ("thermoses", "thermos"),
        ("cactuses", "cactus"),
        ("post its", "post it"),
        ("photos", "photo"),
        ("scissors", None),
        ("bus", None),
        ("cup", None),
    ],
)
def test_singular(plural: str, single: str | None) -> None:
    assert lexicon().singular(plural) == single


def test_longest_phrasing_comes_first() -> None:
    words = ["on", "the", "left", "side", "of", "the", "plate"]
    lengths = [len(entry.words) for entry in lexicon().matches(words, 0)]
    assert lengths == sorted(lengths, reverse=True)
    first = next(lexicon().matches(words, 0))
    assert (first.kind, first.value) == ("RELATION", "left_of")


def test_bare_yaml_words_stay_words() -> None:
    assert any(e.value == "on" for e in lexicon().matches(["on"], 0))
    assert any(e.kind == "NOT" for e in lexicon().matches(["no"], 0))
