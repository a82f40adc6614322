"""From a camera image to the vision graph's input."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from vlm_ros.errors import ImageError
from vlm_ros.geometry.boxes import FITS, Letterbox
from vlm_ros.models.folder import VisionSpec
from vlm_ros.models.input_shape import InputShape, one_size
from vlm_ros.models.resampling import AreaResampler, MatrixResampler, Resampler


def check_image(image: NDArray[Any]) -> None:
    """Refuses what is no picture.

    Raises:
        ImageError: not (H, W, 3) uint8, or without pixels.
    """
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or not image.size:
        raise ImageError(
            f"An image of shape {image.shape} and type {image.dtype} cannot be grounded; "
            "expected (height, width, 3) uint8 with at least one pixel."
        )


class ImageInput:
    """Resamples, pads and normalises images into a buffer that is used again for every frame.

    One thread at a time: the array returned is overwritten by the next call.
    """

    def __init__(self, spec: VisionSpec, input_shape: InputShape | None = None) -> None:
        """Prepares nothing before the first image.

        Args:
            spec: of the graph.
            input_shape: gives the input's size for an image's; None: that of `spec` for all.
        """
        self._spec = spec
        self._input_shape = input_shape or one_size(spec)
        self._tensor = np.empty((1, 3, 0, 0), np.float32)
        self._mean = np.asarray(spec.mean, np.float32)[:, None, None]
        self._factor = 1.0 / np.asarray(spec.std, np.float32)[:, None, None]
        self._identity = not self._mean.any() and bool((self._factor == 1.0).all())
        self._fit: Letterbox | None = None
        self._resample: Resampler
        self._inside: NDArray[np.float32]

    def __call__(self, image: NDArray[Any]) -> tuple[NDArray[np.float32], Letterbox]:
        """Prepares an image.

        Args:
            image: (H, W, 3) uint8 RGB.

        Returns:
            (1, 3, height, width) float32 of the input's size, and how the image lies in it.

        Raises:
            ImageError: not such an image, or one without pixels.
        """
        check_image(image)
        spec = self._spec
        height, width = image.shape[:2]
        size = self._input_shape(width, height)
        fit = FITS[spec.resize](width, height, *size)
        if fit != self._fit:
            self._lay_out(fit, size)
        self._resample(image, self._inside)
        if not self._identity:
            np.subtract(self._inside, self._mean, out=self._inside)
            np.multiply(self._inside, self._factor, out=self._inside)
        return self._tensor, fit

    def _lay_out(self, fit: Letterbox, input_size: tuple[int, int]) -> None:
        """Fills the padding and prepares for images of another size."""
        spec = self._spec
        self._fit = fit
        width, height = input_size
        if self._tensor.shape[2:] != (height, width):
            self._tensor = np.empty((1, 3, height, width), np.float32)
        self._tensor[0] = (spec.pad - self._mean) * self._factor
        picture = padded = (fit.source_width, fit.source_height)
        if spec.resize == "pad_square":
            padded = (max(picture), max(picture))
            size = input_size
        else:
            size = (round(fit.width), round(fit.height))
        rows = slice(fit.top, fit.top + size[1])
        self._inside = self._tensor[0, :, rows, fit.left : fit.left + size[0]]
        if spec.filter == "area":
            self._resample = AreaResampler(*size)
        else:
            self._resample = MatrixResampler(spec.filter, picture, padded, size, spec.pad)
