"""Goals by the thousand, cancelled at any moment, and clients that are gone."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("rclpy", reason="needs ROS 2")

from action_msgs.msg import GoalStatus

from vlm_ros.action import Ground
from vlm_ros.msg import Target
from vlm_ros.nodes.clock import duration_message

ROOT = Path(__file__).resolve().parents[3]
COMMAND = "the red cup"
ABSENT = "the toothbrush"
GOALS = 1000
WARM_UP = 200
# How a goal may end, and what its error code then says.
ENDS = {
    (GoalStatus.STATUS_SUCCEEDED, Ground.Result.NONE),
    (GoalStatus.STATUS_CANCELED, Ground.Result.CANCELLED),
    (GoalStatus.STATUS_ABORTED, Ground.Result.CANCELLED),
}


@pytest.fixture(scope="module")
def node(start: Callable[..., Any], model: Any) -> Any:
    return start("node", "--model", str(model))


def nothing_runs(client: Any) -> bool:
    return bool(client.spin_until(lambda: not client.listening(), 5.0))


def check_end(camera: Any, outcome: Any) -> None:
    result = outcome.result
    assert (outcome.status, result.error_code) in ENDS, result.error_msg
    assert bool(result.error_msg) == (result.error_code != Ground.Result.NONE)
    if outcome.status == GoalStatus.STATUS_SUCCEEDED:
        assert result.grounding.status == Target.FOUND
    if result.grounding.header.frame_id:
        camera.check(result.grounding)


@pytest.mark.timeout(300)
def test_a_thousand_goals_cancelled_at_random(
    client: Any, node: Any, camera: Any, leaks: Callable[..., Any]
) -> None:
    rng = random.Random(1)
    client.result(client.send_goal(COMMAND))
    watched, ends, replaced = None, Counter[int](), None
    for number in range(GOALS):
        if number == WARM_UP:
            watched = leaks(node)
        goal = Ground.Goal(command=rng.choice([COMMAND, ABSENT]), timeout=duration_message(60.0))
        handle = client.completed(client.ground.send_goal_async(goal))
        if replaced is not None:
            outcome = client.completed(replaced.get_result_async())
            # It may have found what it looked for before the next one came.
            assert outcome.status != GoalStatus.STATUS_CANCELED
            check_end(camera, outcome)
            ends[outcome.status] += 1
            replaced = None
        client.spin_until(lambda: False, rng.choice([0.0, 0.0, 0.01, 0.05]))
        if rng.random() < 0.1:
            replaced = handle
            continue
        cancelling = handle.cancel_goal_async()
        outcome = client.completed(handle.get_result_async())
        client.completed(cancelling)
        check_end(camera, outcome)
        ends[outcome.status] += 1
    if replaced is not None:
        client.completed(replaced.cancel_goal_async())
    assert nothing_runs(client), "images are taken for nobody"
    assert set(ends) == {status for status, _ in ENDS}, ends
    assert sum(ends.values()) >= GOALS - 1
    node.check()
    assert watched is not None
    watched.check()
    outcome = client.result(client.send_goal(COMMAND))
    assert outcome.status == GoalStatus.STATUS_SUCCEEDED
    check_end(camera, outcome)


_ASK = """
import sys
import rclpy
from rclpy.action import ActionClient
from vlm_ros.action import Ground
from vlm_ros.nodes.clock import duration_message

rclpy.init(args=[])
node = rclpy.create_node("asker", namespace=sys.argv[1])
client = ActionClient(node, Ground, "grounding_node/ground")
assert client.wait_for_server(30.0)
goal = Ground.Goal(command=sys.argv[2], timeout=duration_message(float(sys.argv[3])))
client.send_goal_async(goal, feedback_callback=lambda _: print("feedback", flush=True))
rclpy.spin(node)
"""


@contextmanager
def asker(client: Any, timeout: float) -> Iterator[subprocess.Popen[str]]:
    """A process that asks for what is not there, until it has got the first feedback."""
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    with subprocess.Popen(
        [sys.executable, "-c", _ASK, client.namespace, ABSENT, str(timeout)],
        env=os.environ | {"PYTHONPATH": path},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        heard = threading.Thread(target=process.stdout.readline, daemon=True)
        heard.start()
        assert client.spin_until(lambda: not heard.is_alive(), 30.0), "it hears nothing"
        yield process
        process.kill()


def test_a_client_that_is_killed_leaves_a_goal_that_ends(
    client: Any, node: Any, camera: Any, leaks: Callable[..., Any]
) -> None:
    client.result(client.send_goal(COMMAND))
    watched = leaks(node)
    timeout = 3.0
    for _ in range(3):
        with asker(client, timeout) as process:
            process.kill()
        killed = time.monotonic()
        assert client.spin_until(client.listening), "its goal ended at once"
        assert nothing_runs(client), "the goal of a client that is gone never ends"
        assert time.monotonic() - killed < timeout + 1.0
    node.check()
    watched.check()


def test_another_client_is_answered_while_one_is_killed(
    client: Any, node: Any, camera: Any
) -> None:
    with asker(client, 60.0) as process:
        process.kill()
        outcome = client.result(client.send_goal(COMMAND))
    assert outcome.status == GoalStatus.STATUS_SUCCEEDED
    check_end(camera, outcome)
    assert nothing_runs(client), "the goal of the client that is gone came back"
    node.check()
