"""The Ground action."""

from __future__ import annotations

from collections.abc import Callable

from rclpy.action import ActionServer, CancelResponse
from rclpy.action.server import ServerGoalHandle
from rclpy.clock import Clock, ClockType
from rclpy.node import Node
from rclpy.task import Future

from vlm_ros.action import Ground
from vlm_ros.nodes.clock import seconds
from vlm_ros.nodes.ground_goal import GoalEnd, GroundGoal
from vlm_ros.nodes.grounding_settings import GroundingSettings
from vlm_ros.nodes.waking_future import waking_future

_RESULT_TIMEOUT_S = 10


class GroundAction:
    """Serves `~/ground` and tells the node which goals begin and end.

    Nothing here blocks the thread that spins the node: a goal waits in a coroutine until it is
    ended by an answer, by its timer, by the client or by the node.
    """

    def __init__(
        self,
        node: Node,
        settings: Callable[[], GroundingSettings],
        image_topics: str,
        begin: Callable[[str, GroundGoal], None],
        ended: Callable[[GroundGoal], None],
    ) -> None:
        """Offer the action.

        Args:
            node: serves it.
            settings: the values of the node's parameters.
            image_topics: where images are expected, for messages.
            begin: called with a new id and the goal when one is accepted.
            ended: called when a goal has ended, whatever ended it.
        """
        self._node = node
        self._settings = settings
        self._image_topics = image_topics
        self._begin = begin
        self._has_ended = ended
        self._steady = Clock(clock_type=ClockType.STEADY_TIME)
        self._goals: dict[str, tuple[GroundGoal, Future]] = {}
        self._server = ActionServer(
            node,
            Ground,
            "~/ground",
            execute_callback=self._execute,
            handle_accepted_callback=self._accept,
            cancel_callback=self._cancel,
            # Humble keeps results, which are large, for a quarter of an hour.
            result_timeout=_RESULT_TIMEOUT_S,
        )

    def _accept(self, handle: ServerGoalHandle) -> None:
        goal = self._admit(handle)
        self._begin(_identity(handle), goal)
        handle.execute()

    def _admit(self, handle: ServerGoalHandle) -> GroundGoal:
        future = waking_future(self._node)
        goal = GroundGoal(
            handle.request.command,
            self._settings().confirm_frames,
            on_feedback=handle.publish_feedback,
            on_end=future.set_result,
        )
        self._goals[_identity(handle)] = goal, future
        return goal

    def _cancel(self, handle: ServerGoalHandle) -> CancelResponse:
        if _identity(handle) in self._goals:
            goal, _ = self._goals[_identity(handle)]
        else:
            # rclpy never hands over a goal whose acceptance it could not tell the client, but lets
            # it be cancelled.
            goal = self._admit(handle)
            handle.execute()
        goal.end(Ground.Result.CANCELLED, "The client cancelled the goal.")
        return CancelResponse.ACCEPT

    async def _execute(self, handle: ServerGoalHandle) -> Ground.Result:
        goal, future = self._goals[_identity(handle)]
        timeout = seconds(handle.request.timeout)
        timer = self._node.create_timer(
            timeout if timeout > 0.0 else self._settings().default_timeout,
            lambda: goal.time_up(self._image_topics),
            clock=self._steady,
        )
        end: GoalEnd = await future
        self._node.destroy_timer(timer)
        del self._goals[_identity(handle)]
        self._has_ended(goal)
        if end.error_code == Ground.Result.NONE:
            handle.succeed()
        elif handle.is_cancel_requested:
            handle.canceled()
        else:
            handle.abort()
        return goal.result()


def _identity(handle: ServerGoalHandle) -> str:
    return bytes(handle.goal_id.uuid).hex()
