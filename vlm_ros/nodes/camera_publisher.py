"""Publishes frames under the topics and frame names of a RealSense driver."""

from __future__ import annotations

import numpy as np
from builtin_interfaces.msg import Time
from numpy.typing import NDArray
from rclpy.node import Node
from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import Header

from vlm_ros.nodes.images import encode_image

OPTICAL_FRAME = "camera_color_optical_frame"
COLOUR_TOPIC = "camera/color/image_raw"
CAMERA_INFO_TOPIC = "camera/color/camera_info"
DEPTH_TOPIC = "camera/aligned_depth_to_color/image_raw"

_KEPT = 2


class CameraPublisher:
    """One camera: everything of a frame carries the same stamp and frame."""

    def __init__(self, node: Node) -> None:
        """Offer the topics, reliably, as the driver does."""
        self._colour = node.create_publisher(Image, COLOUR_TOPIC, _KEPT)
        self._camera_info = node.create_publisher(CameraInfo, CAMERA_INFO_TOPIC, _KEPT)
        self._depth = node.create_publisher(Image, DEPTH_TOPIC, _KEPT)

    def publish(
        self,
        stamp: Time,
        colour: NDArray[np.uint8],
        depth: NDArray[np.uint16] | NDArray[np.float32] | None,
        camera_info: CameraInfo | None,
    ) -> Header:
        """Publish one frame.

        Args:
            stamp: of everything.
            colour: (H, W, 3) uint8 RGB.
            depth: (H, W), uint16 millimetres or float32 metres; None for a camera without depth.
            camera_info: calibration, of which the header is replaced; None where it is not known.

        Returns:
            The header that everything carries.
        """
        header = Header(stamp=stamp, frame_id=OPTICAL_FRAME)
        if camera_info is not None:
            camera_info.header = header
            self._camera_info.publish(camera_info)
        if depth is not None:
            self._depth.publish(encode_image(depth, header))
        self._colour.publish(encode_image(colour, header))
        return header
