from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest

pytest.importorskip("rclpy", reason="needs ROS 2")

from rclpy.context import Context
from rclpy.executors import (
    Executor,
    ExternalShutdownException,
    MultiThreadedExecutor,
    SingleThreadedExecutor,
)
from rclpy.node import Node

from vlm_ros.action import Ground
from vlm_ros.nodes.target_finder import NodeUnavailableError, TargetFinder


@pytest.fixture(params=[None, SingleThreadedExecutor, MultiThreadedExecutor])
def robot(request: Any, client: Any) -> Iterator[Node]:
    """A robot's own node: not spun by anybody, or by an executor in a thread."""
    node = Node("robot", namespace=client.namespace)
    if request.param is None:
        yield node
    else:
        executor = request.param()
        executor.add_node(node)
        thread = threading.Thread(target=executor.spin)
        thread.start()
        yield node
        executor.shutdown()
        thread.join()
    node.destroy_node()


@pytest.fixture(scope="module")
def grounding(start: Callable[..., Any], model: Any, client: Any) -> Any:
    started = start("node", "--model", str(model))
    assert client.spin_until(client.ground.server_is_ready, 30.0)
    return started


def test_the_end_of_a_search_is_told_however_the_node_is_spun(grounding: Any, robot: Node) -> None:
    finder = TargetFinder(robot)
    for _ in range(2):
        result = finder.find("the red cup", timeout=0.2)
        assert not result.found
        assert result.target is None
        assert result.error_code == Ground.Result.NO_IMAGE
        assert "/image" in result.message


def test_a_bad_command_is_told(grounding: Any, robot: Node) -> None:
    result = TargetFinder(robot).find("pick up", timeout=5.0)
    assert result.error_code == Ground.Result.INVALID_COMMAND
    assert result.grounding.reason == result.message


def spin(executor: Executor) -> None:
    with suppress(ExternalShutdownException):
        executor.spin()


def test_the_first_goal_of_a_robot_that_has_just_started_is_answered_and_begun_once(
    grounding: Any, client: Any
) -> None:
    """Before the node has discovered the robot, what it answers is lost."""
    for attempt in range(5):
        context = Context()
        context.init(args=[])
        robot = Node("robot", namespace=client.namespace, context=context)
        executor = SingleThreadedExecutor(context=context)
        executor.add_node(robot)
        thread = threading.Thread(target=spin, args=[executor])
        thread.start()
        command = f"the red cup on tray {attempt}"
        result = TargetFinder(robot).find(command, timeout=0.5)
        assert result.error_code == Ground.Result.NO_IMAGE
        context.shutdown()
        thread.join()
        begun = [line for line in grounding.output.splitlines() if command in line]
        assert len(begun) == 1, begun


def test_a_missing_node_is_told(client: Any) -> None:
    with pytest.raises(NodeUnavailableError, match="some_other_node/ground"):
        TargetFinder(client, "some_other_node").find("the red cup", timeout=0.2)
