from __future__ import annotations

import signal
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
