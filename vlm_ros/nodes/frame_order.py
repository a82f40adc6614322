"""Which images of a stream are news."""

from __future__ import annotations

from sensor_msgs.msg import CompressedImage, Image

from vlm_ros.nodes.clock import nanoseconds

_JUMP_NS = 500_000_000
_LATE_IN_A_ROW = 5


class FrameOrder:
    """Lets images pass in the order of their stamps.

    An image older than one that has passed is late and does not pass: what was answered about the
    newer one would be replaced by what was. An image that is the last one once more does not pass
    either, or it would confirm itself. But where the camera's clock has gone back, as when a
    simulation is reset or a recording begins again, time starts anew: an image is taken for that
    if it is older by more than half a second, or the fifth late one in a row. Images without a
    stamp (zero) always pass.

    Attributes:
        duplicates: images that came twice.
        late: images that came after a newer one.
        jumps: how often the clock went back.
    """

    def __init__(self) -> None:
        """Start with no image seen."""
        self.duplicates = 0
        self.late = 0
        self.jumps = 0
        self._newest: Image | CompressedImage | None = None
        self._late_in_a_row = 0

    def forget(self) -> None:
        """Let any image pass next; the counts go on."""
        self._newest = None
        self._late_in_a_row = 0

    def admits(self, image: Image | CompressedImage) -> bool:
        """Whether the image passes."""
        stamp = nanoseconds(image.header.stamp)
        if self._newest is not None and stamp:
            age = nanoseconds(self._newest.header.stamp) - stamp
            if age == 0 and image.data == self._newest.data:
                self.duplicates += 1
                return False
            if age > 0 and not self._is_jump(age):
                self.late += 1
                return False
            self.jumps += age > 0
        self._late_in_a_row = 0
        if stamp:
            self._newest = image
        return True

    def _is_jump(self, age: int) -> bool:
        self._late_in_a_row += 1
        return age > _JUMP_NS or self._late_in_a_row >= _LATE_IN_A_ROW
