"""Compressed images as image_transport's plugins send them."""

from __future__ import annotations

import struct
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from sensor_msgs.msg import CompressedImage

from vlm_ros.errors import ImageError
from vlm_ros.nodes.bayer import BAYER_PATTERNS, mosaic_to_rgb
from vlm_ros.nodes.images import millimetres_to_metres, to_eight_bits
from vlm_ros.nodes.pictures import check_size, decode_picture
from vlm_ros.nodes.rvl import decode_rvl

_DEPTH_HEADER = struct.Struct("<iff")
_RVL_SIZE = struct.Struct("<II")


@dataclass(frozen=True)
class _Format:
    """`format` of a message, e.g. "rgb8; jpeg compressed bgr8", or "jpeg" alone.

    Attributes:
        encoding: of the image before it was compressed; empty where it is not told.
        how: what was done to it.
    """

    encoding: str
    how: str

    @classmethod
    def of(cls, message: CompressedImage) -> _Format:
        encoding, semicolon, how = message.format.partition(";")
        return cls(encoding.strip(), how.strip()) if semicolon else cls("", encoding.strip())

    @property
    def is_swapped(self) -> bool:
        """Whether red and blue are exchanged in the file.

        The transport writes "compressed bgr8" where the file is as any program shows it.
        """
        return "compressed rgb" in self.how

    @property
    def pattern(self) -> str:
        """The Bayer pattern of a file with one channel; empty where it is grey."""
        pattern = self.encoding.removesuffix("16").removesuffix("8")
        return pattern if pattern in BAYER_PATTERNS else ""


def decode_compressed_colour(message: CompressedImage) -> NDArray[np.uint8]:
    """Read a colour or grey picture.

    Args:
        message: JPEG, PNG or WebP, of 8 or 16 bits; alpha is left out, an EXIF orientation is not
            applied. Where `format` names a Bayer encoding, a picture of one channel is a mosaic.

    Returns:
        (H, W, 3) uint8 RGB.

    Raises:
        ImageError: it is none of these, corrupt, or larger than any camera's.
    """
    form = _Format.of(message)
    samples = decode_picture(_bytes_of(message))
    if samples.ndim == 2 and form.pattern:
        samples = mosaic_to_rgb(samples, form.pattern)
    samples = to_eight_bits(samples)
    if samples.ndim == 2:
        return np.asarray(cv2.cvtColor(samples, cv2.COLOR_GRAY2RGB), np.uint8)
    rgb = np.ascontiguousarray(samples[..., :3])
    return np.asarray(cv2.cvtColor(rgb, cv2.COLOR_BGR2RGB) if form.is_swapped else rgb, np.uint8)


def decode_compressed_depth(message: CompressedImage) -> NDArray[np.float32]:
    """Read what compressed_depth_image_transport sends.

    Args:
        message: of the encoding 16UC1 (or mono16) or 32FC1, as PNG or RVL behind a header of 12
            bytes. 32FC1 is a quantised inverse depth: depth = a / (value - b), with a and b of the
            header, and 0 for what was not measured.

    Returns:
        (H, W) float32 metres; 0 (16UC1) or NaN (32FC1) where nothing was measured.

    Raises:
        ImageError: it is none of these, corrupt, or larger than any camera's.
    """
    form = _Format.of(message)
    if form.encoding not in ("16UC1", "mono16", "32FC1") or "compressedDepth" not in form.how:
        raise ImageError(
            f"The compressed depth has the format '{message.format}', which is not supported; "
            f"publish '16UC1; compressedDepth png' or rvl, or 32FC1."
        )
    data = _bytes_of(message)
    if data.size < _DEPTH_HEADER.size:
        raise ImageError(f"The compressed depth is truncated: {data.size} bytes came.")
    _, a, b = _DEPTH_HEADER.unpack(data[: _DEPTH_HEADER.size].tobytes())
    body = data[_DEPTH_HEADER.size :]
    values = _rvl_values(body) if form.how.endswith("rvl") else decode_picture(body)
    if values.ndim != 2 or values.dtype != np.uint16:
        raise ImageError("The compressed depth does not hold one channel of 16 bits.")
    if form.encoding == "32FC1":
        return _from_inverse(values, a, b)
    return millimetres_to_metres(values)


def _bytes_of(message: CompressedImage) -> NDArray[np.uint8]:
    if not len(message.data):
        raise ImageError("The compressed image is empty.")
    return np.frombuffer(message.data, np.uint8)


def _rvl_values(data: NDArray[np.uint8]) -> NDArray[np.uint16]:
    if data.size < _RVL_SIZE.size:
        raise ImageError("The compressed depth is truncated: it ends before its size.")
    width, height = _RVL_SIZE.unpack(data[: _RVL_SIZE.size].tobytes())
    check_size(width, height)
    return decode_rvl(data[_RVL_SIZE.size :], width * height).reshape(height, width)


def _from_inverse(values: NDArray[np.uint16], a: float, b: float) -> NDArray[np.float32]:
    with np.errstate(divide="ignore", invalid="ignore"):
        depth = np.float32(a) / (values.astype(np.float32) - np.float32(b))
    return np.asarray(np.where(values > 0, depth, np.float32(np.nan)), np.float32)
