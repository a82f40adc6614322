from __future__ import annotations

import pytest

pytest.importorskip("rclpy", reason="needs ROS 2")

from builtin_interfaces.msg import Time

from vlm_ros.nodes.clock import duration_message, nanoseconds, seconds


@pytest.mark.parametrize("length", [0.0, 0.25, 1.0, 59.999, 86400.5])
def test_a_duration_survives_the_message(length: float) -> None:
    message = duration_message(length)
    assert 0 <= message.nanosec < 1_000_000_000
    assert seconds(message) == pytest.approx(length, abs=1e-9)


def test_a_stamp_is_its_nanoseconds() -> None:
    assert nanoseconds(Time(sec=1_795_000_000, nanosec=999_999_999)) == 1_795_000_000_999_999_999
