from __future__ import annotations

from collections.abc import Iterator

import pytest

pytest.importorskip("rclpy", reason="needs ROS 2")

import rclpy
from rclpy.context import Context
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

    def spin(spun: Node) -> None:
        calls.append(spun.get_name())
        if len(calls) == 1:
            raise rclpy_implementation.RCLError("client will not receive response")
        node.context.shutdown()

    monkeypatch.setattr(rclpy, "spin", spin)
    spinning._spin(node)
    assert calls == ["spun", "spun"]
