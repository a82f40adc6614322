"""What counts as right."""

from __future__ import annotations

import numpy as np
import pytest

from vlm_ros.evaluation.judging import Box, Question, View, ask, judge
from vlm_ros.grounding.result import Evidence, GroundedRegion, Grounding, Status
from vlm_ros.models import bundled_model, load_model
from vlm_ros.pipeline import Grounder

RIGHT: Box = (0, 0, 10, 10)
NEARLY: Box = (0, 0, 10, 6)  # IoU 0.6
HALF: Box = (0, 0, 10, 4)  # IoU 0.4
WRONG: Box = (50, 50, 60, 60)


def _answer(status: Status, targets: list[Box], alternatives: list[Box]) -> Grounding:
    return Grounding(status, _regions(targets), _regions(alternatives), "")


def _regions(boxes: list[Box]) -> tuple[GroundedRegion, ...]:
    return tuple(GroundedRegion(i, "x", 0.9, box, Evidence(0.9)) for i, box in enumerate(boxes))


def _question(*boxes: Box) -> Question:
    return Question("1.jpg", "the x", boxes, "present")


@pytest.mark.parametrize(
    ("grounding", "first_right", "among_five", "answered"),
    [
        (_answer(Status.FOUND, [NEARLY], []), True, True, True),
        (_answer(Status.FOUND, [HALF], []), False, False, False),
        (_answer(Status.FOUND, [WRONG], [RIGHT]), False, True, False),
        (_answer(Status.FOUND, [RIGHT, WRONG], []), True, True, True),
        (_answer(Status.AMBIGUOUS, [], [RIGHT, WRONG]), True, True, False),
        (_answer(Status.NOT_FOUND, [], [RIGHT]), True, True, False),
        (_answer(Status.NOT_FOUND, [], [WRONG] * 4 + [RIGHT]), False, True, False),
        (_answer(Status.NOT_FOUND, [], [WRONG] * 5 + [RIGHT]), False, False, False),
        (_answer(Status.NOT_FOUND, [], []), False, False, False),
    ],
)
def test_one_thing_fits(
    grounding: Grounding, first_right: bool, among_five: bool, answered: bool
) -> None:
    item = judge(_question(RIGHT), grounding)
    assert (item.first_right, item.among_five, item.answered) == (first_right, among_five, answered)


@pytest.mark.parametrize(
    ("boxes", "status", "answered"),
    [
        ((), Status.NOT_FOUND, True),
        ((), Status.FOUND, False),
        ((), Status.AMBIGUOUS, False),
        ((RIGHT, WRONG), Status.AMBIGUOUS, True),
        ((RIGHT, WRONG), Status.FOUND, False),
        ((RIGHT, WRONG), Status.NOT_FOUND, False),
    ],
)
def test_none_or_several_fit(boxes: tuple[Box, ...], status: Status, answered: bool) -> None:
    targets = [RIGHT] if status is Status.FOUND else []
    item = judge(_question(*boxes), _answer(status, targets, [WRONG]))
    assert item.answered is answered


def test_an_expression_that_cannot_be_read_is_a_wrong_answer_with_its_reason() -> None:
    question = Question("1.jpg", "the left the of", (RIGHT,), "present")
    grounder = Grounder(load_model(bundled_model()))
    item = ask(grounder, question, View(np.zeros((48, 64, 3), np.uint8)))
    assert item.status is Status.ERROR
    assert item.given == () and item.overlap == 0.0
    assert not item.answered and "cannot" in item.reason
