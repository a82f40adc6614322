"""Of what is called by one noun, others are true, may be true, or are false."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

import pytest

from vlm_ros.coco import COCO_NAMES
from vlm_ros.simulation.kinds import SNAPSHOT_KINDS
from vlm_ros.training.nouns import ANYTHING, FALSE, TRUE, UNSURE, Nouns, load_nouns

TABLE = Nouns(
    [
        ("bottle", ["container"], ["jar"]),
        ("ketchup bottle", ["bottle", "ketchup", "container"], ["sauce"]),
        ("mayonnaise bottle", ["bottle", "mayo", "container"], []),
        ("jar", ["container"], []),
        ("can", ["container"], []),
        ("rice", ["food"], []),
        ("package", [], ["bag"]),
    ]
)


@pytest.mark.parametrize(
    ("called", "noun", "verdict"),
    [
        ("bottle", "bottle", TRUE),
        ("bottle", "thing", TRUE),
        ("bottle", "container", TRUE),
        ("ketchup bottle", "bottle", TRUE),
        ("bottle", "ketchup bottle", UNSURE),
        ("bottle", "jar", UNSURE),
        ("jar", "bottle", UNSURE),
        ("ketchup bottle", "mayonnaise bottle", FALSE),
        ("can", "bottle", FALSE),
        ("bottle", "mayo", UNSURE),  # has no line, but is a name of some bottles
        ("can", "mayo", FALSE),
        ("gizmo", "gizmo", TRUE),
        ("gizmo", "bottle", FALSE),
    ],
)
def test_one_noun_said_of_what_is_called_by_another(called: str, noun: str, verdict: int) -> None:
    assert TABLE.truth(called, noun) == verdict


def test_what_one_name_leaves_open_a_narrower_one_settles() -> None:
    assert TABLE.truth_of_thing(["bottle"], "ketchup bottle") == UNSURE
    assert TABLE.truth_of_thing(["bottle", "mayonnaise bottle"], "ketchup bottle") == FALSE
    assert TABLE.truth_of_thing(["bottle", "mayonnaise bottle"], "bottle") == TRUE
    assert TABLE.narrowest(["bottle", "mayonnaise bottle"]) == ["mayonnaise bottle"]


def test_of_names_of_which_none_is_narrower_each_may_speak() -> None:
    assert TABLE.truth_of_thing(["package", "rice"], "bag") == UNSURE
    assert TABLE.truth_of_thing(["package", "rice"], "food") == TRUE
    assert TABLE.truth_of_thing(["package", "rice"], "jar") == FALSE


def test_names_in_a_ring_all_speak() -> None:
    ring = Nouns([("pot", ["pan"], []), ("pan", ["dish"], []), ("dish", ["pot"], ["bowl"])])
    assert ring.narrowest(["pot", "pan", "dish"]) == ["pot", "pan", "dish"]
    assert ring.truth_of_thing(["pot", "pan", "dish"], "bowl") == UNSURE


def test_what_no_picture_shows_is_looked_for_where_its_narrowest_shown_name_is() -> None:
    shown = TABLE.for_pictures({"bottle", "container", "mayonnaise bottle"})
    assert shown.stand_ins("bottle") == ("ketchup bottle",)
    assert shown.stand_ins("container") == ("jar", "can")
    assert shown.stand_ins("mayonnaise bottle") == ()
    assert shown.truth("bottle", "ketchup bottle") == TRUE
    assert shown.truth_of_thing(["container", "bottle"], "ketchup bottle") == TRUE
    assert shown.truth_of_thing(["bottle", "mayonnaise bottle"], "ketchup bottle") == FALSE
    assert shown.truth_of_thing(["container", "bottle"], "can") == FALSE
    assert shown.truth("bottle", "mayo") == UNSURE  # a name of something that is shown


def _lines() -> list[dict[str, Any]]:
    text = (files("vlm_ros.training") / "nouns.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def test_the_table_is_sound() -> None:
    nouns = [line["noun"] for line in _lines()]
    assert nouns == sorted(set(nouns))
    for line in _lines():
        said = [*line["names"], *line["perhaps"]]
        assert len(said) == len({*said, line["noun"], *ANYTHING}) - 1 - len(ANYTHING), line


def test_every_kind_of_the_simulator_and_of_coco_is_in_the_table() -> None:
    kinds = {kind.name for kind in SNAPSHOT_KINDS.values()} | {*COCO_NAMES}
    assert kinds <= {line["noun"] for line in _lines()}


@pytest.mark.parametrize(
    ("called", "noun", "verdict"),
    [
        ("mayonnaise bottle", "bottle", TRUE),
        ("mandarin", "fruit", TRUE),
        ("rice bag", "bag of rice", TRUE),
        ("bag of chips", "bag of crisps", TRUE),
        ("grapes", "fruit", TRUE),
        ("sunglasses", "glasses", TRUE),
        ("wallet", "billfold", TRUE),
        ("wallet", "book", UNSURE),
        ("bottle", "wine bottle", UNSURE),
        ("wallet", "phone", FALSE),
        ("toothpaste", "bottle", FALSE),
        ("can", "bottle", FALSE),
        ("apple", "orange", FALSE),
        ("fork", "spoon", FALSE),
    ],
)
def test_the_table_judges_as_a_person_would(called: str, noun: str, verdict: int) -> None:
    assert load_nouns().truth(called, noun) == verdict
