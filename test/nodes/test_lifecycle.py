"""The states of the grounding node, and a model that cannot be used."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

pytest.importorskip("rclpy", reason="needs ROS 2")

from lifecycle_msgs.msg import State, Transition, TransitionEvent
from lifecycle_msgs.srv import ChangeState, GetAvailableTransitions, GetState

from vlm_ros.action import Ground
from vlm_ros.msg import Target


def change(client: Any, transition: int) -> bool:
    service = client.service(ChangeState, "grounding_node/change_state")
    request = ChangeState.Request(transition=Transition(id=transition))
    return bool(client.completed(service.call_async(request)).success)


def state(client: Any) -> int:
    service = client.service(GetState, "grounding_node/get_state")
    return int(client.completed(service.call_async(GetState.Request())).current_state.id)


def test_each_state_says_what_to_do_and_can_be_left_and_entered(
    client: Any, start: Callable[..., Any], model: Path
) -> None:
    with start("node", "--model", str(model), "--ros-args", "-p", "autostart:=false") as node:
        assert state(client) == State.PRIMARY_STATE_UNCONFIGURED
        refused = client.result(client.send_goal("the cup")).result
        assert refused.error_code == Ground.Result.UNKNOWN
        assert "not configured" in refused.error_msg
        for _ in range(2):
            assert change(client, Transition.TRANSITION_CONFIGURE)
            refused = client.result(client.send_goal("the cup")).result
            assert "not active" in refused.error_msg
            assert change(client, Transition.TRANSITION_ACTIVATE)
            client.say("the cup")
            assert client.show(client.picture()).status != Target.ERROR
            running = client.send_goal("the cup", timeout=60.0)
            assert change(client, Transition.TRANSITION_DEACTIVATE)
            ended = client.result(running).result
            assert ended.error_code == Ground.Result.CANCELLED
            assert "deactivated" in ended.error_msg
            assert client.spin_until(lambda: not client.listening())
            assert change(client, Transition.TRANSITION_CLEANUP)
        assert state(client) == State.PRIMARY_STATE_UNCONFIGURED
        node.check()
        said = [node.output.find(words) for words in ("loading the", "first time", "ready in")]
        assert said == sorted(said), node.output
        assert said[0] >= 0, node.output


def test_a_lifecycle_manager_finds_what_it_asks_for(
    client: Any, start: Callable[..., Any], model: Path
) -> None:
    """The services that Nav2's manager and `ros2 lifecycle` use, and the topic they watch."""
    events: list[TransitionEvent] = []
    topic = "grounding_node/transition_event"
    subscription = client.create_subscription(TransitionEvent, topic, events.append, 10)
    with start("node", "--model", str(model), "--ros-args", "-p", "autostart:=false") as node:
        service = client.service(
            GetAvailableTransitions, "grounding_node/get_available_transitions"
        )
        assert client.spin_until(lambda: client.count_publishers(topic))

        def offered() -> set[str]:
            answer = client.completed(service.call_async(GetAvailableTransitions.Request()))
            return {item.transition.label for item in answer.available_transitions}

        assert offered() == {"configure", "shutdown"}
        assert not change(client, Transition.TRANSITION_ACTIVATE)
        assert change(client, Transition.TRANSITION_CONFIGURE)
        assert offered() == {"activate", "cleanup", "shutdown"}
        assert change(client, Transition.TRANSITION_ACTIVATE)
        assert client.spin_until(lambda: events and events[-1].goal_state.label == "active")
        assert change(client, Transition.TRANSITION_ACTIVE_SHUTDOWN)
        assert state(client) == State.PRIMARY_STATE_FINALIZED
        refused = client.result(client.send_goal("the cup")).result
        assert refused.error_code == Ground.Result.UNKNOWN
        node.check()
    client.destroy_subscription(subscription)


def without_model(folder: Path, good: Path) -> str:
    return "does not exist"


def without_graph(folder: Path, good: Path) -> str:
    shutil.copytree(good, folder)
    (folder / "vision.onnx").unlink()
    return "vision.onnx"


def with_other_dimensions(folder: Path, good: Path) -> str:
    shutil.copytree(good, folder)
    description = folder / "model.yaml"
    description.chmod(0o644)
    values = yaml.safe_load(description.read_text())
    values["dimensions"] += 1
    description.write_text(yaml.safe_dump(values))
    return str(values["dimensions"])


def with_garbage_for_a_graph(folder: Path, good: Path) -> str:
    shutil.copytree(good, folder)
    (folder / "vision.onnx").unlink()
    (folder / "vision.onnx").write_bytes(b"not a graph")
    return "vision.onnx"


@pytest.mark.parametrize(
    "spoil", [without_model, without_graph, with_other_dimensions, with_garbage_for_a_graph]
)
def test_a_model_that_cannot_be_used_is_said_to_every_goal(
    client: Any,
    start: Callable[..., Any],
    model: Path,
    tmp_path: Path,
    spoil: Callable[[Path, Path], str],
) -> None:
    folder = tmp_path / "model"
    reason = spoil(folder, model)
    with start("node", "--model", str(folder)) as node:
        result = client.result(client.send_goal("the red cup")).result
        assert result.error_code == Ground.Result.MODEL_FAILED
        assert reason in result.error_msg
        assert result.grounding.status == Target.ERROR
        assert state(client) == State.PRIMARY_STATE_UNCONFIGURED
        node.check()
        assert reason in node.output
