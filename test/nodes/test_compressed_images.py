"""What image_transport's plugins write, byte for byte, and what is wrong with it."""

from __future__ import annotations

import struct
import zlib
from array import array
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("rclpy", reason="needs ROS 2")

from sensor_msgs.msg import CompressedImage

from vlm_ros.errors import ImageError
from vlm_ros.nodes.bayer import mosaic_to_rgb
from vlm_ros.nodes.compressed_images import decode_compressed_colour, decode_compressed_depth


def picture(height: int = 48, width: int = 64) -> NDArray[np.uint8]:
    """Smooth RGB, mostly red on the left and blue on the right."""
    rows, columns = np.mgrid[:height, :width]
    left = columns < width // 2
    red = np.where(left, 220, 30) + rows % 7
    blue = np.where(left, 30, 200) + columns % 5
    return np.stack([red, np.full_like(red, 90), blue], -1).astype(np.uint8)


RGB = picture()
DEEP = RGB.astype(np.uint16) * 257
GREY = RGB[..., 0].copy()
ALPHA = np.full((*GREY.shape, 1), 9, np.uint8)
MILLIMETRES = (np.arange(48 * 64).reshape(48, 64) * 7 % 5000).astype(np.uint16)


def file_of(samples: NDArray[Any], kind: str = ".png", *options: int) -> bytes:
    """A file whose samples are stored in OpenCV's order: blue, green, red."""
    done, data = cv2.imencode(kind, samples, options)
    assert done
    return bytes(data)


def message(data: bytes, form: str) -> CompressedImage:
    return CompressedImage(format=form, data=array("B", data))


def bgr(samples: NDArray[Any]) -> NDArray[Any]:
    return np.ascontiguousarray(samples[..., ::-1])


@pytest.mark.parametrize(
    ("data", "form"),
    [
        (file_of(bgr(RGB)), "rgb8; png compressed bgr8"),
        (file_of(bgr(RGB)), "bgr8; png compressed bgr8"),
        (file_of(bgr(RGB)), "bgra8; png compressed bgr8"),
        (file_of(bgr(RGB)), "yuv422; png compressed bgr8"),
        (file_of(bgr(RGB)), "bayer_rggb8; png compressed bgr8"),
        (file_of(bgr(RGB)), "png"),
        (file_of(bgr(RGB)), ""),
        (file_of(bgr(RGB)), "jpeg"),
        (file_of(bgr(RGB)), "rgb8; png compressed"),
        (file_of(RGB), "rgb8; png compressed rgb8"),
        (file_of(bgr(DEEP)), "rgb16; png compressed bgr16"),
        (file_of(np.concatenate([bgr(RGB), ALPHA], -1)), "png"),
        (file_of(bgr(RGB), ".webp", cv2.IMWRITE_WEBP_QUALITY, 101), "webp"),
        (
            file_of(np.concatenate([bgr(RGB), ALPHA], -1), ".webp", cv2.IMWRITE_WEBP_QUALITY, 101),
            "webp",
        ),
    ],
)
def test_a_lossless_picture_is_what_was_taken(data: bytes, form: str) -> None:
    decoded = decode_compressed_colour(message(data, form))
    assert decoded.dtype == np.uint8
    assert decoded.flags.c_contiguous
    np.testing.assert_array_equal(decoded, RGB)


@pytest.mark.parametrize(
    ("samples", "form"),
    [
        (GREY, "mono8; png compressed mono8"),
        (GREY, "png"),
        (GREY, "mono8; png compressed "),
        (GREY.astype(np.uint16) * 257, "mono16; png compressed mono16"),
    ],
)
def test_a_grey_picture_is_grey(samples: NDArray[Any], form: str) -> None:
    decoded = decode_compressed_colour(message(file_of(samples), form))
    np.testing.assert_array_equal(decoded, np.stack([GREY] * 3, -1))


@pytest.mark.parametrize("pattern", ["bayer_rggb", "bayer_gbrg"])
@pytest.mark.parametrize("bits", [8, 16])
def test_a_mosaic_is_interpolated(pattern: str, bits: int) -> None:
    mosaic = GREY if bits == 8 else GREY.astype(np.uint16) * 257
    form = f"{pattern}{bits}; png compressed "
    decoded = decode_compressed_colour(message(file_of(mosaic), form))
    np.testing.assert_allclose(decoded, mosaic_to_rgb(GREY, pattern), atol=1)


@pytest.mark.parametrize("form", ["jpeg", "jpg", "rgb8; jpeg compressed bgr8", ""])
@pytest.mark.parametrize("progressive", [0, 1])
def test_a_jpeg_picture_has_the_pixels_that_opencv_gives(form: str, progressive: int) -> None:
    data = file_of(bgr(RGB), ".jpg", cv2.IMWRITE_JPEG_PROGRESSIVE, progressive)
    decoded = decode_compressed_colour(message(data, form))
    expected = bgr(np.asarray(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)))
    np.testing.assert_array_equal(decoded, expected)
    assert abs(decoded.astype(int) - RGB).mean() < 3.0


@pytest.mark.parametrize("form", ["jpeg", "mono8; jpeg compressed mono8"])
def test_a_grey_jpeg_picture_is_grey(form: str) -> None:
    decoded = decode_compressed_colour(message(file_of(GREY, ".jpg"), form))
    assert np.ptp(decoded, axis=2).max() == 0
    assert abs(decoded[..., 0].astype(int) - GREY).mean() < 3.0


def test_a_jpeg_picture_with_red_and_blue_exchanged_says_so() -> None:
    data = file_of(RGB, ".jpg")
    decoded = decode_compressed_colour(message(data, "rgb8; jpeg compressed rgb8"))
    assert abs(decoded.astype(int) - RGB).mean() < 3.0


def test_an_exif_orientation_does_not_turn_the_picture() -> None:
    """The calibration is that of the sensor."""
    entry = struct.pack(">HHIHH", 0x0112, 3, 1, 6, 0)
    tiff = b"MM\0*" + struct.pack(">IH", 8, 1) + entry + bytes(4)
    segment = b"\xff\xe1" + struct.pack(">H", 8 + len(tiff)) + b"Exif\0\0" + tiff
    data = file_of(bgr(RGB), ".jpg")
    turned = data[:2] + segment + data[2:]
    shown = np.asarray(cv2.imdecode(np.frombuffer(turned, np.uint8), cv2.IMREAD_COLOR))
    assert shown.shape == (64, 48, 3)
    assert decode_compressed_colour(message(turned, "jpeg")).shape == (48, 64, 3)


def test_a_jpeg_picture_that_its_camera_padded_is_whole() -> None:
    data = file_of(bgr(RGB), ".jpg")
    padded = data[:-2] + b"\0\0" + data[-2:] + bytes(10)
    np.testing.assert_array_equal(
        decode_compressed_colour(message(padded, "jpeg")),
        decode_compressed_colour(message(data, "jpeg")),
    )


@pytest.mark.parametrize("kind", ["jpg", "png"])
@pytest.mark.parametrize("samples", [RGB, GREY], ids=["colour", "grey"])
def test_pictures_of_cv_bridge_are_what_it_reads_in_them(kind: str, samples: NDArray[Any]) -> None:
    cv_bridge = pytest.importorskip("cv_bridge", reason="needs cv_bridge of a ROS installation")
    bridge = cv_bridge.CvBridge()
    sent = bridge.cv2_to_compressed_imgmsg(samples, kind)
    np.testing.assert_array_equal(
        decode_compressed_colour(sent), bridge.compressed_imgmsg_to_cv2(sent, "rgb8")
    )


JPEG, PNG, WEBP = (file_of(bgr(RGB), kind) for kind in (".jpg", ".png", ".webp"))


@pytest.mark.parametrize("kept", [3, 10, 60, 0.5, 0.9, -2, -1])
@pytest.mark.parametrize("data", [JPEG, PNG, WEBP], ids=["jpeg", "png", "webp"])
def test_a_picture_that_was_cut_off_is_refused(data: bytes, kept: float) -> None:
    end = int(len(data) * kept) if 0 < kept < 1 else int(kept)
    with pytest.raises(ImageError):
        decode_compressed_colour(message(data[:end], "jpeg"))


@pytest.mark.parametrize("kind", [".jpg", ".png"])
def test_a_picture_with_a_part_missing_is_refused(kind: str) -> None:
    """As when a packet of a USB camera is lost; OpenCV decodes such a file and says nothing."""
    noise = np.random.default_rng(0).integers(0, 256, (240, 320, 3), np.uint8)
    data = file_of(cv2.GaussianBlur(noise, (0, 0), 2.0), kind)
    for begin in range(len(data) // 4, len(data) - 600, len(data) // 20):
        with pytest.raises(ImageError, match="corrupt"):
            decode_compressed_colour(message(data[:begin] + data[begin + 512 :], kind[1:]))


def test_random_damage_is_an_error_or_a_picture() -> None:
    random = np.random.default_rng(1)
    for data in (JPEG, PNG, WEBP):
        for _ in range(200):
            damaged = bytearray(data)
            for place in random.integers(0, len(data), 3):
                damaged[place] ^= int(random.integers(1, 256))
            try:
                decoded = decode_compressed_colour(message(bytes(damaged), "jpeg"))
            except ImageError:
                continue
            assert decoded.dtype == np.uint8
            assert decoded.ndim == 3


def huge_png() -> bytes:
    """A file of a hundred bytes that says it is 60000 x 60000."""
    head = struct.pack(">IIBBBBB", 60000, 60000, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", head), (b"IDAT", zlib.compress(bytes(100))), (b"IEND", b"")]
    parts = [
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in chunks
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def huge_jpeg() -> bytes:
    frame = JPEG.index(b"\xff\xc0")
    return JPEG[: frame + 5] + struct.pack(">HH", 60000, 60000) + JPEG[frame + 9 :]


def huge_webp(kind: bytes) -> bytes:
    body = {
        b"VP8X": bytes(4) + b"\xff\xff\xff" * 2,
        b"VP8L": b"\x2f" + struct.pack("<I", 0x3FFF | 0x3FFF << 14) + bytes(9),
        b"VP8 ": b"\0\0\0\x9d\x01\x2a" + struct.pack("<HH", 0x3FFF, 0x3FFF),
    }[kind]
    chunk = kind + struct.pack("<I", len(body)) + body
    return b"RIFF" + struct.pack("<I", 4 + len(chunk)) + b"WEBP" + chunk


@pytest.mark.parametrize(
    "data",
    [huge_png(), huge_jpeg(), huge_webp(b"VP8X"), huge_webp(b"VP8L"), huge_webp(b"VP8 ")],
    ids=["png", "jpeg", "webp extended", "webp lossless", "webp lossy"],
)
def test_a_few_bytes_cannot_ask_for_gigabytes(data: bytes) -> None:
    with pytest.raises(ImageError, match="no camera's is so large"):
        decode_compressed_colour(message(data, "png"))


@pytest.mark.parametrize("kind", [".webp", ".png", ".jpg"])
@pytest.mark.parametrize("size", [(1, 1), (3, 301), (255, 257)])
def test_any_size_is_read_from_the_file(kind: str, size: tuple[int, int]) -> None:
    for quality in (50, 101):
        options = (cv2.IMWRITE_WEBP_QUALITY, quality) if kind == ".webp" else ()
        data = file_of(bgr(picture(*size)), kind, *options)
        assert decode_compressed_colour(message(data, "")).shape == (*size, 3)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "is empty"),
        (b"\xff", "neither JPEG nor PNG nor WebP"),
        (b"GIF89a" + bytes(100), "neither JPEG nor PNG nor WebP"),
        (file_of(bgr(RGB), ".tiff"), "neither JPEG nor PNG nor WebP"),
        (b"\xff\xd8" + bytes(100), "JPEG image is corrupt"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "has no pixels"),
        (b"RIFF" + bytes(100), "neither JPEG nor PNG nor WebP"),
    ],
)
def test_what_is_no_picture_is_named(data: bytes, reason: str) -> None:
    with pytest.raises(ImageError, match=reason):
        decode_compressed_colour(message(data, "rgb8; tiff compressed bgr8"))


# Depth

A, B = 100.0 * 101.0, 1.0 - 100.0 * 101.0 / 10.0  # the transport's defaults: depth_max 10 m


def depth_message(form: str, body: bytes, a: float = 0.0, b: float = 0.0) -> CompressedImage:
    return message(struct.pack("<iff", 0, a, b) + body, form)


def rvl_of_zeros(height: int, width: int) -> bytes:
    """One run of 2**18 zeros: seven nibbles, and none for no other values."""
    assert height * width == 2**18
    return struct.pack("<II", width, height) + bytes.fromhex("10888888")


@pytest.mark.parametrize(
    "form", ["16UC1; compressedDepth png", "16UC1; compressedDepth", "mono16; compressedDepth png"]
)
def test_png_depth_is_metres(form: str) -> None:
    decoded = decode_compressed_depth(depth_message(form, file_of(MILLIMETRES)))
    assert decoded.dtype == np.float32
    np.testing.assert_allclose(decoded, MILLIMETRES * 0.001, rtol=1e-6)


def test_rvl_depth_is_metres() -> None:
    body = struct.pack("<II", 13, 1) + bytes.fromhex("23f38a33f38c8e1221f3ffbf0010f1ec")
    decoded = decode_compressed_depth(depth_message("16UC1; compressedDepth rvl", body))
    expected = [[0, 0, 0, 1.0, 1.001, 0.999, 0, 65.535, 0.001, 0, 0, 0.5, 0]]
    np.testing.assert_allclose(decoded, expected, rtol=1e-6)
    empty = depth_message("16UC1; compressedDepth rvl", rvl_of_zeros(512, 512))
    assert not decode_compressed_depth(empty).any()
    assert decode_compressed_depth(empty).shape == (512, 512)


@pytest.mark.parametrize("codec", ["png", "rvl"])
def test_quantised_depth_is_metres_and_holes_are_nan(codec: str) -> None:
    """The transport writes a / depth + b as an integer, and 0 where there is no depth."""
    if codec == "png":
        metres = np.linspace(0.4, 9.0, 48 * 64).reshape(48, 64)
        quantised = (A / metres + B).astype(np.uint16)
        quantised[3, 4] = 0
        body = file_of(quantised)
    else:
        body = struct.pack("<II", 13, 1) + bytes.fromhex("23f38a33f38c8e1221f3ffbf0010f1ec")
        quantised = np.array([[0, 0, 0, 1000, 1001, 999, 0, 65535, 1, 0, 0, 500, 0]], np.uint16)
    decoded = decode_compressed_depth(depth_message(f"32FC1; compressedDepth {codec}", body, A, B))
    measured = quantised > 0
    assert np.isnan(decoded[~measured]).all()
    np.testing.assert_allclose(decoded[measured], A / (quantised[measured] - B), rtol=1e-5)
    if codec == "png":
        np.testing.assert_allclose(decoded[measured], metres[measured], rtol=2e-3)


@pytest.mark.parametrize(
    ("faulty", "reason"),
    [
        (message(file_of(MILLIMETRES), "16UC1; png compressed "), "not supported"),
        (depth_message("jpeg", JPEG), "'jpeg'"),
        (depth_message("8UC1; compressedDepth png", file_of(GREY)), "'8UC1; compressedDepth png'"),
        (message(b"", "16UC1; compressedDepth png"), "is empty"),
        (message(bytes(11), "16UC1; compressedDepth png"), "truncated: 11 bytes"),
        (message(bytes(12), "16UC1; compressedDepth png"), "neither"),
        (message(bytes(14), "16UC1; compressedDepth rvl"), "ends before its size"),
        (depth_message("16UC1; compressedDepth png", file_of(GREY)), "16 bits"),
        (depth_message("16UC1; compressedDepth png", file_of(bgr(DEEP))), "one channel"),
        (depth_message("16UC1; compressedDepth png", file_of(MILLIMETRES)[:-50]), "corrupt"),
        (depth_message("16UC1; compressedDepth png", huge_png()), "so large"),
        (
            depth_message("16UC1; compressedDepth rvl", struct.pack("<II", 2**31, 2**31)),
            "so large",
        ),
        (depth_message("16UC1; compressedDepth rvl", struct.pack("<II", 0, 4)), "no pixels"),
        (depth_message("16UC1; compressedDepth rvl", struct.pack("<II", 9, 4)), "ends after 0"),
    ],
)
def test_bad_depth_says_what_is_wrong(faulty: CompressedImage, reason: str) -> None:
    with pytest.raises(ImageError, match=reason):
        decode_compressed_depth(faulty)


def test_random_damage_of_depth_is_an_error_or_depth() -> None:
    random = np.random.default_rng(2)
    rvl = struct.pack("<II", 13, 1) + bytes.fromhex("23f38a33f38c8e1221f3ffbf0010f1ec")
    for codec, body in (("png", file_of(MILLIMETRES)), ("rvl", rvl)):
        for _ in range(300):
            damaged = bytearray(depth_message("", body, A, B).data)
            damaged[int(random.integers(0, len(damaged)))] ^= int(random.integers(1, 256))
            form = f"32FC1; compressedDepth {codec}"
            try:
                decoded = decode_compressed_depth(message(bytes(damaged), form))
            except ImageError:
                continue
            assert decoded.dtype == np.float32
            assert decoded.ndim == 2
