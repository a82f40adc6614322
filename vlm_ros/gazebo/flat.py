"""Flat meshes that a texture is laid on several times over."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vlm_ros.simulation.meshes import Mesh, merge

_CORNERS = np.array([(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)])
_FACES = np.array([(0, 1, 2), (0, 2, 3)], np.int32)


def sheet(width: float, depth: float, repeat: float) -> Mesh:
    """A rectangle about the origin, seen from above.

    Args:
        width: along x, metres.
        depth: along y, metres.
        repeat: how often a texture is laid side by side each way.
    """
    vertices = np.column_stack([_CORNERS * [width / 2, depth / 2], np.zeros(4)])
    normals = np.tile([0.0, 0.0, 1.0], (4, 1))
    # As MuJoCo lays a texture on a plane: its middle, or a corner of four, in the middle.
    texcoords = _CORNERS * [repeat / 2, -repeat / 2] - 0.5
    return Mesh(vertices, normals, texcoords, _FACES)


def slab(size: tuple[float, float, float], repeat: float) -> Mesh:
    """A box about the origin with a sheet on each side."""
    half = np.array(size) / 2
    sides = []
    for axis in range(3):
        for sign in (-1.0, 1.0):
            turn = _facing(axis, sign)
            width, depth = np.abs(turn.T @ size)[:2]
            sides.append(sheet(width, depth, repeat).moved(turn @ [0, 0, 1] * half[axis], turn))
    return merge(*sides)


def _facing(axis: int, sign: float) -> NDArray[np.float64]:
    """(3, 3) the rotation that turns +z to one way along an axis."""
    normal = sign * np.eye(3)[axis]
    across = np.eye(3)[0 if axis != 0 else 1]
    return np.column_stack([across, np.cross(normal, across), normal])
