"""The camera's topics: any reliability, coming and going."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytest.importorskip("rclpy", reason="needs ROS 2")

from rclpy.qos import QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import Image

from vlm_ros.msg import Target

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
