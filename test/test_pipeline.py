"""The way of a frame, with a model that knows where two painted squares are.

The model is a stand-in at the one boundary under test's control: what it proposes. Parsing,
grounding and depth are the real ones; the bundled model is tested in test/models and test/cli.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from vlm_ros.geometry.camera import Intrinsics
from vlm_ros.grounding.result import Status
from vlm_ros.language import Command, Phrase, parse_command
from vlm_ros.language.command import Selector, Step
from vlm_ros.pipeline import Grounder
from vlm_ros.regions import EmbeddedRegions

BOXES = np.array([[100, 100, 160, 160], [300, 200, 380, 280]], np.float32)
NAMES = ("red cup thing", "blue bowl thing")
INTRINSICS = Intrinsics(640, 480, 600.0, 600.0, 319.5, 239.5)


class TwoThings:
    """Proposes BOXES; a phrase matches the thing whose name holds all of its words."""

    description = "two things"
    guided = False
    threshold = 0.5

    def regions(self, image: NDArray[Any], phrases: Sequence[str]) -> EmbeddedRegions:
        self.asked = tuple(phrases)
        count = len(BOXES)
        return EmbeddedRegions(
            BOXES,
            np.full(count, 0.9, np.float32),
            np.eye(count, 3, dtype=np.float32),
            np.full(count, 12.0, np.float32),
            np.full(count, -6.0, np.float32),
            self.embed,
        )

    def embed(self, phrases: Sequence[str]) -> NDArray[np.float32]:
        rows = np.zeros((len(phrases), 3), np.float32)
        for row, phrase in zip(rows, phrases, strict=True):
            fits = [set(phrase.split()) <= set(name.split()) for name in NAMES]
            row[: len(fits)] = fits
            row[2] = not any(fits)
        return rows


@pytest.mark.parametrize(
    ("text", "about"),
    [
        ("the red cup", ["red cup", "cup"]),
        ("put the cup in the bowl", ["cup", "bowl"]),
        ("the large cup left of the plate on the tray", ["cup", "plate", "tray"]),
        ("the red or blue cup", ["red cup", "cup", "blue cup"]),
        ("the bottle with a red cap", ["bottle", "red cap"]),
    ],
)
def test_the_model_is_told_what_the_command_is_about(text: str, about: list[str]) -> None:
    model = TwoThings()
    Grounder(model).ground(parse_command(text), np.zeros((480, 640, 3), np.uint8))
    assert list(model.asked) == about, "each once, and nothing to contrast it with"


@pytest.fixture
def frame() -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    depth = np.full((480, 640), 1.2, np.float32)
    depth[100:160, 100:160] = 0.8
    depth[200:280, 300:380] = 0.9
    return np.zeros((480, 640, 3), np.uint8), depth


def test_every_phrase_of_a_command_is_answered(
    frame: tuple[NDArray[np.uint8], NDArray[np.float32]],
) -> None:
    command = parse_command("put the red cup in the blue bowl")
    target, destination = Grounder(TwoThings()).ground(command, frame[0])
    assert (target.role, destination.role) == ("target", "destination")
    assert target.grounding.status is destination.grounding.status is Status.FOUND
    assert target.grounding.targets[0].box == tuple(BOXES[0])
    assert destination.grounding.targets[0].box == tuple(BOXES[1])
    assert target.positions == target.masks == (None,), "no depth, no position"


def test_depth_gives_a_position(frame: tuple[NDArray[np.uint8], NDArray[np.float32]]) -> None:
    (answer,) = Grounder(TwoThings()).ground(parse_command("the red cup"), *frame, INTRINSICS)
    position = answer.positions[0]
    assert position is not None
    expected = ((129.5 - 319.5) / 600 * 0.8, (129.5 - 239.5) / 600 * 0.8, 0.8)
    assert position.surface == pytest.approx(expected, abs=0.01)
    mask = answer.masks[0]
    assert mask is not None and mask.shape == (480, 640)
    assert mask[100:160, 100:160].all() and mask.sum() == 3600


def test_depth_of_another_size_is_not_used(
    frame: tuple[NDArray[np.uint8], NDArray[np.float32]],
) -> None:
    image, depth = frame
    (answer,) = Grounder(TwoThings()).ground(
        parse_command("the red cup"), image, depth[:240, :320], INTRINSICS
    )
    assert answer.grounding.status is Status.FOUND
    assert answer.positions == answer.masks == (None,)


def test_what_is_not_there_is_not_found(
    frame: tuple[NDArray[np.uint8], NDArray[np.float32]],
) -> None:
    (answer,) = Grounder(TwoThings()).ground(parse_command("the green bottle"), frame[0])
    assert answer.grounding.status is Status.NOT_FOUND
    assert answer.grounding.targets == ()
    assert answer.positions == ()


def test_the_other_thing_is_none_that_was_taken_before(
    frame: tuple[NDArray[np.uint8], NDArray[np.float32]],
) -> None:
    thing = Phrase("thing", "thing")
    other = Phrase("thing", "thing", selectors=(Selector("other", ""),))
    first = Phrase("thing", "thing", selectors=(Selector("superlative", "left"),))
    command = Command("", (Step(None, first), Step(None, other), Step(None, thing)))
    answers = Grounder(TwoThings()).ground(command, frame[0])
    found = [[target.region for target in answer.grounding.targets] for answer in answers]
    assert found == [[0], [1], []]
    assert answers[2].grounding.status is Status.AMBIGUOUS
