"""Fewer triangles for a scanned mesh, without cracks and without moving its texture."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vlm_ros.simulation.meshes import Mesh

LARGEST_TURN = 0.75
"""A face may not turn so far that the cosine falls below this."""

LARGEST_ERROR = 0.003
"""How far a surface may move, in units of the mesh's diagonal."""

ROUNDS = 40


def simplified(mesh: Mesh, faces: int) -> Mesh:
    """The mesh with about so many faces, by half-edge collapses of least quadric error.

    Each round removes vertices none of which are neighbours, each onto the neighbour that lies
    nearest to the planes of its faces (Garland and Heckbert 1997). Vertices on the border of a
    piece of the texture stay, so that the pieces still meet.

    Args:
        mesh: to simplify.
        faces: to stop at; more are left where no vertex may go.
    """
    left = mesh.faces.astype(np.int64)
    quadrics = _quadrics(mesh.vertices, left)
    fixed = _on_border(left, len(mesh.vertices))
    low, high = mesh.bounds
    limit = (LARGEST_ERROR * float(np.linalg.norm(high - low))) ** 2
    for _ in range(ROUNDS):
        excess = len(left) - faces
        if excess <= 0:
            break
        gone, onto = _collapses(mesh.vertices, left, quadrics, fixed, limit)
        if len(gone) == 0:
            break
        # The cheapest first; each takes two faces with it.
        gone, onto = gone[: (excess + 1) // 2], onto[: (excess + 1) // 2]
        np.add.at(quadrics, onto, quadrics[gone])
        target = np.arange(len(mesh.vertices))
        target[gone] = onto
        left = target[left]
        left = left[(left != np.roll(left, 1, axis=1)).all(axis=1)]
    used, numbered = np.unique(left, return_inverse=True)
    return Mesh(
        mesh.vertices[used],
        mesh.normals[used],
        mesh.texcoords[used],
        numbered.reshape(-1, 3).astype(np.int32),
    )


def _normals(vertices: NDArray[np.float64], faces: NDArray[np.int64]) -> NDArray[np.float64]:
    """(M, 3) normals, their length twice the face's area."""
    a, b, c = (vertices[faces[:, i]] for i in range(3))
    return np.asarray(np.cross(b - a, c - a), np.float64)


def _quadrics(vertices: NDArray[np.float64], faces: NDArray[np.int64]) -> NDArray[np.float64]:
    """(N, 4, 4) sums of the squared distances to the planes of each vertex's faces."""
    normals = _normals(vertices, faces)
    area = np.linalg.norm(normals, axis=1, keepdims=True)
    unit = normals / np.maximum(area, 1e-18)
    offset = -np.einsum("ij,ij->i", unit, vertices[faces[:, 0]])
    planes = np.column_stack([unit, offset])
    per_face = planes[:, :, None] * planes[:, None, :] * area[:, :, None]
    total = np.zeros((len(vertices), 4, 4))
    for corner in range(3):
        np.add.at(total, faces[:, corner], per_face)
    return total


def _on_border(faces: NDArray[np.int64], count: int) -> NDArray[np.bool_]:
    """(count,) whether a vertex lies on an edge that has not just two faces."""
    edges = np.sort(np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]), axis=1)
    _, index, uses = np.unique(
        edges[:, 0] * count + edges[:, 1], return_index=True, return_counts=True
    )
    border = np.zeros(count, bool)
    border[edges[index[uses != 2]].ravel()] = True
    return border


def _collapses(
    vertices: NDArray[np.float64],
    faces: NDArray[np.int64],
    quadrics: NDArray[np.float64],
    fixed: NDArray[np.bool_],
    limit: float,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Vertices to remove, the cheapest first, and the neighbours they are collapsed onto.

    `limit` is the largest mean squared distance to the planes of the faces, square metres.
    """
    start = np.concatenate([faces[:, [0, 1, 2]].ravel(), faces[:, [1, 2, 0]].ravel()])
    stop = np.concatenate([faces[:, [1, 2, 0]].ravel(), faces[:, [0, 1, 2]].ravel()])
    movable = ~fixed[start]
    start_m, stop_m = start[movable], stop[movable]
    places = np.column_stack([vertices[stop_m], np.ones(len(stop_m))])
    both = quadrics[start_m] + quadrics[stop_m]
    # The planes' normals have unit length: this is the sum of the faces' weights.
    weight = np.trace(both[:, :3, :3], axis1=1, axis2=2)
    error = np.abs(np.einsum("ij,ijk,ik->i", places, both, places))
    # Between equals the shorter edge: flat regions would become needles.
    cost = error + 1e-7 * ((vertices[start_m] - vertices[stop_m]) ** 2).sum(axis=1)
    # Between equals of equal length, as on a sphere, chance decides.
    cost *= np.random.default_rng(0).uniform(1.0, 1.01, len(vertices))[start_m]
    cost[error > limit * weight] = np.inf
    order = np.argsort(cost)
    first, where = np.unique(start_m[order], return_index=True)
    best = np.full(len(vertices), np.inf)
    onto = np.arange(len(vertices))
    best[first], onto[first] = cost[order[where]], stop_m[order[where]]
    _reject_turned(vertices, faces, best, onto)
    # Only those cheaper than all their neighbours, so that no two neighbours go.
    least = np.full(len(vertices), np.inf)
    np.minimum.at(least, start, best[stop])
    chosen = np.flatnonzero(np.isfinite(best) & (best < least))
    chosen = chosen[np.argsort(best[chosen])]
    return chosen, onto[chosen]


def _reject_turned(
    vertices: NDArray[np.float64],
    faces: NDArray[np.int64],
    best: NDArray[np.float64],
    onto: NDArray[np.int64],
) -> None:
    """Sets the cost of a collapse that would turn a face over to infinity."""
    before = _normals(vertices, faces)
    size = np.linalg.norm(before, axis=1)
    for corner in range(3):
        moving = faces[:, corner]
        goal = onto[moving]
        stays = (goal[:, None] != faces).all(axis=1)
        changed = faces.copy()
        changed[:, corner] = goal
        after = _normals(vertices, changed)
        length = size * np.linalg.norm(after, axis=1)
        turned = stays & (np.einsum("ij,ij->i", before, after) < LARGEST_TURN * length)
        best[moving[turned]] = np.inf
