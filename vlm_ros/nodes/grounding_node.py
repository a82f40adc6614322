"""The node that answers, for every camera image, what a command refers to."""

from __future__ import annotations

import time
import traceback
from typing import Any

import numpy as np
from rcl_interfaces.msg import SetParametersResult
from rclpy.callback_groups import MutuallyExclusiveCallbackGroup
from rclpy.clock import Clock, ClockType
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from rclpy.parameter import Parameter
from std_msgs.msg import Header, String

from vlm_ros.action import Ground
from vlm_ros.errors import CommandError, VlmRosError
from vlm_ros.language import parse_command
from vlm_ros.models import load_model
from vlm_ros.nodes import freed_memory, parameters
from vlm_ros.nodes.camera_channel import CameraChannel
from vlm_ros.nodes.camera_frame import CameraFrame
from vlm_ros.nodes.diagnostics import Diagnostics, NodeState
from vlm_ros.nodes.frame_answering import FrameAnswering, Surroundings
from vlm_ros.nodes.ground_action import GroundAction
from vlm_ros.nodes.ground_goal import GroundGoal
from vlm_ros.nodes.grounding_settings import GroundingSettings, check_changes
from vlm_ros.nodes.inference_thread import InferenceThread
from vlm_ros.nodes.library_log import logged_by
from vlm_ros.nodes.messages import error_array
from vlm_ros.nodes.outputs import Outputs
from vlm_ros.nodes.spinning import run_node
from vlm_ros.nodes.standing_command import StandingCommand
from vlm_ros.nodes.target_frame import TransformSource
from vlm_ros.nodes.timings import Timings
from vlm_ros.nodes.waking_future import waking_future
from vlm_ros.pipeline import Grounder
from vlm_ros.srv import GroundImage

_FOLLOW_PERIOD_S = 0.5
_DIAGNOSTICS_PERIOD_S = 1.0
_LOGGED_CHARACTERS = 100


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
        self._answering: FrameAnswering | None = None
        self._inference: InferenceThread[CameraFrame] | None = None
        self._standing: StandingCommand | None = None
        self._not_ready = "The node is not configured yet."
        self._not_ready_code = Ground.Result.UNKNOWN
        self._commands_received = 0
        self._model = ""
        self._timings = Timings()
        self._transforms = TransformSource(self)
        self.add_on_set_parameters_callback(self._check_changes)
        parameters.declare(self, GroundingSettings)
        settings = self._settings()
        self._outputs = Outputs(self, settings.cameras)
        self._channels = {
            name: CameraChannel(
                self, name, self._on_frame, settings.transports, settings.track_memory
            )
            for name in settings.cameras
        }
        self._image_topics = " and ".join(
            f"'{channel.input.topic}'" for channel in self._channels.values()
        )
        self._action = GroundAction(
            self, self._settings, self._image_topics, self._begin_goal, self._goal_ended
        )
        self.create_service(
            GroundImage,
            "~/ground_image",
            self._ground_image,
            callback_group=MutuallyExclusiveCallbackGroup(),
        )
        self._diagnostics = Diagnostics(self, list(self._channels.values()), self._timings)
        # Simulated time may stand still; what these look after does not.
        steady = Clock(clock_type=ClockType.STEADY_TIME)
        self.create_timer(_DIAGNOSTICS_PERIOD_S, self._publish_diagnostics, clock=steady)
        self.create_timer(_FOLLOW_PERIOD_S, self._follow, clock=steady)
        if settings.autostart:
            self._autostart()

    # Lifecycle

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Load the model; what is wrong with it is logged and said to every goal."""
        settings, begun = self._settings(), time.monotonic()
        try:
            # It says what runs the model, and why.
            with logged_by(self.get_logger()):
                self.get_logger().info(f"loading the model in '{settings.model_folder}'")
                model = load_model(settings.model_folder, settings.runtime)
                self.get_logger().info(f"loaded {model.description}; running it for the first time")
                # The first run is the slowest and shows whether the graphs fit what model.yaml
                # says.
                grounder = Grounder(model)
                grounder.ground(parse_command("the cup"), np.zeros((480, 640, 3), np.uint8))
        except VlmRosError as error:
            return self._configuring_failed(str(error))
        except Exception as error:
            self.get_logger().error(traceback.format_exc())
            return self._configuring_failed(f"The model cannot be used: {error!r}")
        self._answering = FrameAnswering(self._surroundings(), grounder)
        self._not_ready = "The node is configured but not active: activate it."
        self._not_ready_code = Ground.Result.UNKNOWN
        self._model = model.description
        self.get_logger().info(f"model: {self._model}, ready in {time.monotonic() - begun:.1f} s")
        return super().on_configure(state)

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Begin to listen for commands."""
        assert self._answering is not None
        result = super().on_activate(state)
        self._inference = InferenceThread(self._answering.answer)
        self._follow()
        self._command_subscription = self.create_subscription(
            String, "command", self._on_command, 10
        )
        self.get_logger().info(
            f"ready for commands on '{self._command_subscription.topic_name}' and goals on "
            f"'{self.resolve_topic_name('~/ground')}'; images from {self._image_topics}"
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
        self._transforms.close()
        self.destroy_subscription(self._command_subscription)

    def _release(self) -> None:
        """Leave the configured state; does nothing outside it."""
        self._answering = None
        freed_memory.give_back()
        self._model = ""
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
            self._outputs.announce(array, None)
            return
        self._stand(StandingCommand(identity, command, None), "Another command replaced it.")

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
        self._stand(StandingCommand(identity, command, goal), "Another command replaced it.")

    def _log_unreadable(self, text: str, error: CommandError) -> None:
        self.get_logger().error(f"{text[:_LOGGED_CHARACTERS]!r} cannot be used: {error}")

    def _goal_ended(self, goal: GroundGoal) -> None:
        if self._standing is not None and self._standing.goal is goal:
            self._stand(None, "")

    def _stand(self, standing: StandingCommand | None, reason: str) -> None:
        """Replace the standing command, ending a goal that it belonged to."""
        old, self._standing = self._standing, standing
        if old is not None and old.goal is not None:
            old.goal.end(Ground.Result.CANCELLED, reason)
        if standing is None:
            for channel in self._channels.values():
                channel.input.close()
            if self._inference is not None:
                self._inference.discard()
                self._inference.submit(self._outputs.clear)
            self.get_logger().info("no command")
        else:
            for channel in self._channels.values():
                channel.input.open()
            self.get_logger().info(f"{standing.identity}: '{standing.command.text}'")

    # Images

    def _on_frame(self, frame: CameraFrame) -> None:
        self._timings.count("images")
        self._channels[frame.camera].timings.count("images")
        if self._inference is not None:
            self._inference.offer(frame.camera, frame)

    def _surroundings(self) -> Surroundings:
        return Surroundings(
            self,
            self._settings,
            lambda: self._standing,
            self._channels,
            self._outputs,
            self._transforms,
            self._timings,
        )

    # The service

    async def _ground_image(
        self, request: GroundImage.Request, response: GroundImage.Response
    ) -> GroundImage.Response:
        """Answer for the image in the request; the inference thread does the work."""
        if self._inference is None or self._answering is None:
            response.error_code, response.error_msg = self._not_ready_code, self._not_ready
        else:
            done, answering = waking_future(self), self._answering
            self._inference.submit(
                lambda: done.set_result(answering.answer_request(request, response))
            )
            response = await done
        return response

    # Housekeeping

    def _settings(self) -> GroundingSettings:
        return parameters.read(self, GroundingSettings)

    def _check_changes(self, changes: list[Parameter]) -> SetParametersResult:
        return check_changes(changes, model_loaded=self._answering is not None)

    def _follow(self) -> None:
        """Adapt to publishers that have come or gone, and to whether TF is wanted."""
        for channel in self._channels.values():
            channel.input.follow()
        if self._inference is not None and self._settings().target_frame:
            self._transforms.open()
        else:
            self._transforms.close()

    def _publish_diagnostics(self) -> None:
        standing, inference = self._standing, self._inference
        self._diagnostics.publish(
            NodeState(
                model=self._model,
                not_ready=self._not_ready if inference is None else "",
                model_failed=self._not_ready_code == Ground.Result.MODEL_FAILED,
                command="" if standing is None else standing.command.text,
                target_frame=self._settings().target_frame,
                dropped=lambda camera: 0 if inference is None else inference.dropped(camera),
            )
        )

    def destroy_node(self) -> None:
        """End the inference thread before the publishers go."""
        if self._inference is not None:
            self._inference.stop()
        self._transforms.close()
        super().destroy_node()


def main() -> int:
    """Run the node until it is interrupted; the exit code."""
    return run_node(GroundingNode)


if __name__ == "__main__":
    raise SystemExit(main())
