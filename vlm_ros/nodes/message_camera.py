"""The messages of a camera and of an answer, as the grounding node handles them."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray
from std_msgs.msg import Header

from vlm_ros.evaluation.drawn_scene import DrawnScene
from vlm_ros.language import Command
from vlm_ros.nodes.images import decode_colour, decode_depth, encode_image
from vlm_ros.nodes.messages import best_target, target_array, target_pose
from vlm_ros.pipeline import StepAnswer


class MessageCamera:
    """A camera that sends bgr8 and depth in millimetres, as most do."""

    def __init__(self, scene: DrawnScene) -> None:
        header = Header(frame_id="camera")
        self._header = header
        self._colour = encode_image(cv2.cvtColor(scene.image, cv2.COLOR_RGB2BGR), header)
        self._colour.encoding = "bgr8"
        self._depth = encode_image((scene.depth * 1000.0).astype(np.uint16), header)

    def decode(self) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        """See `frame_timing.Camera`."""
        return decode_colour(self._colour), decode_depth(self._depth)

    def publish(self, answers: Sequence[StepAnswer], command: Command) -> None:
        """Fills the messages; how long they travel is the middleware's."""
        array = target_array(answers, command, "bench", self._header)
        best = best_target(array, command)
        target_pose(best, "")
