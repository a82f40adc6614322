"""What lies on a flat thing: an apple on a book is no part of the book."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

# Heights are counted in steps of this.
_STEP_M = 0.003
# A thing is flat where this share of its pixels lies within a step of one height.
_FLAT_SHARE = 0.4
# What rises so far above that height lies on it, unless it spans it as a rim does.
_RISE_M = 0.010
_RIM = 0.75
_LEAST_PIXELS = 60


def without_load(pixels: NDArray[np.bool_], heights: NDArray[np.float32]) -> NDArray[np.bool_]:
    """The pixels (h, w) of an object without those of what lies on it.

    Args:
        pixels: of both.
        heights: (h, w) metres above what the object stands on.
    """
    of_object = heights[pixels]
    if len(of_object) < _LEAST_PIXELS or np.ptp(of_object) < 2.0 * _RISE_M:
        return pixels
    steps = np.floor((of_object - of_object.min()) / _STEP_M).astype(np.intp)
    # No thing that is asked for is higher than some metres; what seems so is noise.
    counts = np.convolve(np.bincount(np.minimum(steps, 1000)), np.ones(3), "same")
    level = int(counts.argmax())
    if counts[level] < _FLAT_SHARE * len(of_object):
        return pixels
    above = pixels & (heights > of_object.min() + (level + 0.5) * _STEP_M + _RISE_M)
    wide, high = _extent(pixels & ~above)
    found, labels, parts, _ = cv2.connectedComponentsWithStats(above.astype(np.uint8))
    loads = [
        part
        for part in range(1, found)
        if parts[part, cv2.CC_STAT_WIDTH] < _RIM * wide
        and parts[part, cv2.CC_STAT_HEIGHT] < _RIM * high
    ]
    return np.asarray(pixels & ~np.isin(labels, loads))


def _extent(pixels: NDArray[np.bool_]) -> tuple[int, int]:
    columns, rows = np.flatnonzero(pixels.any(axis=0)), np.flatnonzero(pixels.any(axis=1))
    return int(columns[-1] - columns[0] + 1), int(rows[-1] - rows[0] + 1)
