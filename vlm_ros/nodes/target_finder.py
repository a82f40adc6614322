"""Asking the grounding node from robot code."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import rclpy
from lifecycle_msgs.srv import GetState
from rclpy.action import ActionClient
from rclpy.action.client import ClientGoalHandle
from rclpy.node import Node
from rclpy.task import Future
from unique_identifier_msgs.msg import UUID

from vlm_ros.action import Ground
from vlm_ros.errors import VlmRosError
from vlm_ros.msg import Target, TargetArray
from vlm_ros.nodes.clock import duration_message

_ANSWER_GRACE_S = 5.0
_REACH_S = 5.0
_PROBE_S = 0.1
_ASK_AGAIN_S = 2.0


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
        # Made after the action's client: a node that answers this one knows that one too.
        self._probe = node.create_client(GetState, f"{grounding_node}/get_state")

    def find(self, command: str, timeout: float = 5.0) -> FindResult:
        """Look until the target is found or the time is up.

        Args:
            command: such as "pick up the red cup".
            timeout: seconds to look; as many again, but five at least, to find the node.

        Raises:
            NodeUnavailableError: no grounding node offers the action, or it went away.
        """
        self._reach(max(timeout, _REACH_S))
        goal = Ground.Goal(command=command, timeout=duration_message(timeout))
        handle = self._begun(goal)
        patience = timeout + _ANSWER_GRACE_S
        result = self._completed(handle.get_result_async, patience, _ASK_AGAIN_S).result
        return FindResult(result.error_code, result.error_msg, result.grounding)

    def _reach(self, timeout: float) -> None:
        """Wait until the grounding node has discovered this client.

        A client sees a server before the server sees the client, and a server drops what it
        answers to a client that it does not see. Discovery tells of what a participant reads in
        the order in which it was made.
        """
        deadline = time.monotonic() + timeout
        if not self._client.wait_for_server(timeout):
            raise NodeUnavailableError(
                f"No grounding node offers the action '{self._action}' after "
                f"{timeout:g} s: start one with `vlm-ros node`, in the same ROS domain."
            )
        left = max(deadline - time.monotonic(), _PROBE_S)
        self._completed(lambda: self._probe.call_async(GetState.Request()), left, _PROBE_S)

    def _begun(self, goal: Ground.Goal) -> ClientGoalHandle:
        """The handle of a goal that the node works on."""
        identity = UUID(uuid=list(uuid.uuid4().bytes))
        asked = 0

        def ask() -> Future:
            nonlocal asked
            asked += 1
            return self._client.send_goal_async(goal, goal_uuid=identity)

        handle = self._completed(ask, _ANSWER_GRACE_S, _ASK_AGAIN_S)
        # A node does not begin a goal twice: it rejects one that it has begun, of which the news
        # was lost.
        if not handle.accepted and asked == 1:
            raise NodeUnavailableError("The grounding node rejected the goal; see its log.")
        return handle

    def _completed(self, ask: Callable[[], Future], timeout: float, again: float) -> Any:
        """The answer to what can be asked again without harm, and is while none comes.

        Args:
            ask: begins one more request.
            timeout: longest wait, seconds.
            again: seconds between two requests.
        """
        deadline = time.monotonic() + timeout
        asked: list[Future] = []
        try:
            while (left := deadline - time.monotonic()) > 0.0:
                asked.append(ask())
                self._wait(asked[-1], min(left, again))
                for answer in asked:
                    if answer.done():
                        return answer.result()
        finally:
            for unanswered in asked:
                unanswered.cancel()
        raise NodeUnavailableError(
            f"The grounding node did not answer within {timeout:g} s: see its log."
        )

    def _wait(self, future: Future, timeout: float) -> bool:
        """Whether a future completes in time, however the node is spun."""
        executor = self._node.executor
        # A node that was spun once keeps its executor, but no longer belongs to it.
        if executor is None or self._node not in executor.get_nodes():
            rclpy.spin_until_future_complete(self._node, future, timeout_sec=timeout)
        else:
            done = threading.Event()
            future.add_done_callback(lambda _: done.set())
            done.wait(timeout)
        return bool(future.done())
