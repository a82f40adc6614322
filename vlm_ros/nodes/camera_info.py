"""Camera calibration between sensor_msgs/CameraInfo and the pinhole camera."""

from __future__ import annotations

from sensor_msgs.msg import CameraInfo
from std_msgs.msg import Header

from vlm_ros.geometry.camera import Intrinsics


def intrinsics_of(message: CameraInfo) -> Intrinsics | None:
    """The pinhole camera of a rectified image.

    The projection matrix P describes rectified images (REP 104); a driver that leaves it empty
    has no distortion to correct, so that K says the same.

    Returns:
        None for an uncalibrated camera, which REP 104 marks by a zero matrix.
    """
    p, k = message.p, message.k
    fx, fy, cx, cy = (p[0], p[5], p[2], p[6]) if p[0] else (k[0], k[4], k[2], k[5])
    if fx <= 0.0 or fy <= 0.0:
        return None
    return Intrinsics(message.width, message.height, fx, fy, cx, cy)


def camera_info_of(camera: Intrinsics, header: Header) -> CameraInfo:
    """The calibration message of a camera without distortion."""
    message = CameraInfo(header=header, width=camera.width, height=camera.height)
    message.distortion_model = "plumb_bob"
    message.d = [0.0] * 5
    message.k = [camera.fx, 0.0, camera.cx, 0.0, camera.fy, camera.cy, 0.0, 0.0, 1.0]
    message.r = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0]
    message.p = [
        *(camera.fx, 0.0, camera.cx, 0.0),
        *(0.0, camera.fy, camera.cy, 0.0),
        *(0.0, 0.0, 1.0, 0.0),
    ]
    return message
