"""A camera whose every frame can be told from the next, and what processes hold."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="needs ROS 2")

from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState, GetState
from numpy.typing import NDArray
from std_msgs.msg import Header

from vlm_ros.evaluation.vitals import Vitals, vitals_of
from vlm_ros.msg import Target, TargetArray
from vlm_ros.nodes.clock import nanoseconds
from vlm_ros.nodes.images import encode_image
from vlm_ros.srv import GroundImage

# Its red cup is left of the middle.
SEED = 105
COMMAND = "the red cup"
_FRAME_S = 1.0 / 30.0


@dataclass(frozen=True)
class Sent:
    """A frame that was published.

    Attributes:
        frame_id: of its header.
        mirrored: whether it showed the mirror image.
    """

    frame_id: str
    mirrored: bool


class MirrorCamera:
    """Shows a scene and its mirror image in turn, 30 times a second, while the client spins.

    Where the thing in question is in the box tells which of the two a frame was; the header says
    which it should have been.
    """

    def __init__(self, client: Any, picture: NDArray[np.uint8], centre: float) -> None:
        self._client = client
        self._picture = picture
        self._views = {
            False: encode_image(picture, Header()),
            True: encode_image(np.ascontiguousarray(picture[:, ::-1]), Header()),
        }
        self._centre, self._width = centre, picture.shape[1]
        self.sent: dict[int, Sent] = {}
        self._timer = client.create_timer(_FRAME_S, self._publish)

    def _publish(self) -> None:
        mirrored = bool(len(self.sent) % 2)
        image = self._views[mirrored]
        image.header.stamp = self._client.get_clock().now().to_msg()
        image.header.frame_id = f"frame_{len(self.sent)}"
        self.sent[nanoseconds(image.header.stamp)] = Sent(image.header.frame_id, mirrored)
        self._client.images.publish(image)

    def request(self, command: str, frame_id: str) -> GroundImage.Request:
        """A question about the scene, outside the stream."""
        image = encode_image(self._picture, Header(frame_id=frame_id))
        return GroundImage.Request(command=command, image=image)

    def stop(self) -> None:
        self._client.destroy_timer(self._timer)

    def check(self, answer: TargetArray) -> None:
        """An answer must have the header of the frame that it is about."""
        sent = self.sent[nanoseconds(answer.header.stamp)]
        assert answer.header.frame_id == sent.frame_id
        if answer.command == COMMAND and answer.status == Target.FOUND:
            box = answer.targets[0].box
            centre = self._width - self._centre if sent.mirrored else self._centre
            assert math.isclose((box.x_min + box.x_max) / 2.0, centre, abs_tol=30.0)


@pytest.fixture(scope="session")
def scene() -> tuple[NDArray[np.uint8], float]:
    """A picture of a table, and where across it the red cup is, pixels."""
    pytest.importorskip("mujoco", reason="needs the extra 'sim'")
    from vlm_ros.simulation.scene import generate_scene
    from vlm_ros.simulation.tabletop import Tabletop

    described = generate_scene(SEED)
    with Tabletop(described) as tabletop:
        frame = tabletop.render(described.camera, 640, 480)
    (cup,) = [
        item
        for item in frame.objects
        if item.name == "cup" and item.attributes.get("colour") == "red"
    ]
    x_min, _, x_max, _ = cup.box
    centre = float(x_min + x_max) / 2.0
    assert abs(centre - 320.0) > 60.0, "the mirror image must tell"
    return frame.rgb, centre


@pytest.fixture
def camera(client: Any, scene: tuple[NDArray[np.uint8], float]) -> Iterator[MirrorCamera]:
    client.answers.clear()
    made = MirrorCamera(client, *scene)
    yield made
    made.stop()
    assert client.spin_until(lambda: not client.answers or client.answers.clear(), 5.0)


@dataclass
class Leaks:
    """What a process holds now beside what it held when the test had warmed it up."""

    pid: int
    before: Vitals

    def check(self, growth_mb: float = 20.0) -> None:
        """Nothing may have leaked; what is being given back gets a few seconds for it."""
        deadline = time.monotonic() + 5.0
        while True:
            now = vitals_of(self.pid)
            same = now.threads <= self.before.threads and now.files <= self.before.files
            if same or time.monotonic() > deadline:
                break
            time.sleep(0.1)
        assert now.threads <= self.before.threads, (self.before, now)
        assert now.files <= self.before.files, (self.before, now)
        # Shared memory is the publishers', and is touched little by little.
        assert now.own_mb - self.before.own_mb < growth_mb, (self.before, now)


@pytest.fixture
def leaks() -> Callable[[Any], Leaks]:
    """Begins to watch a process."""
    return lambda process: Leaks(process.pid, vitals_of(process.pid))


class Manager:
    """Leads nodes through their states, as a lifecycle manager does."""

    def __init__(self, client: Any) -> None:
        self.client = client
        self._change = client.create_client(ChangeState, "grounding_node/change_state")
        # Made after the other: a node that answers this knows that one too.
        self._state = client.create_client(GetState, "grounding_node/get_state")

    def meet(self) -> None:
        """Wait until a node has discovered this client."""
        answered = self.client.spin_until(self._is_answered, 30.0)
        assert answered, "the node does not answer; " + self.client.discovered()

    def change(self, transition: int) -> None:
        request = ChangeState.Request(transition=Transition(id=transition))
        assert self.client.completed(self._change.call_async(request)).success

    def look_for(self, command: str) -> None:
        """Wait until the node answers a command."""
        self.client.answers.clear()
        # What was sent may have gone to a node that was killed: Fast DDS notices its end when its
        # lease of 20 s is over, and meanwhile waits for it to take images.
        for _ in range(20):
            self.client.say(command)
            if self.client.spin_until(lambda: len(self.client.answers) > 2, 2.0):
                return
        pytest.fail("the node does not answer the camera; " + self.client.discovered())

    def _is_answered(self) -> bool:
        if not self._state.service_is_ready():
            return False
        future = self._state.call_async(GetState.Request())
        return bool(self.client.spin_until(future.done, 1.0))


@pytest.fixture(scope="module")
def manager(client: Any) -> Manager:
    return Manager(client)
