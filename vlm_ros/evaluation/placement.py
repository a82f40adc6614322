"""Where simulated things are, as the viewer of a picture would say."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from vlm_ros.geometry.rotations import matrix
from vlm_ros.simulation.camera import Camera
from vlm_ros.simulation.tabletop import Tabletop

# Points along the outline of a footprint, close enough together to measure gaps by.
_OUTLINE_POINTS = 96


@dataclass(frozen=True)
class Solid:
    """A thing at rest, in the viewer's frame of the table.

    The frame's axes are right and away along the table top, as seen from the camera, and up;
    its origin lies on the table top.

    Attributes:
        low: (3,) least right, away and up of any of its points, metres.
        high: (3,) the greatest.
        outline: (n, 2) points along the hull of its footprint, right and away, metres.
        bulk: the cube root of its volume's bounding box, metres.
    """

    low: NDArray[np.float64]
    high: NDArray[np.float64]
    outline: NDArray[np.float64]
    bulk: float

    @property
    def centre(self) -> NDArray[np.float64]:
        """(3,) the middle of its extent, metres."""
        return (self.low + self.high) / 2

    @property
    def half(self) -> NDArray[np.float64]:
        """(3,) half its extent, metres."""
        return (self.high - self.low) / 2


def solids(tabletop: Tabletop, camera: Camera) -> tuple[Solid, ...]:
    """The things on a table, in the order of `Tabletop.objects`, as seen from a camera."""
    right = camera.rotation()[:, 0] * (1.0, 1.0, 0.0)
    right /= np.linalg.norm(right)
    # Away from the viewer: up x right.
    axes = np.stack([right, np.cross((0.0, 0.0, 1.0), right), (0.0, 0.0, 1.0)])
    found = []
    for item in tabletop.objects:
        pose = tabletop.pose(item.name)
        points = np.concatenate([mesh.vertices for mesh in item.shape.parts.values()])
        world = (points * item.scale) @ matrix(pose.quaternion).T + pose.position
        seen = world @ axes.T
        bulk = float(np.prod(item.size)) ** (1 / 3)
        found.append(Solid(seen.min(axis=0), seen.max(axis=0), _outline(seen[:, :2]), bulk))
    return tuple(found)


def _outline(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Points at even steps along the convex hull of points (N, 2)."""
    hull = np.asarray(cv2.convexHull(points.astype(np.float32))[:, 0], np.float64)
    closed = np.vstack([hull, hull[:1]])
    along = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(closed, axis=0), axis=1))])
    steps = np.linspace(0.0, along[-1], _OUTLINE_POINTS, endpoint=False)
    return np.column_stack([np.interp(steps, along, closed[:, axis]) for axis in (0, 1)])
