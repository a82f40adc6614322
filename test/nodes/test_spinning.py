from __future__ import annotations

import signal
import time
from collections.abc import Iterator

import pytest

pytest.importorskip("rclpy", reason="needs ROS 2")

import rclpy
from rclpy.context import Context
from rclpy.executors import Executor, SingleThreadedExecutor
from rclpy.impl.implementation_singleton import rclpy_implementation
from rclpy.node import Node

from vlm_ros.nodes import spinning


@pytest.fixture
def node() -> Iterator[Node]:
    context = Context()
    context.init(args=[])
    made = Node("spun", context=context)
    yield made
    made.destroy_node()
    context.try_shutdown()


def test_what_ros_could_not_send_does_not_end_the_node(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in Humble, where the answer to a client that has gone raises."""
    calls: list[str] = []

    def spin(spun: Node, executor: Executor) -> None:
        calls.append(spun.get_name())
        if len(calls) == 1:
            raise rclpy_implementation.RCLError("client will not receive response")
        node.context.shutdown()

    monkeypatch.setattr(rclpy, "spin", spin)
    spinning._spin(node, SingleThreadedExecutor(context=node.context))
    assert calls == ["spun", "spun"]


def test_lost_ports_are_noticed_however_long_the_first_callback_takes(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spinning, "lost_ports", lambda: ["fastdds_port7411"])
    executor = SingleThreadedExecutor(context=node.context)
    executor.add_node(node)
    spinning._watch_ports(node, 0.1)
    time.sleep(0.3)  # a model that loads slowly
    with pytest.raises(spinning._PortsLostError, match="fastdds_port7411, where this node listens"):
        executor.spin_once(timeout_sec=10.0)


def test_the_last_start_is_kept(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spinning, "lost_ports", lambda: ["fastdds_port7411"])
    before = len(list(node.timers))
    spinning._watch_ports(node, 0.0)
    assert len(list(node.timers)) == before


def test_an_interrupt_is_an_exception_unless_ros_spins() -> None:
    """One that came while rclpy makes an object of a message would come out as another."""
    interrupts = spinning._Interrupts()
    before = signal.signal(signal.SIGINT, interrupts)
    try:
        with interrupts.left_to_ros():
            signal.raise_signal(signal.SIGINT)
            with pytest.raises(KeyboardInterrupt):
                signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    finally:
        signal.signal(signal.SIGINT, before)
