"""One goal of the Ground action, from its acceptance to its end."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from vlm_ros.action import Ground
from vlm_ros.msg import Target, TargetArray
from vlm_ros.nodes.clock import duration_message


@dataclass(frozen=True)
class GoalEnd:
    """How a goal ended.

    Attributes:
        error_code: a constant of Ground.Result.
        message: one sentence; empty for NONE.
    """

    error_code: int
    message: str = ""


class GroundGoal:
    """Counts what the frames answer and decides when that is enough.

    Frames are reported by the inference thread, the end of the time and cancelling by the thread
    that spins the node; whichever ends the goal first decides how.
    """

    def __init__(
        self,
        command: str,
        confirm_frames: int,
        on_feedback: Callable[[Ground.Feedback], None],
        on_end: Callable[[GoalEnd], None],
    ) -> None:
        """Begin.

        Args:
            command: as the client gave it.
            confirm_frames: frames of one camera in a row that must answer FOUND.
            on_feedback: called after each frame.
            on_end: called once.
        """
        self._command = command
        self._confirm_frames = confirm_frames
        self._on_feedback = on_feedback
        self._on_end = on_end
        self._begun = time.monotonic()
        self._lock = threading.Lock()
        self._ended: GoalEnd | None = None
        self._frames = 0
        self._found_in_a_row: Counter[str] = Counter()
        # The last answer of each camera, and why the target frame had no transform for it; the
        # newest last.
        self._last: dict[str, tuple[TargetArray, str]] = {}
        self._unreadable = ""

    def answered(self, grounding: TargetArray, lacking: str = "") -> None:
        """Take the answer for one image.

        Args:
            grounding: for it.
            lacking: why what was found cannot be given in the target frame, so that it is not
                enough; empty where it can, or where nobody asked for that.
        """
        camera = grounding.camera
        with self._lock:
            if self._ended is not None:
                return
            self._frames += 1
            self._last.pop(camera, None)
            self._last[camera] = grounding, lacking
            found = grounding.status == Target.FOUND and not lacking
            self._found_in_a_row[camera] = self._found_in_a_row[camera] + 1 if found else 0
            enough = self._found_in_a_row[camera] >= self._confirm_frames
        self._on_feedback(
            Ground.Feedback(
                grounding=grounding,
                frames=self._frames,
                elapsed=duration_message(time.monotonic() - self._begun),
            )
        )
        if enough:
            self.end(Ground.Result.NONE)

    def unreadable(self, camera: str, reason: str) -> None:
        """Take the news that a camera's image could not be decoded; the next one may be."""
        with self._lock:
            self._unreadable = reason
            self._found_in_a_row[camera] = 0

    def time_up(self, topics: str) -> None:
        """End because the time is over.

        Args:
            topics: where images were expected, for the message.
        """
        elapsed = f"{time.monotonic() - self._begun:.1f} s"
        with self._lock:
            last, lacking = self._telling()
        if last is None and self._unreadable:
            self.end(
                Ground.Result.INVALID_IMAGE,
                f"No image on {topics} could be read within {elapsed}: {self._unreadable}",
            )
        elif last is None:
            self.end(
                Ground.Result.NO_IMAGE,
                f"No image arrived on {topics} within {elapsed}: check that a camera publishes "
                f"there, or remap 'image'.",
            )
        elif last.status == Target.AMBIGUOUS:
            self.end(Ground.Result.AMBIGUOUS, f"Still ambiguous after {elapsed}: {last.reason}")
        elif last.status == Target.FOUND and lacking:
            self.end(
                Ground.Result.TF_ERROR,
                f"Found, but without a pose in the target frame after {elapsed}: {lacking}",
            )
        elif last.status == Target.FOUND:
            self.end(
                Ground.Result.TIMEOUT,
                f"Found, but not in {self._confirm_frames} frames in a row within {elapsed}.",
            )
        else:
            self.end(Ground.Result.TIMEOUT, f"Not found within {elapsed}: {last.reason}")

    def end(self, error_code: int, message: str = "") -> None:
        """End the goal; does nothing if it has ended."""
        with self._lock:
            if self._ended is not None:
                return
            self._ended = GoalEnd(error_code, message)
        self._on_end(self._ended)

    def _telling(self) -> tuple[TargetArray | None, str]:
        """The last answer of the camera that came nearest, and what it lacked.

        The constants of the status rise from FOUND to ERROR; of equals, the newest tells.
        """
        newest_first = reversed(list(self._last.values()))
        return min(newest_first, key=lambda entry: entry[0].status, default=(None, ""))

    @property
    def command(self) -> str:
        """The command as the client gave it."""
        return self._command

    def result(self) -> Ground.Result:
        """The result of a goal that has ended."""
        end = self._ended
        assert end is not None
        with self._lock:
            last = self._telling()[0]
        if last is None:
            last = TargetArray(command=self._command, status=Target.ERROR, reason=end.message)
        return Ground.Result(error_code=end.error_code, error_msg=end.message, grounding=last)
