"""One image of one camera, and what belongs to it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Header

from vlm_ros.nodes.clock import nanoseconds
from vlm_ros.nodes.compressed_images import decode_compressed_colour
from vlm_ros.nodes.depth_source import CameraOf, DepthSource, MeasuredDepth
from vlm_ros.nodes.images import decode_colour


@dataclass(frozen=True)
class CameraFrame:
    """A colour image as it came; decoded, and paired with depth, only where it is answered.

    Its methods are for the inference thread.

    Attributes:
        camera: name of the camera; empty for the one without a name.
        message: the colour image.
        depth_source: of the same camera.
    """

    camera: str
    message: Image | CompressedImage
    depth_source: DepthSource

    @property
    def header(self) -> Header:
        """The header of the image, untouched."""
        return self.message.header

    @property
    def stamp(self) -> int:
        """When the image was taken, nanoseconds of the camera's clock; zero if it does not say."""
        return nanoseconds(self.header.stamp)

    def colour(self) -> NDArray[np.uint8]:
        """Decode the image: (H, W, 3) uint8 RGB.

        Raises:
            ImageError: it cannot be decoded.
        """
        if isinstance(self.message, CompressedImage):
            return decode_compressed_colour(self.message)
        return decode_colour(self.message)

    def measured(
        self, colour: NDArray[np.uint8], tolerance: float, wait: float, camera_of: CameraOf
    ) -> MeasuredDepth:
        """The depth of the image, or why there is none.

        Args:
            colour: (H, W, 3) the decoded image.
            tolerance: largest difference of the stamps, seconds.
            wait: longest wait for depth to come, seconds.
            camera_of: reads a calibration of the camera; None for an uncalibrated one.
        """
        size = colour.shape[0], colour.shape[1]
        return self.depth_source.measured(self.header, size, tolerance, wait, camera_of)
