from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("rclpy", reason="needs ROS 2")

from sensor_msgs.msg import CameraInfo, RegionOfInterest
from std_msgs.msg import Header

from vlm_ros.errors import ImageError
from vlm_ros.geometry.camera import Distortion, Intrinsics
from vlm_ros.nodes.camera_info import camera_info_of, raw_camera, rectified_camera

CAMERA = Intrinsics(640, 480, 615.0, 616.0, 319.5, 239.5)
K = [500.0, 0.0, 300.0, 0.0, 501.0, 200.0, 0.0, 0.0, 1.0]
P = [400.0, 0.0, 310.0, 0.0, 0.0, 401.0, 210.0, 0.0, 0.0, 0.0, 1.0, 0.0]
BROWN = Distortion("plumb_bob", (0.1, -0.2, 0.001, 0.0, 0.0))
FISHEYE = Distortion("equidistant", (0.0, 0.0, 0.0, 0.0))


@pytest.mark.parametrize("distortion", [None, BROWN, FISHEYE])
def test_a_camera_survives_the_message(distortion: Distortion | None) -> None:
    camera = Intrinsics(640, 480, 615.0, 616.0, 319.5, 239.5, distortion)
    message = camera_info_of(camera, Header())
    assert raw_camera(message) == camera
    assert rectified_camera(message) == CAMERA


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, None),
        ({"k": K}, Intrinsics(640, 480, 500.0, 501.0, 300.0, 200.0)),
        ({"k": K, "p": P}, Intrinsics(640, 480, 400.0, 401.0, 310.0, 210.0)),
    ],
)
def test_the_camera_of_a_rectified_image(
    fields: dict[str, list[float]], expected: Intrinsics | None
) -> None:
    assert rectified_camera(CameraInfo(width=640, height=480, **fields)) == expected


@pytest.mark.parametrize(
    ("fields", "distortion"),
    [
        ({"distortion_model": "plumb_bob", "d": [0.1, -0.2, 0.001, 0.0, 0.0]}, BROWN),
        ({"distortion_model": "plumb_bob", "d": [0.0] * 5}, None),
        ({"distortion_model": "", "d": []}, None),
        ({"distortion_model": "equidistant", "d": []}, None),
        ({"distortion_model": "equidistant", "d": [0.0] * 4}, FISHEYE),
    ],
)
def test_the_camera_of_an_image_as_the_lens_shows_it(
    fields: dict[str, Any], distortion: Distortion | None
) -> None:
    message = CameraInfo(width=640, height=480, k=K, p=P, **fields)
    assert raw_camera(message) == Intrinsics(640, 480, 500.0, 501.0, 300.0, 200.0, distortion)


def test_an_uncalibrated_camera_has_none() -> None:
    assert raw_camera(CameraInfo(width=640, height=480)) is None


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"distortion_model": "omni", "d": [0.1] * 4}, "'omni'.*plumb_bob.*rectify"),
        ({"distortion_model": "plumb_bob", "d": [0.1] * 3}, "4 or 5 numbers"),
        ({"distortion_model": "equidistant", "d": [0.1] * 5}, "4 numbers"),
        ({"distortion_model": "plumb_bob", "d": [float("nan")] * 5}, "nan"),
    ],
)
def test_a_lens_that_cannot_be_undone_is_refused(fields: dict[str, Any], said: str) -> None:
    message = CameraInfo(width=640, height=480, k=K, p=P, **fields)
    with pytest.raises(ImageError, match=said):
        raw_camera(message)
    assert rectified_camera(message) is not None, "a rectified image is none of the lens's"


def test_a_part_of_the_sensor_read_coarsely() -> None:
    message = CameraInfo(
        width=1280,
        height=960,
        k=K,
        p=P,
        binning_x=2,
        binning_y=4,
        roi=RegionOfInterest(x_offset=100, y_offset=40, width=640, height=480),
    )
    assert raw_camera(message) == Intrinsics(320, 120, 250.0, 125.25, 100.0, 40.0)
    assert rectified_camera(message) == Intrinsics(320, 120, 200.0, 100.25, 105.0, 42.5)
