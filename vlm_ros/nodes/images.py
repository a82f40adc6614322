"""Images between ROS messages and numpy, without copies where the layout allows it."""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from sensor_msgs.msg import Image
from std_msgs.msg import Header

from vlm_ros.errors import ImageError


@dataclass(frozen=True)
class _Layout:
    """How one encoding of sensor_msgs/Image lays out a pixel."""

    dtype: str
    channels: int
    to_rgb: int | None = None


_COLOUR = {
    "rgb8": _Layout("u1", 3),
    "bgr8": _Layout("u1", 3, cv2.COLOR_BGR2RGB),
    "rgba8": _Layout("u1", 4, cv2.COLOR_RGBA2RGB),
    "bgra8": _Layout("u1", 4, cv2.COLOR_BGRA2RGB),
    "mono8": _Layout("u1", 1, cv2.COLOR_GRAY2RGB),
}
_DEPTH = {
    "16UC1": _Layout("u2", 1),
    "mono16": _Layout("u2", 1),
    "32FC1": _Layout("f4", 1),
}
_ENCODED = {
    ("uint8", 1): "mono8",
    ("uint8", 3): "rgb8",
    ("uint16", 1): "16UC1",
    ("float32", 1): "32FC1",
}
_METRES_PER_MILLIMETRE = np.float32(0.001)


def decode_colour(message: Image) -> NDArray[np.uint8]:
    """Read a colour or grey image.

    Args:
        message: rgb8, bgr8, rgba8, bgra8 or mono8; `step` may pad the rows.

    Returns:
        (H, W, 3) uint8 RGB; for rgb8 a view of the message's own bytes.

    Raises:
        ImageError: the encoding is not one of these, there are no pixels, or bytes are missing.
    """
    layout = _layout(message, _COLOUR, "colour")
    pixels = _pixels(message, layout)
    rgb = pixels if layout.to_rgb is None else cv2.cvtColor(pixels, layout.to_rgb)
    return np.asarray(rgb, np.uint8)


def decode_depth(message: Image) -> NDArray[np.float32]:
    """Read a depth image (REP 118: 16UC1 in millimetres, 32FC1 in metres).

    Args:
        message: 16UC1 (or mono16, as some drivers name it) or 32FC1.

    Returns:
        (H, W) float32 metres; what the sensor did not measure stays as it sent it, 0 or NaN.

    Raises:
        ImageError: the encoding is not one of these, there are no pixels, or bytes are missing.
    """
    layout = _layout(message, _DEPTH, "depth")
    pixels = _pixels(message, layout)
    if layout.dtype == "u2":
        return np.asarray(np.multiply(pixels, _METRES_PER_MILLIMETRE, dtype=np.float32))
    return np.asarray(pixels, np.float32)


def encode_image(pixels: NDArray[Any], header: Header) -> Image:
    """Make a message of pixels; the inverse of the decoders.

    Args:
        pixels: (H, W, 3) uint8 RGB, (H, W) uint8 grey, (H, W) uint16 depth in millimetres or
            (H, W) float32 depth in metres.
        header: used as it is.

    Raises:
        ImageError: the array is none of these.
    """
    channels = 1 if pixels.ndim == 2 else pixels.shape[-1]
    encoding = _ENCODED.get((pixels.dtype.name, channels)) if pixels.ndim in (2, 3) else None
    if encoding is None:
        raise ImageError(
            f"No image message can hold a {pixels.dtype} array of shape {pixels.shape}; "
            f"give (H, W, 3) uint8 RGB or (H, W) uint8, uint16 or float32."
        )
    pixels = np.ascontiguousarray(pixels)
    message = Image(header=header, encoding=encoding)
    message.height, message.width = pixels.shape[:2]
    message.step = pixels.strides[0]
    message.is_bigendian = int(pixels.dtype.byteorder == ">")
    # The setter checks every element of anything but an array of the right type code.
    message.data = _byte_array(pixels)
    return message


def _byte_array(pixels: NDArray[Any]) -> array[int]:
    data = array("B")
    data.frombytes(pixels.data.cast("B"))
    return data


def _layout(message: Image, layouts: dict[str, _Layout], kind: str) -> _Layout:
    layout = layouts.get(message.encoding)
    if layout is None:
        raise ImageError(
            f"The {kind} image has the encoding '{message.encoding}', which is not supported; "
            f"publish one of {', '.join(layouts)}."
        )
    return layout


def _pixels(message: Image, layout: _Layout) -> NDArray[Any]:
    """A view of the message's bytes: (H, W) or (H, W, C) in the layout's type."""
    height, width, step = message.height, message.width, message.step
    if not height or not width:
        raise ImageError(f"The image has no pixels: it is {width} x {height}.")
    dtype = np.dtype(layout.dtype).newbyteorder(">" if message.is_bigendian else "<")
    row = width * layout.channels * dtype.itemsize
    if step < row:
        raise ImageError(
            f"The image's step is {step} bytes, but a row of {width} {message.encoding} pixels "
            f"takes {row}."
        )
    needed = step * (height - 1) + row
    if len(message.data) < needed:
        raise ImageError(
            f"The image is truncated: {width} x {height} {message.encoding} with step {step} "
            f"takes {needed} bytes, {len(message.data)} came."
        )
    strides: tuple[int, ...] = (step, layout.channels * dtype.itemsize)
    shape: tuple[int, ...] = (height, width)
    if layout.channels > 1:
        strides, shape = (*strides, dtype.itemsize), (*shape, layout.channels)
    return np.ndarray(shape, dtype, buffer=message.data, strides=strides)
