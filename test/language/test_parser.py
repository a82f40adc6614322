"""Commands as people say them, against the structure they should have."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from vlm_ros.errors import CommandError
from vlm_ros.evaluation.fuzz import fuzz
from vlm_ros.language import Command, Phrase, Relation, Selector, Step, parse_command

EXPRESSIONS: dict[str, str] = yaml.safe_load(
    (Path(__file__).parent / "expressions.yaml").read_text(encoding="utf-8")
)


def outline(command: Command) -> str:
    """One line that says everything a command holds but its text."""
    return " | ".join(_step(step) for step in command.steps)


def _step(step: Step) -> str:
    destination = "" if step.destination is None else f" -> {_relation(step.destination)}"
    return f"{step.verb}: {_phrase(step.target)}{destination}"


def _phrase(phrase: Phrase) -> str:
    words = [phrase.text, f"<{'; '.join((phrase.noun, *phrase.attributes))}>"]
    words += [f"any({'; '.join(group)})" for group in phrase.any_of]
    words += [f"or({noun})" for noun in phrase.or_nouns]
    words += [f"not({excluded})" for excluded in phrase.excluded]
    words += [f"with({_phrase(part)})" for part in phrase.parts]
    words += [f"which({s.kind} {s.axis or '-'} {s.count})" for s in phrase.selectors]
    words += [_relation(relation) for relation in phrase.relations]
    return " ".join(words)


def _relation(relation: Relation) -> str:
    rank = "" if relation.rank == 1 else f" {relation.rank}"
    anchors = ", ".join(_phrase(anchor) for anchor in relation.anchors)
    return f"{relation.predicate}{rank}({anchors})"


@pytest.mark.parametrize(("text", "expected"), EXPRESSIONS.items(), ids=list(EXPRESSIONS))
def test_structure(text: str, expected: str) -> None:
    assert outline(parse_command(text)) == expected


def test_values_of_a_whole_command() -> None:
    text = "Please put the second red cup from the left in the blue bowl."
    cup = Phrase("red cup", "cup", ("red",), selectors=(Selector("ordinal", "left", 2),))
    bowl = Phrase("blue bowl", "bowl", ("blue",))
    assert parse_command(text) == Command(text, (Step("place", cup, Relation("in", (bowl,))),))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("the grey cup", "the gray cup"),
        ("the centre bowl", "the center bowl"),
        ("the multicoloured ball", "the multicolored ball"),
        ("the aluminium can", "the aluminum can"),
        ("PICK UP THE RED CUP", "pick up the red cup"),
        ("pick up the red cup!!!", "pick up the red cup"),
        ("\tpick\u00a0up\u2003the red\n cup ", "pick up the red cup"),
        ("\u201cpick up\u201d the red cup\u2026", "pick up the red cup"),
        ("the cup that\u2019s red", "the cup that's red"),
        ("the top-left cup", "the top left cup"),
        ("the left-most cup", "the leftmost cup"),
        ("hey robot, could you please pick up the red cup for me, thanks", "pick up the red cup"),
        ("would you kindly just grab the red cup now", "grab the red cup"),
        ("could you be a dear and grab the red cup", "grab the red cup"),
        ("the red cup please if you dont mind", "the red cup"),
        ("if it's not too much trouble grab the red cup", "grab the red cup"),
        ("when ur ready grab the red cup", "grab the red cup"),
        ("I was hoping you could grab the red cup", "grab the red cup"),
        ("I'd appreciate it if you could grab the red cup", "grab the red cup"),
        ("would it be possible to grab the red cup", "grab the red cup"),
        ("any chance you could grab the red cup", "grab the red cup"),
        ("do you think you could grab the red cup", "grab the red cup"),
        ("do me a favour and grab the red cup", "grab the red cup"),
        ("can I please have the red cup", "can I have the red cup"),
        ("hey mate grab the red cup", "grab the red cup"),
        ("the red cup, please, dear", "the red cup"),
        ("the red one thanks buddy", "the red one"),
        ("grab the red cup at your earliest convenience", "grab the red cup"),
    ],
)
def test_spelling_case_marks_and_politeness_change_nothing(first: str, second: str) -> None:
    assert parse_command(first).steps == parse_command(second).steps


@pytest.mark.parametrize(
    ("text", "position", "part"),
    [
        ("", 0, "is empty"),
        ("   \n\t", 0, "is empty"),
        ("...!?", 0, "is empty"),
        ("please", 6, "no thing is named"),
        ("pick up", 7, "not with what"),
        ("could you please bring me", 25, "the name of a thing"),
        ("pick up the", 11, 'ends after "the"'),
        ("the cup left of", 15, 'ends after "left of"'),
        ("the cup between the plate", 8, "needs two things"),
        ("the cup between the plate and", 29, 'ends after "and"'),
        ("the cup and", 11, 'ends after "and"'),
        ("the bottle with", 15, 'ends after "with"'),
        ("the bottle with a", 17, 'ends after "a"'),
        ("pull", 4, "not with what"),
        ("thanks, robot", 13, "no thing is named"),
        ("put in the bowl", 4, '"in" cannot stand here'),
        ("left of", 0, '"left of" cannot stand here'),
        ("put the apple on", 16, 'ends after "on"'),
        ("the cup next to", 15, 'ends after "next to"'),
        ("the tray that the mug stands", 9, '"that" cannot stand here'),
        ("don't pick up the cup", 0, "says what not to do"),
        ("please do not touch the cup", 7, "says what not to do"),
        ("stop", 0, "names no thing"),
        ("I am hungry", 0, "names no thing"),
        ("how are you?", 0, "names no thing"),
        ("turn left", 0, "names no thing"),
        ("what do you see", 15, "not with what"),
        ("pick up it", 8, "refers to nothing"),
        ("put it in the bowl", 4, "refers to nothing"),
        ("put the cup on the left edge of the tray", 29, "side of a thing"),
        ("the green cup or the bowl", 21, "leaves a choice"),
        ("if the cup is empty, fill it", 0, "sets a condition"),
        ("when you see a cup take it", 0, "sets a condition"),
        ("before you take the cup open the box", 0, "sets a condition"),
        ("take the cup unless it is red", 13, "sets a condition"),
        ("thanks mate", 11, "no thing is named"),
        ("what's the weather", 0, "names no thing"),
        ("who are you", 0, "names no thing"),
        ("the red cup or the blue plate", 19, "leaves a choice"),
        ("the cup on the left or on the right", 20, "leaves a choice"),
        ("the cup " * 100, 500, "800 characters"),
        ("the cup\x00", 7, "U+0000"),
        ("pick \x1b[31m up the cup", 5, "U+001B"),
    ],
)
def test_error_says_where_and_what(text: str, position: int, part: str) -> None:
    with pytest.raises(CommandError) as caught:
        parse_command(text)
    assert caught.value.position == position
    assert caught.value.text == text
    assert part in str(caught.value)


@pytest.mark.parametrize(
    "unit",
    ["a ", "2 ", "up ", "so ", "very ", "please ", "that ", "the ", "and ", "next ", "(", "on a ",
     "between ", "red ", "light ", "of a ", "pick up ", "put it ", "left ", "is ", "cup, ", "-a",
     "not ", "with ", "nearest ", "in the middle of ", "it ", "one ", "'"],
)  # fmt: skip
def test_repetition_ends(unit: str) -> None:
    for text in (unit * (500 // len(unit)), ("a cup " + unit * 500)[:500]):
        try:
            parse_command(text)
        except CommandError as error:
            assert str(error)


def test_mutated_commands_parse_or_explain() -> None:
    parse_command("the cup")
    result = fuzz(4000, seed=20, examples=tuple(EXPRESSIONS))
    assert min(result.read, result.refused) > 200
    assert result.slowest_ms < 50.0, result.slowest
