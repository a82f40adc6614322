"""Camera calibration between sensor_msgs/CameraInfo and the camera that sees."""

from __future__ import annotations

from sensor_msgs.msg import CameraInfo
from std_msgs.msg import Header

from vlm_ros.geometry.camera import FISHEYE, Distortion, Intrinsics


def raw_camera(message: CameraInfo) -> Intrinsics | None:
    """The camera of an image as the lens shows it: matrix K and distortion D.

    Returns:
        None for an uncalibrated camera, which CameraInfo marks by a zero matrix.

    Raises:
        ImageError: the distortion model is unknown or lacks coefficients.
    """
    k = message.k
    return _camera(message, k[0], k[4], k[2], k[5], _distortion(message))


def rectified_camera(message: CameraInfo) -> Intrinsics | None:
    """The pinhole camera of a rectified image: projection matrix P.

    A driver that leaves P empty has no distortion to correct, so that K says the same.

    Returns:
        None for an uncalibrated camera, which CameraInfo marks by a zero matrix.
    """
    p, k = message.p, message.k
    fx, fy, cx, cy = (p[0], p[5], p[2], p[6]) if p[0] else (k[0], k[4], k[2], k[5])
    return _camera(message, fx, fy, cx, cy, None)


def camera_info_of(camera: Intrinsics, header: Header) -> CameraInfo:
    """The calibration message of a camera."""
    message = CameraInfo(header=header, width=camera.width, height=camera.height)
    message.distortion_model = "plumb_bob"
    message.d = [0.0] * 5
    if camera.distortion is not None:
        message.distortion_model = camera.distortion.model
        message.d = list(camera.distortion.coefficients)
    message.k = [camera.fx, 0.0, camera.cx, 0.0, camera.fy, camera.cy, 0.0, 0.0, 1.0]
    message.r = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0]
    message.p = [
        *(camera.fx, 0.0, camera.cx, 0.0),
        *(0.0, camera.fy, camera.cy, 0.0),
        *(0.0, 0.0, 1.0, 0.0),
    ]
    return message


def _camera(
    message: CameraInfo,
    fx: float,
    fy: float,
    cx: float,
    cy: float,
    distortion: Distortion | None,
) -> Intrinsics | None:
    """The camera of the image that is sent: a part of the sensor (roi), coarser (binning).

    Matrices are those of the whole sensor. Principal points are moved and scaled as image_geometry
    does it.
    """
    if fx <= 0.0 or fy <= 0.0:
        return None
    roi = message.roi
    across, down = max(message.binning_x, 1), max(message.binning_y, 1)
    return Intrinsics(
        width=(roi.width or message.width) // across,
        height=(roi.height or message.height) // down,
        fx=fx / across,
        fy=fy / down,
        cx=(cx - roi.x_offset) / across,
        cy=(cy - roi.y_offset) / down,
        distortion=distortion,
    )


def _distortion(message: CameraInfo) -> Distortion | None:
    """None for a pinhole: coefficients of zero are one, but in the equidistant model."""
    model = message.distortion_model
    if not any(message.d) and (model != FISHEYE or not len(message.d)):
        return None
    return Distortion(model, tuple(float(value) for value in message.d))
