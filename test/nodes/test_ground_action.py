"""Goals of the action: their ends, and that the node stays live while they run."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

pytest.importorskip("rclpy", reason="needs ROS 2")

from action_msgs.msg import GoalStatus
from rcl_interfaces.msg import Parameter, ParameterType, ParameterValue
from rcl_interfaces.srv import SetParameters

from vlm_ros.action import Ground
from vlm_ros.msg import Target

# Nothing like it is ever in an empty picture.
COMMAND = "the red cup"


@pytest.fixture(scope="module")
def node(start: Callable[..., Any], model: Any) -> Any:
    return start("node", "--model", str(model))


def test_a_goal_without_images_ends_in_time_and_says_so(client: Any, node: Any) -> None:
    handle = client.send_goal(COMMAND, timeout=0.5)
    begun = time.monotonic()
    outcome = client.result(handle)
    assert 0.3 < time.monotonic() - begun < 1.5
    assert outcome.status == GoalStatus.STATUS_ABORTED
    assert outcome.result.error_code == Ground.Result.NO_IMAGE
    assert f"{client.namespace}/image" in outcome.result.error_msg


def test_a_goal_times_out_with_the_last_answer(client: Any, node: Any) -> None:
    client.feedback.clear()
    handle = client.send_goal(COMMAND, timeout=1.0)
    answer = client.show(client.picture())
    assert answer.status == Target.NOT_FOUND
    outcome = client.result(handle)
    assert outcome.status == GoalStatus.STATUS_ABORTED
    assert outcome.result.error_code == Ground.Result.TIMEOUT
    assert answer.reason in outcome.result.error_msg
    assert outcome.result.grounding.header == answer.header
    assert [feedback.frames for feedback in client.feedback] == [1]
    assert client.feedback[0].grounding.header == answer.header


def test_a_cancelled_goal_ends_at_once(client: Any, node: Any) -> None:
    handle = client.send_goal(COMMAND, timeout=60.0)
    client.show(client.picture())
    begun = time.monotonic()
    client.completed(handle.cancel_goal_async())
    outcome = client.result(handle)
    assert time.monotonic() - begun < 1.0
    assert outcome.status == GoalStatus.STATUS_CANCELED
    assert outcome.result.error_code == Ground.Result.CANCELLED
    assert client.spin_until(lambda: not client.listening()), "images are taken for nobody"


def test_a_new_goal_replaces_the_old_one(client: Any, node: Any) -> None:
    old = client.send_goal(COMMAND, timeout=60.0)
    new = client.send_goal("the blue box", timeout=60.0)
    outcome = client.result(old)
    assert outcome.status == GoalStatus.STATUS_ABORTED
    assert outcome.result.error_code == Ground.Result.CANCELLED
    assert "replaced" in outcome.result.error_msg
    assert client.show(client.picture()).command == "the blue box"
    client.completed(new.cancel_goal_async())
    assert client.result(new).status == GoalStatus.STATUS_CANCELED


def test_a_bad_goal_leaves_the_old_one_alone(client: Any, node: Any) -> None:
    old = client.send_goal(COMMAND, timeout=60.0)
    bad = client.send_goal("", timeout=60.0)
    assert client.result(bad).result.error_code == Ground.Result.INVALID_COMMAND
    assert client.show(client.picture()).command == COMMAND
    client.completed(old.cancel_goal_async())
    client.result(old)


def test_clearing_the_command_ends_the_goal(client: Any, node: Any) -> None:
    handle = client.send_goal(COMMAND, timeout=60.0)
    client.say("")
    assert client.result(handle).result.error_code == Ground.Result.CANCELLED


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("confirm_frames", ParameterValue(type=ParameterType.PARAMETER_INTEGER), "out of range"),
        (
            "default_timeout",
            ParameterValue(type=ParameterType.PARAMETER_DOUBLE, double_value=-1.0),
            "out of range",
        ),
        (
            "runtime",
            ParameterValue(type=ParameterType.PARAMETER_STRING, string_value="abacus"),
            "clean up",
        ),
        (
            "model",
            ParameterValue(type=ParameterType.PARAMETER_STRING, string_value="/elsewhere"),
            "clean up",
        ),
        ("autostart", ParameterValue(type=ParameterType.PARAMETER_BOOL), "read-only"),
    ],
)
def test_a_bad_parameter_is_refused_with_the_reason_while_a_goal_runs(
    client: Any, node: Any, name: str, value: Any, reason: str
) -> None:
    handle = client.send_goal(COMMAND, timeout=60.0)
    service = client.service(SetParameters, "grounding_node/set_parameters")
    request = SetParameters.Request(parameters=[Parameter(name=name, value=value)])
    answer = client.completed(service.call_async(request), timeout=2.0).results[0]
    assert not answer.successful
    assert reason in answer.reason
    client.completed(handle.cancel_goal_async())
    client.result(handle)
    client.destroy_client(service)
