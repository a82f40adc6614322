"""Where a box of the image is in space, from a registered depth image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from vlm_ros.geometry.camera import Intrinsics, deproject

# About this many depth pixels of a box, and of its surroundings, are looked at; more would not
# make the median better, and every region of a frame is located.
_MAX_SAMPLES = 1600
_MAX_RING_SAMPLES = 800
_PLANE_TRIALS = 32
# Fewer depth pixels than this, or a smaller share of the box, say nothing reliable.
_MIN_PIXELS = 12
_MIN_SHARE = 0.03
# A step in depth larger than this separates two surfaces; stereo noise grows with distance.
_LAYER_GAP_M = 0.02
_LAYER_GAP_PER_M = 0.01
# A surface rising less than this from its support cannot be told from it: so many times the
# noise of the support, within limits.
_RISE_PER_NOISE = 4.0
_LEAST_RISE_M, _MOST_RISE_M = 0.0025, 0.010
# Points this close to a plane lie on it while planes are tried.
_PLANE_TOLERANCE_M = 0.008
# Of the pixels in the layer, the share that must rise from the support to be taken alone.
_MIN_RISING_SHARE = 0.15


# left, top, right, bottom in whole pixels, the last two exclusive.
Window = tuple[int, int, int, int]


@dataclass(frozen=True)
class Position:
    """Where the visible surface of an object is.

    Attributes:
        point: x, y, z in metres in the camera's optical frame (x right, y down, z forward): the
            component-wise median of the visible surface points. It lies on the side that faces
            the camera, not at the centre of the body.
        size: extent of the visible surface along the same axes, metres, from the 2nd to the 98th
            percentile.
    """

    point: tuple[float, float, float]
    size: tuple[float, float, float]


def locate(
    depth: NDArray[np.float32], box: Sequence[float], intrinsics: Intrinsics
) -> Position | None:
    """Position of the object inside a box, apart from what lies behind, below and before it.

    The surface is the layer of depth that fills most of the middle of the box. Points of it that
    do not rise from the plane through the box's lower surroundings are its support and are left
    out, unless the object is too flat to tell.

    Args:
        depth: (H, W) float32 metres, registered to the image; 0, negative and non-finite are
            holes.
        box: xyxy, pixels of the image.
        intrinsics: of the camera the depth is registered to.

    Returns:
        The position, or None where the box holds too few valid depth pixels.
    """
    window = _window(depth.shape, box)
    if window is None:
        return None
    x, y, z = _valid_pixels(depth, window, _MAX_SAMPLES)
    left, top, right, bottom = window
    looked_at = (right - left) * (bottom - top) / _stride(window, _MAX_SAMPLES) ** 2
    if len(z) < max(_MIN_PIXELS, _MIN_SHARE * looked_at):
        return None
    layer = _central_layer(z, _offsets_from_middle(x, y, window))
    surface = deproject(np.stack([x[layer], y[layer]], axis=-1), z[layer], intrinsics)
    rising = _rising_from_support(depth, window, intrinsics, surface)
    if rising.sum() >= max(_MIN_PIXELS, _MIN_RISING_SHARE * len(surface)):
        surface = surface[rising]
    if len(surface) < _MIN_PIXELS:
        return None
    return _summary(surface)


def _summary(surface: NDArray[np.float64]) -> Position:
    ranked = np.sort(surface, axis=0)
    last = len(ranked) - 1
    low, high = ranked[round(0.02 * last)], ranked[round(0.98 * last)]
    x, y, z = (float(value) for value in (ranked[last // 2] + ranked[(last + 1) // 2]) / 2.0)
    size_x, size_y, size_z = (float(value) for value in high - low)
    return Position((x, y, z), (size_x, size_y, size_z))


def _window(shape: tuple[int, ...], box: Sequence[float]) -> Window | None:
    """The whole pixels a box touches; None where that is nothing of the image."""
    height, width = shape
    edges = np.asarray(box, np.float64)
    if not np.isfinite(edges).all():
        return None
    left, top = (int(v) for v in np.clip(np.floor(edges[:2]), 0, (width, height)))
    right, bottom = (int(v) for v in np.clip(np.ceil(edges[2:]), 0, (width, height)))
    return (left, top, right, bottom) if right > left and bottom > top else None


def _stride(window: Window, most: int) -> int:
    left, top, right, bottom = window
    return max(1, round(sqrt((right - left) * (bottom - top) / most)))


def _valid_pixels(
    depth: NDArray[np.float32],
    window: Window,
    most: int,
    hidden: Window = (0, 0, 0, 0),
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float64]]:
    """Columns, rows and depths of about `most` pixels of a window, outside a hidden one."""
    left, top, right, bottom = window
    stride = _stride(window, most)
    z = depth[top:bottom:stride, left:right:stride]
    valid = np.isfinite(z) & (z > 0)
    columns, rows = np.arange(left, right, stride), np.arange(top, bottom, stride)
    within_columns = (columns >= hidden[0]) & (columns < hidden[2])
    within_rows = (rows >= hidden[1]) & (rows < hidden[3])
    valid &= ~(within_rows[:, None] & within_columns[None, :])
    row, column = np.nonzero(valid)
    return columns[column], rows[row], z[row, column].astype(np.float64)


def _offsets_from_middle(
    x: NDArray[np.intp], y: NDArray[np.intp], window: Window
) -> NDArray[np.float64]:
    """0 in the middle of the window, 1 at its edges."""
    left, top, right, bottom = window
    across = np.abs(2.0 * x - (left + right - 1)) / (right - left)
    down = np.abs(2.0 * y - (top + bottom - 1)) / (bottom - top)
    return np.asarray(np.maximum(across, down), np.float64)


def _central_layer(z: NDArray[np.float64], offsets: NDArray[np.float64]) -> NDArray[np.bool_]:
    """The run of depths without a gap that has the most weight near the middle of the box."""
    order = np.argsort(z, kind="stable")
    ranked = z[order]
    gaps = np.diff(ranked) > _LAYER_GAP_M + _LAYER_GAP_PER_M * ranked[:-1]
    layers = np.concatenate([[0], np.cumsum(gaps)])
    weights = np.exp(-0.5 * (offsets[order] / 0.4) ** 2)
    totals = np.bincount(layers, weights)
    chosen = np.zeros(len(z), bool)
    chosen[order] = layers == np.argmax(totals)
    return chosen


def _rising_from_support(
    depth: NDArray[np.float32],
    window: Window,
    intrinsics: Intrinsics,
    surface: NDArray[np.float64],
) -> NDArray[np.bool_]:
    """Which surface points stand out towards the camera from the plane around the box."""
    left, top, right, bottom = window
    height, width = depth.shape
    margin_x, margin_y = max(4, (right - left) // 4), max(4, (bottom - top) // 4)
    around = (
        max(left - margin_x, 0),
        max(top - margin_y, 0),
        min(right + margin_x, width),
        min(bottom + margin_y, height),
    )
    x, y, z = _valid_pixels(depth, around, _MAX_RING_SAMPLES, hidden=window)
    ring = deproject(np.stack([x, y], axis=-1), z, intrinsics)
    plane = _dominant_plane(ring) if len(ring) >= 4 * _MIN_PIXELS else None
    if plane is None:
        return np.zeros(len(surface), bool)
    least = min(max(_RISE_PER_NOISE * plane.noise, _LEAST_RISE_M), _MOST_RISE_M)
    return np.asarray(plane.heights(surface) > least, bool)


@dataclass(frozen=True)
class _Plane:
    """Points p with normal . p + offset = 0, in metres.

    Attributes:
        normal: (3,) unit length, towards the camera.
        offset: distance of the camera from the plane.
        noise: robust standard deviation of the points it was fitted to.
    """

    normal: NDArray[np.float64]
    offset: float
    noise: float

    def heights(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """How far (K, 3) points rise from it towards the camera."""
        return np.asarray(points @ self.normal + self.offset, np.float64)


def _dominant_plane(points: NDArray[np.float64]) -> _Plane | None:
    """Plane with the most points near it (RANSAC, Fischler and Bolles 1981), refined once.

    Returns:
        The plane; None where none holds a third of the points.
    """
    random = np.random.default_rng(0)
    triples = points[random.integers(0, len(points), (_PLANE_TRIALS, 3))]
    normals = np.cross(triples[:, 1] - triples[:, 0], triples[:, 2] - triples[:, 0])
    lengths = np.linalg.norm(normals, axis=1)
    usable = lengths > 1e-9
    if not usable.any():
        return None
    normals = normals[usable] / lengths[usable, None]
    offsets = -(normals * triples[usable, 0]).sum(axis=1)
    near = np.abs(points @ normals.T + offsets) < _PLANE_TOLERANCE_M
    best = int(np.argmax(near.sum(axis=0)))
    inliers = points[near[:, best]]
    if len(inliers) < len(points) / 3:
        return None
    centre = inliers.mean(axis=0)
    spread = inliers - centre
    normal = np.linalg.eigh(spread.T @ spread)[1][:, 0]
    # The camera, at the origin, is on the positive side.
    if normal @ centre > 0:
        normal = -normal
    # 1.4826 makes the median absolute deviation of a normal distribution its deviation.
    noise = 1.4826 * float(np.median(np.abs(spread @ normal)))
    return _Plane(normal, float(-normal @ centre), noise)
