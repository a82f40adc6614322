"""What the grounding node publishes about an image."""

from __future__ import annotations

import array
from collections.abc import Sequence
from typing import Any

import simplejpeg
from geometry_msgs.msg import PoseStamped
from numpy import uint8
from numpy.typing import NDArray
from rclpy.lifecycle import LifecycleNode
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Header
from visualization_msgs.msg import MarkerArray

from vlm_ros.drawing import draw_grounding
from vlm_ros.language import Command
from vlm_ros.msg import Target, TargetArray
from vlm_ros.nodes.detections import detections_2d, detections_3d, vision_msgs_installed
from vlm_ros.nodes.images import encode_image
from vlm_ros.nodes.markers import Markers
from vlm_ros.nodes.messages import best_target, target_pose
from vlm_ros.pipeline import StepAnswer

_KEPT = 5
_JPEG_QUALITY = 85


class Outputs:
    """The publishers of a lifecycle node; they are silent while it is not active.

    What takes time to make is made only while somebody subscribes.
    """

    def __init__(self, node: LifecycleNode, cameras: Sequence[str]) -> None:
        """Offer the topics.

        Args:
            node: publishes.
            cameras: names; each has a topic for the picture of its answers.
        """
        self._targets = node.create_lifecycle_publisher(TargetArray, "~/targets", _KEPT)
        self._target = node.create_lifecycle_publisher(Target, "~/target", _KEPT)
        self._pose = node.create_lifecycle_publisher(PoseStamped, "~/target_pose", _KEPT)
        self._markers = node.create_lifecycle_publisher(MarkerArray, "~/markers", _KEPT)
        self._detections = list(_detection_publishers(node))
        self._shown = Markers()
        self._overlays = {name: _Overlay(node, name) for name in cameras}

    def announce(self, answer: TargetArray, command: Command | None) -> None:
        """Publish an answer, or that a command could not be read; nothing that has a place."""
        self._target.publish(best_target(answer, command))
        self._targets.publish(answer)

    def publish(self, answer: TargetArray, command: Command, target_frame: str) -> None:
        """Publish the answer for one image.

        Args:
            answer: for it.
            command: what it answers.
            target_frame: that poses were asked for in; empty for the camera's optical frame.
        """
        self.announce(answer, command)
        pose = target_pose(best_target(answer, command), target_frame)
        if pose is not None:
            self._pose.publish(pose)
        for publisher, detections in self._detections:
            if publisher.get_subscription_count():
                publisher.publish(detections(answer))
        if self._markers.get_subscription_count():
            self._markers.publish(self._shown.of(answer))

    def clear(self) -> None:
        """Remove what is shown of the last answers."""
        removal = self._shown.removed()
        if removal.markers:
            self._markers.publish(removal)

    def draw(
        self, answer: TargetArray, image: NDArray[uint8], answers: Sequence[StepAnswer]
    ) -> bool:
        """Publish the image with the answer drawn on it; whether anybody is listening.

        Args:
            answer: the one for the image.
            image: (H, W, 3) RGB.
            answers: what to draw.
        """
        return self._overlays[answer.camera].draw(answer, image, answers)


class _Overlay:
    """The picture of a camera's answers, raw and as JPEG under image_transport's name for it."""

    def __init__(self, node: LifecycleNode, camera: str) -> None:
        topic = f"~/{camera}/overlay" if camera else "~/overlay"
        self._raw = node.create_lifecycle_publisher(Image, topic, 1)
        self._jpeg = node.create_lifecycle_publisher(CompressedImage, f"{topic}/compressed", 1)

    def draw(
        self, answer: TargetArray, image: NDArray[uint8], answers: Sequence[StepAnswer]
    ) -> bool:
        raw, jpeg = self._raw.get_subscription_count(), self._jpeg.get_subscription_count()
        if not (raw or jpeg):
            return False
        drawn = draw_grounding(image, answers, answer.command)
        if raw:
            self._raw.publish(encode_image(drawn, answer.header))
        if jpeg:
            self._jpeg.publish(_jpeg(drawn, answer.header))
        return True


def _jpeg(picture: NDArray[uint8], header: Header) -> CompressedImage:
    """(H, W, 3) RGB as a message, in the words of compressed_image_transport."""
    message = CompressedImage(header=header, format="rgb8; jpeg compressed bgr8")
    message.data = array.array("B", simplejpeg.encode_jpeg(picture, _JPEG_QUALITY, "RGB"))
    return message


def _detection_publishers(node: LifecycleNode) -> Any:
    """Pairs of a publisher and what makes its message; none without vision_msgs."""
    if not vision_msgs_installed():
        return
    from vision_msgs.msg import Detection2DArray, Detection3DArray

    offer = node.create_lifecycle_publisher
    yield offer(Detection2DArray, "~/detections", _KEPT), detections_2d
    yield offer(Detection3DArray, "~/detections_3d", _KEPT), detections_3d
