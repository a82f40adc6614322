"""The rectangle that an object covers on its support."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

_ANGLES = np.deg2rad(np.arange(0.0, 90.0, 1.0))
# A cell of the ground with fewer neighbours than this, itself included, holds stray points.
_LEAST_CELLS = 3


@dataclass(frozen=True)
class Rectangle:
    """A rectangle in a plane.

    Attributes:
        centre: (2,) metres.
        along: (2,) unit vector of its longer side.
        length: of the longer side, metres.
        width: of the shorter one.
    """

    centre: NDArray[np.float64]
    along: NDArray[np.float64]
    length: float
    width: float


def least_rectangle(points: NDArray[np.float64], cell: float) -> Rectangle:
    """The rectangle of least area around points, but for stray ones.

    Args:
        points: (N, 2) metres, N >= 1.
        cell: how far apart two points of a surface are at most, metres.
    """
    hull = cv2.convexHull(_dense(points, cell).astype(np.float32))[:, 0].astype(np.float64)
    cos, sin = np.cos(_ANGLES), np.sin(_ANGLES)
    x, y = hull @ np.stack([cos, sin]), hull @ np.stack([-sin, cos])
    low, high = np.stack([x.min(axis=0), y.min(axis=0)]), np.stack([x.max(axis=0), y.max(axis=0)])
    sides = high - low
    best = int((sides[0] * sides[1]).argmin())
    axes = np.array([[cos[best], sin[best]], [-sin[best], cos[best]]])
    centre = axes.T @ ((low + high) / 2)[:, best]
    longer = int(sides[:, best].argmax())
    return Rectangle(
        centre, axes[longer], float(sides[longer, best]), float(sides[1 - longer, best])
    )


def _dense(points: NDArray[np.float64], cell: float) -> NDArray[np.float64]:
    """The points in cells that have neighbours; all of them where none has."""
    low, high = np.percentile(points, (1, 99), axis=0)
    margin = (high - low) / 2 + 2 * cell
    places = np.floor((points - low + margin) / cell).astype(np.intp)
    sides = np.ceil((high - low + 2 * margin) / cell).astype(np.intp) + 1
    usable = np.all((places >= 0) & (places < sides), axis=1)
    grid = np.zeros(sides, np.uint8)
    grid[tuple(places[usable].T)] = 1
    filled = cv2.boxFilter(grid, -1, (3, 3), normalize=False, borderType=cv2.BORDER_CONSTANT)
    kept = points[usable][filled[tuple(places[usable].T)] >= _LEAST_CELLS]
    return kept if len(kept) else points
