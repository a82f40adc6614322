"""Sloppy wordings and the plain ones they stand for."""

from __future__ import annotations

import pytest

from vlm_ros.errors import CommandError
from vlm_ros.language import parse_command
from vlm_ros.language.lexicon import lexicon
from vlm_ros.language.rewriting import plain
from vlm_ros.language.words import split_words


def rewritten(text: str) -> str:
    return " ".join(word.text for word in plain(split_words(text), lexicon()))


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("pen nextto the cup", "pen next to the cup"),
        ("cup b/w plate and bowl", "cup between plate and bowl"),
        ("bottle w/o lid", "bottle without lid"),
        ("bottle w/ lid", "bottle with lid"),
        ("pen closest to u", "pen closest to you"),
        ("the cup underneath of the plate", "the cup underneath the plate"),
        ("something to drink", "a drink"),
        ("the u-shaped magnet", "the u shaped magnet"),
        ("the lap top", "the laptop"),
        ("put them both down", "put them down"),
        ("the red cup", "the red cup"),
        ("post its on the desk", "post its on the desk"),
        ('the card "pls"', "the card pls"),
        ("of the two cups, the left one", "the left one of the two cups"),
        ("of the red cups the one on the left", "the one of the red cups on the left"),
    ],
)
def test_plain(said: str, meant: str) -> None:
    assert rewritten(said) == meant


def test_words_put_in_stand_where_the_others_stood() -> None:
    text = "pen nextto the cup"
    words = plain(split_words(text), lexicon())
    assert [text[word.start : word.end] for word in words] == [
        "pen",
        "nextto",
        "nextto",
        "the",
        "cup",
    ]


def test_an_error_behind_a_rewritten_word_points_into_the_text() -> None:
    with pytest.raises(CommandError) as caught:
        parse_command("the pen nextto")
    assert caught.value.position == len("the pen nextto")
