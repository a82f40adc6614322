"""The far side of an object, which no camera sees.

Most things that are handled look alike from opposite sides. So the visible surface is turned by
half a turn about an upright axis, and what then lies behind the object, where it could not be seen,
is taken for its far side (after Bohg et al. 2011, "Mind the gap", who mirror it at upright planes).
Where the turned surface would lie in the open, the object has no such symmetry.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

# The outermost share of the width, seen from the camera, at either side.
_SIDE_SHARE = 0.03
# The top: this share of the height, or so much of it.
_TOP_SHARE, _LEAST_TOP_M = 0.1, 0.005
_LEAST_TOP_POINTS = 8
# A turned point may lie so far before the visible surface, and this share of them must not do so.
_TOLERANCE_M = 0.006
_LEAST_HIDDEN_SHARE = 0.9


def likely_axes(
    ground: NDArray[np.float64], heights: NDArray[np.float64], top: float
) -> Iterator[NDArray[np.float64]]:
    """Where an upright axis of symmetry may meet the support: (2,) metres each.

    The two outermost points at the sides are opposite each other, of a round thing as of a box seen
    at an angle; and a lid, a rim or a flat top is above the middle.

    Args:
        ground: (N, 2) metres, places of the visible surface: to the right of the camera, away.
        heights: (N,) metres above the support.
        top: of the object, metres.
    """
    left, right = np.percentile(ground[:, 0], (1, 99))
    side = _SIDE_SHARE * (right - left)
    ends = ground[ground[:, 0] <= left + side, 1], ground[ground[:, 0] >= right - side, 1]
    yield np.array([(left + right) / 2, (np.median(ends[0]) + np.median(ends[1])) / 2])
    highest = ground[heights > top - max(_TOP_SHARE * top, _LEAST_TOP_M)]
    if len(highest) >= _LEAST_TOP_POINTS:
        yield np.percentile(highest, (3, 97), axis=0).mean(axis=0)


def hidden(points: NDArray[np.float64], distances: NDArray[np.float64]) -> NDArray[np.bool_] | None:
    """Which turned points are behind the visible surface of their object.

    Args:
        points: (N, 3) metres in the optical frame.
        distances: (N,) metres along the optical axis to the object's own surface, where each of
            the points is seen; NaN where something else is seen there.

    Returns:
        (N,); None where too many lie in the open.
    """
    behind = points[:, 2] > distances - _TOLERANCE_M
    return behind if behind.mean() >= _LEAST_HIDDEN_SHARE else None
