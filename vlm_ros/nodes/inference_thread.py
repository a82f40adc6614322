"""The one thread that runs the model, so that callbacks never wait for it."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

from sensor_msgs.msg import Image


class InferenceThread:
    """Runs the newest frame, and any single jobs before it.

    Only one frame waits: a newer one takes its place. What the thread calls must not raise.

    Attributes:
        dropped: frames that were replaced while they waited.
    """

    def __init__(self, on_frame: Callable[[Image], None]) -> None:
        """Start the thread.

        Args:
            on_frame: called in the thread with each frame that is not dropped.
        """
        self.dropped = 0
        self._on_frame = on_frame
        self._wake = threading.Condition()
        self._frame: Image | None = None
        self._jobs: deque[Callable[[], None]] = deque()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="inference", daemon=True)
        self._thread.start()

    def offer(self, frame: Image) -> None:
        """Let a frame wait in place of any that waits."""
        with self._wake:
            self.dropped += self._frame is not None
            self._frame = frame
            self._wake.notify()

    def discard(self) -> None:
        """Forget the waiting frame."""
        with self._wake:
            self._frame = None

    def submit(self, job: Callable[[], None]) -> None:
        """Run a job before the next frame."""
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
            work()

    def _next(self) -> Callable[[], None] | None:
        with self._wake:
            self._wake.wait_for(lambda: self._stopping or self._jobs or self._frame is not None)
            if self._jobs:
                return self._jobs.popleft()
            if self._stopping:
                return None
            frame, self._frame = self._frame, None
            assert frame is not None
            return lambda: self._on_frame(frame)
