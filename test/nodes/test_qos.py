from __future__ import annotations

import pytest

pytest.importorskip("rclpy", reason="needs ROS 2")

from rclpy.qos import ReliabilityPolicy

from vlm_ros.nodes.qos import newest_only

BEST_EFFORT, RELIABLE = ReliabilityPolicy.BEST_EFFORT, ReliabilityPolicy.RELIABLE


@pytest.mark.parametrize(
    ("offered", "expected"),
    [
        ([], BEST_EFFORT),
        ([RELIABLE], RELIABLE),
        ([BEST_EFFORT], BEST_EFFORT),
        ([RELIABLE, RELIABLE], RELIABLE),
        ([RELIABLE, BEST_EFFORT], BEST_EFFORT),
    ],
)
def test_every_publisher_is_matched_as_reliably_as_can_be(
    offered: list[ReliabilityPolicy], expected: ReliabilityPolicy
) -> None:
    profile = newest_only(offered)
    assert profile.reliability == expected
    assert profile.depth == 1
