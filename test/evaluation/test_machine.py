"""The machine is described, whatever it is."""

from __future__ import annotations

import json
import os
import platform
from pathlib import Path

import numpy as np
import pytest

from vlm_ros.evaluation import machine
from vlm_ros.evaluation.machine import describe_machine, usable_cores


def test_this_machine() -> None:
    described = json.loads(json.dumps(describe_machine()))
    assert described["architecture"] == platform.machine()
    assert described["packages"]["numpy"] == np.__version__
    assert "onnxruntime" in described["packages"]
    assert 0.1 < described["memory_gb"] < 1e5


def test_cores_are_those_it_may_use() -> None:
    allowed = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {min(allowed)})
        assert usable_cores() == 1 == describe_machine()["cores"]
    finally:
        os.sched_setaffinity(0, allowed)


@pytest.mark.parametrize(
    ("text", "cpu", "instructions"),
    [
        (
            "model name\t: Some CPU @ 3 GHz\nflags\t: fpu avx2 avx512_vnni lm\n\nmodel name\t: b\n",
            "Some CPU @ 3 GHz",
            ["avx2", "avx512_vnni"],
        ),
        ("processor\t: 0\nFeatures\t: fp asimd asimddp\n", None, ["asimd", "asimddp"]),
    ],
)
def test_processors(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    text: str,
    cpu: str | None,
    instructions: list[str],
) -> None:
    (tmp_path / "cpuinfo").write_text(text)
    monkeypatch.setattr(machine, "Path", lambda _: tmp_path / "cpuinfo")
    monkeypatch.setattr(platform, "processor", lambda: "")
    described = describe_machine()
    assert described["cpu"] == cpu
    assert described["instructions"] == instructions


def test_a_tool_that_fails_is_no_gpu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tool = tmp_path / "nvidia-smi"
    tool.write_text("#!/bin/sh\nexit 9\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert describe_machine()["gpu"] is None
    tool.write_text("#!/bin/sh\necho 'Orin, 8 GB, 540'\n")
    assert describe_machine()["gpu"] == "Orin, 8 GB, 540"
