"""The camera's topics: any reliability, coming and going."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="needs ROS 2")

import rclpy
from builtin_interfaces.msg import Time
from rclpy.node import Node
from rclpy.qos import QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import Image
from std_msgs.msg import Header

from vlm_ros.msg import Target
from vlm_ros.nodes.camera_frame import CameraFrame
from vlm_ros.nodes.camera_input import CameraInput
from vlm_ros.nodes.images import encode_image
from vlm_ros.nodes.transports import Transports

BEST_EFFORT, RELIABLE = ReliabilityPolicy.BEST_EFFORT, ReliabilityPolicy.RELIABLE


@pytest.fixture(scope="module")
def node(start: Callable[..., Any], model: Any, client: Any) -> Any:
    client.destroy_publisher(client.images)
    return start("node", "--model", str(model))


def publish_as(client: Any, reliability: ReliabilityPolicy) -> None:
    client.images = client.create_publisher(
        Image, "image", QoSProfile(depth=5, reliability=reliability)
    )


def offered_to(client: Any) -> list[ReliabilityPolicy]:
    """The reliability of the node's subscription, if it has one."""
    infos = client.get_subscriptions_info_by_topic(f"{client.namespace}/image")
    return [info.qos_profile.reliability for info in infos]


@pytest.mark.parametrize("reliability", [BEST_EFFORT, RELIABLE])
def test_images_arrive_whatever_their_reliability(
    client: Any, node: Any, reliability: ReliabilityPolicy
) -> None:
    publish_as(client, reliability)
    assert client.spin_until(lambda: client.count_publishers("image") == 1)
    client.say("the cup")
    assert client.show(client.picture()).status != Target.ERROR
    assert client.spin_until(lambda: offered_to(client) == [reliability])
    client.say("")
    assert client.spin_until(lambda: not offered_to(client))
    client.destroy_publisher(client.images)


def test_a_camera_that_comes_back_with_another_reliability_is_followed(
    client: Any, node: Any
) -> None:
    publish_as(client, RELIABLE)
    client.say("the cup")
    assert client.show(client.picture()).status != Target.ERROR
    client.destroy_publisher(client.images)
    publish_as(client, BEST_EFFORT)
    assert client.spin_until(lambda: offered_to(client) == [BEST_EFFORT])
    assert client.show(client.picture()).status != Target.ERROR
    assert client.spin_until(lambda: "following it" in node.output)
    client.say("")
    assert client.spin_until(lambda: not offered_to(client))
    client.destroy_publisher(client.images)


def test_a_second_camera_of_another_reliability_is_heard_too(client: Any, node: Any) -> None:
    publish_as(client, RELIABLE)
    client.say("the cup")
    assert client.show(client.picture()).status != Target.ERROR
    first = client.images
    publish_as(client, BEST_EFFORT)
    assert client.spin_until(lambda: offered_to(client) == [BEST_EFFORT])
    assert client.show(client.picture()).status != Target.ERROR
    client.destroy_publisher(client.images)
    client.images = first
    assert client.show(client.picture()).status != Target.ERROR


@pytest.mark.parametrize(
    ("name", "transports", "topics"),
    [
        ("", Transports(), ("/ns/image", "/ns/depth", "/ns/camera_info")),
        ("wrist", Transports(), ("/ns/wrist/image", "/ns/wrist/depth", "/ns/wrist/camera_info")),
        (
            "",
            Transports("compressed", "compressedDepth"),
            ("/ns/image/compressed", "/ns/depth/compressedDepth", "/ns/camera_info"),
        ),
        (
            "head",
            Transports("compressed", "raw"),
            ("/camera/color/image_raw/compressed", "/ns/head/depth", "/ns/head/camera_info"),
        ),
    ],
)
def test_topics_have_the_names_of_the_camera_and_of_the_transport(
    ros: None, name: str, transports: Transports, topics: tuple[str, ...]
) -> None:
    """A remapped image topic is remapped before the transport's suffix, as image_transport does."""
    remapping = ["--ros-args", "-r", "head/image:=/camera/color/image_raw"]
    node = Node("named", namespace="/ns", cli_args=remapping)
    camera = CameraInput(node, name, print, transports)
    try:
        assert camera.topic == topics[0]
        assert camera.problem == f"Nothing publishes '{topics[0]}'."
        camera.open()
        heard = {
            topic: types
            for topic, types in node.get_topic_names_and_types()
            if node.count_subscribers(topic)
        }
        types = [heard[topic][0].removeprefix("sensor_msgs/msg/") for topic in topics]
        assert types == [
            "Image" if transports.image == "raw" else "CompressedImage",
            "Image" if transports.depth == "raw" else "CompressedImage",
            "CameraInfo",
        ]
        camera.close()
        assert not any(node.count_subscribers(topic) for topic in topics)
    finally:
        node.destroy_node()


def test_an_image_is_told_apart_by_its_camera(ros: None) -> None:
    """Two cameras whose images have the same stamp; each has its own order."""
    node = Node("two_cameras", namespace=f"/two_cameras_{os.getpid()}")
    frames: list[CameraFrame] = []
    cameras = [CameraInput(node, name, frames.append, Transports()) for name in ("left", "right")]
    publishers = [node.create_publisher(Image, f"{name}/image", 5) for name in ("left", "right")]
    for camera in cameras:
        camera.open()

    def spun_until(condition: Callable[[], bool]) -> bool:
        deadline = time.monotonic() + 10.0
        while not condition() and time.monotonic() < deadline:
            rclpy.spin_once(node, timeout_sec=0.02)
        return condition()

    try:
        assert spun_until(lambda: all(p.get_subscription_count() for p in publishers))
        for n, publisher in enumerate(publishers):
            header = Header(stamp=Time(sec=7), frame_id=f"eye_{n}")
            publisher.publish(encode_image(np.full((2, 3), n, np.uint8), header))
        assert spun_until(lambda: len(frames) == 2)
        by_camera = {frame.camera: frame for frame in frames}
        for n, name in enumerate(("left", "right")):
            assert by_camera[name].header.frame_id == f"eye_{n}"
            assert by_camera[name].colour().max() == n
        assert [camera.counts()["images"] for camera in cameras] == [1, 1]
    finally:
        node.destroy_node()
