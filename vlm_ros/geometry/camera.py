"""The pinhole camera."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True)
class Intrinsics:
    """A rectified pinhole camera (Hartley and Zisserman 2004, section 6.1).

    Attributes:
        width, height: image size in pixels.
        fx, fy: focal lengths in pixels.
        cx, cy: principal point in pixels; the centre of the top-left pixel is (0, 0).
    """

    width: int
    height: int
    fx: float
    fy: float
    cx: float
    cy: float


def deproject(pixels: ArrayLike, depth: ArrayLike, intrinsics: Intrinsics) -> NDArray[np.float64]:
    """Points seen at pixels.

    Args:
        pixels: (..., 2) x and y; the centre of the top-left pixel is (0, 0).
        depth: (...) metres along the optical axis.
        intrinsics: of the camera.

    Returns:
        (..., 3) metres in the optical frame: x right, y down, z forward.
    """
    z = np.asarray(depth, np.float64)
    at = np.asarray(pixels, np.float64)
    x = (at[..., 0] - intrinsics.cx) / intrinsics.fx * z
    y = (at[..., 1] - intrinsics.cy) / intrinsics.fy * z
    return np.stack([x, y, z], axis=-1)


def project(points: ArrayLike, intrinsics: Intrinsics) -> NDArray[np.float64]:
    """Pixels at which points are seen.

    Args:
        points: (..., 3) metres in the optical frame.
        intrinsics: of the camera.

    Returns:
        (..., 2) x and y in pixels, NaN for a point that is not in front of the camera; the centre
        of the top-left pixel is (0, 0).
    """
    at = np.asarray(points, np.float64)
    z = np.where(at[..., 2] > 0, at[..., 2], np.nan)
    x = at[..., 0] / z * intrinsics.fx + intrinsics.cx
    y = at[..., 1] / z * intrinsics.fy + intrinsics.cy
    return np.stack([x, y], axis=-1)
