from __future__ import annotations

import threading
from collections import Counter

import pytest

pytest.importorskip("rclpy", reason="needs ROS 2")

from vlm_ros.nodes.inference_thread import InferenceThread


class Busy:
    """A thread that works on its first frame until it is told to go on."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self._entered = threading.Event()
        self._go_on = threading.Event()
        self.thread = InferenceThread[str](self._work)
        self.thread.offer("first", "first")
        assert self._entered.wait(5.0)

    def finish(self) -> list[str]:
        """What was worked on after the first frame."""
        self._go_on.set()
        deadline = threading.Event()
        while not self.idle() and not deadline.wait(0.01):
            pass
        self.thread.stop()
        return self.seen[1:]

    def idle(self) -> bool:
        with self.thread._wake:
            return not self.thread._frames and not self.thread._jobs

    def job(self, name: str) -> None:
        self.thread.submit(lambda: self.seen.append(name))

    def _work(self, frame: str) -> None:
        self.seen.append(frame)
        self._entered.set()
        assert self._go_on.wait(5.0)


def test_only_the_newest_frame_of_a_camera_waits() -> None:
    busy = Busy()
    for frame in ("a1", "a2", "a3"):
        busy.thread.offer("a", frame)
    assert busy.thread.dropped("a") == 2
    assert busy.finish() == ["a3"]


def test_the_camera_that_waits_longest_comes_next_however_fast_the_others_are() -> None:
    busy = Busy()
    busy.thread.offer("slow", "slow")
    for number in range(5):
        busy.thread.offer("fast", f"fast{number}")
    assert busy.finish() == ["slow", "fast4"]


def test_a_camera_keeps_its_turn_when_a_newer_frame_comes() -> None:
    busy = Busy()
    busy.thread.offer("a", "a1")
    busy.thread.offer("b", "b1")
    busy.thread.offer("a", "a2")
    assert busy.finish() == ["a2", "b1"]
    assert (busy.thread.dropped("a"), busy.thread.dropped("b")) == (1, 0)


def test_jobs_and_frames_take_turns() -> None:
    busy = Busy()
    for name in ("job1", "job2", "job3"):
        busy.job(name)
    busy.thread.offer("a", "a1")
    assert busy.finish() == ["job1", "a1", "job2", "job3"]


def test_stopping_finishes_the_jobs_and_leaves_the_frames() -> None:
    busy = Busy()
    busy.job("job")
    busy.thread.offer("a", "a1")
    busy.job("last job")
    stopping = threading.Thread(target=busy.thread.stop)
    stopping.start()
    while not busy.thread._stopping:
        pass
    busy._go_on.set()
    stopping.join(5.0)
    assert busy.seen[1:] == ["job", "last job"]


def test_the_thread_outlives_an_error_and_logs_it(caplog: pytest.LogCaptureFixture) -> None:
    busy = Busy()

    def fail() -> None:
        raise ValueError("not a number")

    busy.thread.submit(fail)
    busy.job("job")
    assert busy.finish() == ["job"]
    assert "not a number" in caplog.text


def test_a_discarded_frame_is_not_worked_on() -> None:
    busy = Busy()
    busy.thread.offer("a", "a1")
    busy.thread.discard()
    assert busy.finish() == []
    assert Counter(busy.seen) == {"first": 1}
