"""The depth of a part of an image, pixel by pixel."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from vlm_ros.geometry.camera import Intrinsics, slopes

# Holes up to twice as wide as this are bridged, so that they do not tear things apart.
_BRIDGED_PIXELS = 2


@dataclass(frozen=True)
class Crop:
    """Every so-manieth pixel of a window of a depth image: h rows, w columns.

    Attributes:
        left, top: of the window in the image, pixels.
        step: pixels of the image from one of the crop to the next, either way.
        across, down: float32 slopes x / z and y / z of the rays, which broadcast to (h, w).
        z: (h, w) float32 metres along the optical axis, holes bridged with what lies around them;
            0 where nothing is known.
        measured: (h, w) where depth was measured.
    """

    left: int
    top: int
    step: int
    across: NDArray[np.float32]
    down: NDArray[np.float32]
    z: NDArray[np.float32]
    measured: NDArray[np.bool_]

    @property
    def known(self) -> NDArray[np.bool_]:
        """(h, w) where depth was measured or bridged."""
        return np.asarray(self.z > 0)

    def points(self) -> NDArray[np.float32]:
        """(3, h, w) metres in the optical frame; 0 where nothing is known."""
        return np.stack([self.across * self.z, self.down * self.z, self.z])

    def full(self, pixels: NDArray[np.bool_], width: int, height: int) -> NDArray[np.bool_]:
        """Pixels (h, w) of the crop as pixels (height, width) of the image."""
        rows, columns = pixels.shape
        large = np.repeat(np.repeat(pixels, self.step, axis=0), self.step, axis=1)
        mask = np.zeros((height, width), bool)
        window = mask[
            self.top : self.top + rows * self.step, self.left : self.left + columns * self.step
        ]
        window[:] = large[: window.shape[0], : window.shape[1]]
        return mask


def crop(
    depth: NDArray[np.float32], window: NDArray[np.intp], most: int, camera: Intrinsics
) -> Crop:
    """Cuts a window out of a depth image.

    Args:
        depth: (H, W) float32 metres; 0, negative and non-finite are holes.
        window: left, top, right, bottom in whole pixels of the image, the last two exclusive.
        most: pixels of the crop, about.
        camera: the depth is registered to.
    """
    left, top, right, bottom = (int(edge) for edge in window)
    step = max(int(np.ceil(np.sqrt((right - left) * (bottom - top) / most))), 1)
    columns, rows = np.arange(left, right, step)[None, :], np.arange(top, bottom, step)[:, None]
    across, down = slopes(columns, rows, camera)
    seen = depth[top:bottom:step, left:right:step]
    measured = (seen > 0) & (seen < np.inf) & np.isfinite(across) & np.isfinite(down)
    across, down = np.nan_to_num(across), np.nan_to_num(down)
    z = np.where(measured, seen, np.float32(0.0))
    return Crop(left, top, step, across, down, _bridged(z), measured)


def _bridged(z: NDArray[np.float32]) -> NDArray[np.float32]:
    """Small holes filled with the farthest depth beside them: what is hidden is behind."""
    if z.all():
        return z
    around = np.ones((3, 3), np.uint8)
    for _ in range(_BRIDGED_PIXELS):
        z = np.where(z > 0, z, cv2.dilate(z, around))
    return z
