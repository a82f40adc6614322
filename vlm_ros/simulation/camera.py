"""Where the camera stands, and what it sees with."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from vlm_ros.geometry.camera import Intrinsics

COLOUR_FOCAL_LENGTH = 615.0
"""Focal length in pixels of a RealSense D435's colour camera at 640x480."""

Point = tuple[float, float, float]


@dataclass(frozen=True)
class Camera:
    """A pinhole camera that looks at a point.

    Attributes:
        position: metres, world frame (z up, the table top at z = 0, the viewer at -y).
        target: the point in the middle of the picture, metres, world frame.
        roll: by how much the world turns clockwise in the picture, radians.
        focal_length: in units of the picture's height.
    """

    position: Point
    target: Point
    roll: float = 0.0
    focal_length: float = COLOUR_FOCAL_LENGTH / 480.0

    def rotation(self) -> NDArray[np.float64]:
        """(3, 3) columns: the optical frame's x (right), y (down), z (forward) in the world."""
        forward = np.subtract(self.target, self.position)
        forward = forward / np.linalg.norm(forward)
        right = np.cross(forward, [0.0, 0.0, 1.0])
        right /= np.linalg.norm(right)
        down = np.cross(forward, right)
        cos, sin = np.cos(self.roll), np.sin(self.roll)
        return np.column_stack([cos * right - sin * down, sin * right + cos * down, forward])

    def intrinsics(self, width: int, height: int) -> Intrinsics:
        """Intrinsics of a picture of this size: square pixels, the axis in the middle."""
        focal = self.focal_length * height
        return Intrinsics(width, height, focal, focal, (width - 1) / 2, (height - 1) / 2)


OVERVIEW = Camera(position=(0.0, -0.86, 0.86), target=(0.0, -0.03, 0.0))
"""The fixed camera of the simulated robot: the whole table top in one view."""


def random_camera(rng: Generator, middle: Point) -> Camera:
    """A viewpoint a robot might have: 30 to 65 degrees down, 0.55 to 1.2 m away.

    Args:
        rng: where the randomness comes from.
        middle: of what is to be seen, metres, world frame.
    """
    azimuth = np.deg2rad(-90 + np.clip(rng.normal(0, 35), -100, 100))
    elevation = np.deg2rad(rng.uniform(30, 65))
    distance = rng.uniform(0.55, 1.2)
    spread = 0.16 * (1.3 - distance)
    target = (
        float(middle[0] + rng.normal(0, spread)),
        float(middle[1] + rng.normal(0, spread)),
        float(rng.uniform(0.0, 0.07)),
    )
    ground = distance * np.cos(elevation)
    return Camera(
        (
            float(target[0] + ground * np.cos(azimuth)),
            float(target[1] + ground * np.sin(azimuth)),
            float(target[2] + distance * np.sin(elevation)),
        ),
        target,
        float(np.deg2rad(rng.normal(0, 2.5))),
        float(COLOUR_FOCAL_LENGTH / 480 * rng.uniform(0.85, 1.2)),
    )
