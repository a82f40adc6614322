"""What is taken back while speaking: the command that remains is the one that is meant."""

from __future__ import annotations

import pytest

from vlm_ros.errors import CommandError
from vlm_ros.language import parse_command


def _same(said: str, meant: str) -> None:
    assert parse_command(said).steps == parse_command(meant).steps


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("the red cup, no wait, the blue one", "the blue cup"),
        ("the red cup no wait the blue one", "the blue cup"),
        ("the red cup, no, the blue one", "the blue cup"),
        ("the red cup. No, the blue one.", "the blue cup"),
        ("the red cup no the blue one", "the blue cup"),
        ("the red cup, sorry, the blue one", "the blue cup"),
        ("the red cup sorry the blue one", "the blue cup"),
        ("the red cup, I mean the blue one", "the blue cup"),
        ("the red cup I mean the blue", "the blue cup"),
        ("the red cup, actually the blue one", "the blue cup"),
        ("the red cup, make that the blue one", "the blue cup"),
        ("the red cup actually make that the blue one", "the blue cup"),
        ("the red cup, or rather the blue one", "the blue cup"),
        ("the red cup, scratch that, the blue one", "the blue cup"),
        ("the red cup - no, wait, sorry - the blue one", "the blue cup"),
        ("the red cup, um, no, the blue one", "the blue cup"),
        ("the red cup, wait, the blue one", "the blue cup"),
        ("the red cup, hold on, the blue one", "the blue cup"),
    ],
)
def test_every_way_to_take_something_back(said: str, meant: str) -> None:
    _same(said, meant)


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("grab the small red cup, no, the blue one", "grab the small blue cup"),
        ("grab the small red cup, no, the big one", "grab the red big cup"),
        ("grab the red cup, no, the wooden one", "grab the red wooden cup"),
        ("the left cup, no, the right one", "the right cup"),
        ("the leftmost bottle, sorry, the rightmost one", "the rightmost bottle"),
        ("the second cup from the left, no, the third one", "the third cup from the left"),
        ("the biggest box, I mean the smallest", "the smallest box"),
        ("the red coffee mug, no wait, the white one", "the white coffee mug"),
        ("the black and white pen, no, the blue one", "the blue pen"),
        ("two red cups, no, three", "three red cups"),
        ("take one cup, no, two cups", "take two cups"),
        ("pick up the red cup on the tray, no, the blue one", "pick up the blue cup on the tray"),
        ("the cup on the red tray, no, the blue one", "the cup on the blue tray"),
        ("the cup on the red tray, no, the blue tray", "the cup on the blue tray"),
        ("the bottle with a red cap, no, a blue one", "the bottle with a blue cap"),
        ("the red cup on the tray, no, the blue cup", "the blue cup on the tray"),
        ("pick up the red cup, no, the blue one on the tray", "pick up the blue cup on the tray"),
        ("the bottle with a cap, no, without a cap", "the bottle without a cap"),
        ("the bottle without a cap, I mean with a cap", "the bottle with a cap"),
        ("show me all the red cups, no, the blue ones", "show me all the blue cups"),
        ("could you grab the green mug oh wait I mean the yellow one", "grab the yellow mug"),
        ("the red, no, the blue cup", "the blue cup"),
        ("the red I mean blue cup", "the blue cup"),
        ("this cup, no, that one", "that cup"),
        ("the red cup, no, the blue one, no, the green one", "the green cup"),
    ],
)  # fmt: skip
def test_what_is_not_said_again_stays(said: str, meant: str) -> None:
    _same(said, meant)


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("pick up the mug no sorry the bowl", "pick up the bowl"),
        ("pick up the red mug, I mean the bowl", "pick up the bowl"),
        ("bring me the fork, or rather the spoon", "bring me the spoon"),
        ("the tea cup, no, the coffee cup", "the coffee cup"),
        ("pick up the mug on the tray, no, the spoon", "pick up the spoon"),
        ("put the mug in the box, no, the fork", "put the fork in the box"),
        ("put the mug in the box, no, the drawer", "put the mug in the drawer"),
        ("put the cup on the table, sorry, the shelf", "put the cup on the shelf"),
        ("put the cup next to the plate, no, the bowl", "put the cup next to the bowl"),
        ("take the cup and put it in the box, no, the bag", "take the cup and put it in the bag"),
        ("bring the cup to the table, no, the desk", "bring the cup to the desk"),
        ("bring me the cup, the plate and the fork, no, the spoon",
         "bring me the cup, the plate and the spoon"),
        ("the cup between the plate and the bowl, no, the box",
         "the cup between the plate and the box"),
        ("the cup, no wait, the plate, and the fork", "the plate and the fork"),
    ],
)  # fmt: skip
def test_another_thing_takes_the_place_of_the_first(said: str, meant: str) -> None:
    _same(said, meant)


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("the cup on the left, no, on the right", "the cup on the right"),
        ("the cup on the left, no, the right", "the cup on the right"),
        ("the cup on the left sorry on the right", "the cup on the right"),
        ("the left cup, no, the right", "the right cup"),
        ("put the fork in the drawer on the left, no, the right",
         "put the fork in the drawer on the right"),
        ("move the red block to the left, sorry, to the right", "move the red block to the right"),
        ("the cup on the table no the one on the shelf", "the cup on the shelf"),
        ("the cup left of the plate, no, right of the plate", "the cup right of the plate"),
        ("the cup left of the plate, no, right of it", "the cup right of the plate"),
        ("the cup on the tray, I mean under the tray", "the cup under the tray"),
        ("put the cup on the table, no, in the box", "put the cup in the box"),
        ("put the cup on the, no, in the box", "put the cup in the box"),
        ("put the cup in the box, no, onto the tray", "put the cup onto the tray"),
        ("bring the cup to the table, no, to the shelf", "bring the cup to the shelf"),
        ("put the red cup on the tray in the bowl, no, in the box",
         "put the red cup on the tray in the box"),
    ],
)  # fmt: skip
def test_another_place_takes_the_place_of_the_last(said: str, meant: str) -> None:
    _same(said, meant)


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("pick up the cup, no, push the plate", "push the plate"),
        ("pick up the cup, no wait, push it", "push the cup"),
        ("pick up the red cup, sorry, push the blue one", "push the blue cup"),
        ("pick up, no, push the cup", "push the cup"),
        ("pick up the, no, push the cup", "push the cup"),
        ("pick up the cup. No wait, put it in the box.", "put the cup in the box"),
        ("pick up the cup, scratch that, please open the drawer", "open the drawer"),
        ("open the box then pick up the cup, no, push it", "open the box then push the cup"),
        ("open the drawer and take the cup and the plate, no, push them",
         "open the drawer and push the cup and the plate"),
        ("pick up the, sorry, the red cup", "pick up the red cup"),
        ("pick up, um, sorry, the red cup", "pick up the red cup"),
        ("take the cup, actually put it in the box", "put the cup in the box"),
        ("no wait, the blue cup", "the blue cup"),
        ("grab the cup. Actually, no. Grab the plate.", "grab the plate"),
        ("grab the cup. Wait. Not that one. The blue one.", "grab the blue cup"),
        ("turn off the lamp no turn it on", "turn the lamp on"),
    ],
)  # fmt: skip
def test_another_verb_takes_the_whole_step_back(said: str, meant: str) -> None:
    _same(said, meant)


@pytest.mark.parametrize(
    ("text", "position"),
    [("the red cup no wait", 12), ("pick up the cup, scratch that", 17)],
)
def test_nothing_instead_is_an_error(text: str, position: int) -> None:
    with pytest.raises(CommandError, match="say what is meant instead") as caught:
        parse_command(text)
    assert caught.value.position == position
