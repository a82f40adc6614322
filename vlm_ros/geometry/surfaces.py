"""Where what boxes of the image show is in space, all of them at once, for comparing places."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vlm_ros.geometry.camera import Intrinsics
from vlm_ros.geometry.sampling import Grids, Windows, sample, surroundings, windows_of, within
from vlm_ros.geometry.support import Planes, dominant_planes

# A box, and it with its surroundings, are looked at on grids of so many points a side; more would
# not make the medians better.
_POINTS = 56
_SURROUNDING_POINTS = 28
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
# Of the pixels in the layer, the share that must rise from the support to be taken alone.
_MIN_RISING_SHARE = 0.15

# Layers are told apart on every second point of a grid, either way. Sorting numbers that carry
# their own index is several times faster than sorting indices: the low bits are the index, those
# above the depth in small steps.
_THINNING = 2
_INDEX_BITS = 10
_STEPS_PER_GAP = 4096
_STEPS_PER_UNIT = _STEPS_PER_GAP / float(np.log1p(_LAYER_GAP_PER_M))
_LAST_STEP = 2 ** (31 - _INDEX_BITS) - 1


def surface_points(
    depth: NDArray[np.float32], boxes: ArrayLike, intrinsics: Intrinsics
) -> NDArray[np.float32]:
    """Middles of the visible surfaces in boxes, apart from what lies behind, below and before.

    The surface is the layer of depth that fills most of the middle of the box. Points of it that
    do not rise from the plane through the box's surroundings are its support and are left out,
    unless the object is too flat to tell. What else is asked for changes no point.

    Args:
        depth: (H, W) float32 metres, registered to the image; 0, negative and non-finite are
            holes.
        boxes: (N, 4) xyxy, pixels of the image.
        intrinsics: of the camera the depth is registered to.

    Returns:
        (N, 3) float32 metres in the optical frame (x right, y down, z forward): component-wise
        medians of the surfaces; NaN where a box holds too few valid depth pixels.
    """
    height, width = depth.shape
    windows, usable = windows_of(boxes, width, height)
    points = np.full((len(windows), 3), np.nan, np.float32)
    if usable.any():
        points[usable] = _surfaces(depth, windows[usable], intrinsics)
    return points


def _surfaces(
    depth: NDArray[np.float32], windows: Windows, intrinsics: Intrinsics
) -> NDArray[np.float32]:
    """Points (N, 3) in windows that hold at least one pixel."""
    grids = sample(depth, windows, _POINTS, intrinsics)
    seen = np.count_nonzero(grids.valid, axis=(1, 2))
    surface = _central_layers(grids, windows)
    counts = np.count_nonzero(surface, axis=(1, 2))
    rising = surface & _rising(grids, _supports(depth, windows, intrinsics))
    risen = np.count_nonzero(rising, axis=(1, 2))
    alone = risen >= np.maximum(_MIN_PIXELS, _MIN_RISING_SHARE * counts)
    surface = np.where(alone[:, None, None], rising, surface)
    counts = np.where(alone, risen, counts)
    told = (seen >= np.maximum(_MIN_PIXELS, _MIN_SHARE * grids.looked_at)) & (counts >= _MIN_PIXELS)
    return _middles(grids, surface, counts, told)


def _central_layers(grids: Grids, windows: Windows) -> NDArray[np.bool_]:
    """In each grid, the run of depths without a gap that has the most weight near the middle.

    The run is found among every other point of every other row; the rest of it are those within
    half a gap.
    """
    thin = (slice(None), slice(None, None, _THINNING), slice(None, None, _THINNING))
    z, valid = grids.z[thin], grids.valid[thin]
    weights = np.where(valid, _middle_weights(grids, windows)[thin], 0.0)
    count, size = len(z), z[0].size
    steps = np.where(valid, np.minimum(_steps(z), _LAST_STEP - 1), _LAST_STEP)
    keys = steps.astype(np.int32).reshape(count, size) << _INDEX_BITS
    keys += np.arange(size, dtype=np.int32)
    keys.sort(axis=1)
    ranked = keys >> _INDEX_BITS
    begins = np.arange(count)[:, None] * size
    layers = np.zeros(keys.shape, np.intp)
    np.cumsum(np.diff(ranked, axis=1) > _STEPS_PER_GAP, axis=1, out=layers[:, 1:])
    ordered = weights.ravel()[(keys & (2**_INDEX_BITS - 1)) + begins]
    totals = np.bincount((layers + begins).ravel(), ordered.ravel(), count * size)
    chosen = layers == totals.reshape(count, size).argmax(axis=1)[:, None]
    rows = np.arange(count)
    low = ranked[rows, chosen.argmax(axis=1)] - _STEPS_PER_GAP // 2
    high = ranked[rows, size - 1 - chosen[:, ::-1].argmax(axis=1)] + _STEPS_PER_GAP // 2
    nearest, farthest = (_depths(edge)[:, None, None] for edge in (low, high))
    return grids.valid & (grids.z >= nearest) & (grids.z <= farthest)


def _steps(z: NDArray[np.float32]) -> NDArray[np.float32]:
    """Depths on a scale on which every gap between two layers has the same length.

    With u = log(1 + z b / a), a gap of more than a + b z is one of more than log(1 + b).
    """
    steps = np.log1p(z * np.float32(_LAYER_GAP_PER_M / _LAYER_GAP_M))
    return np.asarray(steps * np.float32(_STEPS_PER_UNIT), np.float32)


def _depths(steps: NDArray[np.int32]) -> NDArray[np.float32]:
    """The inverse of `_steps`."""
    scale = _LAYER_GAP_M / _LAYER_GAP_PER_M
    return np.asarray(np.expm1(steps / _STEPS_PER_UNIT) * scale, np.float32)


def _middle_weights(grids: Grids, windows: Windows) -> NDArray[np.float32]:
    """(N, G, G): 1 in the middle of the window, little at its edges."""
    across = _falling(grids.columns, windows[:, 0], windows[:, 2])
    down = _falling(grids.rows, windows[:, 1], windows[:, 3])
    return np.asarray(np.minimum(across[:, None, :], down[:, :, None]), np.float32)


def _falling(
    places: NDArray[np.intp], low: NDArray[np.intp], high: NDArray[np.intp]
) -> NDArray[np.float32]:
    offsets = (2.0 * places - (low + high - 1)[:, None]) / (high - low)[:, None]
    return np.asarray(np.exp(-0.5 * (offsets / 0.4) ** 2), np.float32)


def _supports(depth: NDArray[np.float32], windows: Windows, intrinsics: Intrinsics) -> Planes:
    """The planes around the windows."""
    height, width = depth.shape
    around = sample(depth, surroundings(windows, width, height), _SURROUNDING_POINTS, intrinsics)
    outside = around.valid & ~within(around, windows)
    count = len(windows)
    points, valid = around.points.reshape(3, count, -1), outside.reshape(count, -1)
    return dominant_planes(points, valid, fewest=4 * _MIN_PIXELS)


def _rising(grids: Grids, planes: Planes) -> NDArray[np.bool_]:
    """Which points (N, G, G) stand out from the planes towards the camera."""
    across, down, forward = planes.normals.T[:, :, None, None]
    x, y, z = grids.points
    heights = across * x + down * y + forward * z
    least = np.clip(_RISE_PER_NOISE * planes.noise, _LEAST_RISE_M, _MOST_RISE_M)
    needed = (least - planes.offsets)[:, None, None]
    return np.asarray((heights > needed) & planes.found[:, None, None], bool)


def _middles(
    grids: Grids,
    surface: NDArray[np.bool_],
    counts: NDArray[np.intp],
    told: NDArray[np.bool_],
) -> NDArray[np.float32]:
    """Medians (N, 3) of the surfaces that are told, NaN of the others."""
    points = np.full((len(told), 3), np.nan, np.float32)
    known = np.flatnonzero(told)
    last = counts[known] - 1
    at = np.stack([last // 2, (last + 1) // 2])
    rows = np.arange(len(known))
    for axis, values in enumerate(grids.points):
        kept = np.where(surface[known], values[known], np.float32(np.inf))
        kept = kept.reshape(len(known), values[0].size)
        kept.sort(axis=1)
        points[known, axis] = kept[rows, at].mean(axis=0)
    return points
