from __future__ import annotations

import numpy as np
import pytest

from vlm_ros.gazebo.flat import sheet, slab


def test_a_slab_is_closed_and_faces_outwards() -> None:
    mesh = slab((1.0, 0.6, 0.03), 1.0)
    low, high = mesh.bounds
    np.testing.assert_allclose(high - low, (1.0, 0.6, 0.03))
    np.testing.assert_allclose(high + low, 0, atol=1e-12)
    a, b, c = (mesh.vertices[mesh.faces[:, i]] for i in range(3))
    across = np.cross(b - a, c - a)
    outward = mesh.normals[mesh.faces[:, 0]]
    assert np.all(np.sum(across * outward, axis=1) > 0)
    assert np.all(np.sum(a * outward, axis=1) > 0)
    # Gauss: the volume that the faces enclose.
    assert np.sum(a * across) / 6 == pytest.approx(1.0 * 0.6 * 0.03)


def test_a_texture_lies_on_a_sheet_as_often_as_asked() -> None:
    mesh = sheet(2.0, 4.0, 3.0)
    np.testing.assert_allclose(np.ptp(mesh.texcoords, axis=0), 3.0)
    np.testing.assert_allclose(mesh.bounds, [(-1, -2, 0), (1, 2, 0)])
