"""Durations of the same work done many times."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Times:
    """Durations of one kind of work.

    Attributes:
        count: how many were measured.
        p50_ms: half of them took at most so long.
        p95_ms: nineteen of twenty did.
    """

    count: int
    p50_ms: float
    p95_ms: float

    @staticmethod
    def of(seconds: Sequence[float]) -> Times:
        """Those of at least one duration."""
        p50, p95 = np.percentile(seconds, (50, 95)) * 1e3
        return Times(len(seconds), round(float(p50), 3), round(float(p95), 3))


def timed(work: Callable[..., object], items: Sequence[object]) -> Times:
    """Does the work once for each item, in order."""
    took = []
    for item in items:
        begun = time.perf_counter()
        work(item)
        took.append(time.perf_counter() - begun)
    return Times.of(took)
