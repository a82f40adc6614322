"""More commands and parameters than anybody should send, while frames arrive."""

from __future__ import annotations

import itertools
import random
import time
from collections.abc import Callable
from typing import Any

import pytest

pytest.importorskip("rclpy", reason="needs ROS 2")

from rcl_interfaces.msg import Parameter, ParameterType, ParameterValue
from rcl_interfaces.srv import GetParameters, SetParameters

from vlm_ros.action import Ground
from vlm_ros.msg import Target, TargetArray
from vlm_ros.nodes.clock import nanoseconds
from vlm_ros.srv import GroundImage

COMMAND = "the red cup"
SAID = (
    *(COMMAND, "the blue box", "pick up", "the cup left of the plate", COMMAND, "  "),
    *("the toothbrush", "put the red cup on the plate", "\x07", COMMAND),
)
STORM_S = 10.0


@pytest.fixture(scope="module")
def node(start: Callable[..., Any], model: Any) -> Any:
    return start("node", "--model", str(model))


class Speaker:
    """Says commands and counts them, as the node does."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._said: list[str] = []

    def say(self, command: str) -> None:
        # A blank text is none.
        self._said += [command] if command.strip() else []
        self._client.say(command)

    def said(self, command_id: str) -> str:
        """The command of an id."""
        return self._said[int(command_id.removeprefix("command-")) - 1]

    def warm_up(self) -> None:
        """Let the node answer until its caches are filled and its threads are there."""
        for command in dict.fromkeys(SAID):
            self.say(command)
            self._client.spin_until(lambda: False, 0.3)
        self.say(COMMAND)
        assert self._client.spin_until(lambda: len(self._answers_to(COMMAND)) > 20)

    def stop(self) -> None:
        """Clear the command, and wait until the node has let go of the camera."""
        self.say("")
        assert self._client.spin_until(lambda: not self._client.listening())

    def _answers_to(self, command: str) -> list[TargetArray]:
        return [answer for answer in self._client.answers if answer.command == command]


@pytest.fixture(scope="module")
def speaker(client: Any, node: Any) -> Speaker:
    return Speaker(client)


def test_ten_commands_a_second_while_frames_arrive(
    client: Any, node: Any, speaker: Speaker, camera: Any, leaks: Callable[..., Any]
) -> None:
    speaker.warm_up()
    speaker.stop()
    client.answers.clear()
    watched = leaks(node)
    said: list[str] = []
    deadline = time.monotonic() + STORM_S
    for command in itertools.cycle(SAID):
        if time.monotonic() > deadline:
            break
        said.append(command)
        speaker.say(command)
        client.spin_until(lambda: False, 0.1)
    speaker.say(COMMAND)
    stormy, last = list(client.answers), len(client.answers)
    assert client.spin_until(
        lambda: any(a.status == Target.FOUND for a in client.answers[last + 2 :]), 3.0
    ), "the last command is not answered"
    seen: set[int] = set()
    for answer in stormy:
        assert answer.command == speaker.said(answer.command_id)
        stamp = nanoseconds(answer.header.stamp)
        if stamp == 0:
            assert (answer.status, answer.targets) == (Target.ERROR, [])
            assert answer.reason
            continue
        camera.check(answer)
        assert stamp > max(seen, default=0), "a frame was answered twice or out of turn"
        seen.add(stamp)
    unreadable = [answer for answer in stormy if answer.status == Target.ERROR]
    assert len(unreadable) == sum(command in ("pick up", "\x07") for command in said)
    assert len(seen) > 3 * STORM_S, "frames have no answers while commands come"
    speaker.stop()
    node.check()
    watched.check()


def parameter(name: str, value: bool | int | float | str) -> Parameter:
    kinds = {
        bool: ("bool_value", ParameterType.PARAMETER_BOOL),
        int: ("integer_value", ParameterType.PARAMETER_INTEGER),
        float: ("double_value", ParameterType.PARAMETER_DOUBLE),
        str: ("string_value", ParameterType.PARAMETER_STRING),
    }
    field, kind = kinds[type(value)]
    return Parameter(name=name, value=ParameterValue(type=kind, **{field: value}))


# Changes and whether they are taken.
CHANGES: tuple[tuple[Parameter, bool], ...] = (
    (parameter("confirm_frames", 3), True),
    (parameter("confirm_frames", 1), True),
    (parameter("confirm_frames", 0), False),
    (parameter("confirm_frames", "three"), False),
    (parameter("default_timeout", 2.5), True),
    (parameter("default_timeout", 1e9), False),
    (parameter("depth_wait", 0.01), True),
    (parameter("depth_tolerance", -1.0), False),
    (parameter("depth_tolerance", float("nan")), False),
    (parameter("model", "elsewhere"), False),
    (parameter("runtime", "abacus"), False),
    (parameter("autostart", False), False),
    (parameter("no_such_parameter", 1), False),
)
REQUESTS = 1000
# A service keeps ten requests that wait.
AT_ONCE = 8


def test_a_parameter_storm(
    client: Any, node: Any, speaker: Speaker, camera: Any, leaks: Callable[..., Any]
) -> None:
    service = client.service(SetParameters, "grounding_node/set_parameters")
    asking = client.service(GetParameters, "grounding_node/get_parameters")
    speaker.warm_up()
    rng = random.Random(0)
    for change, _ in CHANGES:
        client.completed(service.call_async(SetParameters.Request(parameters=[change])))
    watched = leaks(node)
    client.answers.clear()
    begun = time.monotonic()
    expected: dict[str, ParameterValue] = {}
    for _ in range(REQUESTS // AT_ONCE):
        chosen = [rng.choice(CHANGES) for _ in range(AT_ONCE)]
        waiting = [
            service.call_async(SetParameters.Request(parameters=[change])) for change, _ in chosen
        ]
        for future, (change, taken) in zip(waiting, chosen, strict=True):
            (result,) = client.completed(future).results
            assert (result.successful, change.name) == (taken, change.name), result.reason
            assert bool(result.reason) != taken, "a refusal says why"
            if taken:
                expected[change.name] = change.value
    took = time.monotonic() - begun
    names = list(expected)
    values = client.completed(asking.call_async(GetParameters.Request(names=names))).values
    assert dict(zip(names, values, strict=True)) == expected
    frames = [answer for answer in client.answers if answer.status == Target.FOUND]
    assert len(frames) > 3 * took, "frames have no answers while parameters change"
    for answer in frames:
        camera.check(answer)
    speaker.stop()
    node.check()
    watched.check()
    for made in (service, asking):
        client.destroy_client(made)


def test_a_storm_of_requests(
    client: Any, node: Any, speaker: Speaker, camera: Any, leaks: Callable[..., Any]
) -> None:
    service = client.service(GroundImage, "grounding_node/ground_image")
    speaker.warm_up()
    client.completed(service.call_async(camera.request(COMMAND, "warm_up")))
    watched = leaks(node)
    client.answers.clear()
    begun = time.monotonic()
    for turn in range(25):
        names = [f"request_{turn}_{number}" for number in range(4)]
        waiting = [service.call_async(camera.request(COMMAND, name)) for name in names]
        for name, future in zip(names, waiting, strict=True):
            response = client.completed(future)
            assert response.error_code == Ground.Result.NONE, response.error_msg
            assert response.grounding.header.frame_id == name
            assert response.grounding.status == Target.FOUND
    took = time.monotonic() - begun
    frames = [answer for answer in client.answers if answer.status == Target.FOUND]
    assert len(frames) > 3 * took, "frames have no answers while requests come"
    for answer in frames:
        camera.check(answer)
    speaker.stop()
    node.check()
    watched.check()
    client.destroy_client(service)
