"""The plane that something lies on, seen around it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# Points this close to a plane lie on it while planes are tried.
_TOLERANCE_M = 0.008
# Every set of points is thinned to so many, and the same of them are tried in each: the plane of
# one thing does not depend on what else is asked about.
_POINTS = 256
_TRIALS = np.random.default_rng(0).integers(0, _POINTS, (32, 3))
# Planes are tried on every second of them, and the best is refined on all.
_TRIED = slice(None, None, 2)
# The plane holds at least this share of the points.
_LEAST_SHARE = 1.0 / 3.0


@dataclass(frozen=True)
class Planes:
    """N planes: points p with normal . p + offset = 0, in metres.

    Attributes:
        normals: (N, 3) float32, unit length, towards the camera.
        offsets: (N,) float32, the camera's distances from the planes.
        noise: (N,) float32, robust standard deviations of the points they were fitted to.
        found: (N,) whether there is a plane at all; where not, the rest means nothing.
    """

    normals: NDArray[np.float32]
    offsets: NDArray[np.float32]
    noise: NDArray[np.float32]
    found: NDArray[np.bool_]


def dominant_planes(points: NDArray[np.float32], valid: NDArray[np.bool_], fewest: int) -> Planes:
    """Planes with the most points near them (RANSAC, Fischler and Bolles 1981), refined once.

    Args:
        points: (3, N, P) x, y, z in metres in the optical frame.
        valid: (N, P) which points count.
        fewest: valid points, at least 1, from which a plane is looked for.
    """
    counts = valid.sum(axis=1)
    thinned = _thinned(points, valid, counts)
    inliers, enough = _consensus(thinned)
    weights = inliers.astype(np.float32)
    totals = np.maximum(weights.sum(axis=1), 1.0)
    centres = np.einsum("np,npc->nc", weights, thinned) / totals[:, None]
    spread = thinned - centres[:, None]
    covariances = np.matmul(spread.transpose(0, 2, 1), spread * weights[..., None])
    normals = np.linalg.eigh(covariances)[1][:, :, 0]
    # The camera, at the origin, is on the positive side.
    facing = np.einsum("nc,nc->n", normals, centres)
    normals = normals * np.where(facing > 0, -1.0, 1.0)[:, None]
    away = np.abs(np.matmul(spread, normals[..., None])[..., 0])
    # 1.4826 makes the median absolute deviation of a normal distribution its deviation.
    noise = 1.4826 * _medians(away, inliers)
    return Planes(
        normals=normals.astype(np.float32),
        offsets=np.abs(facing).astype(np.float32),
        noise=noise.astype(np.float32),
        found=enough & (counts >= fewest),
    )


def _thinned(
    points: NDArray[np.float32], valid: NDArray[np.bool_], counts: NDArray[np.intp]
) -> NDArray[np.float32]:
    """(N, _POINTS, 3) of the valid points, evenly taken; some twice where there are fewer."""
    # A spare index at the end, for rows without any.
    listed = np.append(np.flatnonzero(valid), 0)
    starts = np.cumsum(counts) - counts
    chosen = listed[starts[:, None] + np.arange(_POINTS) * counts[:, None] // _POINTS]
    return np.stack([axis.ravel()[chosen] for axis in points], axis=-1)


def _consensus(points: NDArray[np.float32]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """The points (N, P) near the best plane tried, and whether they are enough (N,)."""
    first, second, third = (points[:, _TRIALS[:, corner]] for corner in range(3))
    normals = _cross(second - first, third - first)
    lengths = np.sqrt((normals**2).sum(axis=-1))
    usable = lengths > 1e-9
    normals = normals / np.where(usable, lengths, 1.0)[..., None]
    offsets = -(normals * first).sum(axis=-1)
    tried = np.matmul(points[:, _TRIED], normals.transpose(0, 2, 1)) + offsets[:, None]
    totals = np.count_nonzero(np.abs(tried) < _TOLERANCE_M, axis=1) * usable
    best = totals.argmax(axis=1)
    rows = np.arange(len(points))
    distances = np.matmul(points, normals[rows, best][..., None])[..., 0]
    inliers = np.abs(distances + offsets[rows, best][:, None]) < _TOLERANCE_M
    enough = np.count_nonzero(inliers, axis=1) >= _LEAST_SHARE * points.shape[1]
    return inliers, enough & usable.any(axis=1)


def _cross(a: NDArray[np.float32], b: NDArray[np.float32]) -> NDArray[np.float32]:
    """Of vectors (..., 3); several times faster than numpy's for a few hundred of them."""
    x, y, z = (a[..., i] * b[..., j] - a[..., j] * b[..., i] for i, j in ((1, 2), (2, 0), (0, 1)))
    return np.stack([x, y, z], axis=-1)


def _medians(values: NDArray[np.float32], chosen: NDArray[np.bool_]) -> NDArray[np.float32]:
    """(N,) of the chosen values in each row; NaN where none is."""
    ranked = np.sort(np.where(chosen, values, np.nan), axis=1)
    last = np.maximum(np.count_nonzero(chosen, axis=1) - 1, 0)
    rows = np.arange(len(values))
    return np.asarray((ranked[rows, last // 2] + ranked[rows, (last + 1) // 2]) / 2.0)
