from __future__ import annotations

from array import array
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("rclpy", reason="needs ROS 2")

from sensor_msgs.msg import Image
from std_msgs.msg import Header

from vlm_ros.errors import ImageError
from vlm_ros.nodes.images import decode_colour, decode_depth, encode_image

# Two rows of three pixels, red, green, blue and white, black, grey.
RGB = np.array(
    [[[255, 0, 0], [0, 255, 0], [0, 0, 255]], [[255, 255, 255], [0, 0, 0], [128, 128, 128]]],
    np.uint8,
)
GREY = np.array([[0, 100, 255], [7, 8, 9]], np.uint8)
ALPHA = np.full((2, 3, 1), 77, np.uint8)
MILLIMETRES = np.array([[0, 1, 258], [1000, 4660, 65535]], np.uint16)
METRES = np.array([[0.0, 0.001, np.nan], [1.0, 4.66, 65.535]], np.float32)


def message(
    pixels: NDArray[Any], encoding: str, padding: int = 0, bigendian: bool = False
) -> Image:
    """Lays pixels out byte by byte, as a driver would and independently of what is tested."""
    order = pixels.dtype.newbyteorder(">" if bigendian else "<")
    rows = [row.astype(order).tobytes() + b"\xee" * padding for row in pixels]
    image = Image(encoding=encoding, height=pixels.shape[0], width=pixels.shape[1])
    image.step, image.is_bigendian = len(rows[0]), int(bigendian)
    image.data = array("B", b"".join(rows))
    return image


@pytest.mark.parametrize("padding", [0, 1, 13])
@pytest.mark.parametrize("bigendian", [False, True])
@pytest.mark.parametrize(
    ("encoding", "pixels", "expected"),
    [
        ("rgb8", RGB, RGB),
        ("bgr8", RGB[..., ::-1], RGB),
        ("rgba8", np.concatenate([RGB, ALPHA], -1), RGB),
        ("bgra8", np.concatenate([RGB[..., ::-1], ALPHA], -1), RGB),
        ("mono8", GREY, np.stack([GREY] * 3, -1)),
    ],
)
def test_colour_is_rgb_whatever_the_layout(
    encoding: str, pixels: NDArray[Any], expected: NDArray[Any], bigendian: bool, padding: int
) -> None:
    decoded = decode_colour(message(pixels, encoding, padding, bigendian))
    assert decoded.dtype == np.uint8
    np.testing.assert_array_equal(decoded, expected)


@pytest.mark.parametrize("padding", [0, 2, 13])
@pytest.mark.parametrize("bigendian", [False, True])
@pytest.mark.parametrize(
    ("encoding", "pixels"), [("16UC1", MILLIMETRES), ("mono16", MILLIMETRES), ("32FC1", METRES)]
)
def test_depth_is_metres_whatever_the_layout(
    encoding: str, pixels: NDArray[Any], bigendian: bool, padding: int
) -> None:
    decoded = decode_depth(message(pixels, encoding, padding, bigendian))
    expected = pixels.astype(np.float64) / (1000.0 if pixels.dtype == np.uint16 else 1.0)
    assert decoded.dtype == np.dtype(np.float32)
    np.testing.assert_allclose(decoded, expected, rtol=1e-6)


def test_a_last_row_without_its_padding_is_whole() -> None:
    image = message(RGB, "rgb8", padding=4)
    image.data = image.data[:-4]
    np.testing.assert_array_equal(decode_colour(image), RGB)


def test_rgb_is_a_view_of_the_message() -> None:
    image = message(RGB, "rgb8")
    decoded = decode_colour(image)
    image.data[0] = 42
    assert decoded[0, 0, 0] == 42


def changed(**fields: Any) -> Image:
    image = message(RGB, "rgb8")
    for name, value in fields.items():
        setattr(image, name, value)
    return image


@pytest.mark.parametrize(
    ("image", "reason"),
    [
        (changed(encoding="yuv422"), "'yuv422'"),
        (changed(encoding=""), "encoding ''"),
        (changed(encoding="16UC1"), "'16UC1'"),
        (changed(encoding="8UC3"), "rgb8, bgr8"),
        (changed(height=0), "3 x 0"),
        (changed(width=0), "0 x 2"),
        (Image(encoding="rgb8"), "0 x 0"),
        (changed(data=array("B")), "takes 18 bytes, 0 came"),
        (changed(data=message(RGB, "rgb8").data[:-1]), "takes 18 bytes, 17 came"),
        (changed(height=2**32 - 1), "truncated"),
        (changed(step=8), "step is 8 bytes"),
        (changed(step=0), "step is 0 bytes"),
        (changed(step=2**32 - 1), "truncated"),
    ],
)
def test_a_bad_colour_image_says_what_is_wrong(image: Image, reason: str) -> None:
    with pytest.raises(ImageError, match=reason):
        decode_colour(image)


@pytest.mark.parametrize(
    ("image", "reason"),
    [
        (message(RGB, "rgb8"), "16UC1, mono16, 32FC1"),
        (Image(encoding="16UC1"), "0 x 0"),
        (changed(encoding="32FC1", step=12), "takes 24 bytes, 18 came"),
    ],
)
def test_a_bad_depth_image_says_what_is_wrong(image: Image, reason: str) -> None:
    with pytest.raises(ImageError, match=reason):
        decode_depth(image)


@pytest.mark.parametrize(
    ("pixels", "encoding", "step"),
    [
        (RGB, "rgb8", 9),
        (RGB[:, ::-1], "rgb8", 9),
        (GREY, "mono8", 3),
        (MILLIMETRES, "16UC1", 6),
        (METRES, "32FC1", 12),
        (METRES.astype(">f4"), "32FC1", 12),
    ],
)
def test_what_is_encoded_can_be_decoded(pixels: NDArray[Any], encoding: str, step: int) -> None:
    header = Header(frame_id="camera")
    image = encode_image(pixels, header)
    assert (image.encoding, image.height, image.width, image.step) == (encoding, 2, 3, step)
    assert image.header is header
    if encoding == "rgb8":
        np.testing.assert_array_equal(decode_colour(image), pixels)
    elif encoding == "mono8":
        np.testing.assert_array_equal(decode_colour(image)[..., 1], pixels)
    else:
        scale = 1000.0 if encoding == "16UC1" else 1.0
        np.testing.assert_allclose(decode_depth(image) * scale, pixels, rtol=1e-6)


@pytest.mark.parametrize(
    "pixels", [RGB[0, 0], RGB.astype(np.int64), np.zeros((2, 3, 4), np.uint8), METRES[None]]
)
def test_other_arrays_cannot_be_encoded(pixels: NDArray[Any]) -> None:
    with pytest.raises(ImageError, match="No image message"):
        encode_image(pixels, Header())
