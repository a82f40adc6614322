"""Depth pixels of many boxes at once: every box is looked at on a grid of the same size."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vlm_ros.geometry.camera import Intrinsics, slopes

# (N, 4) left, top, right, bottom in whole pixels, the last two exclusive.
Windows = NDArray[np.intp]
_LEFT, _TOP, _RIGHT, _BOTTOM = range(4)


@dataclass(frozen=True)
class Grids:
    """Points seen in N windows, each on a grid of G x G of its pixels.

    A window narrower than the grid has some of its pixels twice; only the first counts.

    Attributes:
        columns: (N, G) pixels.
        rows: (N, G) pixels.
        points: (3, N, G, G) float32, x, y, z in metres in the optical frame; 0 where not valid.
        valid: (N, G, G) whether something was measured there, for the first time in the grid.
        looked_at: (N,) how many different pixels of each window were looked at.
    """

    columns: NDArray[np.intp]
    rows: NDArray[np.intp]
    points: NDArray[np.float32]
    valid: NDArray[np.bool_]
    looked_at: NDArray[np.intp]

    @property
    def z(self) -> NDArray[np.float32]:
        """(N, G, G) float32 metres along the optical axis; 0 where not valid."""
        return np.asarray(self.points[2], np.float32)


def windows_of(boxes: ArrayLike, width: int, height: int) -> tuple[Windows, NDArray[np.bool_]]:
    """The whole pixels that boxes touch.

    Args:
        boxes: (N, 4) xyxy pixels.
        width: of the image.
        height: of the image.

    Returns:
        (N, 4) and which of them hold a pixel of the image at all; the others mean nothing.
    """
    edges = np.array(boxes, np.float64).reshape(-1, 4)
    finite = np.asarray(np.isfinite(edges).all(axis=1))
    edges[~finite] = 0.0
    touched = np.concatenate([np.floor(edges[:, :2]), np.ceil(edges[:, 2:])], axis=1)
    limits = np.array([width, height, width, height])
    windows = np.clip(touched, 0, limits).astype(np.intp)
    holds = (windows[:, _RIGHT] > windows[:, _LEFT]) & (windows[:, _BOTTOM] > windows[:, _TOP])
    return windows, finite & holds


def surroundings(windows: Windows, width: int, height: int) -> Windows:
    """The windows (N, 4) with a margin of a quarter of their sides, at least four pixels."""
    sides = windows[:, 2:] - windows[:, :2]
    margins = np.maximum(sides // 4, 4)
    low = np.maximum(windows[:, :2] - margins, 0)
    high = np.minimum(windows[:, 2:] + margins, (width, height))
    return np.concatenate([low, high], axis=1)


def sample(
    depth: NDArray[np.float32], windows: Windows, side: int, intrinsics: Intrinsics
) -> Grids:
    """Looks at windows that hold at least one pixel.

    Args:
        depth: (H, W) float32 metres, registered to the image; 0, negative and non-finite are
            holes.
        windows: (N, 4) within the image.
        side: G, points on each side of a grid.
        intrinsics: of the camera the depth is registered to.
    """
    columns, new_columns = _spread(windows[:, _LEFT], windows[:, _RIGHT], side)
    rows, new_rows = _spread(windows[:, _TOP], windows[:, _BOTTOM], side)
    flat = rows[:, :, None] * depth.shape[1] + columns[:, None, :]
    seen = depth.ravel().take(flat)
    across, down = slopes(columns[:, None, :], rows[:, :, None], intrinsics)
    measured = (seen > 0) & (seen < np.inf) & np.isfinite(across) & np.isfinite(down)
    points = np.empty((3, *flat.shape), np.float32)
    points[2] = np.where(measured, seen, np.float32(0.0))
    np.multiply(np.nan_to_num(across), points[2], out=points[0])
    np.multiply(np.nan_to_num(down), points[2], out=points[1])
    return Grids(
        columns=columns,
        rows=rows,
        points=points,
        valid=measured & (new_rows[:, :, None] & new_columns[:, None, :]),
        looked_at=new_rows.sum(axis=1) * new_columns.sum(axis=1),
    )


def within(grids: Grids, windows: Windows) -> NDArray[np.bool_]:
    """Which points (N, G, G) of grids lie in other windows (N, 4), one for each grid."""
    left, top, right, bottom = windows.T[:, :, None]
    inside_columns = (grids.columns >= left) & (grids.columns < right)
    inside_rows = (grids.rows >= top) & (grids.rows < bottom)
    return np.asarray(inside_rows[:, :, None] & inside_columns[:, None, :], bool)


def _spread(
    low: NDArray[np.intp], high: NDArray[np.intp], count: int
) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """Pixels (N, count) spread evenly over ranges, and which of them come for the first time."""
    sides = (high - low)[:, None]
    places = low[:, None] + (2 * np.arange(count) + 1) * sides // (2 * count)
    first = np.ones(places.shape, bool)
    first[:, 1:] = places[:, 1:] > places[:, :-1]
    return places, first
