"""Running one node as a process."""

from __future__ import annotations

import gc
import json
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import Any

import rclpy
from rclpy.clock import Clock, ClockType
from rclpy.context import Context
from rclpy.exceptions import ParameterException
from rclpy.executors import Executor, ExternalShutdownException, SingleThreadedExecutor
from rclpy.impl.implementation_singleton import rclpy_implementation
from rclpy.node import Node
from rclpy.utilities import get_default_context

from vlm_ros.errors import VlmRosError
from vlm_ros.nodes.shared_memory import dead_ports_avoided, lost_ports, remove_orphans
from vlm_ros.nodes.transport import use_image_transport

# How long each start is watched for the loss of what the node listens to; the last is kept.
_WATCHED_S = (10.0, 10.0, 0.0)


def run_node(make: Callable[[], Node], arguments: Sequence[str] | None = None) -> int:
    """Make a node and spin it until it is interrupted.

    Args:
        make: makes the node.
        arguments: ROS arguments; None takes those of the process.

    Returns:
        The exit code: 0 after an interrupt, 2 if ROS could not be started or the node not be
        made, with a sentence on stderr that says why.
    """
    use_image_transport()
    remove_orphans()
    interrupts = _Interrupts()
    # Before ROS, whose own handler calls this one; later it would take that one's place.
    signal.signal(signal.SIGINT, interrupts)
    for watched_s in _WATCHED_S:
        try:
            rclpy.init(args=arguments)
        except rclpy_implementation.RCLError as error:
            print(f"Error: ROS cannot be started: {error}", file=sys.stderr)
            return 2
        try:
            # A signal may come before the node is made.
            with quiet_at_shutdown(get_default_context()):
                _run(make, interrupts, watched_s)
        except _PortsLostError as error:
            print(f"Warning: {error}", file=sys.stderr)
        except (KeyboardInterrupt, ExternalShutdownException):
            break
        except (VlmRosError, ParameterException) as error:
            print(f"Error: {error}", file=sys.stderr)
            return 2
        else:
            break
        finally:
            rclpy.try_shutdown()
        # Fast DDS goes on with what is left of the node until Python has taken that away.
        gc.collect()
    return 0


class _PortsLostError(Exception):
    """Other processes do not reach the node."""


def _run(make: Callable[[], Node], interrupts: _Interrupts, watched_s: float) -> None:
    executor = SingleThreadedExecutor()
    with dead_ports_avoided():
        node = make()
    try:
        _watch_ports(node, watched_s)
        with interrupts.left_to_ros():
            _spin(node, executor)
    finally:
        # It holds what it waits for, and with that Fast DDS's part of the node.
        executor.shutdown(timeout_sec=1.0)
        node.destroy_node()


def _watch_ports(node: Node, seconds: float) -> None:
    """Raise out of the executor if the node's ports are lost in its first seconds.

    They are looked at once at least, though the node's own start may have taken all that time.
    Later it is left as it is: those who have found it still reach it.
    """
    if not seconds:
        return
    begun = time.monotonic()

    def look() -> None:
        if ports := lost_ports():
            raise _PortsLostError(
                f"another process has removed {', '.join(ports)}, where this node listens; "
                "it starts anew"
            )
        if time.monotonic() - begun > seconds:
            timer.cancel()

    # The node's own clock may be a simulation's, which stands still before that begins.
    timer = node.create_timer(1.0, look, clock=Clock(clock_type=ClockType.STEADY_TIME))


class _Interrupts:
    """Python's part in a Ctrl-C: an exception, unless ROS is spinning and ends that by itself.

    An exception that is raised while rclpy makes an object of a message comes out as another one.
    A second Ctrl-C raises in any case.
    """

    def __init__(self) -> None:
        self._left_to_ros = False

    def __call__(self, number: int, frame: FrameType | None) -> None:
        """What Python calls between two of its instructions."""
        if not self._left_to_ros:
            raise KeyboardInterrupt
        self._left_to_ros = False

    @contextmanager
    def left_to_ros(self) -> Iterator[None]:
        """The next one does not raise."""
        self._left_to_ros = True
        try:
            yield
        finally:
            self._left_to_ros = False


def _spin(node: Node, executor: Executor) -> None:
    """Spin until ROS is shut down; what ROS could not send does not end the node.

    In ROS 2 Humble, the answer to a client that has gone away raises in the executor.
    """
    # ROS's own global executor is None where a signal comes between its making and its first spin.
    while node.context.ok():
        try:
            rclpy.spin(node, executor)
        except rclpy_implementation.RCLError as error:
            if node.context.ok():
                node.get_logger().warning(f"ROS could not do what was asked: {error}")


@contextmanager
def quiet_at_shutdown(context: Context) -> Iterator[None]:
    """Let the work of a thread end without a trace when ROS is shut down under it."""
    try:
        yield
    except (rclpy_implementation.RCLError, rclpy_implementation.InvalidHandle):
        if context.ok():
            raise


def ros_arguments(
    parameters: Mapping[str, Any], remappings: Mapping[str, str | None], further: Sequence[str]
) -> list[str]:
    """Arguments of a node's process.

    Args:
        parameters: by name; those that are None are left to their defaults.
        remappings: topics by the names the node knows; those that are None are left out.
        further: arguments to come after them, with their own `--ros-args`.
    """
    # JSON is the part of YAML that cannot be misread: a path like "1e5" stays a text.
    settings = [
        f"{key}:={json.dumps(value)}" for key, value in parameters.items() if value is not None
    ]
    topics = [f"{key}:={topic}" for key, topic in remappings.items() if topic is not None]
    pairs = [("-p", setting) for setting in settings] + [("-r", topic) for topic in topics]
    return ["--ros-args", *(part for pair in pairs for part in pair), "--", *further]
