"""One goal of the Ground action, from its acceptance to its end."""

from __future__ import annotations

import threading
import time
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
            confirm_frames: frames in a row that must answer FOUND.
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
        self._found_in_a_row = 0
        self._last: TargetArray | None = None
        self._unreadable = ""

    def answered(self, grounding: TargetArray) -> None:
        """Take the answer for one image."""
        with self._lock:
            if self._ended is not None:
                return
            self._frames += 1
            self._last = grounding
            found = grounding.status == Target.FOUND
            self._found_in_a_row = self._found_in_a_row + 1 if found else 0
            enough = self._found_in_a_row >= self._confirm_frames
        self._on_feedback(
            Ground.Feedback(
                grounding=grounding,
                frames=self._frames,
                elapsed=duration_message(time.monotonic() - self._begun),
            )
        )
        if enough:
            self.end(Ground.Result.NONE)

    def unreadable(self, reason: str) -> None:
        """Take the news that an image could not be decoded; the next one may be."""
        with self._lock:
            self._unreadable = reason
            self._found_in_a_row = 0

    def time_up(self, topic: str) -> None:
        """End because the time is over.

        Args:
            topic: where images were expected, for the message.
        """
        elapsed = f"{time.monotonic() - self._begun:.1f} s"
        if self._last is not None and self._last.status == Target.AMBIGUOUS:
            self.end(
                Ground.Result.AMBIGUOUS, f"Still ambiguous after {elapsed}: {self._last.reason}"
            )
        elif self._last is not None and self._last.status == Target.FOUND:
            self.end(
                Ground.Result.TIMEOUT,
                f"Found, but not in {self._confirm_frames} frames in a row within {elapsed}.",
            )
        elif self._last is not None:
            self.end(Ground.Result.TIMEOUT, f"Not found within {elapsed}: {self._last.reason}")
        elif self._unreadable:
            self.end(
                Ground.Result.INVALID_IMAGE,
                f"No image on '{topic}' could be read within {elapsed}: {self._unreadable}",
            )
        else:
            self.end(
                Ground.Result.NO_IMAGE,
                f"No image arrived on '{topic}' within {elapsed}: check that a camera publishes "
                f"there, or remap 'image'.",
            )

    def end(self, error_code: int, message: str = "") -> None:
        """End the goal; does nothing if it has ended."""
        with self._lock:
            if self._ended is not None:
                return
            self._ended = GoalEnd(error_code, message)
        self._on_end(self._ended)

    @property
    def command(self) -> str:
        """The command as the client gave it."""
        return self._command

    def result(self) -> Ground.Result:
        """The result of a goal that has ended."""
        end = self._ended
        assert end is not None
        last = self._last
        if last is None:
            last = TargetArray(command=self._command, status=Target.ERROR, reason=end.message)
        return Ground.Result(error_code=end.error_code, error_msg=end.message, grounding=last)
