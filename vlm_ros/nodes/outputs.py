"""What the grounding node publishes about an image."""

from __future__ import annotations

from collections.abc import Sequence

from geometry_msgs.msg import PoseStamped
from numpy import uint8
from numpy.typing import NDArray
from rclpy.lifecycle import LifecycleNode
from sensor_msgs.msg import Image

from vlm_ros.drawing import draw_grounding
from vlm_ros.language import Command
from vlm_ros.msg import Target, TargetArray
from vlm_ros.nodes.images import encode_image
from vlm_ros.nodes.messages import best_target, target_pose
from vlm_ros.pipeline import StepAnswer


class Outputs:
    """The publishers of a lifecycle node; they are silent while it is not active."""

    def __init__(self, node: LifecycleNode) -> None:
        """Offer the topics."""
        self._targets = node.create_lifecycle_publisher(TargetArray, "~/targets", 5)
        self._target = node.create_lifecycle_publisher(Target, "~/target", 5)
        self._pose = node.create_lifecycle_publisher(PoseStamped, "~/target_pose", 5)
        self._overlay = node.create_lifecycle_publisher(Image, "~/overlay", 1)

    def publish(self, array: TargetArray, command: Command | None) -> None:
        """Publish the answer for one image, or for a command that could not be read."""
        best = best_target(array, command)
        self._target.publish(best)
        self._targets.publish(array)
        if best.has_position:
            self._pose.publish(target_pose(best))

    def publish_overlay(
        self, array: TargetArray, image: NDArray[uint8], answers: Sequence[StepAnswer]
    ) -> None:
        """Publish the image with the answer drawn on it, if anybody is listening.

        Args:
            array: the answer for the image.
            image: (H, W, 3) RGB.
            answers: what to draw.
        """
        if self._overlay.get_subscription_count():
            drawn = draw_grounding(image, answers, array.command)
            self._overlay.publish(encode_image(drawn, array.header))
