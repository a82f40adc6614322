"""The node that answers, for every camera image, what a command refers to."""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from rcl_interfaces.msg import SetParametersResult
from rclpy.callback_groups import MutuallyExclusiveCallbackGroup
from rclpy.clock import Clock, ClockType
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from rclpy.parameter import Parameter
from sensor_msgs.msg import Image
from std_msgs.msg import Header, String

from vlm_ros.action import Ground
from vlm_ros.errors import CommandError, ImageError, VlmRosError
from vlm_ros.language import Command, parse_command
from vlm_ros.models import load_model
from vlm_ros.nodes import parameters
from vlm_ros.nodes.camera_input import CameraInput
from vlm_ros.nodes.clock import nanoseconds
from vlm_ros.nodes.diagnostics import diagnostic_array, values_of
from vlm_ros.nodes.ground_action import GroundAction
from vlm_ros.nodes.ground_goal import GroundGoal
from vlm_ros.nodes.grounding_settings import GroundingSettings, check_changes
from vlm_ros.nodes.images import decode_colour
from vlm_ros.nodes.inference_thread import InferenceThread
from vlm_ros.nodes.library_log import logged_by
from vlm_ros.nodes.messages import error_array, target_array
from vlm_ros.nodes.outputs import Outputs
from vlm_ros.nodes.spinning import quiet_at_shutdown, run_node
from vlm_ros.nodes.timings import Timings
from vlm_ros.nodes.waking_future import waking_future
from vlm_ros.pipeline import Grounder
from vlm_ros.srv import GroundImage

_FOLLOW_PERIOD_S = 0.5
_DIAGNOSTICS_PERIOD_S = 1.0
_LOG_PERIOD_S = 5.0
_LOGGED_CHARACTERS = 100


@dataclass(frozen=True)
class _StandingCommand:
    """The command that every image is asked about.

    Attributes:
        identity: goes into the messages.
        command: as read.
        goal: whose command it is; None for one from the topic.
    """

    identity: str
    command: Command
    goal: GroundGoal | None


class GroundingNode(LifecycleNode):
    """Grounds the standing command in each camera image.

    One command stands at a time, from the topic or from a goal, and the newest wins. Callbacks
    run in the thread that spins the node, the model and what it answers in the inference thread;
    the standing command is the only thing both look at, and it is replaced as a whole.
    """

    def __init__(self, **node_arguments: Any) -> None:
        """Offer the interfaces and, if so told, configure and activate.

        Args:
            **node_arguments: as for rclpy.node.Node, e.g. its namespace.

        Raises:
            rclpy.exceptions.ParameterException: a parameter was given a bad value.
        """
        super().__init__("grounding_node", **node_arguments)
        self._grounder: Grounder | None = None
        self._inference: InferenceThread | None = None
        self._standing: _StandingCommand | None = None
        self._not_ready = "The node is not configured yet."
        self._not_ready_code = Ground.Result.UNKNOWN
        self._commands_received = 0
        self._last_failure = ""
        self._model = ""
        self._timings = Timings()
        self.add_on_set_parameters_callback(self._check_changes)
        parameters.declare(self, GroundingSettings)
        self._outputs = Outputs(self)
        self._camera = CameraInput(self, self._on_image)
        self._action = GroundAction(
            self, self._settings, self._camera.topic, self._begin_goal, self._goal_ended
        )
        self.create_service(
            GroundImage,
            "~/ground_image",
            self._ground_image,
            callback_group=MutuallyExclusiveCallbackGroup(),
        )
        self._diagnostics = self.create_publisher(DiagnosticArray, "/diagnostics", 1)
        # Simulated time may stand still; what these look after does not.
        steady = Clock(clock_type=ClockType.STEADY_TIME)
        self.create_timer(_DIAGNOSTICS_PERIOD_S, self._publish_diagnostics, clock=steady)
        self.create_timer(_FOLLOW_PERIOD_S, self._camera.follow, clock=steady)
        if self._settings().autostart:
            self._autostart()

    # Lifecycle

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Load the model; what is wrong with it is logged and said to every goal."""
        settings = self._settings()
        try:
            # It says what runs the model, and why.
            with logged_by(self.get_logger()):
                model = load_model(settings.model_folder, settings.runtime)
                # The first run is the slowest and shows whether the graphs fit what model.yaml
                # says.
                grounder = Grounder(model)
                grounder.ground(parse_command("the cup"), np.zeros((480, 640, 3), np.uint8))
        except VlmRosError as error:
            return self._configuring_failed(str(error))
        except Exception as error:
            self.get_logger().error(traceback.format_exc())
            return self._configuring_failed(f"The model cannot be used: {error!r}")
        self._grounder = grounder
        self._not_ready = "The node is configured but not active: activate it."
        self._not_ready_code = Ground.Result.UNKNOWN
        self._model = model.description
        self.get_logger().info(f"model: {self._model}")
        return super().on_configure(state)

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Begin to listen for commands."""
        result = super().on_activate(state)
        self._inference = InferenceThread(self._answer_frame)
        self._command_subscription = self.create_subscription(
            String, "command", self._on_command, 10
        )
        self.get_logger().info(
            f"ready for commands on '{self._command_subscription.topic_name}' and goals on "
            f"'{self.resolve_topic_name('~/ground')}'; images from '{self._camera.topic}'"
        )
        return result

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """End a goal that runs, forget the command and stop listening."""
        self._stop()
        return super().on_deactivate(state)

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Release the model."""
        self._release()
        return super().on_cleanup(state)

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Stop whatever runs."""
        self._stop()
        self._release()
        return super().on_shutdown(state)

    def on_error(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Return to the unconfigured state."""
        self._stop()
        self._release()
        return TransitionCallbackReturn.SUCCESS

    def _autostart(self) -> None:
        if self.trigger_configure() == TransitionCallbackReturn.SUCCESS:
            self.trigger_activate()

    def _configuring_failed(self, reason: str) -> TransitionCallbackReturn:
        self._not_ready = reason
        self._not_ready_code = Ground.Result.MODEL_FAILED
        self.get_logger().error(f"{reason} Set the parameter 'model' and configure the node again.")
        return TransitionCallbackReturn.FAILURE

    def _stop(self) -> None:
        """Leave the active state; does nothing outside it."""
        if self._inference is None:
            return
        self._stand(None, "The node was deactivated.")
        self._inference.stop()
        self._inference = None
        self.destroy_subscription(self._command_subscription)

    def _release(self) -> None:
        """Leave the configured state; does nothing outside it."""
        self._grounder = None
        self._not_ready = "The node is not configured."
        self._not_ready_code = Ground.Result.UNKNOWN

    # Commands

    def _on_command(self, message: String) -> None:
        """Replace the standing command, or clear it with an empty text."""
        if not message.data.strip():
            self._stand(None, "The command was cleared.")
            return
        self._commands_received += 1
        identity = f"command-{self._commands_received}"
        try:
            command = parse_command(message.data)
        except CommandError as error:
            self._log_unreadable(message.data, error)
            array = error_array(str(error), message.data, identity, Header())
            self._outputs.publish(array, None)
            return
        self._stand(_StandingCommand(identity, command, None), "Another command replaced it.")

    def _begin_goal(self, identity: str, goal: GroundGoal) -> None:
        """Let the command of a goal stand, or end the goal with what is wrong."""
        if self._inference is None:
            goal.end(self._not_ready_code, self._not_ready)
            return
        try:
            command = parse_command(goal.command)
        except CommandError as error:
            self._log_unreadable(goal.command, error)
            goal.end(Ground.Result.INVALID_COMMAND, str(error))
            return
        self._stand(_StandingCommand(identity, command, goal), "Another command replaced it.")

    def _log_unreadable(self, text: str, error: CommandError) -> None:
        self.get_logger().error(f"{text[:_LOGGED_CHARACTERS]!r} cannot be used: {error}")

    def _goal_ended(self, goal: GroundGoal) -> None:
        if self._standing is not None and self._standing.goal is goal:
            self._stand(None, "")

    def _stand(self, standing: _StandingCommand | None, reason: str) -> None:
        """Replace the standing command, ending a goal that it belonged to."""
        old, self._standing = self._standing, standing
        if old is not None and old.goal is not None:
            old.goal.end(Ground.Result.CANCELLED, reason)
        if standing is None:
            self._camera.close()
            if self._inference is not None:
                self._inference.discard()
            self.get_logger().info("no command")
        else:
            self._camera.open()
            self.get_logger().info(f"{standing.identity}: '{standing.command.text}'")

    # Images

    def _on_image(self, image: Image) -> None:
        self._timings.count("images")
        if self._inference is not None:
            self._inference.offer(image)

    def _answer_frame(self, image: Image) -> None:
        """Answer one image, if a command stands; in the inference thread, which must survive."""
        standing = self._standing
        if standing is None:
            return
        with quiet_at_shutdown(self.context):
            try:
                self._answer(image, standing)
            except Exception as error:
                self._answer_with_error(image, standing, error)

    def _answer(self, image: Image, standing: _StandingCommand) -> None:
        assert self._grounder is not None
        settings, timings = self._settings(), self._timings
        with timings.stage("decode"):
            colour = decode_colour(image)
            measured = self._camera.depth_of(image, settings.depth_tolerance, settings.depth_wait)
        with timings.stage("ground"):
            answers = self._grounder.ground(
                standing.command, colour, measured.depth, measured.camera
            )
        with timings.stage("publish"):
            array = target_array(answers, standing.command, standing.identity, image.header)
            self._outputs.publish(array, standing.command)
        timings.count("answers")
        age = self.get_clock().now().nanoseconds - nanoseconds(image.header.stamp)
        timings.add("image stamp to target", age * 1e-9)
        if standing.goal is not None:
            standing.goal.answered(array)
        with timings.stage("overlay"):
            self._outputs.publish_overlay(array, colour, answers)

    def _answer_with_error(
        self, image: Image, standing: _StandingCommand, error: Exception
    ) -> None:
        code, reason = self._explain(error)
        self._timings.count("failures")
        self._last_failure = reason
        array = error_array(reason, standing.command.text, standing.identity, image.header)
        self._outputs.publish(array, standing.command)
        self.get_logger().error(
            f"an image on '{self._camera.topic}' has no answer: {reason}",
            throttle_duration_sec=_LOG_PERIOD_S,
        )
        if standing.goal is None:
            return
        if code == Ground.Result.INVALID_IMAGE:
            standing.goal.unreadable(reason)
        else:
            standing.goal.end(code, reason)

    def _explain(self, error: Exception) -> tuple[int, str]:
        """The error code and the sentence for what kept an image or a request from its answer."""
        if isinstance(error, CommandError):
            return Ground.Result.INVALID_COMMAND, str(error)
        if isinstance(error, ImageError):
            return Ground.Result.INVALID_IMAGE, str(error)
        if isinstance(error, VlmRosError):
            return Ground.Result.MODEL_FAILED, str(error)
        if self.context.ok():
            trace = "".join(traceback.format_exception(error))
            self.get_logger().error(trace, throttle_duration_sec=_LOG_PERIOD_S)
        return Ground.Result.UNKNOWN, f"Unexpected error: {error!r}"

    # The service

    async def _ground_image(
        self, request: GroundImage.Request, response: GroundImage.Response
    ) -> GroundImage.Response:
        """Answer for the image in the request; the inference thread does the work."""
        if self._inference is None:
            response.error_code, response.error_msg = self._not_ready_code, self._not_ready
        else:
            done = waking_future(self)
            self._inference.submit(lambda: done.set_result(self._answered(request, response)))
            response = await done
        return response

    def _answered(
        self, request: GroundImage.Request, response: GroundImage.Response
    ) -> GroundImage.Response:
        header = request.image.header
        assert self._grounder is not None
        try:
            command = parse_command(request.command)
            answers = self._grounder.ground(command, decode_colour(request.image))
            response.grounding = target_array(answers, command, "ground_image", header)
        except Exception as error:
            code, reason = self._explain(error)
            response.error_code, response.error_msg = code, reason
            response.grounding = error_array(reason, request.command, "ground_image", header)
        return response

    # Housekeeping

    def _settings(self) -> GroundingSettings:
        return parameters.read(self, GroundingSettings)

    def _check_changes(self, changes: list[Parameter]) -> SetParametersResult:
        return check_changes(changes, model_loaded=self._grounder is not None)

    def _publish_diagnostics(self) -> None:
        rates = self._timings.rates()
        level, message = self._health(rates)
        dropped = 0 if self._inference is None else self._inference.dropped
        header = Header(stamp=self.get_clock().now().to_msg())
        name = f"{self.get_fully_qualified_name()}: grounding"
        values = {
            "model": self._model,
            **values_of(rates, self._timings.percentiles()),
            "images dropped": str(dropped),
        }
        self._diagnostics.publish(diagnostic_array(header, name, level, message, values))

    def _health(self, rates: Mapping[str, float]) -> tuple[bytes, str]:
        standing = self._standing
        if self._inference is None:
            return DiagnosticStatus.ERROR, self._not_ready
        if standing is None:
            return DiagnosticStatus.OK, "no command"
        if rates.get("failures"):
            return DiagnosticStatus.ERROR, self._last_failure
        if not rates.get("images"):
            return DiagnosticStatus.WARN, f"no images arrive on '{self._camera.topic}'"
        return DiagnosticStatus.OK, f"grounding '{standing.command.text}'"

    def destroy_node(self) -> None:
        """End the inference thread before the publishers go."""
        if self._inference is not None:
            self._inference.stop()
        super().destroy_node()


def main() -> int:
    """Run the node until it is interrupted; the exit code."""
    return run_node(GroundingNode)


if __name__ == "__main__":
    raise SystemExit(main())
