"""A future that any thread may complete for a coroutine of the executor."""

from __future__ import annotations

from rclpy.node import Node
from rclpy.task import Future


def waking_future(node: Node) -> Future:
    """A future to await in a callback of the node.

    An executor that sleeps in its wait set does not notice a plain future that another thread
    completes. One with a done callback schedules that callback on the executor, which wakes it.
    """
    future = Future(executor=node.executor)
    future.add_done_callback(lambda _: None)
    return future
