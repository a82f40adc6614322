from __future__ import annotations

import pytest

pytest.importorskip("rclpy", reason="needs ROS 2")

from sensor_msgs.msg import CameraInfo
from std_msgs.msg import Header

from vlm_ros.geometry.camera import Intrinsics
from vlm_ros.nodes.camera_info import camera_info_of, intrinsics_of

CAMERA = Intrinsics(640, 480, 615.0, 616.0, 319.5, 239.5)
K = [500.0, 0.0, 300.0, 0.0, 501.0, 200.0, 0.0, 0.0, 1.0]
P = [400.0, 0.0, 310.0, 0.0, 0.0, 401.0, 210.0, 0.0, 0.0, 0.0, 1.0, 0.0]


def test_a_camera_survives_the_message() -> None:
    assert intrinsics_of(camera_info_of(CAMERA, Header())) == CAMERA


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, None),
        ({"k": K}, Intrinsics(640, 480, 500.0, 501.0, 300.0, 200.0)),
        ({"k": K, "p": P}, Intrinsics(640, 480, 400.0, 401.0, 310.0, 210.0)),
    ],
)
def test_the_rectified_camera_is_taken(
    fields: dict[str, list[float]], expected: Intrinsics | None
) -> None:
    assert intrinsics_of(CameraInfo(width=640, height=480, **fields)) == expected
