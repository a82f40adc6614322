"""From nothing to the first answer, in a process of its own."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vlm_ros.errors import ModelError
from vlm_ros.evaluation.vitals import vitals_of

COMMAND = "pick up the red cup left of the plate"
# Answers after the first, so that all memory is there that a running process needs.
_FURTHER = 4
_FIRST = "first answer"


@dataclass(frozen=True)
class ColdStart:
    """A fresh process.

    Attributes:
        first_answer_s: from starting it to its first answer, median.
        slowest_s: the slowest of the starts.
        cpu_s: on the processor until the first answer, median; as long as it takes on a machine
            that does nothing else.
        starts: how many.
        peak_memory_mb: most memory it had at any time, of all starts.
    """

    first_answer_s: float
    slowest_s: float
    cpu_s: float
    starts: int
    peak_memory_mb: float


def time_cold_start(folder: Path, runtime: str, starts: int) -> ColdStart:
    """Starts processes that load a model and ground a command in a drawn picture.

    Args:
        folder: of the model.
        runtime: see `vlm_ros.models.load_model`.
        starts: how many, at least one.

    Raises:
        ModelError: a process ended without an answer; says what it said.
    """
    answers, on_processor, memories = [], [], []
    for _ in range(starts):
        begun = time.perf_counter()
        with subprocess.Popen(
            [sys.executable, "-m", "vlm_ros.evaluation.cold_start", str(folder), runtime],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=_environment(),
        ) as process:
            assert process.stdout is not None
            said = process.stdout.readline()
            answers.append(time.perf_counter() - begun)
            rest, complaints = process.communicate()
        if process.returncode or not said.startswith(_FIRST):
            raise ModelError(f"{folder} gave no answer in a fresh process: {complaints.strip()}")
        on_processor.append(json.loads(said.removeprefix(_FIRST)))
        memories.append(json.loads(rest))
    return ColdStart(
        first_answer_s=round(float(np.median(answers)), 3),
        slowest_s=round(max(answers), 3),
        cpu_s=round(float(np.median(on_processor)), 3),
        starts=starts,
        peak_memory_mb=round(max(memories), 1),
    )


def _environment() -> dict[str, str]:
    """Finds this package where this process found it."""
    package = str(Path(__file__).resolve().parents[2])
    paths = [package, *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}


def _answer(folder: Path, runtime: str) -> None:
    from vlm_ros.language import parse_command
    from vlm_ros.models import load_model
    from vlm_ros.pipeline import Grounder

    image = np.full((480, 640, 3), 128, np.uint8)
    image[200:280, 280:360] = (200, 40, 40)
    grounder, command = Grounder(load_model(folder, runtime)), parse_command(COMMAND)
    grounder.ground(command, image)
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(_FIRST, used.ru_utime + used.ru_stime, flush=True)
    for _ in range(_FURTHER):
        grounder.ground(command, image)
    # Not getrusage's, which begins with what the process was forked from.
    print(vitals_of(os.getpid()).peak_mb, flush=True)


if __name__ == "__main__":
    _answer(Path(sys.argv[1]), sys.argv[2])
