"""A subcommand of vlm-ros as a process of its own."""

from __future__ import annotations

import ctypes
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Sequence
from types import TracebackType

from vlm_ros.errors import VlmRosError

_KEPT_LINES = 50
_END_GRACE_S = 3.0
_PR_SET_PDEATHSIG = 1


class ChildEndedError(VlmRosError):
    """A process that was needed has ended."""


class ChildProcess:
    """Runs until the context ends, whatever happens in it.

    What the child says is kept, so that the reason of its end can be told.
    """

    def __init__(self, arguments: Sequence[str]) -> None:
        """Start it.

        Args:
            arguments: the subcommand and what it is given.
        """
        self._name = arguments[0]
        self._lines: deque[str] = deque(maxlen=_KEPT_LINES)
        # A group of its own: an interrupt at the terminal reaches the parent, which ends it.
        self._process = subprocess.Popen(
            [sys.executable, "-m", "vlm_ros", *arguments],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            start_new_session=True,
            preexec_fn=_end_with_parent,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> ChildProcess:
        """The running process."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Interrupt it, and kill it if it does not end."""
        self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(_END_GRACE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join()

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def wait(self, timeout: float) -> int:
        """Its exit code, negative for the signal that ended it.

        Raises:
            subprocess.TimeoutExpired: it still runs after so many seconds.
        """
        return self._process.wait(timeout)

    @property
    def output(self) -> str:
        """The last lines it has said."""
        return "\n".join(self._lines)

    def check(self) -> None:
        """Make sure that it runs.

        Raises:
            ChildEndedError: it has ended; the message is what it said last.
        """
        if self._process.poll() is None:
            return
        self._reader.join()
        said = [line for line in self._lines if line.strip()] or ["it said nothing"]
        errors = [line for line in said if line.startswith("Error: ")]
        reason = (errors or said)[-1].removeprefix("Error: ")
        raise ChildEndedError(
            f"'vlm-ros {self._name}' ended with code {self._process.returncode}: {reason}"
        )

    def _read(self) -> None:
        assert self._process.stderr is not None
        for line in self._process.stderr:
            self._lines.append(line.rstrip("\n"))


def _end_with_parent() -> None:
    """Have the kernel end this child when its parent dies, even by a kill (prctl(2))."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
