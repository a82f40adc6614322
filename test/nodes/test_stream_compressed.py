"""A camera whose images come compressed, some of them spoilt on their way."""

from __future__ import annotations

import struct
from array import array
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("rclpy", reason="needs ROS 2")

from builtin_interfaces.msg import Time
from sensor_msgs.msg import CameraInfo, CompressedImage
from std_msgs.msg import Header

from vlm_ros.geometry.camera import Intrinsics
from vlm_ros.msg import Target, TargetArray
from vlm_ros.nodes.camera_info import camera_info_of
from vlm_ros.nodes.clock import nanoseconds

HEIGHT, WIDTH = 480, 640
FORMATS = ("jpeg", "png", "webp")
COMPRESSED = ["--ros-args", "-p", "image_transport:=compressed"]
COMPRESSED += ["-p", "depth_transport:=compressedDepth", "-p", "depth_wait:=0.5"]


def colour(column: int) -> NDArray[np.uint8]:
    """A red thing on a brown table, in OpenCV's order: blue, green, red."""
    image = np.full((HEIGHT, WIDTH, 3), (84, 116, 150), np.uint8)
    cv2.rectangle(image, (column - 40, 200), (column + 40, 280), (30, 30, 200), -1)
    cv2.ellipse(image, (column, 200), (40, 12), 0, 0, 360, (10, 10, 120), -1)
    return image


def depth(column: int, metres: float) -> NDArray[np.uint16]:
    image = np.full((HEIGHT, WIDTH), 1500, np.uint16)
    image[200:280, column - 40 : column + 40] = round(metres * 1000)
    return image


def file_of(samples: NDArray[Any], kind: str) -> bytes:
    done, data = cv2.imencode(f".{kind}", samples)
    assert done
    return bytes(data)


class Camera:
    """Publishes compressed frames under image_transport's names."""

    def __init__(self, client: Any) -> None:
        self.client = client
        self.images = client.create_publisher(CompressedImage, "image/compressed", 5)
        self.depths = client.create_publisher(CompressedImage, "depth/compressedDepth", 5)
        self.camera_infos = client.create_publisher(CameraInfo, "camera_info", 5)

    def is_heard(self) -> bool:
        publishers = (self.images, self.depths, self.camera_infos)
        return all(publisher.get_subscription_count() for publisher in publishers)

    def send(self, second: int, data: bytes, form: str, depth_data: bytes) -> TargetArray:
        """The answer to one frame."""
        header = Header(stamp=Time(sec=second), frame_id="eye")
        self.publish(header, data, form, depth_data)
        stamp = nanoseconds(header.stamp)
        assert self.client.spin_until(lambda: self.client.answer_to(stamp), 20.0), "no answer"
        answer: TargetArray = self.client.answer_to(stamp)
        assert answer.header == header
        return answer

    def meet(self) -> None:
        """Send until an answer shows that all three are received.

        A publisher knows its subscription before that knows the publisher, and drops what it gets.
        """
        for second in range(1, 10):
            header = Header(stamp=Time(sec=second), frame_id="eye")
            self.publish(header, WHOLE, "jpeg", depth_bytes(300, 1.0))
            stamp = nanoseconds(header.stamp)
            if self.client.spin_until(partial(self.client.answer_to, stamp), 3.0):
                answer: TargetArray = self.client.answer_to(stamp)
                if answer.targets and answer.targets[0].has_position:
                    return
        pytest.fail("the node does not receive all that the camera sends")

    def publish(self, header: Header, data: bytes, form: str, depth_data: bytes) -> None:
        camera = Intrinsics(WIDTH, HEIGHT, 600.0, 600.0, WIDTH / 2, HEIGHT / 2)
        self.camera_infos.publish(camera_info_of(camera, header))
        form_of_depth = "16UC1; compressedDepth png"
        self.depths.publish(CompressedImage(header=header, format=form_of_depth, data=depth_data))
        self.images.publish(CompressedImage(header=header, format=form, data=array("B", data)))


@pytest.fixture(scope="module")
def camera(client: Any, start: Callable[..., Any], model: Any) -> Iterator[Camera]:
    node = start("node", "--model", str(model), *COMPRESSED)
    camera = Camera(client)
    client.say("the red thing")
    assert client.spin_until(camera.is_heard, 30.0)
    camera.meet()
    yield camera
    node.check()


def depth_bytes(column: int, metres: float) -> bytes:
    return struct.pack("<iff", 0, 0.0, 0.0) + file_of(depth(column, metres), "png")


@pytest.mark.parametrize("form", FORMATS)
def test_pictures_of_every_kind_are_answered_with_positions(camera: Camera, form: str) -> None:
    for n in range(3):
        column, metres = 150 + 150 * n, 0.8 + 0.1 * n
        second = 10 * (1 + FORMATS.index(form)) + n
        data = file_of(colour(column), form)
        answer = camera.send(second, data, form, depth_bytes(column, metres))
        assert answer.status == Target.FOUND, answer.reason
        target = answer.targets[0]
        assert abs((target.box.x_min + target.box.x_max) / 2 - column) < 8
        assert target.has_position, target.reason
        assert abs(target.surface.z - metres) < 0.02


WHOLE = file_of(colour(300), "jpeg")
SPOILT = {
    "cut off": (WHOLE[: len(WHOLE) // 2], "JPEG"),
    "with a part missing": (WHOLE[:2500] + WHOLE[3500:], "JPEG"),
    "empty": (b"", "empty"),
    "no picture": (b"\0" * 500, "neither JPEG nor PNG nor WebP"),
    "of 60000 x 60000": (
        WHOLE[: WHOLE.index(b"\xff\xc0") + 5]
        + struct.pack(">HH", 60000, 60000)
        + WHOLE[WHOLE.index(b"\xff\xc0") + 9 :],
        "60000 x 60000",
    ),
}


@pytest.mark.parametrize("fault", SPOILT)
def test_a_spoilt_picture_is_named_and_the_next_one_is_answered(camera: Camera, fault: str) -> None:
    data, reason = SPOILT[fault]
    second = 100 + 10 * list(SPOILT).index(fault)
    answer = camera.send(second, data, "jpeg", depth_bytes(300, 1.0))
    assert answer.status == Target.ERROR
    assert reason in answer.reason
    assert not answer.targets
    after = camera.send(second + 1, WHOLE, "jpeg", depth_bytes(300, 1.0))
    assert after.status == Target.FOUND
    assert after.targets[0].has_position


def test_spoilt_depth_leaves_an_answer_without_a_position(camera: Camera) -> None:
    answer = camera.send(200, WHOLE, "jpeg", depth_bytes(300, 1.0)[:-60])
    assert answer.status == Target.FOUND
    assert not answer.targets[0].has_position
    assert "depth/compressedDepth': The compressed image is corrupt" in answer.targets[0].reason
