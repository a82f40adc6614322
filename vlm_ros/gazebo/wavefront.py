"""Meshes and materials as Wavefront OBJ and MTL files, which every release of Gazebo reads."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vlm_ros.gazebo.highlights import phong_exponent, roughness
from vlm_ros.simulation.finishes import Finish
from vlm_ros.simulation.meshes import Mesh


def obj_text(mesh: Mesh, material: str, library: str) -> str:
    """A mesh as an OBJ file.

    Args:
        mesh: in metres; the first row of a texture lies at its v = 0.
        material: name of the one that all of it has.
        library: the MTL file that the material is in, relative to the OBJ file.
    """
    # In OBJ files v counts from a picture's last row.
    texcoords = np.column_stack([mesh.texcoords[:, 0], 1.0 - mesh.texcoords[:, 1]])
    lines = [
        f"mtllib {library}",
        f"o {material}",
        *_rows("v", mesh.vertices, 6),
        *_rows("vt", texcoords, 4),
        *_rows("vn", mesh.normals, 3),
        f"usemtl {material}",
        *(f"f {a}/{a}/{a} {b}/{b}/{b} {c}/{c}/{c}" for a, b, c in mesh.faces + 1),
    ]
    return "\n".join(lines) + "\n"


def mtl_text(name: str, finish: Finish, texture: str) -> str:
    """A material as a piece of an MTL file.

    Args:
        name: of the material.
        finish: its look.
        texture: picture file of a painted surface, relative to the MTL file; "" for a plain one.
    """
    colour = (1.0, 1.0, 1.0) if texture else finish.surface.colour
    shown = " ".join(f"{part:.4f}" for part in colour)
    specular = " ".join([f"{finish.specular:.4f}"] * 3)
    lines = [
        f"newmtl {name}",
        f"Ka {shown}",
        f"Kd {shown}",
        f"Ks {specular}",
        f"Ns {phong_exponent(finish):.1f}",
        # Physically based renderers read these, and take what is missing for a mirror.
        f"Pr {roughness(finish):.3f}",
        "Pm 0.0",
        *([f"map_Kd {texture}"] if texture else []),
    ]
    return "\n".join(lines) + "\n"


def _rows(key: str, values: NDArray[np.float64], decimals: int) -> list[str]:
    # Adding zero turns -0.0 into 0.0.
    rounded = np.round(values, decimals) + 0.0
    return [f"{key} {' '.join(f'{value:g}' for value in row)}" for row in rounded]
