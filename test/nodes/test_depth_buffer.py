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
    buffer = DepthBuffer("/depth")
    for milliseconds in arrived:
        buffer.add(depth(milliseconds))
    found = buffer.match(stamp(colour), tolerance=20 * MILLISECOND, wait=0.0).image
    assert (None if found is None else nanoseconds(found.header.stamp)) == (
        None if matched is None else stamp(matched)
    )


def test_depth_that_comes_a_little_later_is_waited_for() -> None:
    buffer = DepthBuffer("/depth")
    buffer.add(depth(100))
    threading.Timer(0.05, lambda: buffer.add(depth(200))).start()
    found = buffer.match(stamp(200), tolerance=MILLISECOND, wait=5.0).image
    assert found is not None
    assert nanoseconds(found.header.stamp) == stamp(200)


def test_nothing_is_waited_for_where_no_depth_comes() -> None:
    begun = time.monotonic()
    match = DepthBuffer("/depth").match(stamp(0), tolerance=MILLISECOND, wait=5.0)
    assert time.monotonic() - begun < 0.5
    assert match.image is None
    assert match.reason == "No depth image comes on '/depth'."


def test_nothing_is_waited_for_once_a_later_one_came() -> None:
    buffer = DepthBuffer("/depth")
    buffer.add(depth(300))
    begun = time.monotonic()
    match = buffer.match(stamp(200), tolerance=MILLISECOND, wait=5.0)
    assert match.image is None
    assert "the nearest is 100 ms newer, and 1 ms are tolerated" in match.reason
    assert time.monotonic() - begun < 0.5


def test_a_cleared_buffer_is_empty() -> None:
    buffer = DepthBuffer("/depth")
    buffer.add(depth(100))
    buffer.clear()
    assert buffer.match(stamp(100), tolerance=MILLISECOND, wait=0.0).image is None


def test_why_there_is_none_is_told() -> None:
    buffer = DepthBuffer("/depth")
    buffer.add(depth(100))
    match = buffer.match(stamp(145), tolerance=20 * MILLISECOND, wait=0.01)
    assert match.image is None
    assert "'/depth' yet: the nearest is 45 ms older, and 20 ms are tolerated" in match.reason
    assert buffer.match(stamp(110), tolerance=20 * MILLISECOND, wait=0.0).reason == ""


def test_an_image_without_a_stamp_has_no_depth() -> None:
    buffer = DepthBuffer("/depth")
    buffer.add(Image())
    match = buffer.match(0, tolerance=MILLISECOND, wait=5.0)
    assert match.image is None
    assert "no stamp" in match.reason


def test_pairs_misses_and_late_comers_are_counted() -> None:
    buffer = DepthBuffer("/depth")
    buffer.add(depth(100))
    assert buffer.match(stamp(100), tolerance=MILLISECOND, wait=0.0).image
    assert not buffer.match(stamp(133), tolerance=MILLISECOND, wait=0.0).image
    assert not buffer.match(stamp(166), tolerance=MILLISECOND, wait=0.0).image
    assert buffer.counts() == {"paired": 1, "missing": 2, "late": 0}
    buffer.add(depth(133))
    buffer.add(depth(133))
    buffer.add(depth(200))
    assert buffer.counts() == {"paired": 1, "missing": 2, "late": 1}


@pytest.mark.parametrize("colour_first", [True, False])
def test_depth_from_before_the_clock_went_back_is_not_used(colour_first: bool) -> None:
    """A simulation was reset soon after its start, and the stamps come again."""
    buffer = DepthBuffer("/depth")
    before = [depth(milliseconds) for milliseconds in (0, 400, 800, 1200)]
    for image in before:
        buffer.add(image)
    if colour_first:
        buffer.clock_went_back(stamp(400))
        assert not buffer.match(stamp(400), tolerance=20 * MILLISECOND, wait=0.0).image
    after = depth(402)
    buffer.add(after)
    buffer.clock_went_back(stamp(400))
    assert buffer.match(stamp(400), tolerance=20 * MILLISECOND, wait=0.0).image is after
    assert not buffer.match(stamp(800), tolerance=20 * MILLISECOND, wait=0.0).image


def test_a_stamp_far_in_the_future_does_not_keep_later_depth_out() -> None:
    buffer = DepthBuffer("/depth")
    buffer.add(depth(100))
    buffer.add(Image(header=Header(stamp=Time(sec=9000))))
    buffer.add(depth(133))
    assert buffer.match(stamp(133), tolerance=MILLISECOND, wait=0.0).image
