from __future__ import annotations

import numpy as np
import pytest

from vlm_ros.simulation.meshes import (
    Mesh,
    cylinder,
    ellipsoid,
    extrude,
    faceted,
    merge,
    ring,
    rotation_about,
    rounded_box,
    spline,
    tube,
)


def volume(mesh: Mesh) -> float:
    """Enclosed volume by the divergence theorem; negative where faces turn inwards."""
    a, b, c = (mesh.vertices[mesh.faces[:, i]] for i in range(3))
    return float(np.sum(a * np.cross(b, c)) / 6)


@pytest.mark.parametrize(
    ("mesh", "expected"),
    [
        (cylinder(0.03, 0.1, segments=96), np.pi * 0.03**2 * 0.1),
        (ellipsoid((0.02, 0.03, 0.04), 96), 4 / 3 * np.pi * 0.02 * 0.03 * 0.04),
        (rounded_box((0.1, 0.2, 0.3), 0.0001), 0.1 * 0.2 * 0.3),
        (extrude([(0, 0), (0.2, 0), (0.2, 0.1), (0.1, 0.03), (0, 0.1)], 0.05), 0.013 * 0.05),
        (extrude([(0, 0), (0, 0.1), (0.2, 0.1), (0.2, 0)], 0.05), 0.02 * 0.05),
        (tube([(0, 0, 0), (0.1, 0, 0), (0.2, 0, 0)], 0.01, 96), np.pi * 0.01**2 * 0.2),
        (ring(0.05, 0.01, 96), 2 * np.pi**2 * 0.05 * 0.01**2),
    ],
    ids=["cylinder", "ellipsoid", "box", "concave outline", "clockwise outline", "tube", "ring"],
)
def test_a_solid_is_closed_and_faces_outwards(mesh: Mesh, expected: float) -> None:
    assert volume(mesh) == pytest.approx(expected, rel=0.06)


def test_a_moved_mesh_keeps_its_volume_and_unit_normals() -> None:
    solid = rounded_box((0.1, 0.2, 0.3), 0.02)
    moved = solid.moved((1, 2, 3), rotation_about("x", 40) @ rotation_about("z", 70), (2, 1, 0.5))
    assert volume(moved) == pytest.approx(volume(solid), rel=1e-6)
    assert np.linalg.norm(moved.normals, axis=1) == pytest.approx(1.0)


def test_merging_keeps_every_face() -> None:
    both = merge(cylinder(0.1, 0.1), ellipsoid((0.1, 0.1, 0.1)).moved((1, 0, 0)))
    assert volume(both) == pytest.approx(
        volume(cylinder(0.1, 0.1)) + volume(ellipsoid((0.1, 0.1, 0.1)))
    )


def test_facets_have_the_normals_of_their_faces() -> None:
    flat = faceted(ellipsoid((0.1, 0.1, 0.1)))
    a, b, c = (flat.vertices[flat.faces[:, i]] for i in range(3))
    across = np.cross(b - a, c - a)
    across /= np.linalg.norm(across, axis=1, keepdims=True)
    assert np.sum(across * flat.normals[flat.faces[:, 0]], axis=1) == pytest.approx(1.0)


def test_a_spline_passes_through_its_points() -> None:
    points = np.array([(0, 0), (1, 2), (3, 1), (4, 4)], float)
    assert spline(points, 5)[::5] == pytest.approx(points)


@pytest.mark.parametrize(
    ("mesh", "expected"),
    [
        (rounded_box((0.1, 0.2, 0.3), 0.0001), 2 * (0.02 + 0.03 + 0.06)),
        (cylinder(0.03, 0.1, segments=96), 2 * np.pi * 0.03 * (0.03 + 0.1)),
        (ellipsoid((0.02, 0.02, 0.02), 96, 61), 4 * np.pi * 0.02**2),
    ],
    ids=["box", "cylinder", "ball"],
)
def test_area_is_that_of_the_surface(mesh: Mesh, expected: float) -> None:
    assert mesh.area == pytest.approx(expected, rel=0.01)
