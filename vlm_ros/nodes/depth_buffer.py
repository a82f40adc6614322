"""Pairs depth images with colour images by their stamps."""

from __future__ import annotations

import threading
import time
from collections import deque
from dataclasses import dataclass
from typing import TypeAlias

from sensor_msgs.msg import CompressedImage, Image

from vlm_ros.nodes.clock import nanoseconds

_KEPT = 5
_SILENT_AFTER_S = 1.0
_JUMP_NS = 500_000_000

DepthImage: TypeAlias = "Image | CompressedImage"


@dataclass(frozen=True)
class DepthMatch:
    """The depth image of a colour image, or why there is none.

    Attributes:
        image: None where there is none.
        reason: one sentence where there is none, otherwise empty.
    """

    image: DepthImage | None
    reason: str


@dataclass(frozen=True)
class _Unmatched:
    """A colour image that was answered without depth."""

    stamp: int
    tolerance: int


class DepthBuffer:
    """The last few depth images; filled by one thread and asked by another."""

    def __init__(self, topic: str) -> None:
        """Start empty.

        Args:
            topic: where the images come from, for sentences.
        """
        self._topic = topic
        self._changed = threading.Condition()
        self._images: deque[DepthImage] = deque(maxlen=_KEPT)
        self._unmatched: deque[_Unmatched] = deque(maxlen=_KEPT)
        self._arrived = -_SILENT_AFTER_S
        self._counts = dict.fromkeys(("paired", "missing", "late"), 0)

    @property
    def is_empty(self) -> bool:
        """Whether no image has come."""
        return not self._images

    def counts(self) -> dict[str, int]:
        """How many colour images were paired, had no partner, and had one that came too late."""
        with self._changed:
            return dict(self._counts)

    def add(self, image: DepthImage) -> None:
        """Take the newest depth image."""
        stamp = _stamp(image)
        with self._changed:
            if self._images and _stamp(self._images[-1]) - stamp > _JUMP_NS:
                # The clock went back. What came before belongs to another time with equal stamps.
                self._forget()
            self._images.append(image)
            self._arrived = time.monotonic()
            late = [miss for miss in self._unmatched if abs(miss.stamp - stamp) <= miss.tolerance]
            for miss in late:
                self._unmatched.remove(miss)
            self._counts["late"] += len(late)
            self._changed.notify_all()

    def clock_went_back(self, stamp: int) -> None:
        """Forget images of the time before the clock of the colour images went back.

        Args:
            stamp: of the first colour image since then, nanoseconds. Depth images of the new time
                may have come before it.
        """
        with self._changed:
            if self._images and _stamp(self._images[-1]) - stamp > _JUMP_NS:
                self._forget()

    def clear(self) -> None:
        """Forget every image, as when the stream stops."""
        with self._changed:
            self._forget()
            self._arrived = -_SILENT_AFTER_S

    def match(self, stamp: int, tolerance: int, wait: float) -> DepthMatch:
        """The depth image of a colour image.

        A depth image of the same exposure often comes a few milliseconds after the colour image,
        so this waits for it, but only while depth is known to be coming. It ends waiting where a
        later one has come.

        Args:
            stamp: of the colour image, nanoseconds.
            tolerance: largest difference of the stamps, nanoseconds.
            wait: longest wait, seconds.
        """
        deadline = time.monotonic() + wait
        with self._changed:
            if not stamp:
                return self._missing("The image has no stamp to pair depth with it by.")
            while True:
                image = self._nearest(stamp)
                if image is not None and abs(_stamp(image) - stamp) <= tolerance:
                    self._counts["paired"] += 1
                    return DepthMatch(image, "")
                now = time.monotonic()
                if image is None or now - self._arrived > _SILENT_AFTER_S:
                    return self._missing(f"No depth image comes on '{self._topic}'.")
                if _stamp(self._images[-1]) > stamp or now >= deadline:
                    self._unmatched.append(_Unmatched(stamp, tolerance))
                    return self._missing(self._why(_stamp(image) - stamp, tolerance))
                self._changed.wait(deadline - now)

    def _missing(self, reason: str) -> DepthMatch:
        self._counts["missing"] += 1
        return DepthMatch(None, reason)

    def _why(self, ahead: int, tolerance: int) -> str:
        return (
            f"The image has no depth image on '{self._topic}' yet: the nearest is "
            f"{abs(ahead) * 1e-6:.0f} ms {'newer' if ahead > 0 else 'older'}, and "
            f"{tolerance * 1e-6:.0f} ms are tolerated."
        )

    def _nearest(self, stamp: int) -> DepthImage | None:
        return min(self._images, key=lambda image: abs(_stamp(image) - stamp), default=None)

    def _forget(self) -> None:
        self._images.clear()
        self._unmatched.clear()


def _stamp(image: DepthImage) -> int:
    return nanoseconds(image.header.stamp)
