from __future__ import annotations

import numpy as np

from vlm_ros.gazebo.wavefront import mtl_text, obj_text
from vlm_ros.simulation.finishes import Finish, Surface
from vlm_ros.simulation.meshes import rounded_box

RED = Finish(Surface("plain", (0.8, 0.1, 0.05)), 0.4, 0.5)


def rows(text: str, key: str) -> list[list[str]]:
    return [line.split()[1:] for line in text.splitlines() if line.split()[:1] == [key]]


def test_a_mesh_reads_back() -> None:
    mesh = rounded_box((0.1, 0.2, 0.3), 0.01)
    text = obj_text(mesh, "red", "materials.mtl")
    np.testing.assert_allclose(np.array(rows(text, "v"), float), mesh.vertices, atol=1e-6)
    np.testing.assert_allclose(np.array(rows(text, "vn"), float), mesh.normals, atol=1e-3)
    v = 1 - np.array(rows(text, "vt"), float)[:, 1]
    np.testing.assert_allclose(v, mesh.texcoords[:, 1], atol=1e-4)
    corners = [[corner.split("/") for corner in row] for row in rows(text, "f")]
    np.testing.assert_array_equal(np.array(corners, int)[..., 0] - 1, mesh.faces)
    assert np.all(np.ptp(np.array(corners, int), axis=2) == 0)
    assert rows(text, "mtllib") == [["materials.mtl"]] and rows(text, "usemtl") == [["red"]]


def test_a_plain_material_has_its_colour_and_no_mirror() -> None:
    text = mtl_text("red", RED, "")
    assert rows(text, "newmtl") == [["red"]]
    assert rows(text, "Kd") == rows(text, "Ka") == [["0.8000", "0.1000", "0.0500"]]
    assert rows(text, "map_Kd") == []
    assert 0.3 < float(rows(text, "Pr")[0][0]) < 0.8
    assert rows(text, "Pm") == [["0.0"]]


def test_a_painted_material_does_not_tint_its_texture() -> None:
    text = mtl_text("wood", RED, "wood.png")
    assert rows(text, "map_Kd") == [["wood.png"]]
    assert rows(text, "Kd") == [["1.0000", "1.0000", "1.0000"]]
