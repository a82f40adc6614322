"""Relations hold plainly, plainly not, or arguably."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from vlm_ros.evaluation.placement import Solid
from vlm_ros.evaluation.spatial_truth import (
    Placed,
    behind,
    between,
    distance,
    in_front_of,
    left_of,
    lies_in,
    lies_on,
    next_to,
    right_of,
    verdicts,
)
from vlm_ros.training.nouns import FALSE, TRUE, UNSURE

PIXELS = 1000.0


def _thing(
    right: float,
    away: float,
    up: float = 0.0,
    half: float = 0.04,
    height: float = 0.08,
    kind: str = "cup",
) -> Placed:
    """A round thing on the table, seen from above at a slant."""
    low = np.array([right - half, away - half, up])
    high = np.array([right + half, away + half, up + height])
    turn = np.linspace(0, 2 * np.pi, 96, endpoint=False)
    outline = np.array([right, away]) + half * np.column_stack([np.cos(turn), np.sin(turn)])
    solid = Solid(low, high, outline, half)
    x, y = 320 + PIXELS * right, 240 - 0.7 * PIXELS * away - 0.7 * PIXELS * up
    side = PIXELS * half
    return Placed(kind, solid, (x - side, y - side, x + side, y + side))


MIDDLE = _thing(0, 0)


@pytest.mark.parametrize(
    ("holds", "target", "verdict"),
    [
        (left_of, _thing(-0.2, 0), TRUE),
        (left_of, _thing(0.2, 0), FALSE),
        (left_of, _thing(-0.2, 0.15), TRUE),
        (left_of, _thing(-0.05, 0.3), UNSURE),
        (left_of, _thing(-0.04, 0), UNSURE),
        (left_of, _thing(0.0, 0.3), FALSE),
        (right_of, _thing(0.2, 0), TRUE),
        (right_of, _thing(-0.2, 0), FALSE),
        (in_front_of, _thing(0, -0.2), TRUE),
        (in_front_of, _thing(0, 0.2), FALSE),
        (in_front_of, _thing(0.2, -0.2), UNSURE),
        (in_front_of, _thing(0.3, -0.1), FALSE),
        (in_front_of, _thing(0, -0.6), UNSURE),
        (behind, _thing(0, 0.2), TRUE),
        (behind, _thing(0, -0.2), FALSE),
        (next_to, _thing(0.1, 0), TRUE),
        (next_to, _thing(0.18, 0), UNSURE),
        (next_to, _thing(0.3, 0), FALSE),
        (next_to, _thing(0, 0, up=0.08), UNSURE),
    ],
)
def test_on_the_table(holds: Callable[[Placed, Placed], int], target: Placed, verdict: int) -> None:
    assert holds(target, MIDDLE) == verdict


BOWL = _thing(0, 0, half=0.1, height=0.06, kind="bowl")
PLATE = _thing(0, 0, half=0.1, height=0.02, kind="plate")


@pytest.mark.parametrize(
    ("holds", "target", "anchor", "verdict"),
    [
        (lies_in, _thing(0.02, 0, up=0.012, half=0.03), BOWL, TRUE),
        (lies_on, _thing(0.02, 0, up=0.012, half=0.03), BOWL, UNSURE),
        (lies_on, _thing(0.02, 0, up=0.015, half=0.03), PLATE, TRUE),
        (lies_in, _thing(0.3, 0, half=0.03), BOWL, FALSE),
        (lies_on, _thing(0.3, 0, up=0.1, half=0.03), PLATE, FALSE),
        # On something that is on the plate.
        (lies_on, _thing(0, 0, up=0.1, half=0.03), PLATE, UNSURE),
        # It leans on the rim.
        (lies_in, _thing(0.1, 0, up=0.0, half=0.03), BOWL, FALSE),
    ],
)
def test_held(
    holds: Callable[[Placed, Placed], int], target: Placed, anchor: Placed, verdict: int
) -> None:
    assert holds(target, anchor) == verdict


@pytest.mark.parametrize(
    ("target", "verdict"),
    [
        (_thing(0.2, 0.0), TRUE),
        (_thing(0.2, 0.03), TRUE),
        (_thing(0.1, 0.14), UNSURE),
        (_thing(0.2, 0.4), FALSE),
        (_thing(0.6, 0.0), FALSE),
        (_thing(-0.2, 0.0), FALSE),
    ],
)
def test_between(target: Placed, verdict: int) -> None:
    assert between(target, MIDDLE, _thing(0.4, 0.0)) == verdict


def test_distance_is_that_of_outlines_and_of_middles() -> None:
    assert distance(MIDDLE, _thing(0.3, 0.0)) == pytest.approx((0.22, 0.3), abs=1e-3)


def test_nothing_is_next_to_itself() -> None:
    table = verdicts(next_to, [MIDDLE, _thing(0.1, 0), _thing(0.5, 0)])
    assert table.tolist() == [[FALSE, TRUE, FALSE], [TRUE, FALSE, FALSE], [FALSE, FALSE, FALSE]]
