"""The whole way of a command, shown: simulator, grounding node, and the truth beside the answer."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import rclpy
from numpy.typing import NDArray
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node
from sensor_msgs.msg import Image

from vlm_ros.errors import VlmRosError
from vlm_ros.geometry.boxes import iou
from vlm_ros.msg import BoundingBox, SceneObject, SceneTruth, Target
from vlm_ros.nodes.camera_publisher import CAMERA_INFO_TOPIC, COLOUR_TOPIC, DEPTH_TOPIC
from vlm_ros.nodes.child_process import ChildProcess
from vlm_ros.nodes.clock import nanoseconds
from vlm_ros.nodes.images import decode_colour
from vlm_ros.nodes.target_finder import FindResult, TargetFinder
from vlm_ros.nodes.transport import use_image_transport

_RATE = "10"
_START_S = 30.0
_LAST_MESSAGES_S = 5.0
_KEPT = 20


class DemonstrationError(VlmRosError):
    """The demonstration could not be carried out."""


@dataclass(frozen=True)
class Demonstration:
    """What came of it.

    Attributes:
        result: the answer of the action.
        seconds: from sending the goal to its result.
        truth: of the image that was answered; None where no image was.
        picture: (H, W, 3) uint8 RGB, the answer drawn on its image; None where there is none.
    """

    result: FindResult
    seconds: float
    truth: SceneTruth | None
    picture: NDArray[np.uint8] | None


@dataclass(frozen=True)
class Match:
    """The object that a target's box fits best.

    Attributes:
        object: of the truth.
        iou: of the two boxes.
        distance: metres from the target's position to the object's centre; None where the target
            has no position.
    """

    object: SceneObject
    iou: float
    distance: float | None


def demonstrate(command: str, seed: int, model: Path | None, timeout: float) -> Demonstration:
    """Let the grounding node look for a target in a simulated scene.

    The simulator and the node run as processes of their own, under a namespace that no other
    node has, and end when this ends.

    Args:
        command: for the node.
        seed: of the scene.
        model: folder or name; None for the bundled one.
        timeout: seconds to look.

    Raises:
        DemonstrationError: the processes did not find each other, or a signal ended it.
        ChildEndedError: one of them ended.
    """
    use_image_transport()
    namespace = f"/demo_{os.getpid()}"
    ros = ["--ros-args", "-r", f"__ns:={namespace}"]
    camera = ["--image", COLOUR_TOPIC, "--depth", DEPTH_TOPIC, "--camera-info", CAMERA_INFO_TOPIC]
    folder = [] if model is None else ["--model", str(model)]
    with ExitStack() as stack:
        start = [["simulate", "--seed", str(seed), "--rate", _RATE, *ros]]
        start += [["node", *camera, *folder, *ros]]
        children = [stack.enter_context(ChildProcess(arguments)) for arguments in start]
        rclpy.init(args=[])
        stack.callback(rclpy.try_shutdown)
        audience = _Audience(namespace, children)
        try:
            audience.wait_for_camera()
            return audience.ask(command, timeout)
        except ExternalShutdownException as interrupt:
            raise DemonstrationError("The demonstration was interrupted.") from interrupt


def matching_object(target: Target, truth: SceneTruth) -> Match | None:
    """The visible object whose box overlaps a target's most; None if none does."""
    if not truth.objects:
        return None
    overlaps = iou([_corners(target.box)], [_corners(item.box) for item in truth.objects])[0]
    best = int(np.argmax(overlaps))
    if overlaps[best] <= 0.0:
        return None
    centre, point = truth.objects[best].pose.position, target.position
    offset = (centre.x - point.x, centre.y - point.y, centre.z - point.z)
    distance = float(np.linalg.norm(offset)) if target.has_position else None
    return Match(truth.objects[best], float(overlaps[best]), distance)


class _Audience(Node):
    """Asks the question and keeps what is said about the same image."""

    def __init__(self, namespace: str, children: Sequence[ChildProcess]) -> None:
        super().__init__("audience", namespace=namespace)
        self._children = children
        self._truths: dict[int, SceneTruth] = {}
        self._pictures: dict[int, Image] = {}
        # On a busy machine several come before one is taken, and one of them is asked about.
        self.create_subscription(SceneTruth, "simulator_node/truth", self._keep_truth, _KEPT)
        self.create_subscription(Image, "grounding_node/overlay", self._keep_picture, _KEPT)
        self._finder = TargetFinder(self)

    def wait_for_camera(self) -> None:
        """Wait until images come and the node that answers them is known."""
        if not self._spin_until(lambda: bool(self._truths) and self._node_is_up(), _START_S):
            raise DemonstrationError(
                f"The simulator and the grounding node did not find each other in {_START_S:g} s: "
                f"check that ROS_DOMAIN_ID and the discovery settings allow it."
            )

    def ask(self, command: str, timeout: float) -> Demonstration:
        """Send the goal and gather what belongs to the image of the answer."""
        begun = time.monotonic()
        result = self._finder.find(command, timeout)
        seconds = time.monotonic() - begun
        stamp = nanoseconds(result.grounding.header.stamp)
        if stamp:
            self._spin_until(
                lambda: stamp in self._truths and stamp in self._pictures, _LAST_MESSAGES_S
            )
        picture = self._pictures.get(stamp)
        return Demonstration(
            result,
            seconds,
            self._truths.get(stamp),
            None if picture is None else decode_colour(picture),
        )

    def _node_is_up(self) -> bool:
        return bool(self.count_publishers("grounding_node/overlay"))

    def _spin_until(self, condition: Callable[[], bool], timeout: float) -> bool:
        deadline = time.monotonic() + timeout
        while not condition():
            if time.monotonic() > deadline:
                return False
            for child in self._children:
                child.check()
            rclpy.spin_once(self, timeout_sec=0.05)
        return True

    def _keep_truth(self, truth: SceneTruth) -> None:
        _keep(self._truths, nanoseconds(truth.header.stamp), truth)

    def _keep_picture(self, picture: Image) -> None:
        _keep(self._pictures, nanoseconds(picture.header.stamp), picture)


def _keep(messages: dict[int, Any], stamp: int, message: Any) -> None:
    """Keep a message under its stamp, and only the newest few."""
    messages[stamp] = message
    while len(messages) > _KEPT:
        del messages[min(messages)]


def _corners(box: BoundingBox) -> tuple[float, float, float, float]:
    return box.x_min, box.y_min, box.x_max, box.y_max
