"""Soaks that were never run, and what is said of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from vlm_ros.evaluation.soak import (
    NODE,
    Answer,
    Latency,
    Limits,
    Observations,
    Plan,
    Report,
    Sample,
    record,
    table,
)
from vlm_ros.evaluation.vitals import Vitals

RATE = 30
SECONDS = 100
_MS = 1_000_000


def seen() -> Observations:
    """A hundred seconds without a fault: 20 ms to the target, 25 ms to the witness."""
    period = 1_000_000_000 // RATE
    frames = [number * period for number in range((SECONDS + 2) * RATE)]
    found = Observations(frames=frames, window=(RATE * period, RATE * period * (SECONDS + 1)))
    found.answers = [Answer(stamp, stamp + 20 * _MS, stamp + 25 * _MS, "FOUND") for stamp in frames]
    found.samples = [
        Sample(
            float(second),
            machine_busy_s=1.5 * second,
            processes={
                NODE: Vitals(300.0, 310.0, 200.0, threads=20, files=30, processor_s=0.8 * second),
                "witness": Vitals(
                    100.0, 110.0, 50.0, threads=10, files=10, processor_s=0.1 * second
                ),
            },
        )
        for second in range(SECONDS)
    ]
    return found


def of_node(found: Observations, changed: Callable[[int, Vitals], Vitals]) -> None:
    """Changes what the node held, by the number of the sample."""
    found.samples = [
        replace(s, processes={**s.processes, NODE: changed(number, s.processes[NODE])})
        for number, s in enumerate(found.samples)
    ]


def test_without_a_fault_nothing_is_broken() -> None:
    report = Report.of(seen())
    assert (report.frames, report.answered) == (SECONDS * RATE, SECONDS * RATE)
    assert report.published == Latency(20.0, 20.0, 20.0, 20.0)
    assert report.p95_by_minute_ms == (20.0, 20.0)
    assert report.received.p50_ms == 25.0
    assert report.statuses == {"FOUND": SECONDS * RATE}
    held = report.processes[NODE]
    assert (held.begun_mb, held.ended_mb, held.growth_mb) == (300.0, 300.0, 0.0)
    assert held.by_minute_mb == (300.0, 300.0)
    assert held.cores == 0.8
    assert report.others_cores == pytest.approx(0.6)
    assert report.broken(Limits()) == []


def slow(found: Observations) -> None:
    found.answers = [
        replace(a, published=a.stamp + 150 * _MS) if number % 10 == 0 else a
        for number, a in enumerate(found.answers)
    ]


def dropped(found: Observations) -> None:
    del found.answers[::10]


def foreign(found: Observations) -> None:
    found.answers[700] = replace(found.answers[700], stamp=found.answers[700].stamp + 1)


def repeated(found: Observations) -> None:
    found.answers.append(found.answers[700])


def failed(found: Observations) -> None:
    found.answers[700] = replace(found.answers[700], status="ERROR")


def growing(found: Observations) -> None:
    of_node(found, lambda number, v: replace(v, resident_mb=v.resident_mb + 0.25 * number))


def more_threads(found: Observations) -> None:
    of_node(found, lambda number, v: replace(v, threads=v.threads + number // 50))


def more_files(found: Observations) -> None:
    of_node(found, lambda number, v: replace(v, files=v.files + number // 50))


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (slow, "p95 from image stamp to target is 150.0 ms"),
        (dropped, "10.0% of the frames have no answer"),
        (foreign, "1 answers carry the stamp of no frame"),
        (repeated, "1 frames were answered more than once"),
        (failed, "1 frames were answered with an error"),
        (growing, "The node grew by 22.5 MiB"),
        (more_threads, "The node has 21 threads at the end and had 20"),
        (more_files, "The node has 31 open files at the end and had 30"),
    ],
)
def test_each_fault_is_named_and_no_other(fault: Callable[[Observations], Any], said: str) -> None:
    found = seen()
    fault(found)
    (sentence,) = Report.of(found).broken(Limits())
    assert said in sentence


def test_one_high_moment_is_no_growth() -> None:
    found = seen()
    of_node(found, lambda n, v: replace(v, resident_mb=400.0) if n == SECONDS - 1 else v)
    report = Report.of(found)
    assert report.processes[NODE].growth_mb == 0.0
    assert report.processes[NODE].most_mb == 400.0


def test_the_slope_is_of_all_samples() -> None:
    found = seen()
    growing(found)
    assert Report.of(found).processes[NODE].slope_mb_per_hour == pytest.approx(900.0)


def test_the_record_is_json_and_the_table_names_everything() -> None:
    report = Report.of(seen())
    data = json.loads(json.dumps(record(Plan(), Limits(), {"cores": 2}, report)))
    assert data["report"]["published"]["p95_ms"] == 20.0
    assert data["plan"]["rate"] == 30.0
    assert data["broken"] == []
    lines = table(report)
    for words in ("3000", "p95 20.0 ms", "300.0 -> 300.0 MiB", "0.6 cores busy", "3000 FOUND"):
        assert words in lines
