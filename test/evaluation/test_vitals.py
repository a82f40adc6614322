from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from vlm_ros.evaluation.vitals import Vitals, machine_busy_s, vitals_of

HOLDING = """
import json, mmap, os, sys, threading
from vlm_ros.evaluation.vitals import vitals_of

before = vitals_of(os.getpid())
kept = mmap.mmap(-1, 32 << 20, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
for _ in range(32):
    kept.write(bytes(range(256)) * 4096)
stop = threading.Event()
thread = threading.Thread(target=stop.wait)
thread.start()
with open(sys.argv[1], "w"):
    now = vitals_of(os.getpid())
stop.set()
thread.join()
print(json.dumps([vars(before), vars(now)]))
"""


def test_memory_threads_and_files_are_those_of_the_process(tmp_path: Path) -> None:
    # In a process of its own, whose memory nothing else gives back meanwhile.
    run = [sys.executable, "-c", HOLDING, str(tmp_path / "file")]
    said = subprocess.run(run, check=True, capture_output=True, text=True).stdout
    before, now = (Vitals(**values) for values in json.loads(said))
    assert now.resident_mb - before.resident_mb == pytest.approx(32.0, abs=4.0)
    assert now.own_mb - before.own_mb == pytest.approx(32.0, abs=4.0)
    assert now.resident_mb > now.own_mb
    assert now.threads == before.threads + 1
    assert now.files == before.files + 1


def test_work_shows_in_the_process_and_in_the_machine() -> None:
    before, machine = vitals_of(os.getpid()), machine_busy_s()
    deadline = time.process_time() + 0.3
    while time.process_time() < deadline:
        pass
    assert 0.25 <= vitals_of(os.getpid()).processor_s - before.processor_s < 1.0
    assert machine_busy_s() - machine >= 0.2


def test_a_process_that_has_ended_has_none() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        with pytest.raises(ProcessLookupError):
            vitals_of(process.pid)
    with pytest.raises(FileNotFoundError):
        vitals_of(process.pid)
