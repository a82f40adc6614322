"""One of the node's cameras: what comes from it, who is who in it, and how that goes."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from rclpy.node import Node

from vlm_ros.geometry.camera import Intrinsics
from vlm_ros.nodes.camera_frame import CameraFrame
from vlm_ros.nodes.camera_input import CameraInput
from vlm_ros.nodes.timings import Timings
from vlm_ros.nodes.transports import Transports
from vlm_ros.pipeline import StepAnswer
from vlm_ros.tracking import FrameTracks, TargetTracker


class CameraChannel:
    """The input belongs to the thread that spins the node, the rest to the inference thread.

    Attributes:
        name: empty for a camera without a name.
        input: its subscriptions.
        timings: of its images.
        failure: why the last image without an answer had none.
        no_depth: why the last image had no depth; empty where it had.
        no_transform: why the last answer had no pose in the target frame; empty where it had one
            or nobody asked for it.
    """

    def __init__(
        self,
        node: Node,
        name: str,
        on_frame: Callable[[CameraFrame], None],
        transports: Transports,
        track_memory: float,
    ) -> None:
        """Prepare the topics.

        Args:
            node: subscribes.
            name: of the camera.
            on_frame: called with each image, in the thread that spins the node.
            transports: how images and depth travel.
            track_memory: seconds that a thing is remembered unseen; zero for no identities.
        """
        self.name = name
        self.input = CameraInput(node, name, on_frame, transports)
        self.timings = Timings()
        self.failure = ""
        self.no_depth = ""
        self.no_transform = ""
        self._tracker = TargetTracker(track_memory) if track_memory > 0.0 else None

    @property
    def label(self) -> str:
        """What people call it."""
        return f"camera '{self.name}'" if self.name else "camera"

    def tracks(
        self,
        frame: CameraFrame,
        size: tuple[int, int],
        camera: Intrinsics | None,
        command_id: str,
        answers: Sequence[StepAnswer],
    ) -> FrameTracks:
        """Who is who in an image that was answered; nobody where identities are off.

        Args:
            frame: the image.
            size: its width and height, pixels.
            camera: that took it, where that is known.
            command_id: of the command that was answered.
            answers: to its phrases.
        """
        if self._tracker is None:
            return FrameTracks()
        # A driver that does not stamp its images still sends them in order.
        seconds = frame.stamp * 1e-9 if frame.stamp else time.monotonic()
        return self._tracker.update(seconds, command_id, answers, size, camera)
