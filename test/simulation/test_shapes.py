from __future__ import annotations

import numpy as np

from vlm_ros.simulation.shapes import hull_proxy


def test_a_hull_keeps_the_corners() -> None:
    rng = np.random.default_rng(0)
    corners = np.array([(x, y, z) for x in (-1, 1) for y in (-2, 2) for z in (-3, 3)], float)
    points = np.vstack([corners, rng.uniform(-0.9, 0.9, (500, 3)) * (1, 2, 3)])
    proxy = hull_proxy(points)
    assert proxy.form == "hull"
    kept = {tuple(point) for point in np.reshape(proxy.size, (-1, 3))}
    assert kept == {tuple(corner) for corner in corners}


def test_a_hull_of_a_ball_is_nearly_the_ball() -> None:
    points = np.random.default_rng(0).normal(size=(5000, 3))
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    kept = np.reshape(hull_proxy(points).size, (-1, 3))
    assert len(kept) <= 70
    # However one looks at it, some point of the hull lies almost in that direction.
    assert (points @ kept.T).max(axis=1).min() > 0.93
