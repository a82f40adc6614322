"""A long run: simulated camera and grounding node as processes, and a witness of what they do."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from itertools import cycle
from pathlib import Path
from typing import Any

import rclpy
from diagnostic_msgs.msg import DiagnosticArray
from rclpy.context import Context
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions
from sensor_msgs.msg import CameraInfo
from std_msgs.msg import String

from vlm_ros.errors import VlmRosError
from vlm_ros.evaluation.soak import NODE, Answer, Observations, Plan, Sample
from vlm_ros.evaluation.vitals import machine_busy_s, vitals_of
from vlm_ros.grounding.result import Status
from vlm_ros.msg import Target
from vlm_ros.nodes.camera_publisher import CAMERA_INFO_TOPIC, COLOUR_TOPIC, DEPTH_TOPIC
from vlm_ros.nodes.child_process import ChildProcess
from vlm_ros.nodes.clock import nanoseconds
from vlm_ros.nodes.transport import use_image_transport

_START_S = 60.0
_SAMPLE_S = 1.0
# Longer than any answer to a frame takes.
_LAST_ANSWERS_S = 2.0
_LEAST_SAMPLES = 10
_KEPT = 100


class SoakError(VlmRosError):
    """A soak that could not be carried out."""


def soak(plan: Plan, model: Path | None, on_second: Callable[[], None]) -> Observations:
    """Lets the node answer a camera for a long time; a signal ends it early.

    Camera and node run as processes of their own, under a namespace that no other node has, and
    end when this ends.

    Args:
        plan: what to do.
        model: folder or name; None for the bundled one.
        on_second: called once for each second that is measured.

    Raises:
        SoakError: nothing was answered, or a signal came before enough was measured.
        ChildEndedError: one of the processes ended.
    """
    use_image_transport()
    namespace = f"/soak_{os.getpid()}"
    ros = ["--ros-args", "-r", f"__ns:={namespace}"]
    topics = ["--image", COLOUR_TOPIC, "--depth", DEPTH_TOPIC, "--camera-info", CAMERA_INFO_TOPIC]
    folder = [] if model is None else ["--model", str(model)]
    size = ["--width", str(plan.width), "--height", str(plan.height)]
    with ExitStack() as stack:
        stack.enter_context(_on_cores(plan.cores))
        camera = stack.enter_context(
            ChildProcess(
                ["simulate", "--seed", str(plan.seed), "--rate", str(plan.rate), *size, *ros]
            )
        )
        node = stack.enter_context(ChildProcess(["node", *topics, *folder, *ros]))
        # A context of its own: the process may have used the default one for something else.
        context = Context()
        rclpy.init(args=[], context=context, signal_handler_options=SignalHandlerOptions.ALL)
        stack.callback(context.try_shutdown)
        witness = _Witness(namespace, plan, node, camera, context)
        try:
            witness.wait_for_answers()
            witness.warm_up()
            return witness.measure(on_second)
        except (ExternalShutdownException, KeyboardInterrupt) as interrupt:
            raise SoakError("The soak was interrupted before its measurement began.") from interrupt


@contextmanager
def _on_cores(count: int) -> Iterator[None]:
    """Keeps this process, and the children that it starts, to some of its processors."""
    usable = os.sched_getaffinity(0)
    os.sched_setaffinity(0, sorted(usable)[:count])
    try:
        yield
    finally:
        os.sched_setaffinity(0, usable)


class _Witness(Node):
    """Says the commands and notes what is published."""

    def __init__(
        self,
        namespace: str,
        plan: Plan,
        node: ChildProcess,
        camera: ChildProcess,
        context: Context,
    ) -> None:
        super().__init__("witness", namespace=namespace, context=context)
        self._spinner = SingleThreadedExecutor(context=context)
        self._spinner.add_node(self)
        self._plan = plan
        self._children = {NODE: node, "camera": camera}
        self._commands = cycle(plan.commands)
        self._seen = Observations()
        self._say = self.create_publisher(String, "command", 1)
        self.create_subscription(CameraInfo, CAMERA_INFO_TOPIC, self._on_frame, _KEPT)
        self.create_subscription(Target, "grounding_node/target", self._on_target, _KEPT)
        self.create_subscription(DiagnosticArray, "/diagnostics", self._on_diagnostics, _KEPT)

    def wait_for_answers(self) -> None:
        """Waits until the node answers the camera.

        Raises:
            SoakError: it does not.
        """
        deadline = time.monotonic() + _START_S
        while not self._seen.answers:
            if time.monotonic() > deadline:
                raise SoakError(
                    f"The node did not answer the camera in {_START_S:g} s: "
                    f"{self._children[NODE].output or 'it said nothing.'}"
                )
            self._next_command()
            self._spin_for(_SAMPLE_S)

    def warm_up(self) -> None:
        """Lets the time pass that does not count."""
        self._spin_through(self._plan.warm_up_s, lambda elapsed: None)

    def measure(self, on_second: Callable[[], None]) -> Observations:
        """Notes all that happens for as long as was planned, or until a signal comes.

        Raises:
            SoakError: it came too soon.
        """
        seen = self._seen

        pids = {name: child.pid for name, child in self._children.items()}
        pids["witness"] = os.getpid()

        def sample(elapsed: float) -> None:
            processes = {name: vitals_of(pid) for name, pid in pids.items()}
            seen.samples.append(Sample(elapsed, machine_busy_s(), processes))
            on_second()

        begun = time.time_ns()
        with suppress(ExternalShutdownException, KeyboardInterrupt):
            self._spin_through(self._plan.minutes * 60.0, sample)
            seen.window = (begun, time.time_ns())
            self._spin_for(_LAST_ANSWERS_S)
            return seen
        seen.window = (begun, time.time_ns() - round(_LAST_ANSWERS_S * 1e9))
        if len(seen.samples) < _LEAST_SAMPLES:
            raise SoakError("The soak was interrupted before anything could be said of it.")
        return seen

    def _spin_through(self, seconds: float, each_sample: Callable[[float], None]) -> None:
        begun = time.monotonic()
        command_due = begun
        while (now := time.monotonic()) < begun + seconds:
            if now >= command_due:
                self._next_command()
                command_due += self._plan.command_s
            each_sample(now - begun)
            self._spin_for(_SAMPLE_S)

    def _spin_for(self, seconds: float) -> None:
        for child in self._children.values():
            child.check()
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0.0:
            self._spinner.spin_once(timeout_sec=left)

    def _next_command(self) -> None:
        self._say.publish(String(data=next(self._commands)))

    def _on_frame(self, camera_info: CameraInfo) -> None:
        self._seen.frames.append(nanoseconds(camera_info.header.stamp))

    def _on_target(self, target: Target, delivery: Any) -> None:
        answer = Answer(
            stamp=nanoseconds(target.header.stamp),
            published=int(delivery["source_timestamp"]),
            received=time.time_ns(),
            status=Status(target.status).name,
        )
        self._seen.answers.append(answer)

    def _on_diagnostics(self, diagnostics: DiagnosticArray) -> None:
        own = f"{self.get_namespace()}/grounding_node"
        for status in diagnostics.status:
            if status.name.startswith(own):
                self._seen.diagnostics.update({pair.key: pair.value for pair in status.values})
