"""Pictures in memory: JPEG, PNG and WebP.

What a picture is, is read from its own first bytes, and its size before it is decoded, so that a
few bytes cannot ask for gigabytes.
"""

from __future__ import annotations

import re
import struct
from typing import Any

import cv2
import numpy as np
import simplejpeg
from numpy.typing import NDArray

from vlm_ros.errors import ImageError

_LARGEST = 2**26  # pixels: 8192 x 8192, more than any camera's
_JPEG, _PNG = b"\xff\xd8", b"\x89PNG\r\n\x1a\n"
# Some cameras pad a picture before its end marker. Where a part is missing, more bytes are left.
_PADDING = re.compile(r"(\d+) extraneous bytes before marker 0xd9")
_MOST_PADDING = 16


def decode_picture(data: NDArray[np.uint8]) -> NDArray[Any]:
    """Decode a picture as it is stored: its EXIF orientation is not applied.

    Args:
        data: (n,) the bytes of the file.

    Returns:
        (H, W) grey, (H, W, 3) RGB or (H, W, 4) RGBA, uint8 or uint16.

    Raises:
        ImageError: it is none of the three kinds, corrupt, or larger than any camera's. A JPEG
            file in which a part is missing is refused, as far as its code shows it: it has no
            checksum.
    """
    if data[:2].tobytes() == _JPEG:
        return _decode_jpeg(data)
    size = _png_size(data) or _webp_size(data)
    if size is None:
        raise ImageError("The compressed image is neither JPEG nor PNG nor WebP.")
    check_size(*size)
    try:
        samples = cv2.imdecode(data, cv2.IMREAD_UNCHANGED)
    except cv2.error as error:
        raise ImageError(f"The compressed image is corrupt: {error}.") from error
    if samples is None:
        raise ImageError("The compressed image is corrupt or truncated.")
    if samples.ndim == 2:
        return np.asarray(samples)
    code = cv2.COLOR_BGR2RGB if samples.shape[2] == 3 else cv2.COLOR_BGRA2RGBA
    return np.asarray(cv2.cvtColor(samples, code))


def check_size(width: int, height: int) -> None:
    """Refuse a size that no camera has.

    Raises:
        ImageError: there are no pixels, or far too many.
    """
    if not width or not height:
        raise ImageError(f"The compressed image has no pixels: it is {width} x {height}.")
    if width * height > _LARGEST:
        raise ImageError(
            f"The compressed image says that it is {width} x {height}; no camera's is so large, "
            f"and it is not decoded."
        )


def _decode_jpeg(data: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """OpenCV fills in what a JPEG file lacks and tells nobody; this library tells."""
    try:
        height, width, colours, _ = simplejpeg.decode_jpeg_header(data)
        check_size(width, height)
        grey = colours == "Gray"
        samples = _jpeg_samples(data, "GRAY" if grey else "RGB")
    except ValueError as error:
        raise ImageError(f"The JPEG image is corrupt: {error}.") from error
    return samples[..., 0] if grey else samples


def _jpeg_samples(data: NDArray[np.uint8], colours: str) -> NDArray[np.uint8]:
    try:
        samples = simplejpeg.decode_jpeg(data, colours)
    except ValueError as error:
        padding = _PADDING.search(str(error))
        if padding is None or int(padding[1]) > _MOST_PADDING:
            raise
        samples = simplejpeg.decode_jpeg(data, colours, strict=False)
    return np.asarray(samples, np.uint8)


def _png_size(data: NDArray[np.uint8]) -> tuple[int, int] | None:
    """Width and height of a PNG file, of which IHDR is always the first chunk."""
    head = data[:24].tobytes()
    if head[:8] != _PNG or len(head) < 24:
        return None
    width, height = struct.unpack_from(">II", head, 16)
    return width, height


def _webp_size(data: NDArray[np.uint8]) -> tuple[int, int] | None:
    """Width and height of a WebP file (RFC 9649)."""
    head = data[:30].tobytes()
    if head[:4] != b"RIFF" or head[8:12] != b"WEBP" or len(head) < 30:
        return None
    kind = head[12:16]
    if kind == b"VP8X":
        return _little(head[24:27]) + 1, _little(head[27:30]) + 1
    if kind == b"VP8L":
        bits = _little(head[21:25])
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == b"VP8 ":
        return _little(head[26:28]) & 0x3FFF, _little(head[28:30]) & 0x3FFF
    return None


def _little(data: bytes) -> int:
    return int.from_bytes(data, "little")
