"""Poses in the frame that was asked for, from the running node."""

from __future__ import annotations

import importlib.util
import math
from collections.abc import Callable, Iterator
from typing import Any

import pytest

pytest.importorskip("rclpy", reason="needs ROS 2")
pytest.importorskip("mujoco", reason="needs the extra 'sim'")

from geometry_msgs.msg import PoseStamped, TransformStamped
from rcl_interfaces.msg import Parameter, ParameterType, ParameterValue
from rcl_interfaces.srv import SetParameters
from rclpy.qos import DurabilityPolicy, QoSProfile

from vlm_ros.action import Ground
from vlm_ros.cli.demo import SEED
from vlm_ros.msg import Target
from vlm_ros.nodes.clock import nanoseconds

HAS_TF = importlib.util.find_spec("tf2_ros") is not None
needs_tf = pytest.mark.skipif(not HAS_TF, reason="tf2_ros is not installed")
COMMAND = "pick up the red cup"
OPTICAL = "camera_color_optical_frame"
CAMERA = [
    *("--image", "camera/color/image_raw"),
    *("--depth", "camera/aligned_depth_to_color/image_raw"),
    *("--camera-info", "camera/color/camera_info"),
]


@pytest.fixture(scope="module")
def node(client: Any, start: Callable[..., Any], model: Any) -> Any:
    start("simulate", "--seed", str(SEED), "--rate", "10")
    return start("node", "--model", str(model), *CAMERA)


@pytest.fixture
def base(client: Any, node: Any) -> Iterator[str]:
    """A frame that TF knows: the camera hangs over it, turned by a quarter about its axis."""
    from tf2_msgs.msg import TFMessage

    # Frames are not put into namespaces: other tests may run on the same /tf_static.
    frame = f"base{client.namespace.replace('/', '_')}"
    transform = TransformStamped(child_frame_id=OPTICAL)
    transform.header.frame_id = frame
    transform.transform.translation.z = 2.0
    transform.transform.rotation.z = transform.transform.rotation.w = math.sqrt(0.5)
    latched = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
    publisher = client.create_publisher(TFMessage, "/tf_static", latched)
    publisher.publish(TFMessage(transforms=[transform]))
    yield frame
    client.destroy_publisher(publisher)


def ask_for(client: Any, frame: str) -> Any:
    service = client.service(SetParameters, "grounding_node/set_parameters")
    value = ParameterValue(type=ParameterType.PARAMETER_STRING, string_value=frame)
    parameter = Parameter(name="target_frame", value=value)
    future = service.call_async(SetParameters.Request(parameters=[parameter]))
    result = client.completed(future).results[0]
    client.destroy_client(service)
    return result


@pytest.mark.skipif(HAS_TF, reason="tf2_ros is installed")
def test_without_tf_a_target_frame_is_refused(client: Any, node: Any) -> None:
    answer = ask_for(client, "base_link")
    assert not answer.successful
    assert "tf2_ros is not installed" in answer.reason


def test_a_name_that_is_none_is_refused(client: Any, node: Any) -> None:
    answer = ask_for(client, "/base_link")
    assert not answer.successful
    assert "'/base_link'" in answer.reason
    assert ask_for(client, "").successful


@needs_tf
def test_poses_are_given_in_the_target_frame(client: Any, node: Any, base: str) -> None:
    assert ask_for(client, base).successful
    poses: list[PoseStamped] = []
    subscription = client.create_subscription(
        PoseStamped, "grounding_node/target_pose", poses.append, 5
    )
    outcome = client.result(client.send_goal(COMMAND, timeout=10.0)).result
    assert outcome.error_code == Ground.Result.NONE, outcome.error_msg
    target = outcome.grounding.targets[0]
    assert target.header.frame_id == OPTICAL
    assert (target.pose.header.stamp, target.pose.header.frame_id) == (target.header.stamp, base)
    here, there = target.position, target.pose.pose.position
    assert (there.x, there.y, there.z) == pytest.approx((-here.y, here.x, here.z + 2.0))
    assert client.spin_until(lambda: poses)
    assert {pose.header.frame_id for pose in poses} == {base}
    assert target.pose in poses
    client.destroy_subscription(subscription)
    assert ask_for(client, "").successful


@needs_tf
def test_a_missing_transform_is_named_and_ends_the_goal_at_its_time(
    client: Any, node: Any, base: str
) -> None:
    assert ask_for(client, "nowhere").successful
    client.feedback.clear()
    poses: list[PoseStamped] = []
    subscription = client.create_subscription(
        PoseStamped, "grounding_node/target_pose", poses.append, 5
    )
    outcome = client.result(client.send_goal(COMMAND, timeout=1.5)).result
    assert outcome.error_code == Ground.Result.TF_ERROR
    assert f"from '{OPTICAL}' to 'nowhere'" in outcome.error_msg
    target = outcome.grounding.targets[0]
    assert target.status == Target.FOUND
    assert target.has_position
    assert target.pose.header.frame_id == ""
    assert "'nowhere'" in target.reason
    stamps = [nanoseconds(answer.grounding.header.stamp) for answer in client.feedback]
    assert stamps
    assert not [pose for pose in poses if nanoseconds(pose.header.stamp) in stamps]
    client.destroy_subscription(subscription)
    assert ask_for(client, "").successful
