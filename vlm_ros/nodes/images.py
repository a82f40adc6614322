"""Images between ROS messages and numpy, without copies where the layout allows it."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from sensor_msgs.msg import Image
from std_msgs.msg import Header

from vlm_ros.errors import ImageError
from vlm_ros.nodes.bayer import BAYER_PATTERNS, mosaic_to_rgb
from vlm_ros.nodes.yuv import packed_422_to_rgb, semiplanar_420_to_rgb, semiplanar_444_to_rgb

_Decoder = Callable[[Image], NDArray[np.uint8]]

_ENCODED = {
    ("uint8", 1): "mono8",
    ("uint8", 3): "rgb8",
    ("uint16", 1): "16UC1",
    ("float32", 1): "32FC1",
}
_METRES_PER_MILLIMETRE = np.float32(0.001)


@dataclass(frozen=True)
class _Plane:
    """Where the samples of an image lie among its bytes.

    Attributes:
        dtype: of a sample, without its byte order.
        shape: rows, columns and, where there are several, samples in a column.
        step: bytes from row to row.
        offset: bytes before the first row.
    """

    dtype: str
    shape: tuple[int, ...]
    step: int
    offset: int = 0

    @property
    def row(self) -> int:
        """Bytes that a row takes, without padding."""
        samples = self.shape[1] * (self.shape[2] if len(self.shape) == 3 else 1)
        return samples * np.dtype(self.dtype).itemsize

    @property
    def end(self) -> int:
        """Bytes up to the end of the last row, without its padding."""
        return self.offset + self.step * (self.shape[0] - 1) + self.row


def decode_colour(message: Image) -> NDArray[np.uint8]:
    """Read a colour or grey image.

    Samples of 16 bits become 8 by v * 255 / 65535, rounded, as cv_bridge does.

    Args:
        message: rgb8, bgr8, rgba8, bgra8, mono8, these with 16 bits, 8UC1 (grey), 8UC3 (BGR, as
            OpenCV has it), yuv422 or uyvy, yuv422_yuy2 or yuyv, nv12, nv21, nv24, or a Bayer
            mosaic of 8 or 16 bits. `step` may pad the rows; of 16-bit samples `is_bigendian` is
            honoured. The chroma of nv12 and nv21 has the same step, that of nv24 twice as much.

    Returns:
        (H, W, 3) uint8 RGB; for rgb8 a view of the message's own bytes.

    Raises:
        ImageError: the encoding is not one of these, there are no pixels, or bytes are missing.
    """
    decoder = _COLOUR.get(message.encoding)
    if decoder is None:
        raise _not_supported(message, "colour", _COLOUR)
    return decoder(message)


def decode_depth(message: Image) -> NDArray[np.float32]:
    """Read a depth image (REP 118: 16UC1 in millimetres, 32FC1 in metres).

    Args:
        message: 16UC1 (or mono16, as some drivers name it) or 32FC1.

    Returns:
        (H, W) float32 metres; what the sensor did not measure stays as it sent it, 0 or NaN.

    Raises:
        ImageError: the encoding is not one of these, there are no pixels, or bytes are missing.
    """
    dtype = _DEPTH.get(message.encoding)
    if dtype is None:
        raise _not_supported(message, "depth", _DEPTH)
    pixels = _pixels(message, dtype, 1)
    return millimetres_to_metres(pixels) if dtype == "u2" else np.asarray(pixels, np.float32)


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


def to_eight_bits(samples: NDArray[Any]) -> NDArray[np.uint8]:
    """Samples of 16 bits in 8, so that 65535 becomes 255; those of 8 bits as they are."""
    if samples.dtype == np.uint8:
        return samples
    return np.asarray(cv2.convertScaleAbs(samples, alpha=255.0 / 65535.0), np.uint8)


def millimetres_to_metres(depth: NDArray[np.uint16]) -> NDArray[np.float32]:
    """Depth in the unit that the rest of the package has it in."""
    return np.asarray(np.multiply(depth, _METRES_PER_MILLIMETRE, dtype=np.float32))


def _byte_array(pixels: NDArray[Any]) -> array[int]:
    data = array("B")
    data.frombytes(pixels.data.cast("B"))
    return data


def _not_supported(message: Image, kind: str, supported: Iterable[str]) -> ImageError:
    return ImageError(
        f"The {kind} image has the encoding '{message.encoding}', which is not supported; "
        f"publish one of {', '.join(supported)}."
    )


def _interleaved(message: Image, dtype: str, channels: int, code: int | None) -> NDArray[np.uint8]:
    """Decode pixels whose channels lie side by side; `code` is OpenCV's conversion to RGB."""
    pixels = _pixels(message, dtype, channels)
    if dtype != "u1":
        pixels = to_eight_bits(np.require(pixels, np.uint16, "C"))
    return np.asarray(pixels if code is None else cv2.cvtColor(pixels, code), np.uint8)


def _mosaic(message: Image, dtype: str, pattern: str) -> NDArray[np.uint8]:
    pixels = _pixels(message, dtype, 1)
    native = np.require(pixels, pixels.dtype.newbyteorder("="), "C")
    return to_eight_bits(mosaic_to_rgb(native, pattern))


def _packed_422(message: Image, code: int) -> NDArray[np.uint8]:
    height, width = _size(message)
    plane = _Plane("u1", (height, width + width % 2, 2), message.step)
    if plane.row > message.step or plane.end > len(message.data):
        # The last pixel of an odd row came without the second half of its chroma.
        plane = _Plane("u1", (height, width, 2), message.step)
    return packed_422_to_rgb(_view(message, plane), code)[:, :width]


def _semiplanar_420(message: Image, code: int) -> NDArray[np.uint8]:
    luma = _pixels(message, "u1", 1)
    height, width = luma.shape
    rows, columns = -(-height // 2), -(-width // 2)
    step = max(message.step, 2 * columns)
    chroma = _Plane("u1", (rows, columns, 2), step, message.step * height)
    return semiplanar_420_to_rgb(luma, _view(message, chroma), code)


def _semiplanar_444(message: Image) -> NDArray[np.uint8]:
    luma = _pixels(message, "u1", 1)
    height, width = luma.shape
    chroma = _Plane("u1", (height, width, 2), 2 * message.step, message.step * height)
    return semiplanar_444_to_rgb(luma, _view(message, chroma))


def _pixels(message: Image, dtype: str, channels: int) -> NDArray[Any]:
    """A view of the pixels: (H, W) or, of several channels, (H, W, C)."""
    size = _size(message)
    return _view(message, _Plane(dtype, size if channels == 1 else (*size, channels), message.step))


def _size(message: Image) -> tuple[int, int]:
    """Height and width."""
    if not message.height or not message.width:
        raise ImageError(f"The image has no pixels: it is {message.width} x {message.height}.")
    return message.height, message.width


def _view(message: Image, plane: _Plane) -> NDArray[Any]:
    """A view of the message's bytes."""
    if plane.step < plane.row:
        raise ImageError(
            f"The image's step is {message.step} bytes, but a row of {message.width} "
            f"{message.encoding} pixels takes {plane.row}."
        )
    if len(message.data) < plane.end:
        raise ImageError(
            f"The image is truncated: {message.width} x {message.height} {message.encoding} with "
            f"step {message.step} takes {plane.end} bytes, {len(message.data)} came."
        )
    dtype = np.dtype(plane.dtype).newbyteorder(">" if message.is_bigendian else "<")
    strides: tuple[int, ...] = (plane.step, dtype.itemsize)
    if len(plane.shape) == 3:
        strides = (plane.step, plane.shape[2] * dtype.itemsize, dtype.itemsize)
    return np.ndarray(plane.shape, dtype, message.data, plane.offset, strides)


def _colour_decoders() -> dict[str, _Decoder]:
    """By encoding, as sensor_msgs/image_encodings names them."""
    channels = {
        "rgb": (3, None),
        "bgr": (3, cv2.COLOR_BGR2RGB),
        "rgba": (4, cv2.COLOR_RGBA2RGB),
        "bgra": (4, cv2.COLOR_BGRA2RGB),
        "mono": (1, cv2.COLOR_GRAY2RGB),
    }
    decoders: dict[str, _Decoder] = {}
    for bits, dtype in (("8", "u1"), ("16", "u2")):
        for name, (count, code) in channels.items():
            decoders[name + bits] = partial(_interleaved, dtype=dtype, channels=count, code=code)
    decoders["8UC1"] = decoders["mono8"]
    decoders["8UC3"] = decoders["bgr8"]
    decoders["yuv422"] = decoders["uyvy"] = partial(_packed_422, code=cv2.COLOR_YUV2RGB_UYVY)
    decoders["yuv422_yuy2"] = decoders["yuyv"] = partial(_packed_422, code=cv2.COLOR_YUV2RGB_YUY2)
    decoders["nv12"] = partial(_semiplanar_420, code=cv2.COLOR_YUV2RGB_NV12)
    decoders["nv21"] = partial(_semiplanar_420, code=cv2.COLOR_YUV2RGB_NV21)
    decoders["nv24"] = _semiplanar_444
    for bits, dtype in (("8", "u1"), ("16", "u2")):
        for pattern in BAYER_PATTERNS:
            decoders[pattern + bits] = partial(_mosaic, dtype=dtype, pattern=pattern)
    return decoders


_COLOUR = _colour_decoders()
_DEPTH = {"16UC1": "u2", "mono16": "u2", "32FC1": "f4"}
