from __future__ import annotations

import threading
import time

import pytest

pytest.importorskip("rclpy", reason="needs ROS 2")

from builtin_interfaces.msg import Time
from sensor_msgs.msg import Image
from std_msgs.msg import Header

from vlm_ros.nodes.clock import nanoseconds
from vlm_ros.nodes.depth_buffer import DepthBuffer

MILLISECOND = 1_000_000


def depth(milliseconds: int) -> Image:
    return Image(header=Header(stamp=Time(sec=5, nanosec=milliseconds * MILLISECOND)))


def stamp(milliseconds: int) -> int:
    return nanoseconds(depth(milliseconds).header.stamp)


@pytest.mark.parametrize(
    ("arrived", "colour", "matched"),
    [
        ([], 0, None),
        ([100], 100, 100),
        ([100], 119, 100),
        ([100], 121, None),
        ([100], 79, None),
        ([100, 133, 166], 133, 133),
        ([100, 133, 166], 146, 133),
        ([166, 100, 133], 160, 166),
        (list(range(0, 900, 100)), 0, None),
    ],
)
def test_the_nearest_within_the_tolerance_matches(
    arrived: list[int], colour: int, matched: int | None
) -> None:
    buffer = DepthBuffer()
    for milliseconds in arrived:
        buffer.add(depth(milliseconds))
    found = buffer.match(stamp(colour), tolerance=20 * MILLISECOND, wait=0.0)
    assert (None if found is None else nanoseconds(found.header.stamp)) == (
        None if matched is None else stamp(matched)
    )


def test_depth_that_comes_a_little_later_is_waited_for() -> None:
    buffer = DepthBuffer()
    buffer.add(depth(100))
    threading.Timer(0.05, lambda: buffer.add(depth(200))).start()
    found = buffer.match(stamp(200), tolerance=MILLISECOND, wait=5.0)
    assert found is not None
    assert nanoseconds(found.header.stamp) == stamp(200)


def test_nothing_is_waited_for_where_no_depth_comes() -> None:
    begun = time.monotonic()
    assert DepthBuffer().match(stamp(0), tolerance=MILLISECOND, wait=5.0) is None
    assert time.monotonic() - begun < 0.5


def test_nothing_is_waited_for_once_a_later_one_came() -> None:
    buffer = DepthBuffer()
    buffer.add(depth(300))
    begun = time.monotonic()
    assert buffer.match(stamp(200), tolerance=MILLISECOND, wait=5.0) is None
    assert time.monotonic() - begun < 0.5


def test_a_cleared_buffer_is_empty() -> None:
    buffer = DepthBuffer()
    buffer.add(depth(100))
    buffer.clear()
    assert buffer.match(stamp(100), tolerance=MILLISECOND, wait=0.0) is None
