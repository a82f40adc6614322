"""Poses in another frame: the arithmetic, and TF itself where it is installed."""

from __future__ import annotations

import importlib.util
import math
import threading
from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("rclpy", reason="needs ROS 2")

import rclpy
from builtin_interfaces.msg import Time
from geometry_msgs.msg import (
    Point,
    Pose,
    Quaternion,
    Transform,
    TransformStamped,
    Vector3,
)
from rclpy.node import Node
from rclpy.parameter import Parameter
from rosgraph_msgs.msg import Clock
from std_msgs.msg import Header

from vlm_ros.nodes.target_frame import TransformError, TransformSource, moved, why_unusable

HAS_TF = importlib.util.find_spec("tf2_ros") is not None
needs_tf = pytest.mark.skipif(not HAS_TF, reason="tf2_ros is not installed")
HALF = math.sqrt(0.5)
QUARTER_ABOUT_Z = Quaternion(z=HALF, w=HALF)
CAMERA = "camera_color_optical_frame"


def numbers(message: Any) -> tuple[float, ...]:
    return tuple(getattr(message, axis) for axis in "xyzw" if hasattr(message, axis))


def test_nothing_moves_by_no_transform() -> None:
    pose = Pose(position=Point(x=1.0, y=2.0, z=3.0), orientation=QUARTER_ABOUT_Z)
    same = moved(pose, Transform())
    assert numbers(same.position) == (1.0, 2.0, 3.0)
    assert numbers(same.orientation) == pytest.approx(numbers(QUARTER_ABOUT_Z))


def test_a_pose_is_turned_then_shifted() -> None:
    transform = Transform(rotation=QUARTER_ABOUT_Z, translation=Vector3(x=10.0, y=20.0, z=30.0))
    pose = moved(Pose(position=Point(x=1.0, y=2.0, z=3.0)), transform)
    assert numbers(pose.position) == pytest.approx((10.0 - 2.0, 20.0 + 1.0, 33.0))
    assert numbers(pose.orientation) == pytest.approx(numbers(QUARTER_ABOUT_Z))
    twice = moved(pose, transform)
    # The same turn as its negative.
    assert abs(twice.orientation.z) == pytest.approx(1.0)


@pytest.mark.parametrize("frame", ["/base_link", "base link", " "])
def test_a_name_that_tf_does_not_know_is_refused(frame: str) -> None:
    assert "is no name of a frame" in why_unusable(frame)


def test_a_frame_is_usable_where_tf_is_installed() -> None:
    reason = why_unusable("robot1/base_link")
    assert (reason == "") if HAS_TF else ("tf2_ros is not installed" in reason)


@pytest.fixture
def source(ros: None) -> Iterator[TransformSource]:
    node = Node("listener")
    made = TransformSource(node)
    yield made
    made.close()
    node.destroy_node()


def header(seconds: int) -> Header:
    return Header(frame_id=CAMERA, stamp=Time(sec=seconds))


def feed(source: TransformSource, seconds: int, x: float) -> None:
    transform = TransformStamped(child_frame_id=CAMERA)
    transform.header.frame_id, transform.header.stamp.sec = "base_link", seconds
    transform.transform.translation.x = x
    source._buffer.set_transform(transform, "test")


def test_before_it_listens_it_says_so(source: TransformSource) -> None:
    with pytest.raises(TransformError, match="not listened to yet"):
        source.lookup("base_link", header(1), 0.0)


def test_the_frame_of_the_image_needs_no_transform(source: TransformSource) -> None:
    assert source.lookup(CAMERA, header(1), 0.0) == Transform()


@needs_tf
def test_the_transform_is_that_of_the_images_stamp(source: TransformSource) -> None:
    source.open()
    feed(source, 10, 1.0)
    feed(source, 12, 3.0)
    assert source.lookup("base_link", header(11), 0.0).translation.x == pytest.approx(2.0)
    assert source.lookup("base_link", header(0), 0.0).translation.x == pytest.approx(3.0)


@needs_tf
@pytest.mark.parametrize(("frame", "seconds"), [("base_link", 13), ("map", 11)])
def test_what_is_missing_is_named(source: TransformSource, frame: str, seconds: int) -> None:
    source.open()
    feed(source, 10, 1.0)
    feed(source, 12, 3.0)
    with pytest.raises(TransformError) as error:
        source.lookup(frame, header(seconds), 0.01)
    assert f"from '{CAMERA}' to '{frame}'" in str(error.value)
    assert f"stamp {seconds}.000 after waiting 0.01 s: " in str(error.value)


@needs_tf
def test_closing_forgets_and_opening_begins_anew(source: TransformSource) -> None:
    source.open()
    feed(source, 10, 1.0)
    source.close()
    source.open()
    with pytest.raises(TransformError):
        source.lookup("base_link", header(10), 0.0)


@needs_tf
def test_a_transform_that_comes_a_little_later_is_waited_for(source: TransformSource) -> None:
    source.open()
    feed(source, 10, 1.0)
    late = threading.Timer(0.1, feed, [source, 12, 3.0])
    late.start()
    assert source.lookup("base_link", header(11), 5.0).translation.x == pytest.approx(2.0)
    late.join()


@needs_tf
def test_when_simulated_time_begins_anew_old_transforms_are_forgotten(ros: None) -> None:
    # A clock of its own: other nodes may run in simulated time.
    clock = ["--ros-args", "-r", "/clock:=/test_target_frame/clock"]
    simulated = [Parameter("use_sim_time", value=True)]
    node = Node("listener", cli_args=clock, parameter_overrides=simulated)
    ticks = node.create_publisher(Clock, "/clock", 1)
    source = TransformSource(node)
    source.open()

    def tell(seconds: int) -> None:
        while node.get_clock().now().nanoseconds != seconds * 10**9:
            ticks.publish(Clock(clock=Time(sec=seconds)))
            rclpy.spin_once(node, timeout_sec=0.02)

    tell(100)
    feed(source, 100, 1.0)
    assert source.lookup("base_link", header(100), 0.0).translation.x == 1.0
    tell(5)
    with pytest.raises(TransformError):
        source.lookup("base_link", header(100), 0.0)
    feed(source, 5, 2.0)
    assert source.lookup("base_link", header(5), 0.0).translation.x == 2.0
    source.close()
    node.destroy_node()
