"""Doing several things in turn, many times, so that what else the machine does falls on all."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from vlm_ros.evaluation.timing import Times
from vlm_ros.stages import StageTimes, listen

_WARM_UP = 2


@dataclass(frozen=True)
class Contender:
    """Something to be timed.

    Attributes:
        facts: what it is, as it shall stand in the record.
        once: does it once; the stages that it marks (`vlm_ros.stages`) are timed.
    """

    facts: dict[str, Any]
    once: Callable[[], object]


@dataclass(frozen=True)
class Result:
    """What the rounds of one contender took.

    Attributes:
        facts: of the contender.
        stages: each stage, in the order in which they came; what is not in one is "rest".
        processor_ms: of each stage, time of the calling thread on the processor, the median.
        frame: all of it.
        cpu_ms: time of all threads on the processor, the median; beside other work on the
            machine it says more than the time on the wall.
        per_second: how many times it was done in a second of its own.
    """

    facts: dict[str, Any]
    stages: dict[str, Times]
    processor_ms: dict[str, float]
    frame: Times
    cpu_ms: float
    per_second: float


@dataclass(frozen=True)
class _Round:
    """One time: its stages, all of it on the wall, and all of it on the processor; seconds."""

    stages: StageTimes
    took: float
    worked: float


def race(contenders: Sequence[Contender], rounds: int) -> list[Result]:
    """Times all contenders, one after the other in each round.

    Args:
        contenders: at least one.
        rounds: at least one; two more, which are not counted, come first.
    """
    taken: list[list[_Round]] = [[] for _ in contenders]
    for _ in range(_WARM_UP + rounds):
        for contender, rows in zip(contenders, taken, strict=True):
            rows.append(_time(contender))
    return [
        _result(contender, rows[_WARM_UP:])
        for contender, rows in zip(contenders, taken, strict=True)
    ]


def _time(contender: Contender) -> _Round:
    with listen() as stages:
        worked = time.process_time()
        begun = time.perf_counter()
        contender.once()
        took = time.perf_counter() - begun
        worked = time.process_time() - worked
    return _Round(stages, took, worked)


def _result(contender: Contender, rows: Sequence[_Round]) -> Result:
    names = list(dict.fromkeys(name for row in rows for name in row.stages.seconds))
    stages = {name: [row.stages.seconds.get(name, 0.0) for row in rows] for name in names}
    processor = {name: [row.stages.processor.get(name, 0.0) for row in rows] for name in names}
    if names:
        stages["rest"] = [row.took - sum(row.stages.seconds.values()) for row in rows]
    return Result(
        facts=contender.facts,
        stages={name: Times.of(seconds) for name, seconds in stages.items()},
        processor_ms={name: _median_ms(seconds) for name, seconds in processor.items()},
        frame=Times.of([row.took for row in rows]),
        cpu_ms=_median_ms([row.worked for row in rows]),
        per_second=round(len(rows) / sum(row.took for row in rows), 2),
    )


def _median_ms(seconds: Sequence[float]) -> float:
    return round(float(np.median(seconds)) * 1e3, 3)
