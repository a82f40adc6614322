"""A frame with its depth, or with the reason why it has none."""

from __future__ import annotations

import struct
import time
from collections.abc import Callable

import cv2
import numpy as np
import pytest

pytest.importorskip("rclpy", reason="needs ROS 2")

from builtin_interfaces.msg import Time
from sensor_msgs.msg import CameraInfo, CompressedImage, Image
from std_msgs.msg import Header

from vlm_ros.errors import ImageError
from vlm_ros.geometry.camera import Intrinsics
from vlm_ros.nodes.camera_frame import CameraFrame
from vlm_ros.nodes.camera_info import camera_info_of, rectified_camera
from vlm_ros.nodes.depth_source import DepthSource, MeasuredDepth
from vlm_ros.nodes.images import encode_image

HEADER = Header(stamp=Time(sec=7, nanosec=5), frame_id="eye")
COLOUR = np.full((4, 6, 3), 60, np.uint8)
DEPTH = np.full((4, 6), 1500, np.uint16)
CAMERA = Intrinsics(6, 4, 5.0, 5.0, 3.0, 2.0)


def compressed_depth() -> CompressedImage:
    data = struct.pack("<iff", 0, 0.0, 0.0) + bytes(cv2.imencode(".png", DEPTH)[1])
    return CompressedImage(header=HEADER, format="16UC1; compressedDepth png", data=data)


def measured(
    depth: Image | CompressedImage | None,
    camera_info: CameraInfo | None,
    camera_of: Callable[[CameraInfo], Intrinsics | None] = rectified_camera,
) -> tuple[MeasuredDepth, dict[str, int]]:
    """The depth of an image, and the counts after it."""
    source = DepthSource("/depth", "/camera_info")
    if depth is not None:
        source.depths.add(depth)
    if camera_info is not None:
        source.keep_camera_info(camera_info)
    frame = CameraFrame("", encode_image(COLOUR, HEADER), source)
    return frame.measured(frame.colour(), 0.02, 0.0, camera_of), source.counts()


def test_the_header_is_that_of_the_image() -> None:
    image = encode_image(COLOUR, HEADER)
    frame = CameraFrame("wrist", image, DepthSource("/depth", "/camera_info"))
    assert frame.header is image.header
    assert frame.stamp == 7_000_000_005
    np.testing.assert_array_equal(frame.colour(), COLOUR)


def test_a_compressed_image_is_decoded() -> None:
    data = bytes(cv2.imencode(".png", COLOUR)[1])
    image = CompressedImage(header=HEADER, format="png", data=data)
    frame = CameraFrame("", image, DepthSource("/depth", "/camera_info"))
    np.testing.assert_array_equal(frame.colour(), COLOUR)
    image.data = data[:-9]
    with pytest.raises(ImageError, match="corrupt"):
        frame.colour()


def test_depth_and_a_calibration_are_needed() -> None:
    source = DepthSource("/depth", "/camera_info")
    source.depths.add(encode_image(DEPTH, HEADER))
    assert not source.is_ready
    source.keep_camera_info(camera_info_of(CAMERA, HEADER))
    assert source.is_ready


@pytest.mark.parametrize(
    "depth",
    [
        encode_image(DEPTH, HEADER),
        encode_image(DEPTH, Header(stamp=HEADER.stamp)),
        compressed_depth(),
    ],
)
def test_depth_comes_with_the_camera_it_was_measured_with(depth: Image | CompressedImage) -> None:
    found, counts = measured(depth, camera_info_of(CAMERA, HEADER))
    assert found.reason == ""
    assert found.camera is not None
    assert found.camera.fx == CAMERA.fx
    assert found.depth is not None
    np.testing.assert_allclose(found.depth, 1.5, rtol=1e-6)
    assert counts == {"paired": 1, "missing": 0, "late": 0, "unusable": 0}


def refusing(message: CameraInfo) -> Intrinsics | None:
    raise ImageError("The lens is unheard of.")


@pytest.mark.parametrize(
    ("depth", "camera_info", "camera_of", "reason"),
    [
        (None, camera_info_of(CAMERA, HEADER), rectified_camera, "No depth image comes"),
        (
            encode_image(DEPTH, Header(stamp=Time(sec=8), frame_id="eye")),
            camera_info_of(CAMERA, HEADER),
            rectified_camera,
            "nearest is 1000 ms newer",
        ),
        (
            encode_image(DEPTH, Header(stamp=HEADER.stamp, frame_id="infrared_eye")),
            camera_info_of(CAMERA, HEADER),
            rectified_camera,
            "'/depth' is in the frame 'infrared_eye', but the colour image in 'eye'",
        ),
        (encode_image(DEPTH, HEADER), None, rectified_camera, "No calibration comes"),
        (
            encode_image(DEPTH, HEADER),
            CameraInfo(width=6, height=4),
            rectified_camera,
            "'/camera_info' says: the camera is not calibrated",
        ),
        (
            encode_image(DEPTH, HEADER),
            camera_info_of(Intrinsics(12, 8, 5.0, 5.0, 3.0, 2.0), HEADER),
            rectified_camera,
            "'/camera_info' is 12 x 8, but the colour image is 6 x 4",
        ),
        (
            encode_image(DEPTH[:2], HEADER),
            camera_info_of(CAMERA, HEADER),
            rectified_camera,
            "'/depth' is 6 x 2, but the colour image is 6 x 4",
        ),
        (
            encode_image(COLOUR, HEADER),
            camera_info_of(CAMERA, HEADER),
            rectified_camera,
            "'/depth': The depth image has the encoding 'rgb8'",
        ),
        (
            CompressedImage(header=HEADER, format="16UC1; compressedDepth png", data=b"no"),
            camera_info_of(CAMERA, HEADER),
            rectified_camera,
            "'/depth': The compressed depth is truncated",
        ),
        (encode_image(DEPTH, HEADER), camera_info_of(CAMERA, HEADER), refusing, "unheard of"),
    ],
)
def test_why_there_is_no_depth_is_told(
    depth: Image | CompressedImage | None,
    camera_info: CameraInfo | None,
    camera_of: Callable[[CameraInfo], Intrinsics | None],
    reason: str,
) -> None:
    found, counts = measured(depth, camera_info, camera_of)
    assert reason in found.reason
    assert found.depth is None
    assert found.camera is None
    assert counts["paired"] == 0
    assert counts["missing"] + counts["unusable"] == 1


def test_nothing_is_left_once_the_stream_stops() -> None:
    source = DepthSource("/depth", "/camera_info")
    source.depths.add(encode_image(DEPTH, HEADER))
    source.keep_camera_info(camera_info_of(CAMERA, HEADER))
    source.clear()
    assert not source.is_ready
    begun = time.monotonic()
    found = source.measured(HEADER, (4, 6), 0.02, 5.0, rectified_camera)
    assert found.reason == "No depth image comes on '/depth'."
    assert time.monotonic() - begun < 0.5
