"""Planes among points."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from vlm_ros.geometry.support import dominant_planes

RNG = np.random.default_rng(5)


def _on_plane(
    normal: tuple[float, ...], distance: float, count: int, noise: float = 0.0
) -> NDArray[np.float64]:
    """Points (count, 3) of a plane so far before the camera."""
    unit = np.array(normal) / np.linalg.norm(normal)
    across = np.linalg.svd(unit[None])[2][1:]
    points = RNG.uniform(-0.2, 0.2, (count, 2)) @ across - distance * unit
    return np.asarray(points + RNG.normal(0, noise, (count, 1)) * unit, np.float64)


def _planes(*sets: NDArray[np.float64], fewest: int = 48):  # type: ignore[no-untyped-def]
    most = max(map(len, sets))
    points = np.zeros((3, len(sets), most), np.float32)
    valid = np.zeros((len(sets), most), bool)
    for index, given in enumerate(sets):
        points[:, index, : len(given)] = given.T
        valid[index, : len(given)] = True
    return dominant_planes(points, valid, fewest)


@pytest.mark.parametrize("noise", [0.0005, 0.003])
def test_a_plane_among_clutter(noise: float) -> None:
    normal = (0.1, -0.7, -0.7)
    clutter = RNG.uniform((-0.3, -0.3, 0.4), (0.3, 0.3, 0.7), (150, 3))
    planes = _planes(np.concatenate([_on_plane(normal, 0.8, 350, noise), clutter]))
    assert planes.found[0]
    unit = np.array(normal) / np.linalg.norm(normal)
    assert planes.normals[0] @ unit > np.cos(np.radians(1.5))
    assert planes.offsets[0] == pytest.approx(0.8, abs=0.003)
    assert planes.noise[0] == pytest.approx(noise, rel=0.35)


def test_the_camera_is_above_it() -> None:
    for normal in ((0.0, 0.0, -1.0), (0.0, -1.0, -1.0)):
        planes = _planes(_on_plane(normal, 0.5, 200))
        assert planes.offsets[0] > 0
        heights = np.array([0.0, 0.0, 0.0]) @ planes.normals[0] + planes.offsets[0]
        assert heights == pytest.approx(0.5, abs=1e-3)


def test_no_plane_holds_a_third_of_a_cloud() -> None:
    cloud = RNG.uniform((-0.5, -0.5, 0.4), (0.5, 0.5, 1.4), (400, 3))
    assert not _planes(cloud).found[0]


def test_few_points_make_no_plane() -> None:
    points = _on_plane((0, 0, -1), 1.0, 47)
    assert not _planes(points).found[0]
    assert _planes(points, fewest=47).found[0]


@pytest.mark.parametrize("points", [np.zeros((0, 3)), np.tile([[0.1, 0.2, 0.9]], (60, 1))])
def test_no_area_makes_no_plane(points: NDArray[np.float64]) -> None:
    """Nor does it disturb its neighbours."""
    planes = _planes(_on_plane((0, 0, -1), 1.0, 100), points)
    assert planes.found.tolist() == [True, False]


def test_a_plane_does_not_depend_on_others() -> None:
    one, other = _on_plane((0, -1, -1), 0.7, 300, 0.002), _on_plane((0, 0, -1), 1.0, 120, 0.001)
    together, alone = _planes(one, other), _planes(one)
    np.testing.assert_array_equal(together.normals[0], alone.normals[0])
    assert together.noise[0] == alone.noise[0]
