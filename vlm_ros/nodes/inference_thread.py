"""The one thread that runs the model, so that callbacks never wait for it."""

from __future__ import annotations

import logging
import threading
from collections import Counter, deque
from collections.abc import Callable
from typing import Generic, TypeVar

Frame = TypeVar("Frame")
_LOG = logging.getLogger(__name__)


class InferenceThread(Generic[Frame]):
    """Runs the newest frame of each camera, and single jobs between frames.

    Only one frame of a camera waits: a newer one takes its place, and with it its turn, so that
    the camera that has waited longest comes next, however fast the others are. The thread outlives
    what it calls: an error is logged.
    """

    def __init__(self, on_frame: Callable[[Frame], None]) -> None:
        """Start the thread.

        Args:
            on_frame: called in the thread with each frame that is not dropped.
        """
        self._on_frame = on_frame
        self._wake = threading.Condition()
        # In the order in which the cameras began to wait.
        self._frames: dict[str, Frame] = {}
        self._dropped: Counter[str] = Counter()
        self._jobs: deque[Callable[[], None]] = deque()
        self._job_was_last = False
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="inference", daemon=True)
        self._thread.start()

    def offer(self, camera: str, frame: Frame) -> None:
        """Let a frame wait in place of any of its camera that waits."""
        with self._wake:
            self._dropped[camera] += camera in self._frames
            self._frames[camera] = frame
            self._wake.notify()

    def discard(self) -> None:
        """Forget the waiting frames."""
        with self._wake:
            self._frames.clear()

    def dropped(self, camera: str) -> int:
        """How many frames of a camera were replaced while they waited."""
        with self._wake:
            return self._dropped[camera]

    def submit(self, job: Callable[[], None]) -> None:
        """Run a job before the next frame; many jobs take turns with frames."""
        with self._wake:
            self._jobs.append(job)
            self._wake.notify()

    def stop(self) -> None:
        """End the thread after the frame in hand and every job."""
        with self._wake:
            self._stopping = True
            self._wake.notify()
        self._thread.join()

    def _run(self) -> None:
        while (work := self._next()) is not None:
            try:
                work()
            except Exception:
                _LOG.exception("The inference thread goes on after an error")

    def _next(self) -> Callable[[], None] | None:
        with self._wake:
            self._wake.wait_for(lambda: self._stopping or self._jobs or self._frames)
            frame_is_due = self._job_was_last and self._frames and not self._stopping
            self._job_was_last = bool(self._jobs) and not frame_is_due
            if self._job_was_last:
                return self._jobs.popleft()
            if self._stopping:
                return None
            frame = self._frames.pop(next(iter(self._frames)))
            return lambda: self._on_frame(frame)
