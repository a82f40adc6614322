"""The least rectangle around what is seen."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from vlm_ros.geometry.footprint import least_rectangle

RNG = np.random.default_rng(0)


def _filled(length: float, width: float, angle: float, count: int = 3000) -> NDArray[np.float64]:
    points = RNG.uniform((-length / 2, -width / 2), (length / 2, width / 2), (count, 2))
    cos, sin = np.cos(angle), np.sin(angle)
    return np.asarray(points @ np.array([[cos, sin], [-sin, cos]]) + (0.3, -0.7))


@pytest.mark.parametrize("angle", np.linspace(-1.5, 1.5, 7))
def test_it_is_that_of_the_thing(angle: float) -> None:
    found = least_rectangle(_filled(0.2, 0.08, angle), 0.005)
    assert found.centre == pytest.approx((0.3, -0.7), abs=0.002)
    assert (found.length, found.width) == pytest.approx((0.2, 0.08), abs=0.005)
    assert abs(found.along @ (np.cos(angle), np.sin(angle))) > np.cos(np.radians(2))


def test_stray_points_are_left_out() -> None:
    stray = np.array([[0.6, -0.7], [0.3, -0.2], [4.0, 3.0], [0.45, -0.75]])
    points = np.concatenate([_filled(0.2, 0.08, 0.3), stray])
    found = least_rectangle(points, 0.005)
    assert (found.length, found.width) == pytest.approx((0.2, 0.08), abs=0.005)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_few_points_are_enough(count: int) -> None:
    points = np.array([[0.0, 0.0], [0.1, 0.0], [0.0, 0.1]])[:count]
    found = least_rectangle(points, 0.005)
    assert np.isfinite([*found.centre, *found.along, found.length, found.width]).all()
