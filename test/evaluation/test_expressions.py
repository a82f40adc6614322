"""Expressions about a scene have the answers a person would give."""

from __future__ import annotations

import numpy as np
import pytest

from vlm_ros.evaluation.expressions import Expression, write_expressions
from vlm_ros.evaluation.simulated import judge
from vlm_ros.grounding.result import Evidence, GroundedRegion, Grounding, Status
from vlm_ros.simulation.tabletop import ObjectTruth


def _thing(name: str, colour: str, left: float, visible: float = 1.0) -> ObjectTruth:
    return ObjectTruth(
        name=name,
        identity=f"{name}_{left}",
        attributes={"colour": colour},
        parts=(),
        box=(left, 10.0, left + 50.0, 60.0),
        visible_fraction=visible,
        mask=np.zeros((1, 1), bool),
        position=(0.0, 0.0, 1.0),
        quaternion=(0.0, 0.0, 0.0, 1.0),
        size=(0.1, 0.1, 0.1),
    )


def _written(*things: ObjectTruth) -> dict[str, Expression]:
    return {e.text: e for e in write_expressions(things, np.random.default_rng(0), 1000)}


def test_kinds_of_expression() -> None:
    asked = _written(_thing("cup", "red", 0), _thing("cup", "blue", 100), _thing("box", "red", 200))
    assert asked["the red cup"].known == "unique"
    assert asked["the red cup"].boxes.tolist() == [[0, 10, 50, 60]]
    assert asked["the cup"].known == "ambiguous" and len(asked["the cup"].boxes) == 2
    assert asked["the green cup"].known == "absent" and len(asked["the green cup"].boxes) == 0


def test_words_people_differ_on_are_not_asked() -> None:
    asked = _written(_thing("cup", "turquoise", 0), _thing("box", "blue", 100))
    assert "the blue cup" not in asked
    assert "the turquoise cup" in asked


def test_hardly_visible_things_are_not_asked_about() -> None:
    asked = _written(_thing("cup", "red", 0, visible=0.2), _thing("box", "red", 100))
    assert "the red cup" not in asked
    assert "the red box" in asked


def _answer(status: Status, box: tuple[float, float, float, float] | None) -> Grounding:
    found = () if box is None else (GroundedRegion(0, "x", 0.9, box, Evidence(0.9)),)
    return Grounding(status, found, (), "")


@pytest.mark.parametrize(
    ("known", "grounding", "right"),
    [
        ("unique", _answer(Status.FOUND, (0, 0, 10, 10)), True),
        ("unique", _answer(Status.FOUND, (8, 0, 18, 10)), False),
        ("unique", _answer(Status.NOT_FOUND, None), False),
        ("ambiguous", _answer(Status.FOUND, (0, 0, 10, 10)), False),
        ("ambiguous", _answer(Status.AMBIGUOUS, None), True),
        ("absent", _answer(Status.NOT_FOUND, None), True),
        ("absent", _answer(Status.FOUND, (0, 0, 10, 10)), False),
    ],
)
def test_judging(known: str, grounding: Grounding, right: bool) -> None:
    corners = [] if known == "absent" else [[0, 0, 10, 10]]
    boxes = np.asarray(corners, np.float32).reshape(-1, 4)
    assert judge(1, Expression("the x", boxes, known), grounding).right is right
