"""A model that fails while the node runs; in this process, so that it can be made to."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("rclpy", reason="needs ROS 2")

from rclpy.executors import SingleThreadedExecutor
from rclpy.parameter import Parameter

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


@pytest.fixture
def moody(client: Any, model: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Moody]:
    """The model of a node that is running."""
    made = Moody(load_model(model))
    monkeypatch.setattr(grounding_node, "load_model", lambda folder, runtime: made)
    node = grounding_node.GroundingNode(
        namespace=client.namespace, parameter_overrides=[Parameter("model", value=str(model))]
    )
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    thread = threading.Thread(target=executor.spin)
    thread.start()
    yield made
    executor.shutdown()
    thread.join()
    node.destroy_node()


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
