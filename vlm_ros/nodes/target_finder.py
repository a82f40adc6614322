"""Asking the grounding node from robot code."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Any

import rclpy
from rclpy.action import ActionClient
from rclpy.node import Node
from rclpy.task import Future

from vlm_ros.action import Ground
from vlm_ros.errors import VlmRosError
from vlm_ros.msg import Target, TargetArray
from vlm_ros.nodes.clock import duration_message

_ANSWER_GRACE_S = 5.0


class NodeUnavailableError(VlmRosError):
    """The grounding node cannot be reached."""


@dataclass(frozen=True)
class FindResult:
    """How a search ended.

    Attributes:
        error_code: a constant of Ground.Result; NONE when found.
        message: one sentence; empty when found.
        grounding: the last answer.
    """

    error_code: int
    message: str
    grounding: TargetArray

    @property
    def found(self) -> bool:
        """Whether everything the command names was found."""
        return bool(self.error_code == Ground.Result.NONE)

    @property
    def target(self) -> Target | None:
        """The best target, None if nothing was found."""
        return self.grounding.targets[0] if self.grounding.targets else None


class TargetFinder:
    """Finds what commands name, one at a time.

    Example:
        >>> finder = TargetFinder(node)
        >>> result = finder.find("pick up the red cup", timeout=5.0)
        >>> if result.found:
        ...     grasp(result.target.position)
    """

    def __init__(self, node: Node, grounding_node: str = "grounding_node") -> None:
        """Prepare to ask.

        Args:
            node: a node of yours. If an executor spins it, `find` waits for that executor and
                so must not be called from one of its callbacks; otherwise `find` spins it.
            grounding_node: name of the node to ask.
        """
        self._node = node
        self._action = f"{grounding_node}/ground"
        self._client = ActionClient(node, Ground, self._action)

    def find(self, command: str, timeout: float = 5.0) -> FindResult:
        """Look until the target is found or the time is up.

        Args:
            command: such as "pick up the red cup".
            timeout: seconds to look; as many again to find the node.

        Raises:
            NodeUnavailableError: no grounding node offers the action, or it went away.
        """
        if not self._client.wait_for_server(timeout):
            raise NodeUnavailableError(
                f"No grounding node offers the action '{self._action}' after "
                f"{timeout:g} s: start one with `vlm-ros node`, in the same ROS domain."
            )
        goal = Ground.Goal(command=command, timeout=duration_message(timeout))
        handle = self._completed(self._client.send_goal_async(goal), _ANSWER_GRACE_S)
        if not handle.accepted:
            raise NodeUnavailableError("The grounding node rejected the goal; see its log.")
        result = self._completed(handle.get_result_async(), timeout + _ANSWER_GRACE_S).result
        return FindResult(result.error_code, result.error_msg, result.grounding)

    def _completed(self, future: Future, timeout: float) -> Any:
        """The value of a future, however the node is spun."""
        executor = self._node.executor
        # A node that was spun once keeps its executor, but no longer belongs to it.
        if executor is None or self._node not in executor.get_nodes():
            rclpy.spin_until_future_complete(self._node, future, timeout_sec=timeout)
        else:
            done = threading.Event()
            future.add_done_callback(lambda _: done.set())
            done.wait(timeout)
        if not future.done():
            raise NodeUnavailableError(
                f"The grounding node did not answer within {timeout:g} s: see its log."
            )
        return future.result()
