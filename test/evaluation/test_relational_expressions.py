"""Relational expressions fit exactly one thing, and plainly."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from vlm_ros.evaluation.judging import Question
from vlm_ros.evaluation.placement import Solid
from vlm_ros.evaluation.relational_expressions import write_relations
from vlm_ros.simulation.tabletop import ObjectTruth

MakeThing = Callable[..., ObjectTruth]


PIXELS = 1000.0


def _placed(
    thing: ObjectTruth, right: float, away: float, half: float = 0.04
) -> tuple[ObjectTruth, Solid]:
    low = np.array([right - half, away - half, 0.0])
    turn = np.linspace(0, 2 * np.pi, 96, endpoint=False)
    outline = np.array([right, away]) + half * np.column_stack([np.cos(turn), np.sin(turn)])
    x, y, side = 320 + PIXELS * right, 240 - 0.7 * PIXELS * away, PIXELS * half
    solid = Solid(low, low + 2 * half, outline, half)
    return replace(thing, box=(x - side, y - side, x + side, y + side)), solid


def _written(*placed: tuple[ObjectTruth, Solid]) -> dict[str, Question]:
    objects, places = zip(*placed, strict=True)
    written = write_relations(objects, places, np.random.default_rng(0), 1000, "1.png")
    return {question.expression: question for question in written}


def test_relations_tell_two_cups_apart(make_thing: MakeThing) -> None:
    left = _placed(make_thing("cup", "red", 0), -0.2, 0.0)
    right = _placed(make_thing("cup", "blue", 0), 0.2, 0.0)
    plate = _placed(make_thing("plate", "white", 0), 0.0, 0.0)
    asked = _written(left, right, plate)
    (question,) = (
        q
        for t, q in asked.items()
        if t.startswith("the cup") and "left" in t and t.endswith(" the plate")
    )
    assert question.boxes == (left[0].box,)
    assert dict(question.tags) == {"noun": "cup", "predicate": "left_of", "needed": "yes"}
    assert asked["the leftmost cup"].boxes == (left[0].box,)
    assert asked["the cup on the right"].boxes == (right[0].box,)
    assert asked["the plate between the red cup and the blue cup"].boxes == (plate[0].box,)


def test_an_anchor_is_the_only_one_of_its_name(make_thing: MakeThing) -> None:
    asked = _written(
        _placed(make_thing("cup", "red", 0), -0.2, 0.0),
        _placed(make_thing("plate", "white", 0), 0.0, 0.0),
        _placed(make_thing("plate", "blue", 0), 0.2, 0.0),
    )
    assert not any(text.endswith("of the plate") for text in asked)
    assert any(text.endswith("of the white plate") for text in asked)


def test_what_is_arguably_left_spoils_the_question(make_thing: MakeThing) -> None:
    asked = _written(
        _placed(make_thing("cup", "red", 0), -0.2, 0.0),
        _placed(make_thing("cup", "blue", 0), -0.05, 0.3),
        _placed(make_thing("plate", "white", 0), 0.0, 0.0),
    )
    assert not any(
        t.startswith("the cup") and "left" in t and t.endswith(" the plate") for t in asked
    )


def test_ordinals_need_three_in_a_row(make_thing: MakeThing) -> None:
    cups = [_placed(make_thing("cup", "red", 0), 0.15 * i, 0.0) for i in range(3)]
    asked = _written(*cups)
    assert asked["the second cup from the left"].boxes == (cups[1][0].box,)
    assert "the second cup from the left" not in _written(*cups[:2])
    # Of three, which is "the left one" is less plain than which is leftmost.
    assert "the left cup" not in asked and "the leftmost cup" in asked


def test_nearest_is_plainly_nearer(make_thing: MakeThing) -> None:
    plate = _placed(make_thing("plate", "white", 0), 0.0, 0.0)
    near = _placed(make_thing("cup", "red", 0), 0.13, 0.0)
    far = _placed(make_thing("cup", "blue", 0), 0.4, 0.0)
    hardly_farther = _placed(make_thing("cup", "blue", 0), 0.0, 0.15)
    assert any("est to the plate" in text for text in _written(plate, near, far))
    assert not any("est to the plate" in text for text in _written(plate, near, hardly_farther))


def test_the_largest_is_larger_in_space_and_in_the_picture(make_thing: MakeThing) -> None:
    small = _placed(make_thing("box", "red", 0), -0.2, 0.0, half=0.03)
    large = _placed(make_thing("box", "red", 0), 0.2, 0.0, half=0.06)
    alike = _placed(make_thing("box", "red", 0), 0.2, 0.0, half=0.032)
    assert _written(small, large)["the largest box"].boxes == (large[0].box,)
    assert "the largest box" not in _written(small, alike)
