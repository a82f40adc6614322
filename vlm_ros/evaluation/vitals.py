"""What a process holds of the machine: memory, threads, open files, time on the processor."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

_KIB_PER_MIB = 1024.0


@dataclass(frozen=True)
class Vitals:
    """One process at one moment.

    Attributes:
        resident_mb: memory that is in RAM, MiB; of memory that is shared with other processes, what
            this one has touched is counted.
        peak_mb: the most of it at any time since the program began, MiB.
        own_mb: of what is in RAM now, MiB, what it shares with nobody and has not read from a file.
        threads: of it.
        files: open descriptors: files, sockets, pipes.
        processor_s: seconds on a processor since it began, of all its threads.
    """

    resident_mb: float
    peak_mb: float
    own_mb: float
    threads: int
    files: int
    processor_s: float


def vitals_of(pid: int) -> Vitals:
    """Reads them from /proc.

    Raises:
        OSError: there is no such process, or it has ended and waits for its parent.
    """
    process = Path("/proc", str(pid))
    status = dict(
        line.split(":", 1) for line in (process / "status").read_text("utf-8").splitlines()
    )
    if "VmRSS" not in status:
        raise ProcessLookupError(f"process {pid} has ended")
    # The second field, the program's name, may hold spaces and brackets.
    fields = (process / "stat").read_text("utf-8").rpartition(")")[2].split()
    ticks = int(fields[11]) + int(fields[12])
    return Vitals(
        resident_mb=_mebibytes(status["VmRSS"]),
        peak_mb=_mebibytes(status["VmHWM"]),
        own_mb=_mebibytes(status["RssAnon"]),
        threads=int(status["Threads"]),
        files=len(list((process / "fd").iterdir())),
        processor_s=ticks / os.sysconf("SC_CLK_TCK"),
    )


def _mebibytes(value: str) -> float:
    """A size such as "  1024 kB"."""
    return int(value.split()[0]) / _KIB_PER_MIB


def machine_busy_s() -> float:
    """Seconds that the machine's processors were busy since it began, all of them together."""
    first = Path("/proc/stat").read_text("utf-8").splitlines()[0]
    user, nice, system, _idle, _iowait, irq, softirq, steal, *_ = map(int, first.split()[1:])
    return (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")
