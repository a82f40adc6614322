"""Contenders take turns, and each has its own times."""

from __future__ import annotations

import pytest

import vlm_ros.evaluation.racing
import vlm_ros.stages
from vlm_ros.evaluation.racing import Contender, race
from vlm_ros.stages import stage


class _Watch:
    """A clock on the wall and one of the processor, which pass only when told to."""

    def __init__(self) -> None:
        self.wall = self.processor = 0.0

    def perf_counter(self) -> float:
        return self.wall

    def process_time(self) -> float:
        return self.processor

    def thread_time(self) -> float:
        return self.processor / 2.0

    def passes(self, wall: float, processor: float = 0.0) -> None:
        self.wall += wall
        self.processor += processor


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> _Watch:
    watch = _Watch()
    for module in (vlm_ros.evaluation.racing, vlm_ros.stages):
        monkeypatch.setattr(module, "time", watch)
    return watch


def test_turns_are_taken_and_the_first_do_not_count(watch: _Watch) -> None:
    turns: list[str] = []

    def contender(name: str, first: float, later: float) -> Contender:
        def once() -> None:
            watch.passes(first if turns.count(name) < 2 else later)
            turns.append(name)

        return Contender({"name": name}, once)

    quick, slow = race([contender("quick", 9.0, 0.5), contender("slow", 9.0, 2.0)], rounds=3)
    assert turns == ["quick", "slow"] * 5
    assert quick.facts == {"name": "quick"}
    assert (quick.frame.count, quick.frame.p50_ms, quick.frame.p95_ms) == (3, 500.0, 500.0)
    assert quick.per_second == 2.0 and slow.per_second == 0.5


def test_stages_and_the_rest_are_the_whole(watch: _Watch) -> None:
    def once() -> None:
        with stage("propose"):
            watch.passes(0.001)
            with stage("vision"):
                watch.passes(0.010, processor=0.020)
        watch.passes(0.003)

    (result,) = race([Contender({}, once)], rounds=4)
    stages = {name: times.p50_ms for name, times in result.stages.items()}
    assert stages == pytest.approx({"vision": 10.0, "propose": 1.0, "rest": 3.0})
    assert result.frame.p50_ms == pytest.approx(14.0)
    assert result.cpu_ms == pytest.approx(20.0)
    assert result.processor_ms == pytest.approx({"vision": 10.0, "propose": 0.0})


def test_a_stage_that_comes_now_and_then(watch: _Watch) -> None:
    rounds = iter(range(10))

    def once() -> None:
        if next(rounds) % 4 == 3:
            with stage("text"):
                watch.passes(1.0)

    (result,) = race([Contender({}, once)], rounds=4)
    assert result.stages["text"].count == 4 and result.stages["text"].p50_ms == 0.0


def test_what_marks_no_stages_has_none(watch: _Watch) -> None:
    (result,) = race([Contender({}, lambda: watch.passes(1.0))], rounds=1)
    assert result.stages == {}


def test_a_fair_clock_is_used() -> None:
    """Nothing above would notice clocks that stand still."""
    (result,) = race([Contender({}, lambda: sum(range(20_000)))], rounds=3)
    assert 0.0 < result.frame.p50_ms <= result.frame.p95_ms
    assert result.cpu_ms > 0.0 and result.per_second > 0.0
