"""Affine maps fitted to points of which some go their own way."""

from __future__ import annotations

import numpy as np
import pytest

from vlm_ros.tracking.affine import STILL, fitted

TURNED = np.array([[1.03, -0.06], [0.06, 1.03]])
SHIFT = np.array([40.0, -25.0])


def test_a_turn_with_growth_is_found_among_movers() -> None:
    rng = np.random.default_rng(0)
    before = rng.uniform((0, 0), (640, 480), (14, 2))
    after = before @ TURNED.T + SHIFT + rng.normal(0, 0.5, before.shape)
    after[:3] += rng.uniform(20, 40, (3, 2))
    motion = fitted(before, after, np.ones(14))
    assert np.abs(motion(before[3:]) - after[3:]).max() < 6.0
    assert motion.scale == pytest.approx(np.sqrt(np.linalg.det(TURNED)), abs=0.01)
    assert motion.spread < 6.0


def test_two_points_do_not_bend_the_picture() -> None:
    before = np.array([[300.0, 200.0], [330.0, 200.0]])
    after = before + np.array([[10.0, 0.0], [22.0, 6.0]])
    motion = fitted(before, after, np.ones(2))
    assert np.abs(motion.linear - np.eye(2)).max() < 0.1
    assert motion(before).mean(axis=0) == pytest.approx(after.mean(axis=0), abs=1.0)


def test_what_is_not_trusted_does_not_count() -> None:
    before = np.array([[100.0, 100.0], [500.0, 400.0], [300.0, 100.0]])
    after = before + np.array([[5.0, 5.0], [5.0, 5.0], [-80.0, 0.0]])
    motion = fitted(before, after, np.array([1.0, 1.0, 1e-9]))
    assert motion(before[:2]) == pytest.approx(after[:2], abs=0.1)


def test_still() -> None:
    points = np.array([[3.0, 4.0]])
    assert STILL(points).tolist() == points.tolist()
    assert STILL.scale == 1.0
