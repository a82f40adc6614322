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
        ("on", "supports"),
        ("in", "contains"),
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
        ("part_of", one(220, 220, 260, 260), True),
        ("part_of", one(230, 180, 270, 204), True),  # a cap that the box leaves out
        ("part_of", one(340, 220, 380, 260), False),
        ("part_of", one(195, 195, 300, 305), False),  # the same thing once more
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
    assert degree > 0.4 if holds else degree < 0.3


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


# What people say of pictures, from the most to the least so; several of them fall under no
# relation at all. The anchor is BOX, 200..300 across and down, unless it is said otherwise.
ORDERS: dict[str, tuple[str, Layout, tuple[Layout, ...]]] = {
    "on: standing on top, in a heap, before it, beside it": (
        "on",
        BOX,
        (
            one(220, 150, 280, 240),
            one(180, 250, 280, 320),
            one(220, 260, 280, 380),
            one(305, 220, 365, 280),
        ),
    ),
    "on a flat thing seen from above: in the middle, at its edge, beyond it": (
        "on",
        one(100, 200, 400, 300),
        (one(230, 190, 270, 260), one(380, 200, 430, 270), one(420, 200, 460, 270)),
    ),
    "on: what is small on what is large, not the reverse": (
        "on",
        BOX,
        (one(230, 230, 270, 270), one(100, 100, 400, 400)),
    ),
    "on a pen that lies across: crosswise, end to end": (
        "on",
        one(100, 240, 400, 260),
        (one(240, 180, 260, 320), one(395, 180, 415, 320)),
    ),
    "under: mostly covered, half covered, beneath, above": (
        "under",
        BOX,
        (
            one(150, 180, 350, 320),
            one(240, 150, 420, 330),
            one(200, 310, 300, 360),
            one(200, 100, 300, 190),
        ),
    ),
    "under a chair: between its legs, beside it": (
        "under",
        one(200, 100, 400, 400),
        (one(260, 330, 340, 395), one(420, 330, 500, 395)),
    ),
    "next to: touching, close, farther, far": (
        "next_to",
        BOX,
        tuple(one(x, 200, x + 100, 300) for x in (300, 330, 380, 500)),
    ),
    "next to: beside it, on it": (
        "next_to",
        BOX,
        (one(310, 220, 370, 290), one(220, 180, 280, 260)),
    ),
    "in front of: before it, on it, behind it": (
        "in_front_of",
        BOX,
        (one(210, 280, 290, 370), one(230, 220, 270, 300), one(210, 130, 290, 215)),
    ),
    "behind: behind it, on it, before it": (
        "behind",
        BOX,
        (one(210, 110, 290, 205), one(230, 200, 270, 280), one(210, 280, 290, 370)),
    ),
    "in: within, sticking out, beside": (
        "in",
        BOX,
        (one(230, 230, 270, 280), one(230, 160, 270, 280), one(310, 230, 350, 280)),
    ),
    "contains: around it, a little smaller, beside it": (
        "contains",
        one(240, 240, 260, 260),
        (one(200, 200, 300, 300), one(245, 200, 300, 300), one(270, 200, 370, 300)),
    ),
}


@pytest.mark.parametrize(("name", "anchor", "targets"), ORDERS.values(), ids=ORDERS)
def test_order(name: str, anchor: Layout, targets: tuple[Layout, ...]) -> None:
    degrees = [float(PREDICATES[name](target, anchor)[0, 0]) for target in targets]
    assert degrees == sorted(degrees, reverse=True)
    assert degrees[0] >= 0.3 > degrees[-1]


# What a pair is, against what it might be taken for.
PLAINLY: dict[str, tuple[Layout, Layout, str, str]] = {
    "a cup before a box": (one(220, 260, 280, 380), BOX, "in_front_of", "on"),
    "a cup on a box": (one(220, 170, 280, 250), BOX, "on", "in_front_of"),
    "a remote across a banana": (one(150, 180, 350, 320), BOX, "under", "in_front_of"),
    "a cup by a plate": (one(310, 220, 370, 290), BOX, "next_to", "on"),
    "a cup on a plate": (one(230, 200, 270, 270), BOX, "on", "next_to"),
    "a ball behind a box": (one(220, 120, 280, 200), BOX, "behind", "on"),
    "a shoe below a shelf": (one(210, 310, 290, 350), BOX, "under", "on"),
}


@pytest.mark.parametrize(("target", "anchor", "is_", "is_not"), PLAINLY.values(), ids=PLAINLY)
def test_told_apart(target: Layout, anchor: Layout, is_: str, is_not: str) -> None:
    assert PREDICATES[is_](target, anchor)[0, 0] > PREDICATES[is_not](target, anchor)[0, 0]


def test_depth_overrules_the_image_as_far_as_it_tells() -> None:
    box = one(200, 200, 300, 300, z=1.0)
    lower = (220, 280, 280, 360)
    degrees = [PREDICATES["in_front_of"](one(*lower, z=z), box)[0, 0] for z in (0.7, 1.0, 1.3)]
    assert degrees[0] > 0.5
    assert degrees[1] > 0.5
    assert degrees[2] == 0
