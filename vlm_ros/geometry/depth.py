"""Where a box of the image is in space, from a registered depth image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vlm_ros.geometry.camera import Intrinsics, deproject

# At most this many depth pixels of a box are looked at; more do not make the median better.
_MAX_SAMPLES = 10_000
# Fewer depth pixels than this, or a smaller share of the box, say nothing reliable.
_MIN_PIXELS = 12
_MIN_SHARE = 0.03
# A step in depth larger than this separates two surfaces; stereo noise grows with distance.
_LAYER_GAP_M = 0.02
_LAYER_GAP_PER_M = 0.01
# A surface rising less than this from its support cannot be told from it.
_SUPPORT_TOLERANCE_M = 0.008
# Of the pixels in the layer, the share that must rise from the support to be taken alone.
_MIN_RISING_SHARE = 0.15


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
    height, width = depth.shape
    edges = np.asarray(box, np.float64)
    if not np.isfinite(edges).all():
        return None
    left, top = np.clip(np.floor(edges[:2]), 0, (width, height)).astype(int)
    right, bottom = np.clip(np.ceil(edges[2:]), 0, (width, height)).astype(int)
    if right <= left or bottom <= top:
        return None
    points, offsets = _points_between(depth, (left, top, right, bottom), intrinsics)
    stride = _stride(right - left, bottom - top)
    enough = max(_MIN_PIXELS, _MIN_SHARE * (right - left) * (bottom - top) / stride**2)
    if len(points) < enough:
        return None
    surface = points[_central_layer(points[:, 2], offsets)]
    rising = _rising_from_support(depth, (left, top, right, bottom), intrinsics, surface)
    if rising.sum() >= max(_MIN_PIXELS, _MIN_RISING_SHARE * len(surface)):
        surface = surface[rising]
    if len(surface) < _MIN_PIXELS:
        return None
    low, middle, high = np.percentile(surface, (2, 50, 98), axis=0)
    x, y, z = (float(value) for value in middle)
    size_x, size_y, size_z = (float(value) for value in high - low)
    return Position((x, y, z), (size_x, size_y, size_z))


def _stride(width: int, height: int) -> int:
    return max(1, int(np.ceil(np.sqrt(width * height / _MAX_SAMPLES))))


def _points_between(
    depth: NDArray[np.float32], edges: tuple[int, int, int, int], intrinsics: Intrinsics
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Valid points in a window, and how far from its middle each is: 0 there, 1 at the edge."""
    left, top, right, bottom = edges
    stride = _stride(right - left, bottom - top)
    columns = np.arange(left, right, stride)
    rows = np.arange(top, bottom, stride)
    window = depth[top:bottom:stride, left:right:stride].astype(np.float64)
    valid = np.isfinite(window) & (window > 0)
    x, y = np.meshgrid(columns, rows)
    pixels = np.stack([x[valid], y[valid]], axis=-1)
    middle = np.array([(left + right - 1) / 2, (top + bottom - 1) / 2])
    half = np.array([(right - left) / 2, (bottom - top) / 2])
    offsets = np.abs((pixels - middle) / half).max(axis=1, initial=0.0)
    return deproject(pixels, window[valid], intrinsics), offsets


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
    edges: tuple[int, int, int, int],
    intrinsics: Intrinsics,
    surface: NDArray[np.float64],
) -> NDArray[np.bool_]:
    """Which surface points stand out towards the camera from the plane around the box."""
    plane = _surrounding_plane(depth, edges, intrinsics)
    if plane is None:
        return np.zeros(len(surface), bool)
    normal, offset = plane
    # The normal faces the camera, so what lies between the plane and the camera is above it.
    tolerance = _SUPPORT_TOLERANCE_M
    return np.asarray(surface @ normal + offset > tolerance, bool)


def _surrounding_plane(
    depth: NDArray[np.float32], edges: tuple[int, int, int, int], intrinsics: Intrinsics
) -> tuple[NDArray[np.float64], float] | None:
    """Plane through most points in the ring around a box: unit normal to the camera, offset."""
    left, top, right, bottom = edges
    height, width = depth.shape
    margin_x = max(4, (right - left) // 4)
    margin_y = max(4, (bottom - top) // 4)
    outer = (
        max(left - margin_x, 0),
        max(top - margin_y, 0),
        min(right + margin_x, width),
        min(bottom + margin_y, height),
    )
    hidden = np.array(depth[outer[1] : outer[3], outer[0] : outer[2]], np.float32)
    hidden[top - outer[1] : bottom - outer[1], left - outer[0] : right - outer[0]] = np.nan
    ring = np.full(depth.shape, np.nan, np.float32)
    ring[outer[1] : outer[3], outer[0] : outer[2]] = hidden
    points, _ = _points_between(ring, outer, intrinsics)
    if len(points) < 4 * _MIN_PIXELS:
        return None
    return _dominant_plane(points)


def _dominant_plane(points: NDArray[np.float64]) -> tuple[NDArray[np.float64], float] | None:
    """Plane with the most points near it (RANSAC, Fischler and Bolles 1981), refined once."""
    random = np.random.default_rng(0)
    sample = points[random.choice(len(points), min(len(points), 600), replace=False)]
    triples = sample[random.integers(0, len(sample), (64, 3))]
    normals = np.cross(triples[:, 1] - triples[:, 0], triples[:, 2] - triples[:, 0])
    lengths = np.linalg.norm(normals, axis=1)
    usable = lengths > 1e-9
    if not usable.any():
        return None
    normals = normals[usable] / lengths[usable, None]
    offsets = -(normals * triples[usable, 0]).sum(axis=1)
    near = np.abs(sample @ normals.T + offsets) < _SUPPORT_TOLERANCE_M
    best = int(np.argmax(near.sum(axis=0)))
    inliers = sample[near[:, best]]
    if len(inliers) < 0.3 * len(sample):
        return None
    centre = inliers.mean(axis=0)
    normal = np.linalg.svd(inliers - centre, full_matrices=False)[2][2]
    # Towards the camera at the origin.
    if normal @ centre > 0:
        normal = -normal
    return normal, float(-normal @ centre)
