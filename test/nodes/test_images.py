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
        ("8UC1", GREY, np.stack([GREY] * 3, -1)),
        ("8UC3", RGB[..., ::-1], RGB),
        ("rgb16", RGB.astype(np.uint16) * 257, RGB),
        ("bgr16", RGB[..., ::-1].astype(np.uint16) * 257, RGB),
        ("rgba16", np.concatenate([RGB, ALPHA], -1).astype(np.uint16) * 257, RGB),
        ("bgra16", np.concatenate([RGB[..., ::-1], ALPHA], -1).astype(np.uint16) * 257, RGB),
        ("mono16", GREY.astype(np.uint16) * 257, np.stack([GREY] * 3, -1)),
    ],
)
def test_colour_is_rgb_whatever_the_layout(
    encoding: str, pixels: NDArray[Any], expected: NDArray[Any], bigendian: bool, padding: int
) -> None:
    decoded = decode_colour(message(pixels, encoding, padding, bigendian))
    assert decoded.dtype == np.uint8
    np.testing.assert_array_equal(decoded, expected)


def test_sixteen_bits_are_rounded_to_eight() -> None:
    samples = np.arange(65536, dtype=np.uint16).reshape(256, 256)
    expected = np.rint(samples / 257.0).astype(np.uint8)
    np.testing.assert_array_equal(decode_colour(message(samples, "mono16"))[..., 0], expected)


def yuv(height: int, width: int) -> NDArray[np.int64]:
    """Y, U and V of each pixel, the whole range of each."""
    return np.random.default_rng(height * 100 + width).integers(0, 256, (height, width, 3))


def rgb_of(pixels: NDArray[np.int64]) -> NDArray[np.uint8]:
    """BT.601 of video range in fixed point: Y 16..235 and chroma 16..240 are the full range."""
    y = np.maximum(pixels[..., 0] - 16, 0) * 1220542
    u, v = pixels[..., 1] - 128, pixels[..., 2] - 128
    channels = [y + 1673527 * v, y - 852492 * v - 409993 * u, y + 2116026 * u]
    return np.clip((np.stack(channels, -1) + (1 << 19)) >> 20, 0, 255).astype(np.uint8)


def of_bytes(encoding: str, height: int, width: int, rows: list[bytes], step: int) -> Image:
    """An image of rows of bytes, each padded to its step."""
    image = Image(encoding=encoding, height=height, width=width, step=step)
    image.data = array("B", b"".join(rows))
    return image


@pytest.mark.parametrize("padding", [0, 1, 14])
@pytest.mark.parametrize(("height", "width"), [(1, 1), (2, 2), (3, 4), (4, 5), (5, 3), (2, 1)])
@pytest.mark.parametrize(
    ("encoding", "order"),
    [
        ("yuv422", (1, 0, 2, 0)),
        ("uyvy", (1, 0, 2, 0)),
        ("yuv422_yuy2", (0, 1, 0, 2)),
        ("yuyv", (0, 1, 0, 2)),
    ],
)
def test_packed_chroma_is_shared_by_two_pixels(
    encoding: str, order: tuple[int, ...], height: int, width: int, padding: int
) -> None:
    pixels = yuv(height, width + width % 2)
    pixels[:, 1::2, 1:] = pixels[:, 0::2, 1:]
    pixels = pixels[:, :width]
    groups = np.concatenate([pixels, pixels[:, -1:]], 1)[:, : width + width % 2]
    first, second = groups[:, 0::2], groups[:, 1::2]
    lumas = iter((first, second))
    parts = [next(lumas)[..., 0] if channel == 0 else first[..., channel] for channel in order]
    packed = np.stack(parts, -1).reshape(height, -1).astype(np.uint8)
    rows = [row.tobytes() + b"\xee" * padding for row in packed]
    image = of_bytes(encoding, height, width, rows, packed.shape[1] + padding)
    np.testing.assert_array_equal(decode_colour(image), rgb_of(pixels))


@pytest.mark.parametrize("encoding", ["uyvy", "yuyv"])
def test_an_odd_row_without_its_last_chroma_takes_that_of_its_neighbour(encoding: str) -> None:
    """A row of 2 W bytes, as `step` is for an even width."""
    u, y = (0, 1) if encoding == "uyvy" else (1, 0)
    packed = np.full((2, 5, 2), 128, np.uint8)
    packed[..., y] = 81
    packed[:, 0::2, u], packed[:, 1::2, u] = 90, 240
    image = of_bytes(encoding, 2, 5, [packed.tobytes()], 10)
    red = rgb_of(np.full((2, 5, 3), (81, 90, 240)))
    np.testing.assert_array_equal(decode_colour(image), red)


@pytest.mark.parametrize("padding", [0, 3])
@pytest.mark.parametrize(("height", "width"), [(2, 2), (4, 6), (3, 4), (4, 5), (5, 3), (1, 1)])
@pytest.mark.parametrize(("encoding", "chroma"), [("nv12", (1, 2)), ("nv21", (2, 1))])
def test_a_plane_of_chroma_is_shared_by_four_pixels(
    encoding: str, chroma: tuple[int, int], height: int, width: int, padding: int
) -> None:
    pixels = yuv(height + height % 2, width + width % 2)
    shared = pixels[0::2, 0::2, 1:]
    pixels[..., 1:] = shared.repeat(2, 0).repeat(2, 1)
    pixels = pixels[:height, :width]
    step = width + width % 2 + padding
    luma = [row.astype(np.uint8).tobytes().ljust(step, b"\xee") for row in pixels[..., 0]]
    pairs = pixels[0::2, 0::2][..., chroma].astype(np.uint8)
    rows = [row.tobytes().ljust(step, b"\xee") for row in pairs]
    image = of_bytes(encoding, height, width, luma + rows, step)
    np.testing.assert_array_equal(decode_colour(image), rgb_of(pixels))


@pytest.mark.parametrize("padding", [0, 3])
@pytest.mark.parametrize(("height", "width"), [(2, 2), (3, 5), (1, 1)])
def test_nv24_has_the_chroma_of_each_pixel(height: int, width: int, padding: int) -> None:
    pixels = yuv(height, width)
    step = width + padding
    luma = [row.astype(np.uint8).tobytes().ljust(step, b"\xee") for row in pixels[..., 0]]
    pairs = pixels[..., 1:].astype(np.uint8)
    chroma = [row.tobytes().ljust(2 * step, b"\xee") for row in pairs]
    image = of_bytes("nv24", height, width, luma + chroma, step)
    np.testing.assert_array_equal(decode_colour(image), rgb_of(pixels))


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("bigendian", [False, True])
@pytest.mark.parametrize(("height", "width"), [(6, 8), (7, 9)])
@pytest.mark.parametrize("pattern", ["rggb", "bggr", "gbrg", "grbg"])
def test_each_site_of_a_mosaic_keeps_its_own_colour(
    pattern: str, height: int, width: int, bigendian: bool, bits: int
) -> None:
    channels = np.array(["rgb".index(letter) for letter in pattern]).reshape(2, 2)
    site = np.tile(channels, (height, width))[:height, :width]
    colours = np.random.default_rng(1).integers(0, 256, (height, width))
    colour = np.array([200, 90, 20])
    for values in (colours, colour[site]):
        mosaic = (values * (257 if bits == 16 else 1)).astype(np.uint16 if bits == 16 else np.uint8)
        image = message(mosaic, f"bayer_{pattern}{bits}", padding=5, bigendian=bigendian)
        decoded = decode_colour(image)
        own = np.take_along_axis(decoded, site[..., None], -1)[..., 0]
        np.testing.assert_array_equal(own[1:-1, 1:-1], values[1:-1, 1:-1])
    np.testing.assert_array_equal(decoded, np.broadcast_to(colour, (height, width, 3)))


ENCODINGS = (
    *("rgb8", "bgr8", "rgba8", "bgra8", "mono8", "rgb16", "bgr16", "rgba16", "bgra16", "mono16"),
    *("yuv422", "yuv422_yuy2"),
    *(f"bayer_{pattern}{bits}" for pattern in ("rggb", "bggr", "gbrg", "grbg") for bits in (8, 16)),
)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_pixels_are_those_of_cv_bridge(encoding: str) -> None:
    cv_bridge = pytest.importorskip("cv_bridge", reason="needs cv_bridge of a ROS installation")
    random = np.random.default_rng(3)
    sample = 2 if encoding.endswith("16") else 1
    channels = 4 if "a" in encoding[:4] and "bayer" not in encoding else 3
    channels = 1 if encoding.startswith(("mono", "bayer")) else channels
    channels = 2 if encoding.startswith("yuv") else channels
    image = Image(encoding=encoding, height=18, width=22, step=22 * channels * sample)
    image.data = array("B", random.bytes(18 * image.step))
    bridged = cv_bridge.CvBridge().imgmsg_to_cv2(image, "rgb8")
    np.testing.assert_array_equal(decode_colour(image), bridged)


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
        (changed(encoding="hsv8"), "'hsv8'"),
        (changed(encoding="RGB8"), "'RGB8'"),
        (changed(encoding=""), "encoding ''"),
        (changed(encoding="16UC1"), "'16UC1'"),
        (changed(encoding="32FC1"), "rgb8, bgr8"),
        (changed(encoding="rgb16"), "takes 18"),
        (changed(encoding="nv12"), "takes 22 bytes, 18 came"),
        (changed(encoding="nv21", step=2), "step is 2 bytes"),
        (changed(encoding="nv24"), "takes 42 bytes, 18 came"),
        (changed(encoding="yuv422", step=5), "takes 6"),
        (changed(encoding="yuv422", height=3), "takes 24 bytes, 18 came"),
        (changed(encoding="bayer_rggb8"), "at least 3 x 3"),
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
    "encoding", [*ENCODINGS, "8UC1", "8UC3", "uyvy", "yuyv", "nv12", "nv21", "nv24"]
)
def test_any_layout_is_read_whole_or_refused(encoding: str) -> None:
    random = np.random.default_rng(7)
    read = 0
    for _ in range(300):
        height, width, step, size = random.integers(0, [8, 8, 40, 300]).tolist()
        image = Image(encoding=encoding, height=height, width=width, step=step)
        image.is_bigendian = int(random.integers(0, 2))
        image.data = array("B", random.bytes(size))
        try:
            decoded = decode_colour(image)
        except ImageError:
            continue
        assert decoded.shape == (height, width, 3)
        assert decoded.dtype == np.uint8
        read += 1
    assert read > 5


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
