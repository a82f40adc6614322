"""Pairs depth images with colour images by their stamps."""

from __future__ import annotations

import threading
import time
from collections import deque

from sensor_msgs.msg import Image

from vlm_ros.nodes.clock import nanoseconds

_KEPT = 5
_SILENT_AFTER_S = 1.0


class DepthBuffer:
    """The last few depth images; filled by one thread and asked by another."""

    def __init__(self) -> None:
        """Start empty."""
        self._changed = threading.Condition()
        self._images: deque[Image] = deque(maxlen=_KEPT)
        self._arrived = -_SILENT_AFTER_S

    @property
    def is_empty(self) -> bool:
        """Whether no image has come."""
        return not self._images

    def add(self, image: Image) -> None:
        """Take the newest depth image."""
        with self._changed:
            self._images.append(image)
            self._arrived = time.monotonic()
            self._changed.notify_all()

    def clear(self) -> None:
        """Forget every image, as when the stream stops."""
        with self._changed:
            self._images.clear()
            self._arrived = -_SILENT_AFTER_S

    def match(self, stamp: int, tolerance: int, wait: float) -> Image | None:
        """The depth image of a colour image.

        A depth image of the same exposure often comes a few milliseconds after the colour image,
        so this waits for it, but only while depth is known to be coming.

        Args:
            stamp: of the colour image, nanoseconds.
            tolerance: largest difference of the stamps, nanoseconds.
            wait: longest wait, seconds.
        """
        deadline = time.monotonic() + wait
        with self._changed:
            while True:
                image = self._nearest(stamp)
                if image is not None:
                    newest = nanoseconds(self._images[-1].header.stamp)
                    if abs(nanoseconds(image.header.stamp) - stamp) <= tolerance:
                        return image
                    if newest > stamp:
                        return None
                now = time.monotonic()
                if now >= deadline or now - self._arrived > _SILENT_AFTER_S:
                    return None
                self._changed.wait(deadline - now)

    def _nearest(self, stamp: int) -> Image | None:
        return min(
            self._images,
            key=lambda image: abs(nanoseconds(image.header.stamp) - stamp),
            default=None,
        )
