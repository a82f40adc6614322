"""The camera as the grounding node sees it: colour, depth and calibration."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from rclpy.node import Node
from sensor_msgs.msg import CameraInfo, Image

from vlm_ros.errors import ImageError
from vlm_ros.geometry.camera import Intrinsics
from vlm_ros.nodes.camera_info import intrinsics_of
from vlm_ros.nodes.clock import nanoseconds
from vlm_ros.nodes.depth_buffer import DepthBuffer
from vlm_ros.nodes.following_subscription import FollowingSubscription
from vlm_ros.nodes.images import decode_depth

_DEPTH_GRACE_S = 0.5
_LOG_PERIOD_S = 5.0


@dataclass(frozen=True)
class MeasuredDepth:
    """The depth of one colour image.

    Attributes:
        depth: (H, W) float32 metres, registered to the image; None where there is none that fits.
        camera: that it was measured with; None where it is not calibrated.
    """

    depth: NDArray[np.float32] | None
    camera: Intrinsics | None


class CameraInput:
    """Subscriptions to one camera, open only while somebody wants its images.

    The topics of a camera are matched one after another. Where depth is published, the first
    images are left out until depth has begun to come, for half a second at most, so that the
    first answer is not one without a position.
    """

    def __init__(self, node: Node, on_image: Callable[[Image], None]) -> None:
        """Prepare the topics `image`, `depth` and `camera_info`.

        Args:
            node: subscribes.
            on_image: called with every colour image, in the thread that spins the node.
        """
        self._node = node
        self._depths = DepthBuffer()
        self._newest_camera_info: CameraInfo | None = None
        self._on_image = on_image
        self._depth_due = 0.0
        self._image = FollowingSubscription(node, Image, "image", self._pass_on)
        self._depth = FollowingSubscription(node, Image, "depth", self._depths.add)
        self._camera_info = FollowingSubscription(
            node, CameraInfo, "camera_info", self._keep_camera_info
        )
        self._subscriptions = (self._depth, self._camera_info, self._image)

    @property
    def topic(self) -> str:
        """The topic of the colour images after remapping."""
        return self._image.topic

    def open(self) -> None:
        """Start receiving; does nothing if open."""
        if self._image.is_open:
            return
        for subscription in self._subscriptions:
            subscription.open()
        expected = self._depth.is_published and self._camera_info.is_published
        self._depth_due = time.monotonic() + (_DEPTH_GRACE_S if expected else 0.0)

    def close(self) -> None:
        """Stop receiving and forget what came."""
        for subscription in self._subscriptions:
            subscription.close()
        self._depths.clear()
        self._newest_camera_info = None

    def follow(self) -> None:
        """Adapt to publishers that have come or gone."""
        for subscription in self._subscriptions:
            subscription.follow()

    def depth_of(self, image: Image, tolerance: float, wait: float) -> MeasuredDepth:
        """The depth that belongs to a colour image; called from the inference thread.

        Args:
            image: of this camera.
            tolerance: largest difference of the stamps, seconds.
            wait: longest wait for depth to come, seconds.
        """
        stamp = nanoseconds(image.header.stamp)
        message = self._depths.match(stamp, round(tolerance * 1e9), wait)
        camera_info = self._newest_camera_info
        if message is None or camera_info is None:
            return MeasuredDepth(None, None)
        try:
            _check_size("depth", message, image)
            _check_size("camera_info", camera_info, image)
            return MeasuredDepth(decode_depth(message), intrinsics_of(camera_info))
        except ImageError as error:
            self._node.get_logger().warning(
                f"targets have no position: {error}", throttle_duration_sec=_LOG_PERIOD_S
            )
            return MeasuredDepth(None, None)

    def _pass_on(self, image: Image) -> None:
        has_depth = not self._depths.is_empty and self._newest_camera_info is not None
        if has_depth or time.monotonic() >= self._depth_due:
            self._on_image(image)

    def _keep_camera_info(self, message: CameraInfo) -> None:
        self._newest_camera_info = message


def _check_size(name: str, message: Image | CameraInfo, image: Image) -> None:
    if (message.width, message.height) != (image.width, image.height):
        raise ImageError(
            f"'{name}' is {message.width} x {message.height}, but the colour image is "
            f"{image.width} x {image.height}; publish depth that is registered to it."
        )
