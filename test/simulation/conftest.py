from __future__ import annotations

from itertools import product
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from vlm_ros.errors import SimulationError
from vlm_ros.simulation.engine import gl_context, mujoco_module


@pytest.fixture(scope="session")
def renderer() -> None:
    """Skips a test where nothing can be rendered."""
    try:
        mujoco_module()
        gl_context()
    except SimulationError as error:
        pytest.skip(str(error))


CUBE_LABELS = """
cube: {kind: block, names: [wooden block], colour: red, second: [white], material: natural scan,
       spoken: wooden, parts: {top: red}, split: {top: 0.09}, paints: [blue], paint: [whole],
       rests: {up: 1, face: 1}}
pot: {kind: cup, colour: green, form: vessel}
"""


def write_box(folder: Path, size: tuple[float, float, float], rgb: tuple[int, int, int]) -> None:
    """A scan of a box on z = 0: each face a grid of triangles, all of one colour."""
    places: list[NDArray[np.float64]] = []
    normals: list[NDArray[np.float64]] = []
    coordinates: list[tuple[float, float]] = []
    faces: list[tuple[int, ...]] = []
    for axis, side in product(range(3), (0, 1)):
        normal = np.zeros(3)
        normal[axis] = 2 * side - 1
        u_axis, v_axis = (axis + 1) % 3, (axis + 2) % 3
        first = len(places)
        for u, v in product(np.linspace(0, 1, 6), repeat=2):
            place = np.zeros(3)
            place[axis], place[u_axis], place[v_axis] = side, u, v
            places.append((place - (0.5, 0.5, 0)) * size)
            coordinates.append((u, v))
            normals.append(normal)
        for i, j in product(range(5), repeat=2):
            a, b, c, d = (
                first + n for n in (6 * i + j, 6 * i + 6 + j, 6 * i + 7 + j, 6 * i + j + 1)
            )
            for triangle in ((a, b, c), (a, c, d)):
                faces.append(triangle if side else triangle[::-1])
    folder.mkdir(parents=True)
    lines = [
        *("v " + " ".join(f"{x:.6f}" for x in place) for place in places),
        *(f"vt {u:.6f} {v:.6f}" for u, v in coordinates),
        *("vn " + " ".join(f"{x:.1f}" for x in normal) for normal in normals),
        *("f " + " ".join(f"{n + 1}/{n + 1}/{n + 1}" for n in face) for face in faces),
    ]
    (folder / "textured.obj").write_text("\n".join(lines) + "\n")
    cv2.imwrite(str(folder / "texture_map.png"), np.full((16, 16, 3), rgb[::-1], np.uint8))


@pytest.fixture
def scans_folder(tmp_path: Path) -> Path:
    """A folder of two scans with labels of their own: a red cube and a green pot."""
    folder = tmp_path / "scans"
    write_box(folder / "cube", (0.1, 0.1, 0.1), (200, 20, 20))
    write_box(folder / "pot", (0.08, 0.08, 0.1), (20, 160, 40))
    write_box(folder / "nameless", (0.1, 0.1, 0.1), (0, 0, 0))
    (folder / "labels.yaml").write_text(CUBE_LABELS)
    return folder


@pytest.fixture(scope="session")
def ycb() -> Path:
    """The YCB scans, where they lie beside the checkout."""
    folder = Path(__file__).parents[3] / "shared" / "data" / "ycb"
    if not folder.is_dir():
        pytest.skip("the YCB scans are not beside the checkout (../shared/data/ycb)")
    return folder
