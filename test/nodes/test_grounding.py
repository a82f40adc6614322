"""The whole way: a rendered camera, a command, and the answer beside the truth."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="needs ROS 2")
pytest.importorskip("mujoco", reason="needs the extra 'sim'")

from diagnostic_msgs.msg import DiagnosticArray
from geometry_msgs.msg import PoseStamped
from sensor_msgs.msg import CompressedImage, Image
from visualization_msgs.msg import Marker, MarkerArray

from vlm_ros.action import Ground
from vlm_ros.cli.demo import SEED
from vlm_ros.msg import SceneTruth, Target
from vlm_ros.nodes.clock import nanoseconds
from vlm_ros.nodes.compressed_images import decode_compressed_colour
from vlm_ros.nodes.demonstration import matching_object
from vlm_ros.nodes.images import decode_colour
from vlm_ros.nodes.target_finder import TargetFinder

COMMAND = "pick up the red cup"
CAMERA = [
    *("--image", "camera/color/image_raw"),
    *("--depth", "camera/aligned_depth_to_color/image_raw"),
    *("--camera-info", "camera/color/camera_info"),
]


class Scene:
    """A client beside a running simulator and grounding node."""

    def __init__(self, client: Any) -> None:
        self.client = client
        self.truths: dict[int, SceneTruth] = {}
        self.targets: list[Target] = []
        self.poses: list[PoseStamped] = []
        self.diagnostics: list[DiagnosticArray] = []
        client.create_subscription(SceneTruth, "simulator_node/truth", self._keep, 5)
        client.create_subscription(Target, "grounding_node/target", self.targets.append, 5)
        client.create_subscription(PoseStamped, "grounding_node/target_pose", self.poses.append, 5)
        client.create_subscription(DiagnosticArray, "/diagnostics", self.diagnostics.append, 5)
        assert client.spin_until(lambda: self.truths, 30.0), "the simulator publishes nothing"

    def _keep(self, truth: SceneTruth) -> None:
        self.truths[nanoseconds(truth.header.stamp)] = truth
        while len(self.truths) > 20:
            del self.truths[min(self.truths)]

    def hush(self) -> None:
        """Clear the command, and wait until the node has let go of the camera."""
        self.client.say("")
        topic = "camera/color/image_raw"
        assert self.client.spin_until(lambda: not self.client.count_subscribers(topic))

    def truth_of(self, header: Any) -> SceneTruth:
        stamp = nanoseconds(header.stamp)
        assert self.client.spin_until(lambda: stamp in self.truths, 5.0), "no such image was sent"
        return self.truths[stamp]


@pytest.fixture(scope="module")
def scene(client: Any, start: Callable[..., Any], model: Path) -> Scene:
    start("simulate", "--seed", str(SEED), "--rate", "10")
    start("node", "--model", str(model), *CAMERA)
    return Scene(client)


def check_red_cup(scene: Scene, target: Target) -> None:
    match = matching_object(target, scene.truth_of(target.header))
    assert match is not None
    assert (match.object.name, "red" in match.object.attributes) == ("cup", True)
    assert match.iou > 0.5
    assert match.distance is not None
    assert match.distance < 0.03


def test_a_goal_finds_the_true_object(scene: Scene) -> None:
    client = scene.client
    client.feedback.clear()
    outcome = client.result(client.send_goal(COMMAND)).result
    assert outcome.error_code == Ground.Result.NONE, outcome.error_msg
    assert outcome.error_msg == ""
    assert outcome.grounding.status == Target.FOUND
    assert outcome.grounding.command == COMMAND
    assert client.feedback[-1].grounding == outcome.grounding
    target = outcome.grounding.targets[0]
    assert target.header == outcome.grounding.header
    assert target.header.frame_id == "camera_color_optical_frame"
    assert (target.label, target.role) == ("red cup", "target")
    assert 0.0 < target.score <= 1.0
    check_red_cup(scene, target)


def test_a_standing_command_is_answered_for_image_after_image(scene: Scene) -> None:
    client = scene.client
    scene.targets.clear()
    scene.poses.clear()
    overlays: list[Image] = []
    subscription = client.create_subscription(Image, "grounding_node/overlay", overlays.append, 1)
    client.say(COMMAND)
    assert client.spin_until(lambda: len(scene.targets) >= 3 and scene.poses and overlays)
    stamps = [nanoseconds(target.header.stamp) for target in scene.targets]
    assert stamps == sorted(set(stamps)), "an image was answered twice or out of order"
    for target in scene.targets:
        assert target.status == Target.FOUND
        check_red_cup(scene, target)
    pose = scene.poses[-1]
    same = [target for target in scene.targets if target.header == pose.header]
    assert [target.position for target in same] == [pose.pose.position]
    picture = decode_colour(overlays[-1])
    assert picture.shape[1] == 640
    assert np.any(picture[..., 1].astype(int) - picture[..., 0] > 100), "no green box is drawn"

    scene.hush()
    client.destroy_subscription(subscription)


def test_a_target_is_shown_in_space_and_goes_with_its_command(scene: Scene) -> None:
    client = scene.client
    seen: list[MarkerArray] = []
    subscription = client.create_subscription(MarkerArray, "grounding_node/markers", seen.append, 5)
    scene.targets.clear()
    client.say(COMMAND)
    assert client.spin_until(lambda: len(seen) >= 2 and scene.targets)
    boxes = [marker for marker in seen[-1].markers if marker.ns == "box"]
    same = [target for target in scene.targets if target.header == boxes[0].header]
    assert [(t.position, t.orientation) for t in same] == [
        (boxes[0].pose.position, boxes[0].pose.orientation)
    ]
    client.say("")
    removed = {("box", 0), ("axes", 0), ("label", 0)}

    def gone() -> bool:
        last = seen[-1].markers
        return {(m.ns, m.id) for m in last if m.action == Marker.DELETE} == removed

    assert client.spin_until(gone)
    client.destroy_subscription(subscription)


def test_the_picture_also_travels_as_jpeg(scene: Scene) -> None:
    client = scene.client
    seen: list[CompressedImage] = []
    subscription = client.create_subscription(
        CompressedImage, "grounding_node/overlay/compressed", seen.append, 1
    )
    client.say(COMMAND)
    assert client.spin_until(lambda: seen)
    picture = decode_compressed_colour(seen[-1])
    assert picture.shape[1] == 640
    assert np.any(picture[..., 1].astype(int) - picture[..., 0] > 90), "no green box is drawn"
    scene.truth_of(seen[-1].header)
    scene.hush()
    client.destroy_subscription(subscription)


def test_detections_are_published_where_vision_msgs_is_installed(scene: Scene) -> None:
    vision_msgs = pytest.importorskip("vision_msgs.msg", reason="vision_msgs is not installed")
    client = scene.client
    flat: list[Any] = []
    deep: list[Any] = []
    subscriptions = [
        client.create_subscription(
            vision_msgs.Detection2DArray, "grounding_node/detections", flat.append, 5
        ),
        client.create_subscription(
            vision_msgs.Detection3DArray, "grounding_node/detections_3d", deep.append, 5
        ),
    ]
    scene.targets.clear()
    client.say(COMMAND)
    assert client.spin_until(lambda: flat and deep and scene.targets)
    assert [d.results[0].hypothesis.class_id for d in flat[-1].detections] == ["red cup"]
    assert deep[-1].header.frame_id == "camera_color_optical_frame"
    assert deep[-1].detections[0].bbox.size.x > 0.0
    scene.hush()
    for subscription in subscriptions:
        client.destroy_subscription(subscription)


def test_a_target_keeps_its_identity_from_image_to_image(scene: Scene) -> None:
    scene.targets.clear()
    scene.client.say(COMMAND)
    assert scene.client.spin_until(lambda: len(scene.targets) >= 5)
    scene.hush()
    assert {target.track_id for target in scene.targets} == {scene.targets[0].track_id}
    assert scene.targets[0].track_id >= 0


def test_what_is_not_there_is_not_found(scene: Scene) -> None:
    outcome = scene.client.result(scene.client.send_goal("the toothbrush", timeout=2.0)).result
    assert outcome.error_code == Ground.Result.TIMEOUT
    assert outcome.grounding.status == Target.NOT_FOUND
    assert outcome.grounding.reason in outcome.error_msg
    assert not outcome.grounding.targets


def test_diagnostics_tell_rates_and_times(scene: Scene) -> None:
    scene.client.say(COMMAND)
    scene.diagnostics.clear()
    node = f"{scene.client.namespace}/grounding_node"

    def values(component: str = ": grounding") -> dict[str, str]:
        ours = [s for d in scene.diagnostics for s in d.status if s.name == node + component]
        return {pair.key: pair.value for pair in ours[-1].values} if ours else {}

    assert scene.client.spin_until(lambda: float(values().get("answers [Hz]", 0)) > 1.0)
    assert float(values()["ground p50 [ms]"]) > 0.0
    assert float(values()["image stamp to target p95 [ms]"]) > float(values()["ground p50 [ms]"])
    assert "images dropped" in values()
    assert float(values()["ground/vision p50 [ms]"]) < float(values()["ground p50 [ms]"])
    assert 50.0 < float(values()["resident memory [MiB]"]) < 2000.0
    assert "onnxruntime" in values()["model"].lower()
    camera = values(": camera")
    assert int(camera["depth paired"]) > 0
    assert float(camera["images [Hz]"]) > 1.0
    assert camera["no depth because"] == ""
    scene.hush()


def test_robot_code_finds_targets_with_two_lines(scene: Scene) -> None:
    result = TargetFinder(scene.client).find(COMMAND, timeout=5.0)
    assert result.found
    assert result.message == ""
    assert result.target is not None
    check_red_cup(scene, result.target)
