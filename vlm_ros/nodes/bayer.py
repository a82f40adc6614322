"""Colours out of the mosaic of a Bayer sensor."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from vlm_ros.errors import ImageError

# ROS names the first two by two pixels of the image. OpenCV names the second and third of the
# second row.
_TO_RGB = {
    "bayer_rggb": cv2.COLOR_BayerBG2RGB,
    "bayer_bggr": cv2.COLOR_BayerRG2RGB,
    "bayer_gbrg": cv2.COLOR_BayerGR2RGB,
    "bayer_grbg": cv2.COLOR_BayerGB2RGB,
}
_SMALLEST = 3

BAYER_PATTERNS = tuple(_TO_RGB)


def mosaic_to_rgb(
    mosaic: NDArray[np.uint8] | NDArray[np.uint16], pattern: str
) -> NDArray[np.uint8] | NDArray[np.uint16]:
    """Interpolate the two colours that each pixel lacks.

    Args:
        mosaic: (H, W).
        pattern: one of BAYER_PATTERNS.

    Returns:
        (H, W, 3) RGB of the same type.

    Raises:
        ImageError: the image is so small that no pixel has neighbours of every colour.
    """
    if min(mosaic.shape) < _SMALLEST:
        height, width = mosaic.shape
        raise ImageError(
            f"The image is {width} x {height}; a {pattern} image needs at least "
            f"{_SMALLEST} x {_SMALLEST} pixels."
        )
    rgb: NDArray[np.uint8] | NDArray[np.uint16] = cv2.cvtColor(mosaic, _TO_RGB[pattern])
    return rgb
