"""The camera as the grounding node sees it: colour, depth and calibration."""

from __future__ import annotations

import time
from collections.abc import Callable

from rclpy.node import Node
from sensor_msgs.msg import CameraInfo, CompressedImage, Image

from vlm_ros.nodes.camera_frame import CameraFrame
from vlm_ros.nodes.clock import nanoseconds
from vlm_ros.nodes.depth_source import DepthSource
from vlm_ros.nodes.following_subscription import FollowingSubscription
from vlm_ros.nodes.frame_order import FrameOrder
from vlm_ros.nodes.qos import newest_only, newest_or_kept
from vlm_ros.nodes.transports import Transports, transported_topic, transported_type

_DEPTH_GRACE_S = 0.5


class CameraInput:
    """Subscriptions to one camera, open only while somebody wants its images.

    The topics of a camera are matched one after another. Where depth is published, the first
    images are left out until depth has begun to come, for half a second at most, so that the
    first answer is not one without a position.

    Every method belongs to the thread that spins the node.
    """

    def __init__(
        self,
        node: Node,
        name: str,
        on_frame: Callable[[CameraFrame], None],
        transports: Transports,
    ) -> None:
        """Prepare the topics `image`, `depth` and `camera_info`.

        Args:
            node: subscribes.
            name: goes before the topics, as in `wrist/image`; empty for a camera without a name.
            on_frame: called with each image in the order of their stamps (see `FrameOrder`).
            transports: how images and depth travel.
        """
        self.name = name
        self._on_frame = on_frame
        self._order = FrameOrder()
        self._frames = 0
        self._depth_due = 0.0

        def resolved(topic: str) -> str:
            return str(node.resolve_topic_name(f"{name}/{topic}" if name else topic))

        depth_topic = transported_topic(resolved("depth"), transports.depth)
        camera_info_topic = resolved("camera_info")
        self._depth_source = DepthSource(depth_topic, camera_info_topic)
        self._image = FollowingSubscription(
            node,
            transported_type(transports.image),
            transported_topic(resolved("image"), transports.image),
            self._pass_on,
            newest_only,
        )
        self._depth = FollowingSubscription(
            node,
            transported_type(transports.depth),
            depth_topic,
            self._depth_source.depths.add,
            newest_only,
        )
        self._camera_info = FollowingSubscription(
            node,
            CameraInfo,
            camera_info_topic,
            self._depth_source.keep_camera_info,
            newest_or_kept,
        )
        self._subscriptions = (self._depth, self._camera_info, self._image)

    @property
    def topic(self) -> str:
        """The topic of the colour images after remapping."""
        return self._image.topic

    @property
    def is_open(self) -> bool:
        """Whether images are received."""
        return self._image.is_open

    @property
    def problem(self) -> str:
        """Why no image can come, as a sentence; empty where nothing is known to be wrong."""
        return self._image.problem

    def open(self) -> None:
        """Start receiving; where it is open, take the next image whatever its stamp."""
        self._order.forget()
        if self.is_open:
            return
        for subscription in self._subscriptions:
            subscription.open()
        expected = self._depth.is_published and self._camera_info.is_published
        self._depth_due = time.monotonic() + (_DEPTH_GRACE_S if expected else 0.0)

    def close(self) -> None:
        """Stop receiving and forget what came."""
        for subscription in self._subscriptions:
            subscription.close()
        self._order.forget()
        self._depth_source.clear()

    def follow(self) -> None:
        """Adapt to publishers that have come or gone."""
        for subscription in self._subscriptions:
            subscription.follow()

    def counts(self) -> dict[str, int]:
        """What has come since the start, and what became of it, for diagnostics."""
        return {
            "images": self._frames,
            "images unreadable": self._image.unreadable,
            "images duplicated": self._order.duplicates,
            "images late": self._order.late,
            "clock jumps": self._order.jumps,
            "depth unreadable": self._depth.unreadable,
            **{f"depth {what}": n for what, n in self._depth_source.counts().items()},
        }

    def _pass_on(self, image: Image | CompressedImage) -> None:
        self._frames += 1
        if not self._depth_source.is_ready and time.monotonic() < self._depth_due:
            return
        jumps = self._order.jumps
        if not self._order.admits(image):
            return
        if self._order.jumps > jumps:
            self._depth_source.depths.clock_went_back(nanoseconds(image.header.stamp))
        self._on_frame(CameraFrame(self.name, image, self._depth_source))
