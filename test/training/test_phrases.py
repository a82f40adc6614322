"""Training phrases are judged as a person would."""

from __future__ import annotations

import numpy as np
import pytest

from vlm_ros.grounding.contrast import matched_text
from vlm_ros.language import parse_command
from vlm_ros.training.nouns import FALSE, TRUE, UNSURE
from vlm_ros.training.phrases import (
    LabelledObject,
    PhraseMeaning,
    PhraseWriter,
    background_table,
    compose,
    load_vocabulary,
    truth_table,
)

RED_CUP = LabelledObject("cup", {"colour": "red", "material": "plastic"}, True)
WHITE_MUG = LabelledObject("mug", {"colour": "white", "pattern": "striped"}, True, ("blue",))
RENDERED_CUP = LabelledObject.rendered(
    {"name": "cup", "attributes": {"colour": "red", "material": "plastic"}, "parts": []}
)
PHOTOGRAPHED_CUP = LabelledObject("cup", {}, False)
LYING_CUP = LabelledObject("cup", {"colour": "red", "posture": "lying"}, True)
UPTURNED_CUP = LabelledObject("cup", {"colour": "red", "posture": "upside down"}, True)


@pytest.mark.parametrize(
    ("thing", "noun", "said", "verdict"),
    [
        (RED_CUP, "cup", {}, TRUE),
        (RED_CUP, "drinking cup", {"colour": "crimson"}, UNSURE),
        (RENDERED_CUP, "drinking cup", {"colour": "crimson"}, TRUE),
        (RENDERED_CUP, "bottle", {"colour": "red"}, FALSE),
        (RED_CUP, "cup", {"colour": "blue"}, FALSE),
        (RED_CUP, "cup", {"colour": "dark red"}, UNSURE),
        (RED_CUP, "banana", {"colour": "red"}, FALSE),
        (RED_CUP, "mug", {"colour": "red"}, UNSURE),
        (RED_CUP, "mug", {"colour": "blue"}, FALSE),
        (RED_CUP, "object", {"colour": "red"}, TRUE),
        (RED_CUP, "cup", {"pattern": "striped"}, FALSE),
        (RED_CUP, "cup", {"size": "large"}, UNSURE),
        (RED_CUP, "cup", {"material": "metal"}, UNSURE),
        (RED_CUP, "cup", {"material": "wooden"}, FALSE),
        (WHITE_MUG, "cup", {"colour": "white"}, TRUE),
        (WHITE_MUG, "mug", {"colour": "blue"}, UNSURE),
        (WHITE_MUG, "mug", {"pattern": "stripy"}, TRUE),
        (PHOTOGRAPHED_CUP, "cup", {"colour": "red"}, UNSURE),
        (PHOTOGRAPHED_CUP, "bottle", {"colour": "red"}, FALSE),
        (LYING_CUP, "cup", {"posture": "on its side"}, TRUE),
        (LYING_CUP, "cup", {"posture": "standing"}, FALSE),
        (LYING_CUP, "cup", {"posture": "upside down"}, FALSE),
        (LYING_CUP, "cup", {"posture": "overturned"}, TRUE),
        (UPTURNED_CUP, "cup", {"posture": "overturned"}, TRUE),
        (UPTURNED_CUP, "cup", {"posture": "lying"}, FALSE),
        (RED_CUP, "cup", {"posture": "lying"}, UNSURE),
        (PHOTOGRAPHED_CUP, "cup", {"posture": "standing"}, UNSURE),
    ],
)
def test_truth(thing: LabelledObject, noun: str, said: dict[str, str], verdict: int) -> None:
    table = truth_table([compose(noun, said)], [thing], load_vocabulary())
    assert table.tolist() == [[verdict]]


def test_phrases_are_in_english_order() -> None:
    phrase = compose("cup", {"material": "wooden", "colour": "red", "size": "small"})
    assert phrase.text == "small red wooden cup"


@pytest.mark.parametrize(
    "text",
    ["red can lying on its side", "the upright small red can", "upside down can with a red lid"],
)
def test_phrases_are_as_they_are_matched(text: str) -> None:
    said = parse_command(text).steps[0].target
    words = load_vocabulary()
    claims = {known[0]: a for a in said.attributes if (known := words.claimed_by(a))}
    parts = [(part.noun, part.attributes[0]) for part in said.parts]
    phrase = compose(said.noun, {k: v for k, v in claims.items() if k != "size"}, *parts)
    part = "".join(f" with {colour} {name}" for name, colour in parts)
    assert phrase.text == matched_text(said) + part


def test_a_rendered_thing_knows_how_it_lies() -> None:
    record = {"name": "can", "attributes": {"colour": "red"}, "parts": [], "posture": "lying"}
    can = LabelledObject.rendered(record)
    assert can.attributes["posture"] == "lying"
    assert can.turned() == LabelledObject.rendered({k: record[k] for k in list(record)[:3]})


def test_how_things_lie_is_said_of_those_of_which_it_is_told() -> None:
    words = load_vocabulary()
    things = [LYING_CUP, RED_CUP]
    phrases = PhraseWriter(words, ["cup"]).sample(things, 400, np.random.default_rng(4))
    said = [phrase for phrase in phrases if phrase.posture is not None]
    lying, unknown = truth_table(said, things, words)
    assert (lying == TRUE).any() and (lying == FALSE).any()
    assert (unknown != TRUE).all()


def test_half_of_the_phrases_are_true_of_something() -> None:
    words = load_vocabulary()
    things = [RED_CUP, WHITE_MUG]
    writer = PhraseWriter(words, ["cup", "mug", "banana", "box"])
    phrases = writer.sample(things, 60, np.random.default_rng(3))
    table = truth_table(phrases, things, words)
    true = (table == TRUE).any(0).mean()
    false = (table == FALSE).all(0).mean()
    assert true > 0.3 and false > 0.1


def test_what_could_have_a_pattern_and_is_plain_is_told_from_what_has_one() -> None:
    plain = LabelledObject("mug", {"colour": "red", "pattern": "plain"}, True)
    banana = LabelledObject("banana", {"colour": "yellow"}, True)
    words = load_vocabulary()
    for thing, wanted in ((plain, True), (banana, False)):
        phrases = PhraseWriter(words, ["mug"]).sample([thing], 200, np.random.default_rng(5))
        patterned = [p for p in phrases if p.pattern not in (None, "plain")]
        assert bool(patterned) is wanted
        assert (truth_table(patterned, [thing], words) == FALSE).all()


def test_a_part_is_told_from_the_body() -> None:
    mug = LabelledObject("mug", {"colour": "red"}, True, ("white",), parts=(("handle", "white"),))
    words = load_vocabulary()
    phrases = PhraseWriter(words, ["mug"]).sample([mug], 1000, np.random.default_rng(5))

    def said_of_the_handle(colour: str) -> list[PhraseMeaning]:
        return [p for p in phrases if p.part and p.part[1] in words.choices("colour", colour)]

    reds = said_of_the_handle("red")
    others = (len(said_of_the_handle(c)) for c in ("blue", "green", "yellow", "brown", "black"))
    assert len(reds) > 2 * max(others)
    assert (truth_table(reds, [mug], words) == FALSE).all()


@pytest.mark.parametrize(
    ("part", "verdict"),
    [(("handle", "white"), TRUE), (("handle", "red"), FALSE), (("lid", "red"), UNSURE)],
)
def test_of_a_photographed_thing_only_the_labelled_parts_are_known(
    part: tuple[str, str], verdict: int
) -> None:
    mug = LabelledObject("mug", {}, False, ("white",), parts=(("handle", "white"),))
    table = truth_table([compose("mug", {}, part)], [mug], load_vocabulary())
    assert table.tolist() == [[verdict]]


def test_what_carries_no_label_is_none_of_the_kinds_that_are_labelled_completely() -> None:
    nouns = ["cup", "table", "mug", "lamp", "object"]
    meanings = [PhraseMeaning(f"red {noun}", noun, "red") for noun in nouns]
    some = frozenset({"cup", "dining table"})
    everything, coco, nothing = background_table(meanings, [None, some, frozenset()])
    assert (everything == FALSE).all()
    assert coco.tolist() == [FALSE, UNSURE, UNSURE, UNSURE, UNSURE]
    assert (nothing == UNSURE).all()
