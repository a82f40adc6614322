"""Plays pictures or a video as a camera."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import yaml
from numpy.typing import NDArray
from rclpy.node import Node
from sensor_msgs.msg import CameraInfo

from vlm_ros.errors import ImageError
from vlm_ros.images import read_image
from vlm_ros.nodes import parameters
from vlm_ros.nodes.camera_publisher import CameraPublisher
from vlm_ros.nodes.parameters import parameter
from vlm_ros.nodes.spinning import run_node

_PICTURES = frozenset({".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"})

_NONE: dict[str, Any] = {"data": []}
_NO_ROTATION = {"data": [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0]}
_NO_PROJECTION = {"data": [0.0] * 12}

Frame = NDArray[np.uint8]


@dataclass(frozen=True)
class PlaySettings:
    """The parameters of the play node."""

    source: str = parameter("", "Folder of pictures, one picture, or a video.", read_only=True)
    rate: float = parameter(5.0, "Frames a second.", low=0.1, high=120.0, read_only=True)
    loop: bool = parameter(False, "Begin again at the end.")
    camera_info: str = parameter(
        "", "Calibration file as the camera_calibration package writes it.", read_only=True
    )


class PlayNode(Node):
    """Publishes one frame at each tick; ends the process after the last, unless it loops."""

    def __init__(self) -> None:
        """Open the source.

        Raises:
            ImageError: there is no such source, nothing in it can be read, or the calibration
                cannot be.
            rclpy.exceptions.ParameterException: a parameter was given a bad value.
        """
        super().__init__("play_node")
        parameters.declare(self, PlaySettings)
        settings = parameters.read(self, PlaySettings)
        self._source = Path(settings.source).expanduser()
        self._calibration = read_calibration(settings.camera_info) if settings.camera_info else None
        self._camera = CameraPublisher(self)
        self._frames = self._opened()
        self._next: Frame | None = next(self._frames, None)
        if self._next is None:
            raise ImageError(f"Nothing in '{self._source}' can be read as a picture or a video.")
        self.create_timer(1.0 / settings.rate, self._play)

    def _play(self) -> None:
        if self._next is None and parameters.read(self, PlaySettings).loop:
            self._frames = self._opened()
            self._next = next(self._frames, None)
        if self._next is None:
            self.get_logger().info(f"'{self._source}' has been played")
            self.context.try_shutdown()
            return
        stamp = self.get_clock().now().to_msg()
        self._camera.publish(stamp, self._next, None, self._calibration)
        self._next = next(self._frames, None)

    def _opened(self) -> Iterator[Frame]:
        if not self._source.exists():
            raise ImageError(f"There is no folder, picture or video '{self._source}'.")
        if self._source.is_dir():
            files = (path for path in self._source.iterdir() if path.suffix.lower() in _PICTURES)
            return self._pictures(sorted(files))
        if self._source.suffix.lower() in _PICTURES:
            return self._pictures([self._source])
        return _video_frames(self._source)

    def _pictures(self, files: list[Path]) -> Iterator[Frame]:
        for path in files:
            try:
                yield read_image(path)
            except ImageError as error:
                self.get_logger().error(f"skipped: {error}")


def _video_frames(path: Path) -> Iterator[Frame]:
    capture = cv2.VideoCapture(str(path))
    try:
        while True:
            more, frame = capture.read()
            if not more:
                return
            yield np.asarray(cv2.cvtColor(frame, cv2.COLOR_BGR2RGB), np.uint8)
    finally:
        capture.release()


def read_calibration(path: str) -> CameraInfo:
    """Read a calibration file of the camera_calibration package (YAML).

    Returns:
        Its matrices and distortion; the projection matrix is zero where the file has none.

    Raises:
        ImageError: the file is missing or does not hold a camera matrix and the image's size.
    """
    try:
        data = yaml.safe_load(Path(path).expanduser().read_text(encoding="utf-8"))
        matrices = {
            "k": _values(data["camera_matrix"], 9),
            "r": _values(data.get("rectification_matrix", _NO_ROTATION), 9),
            "p": _values(data.get("projection_matrix", _NO_PROJECTION), 12),
        }
        return CameraInfo(
            width=int(data["image_width"]),
            height=int(data["image_height"]),
            distortion_model=str(data.get("distortion_model", "plumb_bob")),
            d=[float(value) for value in data.get("distortion_coefficients", _NONE)["data"]],
            **matrices,
        )
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ImageError(f"The calibration '{path}' cannot be read: {error}") from error
    except (AssertionError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise ImageError(
            f"The calibration '{path}' lacks image_width, image_height or camera_matrix "
            f"({error!r}): write it as the camera_calibration package does."
        ) from error


def _values(matrix: dict[str, Any], count: int) -> list[float]:
    values = [float(value) for value in matrix["data"]]
    if len(values) != count:
        raise ValueError(f"a matrix of {len(values)} numbers instead of {count}")
    return values


def main() -> int:
    """Play until the end; the exit code."""
    return run_node(PlayNode)


if __name__ == "__main__":
    raise SystemExit(main())
