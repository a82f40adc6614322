"""A camera: where a point is seen, and along which ray a pixel looks."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from vlm_ros.errors import ImageError

FISHEYE = "equidistant"
COEFFICIENTS = {"plumb_bob": (4, 5), "rational_polynomial": (8, 12, 14), FISHEYE: (4,)}
"""How many coefficients each distortion model of sensor_msgs/CameraInfo may have."""

# Lenses are undone by iteration, and pixels that do not come back to where they were see nothing.
_STOP = (cv2.TERM_CRITERIA_COUNT + cv2.TERM_CRITERIA_EPS, 60, 1e-3)
_FARTHEST_BACK_PIXELS = 0.1
# Tables of rays that are kept: as many cameras as a robot has.
_TABLES = 8


@dataclass(frozen=True)
class Distortion:
    """How a lens departs from a pinhole.

    Attributes:
        model: a key of `COEFFICIENTS`, as sensor_msgs/CameraInfo names it: Brown's (plumb_bob),
            the same as a ratio (rational_polynomial), or Kannala and Brandt's (equidistant).
        coefficients: in OpenCV's order.

    Raises:
        ImageError: the model is unknown, or has another number of coefficients.
    """

    model: str
    coefficients: tuple[float, ...]

    def __post_init__(self) -> None:
        """Refuses what cannot be undone."""
        known = COEFFICIENTS.get(self.model)
        if known is None:
            raise ImageError(
                f"The distortion model '{self.model}' is unknown (known: "
                f"{', '.join(COEFFICIENTS)}): rectify the images of this camera."
            )
        if len(self.coefficients) not in known or not np.isfinite(self.coefficients).all():
            raise ImageError(
                f"The distortion model '{self.model}' wants {' or '.join(map(str, known))} "
                f"numbers, not {list(self.coefficients)}: calibrate the camera again."
            )


@dataclass(frozen=True)
class Intrinsics:
    """A camera with one centre (Hartley and Zisserman 2004, section 6.1).

    Attributes:
        width, height: image size in pixels.
        fx, fy: focal lengths in pixels.
        cx, cy: principal point in pixels; the centre of the top-left pixel is (0, 0).
        distortion: of the lens; None for a pinhole, as of rectified images.
    """

    width: int
    height: int
    fx: float
    fy: float
    cx: float
    cy: float
    distortion: Distortion | None = None

    @property
    def matrix(self) -> NDArray[np.float64]:
        """(3, 3) camera matrix."""
        return np.array([[self.fx, 0.0, self.cx], [0.0, self.fy, self.cy], [0.0, 0.0, 1.0]])


def slopes(
    columns: NDArray[np.intp], rows: NDArray[np.intp], camera: Intrinsics
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Of the rays through pixels: x / z and y / z.

    Args:
        columns: of pixels of the image; broadcast against the rows.
        rows: likewise.
        camera: that sees them.

    Returns:
        Two float32 arrays that broadcast together as columns and rows do; NaN where the lens shows
        nothing.
    """
    if camera.distortion is not None:
        table = _table(camera)
        return table[0][rows, columns], table[1][rows, columns]
    across = ((columns - camera.cx) / camera.fx).astype(np.float32)
    down = ((rows - camera.cy) / camera.fy).astype(np.float32)
    return across, down


def deproject(pixels: ArrayLike, depth: ArrayLike, intrinsics: Intrinsics) -> NDArray[np.float64]:
    """Points seen at pixels.

    Args:
        pixels: (..., 2) x and y; the centre of the top-left pixel is (0, 0).
        depth: (...) metres along the optical axis.
        intrinsics: of the camera.

    Returns:
        (..., 3) metres in the optical frame: x right, y down, z forward; x and y are NaN where the
        lens shows nothing.
    """
    z = np.asarray(depth, np.float64)
    at = np.asarray(pixels, np.float64)
    if intrinsics.distortion is None:
        x = (at[..., 0] - intrinsics.cx) / intrinsics.fx * z
        y = (at[..., 1] - intrinsics.cy) / intrinsics.fy * z
        return np.stack([x, y, z], axis=-1)
    rays = _straightened(at.reshape(-1, 2), intrinsics, intrinsics.distortion).reshape(at.shape)
    return np.concatenate([rays * z[..., None], np.broadcast_to(z, at.shape[:-1])[..., None]], -1)


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
    rays = at[..., :2] / z[..., None]
    if intrinsics.distortion is not None:
        return _distorted(rays.reshape(-1, 2), intrinsics, intrinsics.distortion).reshape(
            rays.shape
        )
    return np.asarray(rays * (intrinsics.fx, intrinsics.fy) + (intrinsics.cx, intrinsics.cy))


@lru_cache(maxsize=_TABLES)
def _table(camera: Intrinsics) -> NDArray[np.float32]:
    """(2, H, W) slopes of the rays of all pixels, worked out once for each calibration."""
    assert camera.distortion is not None
    columns, rows = np.meshgrid(np.arange(camera.width), np.arange(camera.height))
    pixels = np.stack([columns, rows], axis=-1).reshape(-1, 2).astype(np.float64)
    rays = _straightened(pixels, camera, camera.distortion)
    return np.ascontiguousarray(rays.T.reshape(2, camera.height, camera.width), np.float32)


def _straightened(
    pixels: NDArray[np.float64], camera: Intrinsics, distortion: Distortion
) -> NDArray[np.float64]:
    """Slopes (N, 2) of the rays through pixels (N, 2); NaN where there is none."""
    given, matrix = pixels[:, None], camera.matrix
    coefficients = np.array(distortion.coefficients)
    if distortion.model == FISHEYE:
        found = cv2.fisheye.undistortPoints(given, matrix, coefficients)[:, 0]
    else:
        found = cv2.undistortPointsIter(given, matrix, coefficients, np.eye(3), np.eye(3), _STOP)[
            :, 0
        ]
    away = np.abs(_distorted(found, camera, distortion) - pixels).max(axis=1)
    return np.where((away < _FARTHEST_BACK_PIXELS)[:, None], found, np.nan)


def _distorted(
    rays: NDArray[np.float64], camera: Intrinsics, distortion: Distortion
) -> NDArray[np.float64]:
    """Pixels (N, 2) at which rays of slopes (N, 2) are seen."""
    coefficients = np.array(distortion.coefficients)
    if distortion.model == FISHEYE:
        return np.asarray(
            cv2.fisheye.distortPoints(rays[:, None], camera.matrix, coefficients)[:, 0]
        )
    points = np.concatenate([rays, np.ones((len(rays), 1))], axis=1)
    none = np.zeros(3)
    return np.asarray(cv2.projectPoints(points, none, none, camera.matrix, coefficients)[0][:, 0])
