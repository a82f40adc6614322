from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

pytest.importorskip("rclpy", reason="needs ROS 2")

from sensor_msgs.msg import CameraInfo, Image

from vlm_ros.errors import ImageError
from vlm_ros.images import write_image
from vlm_ros.nodes.child_process import ChildEndedError
from vlm_ros.nodes.images import decode_colour
from vlm_ros.nodes.play_node import read_calibration

GREYS = {"a.png": 40, "b.jpg": 120, "c.png": 200}
CALIBRATION = """
image_width: 64
image_height: 48
camera_name: test
camera_matrix: {rows: 3, cols: 3, data: [60, 0, 31.5, 0, 61, 23.5, 0, 0, 1]}
distortion_model: plumb_bob
distortion_coefficients: {rows: 1, cols: 5, data: [-0.2, 0.05, 0, 0, 0.01]}
rectification_matrix: {rows: 3, cols: 3, data: [1, 0, 0, 0, 1, 0, 0, 0, 1]}
projection_matrix: {rows: 3, cols: 4, data: [55, 0, 32, 0, 0, 56, 24, 0, 0, 0, 1, 0]}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three pictures, one that is none, and a file of another kind."""
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    for name, grey in GREYS.items():
        write_image(pictures / name, np.full((48, 64, 3), grey, np.uint8))
    (pictures / "broken.png").write_bytes(b"\x89PNG and no more")
    (pictures / "notes.txt").write_text("not a picture")
    return pictures


@pytest.fixture
def shown(client: Any) -> Any:
    """The mean grey of every image that comes."""
    greys: list[float] = []
    subscription = client.create_subscription(
        Image,
        "camera/color/image_raw",
        lambda image: greys.append(float(decode_colour(image).mean())),
        20,
    )
    yield greys
    client.destroy_subscription(subscription)


def test_a_folder_is_played_in_order_and_again(
    client: Any, start: Callable[..., Any], folder: Path, tmp_path: Path, shown: list[float]
) -> None:
    calibration = tmp_path / "camera.yaml"
    calibration.write_text(CALIBRATION)
    infos: list[CameraInfo] = []
    client.create_subscription(CameraInfo, "camera/color/camera_info", infos.append, 20)
    options = ["--rate", "20", "--loop", "--camera-info", str(calibration)]
    with start("play", str(folder), *options) as player:
        assert client.spin_until(lambda: len(shown) >= 7 and infos, 30.0)
        player.check()
        assert "broken.png" in player.output
        assert "notes.txt" not in player.output
    order = [min(GREYS.values(), key=lambda grey: abs(grey - mean)) for mean in shown]
    greys = list(GREYS.values())
    first = greys.index(order[0])
    assert order == [greys[(first + n) % 3] for n in range(len(order))]
    assert (infos[0].k[0], infos[0].k[4], infos[0].width) == (60.0, 61.0, 64)
    assert (infos[0].p[0], infos[0].p[5], infos[0].distortion_model) == (55.0, 56.0, "plumb_bob")
    assert list(infos[0].d) == [-0.2, 0.05, 0.0, 0.0, 0.01]


def test_a_video_is_played(
    client: Any, start: Callable[..., Any], tmp_path: Path, shown: list[float]
) -> None:
    video = tmp_path / "film.avi"
    writer = cv2.VideoWriter(str(video), cv2.VideoWriter.fourcc(*"MJPG"), 10, (64, 48))
    for _ in range(30):
        writer.write(np.full((48, 64, 3), 150, np.uint8))
    writer.release()
    with start("play", str(video), "--rate", "20", "--loop"):
        assert client.spin_until(lambda: len(shown) >= 3, 30.0)
    assert shown[0] == pytest.approx(150, abs=4)


@pytest.mark.parametrize("kind", ["missing", "empty", "not a video"])
def test_a_source_that_cannot_be_played_is_named(
    client: Any, start: Callable[..., Any], tmp_path: Path, kind: str
) -> None:
    source = tmp_path / "source"
    if kind == "empty":
        source.mkdir()
    elif kind == "not a video":
        source.write_text("not a video")
    with start("play", str(source)) as player, pytest.raises(ChildEndedError) as caught:
        client.spin_until(lambda: player.check(), 30.0)
    assert "code 2" in str(caught.value)
    assert str(source) in str(caught.value)


def test_a_calibration_may_hold_the_camera_matrix_alone(tmp_path: Path) -> None:
    path = tmp_path / "camera.yaml"
    path.write_text("".join(CALIBRATION.splitlines(keepends=True)[:5]))
    message = read_calibration(str(path))
    assert (message.k[0], message.k[4], message.height) == (60.0, 61.0, 48)
    assert (not any(message.p), list(message.d), message.r[8]) == (True, [], 1.0)


FEW = "image_width: 64\nimage_height: 48\ncamera_matrix: {data: [1, 2]}"


@pytest.mark.parametrize("text", ["", "image_width: 64", FEW, "[1, 2]", "a: [", "\udcff"])
def test_a_bad_calibration_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "camera.yaml"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(ImageError, match=r"camera\.yaml"):
        read_calibration(str(path))
