"""What the inference thread does with an image or a request."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from rclpy.node import Node

from vlm_ros.action import Ground
from vlm_ros.errors import CommandError, ImageError, VlmRosError
from vlm_ros.language import parse_command
from vlm_ros.msg import TargetArray
from vlm_ros.nodes.camera_channel import CameraChannel
from vlm_ros.nodes.camera_frame import CameraFrame
from vlm_ros.nodes.camera_info import raw_camera, rectified_camera
from vlm_ros.nodes.grounding_settings import GroundingSettings
from vlm_ros.nodes.images import decode_colour
from vlm_ros.nodes.messages import ImageContext, error_array, placed, target_array
from vlm_ros.nodes.outputs import Outputs
from vlm_ros.nodes.spinning import quiet_at_shutdown
from vlm_ros.nodes.standing_command import StandingCommand
from vlm_ros.nodes.target_frame import TransformError, TransformSource
from vlm_ros.nodes.timings import Timings
from vlm_ros.pipeline import Grounder, StepAnswer
from vlm_ros.srv import GroundImage
from vlm_ros.stages import listen

_LOG_PERIOD_S = 5.0


@dataclass(frozen=True)
class Surroundings:
    """What answering needs of the node.

    Attributes:
        node: logs, and tells the time.
        settings: the values of its parameters.
        standing: the command that stands.
        channels: its cameras by name.
        outputs: its publishers.
        transforms: its listener to TF.
        timings: of all cameras together.
    """

    node: Node
    settings: Callable[[], GroundingSettings]
    standing: Callable[[], StandingCommand | None]
    channels: Mapping[str, CameraChannel]
    outputs: Outputs
    transforms: TransformSource
    timings: Timings


@dataclass(frozen=True)
class _Answered:
    """The answer for an image.

    Attributes:
        array: as a message.
        target_frame: that poses were asked for in.
        lacking: why it has no pose there; empty where it has or none was asked for.
        colour: (H, W, 3) RGB, the image.
        answers: that were given.
    """

    array: TargetArray
    target_frame: str
    lacking: str
    colour: NDArray[np.uint8]
    answers: tuple[StepAnswer, ...]


class FrameAnswering:
    """Answers images about the standing command, and requests."""

    def __init__(self, surroundings: Surroundings, grounder: Grounder) -> None:
        """Prepare to answer with a model."""
        self._around = surroundings
        self._grounder = grounder

    def answer(self, frame: CameraFrame) -> None:
        """Answer one image, if a command stands."""
        standing = self._around.standing()
        if standing is None:
            return
        with quiet_at_shutdown(self._around.node.context):
            try:
                answered = self._answered(frame, standing)
            except Exception as error:
                self._tell_failure(frame, standing, error)
            else:
                self._tell(frame, standing, answered)

    def answer_request(
        self, request: GroundImage.Request, response: GroundImage.Response
    ) -> GroundImage.Response:
        """Fill the response of the service."""
        header = request.image.header
        try:
            command = parse_command(request.command)
            answers = self._grounder.ground(command, decode_colour(request.image))
            response.grounding = target_array(answers, command, "ground_image", header)
        except Exception as error:
            code, reason = self._explain(error)
            response.error_code, response.error_msg = code, reason
            response.grounding = error_array(reason, request.command, "ground_image", header)
        return response

    def _answered(self, frame: CameraFrame, standing: StandingCommand) -> _Answered:
        around, channel = self._around, self._around.channels[frame.camera]
        settings, timings = around.settings(), around.timings
        with timings.stage("decode"):
            colour = frame.colour()
        camera_of = rectified_camera if settings.rectified else raw_camera
        with timings.stage("depth"):
            measured = frame.measured(
                colour, settings.depth_tolerance, settings.depth_wait, camera_of
            )
        channel.no_depth = measured.reason
        with timings.stage("ground"), listen() as stages:
            answers = self._grounder.ground(
                standing.command, colour, measured.depth, measured.camera
            )
        for name, seconds in stages.seconds.items():
            timings.add(f"ground/{name}", seconds)
        with timings.stage("track"):
            size = colour.shape[1], colour.shape[0]
            tracks = channel.tracks(frame, size, measured.camera, standing.identity, answers)
        if tracks.restarted:
            around.node.get_logger().info(f"{channel.label}: time begins anew, and all identities")
        context = ImageContext(frame.camera, measured.reason, tracks, settings.masks)
        array = target_array(answers, standing.command, standing.identity, frame.header, context)
        channel.no_transform = self._place(array, settings)
        return _Answered(array, settings.target_frame, channel.no_transform, colour, answers)

    def _tell(self, frame: CameraFrame, standing: StandingCommand, answered: _Answered) -> None:
        around, channel = self._around, self._around.channels[frame.camera]
        with around.timings.stage("publish"):
            around.outputs.publish(answered.array, standing.command, answered.target_frame)
        age = around.node.get_clock().now().nanoseconds - frame.stamp
        for timings in (around.timings, channel.timings):
            timings.count("answers")
            timings.add("image stamp to target", age * 1e-9)
        if standing.goal is not None:
            standing.goal.answered(answered.array, answered.lacking)
        begun = time.perf_counter()
        if around.outputs.draw(answered.array, answered.colour, answered.answers):
            around.timings.add("overlay", time.perf_counter() - begun)

    def _place(self, array: TargetArray, settings: GroundingSettings) -> str:
        """Give what has a position its pose in the target frame.

        Returns:
            Why that was not possible for the targets; "" where it was, or where none has a
            position.
        """
        with_position = [target for target in array.targets + array.lost if target.has_position]
        if not settings.target_frame or not with_position:
            return ""
        frame = settings.target_frame
        with self._around.timings.stage("transform"):
            try:
                transform = self._around.transforms.lookup(
                    frame, array.header, settings.transform_wait
                )
            except TransformError as error:
                for target in with_position:
                    target.reason = f"{target.reason} {error}"
                self._around.node.get_logger().warning(
                    f"targets have no pose: {error}", throttle_duration_sec=_LOG_PERIOD_S
                )
                return str(error) if any(t.has_position for t in array.targets) else ""
            for target in with_position:
                target.pose = placed(target, frame, transform)
        return ""

    def _tell_failure(
        self, frame: CameraFrame, standing: StandingCommand, error: Exception
    ) -> None:
        channel = self._around.channels[frame.camera]
        code, channel.failure = self._explain(error)
        channel.timings.count("failures")
        array = error_array(
            channel.failure, standing.command.text, standing.identity, frame.header, frame.camera
        )
        self._around.outputs.publish(array, standing.command, "")
        self._around.node.get_logger().error(
            f"an image on '{channel.input.topic}' has no answer: {channel.failure}",
            throttle_duration_sec=_LOG_PERIOD_S,
        )
        if standing.goal is None:
            return
        if code == Ground.Result.INVALID_IMAGE:
            standing.goal.unreadable(frame.camera, channel.failure)
        else:
            standing.goal.end(code, channel.failure)

    def _explain(self, error: Exception) -> tuple[int, str]:
        """The error code and the sentence for what kept an image or a request from its answer."""
        if isinstance(error, CommandError):
            return Ground.Result.INVALID_COMMAND, str(error)
        if isinstance(error, ImageError):
            return Ground.Result.INVALID_IMAGE, str(error)
        if isinstance(error, VlmRosError):
            return Ground.Result.MODEL_FAILED, str(error)
        if self._around.node.context.ok():
            trace = "".join(traceback.format_exception(error))
            self._around.node.get_logger().error(trace, throttle_duration_sec=_LOG_PERIOD_S)
        return Ground.Result.UNKNOWN, f"Unexpected error: {error!r}"
