"""What a soak is judged by: latency, frames without an answer, and memory that must stay flat."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from vlm_ros.evaluation.vitals import Vitals

# The share of a run at each end that is compared: medians, so that one moment decides nothing.
_END_SHARE = 0.1
_MINUTE_S = 60.0
NODE = "node"


@dataclass(frozen=True)
class Plan:
    """A soak.

    Attributes:
        minutes: how long is measured, after the warm-up.
        warm_up_s: seconds before anything counts: caches fill, allocators find their size.
        rate: frames a second of the simulated camera.
        width: of its pictures, pixels.
        height: of its pictures, pixels.
        seed: of its scene.
        commands: each stands in turn.
        command_s: seconds that each stands.
        cores: processors that camera, node and witness share.
    """

    minutes: float = 30.0
    warm_up_s: float = 60.0
    rate: float = 30.0
    width: int = 640
    height: int = 480
    seed: int = 105
    commands: tuple[str, ...] = (
        "pick up the red cup",
        "the cup left of the box",
        "put the smallest thing on the plate",
        "the toothbrush",
    )
    command_s: float = 10.0
    cores: int = 2


@dataclass(frozen=True)
class Limits:
    """What a soak must keep.

    Attributes:
        p95_ms: from the image's stamp to the published target.
        growth_mb: how much larger the node may be at the end than at the beginning.
        dropped_share: of the frames, 0..1, that may have no answer.
    """

    p95_ms: float = 100.0
    growth_mb: float = 20.0
    dropped_share: float = 0.05


@dataclass(frozen=True)
class Answer:
    """A target that the node published; times in nanoseconds of the machine's clock.

    Attributes:
        stamp: of the image that it says it answers.
        published: when it was published.
        received: when it came to the witness.
        status: name of its status.
    """

    stamp: int
    published: int
    received: int
    status: str


@dataclass(frozen=True)
class Sample:
    """What the processes held at one moment.

    Attributes:
        seconds: since the measurement began.
        machine_busy_s: see `vitals.machine_busy_s`.
        processes: by name; one of them is `NODE`.
    """

    seconds: float
    machine_busy_s: float
    processes: Mapping[str, Vitals]


@dataclass
class Observations:
    """What was seen of a soak, as it came.

    Attributes:
        frames: stamps of the camera's frames, nanoseconds, from its start on.
        answers: of the node, from its start on.
        window: of these stamps is what counts; begin and end, nanoseconds.
        samples: of the time that counts.
        diagnostics: the node's last words about itself.
    """

    frames: list[int] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    window: tuple[int, int] = (0, 0)
    samples: list[Sample] = field(default_factory=list)
    diagnostics: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Held:
    """What a process held over a soak.

    Attributes:
        begun_mb: median of the first tenth.
        ended_mb: median of the last tenth.
        most_mb: at any time.
        slope_mb_per_hour: of the line of least squares.
        by_minute_mb: median of each minute.
        threads: at the beginning and at the end.
        files: at the beginning and at the end.
        cores: mean number of processors it kept busy.
    """

    begun_mb: float
    ended_mb: float
    most_mb: float
    slope_mb_per_hour: float
    by_minute_mb: tuple[float, ...]
    threads: tuple[int, int]
    files: tuple[int, int]
    cores: float

    @property
    def growth_mb(self) -> float:
        """From the beginning to the end."""
        return self.ended_mb - self.begun_mb

    @staticmethod
    def of(samples: Sequence[tuple[float, Vitals]]) -> Held:
        """Of at least two samples, by seconds."""
        seconds = np.array([moment for moment, _ in samples])
        resident = np.array([vitals.resident_mb for _, vitals in samples])
        end = max(1, round(len(samples) * _END_SHARE))
        first, last = samples[0], samples[-1]
        return Held(
            begun_mb=round(float(np.median(resident[:end])), 1),
            ended_mb=round(float(np.median(resident[-end:])), 1),
            most_mb=round(float(resident.max()), 1),
            slope_mb_per_hour=round(float(np.polyfit(seconds, resident, 1)[0]) * 3600.0, 1),
            by_minute_mb=tuple(
                round(float(np.median(resident[seconds // _MINUTE_S == minute])), 1)
                for minute in np.unique(seconds // _MINUTE_S)
            ),
            threads=(first[1].threads, last[1].threads),
            files=(first[1].files, last[1].files),
            cores=round((last[1].processor_s - first[1].processor_s) / (last[0] - first[0]), 2),
        )


@dataclass(frozen=True)
class Latency:
    """Times from an image's stamp, milliseconds."""

    p50_ms: float
    p95_ms: float
    p99_ms: float
    most_ms: float

    @staticmethod
    def of(seconds: Sequence[float]) -> Latency:
        """Of at least one time."""
        values = [*np.percentile(seconds, (50, 95, 99)), max(seconds)]
        return Latency(*(round(float(value) * 1e3, 1) for value in values))


@dataclass(frozen=True)
class Report:
    """What came of a soak.

    Attributes:
        seconds: that were measured.
        frames: that the camera published.
        answered: of them.
        published: times to the publication of the target, as its publisher stamped it.
        p95_by_minute_ms: of those times, for each minute.
        received: times to its arrival at the witness.
        strangers: answers whose stamp no frame of the camera has.
        repeated: answers to a frame that had one.
        statuses: how many answers had which status.
        processes: what each of them held.
        others_cores: mean number of processors that all other processes of the machine kept busy;
            the more, the less do the times say.
        diagnostics: see `Observations`.
    """

    seconds: float
    frames: int
    answered: int
    published: Latency
    p95_by_minute_ms: tuple[float, ...]
    received: Latency
    strangers: int
    repeated: int
    statuses: Mapping[str, int]
    processes: Mapping[str, Held]
    others_cores: float
    diagnostics: Mapping[str, str]

    @staticmethod
    def of(seen: Observations) -> Report:
        """Of what was seen; at least one answer and two samples."""
        begin, end = seen.window
        frames = {stamp for stamp in seen.frames if begin <= stamp < end}
        answers = [answer for answer in seen.answers if begin <= answer.stamp < end]
        stamps = [answer.stamp for answer in answers]
        first, last = seen.samples[0], seen.samples[-1]
        seconds = last.seconds - first.seconds
        busy = (last.machine_busy_s - first.machine_busy_s) / seconds
        processes = {
            name: Held.of([(sample.seconds, sample.processes[name]) for sample in seen.samples])
            for name in first.processes
        }
        return Report(
            seconds=round(seconds, 1),
            frames=len(frames),
            answered=len(frames.intersection(stamps)),
            published=Latency.of([(a.published - a.stamp) * 1e-9 for a in answers]),
            p95_by_minute_ms=_p95_by_minute(begin, answers),
            received=Latency.of([(a.received - a.stamp) * 1e-9 for a in answers]),
            strangers=len({answer.stamp for answer in seen.answers}.difference(seen.frames)),
            repeated=len(stamps) - len(set(stamps)),
            statuses=dict(sorted(Counter(answer.status for answer in answers).items())),
            processes=processes,
            others_cores=round(busy - sum(held.cores for held in processes.values()), 2),
            diagnostics=dict(seen.diagnostics),
        )

    @property
    def dropped_share(self) -> float:
        """Of the frames, those without an answer, 0..1."""
        return 1.0 - self.answered / self.frames if self.frames else 0.0

    def broken(self, limits: Limits) -> list[str]:
        """What was not kept, each in a sentence."""
        node = self.processes[NODE]
        found = []
        if self.published.p95_ms >= limits.p95_ms:
            found.append(
                f"p95 from image stamp to target is {self.published.p95_ms} ms, "
                f"not under {limits.p95_ms:g} ms."
            )
        if node.growth_mb > limits.growth_mb:
            found.append(
                f"The node grew by {node.growth_mb:.1f} MiB, more than {limits.growth_mb:g} MiB."
            )
        if self.dropped_share > limits.dropped_share:
            found.append(
                f"{self.dropped_share:.1%} of the frames have no answer, "
                f"more than {limits.dropped_share:.1%}."
            )
        if self.strangers:
            found.append(f"{self.strangers} answers carry the stamp of no frame.")
        if self.repeated:
            found.append(f"{self.repeated} frames were answered more than once.")
        if self.statuses.get("ERROR"):
            found.append(f"{self.statuses['ERROR']} frames were answered with an error.")
        for what, (begun, ended) in {"threads": node.threads, "open files": node.files}.items():
            if ended > begun:
                found.append(f"The node has {ended} {what} at the end and had {begun}.")
        return found


def _p95_by_minute(begin: int, answers: Sequence[Answer]) -> tuple[float, ...]:
    minutes: dict[int, list[float]] = {}
    for answer in answers:
        minute = int((answer.stamp - begin) * 1e-9 / _MINUTE_S)
        minutes.setdefault(minute, []).append((answer.published - answer.stamp) * 1e-9)
    return tuple(Latency.of(seconds).p95_ms for _, seconds in sorted(minutes.items()))


def record(
    plan: Plan, limits: Limits, machine: Mapping[str, Any], report: Report
) -> dict[str, Any]:
    """The whole soak as a JSON object."""
    return {
        "plan": asdict(plan),
        "limits": asdict(limits),
        "machine": dict(machine),
        "report": {**asdict(report), "dropped_share": round(report.dropped_share, 5)},
        "broken": report.broken(limits),
    }


def table(report: Report) -> str:
    """The report for people."""
    rows = [
        ("seconds", f"{report.seconds:g}"),
        ("frames", f"{report.frames}, of them {report.dropped_share:.2%} without an answer"),
        ("statuses", ", ".join(f"{count} {name}" for name, count in report.statuses.items())),
        ("stamp to published target", _times(report.published)),
        ("stamp to received target", _times(report.received)),
        ("answers of no frame, again", f"{report.strangers}, {report.repeated}"),
        *((name, _held(held)) for name, held in report.processes.items()),
        ("other processes", f"{report.others_cores} cores busy"),
    ]
    return "\n".join(f"{name:<27}{value}" for name, value in rows)


def _times(latency: Latency) -> str:
    return (
        f"p50 {latency.p50_ms} ms, p95 {latency.p95_ms} ms, p99 {latency.p99_ms} ms, "
        f"at most {latency.most_ms} ms"
    )


def _held(held: Held) -> str:
    return (
        f"{held.begun_mb} -> {held.ended_mb} MiB ({held.slope_mb_per_hour:+} MiB an hour, at most "
        f"{held.most_mb}), threads {held.threads[0]} -> {held.threads[1]}, files "
        f"{held.files[0]} -> {held.files[1]}, {held.cores} cores busy"
    )
