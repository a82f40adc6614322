"""What the process that builds says, and what it makes of damaged measurements."""

from __future__ import annotations

import io
import json
from collections import deque

import pytest

from vlm_ros.engines.worker import _Progress, _sealed, _unsealed, _why


def test_progress_of_nested_phases_only_grows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vlm_ros.engines.worker._PAUSE", 0.0)
    out = io.StringIO()
    progress = _Progress(out)
    progress.start("whole", 2)
    progress.start("first half", 4)
    for step in range(4):
        progress.step("first half", step)
    progress.finish("first half")
    progress.step("whole", 0)
    progress.start("second half", 0)
    progress.step("second half", 0)
    progress.finish("second half")
    progress.step("whole", 1)
    fractions = [json.loads(line)["fraction"] for line in out.getvalue().splitlines()]
    assert fractions == sorted(fractions)
    assert fractions[0] == 0
    assert 0.5 in fractions
    assert fractions[-1] <= 1


def test_measurements_come_back() -> None:
    assert _unsealed(_sealed(b"measured")) == b"measured"


@pytest.mark.parametrize(
    "sealed", [b"", b"short", _sealed(b"measured")[:-1], b"x" + _sealed(b"measured")[1:]]
)
def test_damaged_measurements_are_forgotten(sealed: bytes) -> None:
    assert _unsealed(sealed) == b""


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("Requested amount of GPU memory could not be allocated: OutOfMemory", "memory"),
        ("Cuda Runtime (out of memory)", "memory"),
        ("Unexpected exception std::bad_alloc", "memory"),
        ("no tactics to implement the operation within workspace limit", "workspace"),
        ("Could not find any implementation for node", "build"),
    ],
)
def test_reasons_are_told_apart(said: str, kind: str) -> None:
    assert _why(deque([said])).kind == kind


def test_no_reason_is_said_too() -> None:
    assert "no reason" in _why(deque()).details
