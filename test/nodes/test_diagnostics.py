"""What the node says about itself in each state, read as a monitor reads it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytest.importorskip("rclpy", reason="needs ROS 2")

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus

from vlm_ros.nodes.diagnostics import values_of

OK, WARN, ERROR = DiagnosticStatus.OK, DiagnosticStatus.WARN, DiagnosticStatus.ERROR


class Monitor:
    """The newest status of each component of the client's node."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._node = f"{client.namespace}/grounding_node: "
        self._statuses: dict[str, DiagnosticStatus] = {}
        client.create_subscription(DiagnosticArray, "/diagnostics", self._keep, 10)

    def says(self, component: str, level: bytes, words: str) -> bool:
        def said() -> bool:
            status = self._statuses.get(self._node + component)
            return status is not None and status.level == level and words in status.message

        return bool(self._client.spin_until(said, 30.0))

    def _keep(self, array: DiagnosticArray) -> None:
        self._statuses.update((status.name, status) for status in array.status)


@pytest.fixture(scope="module")
def monitor(client: Any) -> Monitor:
    return Monitor(client)


def test_a_node_that_works_says_what_it_waits_for(
    client: Any, monitor: Monitor, start: Callable[..., Any], model: Any
) -> None:
    with start("node", "--model", str(model)):
        assert monitor.says("grounding", OK, "no command")
        assert monitor.says("camera", OK, "no command")
        client.say("the cup")
        missing = f"'{client.namespace}/image'"
        assert monitor.says("camera", WARN, missing)
        assert monitor.says("grounding", WARN, missing)

        def sees(encoding: str, component: str, level: bytes, words: str) -> bool:
            image = client.picture()
            image.encoding = encoding
            client.show(image)
            return monitor.says(component, level, words)

        assert sees("rgb8", "camera", OK, "images arrive")
        assert sees("rgb8", "grounding", OK, "grounding 'the cup'")
        assert sees("a secret", "camera", ERROR, "'a secret'")
        assert sees("a secret", "grounding", ERROR, "'a secret'")
        client.say("")
        assert monitor.says("grounding", OK, "no command")


def test_a_node_that_nobody_has_configured_is_not_broken(
    monitor: Monitor, start: Callable[..., Any], model: Any
) -> None:
    with start("node", "--model", str(model), "--ros-args", "-p", "autostart:=false"):
        assert monitor.says("grounding", WARN, "not configured")


def test_a_model_that_cannot_be_used_is_an_error(
    monitor: Monitor, start: Callable[..., Any], tmp_path: Any
) -> None:
    with start("node", "--model", str(tmp_path)):
        assert monitor.says("grounding", ERROR, str(tmp_path))


def test_rates_and_durations_carry_their_units() -> None:
    assert values_of({"images": 29.96}, {"ground": (0.01234, 0.5)}) == {
        "images [Hz]": "30.0",
        "ground p50 [ms]": "12.3",
        "ground p95 [ms]": "500.0",
    }
