"""Streams as real cameras spoil them: each answer is about the image whose header it carries.

In each image stands one red thing. Its column tells the image, and its distance tells the depth
image, so that an answer with the header, the pixels or the depth of another image is seen as such.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("rclpy", reason="needs ROS 2")

from builtin_interfaces.msg import Time
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import CameraInfo, CompressedImage, Image
from std_msgs.msg import Header

from vlm_ros.geometry.camera import Intrinsics
from vlm_ros.msg import Target, TargetArray
from vlm_ros.nodes.camera_info import camera_info_of
from vlm_ros.nodes.clock import nanoseconds
from vlm_ros.nodes.images import encode_image

COMMAND = "the red thing"
SIZE = (480, 640)
TABLE_M = 1.5
SECOND = 1_000_000_000
FRAME = 33_000_000
BEST_EFFORT, RELIABLE = ReliabilityPolicy.BEST_EFFORT, ReliabilityPolicy.RELIABLE


def colour(column: int, size: tuple[int, int] = SIZE) -> NDArray[np.uint8]:
    """A red thing around a column in the middle of a brown table."""
    image = np.full((*size, 3), (150, 116, 84), np.uint8)
    middle, half = size[0] // 2, size[0] // 12
    corners = (column - half, middle - half), (column + half, middle + half)
    cv2.rectangle(image, *corners, (200, 30, 30), -1)
    cv2.ellipse(image, (column, middle - half), (half, half // 3), 0, 0, 360, (120, 10, 10), -1)
    return image


def depth(column: int, metres: float, size: tuple[int, int] = SIZE) -> NDArray[np.uint16]:
    """The thing at a distance before the table, in millimetres."""
    image = np.full(size, round(TABLE_M * 1000), np.uint16)
    middle, half = size[0] // 2, size[0] // 12
    image[middle - half : middle + half, column - half : column + half] = round(metres * 1000)
    return image


def header(stamp: int) -> Header:
    seconds, rest = divmod(stamp, SECOND)
    return Header(stamp=Time(sec=seconds, nanosec=rest), frame_id="eye")


class Camera:
    """Publishes frames and remembers what was in them."""

    def __init__(self, client: Any) -> None:
        self.client = client
        self.columns: dict[int, int] = {}
        self.distances: dict[int, float] = {}
        self.diagnostics: list[DiagnosticStatus] = []
        client.destroy_publisher(client.images)
        client.create_subscription(DiagnosticArray, "/diagnostics", self._keep, 20)
        self.plug_in(RELIABLE)

    def _keep(self, message: DiagnosticArray) -> None:
        """What the node says about its camera; other nodes share the topic."""
        name = f"{self.client.namespace}/grounding_node: camera"
        self.diagnostics += [status for status in message.status if status.name == name]

    def plug_in(self, reliability: ReliabilityPolicy) -> None:
        qos = QoSProfile(depth=5, reliability=reliability)
        self.images = self.client.create_publisher(Image, "image", qos)
        self.depths = self.client.create_publisher(Image, "depth", qos)
        self.camera_infos = self.client.create_publisher(CameraInfo, "camera_info", qos)

    def unplug(self) -> None:
        for publisher in (self.images, self.depths, self.camera_infos):
            self.client.destroy_publisher(publisher)

    def is_heard(self) -> bool:
        publishers = (self.images, self.depths, self.camera_infos)
        return all(publisher.get_subscription_count() for publisher in publishers)

    def calibrate(self, size: tuple[int, int] = SIZE) -> None:
        height, width = size
        camera = Intrinsics(width, height, 600.0, 600.0, width / 2, height / 2)
        self.camera_infos.publish(camera_info_of(camera, Header(frame_id="eye")))

    def send(
        self, stamp: int, column: int, metres: float = 1.0, size: tuple[int, int] = SIZE
    ) -> None:
        """Everything of one frame, as a driver does."""
        self.calibrate(size)
        self.depths.publish(encode_image(depth(column, metres, size), header(stamp)))
        self.distances[stamp] = metres
        self.show(stamp, encode_image(colour(column, size), header(stamp)), column)

    def show(self, stamp: int, image: Image, column: int) -> None:
        """An image alone."""
        self.columns[stamp] = column
        self.images.publish(image)

    def answer(self, stamp: int, timeout: float = 20.0) -> TargetArray:
        """The newest answer to the image of a stamp; checked as every answer must be."""
        assert self.client.spin_until(lambda: self.client.answer_to(stamp), timeout), "no answer"
        self.check()
        matching = [a for a in self.client.answers if nanoseconds(a.header.stamp) == stamp]
        return matching[-1]

    def streamed(self, begin: int) -> TargetArray:
        """The first answer with a target to a stream; its first images may be lost.

        A publisher knows a subscriber before the subscriber knows it.
        """
        for stamp in range(begin, begin + 200 * FRAME, FRAME):
            self.send(stamp, 200)
            self.client.spin_until(lambda: False, 0.1)
            if any(answer.targets for answer in self.client.answers):
                break
        return next(answer for answer in self.client.answers if answer.targets)

    def is_unanswered(self, stamp: int) -> bool:
        return self.client.answer_to(stamp) is None

    def check(self) -> None:
        """Every answer is about the image whose header it carries, and about its depth."""
        for array_ in self.client.answers:
            if array_.status != Target.FOUND:
                continue
            stamp = nanoseconds(array_.header.stamp)
            assert array_.header.frame_id == "eye"
            for target in array_.targets:
                assert target.header == array_.header
                middle = (target.box.x_min + target.box.x_max) / 2
                assert abs(middle - self.columns[stamp]) < 8, "the box is of another image"
                if target.has_position:
                    assert abs(target.surface.z - self.distances[stamp]) < 0.02, "other depth"

    def count(self, name: str) -> int:
        """A count of the camera in the newest diagnostics."""
        return int({pair.key: pair.value for pair in self.diagnostics[-1].values}[name])

    def told(self, text: str) -> bool:
        """Whether the newest diagnostics of the camera say this."""
        return bool(self.diagnostics) and text in self.diagnostics[-1].message

    def counts(self, name: str) -> int:
        """A count of the diagnostics as it stands now."""
        seen = len(self.diagnostics)
        assert self.client.spin_until(lambda: len(self.diagnostics) > seen + 1)
        return self.count(name)


@pytest.fixture(scope="module")
def node(start: Callable[..., Any], model: Any) -> Any:
    return start("node", "--model", str(model), "--ros-args", "-p", "depth_wait:=0.5")


@pytest.fixture(scope="module")
def plugged_in(client: Any, node: Any) -> Camera:
    return Camera(client)


@pytest.fixture
def camera(plugged_in: Camera, node: Any) -> Iterator[Camera]:
    """A camera whose images are asked about; the process must outlive every test."""
    client = plugged_in.client
    client.answers.clear()
    client.say(COMMAND)
    assert client.spin_until(plugged_in.is_heard, 20.0)
    yield plugged_in
    client.say("")
    assert client.spin_until(lambda: not plugged_in.images.get_subscription_count())
    client.spin_until(lambda: False, 0.3)  # an image may be in work
    plugged_in.check()
    node.check()


def test_a_stream_is_answered_with_positions(camera: Camera) -> None:
    for n in range(1, 6):
        camera.send(n * SECOND, 60 * n + 100, 0.8 + 0.05 * n)
        answer = camera.answer(n * SECOND)
        assert answer.status == Target.FOUND, answer.reason
        assert answer.targets[0].has_position, answer.targets[0].reason


def test_an_image_that_comes_after_a_newer_one_is_not_answered(camera: Camera) -> None:
    late = camera.counts("images late")
    for n, column in ((1, 100), (3, 300), (2, 200), (4, 400)):
        camera.send(10 * SECOND + n * FRAME, column)
        if n == 2:
            assert camera.client.spin_until(lambda: camera.count("images late") == late + 1)
        else:
            assert camera.answer(10 * SECOND + n * FRAME).status == Target.FOUND
    assert camera.is_unanswered(10 * SECOND + 2 * FRAME)


def test_an_image_that_comes_twice_is_answered_once(camera: Camera) -> None:
    known = camera.counts("images duplicated")
    for n in (1, 2, 3):
        camera.send(20 * SECOND + n * FRAME, 100 * n)
        camera.answer(20 * SECOND + n * FRAME)
        camera.send(20 * SECOND + n * FRAME, 100 * n)
        assert camera.client.spin_until(lambda n=n: camera.count("images duplicated") == known + n)
    stamps = [nanoseconds(answer.header.stamp) for answer in camera.client.answers]
    assert stamps == [20 * SECOND + n * FRAME for n in (1, 2, 3)]


def test_a_still_picture_is_answered_again_for_a_new_command(camera: Camera) -> None:
    camera.send(25 * SECOND, 320)
    camera.answer(25 * SECOND)
    camera.client.say("the largest thing")
    camera.client.spin_until(lambda: False, 0.5)
    camera.send(25 * SECOND, 320)
    assert camera.client.spin_until(
        lambda: camera.answer(25 * SECOND).command == "the largest thing"
    )


def test_an_image_from_the_future_is_answered_and_so_are_those_after_it(camera: Camera) -> None:
    stamps = [30 * SECOND, 30 * SECOND + 3600 * SECOND, 30 * SECOND + FRAME, 31 * SECOND]
    for n, stamp in enumerate(stamps):
        camera.send(stamp, 100 + 100 * n, 0.8 + 0.1 * n)
        answer = camera.answer(stamp)
        assert answer.status == Target.FOUND
        assert answer.targets[0].has_position, answer.targets[0].reason


def test_images_without_a_stamp_are_answered_without_a_position(camera: Camera) -> None:
    camera.send(0, 200)
    answer = camera.answer(0)
    camera.send(0, 200)
    assert camera.client.spin_until(lambda: len(camera.client.answers) == 2)
    assert answer.status == Target.FOUND
    assert not answer.targets[0].has_position
    assert "no stamp" in answer.targets[0].reason


def test_a_clock_that_jumps_back_begins_anew(camera: Camera) -> None:
    """A simulation is reset: the same stamps come again, with other pictures and other depth."""
    for n in range(1, 9):
        camera.send(n * SECOND // 5, 150, 0.8)
        camera.answer(n * SECOND // 5)
    camera.client.answers.clear()
    for n in range(1, 9):
        camera.send(n * SECOND // 5, 450, 1.2)
        answer = camera.answer(n * SECOND // 5)
        assert answer.status == Target.FOUND
        assert answer.targets[0].has_position, answer.targets[0].reason
    assert len(camera.client.answers) == 8
    assert camera.counts("clock jumps") >= 1


def test_a_clock_that_jumps_back_a_little_begins_anew_too(camera: Camera) -> None:
    for n in range(13, 15):
        camera.send(50 * SECOND + n * FRAME, 150)
        camera.answer(50 * SECOND + n * FRAME)
    for n in range(1, 12):
        camera.send(50 * SECOND + n * FRAME, 450)
        camera.client.spin_until(lambda: False, 0.1)
    answered = [n for n in range(1, 12) if not camera.is_unanswered(50 * SECOND + n * FRAME)]
    assert answered
    assert min(answered) >= 5


def test_a_changed_resolution_is_followed(camera: Camera) -> None:
    for n, size in enumerate([(480, 640), (240, 320), (480, 848), (720, 1280), (480, 640)]):
        stamp = 60 * SECOND + n * SECOND
        camera.calibrate(size)
        camera.client.spin_until(lambda: False, 0.1)
        camera.send(stamp, size[1] // 2 - 20 * n, 1.0, size)
        answer = camera.answer(stamp)
        assert answer.status == Target.FOUND, answer.reason
        assert answer.targets[0].has_position, answer.targets[0].reason


@pytest.mark.parametrize("other", ["depth", "camera_info"])
def test_what_is_still_of_another_resolution_is_named(camera: Camera, other: str) -> None:
    stamp, small = 70 * SECOND, (240, 320)
    camera.calibrate(small if other == "camera_info" else SIZE)
    camera.client.spin_until(lambda: False, 0.1)
    size = small if other == "depth" else SIZE
    camera.depths.publish(encode_image(depth(100, 1.0, size), header(stamp)))
    camera.show(stamp, encode_image(colour(320), header(stamp)), 320)
    answer = camera.answer(stamp)
    assert answer.status == Target.FOUND
    assert not answer.targets[0].has_position
    assert f"/{other}' is 320 x 240, but the colour image is 640 x 480" in answer.targets[0].reason
    camera.send(stamp + SECOND, 330)
    assert camera.answer(stamp + SECOND).targets[0].has_position


def mosaic(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """As a sensor of the pattern RGGB sees it."""
    sites = np.add.outer(np.arange(rgb.shape[0]) % 2, np.arange(rgb.shape[1]) % 2)
    return np.take_along_axis(rgb, sites[..., None], -1)[..., 0]


def as_encoded(encoding: str, rgb: NDArray[np.uint8], stamp: int) -> Image:
    pixels = {
        "rgb8": rgb,
        "bgr8": rgb[..., ::-1],
        "bgra8": cv2.cvtColor(rgb, cv2.COLOR_RGB2BGRA),
        "yuv422_yuy2": cv2.cvtColor(rgb, cv2.COLOR_RGB2YUV_YUY2),
        "bayer_rggb8": mosaic(rgb),
    }[encoding]
    image = Image(header=header(stamp), encoding=encoding, height=SIZE[0], width=SIZE[1])
    data = np.ascontiguousarray(pixels)
    image.step = data.strides[0]
    image.data = array("B", data.tobytes())
    return image


def test_a_changed_encoding_is_followed(camera: Camera) -> None:
    camera.send(79 * SECOND, 320)
    camera.answer(79 * SECOND)
    encodings = ["rgb8", "bgr8", "yuv422_yuy2", "hsv8", "bayer_rggb8", "bgra8", "rgb8"]
    for n, encoding in enumerate(encodings):
        stamp, column = 80 * SECOND + n * SECOND, 100 + 60 * n
        image = as_encoded("rgb8" if encoding == "hsv8" else encoding, colour(column), stamp)
        image.encoding = encoding
        camera.show(stamp, image, column)
        answer = camera.answer(stamp)
        assert answer.header == header(stamp)
        expected = Target.ERROR if encoding == "hsv8" else Target.FOUND
        assert answer.status == expected, f"{encoding}: {answer.reason}"


def test_depth_that_comes_too_late_is_told_and_counted(camera: Camera) -> None:
    late = camera.counts("depth late")
    camera.send(90 * SECOND, 200)
    assert camera.answer(90 * SECOND).targets[0].has_position
    stamp = 90 * SECOND + 5 * FRAME
    camera.show(stamp, encode_image(colour(300), header(stamp)), 300)
    answer = camera.answer(stamp)
    assert not answer.targets[0].has_position
    assert "the nearest is 165 ms older" in answer.targets[0].reason
    camera.depths.publish(encode_image(depth(300, 1.0), header(stamp)))
    assert camera.counts("depth late") == late + 1
    assert camera.count("depth missing") >= 1


def test_a_camera_that_stops_is_missed_and_found_again(camera: Camera) -> None:
    """It comes back with another quality of service, and again with the first."""
    for n, reliability in enumerate([BEST_EFFORT, RELIABLE]):
        camera.unplug()
        camera.client.answers.clear()
        assert camera.client.spin_until(lambda: camera.told("Nothing publishes"), 15.0)
        camera.plug_in(reliability)
        assert camera.client.spin_until(camera.is_heard, 20.0)
        found = camera.streamed(100 * SECOND + n * 10 * SECOND)
        assert found.targets[0].has_position, found.targets[0].reason


def test_a_flood_of_disordered_frames_of_two_sizes_is_told_apart(camera: Camera) -> None:
    for n in np.random.default_rng(5).integers(0, 200, 200).tolist():
        # Each stamp has one size, one column and one distance, however often it comes.
        stamp, size = 200 * SECOND + n * FRAME, (240, 320) if n % 3 else SIZE
        camera.send(stamp, (10 + n % 50) * size[1] // 64, 0.7 + 0.003 * n, size)
        camera.client.spin_until(lambda: False, 0.01)
    camera.client.spin_until(lambda: False, 1.0)
    found = [answer for answer in camera.client.answers if answer.status == Target.FOUND]
    assert len(found) >= 5
    camera.check()
    camera.send(300 * SECOND, 320)
    assert camera.answer(300 * SECOND).status == Target.FOUND


def test_a_topic_of_another_type_is_named(camera: Camera) -> None:
    camera.unplug()
    other = camera.client.create_publisher(CompressedImage, "image", 5)
    text = "is published as sensor_msgs/msg/CompressedImage, not as sensor_msgs/msg/Image"
    assert camera.client.spin_until(lambda: camera.told(text), 15.0)
    camera.client.destroy_publisher(other)
    camera.plug_in(RELIABLE)
    assert camera.client.spin_until(camera.is_heard, 20.0)


def test_a_calibration_that_was_sent_once_and_kept_is_used(camera: Camera) -> None:
    client = camera.client
    client.say("")
    assert client.spin_until(lambda: not camera.images.get_subscription_count())
    client.destroy_publisher(camera.camera_infos)
    kept = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
    camera.camera_infos = client.create_publisher(CameraInfo, "camera_info", kept)
    camera.calibrate()
    client.say(COMMAND)
    assert client.spin_until(camera.is_heard, 20.0)
    for stamp in range(400 * SECOND, 410 * SECOND, FRAME):
        camera.distances[stamp] = 1.1
        camera.depths.publish(encode_image(depth(250, 1.1), header(stamp)))
        camera.show(stamp, encode_image(colour(250), header(stamp)), 250)
        client.spin_until(lambda: False, 0.1)
        targets = [target for answer in client.answers for target in answer.targets]
        if targets:
            break
    assert targets[-1].has_position, targets[-1].reason
