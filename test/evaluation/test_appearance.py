"""What cannot be told by looking is neither asked for nor held against an answer."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from vlm_ros.evaluation.appearance import certain_claims, verdicts
from vlm_ros.simulation.tabletop import ObjectTruth
from vlm_ros.training.nouns import FALSE, TRUE, UNSURE
from vlm_ros.training.phrases import compose

MakeThing = Callable[..., ObjectTruth]


@pytest.mark.parametrize(
    ("colour", "attributes", "claims"),
    [
        ("red", {}, {"colour": "red"}),
        ("red", {"material": "plastic"}, {"colour": "red"}),
        ("red", {"material": "metal"}, {"colour": "red"}),
        ("silver", {"material": "metal"}, {"colour": "silver", "material": "metal"}),
        ("brown", {"material": "wooden"}, {"colour": "brown", "material": "wooden"}),
        ("red", {"pattern": "checked", "second_colour": "white"}, {"pattern": "checked"}),
        ("red", {"pattern": "dotted"}, {"colour": "red", "pattern": "dotted"}),
        ("red", {"pattern": "plain"}, {"colour": "red"}),
    ],
)
def test_certain_claims(
    make_thing: MakeThing, colour: str, attributes: dict[str, str], claims: dict[str, str]
) -> None:
    assert certain_claims(make_thing("cup", colour, 0, **attributes)) == claims


def test_what_the_noun_says_is_not_said_again(make_thing: MakeThing) -> None:
    assert certain_claims(make_thing("orange", "orange", 0)) == {}
    spoon = make_thing("wooden spoon", "brown", 0, material="wooden")
    assert certain_claims(spoon) == {"colour": "brown"}


@pytest.mark.parametrize(
    ("noun", "said", "name", "colour", "attributes", "verdict"),
    [
        ("cup", {"colour": "red"}, "cup", "red", {}, TRUE),
        ("cup", {"colour": "green"}, "cup", "red", {}, FALSE),
        ("cup", {"colour": "red"}, "cup", "red", {"pattern": "striped"}, UNSURE),
        ("cup", {"pattern": "striped"}, "cup", "red", {"pattern": "striped"}, TRUE),
        ("cup", {"material": "metal"}, "cup", "red", {"material": "metal"}, UNSURE),
        ("cup", {"material": "metal"}, "cup", "silver", {"material": "metal"}, TRUE),
        ("phone", {"colour": "red"}, "phone", "red", {}, UNSURE),
        ("scissors", {"colour": "silver"}, "scissors", "orange", {}, UNSURE),
        ("scissors", {"colour": "green"}, "scissors", "orange", {}, FALSE),
    ],
)
def test_verdicts(
    make_thing: MakeThing,
    noun: str,
    said: dict[str, str],
    name: str,
    colour: str,
    attributes: dict[str, str],
    verdict: int,
) -> None:
    thing = make_thing(name, colour, 0, **attributes)
    assert verdicts([compose(noun, said)], [thing]).tolist() == [[verdict]]
