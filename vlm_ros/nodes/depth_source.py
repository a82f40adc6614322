"""The depth and the calibration of one camera."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from sensor_msgs.msg import CameraInfo, CompressedImage
from std_msgs.msg import Header

from vlm_ros.errors import ImageError
from vlm_ros.geometry.camera import Intrinsics
from vlm_ros.nodes.clock import nanoseconds
from vlm_ros.nodes.compressed_images import decode_compressed_depth
from vlm_ros.nodes.depth_buffer import DepthBuffer, DepthImage
from vlm_ros.nodes.images import decode_depth

CameraOf: TypeAlias = Callable[[CameraInfo], "Intrinsics | None"]


@dataclass(frozen=True)
class MeasuredDepth:
    """The depth of one colour image.

    Attributes:
        depth: (H, W) float32 metres, registered to the image; None where there is none that fits.
        camera: that it was measured with; None where there is no depth.
        reason: one sentence where there is no depth, otherwise empty.
    """

    depth: NDArray[np.float32] | None
    camera: Intrinsics | None
    reason: str


class DepthSource:
    """What comes on a camera's topics `depth` and `camera_info`.

    Filled by the thread that spins the node, and asked by the inference thread.
    """

    def __init__(self, depth_topic: str, camera_info_topic: str) -> None:
        """Start with nothing.

        Args:
            depth_topic: for sentences, as is the other.
            camera_info_topic: after remapping.
        """
        self._depth_topic = depth_topic
        self._camera_info_topic = camera_info_topic
        self._camera_info: CameraInfo | None = None
        self._unusable = 0
        self.depths = DepthBuffer(depth_topic)

    @property
    def is_ready(self) -> bool:
        """Whether depth and a calibration have come."""
        return not self.depths.is_empty and self._camera_info is not None

    def counts(self) -> dict[str, int]:
        """How many colour images had usable depth and how many not; see also `DepthBuffer`."""
        counts = self.depths.counts()
        return {**counts, "paired": counts["paired"] - self._unusable, "unusable": self._unusable}

    def keep_camera_info(self, message: CameraInfo) -> None:
        """Take the newest calibration."""
        self._camera_info = message

    def clear(self) -> None:
        """Forget what came."""
        self.depths.clear()
        self._camera_info = None

    def measured(
        self,
        header: Header,
        size: tuple[int, int],
        tolerance: float,
        wait: float,
        camera_of: CameraOf,
    ) -> MeasuredDepth:
        """The depth that belongs to a colour image.

        Args:
            header: of the colour image.
            size: its height and width, pixels.
            tolerance: largest difference of the stamps, seconds.
            wait: longest wait for depth to come, seconds.
            camera_of: reads a calibration; None for an uncalibrated camera.
        """
        stamp = nanoseconds(header.stamp)
        match = self.depths.match(stamp, round(tolerance * 1e9), wait)
        if match.image is None:
            return MeasuredDepth(None, None, match.reason)
        try:
            self._check_frame(match.image.header.frame_id, header.frame_id)
            camera = self._camera(size, camera_of)
            return MeasuredDepth(self._decoded(match.image, size), camera, "")
        except ImageError as error:
            self._unusable += 1
            return MeasuredDepth(None, None, str(error))

    def _check_frame(self, frame: str, colour: str) -> None:
        """Depth as its own sensor sees it may well be of the same size."""
        if frame and colour and frame != colour:
            raise ImageError(
                f"'{self._depth_topic}' is in the frame '{frame}', but the colour image in "
                f"'{colour}'; publish depth that is registered to it."
            )

    def _camera(self, size: tuple[int, int], camera_of: CameraOf) -> Intrinsics:
        if self._camera_info is None:
            raise ImageError(f"No calibration comes on '{self._camera_info_topic}'.")
        camera = camera_of(self._camera_info)
        if camera is None:
            raise ImageError(f"'{self._camera_info_topic}' says: the camera is not calibrated.")
        _check_size(self._camera_info_topic, (camera.height, camera.width), size)
        return camera

    def _decoded(self, image: DepthImage, size: tuple[int, int]) -> NDArray[np.float32]:
        try:
            depth = (
                decode_compressed_depth(image)
                if isinstance(image, CompressedImage)
                else decode_depth(image)
            )
        except ImageError as error:
            raise ImageError(f"The depth image on '{self._depth_topic}': {error}") from error
        _check_size(self._depth_topic, depth.shape, size)
        return depth


def _check_size(topic: str, size: tuple[int, ...], colour: tuple[int, int]) -> None:
    if size != colour:
        raise ImageError(
            f"'{topic}' is {size[1]} x {size[0]}, but the colour image is "
            f"{colour[1]} x {colour[0]}; publish depth that is registered to it."
        )
