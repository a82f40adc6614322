from __future__ import annotations

import pytest

pytest.importorskip("rclpy", reason="needs ROS 2")

from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy

from vlm_ros.nodes.qos import newest_only, newest_or_kept

BEST_EFFORT, RELIABLE = ReliabilityPolicy.BEST_EFFORT, ReliabilityPolicy.RELIABLE
VOLATILE, KEPT = DurabilityPolicy.VOLATILE, DurabilityPolicy.TRANSIENT_LOCAL


def offer(reliability: ReliabilityPolicy, durability: DurabilityPolicy = VOLATILE) -> QoSProfile:
    return QoSProfile(depth=7, reliability=reliability, durability=durability)


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
    profile = newest_only([offer(reliability, KEPT) for reliability in offered])
    assert profile.reliability == expected
    assert profile.durability == VOLATILE
    assert profile.depth == 1


@pytest.mark.parametrize(
    ("offered", "expected"),
    [
        ([], VOLATILE),
        ([KEPT], KEPT),
        ([VOLATILE], VOLATILE),
        ([KEPT, KEPT], KEPT),
        ([KEPT, VOLATILE], VOLATILE),
    ],
)
def test_what_was_kept_is_asked_for_where_every_publisher_keeps(
    offered: list[DurabilityPolicy], expected: DurabilityPolicy
) -> None:
    profile = newest_or_kept([offer(RELIABLE, durability) for durability in offered])
    assert profile.durability == expected
    assert profile.depth == 1
