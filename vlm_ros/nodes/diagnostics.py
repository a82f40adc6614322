"""What the grounding node says about itself on /diagnostics."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rclpy.node import Node
from std_msgs.msg import Header

from vlm_ros.evaluation.vitals import vitals_of
from vlm_ros.nodes.camera_channel import CameraChannel
from vlm_ros.nodes.timings import Timings


@dataclass(frozen=True)
class NodeState:
    """What the node is doing.

    Attributes:
        model: name, input size and what runs it; empty where none is loaded.
        not_ready: why no command can be answered; empty where one can.
        model_failed: whether that is because the model cannot be used.
        command: that stands; empty where none does.
        target_frame: that poses were asked for in.
        dropped: images of a camera, by its name, that were replaced while they waited.
    """

    model: str
    not_ready: str
    model_failed: bool
    command: str
    target_frame: str
    dropped: Callable[[str], int]


class Diagnostics:
    """Publishes one status of the node and one of each camera."""

    def __init__(self, node: Node, channels: Sequence[CameraChannel], timings: Timings) -> None:
        """Offer the topic.

        Args:
            node: publishes.
            channels: its cameras.
            timings: of what it does with their images.
        """
        self._node = node
        self._channels = channels
        self._timings = timings
        self._publisher = node.create_publisher(DiagnosticArray, "/diagnostics", 1)

    def publish(self, state: NodeState) -> None:
        """Publish what has happened since the last time."""
        cameras = [self._camera_status(channel, state) for channel in self._channels]
        header = Header(stamp=self._node.get_clock().now().to_msg())
        statuses = [self._node_status(cameras, state), *cameras]
        self._publisher.publish(DiagnosticArray(header=header, status=statuses))

    def _node_status(
        self, cameras: Sequence[DiagnosticStatus], state: NodeState
    ) -> DiagnosticStatus:
        vitals = vitals_of(os.getpid())
        values = {
            "model": state.model,
            "command": state.command,
            "target frame": state.target_frame,
            **values_of(self._timings.rates(), self._timings.percentiles()),
            "images dropped": str(sum(state.dropped(channel.name) for channel in self._channels)),
            "resident memory [MiB]": f"{vitals.resident_mb:.1f}",
            "threads": str(vitals.threads),
            "open files": str(vitals.files),
            "processor time [s]": f"{vitals.processor_s:.1f}",
        }
        if state.not_ready:
            # A node that nobody has activated is not broken.
            level = DiagnosticStatus.ERROR if state.model_failed else DiagnosticStatus.WARN
            return self._status("grounding", level, state.not_ready, values)
        if not state.command:
            return self._status("grounding", DiagnosticStatus.OK, "no command", values)
        worst = max(cameras, key=lambda status: status.level)
        if worst.level != DiagnosticStatus.OK:
            return self._status("grounding", worst.level, worst.message, values)
        text = f"grounding '{state.command}'"
        return self._status("grounding", DiagnosticStatus.OK, text, values)

    def _camera_status(self, channel: CameraChannel, state: NodeState) -> DiagnosticStatus:
        rates = channel.timings.rates()
        values = {
            "topic": channel.input.topic,
            **values_of(rates, channel.timings.percentiles()),
            **{name: str(count) for name, count in channel.input.counts().items()},
            "images dropped": str(state.dropped(channel.name)),
            "no depth because": channel.no_depth,
            "no transform because": channel.no_transform,
        }
        level, message = _camera_health(channel, rates, bool(state.command))
        return self._status(channel.label, level, message, values)

    def _status(
        self, component: str, level: bytes, message: str, values: Mapping[str, str]
    ) -> DiagnosticStatus:
        status = DiagnosticStatus(level=level, message=message)
        status.name = f"{self._node.get_fully_qualified_name()}: {component}"
        status.hardware_id = component
        status.values = [KeyValue(key=key, value=value) for key, value in values.items()]
        return status


def _camera_health(
    channel: CameraChannel, rates: Mapping[str, float], wanted: bool
) -> tuple[bytes, str]:
    if not wanted:
        return DiagnosticStatus.OK, "not needed: no command"
    if rates.get("failures"):
        return DiagnosticStatus.ERROR, channel.failure
    if not rates.get("images"):
        problem = channel.input.problem or f"no images arrive on '{channel.input.topic}'"
        return DiagnosticStatus.WARN, problem
    if channel.no_transform:
        return DiagnosticStatus.WARN, channel.no_transform
    return DiagnosticStatus.OK, "images arrive"


def values_of(
    rates: Mapping[str, float], percentiles: Mapping[str, tuple[float, float]]
) -> dict[str, str]:
    """Rates in hertz and durations in milliseconds, for people and for plots.

    Args:
        rates: by event, hertz.
        percentiles: median and 95th percentile by stage, seconds.
    """
    values = {f"{name} [Hz]": f"{rate:.1f}" for name, rate in rates.items()}
    for stage, (median, slow) in percentiles.items():
        values[f"{stage} p50 [ms]"] = f"{median * 1e3:.1f}"
        values[f"{stage} p95 [ms]"] = f"{slow * 1e3:.1f}"
    return values
