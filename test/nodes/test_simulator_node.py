from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="needs ROS 2")
pytest.importorskip("mujoco", reason="needs the extra 'sim'")

from rcl_interfaces.msg import Parameter, ParameterType, ParameterValue
from rcl_interfaces.srv import SetParameters
from sensor_msgs.msg import CameraInfo, Image

from vlm_ros.msg import SceneTruth
from vlm_ros.nodes.camera_info import rectified_camera
from vlm_ros.nodes.clock import nanoseconds
from vlm_ros.nodes.images import decode_colour, decode_depth

SEED = 11
SIZE = (320, 240)
TOPICS = {
    "colour": (Image, "camera/color/image_raw"),
    "depth": (Image, "camera/aligned_depth_to_color/image_raw"),
    "camera_info": (CameraInfo, "camera/color/camera_info"),
    "truth": (SceneTruth, "simulator_node/truth"),
}


class Watcher:
    """Keeps the messages of every topic by stamp."""

    def __init__(self, client: Any) -> None:
        self.client = client
        self.messages: dict[str, dict[int, Any]] = {name: {} for name in TOPICS}
        for name, (kind, topic) in TOPICS.items():
            client.create_subscription(kind, topic, self._keep(name), 5)

    def _keep(self, name: str) -> Callable[[Any], None]:
        def keep(message: Any) -> None:
            self.messages[name][nanoseconds(message.header.stamp)] = message

        return keep

    def frame(self, accept: Callable[[dict[str, Any]], bool] = lambda _: True) -> dict[str, Any]:
        """A new frame that has every message under one stamp."""
        for messages in self.messages.values():
            messages.clear()
        found: list[dict[str, Any]] = []

        def complete() -> bool:
            common = set.intersection(*(set(messages) for messages in self.messages.values()))
            for stamp in sorted(common):
                frame = {name: messages[stamp] for name, messages in self.messages.items()}
                if accept(frame):
                    found.append(frame)
            return bool(found)

        assert self.client.spin_until(complete, 30.0), {k: len(v) for k, v in self.messages.items()}
        return found[0]


@pytest.fixture(scope="module")
def watcher(client: Any, start: Callable[..., Any]) -> Watcher:
    width, height = (str(length) for length in SIZE)
    start("simulate", "--seed", str(SEED), "--width", width, "--height", height)
    return Watcher(client)


def set_parameter(client: Any, name: str, value: ParameterValue) -> Any:
    service = client.service(SetParameters, "simulator_node/set_parameters")
    request = SetParameters.Request(parameters=[Parameter(name=name, value=value)])
    return client.completed(service.call_async(request)).results[0]


def test_a_frame_is_what_a_realsense_driver_gives(watcher: Watcher) -> None:
    frame = watcher.frame()
    assert {message.header.frame_id for message in frame.values()} == {"camera_color_optical_frame"}
    assert frame["colour"].encoding == "rgb8"
    assert frame["depth"].encoding == "16UC1"
    for name in ("colour", "depth", "camera_info"):
        assert (frame[name].width, frame[name].height) == SIZE
    camera = rectified_camera(frame["camera_info"])
    assert camera is not None
    assert camera.fx == camera.fy
    assert decode_colour(frame["colour"]).std() > 10.0


def test_the_truth_fits_colour_and_depth(watcher: Watcher) -> None:
    frame = watcher.frame()
    depth = decode_depth(frame["depth"])
    camera = rectified_camera(frame["camera_info"])
    assert camera is not None
    assert frame["truth"].seed == SEED
    assert len(frame["truth"].objects) >= 2
    for item in frame["truth"].objects:
        mask = decode_colour(item.mask)[..., 0]
        assert set(np.unique(mask)) <= {0, 255}
        if item.visible_fraction < 0.9:
            continue
        rows, columns = np.nonzero(mask)
        box = (item.box.x_min, item.box.y_min, item.box.x_max, item.box.y_max)
        assert box == (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
        reach = max(item.size.x, item.size.y, item.size.z)
        distance = float(np.median(depth[mask > 0]))
        assert abs(distance - item.pose.position.z) < reach
        u = camera.fx * item.pose.position.x / item.pose.position.z + camera.cx
        v = camera.fy * item.pose.position.y / item.pose.position.z + camera.cy
        assert box[0] < u < box[2]
        assert box[1] < v < box[3]


def test_scene_and_encoding_can_change_while_it_runs(client: Any, watcher: Watcher) -> None:
    before = decode_colour(watcher.frame()["colour"]).copy()
    seed = ParameterValue(type=ParameterType.PARAMETER_INTEGER, integer_value=SEED + 1)
    metres = ParameterValue(type=ParameterType.PARAMETER_STRING, string_value="32FC1")
    assert set_parameter(client, "seed", seed).successful
    assert set_parameter(client, "depth_encoding", metres).successful
    frame = watcher.frame(lambda f: f["truth"].seed == SEED + 1 and f["depth"].encoding == "32FC1")
    assert np.any(decode_colour(frame["colour"]) != before)
    nearest = np.nanmin(decode_depth(frame["depth"]))
    assert 0.1 < nearest < 2.0


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        (
            "depth_encoding",
            ParameterValue(type=ParameterType.PARAMETER_STRING, string_value="8UC1"),
            "16UC1 or 32FC1",
        ),
        ("rate", ParameterValue(type=ParameterType.PARAMETER_DOUBLE), "out of range"),
        ("width", ParameterValue(type=ParameterType.PARAMETER_INTEGER), "out of range"),
    ],
)
def test_a_bad_parameter_is_refused_with_the_reason(
    client: Any, watcher: Watcher, name: str, value: ParameterValue, reason: str
) -> None:
    answer = set_parameter(client, name, value)
    assert not answer.successful
    assert reason in answer.reason
