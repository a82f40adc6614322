"""How long the stages of a frame take, over the last frames."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

_WINDOW = 200


class Timings:
    """Durations by stage and the rate of events; safe to use from several threads."""

    def __init__(self) -> None:
        """Start with nothing measured."""
        self._lock = threading.Lock()
        self._durations: dict[str, deque[float]] = {}
        self._counts: dict[str, int] = {}
        self._since = time.monotonic()

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Measure the block as one run of a stage."""
        start = time.perf_counter()
        yield
        self.add(name, time.perf_counter() - start)

    def add(self, name: str, seconds: float) -> None:
        """Take one duration of a stage."""
        with self._lock:
            self._durations.setdefault(name, deque(maxlen=_WINDOW)).append(seconds)

    def count(self, name: str) -> None:
        """Count one event."""
        with self._lock:
            self._counts[name] = self._counts.get(name, 0) + 1

    def percentiles(self) -> dict[str, tuple[float, float]]:
        """Median and 95th percentile of each stage in seconds, over its last 200 runs."""
        with self._lock:
            durations = {name: list(values) for name, values in self._durations.items()}
        return {
            name: (float(np.percentile(values, 50)), float(np.percentile(values, 95)))
            for name, values in durations.items()
        }

    def rates(self) -> dict[str, float]:
        """Events per second since the last call, for every event ever counted."""
        with self._lock:
            now = time.monotonic()
            elapsed, self._since = max(now - self._since, 1e-9), now
            rates = {name: count / elapsed for name, count in self._counts.items()}
            self._counts = dict.fromkeys(self._counts, 0)
            return rates
