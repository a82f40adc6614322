"""What half a turn says of the far side."""

from __future__ import annotations

import numpy as np
import pytest

from vlm_ros.geometry.completion import hidden, likely_axes

ANGLES = np.asarray(np.linspace(np.pi, 2 * np.pi, 400), np.float64)


def test_the_axis_of_a_round_thing_is_between_its_sides() -> None:
    """Of a cylinder only the near half is seen."""
    ground = np.stack([0.1 + 0.05 * np.cos(ANGLES), 0.4 + 0.05 * np.sin(ANGLES)], axis=1)
    (axis,) = likely_axes(ground, np.arange(400) / 4000.0, top=10.0)
    assert axis == pytest.approx((0.1, 0.4), abs=0.012)


def test_the_axis_of_a_box_is_between_its_corners() -> None:
    steps = np.linspace(0.0, 1.0, 200)[:, None]
    corner, left, right = np.array([[0.0, -0.05], [-0.1, 0.02], [0.04, 0.01]])
    ground = np.concatenate([left + steps * (corner - left), corner + steps * (right - corner)])
    (axis,) = likely_axes(ground, np.zeros(400), top=10.0)
    assert axis == pytest.approx((-0.03, 0.015), abs=0.004)


def test_a_lid_is_above_the_axis() -> None:
    body = np.stack([0.05 * np.cos(ANGLES), 0.05 * np.sin(ANGLES)], axis=1)
    turned = np.linspace(0, 2 * np.pi, 60)
    lid = np.stack([0.01 + 0.01 * np.cos(turned), 0.02 + 0.01 * np.sin(turned)], axis=1)
    heights = np.concatenate([np.linspace(0, 0.12, 400), np.full(60, 0.2)])
    axes = list(likely_axes(np.concatenate([body, lid]), heights, top=0.2))
    assert axes[1] == pytest.approx((0.01, 0.02), abs=0.001)


def test_what_is_behind_its_own_surface_is_hidden() -> None:
    points = np.array([[0.0, 0.0, z] for z in (0.9, 0.99, 1.001, *[1.1] * 17)])
    assert hidden(points[2:], np.full(18, 1.0)) is not None
    behind = hidden(points[1:], np.full(19, 1.0))
    assert behind is not None and behind.tolist() == [False, *[True] * 18]


@pytest.mark.parametrize("distance", [1.2, np.nan])
def test_a_turned_surface_in_the_open_is_none(distance: float) -> None:
    points = np.full((20, 3), 1.0)
    distances = np.full(20, 0.9)
    distances[:5] = distance
    assert hidden(points, distances) is None
