"""Luma and chroma as cameras send them, to RGB (ITU-R BT.601, video range, as OpenCV does it)."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray


def packed_422_to_rgb(pixels: NDArray[np.uint8], code: int) -> NDArray[np.uint8]:
    """Convert rows of two bytes a pixel, in which two pixels share their chroma.

    Args:
        pixels: (H, W, 2). Where W is odd, the last pixel has half a chroma of its own, and takes
            the other half from the pair before it.
        code: OpenCV's conversion to RGB, e.g. COLOR_YUV2RGB_UYVY.

    Returns:
        (H, W, 3) RGB.
    """
    width = pixels.shape[1]
    if width % 2:
        pixels = np.concatenate([pixels, _pair_before_the_last(pixels)], axis=1)
    return np.asarray(cv2.cvtColor(pixels, code)[:, :width], np.uint8)


def semiplanar_420_to_rgb(
    luma: NDArray[np.uint8], chroma: NDArray[np.uint8], code: int
) -> NDArray[np.uint8]:
    """Convert a plane of luma and one of chroma pairs, each for two by two pixels.

    Args:
        luma: (H, W).
        chroma: (H / 2, W / 2, 2), both rounded up.
        code: OpenCV's conversion to RGB, e.g. COLOR_YUV2RGB_NV12.

    Returns:
        (H, W, 3) RGB.
    """
    height, width = luma.shape
    even = _padded(luma, height % 2, width % 2)
    return np.asarray(cv2.cvtColorTwoPlane(even, chroma, code)[:height, :width], np.uint8)


def semiplanar_444_to_rgb(luma: NDArray[np.uint8], chroma: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Convert a plane of luma and one of pairs U, V, each for one pixel (NV24).

    OpenCV has no conversion for it: every pixel is written twice, as a UYVY pair of its own.

    Args:
        luma: (H, W).
        chroma: (H, W, 2).

    Returns:
        (H, W, 3) RGB.
    """
    height, width = luma.shape
    u, v = cv2.split(chroma)
    pairs = cv2.merge([u, luma, v, luma]).reshape(height, 2 * width, 2)
    doubled = cv2.cvtColor(pairs, cv2.COLOR_YUV2RGB_UYVY)
    return np.asarray(
        cv2.resize(doubled, (width, height), interpolation=cv2.INTER_NEAREST), np.uint8
    )


def _pair_before_the_last(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The column that completes an odd one: (H, 1, 2)."""
    if pixels.shape[1] == 1:
        return np.full_like(pixels, 128)  # no chroma
    return pixels[:, -2:-1]


def _padded(plane: NDArray[Any], rows: int, columns: int) -> NDArray[Any]:
    """The plane with its last row and column repeated so many times."""
    return np.pad(plane, ((0, rows), (0, columns)), mode="edge") if rows or columns else plane
