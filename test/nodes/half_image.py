"""A camera takes back an image of which one part has come, again and again; what is heard of it?

Prints how many messages could not be read, and how many images came after those. Where Fast DDS
reads messages itself, it does not get there: `take` never returns, and Python with it.
"""

from __future__ import annotations

import os
import socket
import struct
import time
from collections.abc import Callable

import rclpy
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import ReliabilityPolicy
from sensor_msgs.msg import Image

from vlm_ros.nodes.following_subscription import FollowingSubscription
from vlm_ros.nodes.qos import newest_only
from vlm_ros.nodes.transport import use_image_transport

# OMG DDS-RTPS 2.5, 9.4.5 and 9.6.2.
_INFO_TIMESTAMP, _DATA_FRAGMENT, _GAP = 0x09, 0x16, 0x08
_LITTLE_ENDIAN = 1
_FRAGMENT_BYTES, _IMAGE_BYTES = 1000, 5000
_FIRST_USER_PORT = 7400 + 250 * int(os.environ.get("ROS_DOMAIN_ID", "0")) + 11
_PARTICIPANTS = 60
_IMAGES_AFTER = 5


def participant(name: str) -> Node:
    context = Context()
    rclpy.init(args=[], context=context)
    return Node(name, context=context)


def submessage(kind: int, body: bytes) -> bytes:
    return struct.pack("<BBH", kind, _LITTLE_ENDIAN, len(body)) + body


def number(value: int) -> bytes:
    return struct.pack("<iI", 0, value)


def half_an_image(writer: bytes, sequence: int) -> bytes:
    """What a writer sends that begins an image and then takes it back.

    Args:
        writer: its GUID, 16 bytes.
        sequence: the image's number.
    """
    prefix, entity, to_all = writer[:12], writer[12:], bytes(4)
    later = struct.pack("<II", int(time.time()) + 1, 0)
    fragment = struct.pack("<HH", 0, 28) + to_all + entity + number(sequence)
    fragment += struct.pack("<IHHI", 1, 1, _FRAGMENT_BYTES, _IMAGE_BYTES) + bytes(_FRAGMENT_BYTES)
    gap = to_all + entity + number(sequence) + number(sequence + 1) + struct.pack("<I", 0)
    return (
        b"RTPS"
        + bytes([2, 3, 1, 15])
        + prefix
        + submessage(_INFO_TIMESTAMP, later)
        + submessage(_DATA_FRAGMENT, fragment)
        + submessage(_GAP, gap)
    )


def main() -> None:
    use_image_transport()
    camera, reader = participant("camera"), participant("reader")
    images: list[Image] = []
    publisher = camera.create_publisher(Image, "half_images", 5)
    subscription = FollowingSubscription(reader, Image, "half_images", images.append, newest_only)
    executor = SingleThreadedExecutor(context=reader.context)
    executor.add_node(reader)
    published = 0

    def publish() -> None:
        nonlocal published
        publisher.publish(Image(height=8, width=8, encoding="mono8", step=8, data=bytes(64)))
        published += 1

    def until(condition: Callable[[], object], seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while not condition() and time.monotonic() < deadline:
            executor.spin_once(timeout_sec=0.05)

    until(lambda: subscription.is_published, 20.0)
    subscription.open()
    until(publisher.get_subscription_count, 20.0)
    (offer,) = reader.get_publishers_info_by_topic("half_images")
    assert offer.qos_profile.reliability == ReliabilityPolicy.RELIABLE
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for _ in range(20):
            images.clear()
            while not images:
                publish()
                until(lambda: images, 0.2)
            # One has come and is not taken yet; the next one takes its place.
            publish()
            time.sleep(0.2)
            broken = half_an_image(bytes(offer.endpoint_gid)[:16], published + 1)
            for index in range(_PARTICIPANTS):
                sender.sendto(broken, ("127.0.0.1", _FIRST_USER_PORT + 2 * index))
            time.sleep(0.2)
            until(lambda: subscription.unreadable, 0.5)
            if subscription.unreadable:
                break
    images.clear()
    deadline = time.monotonic() + 10.0
    while len(images) < _IMAGES_AFTER and time.monotonic() < deadline:
        publish()
        until(lambda: len(images) >= _IMAGES_AFTER, 0.1)
    print(subscription.unreadable, len(images), flush=True)


if __name__ == "__main__":
    main()
    # Two contexts of one process may wait for each other at its end.
    os._exit(0)
