"""How long the stages of a frame take, told to whoever listens, where they happen.

Stages lie within each other; the time of the inner ones is not that of the outer one, so that all
of them together are the whole.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar


class StageTimes:
    """What the stages took, by name, summed where one came more than once.

    Attributes:
        seconds: on the wall.
        processor: seconds of this thread on a processor, without the time that it waited.
    """

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.processor: dict[str, float] = {}
        # For each stage that has begun, what those within it took, in both ways.
        self._within: list[tuple[float, float]] = []

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Times what is done within."""
        self._within.append((0.0, 0.0))
        begun, worked = time.perf_counter(), time.thread_time()
        try:
            yield
        finally:
            worked = time.thread_time() - worked
            took = time.perf_counter() - begun
            inner_took, inner_worked = self._within.pop()
            self.seconds[name] = self.seconds.get(name, 0.0) + took - inner_took
            self.processor[name] = self.processor.get(name, 0.0) + worked - inner_worked
            if self._within:
                outer_took, outer_worked = self._within[-1]
                self._within[-1] = (outer_took + took, outer_worked + worked)


_LISTENER: ContextVar[StageTimes | None] = ContextVar("stages", default=None)


@contextmanager
def listen() -> Iterator[StageTimes]:
    """Collects the stages of what is done within, in this thread."""
    times = StageTimes()
    token = _LISTENER.set(times)
    try:
        yield times
    finally:
        _LISTENER.reset(token)


@contextmanager
def stage(name: str) -> Iterator[None]:
    """Marks what is done within as a stage; costs a microsecond where nobody listens."""
    listener = _LISTENER.get()
    if listener is None:
        yield
    else:
        with listener.stage(name):
            yield
