"""Stages of a frame: each has its own time, and all of them are the whole."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

import vlm_ros.stages
from vlm_ros.stages import listen, stage


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Time passes only when a test lets it."""
    watch = SimpleNamespace(now=100.0, worked=7.0)
    clocks = {"perf_counter": lambda: watch.now, "thread_time": lambda: watch.worked}
    monkeypatch.setattr(vlm_ros.stages, "time", SimpleNamespace(**clocks))
    return watch


def test_inner_stages_do_not_count_in_outer_ones(clock: SimpleNamespace) -> None:
    with listen() as times, stage("frame"):
        clock.now += 1.0
        with stage("vision"):
            clock.now += 2.0
            with stage("preprocess"):
                clock.now += 4.0
        clock.now += 8.0
        with stage("ground"):
            clock.now += 16.0
    assert times.seconds == {"preprocess": 4.0, "vision": 2.0, "ground": 16.0, "frame": 9.0}


def test_waiting_is_no_work(clock: SimpleNamespace) -> None:
    with listen() as times, stage("frame"):
        clock.now += 8.0
        clock.worked += 1.0
        with stage("vision"):
            clock.now += 4.0
            clock.worked += 2.0
    assert times.seconds == {"vision": 4.0, "frame": 8.0}
    assert times.processor == {"vision": 2.0, "frame": 1.0}


def test_what_comes_twice_is_summed(clock: SimpleNamespace) -> None:
    with listen() as times:
        for took in (1.0, 2.0):
            with stage("ground"):
                clock.now += took
    assert times.seconds == {"ground": 3.0}


def test_a_stage_that_fails_has_ended(clock: SimpleNamespace) -> None:
    with listen() as times, stage("frame"):
        with pytest.raises(KeyError), stage("vision"):
            clock.now += 1.0
            raise KeyError
        clock.now += 2.0
    assert times.seconds == {"vision": 1.0, "frame": 2.0}


def test_nobody_hears_what_came_before_or_after() -> None:
    with stage("before"):
        pass
    with listen() as times:
        pass
    with stage("after"):
        pass
    assert times.seconds == {}
