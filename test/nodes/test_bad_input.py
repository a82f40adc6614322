"""Whatever comes in, the node says what is wrong with it and answers what comes next."""

from __future__ import annotations

from array import array
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="needs ROS 2")

from rclpy.serialization import serialize_message
from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import Header

from vlm_ros.action import Ground
from vlm_ros.msg import Target
from vlm_ros.nodes.images import encode_image
from vlm_ros.srv import GroundImage

COMMAND = "the red cup"
READABLE = {Target.FOUND, Target.AMBIGUOUS, Target.NOT_FOUND}


@pytest.fixture(scope="module")
def node(start: Callable[..., Any], model: Any) -> Any:
    return start("node", "--model", str(model))


@pytest.fixture(autouse=True)
def alive(node: Any) -> Any:
    """The process must outlive every test of this file."""
    yield
    node.check()


@pytest.fixture
def standing(client: Any, node: Any) -> Any:
    """A client whose command stands."""
    client.say(COMMAND)
    assert client.spin_until(client.listening)
    yield client
    client.say("")
    assert client.spin_until(lambda: not client.listening())


BAD_IMAGES: dict[str, tuple[dict[str, Any], str]] = {
    "unknown encoding": ({"encoding": "hsv8"}, "'hsv8'"),
    "no encoding": ({"encoding": ""}, "encoding ''"),
    "no pixels": ({"width": 0, "height": 0}, "0 x 0"),
    "no data": ({"data": array("B")}, "0 came"),
    "truncated": ({"data": array("B", bytes(1000))}, "1000 came"),
    "impossible step": ({"step": 1}, "step is 1 bytes"),
}


@pytest.mark.parametrize("fault", BAD_IMAGES)
def test_a_bad_image_is_answered_with_the_reason(standing: Any, fault: str) -> None:
    fields, reason = BAD_IMAGES[fault]
    image = standing.picture()
    for name, value in fields.items():
        setattr(image, name, value)
    answer = standing.show(image)
    assert answer.status == Target.ERROR
    assert reason in answer.reason
    assert answer.header.frame_id == "some_camera"
    assert answer.command == COMMAND
    assert standing.show(standing.picture()).status in READABLE


def test_a_message_cut_off_on_its_way_is_survived(standing: Any) -> None:
    standing.images.publish(serialize_message(standing.picture())[:1000])
    assert standing.show(standing.picture()).status in READABLE


@pytest.mark.parametrize(
    "depth",
    [
        Image(),
        Image(encoding="16UC1", width=640, height=480, step=1280),
        Image(encoding="rgb8", width=640, height=480, step=1920),
        encode_image(np.ones((2, 3), np.uint16), Header()),
        encode_image(np.full((480, 640), np.nan, np.float32), Header()),
    ],
)
def test_bad_depth_leaves_an_answer_without_position(standing: Any, depth: Image) -> None:
    depths = standing.create_publisher(Image, "depth", 5)
    camera_infos = standing.create_publisher(CameraInfo, "camera_info", 5)
    assert standing.spin_until(depths.get_subscription_count)
    assert standing.spin_until(camera_infos.get_subscription_count)
    image = standing.picture()
    depth.header = image.header
    camera_infos.publish(CameraInfo(width=640, height=480))
    depths.publish(depth)
    assert standing.show(image).status in READABLE
    standing.destroy_publisher(depths)
    standing.destroy_publisher(camera_infos)


@pytest.mark.parametrize("text", ["pick up", "the of the", "left of", "\x07", "?" * 5000])
def test_a_bad_command_is_answered_and_the_old_one_stands(standing: Any, text: str) -> None:
    seen = len(standing.answers)
    standing.say(text)
    assert standing.spin_until(lambda: len(standing.answers) > seen)
    answer = standing.answers[-1]
    assert answer.status == Target.ERROR
    assert answer.reason
    assert standing.show(standing.picture()).command == COMMAND


@pytest.mark.parametrize("text", ["", "  ", "pick up", "the of the"])
def test_a_goal_with_a_bad_command_fails_at_once(client: Any, node: Any, text: str) -> None:
    result = client.result(client.send_goal(text)).result
    assert result.error_code == Ground.Result.INVALID_COMMAND
    assert result.error_msg
    assert result.grounding.status == Target.ERROR
    assert result.grounding.reason == result.error_msg


def test_a_goal_says_that_no_image_could_be_read(client: Any, node: Any) -> None:
    handle = client.send_goal(COMMAND, timeout=1.0)
    image = client.picture()
    image.encoding = "hsv8"
    assert client.show(image).status == Target.ERROR
    result = client.result(handle).result
    assert result.error_code == Ground.Result.INVALID_IMAGE
    assert "'hsv8'" in result.error_msg


@pytest.mark.parametrize(
    ("fields", "command", "code"),
    [
        ({}, COMMAND, Ground.Result.NONE),
        ({}, "", Ground.Result.INVALID_COMMAND),
        ({}, "pick up", Ground.Result.INVALID_COMMAND),
        ({"encoding": "hsv8"}, COMMAND, Ground.Result.INVALID_IMAGE),
        ({"data": array("B")}, COMMAND, Ground.Result.INVALID_IMAGE),
        ({"width": 0}, COMMAND, Ground.Result.INVALID_IMAGE),
    ],
)
def test_the_service_answers_good_and_bad(
    client: Any, node: Any, fields: dict[str, Any], command: str, code: int
) -> None:
    service = client.service(GroundImage, "grounding_node/ground_image")
    image = client.picture()
    image.header.frame_id = "tool"
    for name, value in fields.items():
        setattr(image, name, value)
    request = GroundImage.Request(image=image, command=command)
    response = client.completed(service.call_async(request))
    assert response.error_code == code
    assert bool(response.error_msg) == bool(code)
    assert response.grounding.header.frame_id == "tool"
    assert (response.grounding.status == Target.ERROR) == bool(code)
    client.destroy_client(service)
