"""A model that fails while the node runs; in this process, so that it can be made to."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("rclpy", reason="needs ROS 2")

from action_msgs.msg import GoalStatus
from rclpy.action.client import ClientGoalHandle
from rclpy.executors import SingleThreadedExecutor
from rclpy.impl.implementation_singleton import rclpy_implementation
from rclpy.parameter import Parameter
from unique_identifier_msgs.msg import UUID

from vlm_ros.action import Ground
from vlm_ros.errors import ModelError
from vlm_ros.models import Model, load_model
from vlm_ros.msg import Target
from vlm_ros.nodes import grounding_node


class Moody:
    """A real model that fails when told to."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self.failure: Exception | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._model, name)

    def regions(self, image: Any, phrases: Any) -> Any:
        if self.failure is not None:
            raise self.failure
        return self._model.regions(image, phrases)


@contextmanager
def spun(node: grounding_node.GroundingNode) -> Iterator[None]:
    """Meanwhile the node is spun by a thread; then it ends."""
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    thread = threading.Thread(target=executor.spin)
    thread.start()
    yield
    executor.shutdown()
    thread.join()
    node.destroy_node()


@pytest.fixture
def moody(client: Any, model: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Moody]:
    """The model of a node that is running."""
    made = Moody(load_model(model))
    monkeypatch.setattr(grounding_node, "load_model", lambda folder, runtime: made)
    node = grounding_node.GroundingNode(
        namespace=client.namespace, parameter_overrides=[Parameter("model", value=str(model))]
    )
    with spun(node):
        yield made


class Lossy:
    """The handle of an action server, the news of whose first goal is lost."""

    def __init__(self, handle: Any) -> None:
        self._handle = handle
        self.lost = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._handle, name)

    def __enter__(self) -> Any:
        return self._handle.__enter__()

    def __exit__(self, *error: Any) -> Any:
        return self._handle.__exit__(*error)

    def send_goal_response(self, *answer: Any) -> None:
        if not self.lost:
            self.lost += 1
            raise rclpy_implementation.RCLError("client will not receive response")
        self._handle.send_goal_response(*answer)


@pytest.mark.parametrize(
    ("failure", "code", "words"),
    [
        (ModelError("The graph is gone."), Ground.Result.MODEL_FAILED, "The graph is gone."),
        (ZeroDivisionError("half of nothing"), Ground.Result.UNKNOWN, "half of nothing"),
    ],
)
def test_a_failing_model_ends_the_goal_and_not_the_node(
    client: Any, moody: Moody, failure: Exception, code: int, words: str
) -> None:
    handle = client.send_goal("the cup", timeout=60.0)
    assert client.show(client.picture()).status != Target.ERROR
    moody.failure = failure
    answer = client.show(client.picture())
    assert answer.status == Target.ERROR
    assert words in answer.reason
    result = client.result(handle).result
    assert result.error_code == code
    assert words in result.error_msg
    moody.failure = None
    client.say("the cup")
    assert client.show(client.picture()).status != Target.ERROR


def test_cleaning_up_frees_the_model(
    client: Any, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[weakref.ref[Moody]] = []

    def load(folder: Path, runtime: str) -> Moody:
        loaded = Moody(load_model(folder))
        made.append(weakref.ref(loaded))
        return loaded

    monkeypatch.setattr(grounding_node, "load_model", load)
    node = grounding_node.GroundingNode(namespace=client.namespace)
    assert made[0]() is not None
    node.trigger_deactivate()
    assert made[0]() is not None
    node.trigger_cleanup()
    assert made[0]() is None
    node.destroy_node()


def test_a_goal_whose_acceptance_was_lost_can_be_cancelled(client: Any, ros: None) -> None:
    node = grounding_node.GroundingNode(namespace=client.namespace)
    server = node._action._server
    server._handle = lossy = Lossy(server._handle)
    identity = UUID(uuid=list(range(16)))
    with spun(node):
        assert client.spin_until(client.ground.server_is_ready, 30.0)
        client.ground.send_goal_async(Ground.Goal(command="the cup"), goal_uuid=identity)
        assert client.spin_until(lambda: lossy.lost)
        handle = ClientGoalHandle(client.ground, identity, None)
        assert len(client.completed(handle.cancel_goal_async()).goals_canceling) == 1
        outcome = client.result(handle)
        assert outcome.status == GoalStatus.STATUS_CANCELED
        assert outcome.result.error_code == Ground.Result.CANCELLED
