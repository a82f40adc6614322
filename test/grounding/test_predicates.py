from __future__ import annotations

import numpy as np
import pytest

from vlm_ros.grounding.predicates import PREDICATES, Layout, between, distance


def layout(count: int = 30, seed: int = 0, depth: bool = False) -> Layout:
    random = np.random.default_rng(seed)
    corner = random.uniform(0, 500, (count, 2))
    boxes = np.hstack([corner, corner + random.uniform(10, 140, (count, 2))]).astype(np.float32)
    positions = random.uniform(0.4, 1.2, (count, 3)).astype(np.float32) if depth else None
    if positions is not None:
        positions[::5] = np.nan
    return Layout(boxes, positions)


def one(*box: float, z: float | None = None) -> Layout:
    positions = None if z is None else np.array([[0, 0, z]], np.float32)
    return Layout(np.array([box], np.float32), positions)


@pytest.mark.parametrize("name", PREDICATES)
@pytest.mark.parametrize("depth", [False, True])
def test_degrees_are_in_range_and_shaped(name: str, depth: bool) -> None:
    degrees = PREDICATES[name](layout(30, depth=depth), layout(20, seed=1, depth=depth))
    assert degrees.shape == (30, 20)
    assert degrees.dtype == np.float32
    assert ((degrees >= 0) & (degrees <= 1)).all()


@pytest.mark.parametrize("name", PREDICATES)
def test_nothing_relates_to_no_anchor(name: str) -> None:
    assert PREDICATES[name](layout(3), layout(0)).shape == (3, 0)


@pytest.mark.parametrize("name", PREDICATES)
def test_moving_both_changes_nothing(name: str) -> None:
    first, second = layout(15), layout(10, seed=1)
    shift = np.array([64, 32, 64, 32], np.float32)
    moved = PREDICATES[name](Layout(first.boxes + shift), Layout(second.boxes + shift))
    np.testing.assert_allclose(moved, PREDICATES[name](first, second), atol=1e-3)


@pytest.mark.parametrize(
    ("name", "opposite"),
    [
        ("left_of", "right_of"),
        ("above", "below"),
        ("in_front_of", "behind"),
        ("next_to", "next_to"),
        ("near", "near"),
        ("far_from", "far_from"),
    ],
)
@pytest.mark.parametrize("depth", [False, True])
def test_exchanged_roles_give_the_opposite(name: str, opposite: str, depth: bool) -> None:
    first, second = layout(20, depth=depth), layout(12, seed=2, depth=depth)
    there = PREDICATES[name](first, second)
    np.testing.assert_allclose(there, PREDICATES[opposite](second, first).T, atol=1e-6)


@pytest.mark.parametrize("name", ["left_of", "right_of", "above", "below", "in_front_of", "behind"])
def test_directions_exclude_their_reverse(name: str) -> None:
    everything = layout(40, depth=True)
    degrees = PREDICATES[name](everything, everything)
    assert (np.minimum(degrees, degrees.T) == 0).all()
    assert (degrees > 0.5).any()


BOX = one(200, 200, 300, 300)


@pytest.mark.parametrize(
    ("name", "target", "holds"),
    [
        ("left_of", one(50, 210, 120, 290), True),
        ("left_of", one(350, 210, 420, 290), False),
        ("left_of", one(210, 20, 280, 90), False),
        ("above", one(210, 20, 280, 90), True),
        ("above", one(50, 210, 120, 290), False),
        ("on", one(220, 150, 270, 215), True),
        ("on", one(220, 230, 270, 280), True),
        ("on", one(220, 20, 270, 80), False),
        ("on", one(320, 230, 370, 280), False),
        ("on", one(150, 150, 400, 400), False),
        ("under", one(190, 310, 310, 400), True),
        ("under", one(190, 20, 310, 100), False),
        ("in", one(220, 220, 280, 280), True),
        ("in", one(220, 180, 280, 260), True),
        ("in", one(235, 120, 265, 270), True),
        ("in", one(310, 220, 370, 280), False),
        ("in", one(150, 150, 400, 400), False),
        ("next_to", one(310, 210, 390, 300), True),
        ("next_to", one(600, 210, 640, 300), False),
        ("next_to", one(220, 220, 280, 280), False),
        ("near", one(360, 210, 420, 300), True),
        ("near", one(600, 210, 640, 300), False),
        ("far_from", one(600, 210, 640, 300), True),
        ("far_from", one(310, 210, 390, 300), False),
        ("in_front_of", one(210, 260, 290, 360), True),
        ("in_front_of", one(210, 100, 290, 220), False),
        ("behind", one(210, 100, 290, 220), True),
    ],
)
def test_plain_cases(name: str, target: Layout, holds: bool) -> None:
    degree = PREDICATES[name](target, BOX)[0, 0]
    assert degree > 0.5 if holds else degree < 0.3


def test_closer_along_the_direction_is_never_less_left() -> None:
    degrees = [
        PREDICATES["left_of"](one(x, 210, x + 60, 290), BOX)[0, 0] for x in range(260, 0, -20)
    ]
    assert (np.diff(degrees) >= -1e-6).all()
    assert degrees[0] == 0
    assert degrees[-1] == 1


@pytest.mark.parametrize("name", ["on", "in", "next_to"])
def test_depth_forbids_touch_at_a_distance(name: str) -> None:
    spots = {
        "on": (220, 150, 270, 215),
        "in": (220, 220, 280, 280),
        "next_to": (310, 210, 390, 300),
    }
    box = one(200, 200, 300, 300, z=1.0)
    together = PREDICATES[name](one(*spots[name], z=0.95), box)[0, 0]
    apart = PREDICATES[name](one(*spots[name], z=0.4), box)[0, 0]
    assert together > 0.5
    assert apart < 0.1


def test_between() -> None:
    left, right = one(0, 200, 50, 250), one(400, 200, 450, 250)
    middle, aside, beyond = one(200, 205, 240, 245), one(200, 0, 240, 40), one(550, 200, 600, 250)
    assert between(middle, left, right)[0, 0, 0] > 0.9
    assert between(middle, right, left)[0, 0, 0] > 0.9
    assert between(aside, left, right)[0, 0, 0] < 0.6
    assert between(beyond, left, right)[0, 0, 0] == 0
    assert between(layout(5), layout(4), layout(3)).shape == (5, 4, 3)


def test_distance_orders_neighbours() -> None:
    near, far = one(310, 200, 350, 300), one(500, 200, 540, 300)
    assert distance(near, BOX)[0, 0] < distance(far, BOX)[0, 0]
    assert distance(BOX, BOX)[0, 0] == 0
