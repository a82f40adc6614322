"""From a camera image to the vision graph's input."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from vlm_ros.errors import ImageError
from vlm_ros.geometry.boxes import Letterbox
from vlm_ros.models.folder import VisionSpec


class ImageInput:
    """Letterboxes and normalises images into buffers that are used again for every frame.

    One thread at a time: the array returned is overwritten by the next call.
    """

    def __init__(self, spec: VisionSpec) -> None:
        self._spec = spec
        self._canvas = np.full((spec.height, spec.width, 3), spec.pad, np.uint8)
        self._tensor = np.empty((1, 3, spec.height, spec.width), np.float32)
        self._mean = np.asarray(spec.mean, np.float32)[:, None, None]
        self._factor = 1.0 / np.asarray(spec.std, np.float32)[:, None, None]
        self._identity = not self._mean.any() and bool((self._factor == 1.0).all())
        self._fitted: Letterbox | None = None

    def __call__(self, image: NDArray[Any]) -> tuple[NDArray[np.float32], Letterbox]:
        """Prepares an image.

        Args:
            image: (H, W, 3) uint8 RGB.

        Returns:
            (1, 3, height, width) float32, and how the image lies in it.

        Raises:
            ImageError: not such an image, or one without pixels.
        """
        if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or not image.size:
            raise ImageError(
                f"An image of shape {image.shape} and type {image.dtype} cannot be grounded; "
                "expected (height, width, 3) uint8 with at least one pixel."
            )
        height, width = image.shape[:2]
        box = Letterbox.fit(width, height, self._spec.width, self._spec.height)
        if box != self._fitted:
            self._canvas.fill(self._spec.pad)
            self._fitted = box
        inside = self._canvas[box.top : box.top + box.height, box.left : box.left + box.width]
        if (box.width, box.height) == (width, height):
            np.copyto(inside, image)
        else:
            shrinking = box.width < width
            method = cv2.INTER_AREA if shrinking else cv2.INTER_LINEAR
            np.copyto(inside, cv2.resize(image, (box.width, box.height), interpolation=method))
        np.copyto(self._tensor[0], self._canvas.transpose(2, 0, 1))
        if not self._identity:
            np.subtract(self._tensor[0], self._mean, out=self._tensor[0])
            np.multiply(self._tensor[0], self._factor, out=self._tensor[0])
        return self._tensor, box
