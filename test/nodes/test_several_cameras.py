"""Several cameras on one model: none waits for another, and every answer says whose it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytest.importorskip("rclpy", reason="needs ROS 2")
pytest.importorskip("mujoco", reason="needs the extra 'sim'")

from diagnostic_msgs.msg import DiagnosticArray
from rclpy.time import Time
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Header

from vlm_ros.action import Ground
from vlm_ros.cli.demo import SEED
from vlm_ros.msg import Target, TargetArray
from vlm_ros.nodes.clock import nanoseconds, seconds
from vlm_ros.nodes.images import encode_image
from vlm_ros.simulation.scene import generate_scene
from vlm_ros.simulation.tabletop import Tabletop

COMMAND = "pick up the red cup"
CAMERAS = ("front", "arm/wrist")


class Rig:
    """Publishes as two cameras, and keeps the answers of each."""

    def __init__(self, client: Any) -> None:
        self.client = client
        self.publishers = {
            name: client.create_publisher(Image, f"{name}/image", 5) for name in CAMERAS
        }
        self._stamp = 0
        scene = generate_scene(SEED)
        with Tabletop(scene) as tabletop:
            self.tabletop = encode_image(tabletop.render(scene.camera, 640, 480).rgb, Header())

    def send(self, camera: str, image: Image) -> int:
        """Publish an image with a new stamp, 0.1 s after the last one; the stamp."""
        self._stamp += 100_000_000
        stamp = Time(nanoseconds=self._stamp).to_msg()
        image.header = Header(frame_id=f"{camera}_optical", stamp=stamp)
        self.publishers[camera].publish(image)
        return self._stamp

    def answer(self, camera: str, stamp: int) -> TargetArray | None:
        """The answer to an image, if it has come."""
        of_it = [a for a in self.answers(camera) if nanoseconds(a.header.stamp) == stamp]
        return of_it[0] if of_it else None

    def answers(self, camera: str) -> list[TargetArray]:
        return [answer for answer in self.client.answers if answer.camera == camera]

    def listening(self) -> bool:
        return all(publisher.get_subscription_count() for publisher in self.publishers.values())


@pytest.fixture(scope="module")
def rig(client: Any, start: Callable[..., Any], model: Any) -> Rig:
    start("node", "--model", str(model), "--camera", "front", "--camera", "arm/wrist")
    return Rig(client)


@pytest.fixture
def standing(rig: Rig) -> Any:
    rig.client.answers.clear()
    rig.client.say(COMMAND)
    assert rig.client.spin_until(rig.listening)
    yield rig
    rig.client.say("")
    assert rig.client.spin_until(lambda: not rig.listening())


def test_every_answer_says_whose_image_it_is_about(standing: Rig) -> None:
    images = {"front": standing.tabletop, "arm/wrist": standing.client.picture()}
    sent: dict[str, list[int]] = {camera: [] for camera in CAMERAS}
    # A publisher may know of a subscription that does not know of it yet, and loses what it sends.
    for _ in range(5):
        for camera in CAMERAS:
            if not standing.answers(camera):
                sent[camera].append(standing.send(camera, images[camera]))
        if standing.client.spin_until(lambda: all(map(standing.answers, CAMERAS)), 5.0):
            break
    for camera in CAMERAS:
        answers = standing.answers(camera)
        stamps = [nanoseconds(answer.header.stamp) for answer in answers]
        assert stamps == sorted(set(stamps) & set(sent[camera])), "an image was answered twice"
        answer = answers[0]
        assert answer.header.frame_id == f"{camera}_optical"
        for target in [*answer.targets, *answer.alternatives]:
            assert (target.camera, target.header) == (camera, answer.header)
    assert standing.answers("front")[0].status == Target.FOUND
    assert standing.answers("front")[0].targets[0].track_id >= 0
    assert standing.answers("arm/wrist")[0].status == Target.NOT_FOUND


def test_a_target_that_vanishes_is_lost_and_then_found_again(standing: Rig) -> None:
    def answer(image: Image) -> TargetArray:
        stamp = standing.send("front", image)
        assert standing.client.spin_until(lambda: standing.answer("front", stamp))
        answered = standing.answer("front", stamp)
        assert answered is not None
        return answered

    before = answer(standing.tabletop).targets[0]
    assert seconds(before.unseen) == 0.0
    gone = answer(standing.client.picture())
    assert not gone.targets
    (lost,) = gone.lost
    assert (lost.track_id, lost.label) == (before.track_id, before.label)
    assert seconds(lost.unseen) == pytest.approx(0.1)
    after = answer(standing.tabletop)
    assert not after.lost
    assert after.targets[0].track_id == before.track_id
    assert seconds(after.targets[0].unseen) > 0.0


def test_a_fast_camera_does_not_starve_a_slow_one(standing: Rig) -> None:
    blank = standing.client.picture()
    sent = 0
    for round_ in range(5):
        asked = standing.send("front", blank)
        while standing.answer("front", asked) is None:
            standing.send("arm/wrist", blank)
            sent += 1
            standing.client.spin_until(lambda: False, 0.005)
            assert sent < 1000, f"round {round_}"
    assert 0 < len(standing.answers("arm/wrist")) <= sent


def test_a_goal_needs_its_frames_in_a_row_from_one_camera(rig: Rig) -> None:
    rig.client.answers.clear()
    handle = rig.client.send_goal(COMMAND, timeout=30.0)
    assert rig.client.spin_until(rig.listening)
    rig.send("arm/wrist", rig.client.picture())
    assert rig.client.spin_until(lambda: rig.answers("arm/wrist"))
    rig.send("front", rig.tabletop)
    outcome = rig.client.result(handle).result
    assert outcome.error_code == Ground.Result.NONE
    assert outcome.grounding.camera == "front"


def test_no_image_names_the_topics_of_all_cameras(rig: Rig) -> None:
    outcome = rig.client.result(rig.client.send_goal(COMMAND, timeout=0.3)).result
    assert outcome.error_code == Ground.Result.NO_IMAGE
    for camera in CAMERAS:
        assert f"'{rig.client.namespace}/{camera}/image'" in outcome.error_msg


def test_each_camera_has_a_picture_and_a_status_of_its_own(standing: Rig) -> None:
    client = standing.client
    pictures: dict[str, list[Any]] = {"front": [], "arm/wrist": []}
    subscriptions = [
        client.create_subscription(
            Image, "grounding_node/front/overlay", pictures["front"].append, 1
        ),
        client.create_subscription(
            CompressedImage,
            "grounding_node/arm/wrist/overlay/compressed",
            pictures["arm/wrist"].append,
            1,
        ),
    ]
    statuses: dict[str, str] = {}

    def keep(array: DiagnosticArray) -> None:
        statuses.update((status.name, status.message) for status in array.status)

    subscriptions.append(client.create_subscription(DiagnosticArray, "/diagnostics", keep, 5))
    node = f"{client.namespace}/grounding_node"
    told_of = [f"{node}: camera 'front'", f"{node}: camera 'arm/wrist'"]
    quiet = f"no images arrive on '{client.namespace}/arm/wrist/image'"

    def told() -> bool:
        standing.send("front", standing.tabletop)
        client.spin_until(lambda: False, 0.05)
        return [statuses.get(name) for name in told_of] == ["images arrive", quiet]

    assert client.spin_until(told), statuses
    assert pictures["front"]
    assert not pictures["arm/wrist"]
    standing.send("arm/wrist", client.picture())
    assert client.spin_until(lambda: pictures["arm/wrist"])
    assert "jpeg" in pictures["arm/wrist"][0].format
    for subscription in subscriptions:
        client.destroy_subscription(subscription)
