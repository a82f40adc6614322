from __future__ import annotations

import numpy as np
import pytest

from vlm_ros.simulation.meshes import Mesh, arc, revolve
from vlm_ros.simulation.simplify import LARGEST_ERROR, simplified


def sphere(radius: float) -> Mesh:
    return revolve(arc((0.0, 0.0), (radius, radius), -90, 90, 60), 80)


def border(mesh: Mesh) -> set[tuple[float, ...]]:
    """Places on edges of one face only."""
    edges = np.sort(np.concatenate([mesh.faces[:, [i, (i + 1) % 3]] for i in range(3)]), axis=1)
    found, uses = np.unique(edges, axis=0, return_counts=True)
    return {tuple(mesh.vertices[i].round(9)) for i in found[uses == 1].ravel()}


def test_a_sphere_stays_a_sphere() -> None:
    before = sphere(0.05)
    after = simplified(before, 4000)
    assert len(before.faces) > 8000
    assert 3900 <= len(after.faces) <= 4100
    middles = after.vertices[after.faces].mean(axis=1)
    # Half a millimetre is what the error allowed and the chords of the larger faces make.
    assert np.abs(np.linalg.norm(middles, axis=1) - 0.05).max() < 0.0008
    a, b, c = (after.vertices[after.faces[:, i]] for i in range(3))
    assert np.all(np.einsum("ij,ij->i", np.cross(b - a, c - a), middles) > 0), "a face is turned"


def test_seams_keep_their_places() -> None:
    before = sphere(0.05)
    assert len(border(before)) > 20
    assert border(simplified(before, 2000)) == border(before)


def test_vertices_keep_their_place_in_the_texture() -> None:
    def corners(mesh: Mesh) -> set[tuple[float, ...]]:
        return {tuple(row) for row in np.hstack([mesh.vertices, mesh.texcoords]).round(9)}

    before = sphere(0.05)
    assert corners(simplified(before, 3000)) < corners(before)


def test_a_small_mesh_is_left_as_it_is() -> None:
    before = sphere(0.05)
    after = simplified(before, 10**6)
    assert len(after.faces) == len(before.faces)


@pytest.mark.parametrize("faces", [4, 400])
def test_no_more_is_lost_than_the_error_allows(faces: int) -> None:
    after = simplified(sphere(0.05), faces)
    diagonal = 0.1 * 3**0.5
    middles = after.vertices[after.faces].mean(axis=1)
    assert np.abs(np.linalg.norm(middles, axis=1) - 0.05).max() < 8 * LARGEST_ERROR * diagonal
