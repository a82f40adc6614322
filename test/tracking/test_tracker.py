"""Identities of drawn things that move, hide, cross and come back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

from vlm_ros.tracking.tracker import SETTLED, Observations, Tracked, Tracker

SIZE = (640, 480)
MEMORY = 5.0
Place = Callable[[float], tuple[float, float]]


@dataclass(frozen=True)
class Thing:
    """A drawn thing.

    Attributes:
        place: its centre in pixels at each time in seconds.
        look: which of some clearly different looks it has.
        visible: whether it is seen at a time.
        half: half its width and height, pixels.
    """

    place: Place
    look: int = 0
    visible: Callable[[float], bool] = lambda _: True
    half: tuple[float, float] = (20.0, 25.0)


def resting(x: float, y: float) -> Place:
    return lambda _: (x, y)


def look_of(number: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """One of some looks of unit length, with a little noise."""
    base = np.random.default_rng(number).normal(size=32)
    look = base / np.linalg.norm(base) + rng.normal(0, 0.02, 32)
    return (look / np.linalg.norm(look)).astype(np.float32)


def filmed(
    things: Sequence[Thing], times: Sequence[float], seed: int = 0, looks: bool = True
) -> Iterator[tuple[float, list[int], Observations]]:
    """Times, which things are in each picture in what order, and what is seen of them."""
    rng = np.random.default_rng(seed)
    for seconds in times:
        shown = [n for n in rng.permutation(len(things)).tolist() if things[n].visible(seconds)]
        boxes = []
        for number in shown:
            x, y = things[number].place(seconds) + rng.normal(0, 0.4, 2)
            w, h = things[number].half
            boxes.append(np.clip([x - w, y - h, x + w, y + h], 0, [*SIZE, *SIZE]))
        inside = [i for i, (a, b, c, d) in enumerate(boxes) if c - a > 4 and d - b > 4]
        shown, boxes = [shown[i] for i in inside], [boxes[i] for i in inside]
        seen = np.array([look_of(things[n].look, rng) for n in shown], np.float32)
        corners = np.array(boxes, np.float32).reshape(-1, 4)
        observed = Observations(corners, SIZE, seen.reshape(-1, 32) if looks else None)
        yield seconds, shown, observed


def identities(
    tracker: Tracker, frames: Iterator[tuple[float, list[int], Observations]]
) -> list[dict[int, Tracked]]:
    """For each picture what the tracker says of each thing."""
    return [
        dict(zip(shown, tracker.update(seconds, observed), strict=True))
        for seconds, shown, observed in frames
    ]


def ids_of(said: list[dict[int, Tracked]], thing: int) -> set[int]:
    return {tracked[thing].track_id for tracked in said if thing in tracked}


def at_rate(rate: float, seconds: float = 6.0) -> list[float]:
    return np.arange(0.0, seconds, 1.0 / rate).tolist()


TABLE = [
    Thing(resting(x, y), look)
    for look, (x, y) in enumerate([(120, 120), (300, 200), (480, 130), (200, 350), (420, 360)])
]
RATES = [2.0, 5.0, 15.0, 30.0, 60.0]


@pytest.mark.parametrize("looks", [True, False])
@pytest.mark.parametrize("rate", RATES)
def test_what_rests_keeps_its_identity(rate: float, looks: bool) -> None:
    said = identities(Tracker(MEMORY), filmed(TABLE, at_rate(rate), looks=looks))
    assert [ids_of(said, n) for n in range(5)] == [{said[0][n].track_id} for n in range(5)]
    assert all(tracked.unseen == 0.0 for frame in said for tracked in frame.values())


@pytest.mark.parametrize("looks", [True, False])
@pytest.mark.parametrize("rate", RATES)
def test_what_was_hidden_for_three_seconds_is_found_again(rate: float, looks: bool) -> None:
    hidden = Thing(resting(300, 200), 1, lambda t: not 1.4 < t < 4.4)
    things = [TABLE[0], hidden, *TABLE[2:]]
    times = at_rate(rate)
    tracker = Tracker(MEMORY)
    said = identities(tracker, filmed(things, times, looks=looks))
    assert len(ids_of(said, 1)) == 1
    gaps = [frame[1].unseen for frame in said if 1 in frame and frame[1].unseen > 0]
    before, after = max(t for t in times if t <= 1.4), min(t for t in times if t >= 4.4)
    assert gaps == [pytest.approx(after - before, abs=1e-6)]


def test_a_neighbour_does_not_take_the_place_of_what_is_hidden() -> None:
    """Two like things: one hides, and the other is carried to where it was."""
    hidden = Thing(resting(300, 200), 1, lambda t: t < 1.0 or t > 4.0)
    twin = Thing(lambda t: (150.0 + 60 * np.clip(t - 1.2, 0, 1.5), 200.0), 1)
    said = identities(Tracker(MEMORY), filmed([hidden, twin, *TABLE[2:]], at_rate(15.0)))
    assert len(ids_of(said, 0)) == len(ids_of(said, 1)) == 1


@pytest.mark.parametrize("rate", [10.0, 15.0, 30.0, 60.0])
def test_twins_that_cross_keep_going_their_way(rate: float) -> None:
    """Alike in all, one passes the other at some distance, both known by their speed only."""
    right = Thing(lambda t: (150.0 + 50 * t, 200.0), 7)
    left = Thing(lambda t: (450.0 - 50 * t, 216.0), 7)
    said = identities(Tracker(MEMORY), filmed([right, left, *TABLE[3:]], at_rate(rate)))
    assert len(ids_of(said, 0)) == len(ids_of(said, 1)) == 1


@pytest.mark.parametrize("rate", RATES)
def test_a_camera_that_pans_carries_what_is_hidden_along(rate: float) -> None:
    def panning(x: float, y: float) -> Place:
        return lambda t: (x - 25 * t, y + 10 * t)

    things = [
        Thing(
            panning(*thing.place(0.0)), thing.look, (lambda t: t < 1.0) if n == 1 else thing.visible
        )
        for n, thing in enumerate(TABLE)
    ]
    tracker = Tracker(MEMORY)
    said = identities(tracker, filmed(things, at_rate(rate, 4.0)))
    (lost,) = tracker.hidden
    assert {lost.track_id} == ids_of(said, 1)
    x, y = things[1].place(at_rate(rate, 4.0)[-1])
    assert (lost.box[0] + lost.box[2]) / 2 == pytest.approx(x, abs=12)
    assert (lost.box[1] + lost.box[3]) / 2 == pytest.approx(y, abs=12)


@pytest.mark.parametrize("rate", RATES)
def test_a_camera_that_looks_away_and_back(rate: float) -> None:
    """Everything leaves the picture within half a second and is back two seconds later."""

    def seen_from(x: float, y: float) -> Place:
        return lambda t: (x + 900 * np.interp(t, [1.5, 2.0, 4.0, 4.5], [0, 1, 1, 0]), y)

    things = [Thing(seen_from(*thing.place(0.0)), thing.look) for thing in TABLE]
    said = identities(Tracker(MEMORY), filmed(things, at_rate(rate)))
    assert [said[-1][n].track_id for n in range(5)] == [said[0][n].track_id for n in range(5)]


@pytest.mark.parametrize("seed", range(5))
def test_dropped_pictures_do_not_matter(seed: int) -> None:
    rng = np.random.default_rng(seed)
    times = [t for t in at_rate(30.0) if rng.random() < 0.4]
    moving = Thing(lambda t: (100.0 + 40 * t, 240.0), 9)
    said = identities(Tracker(MEMORY), filmed([moving, *TABLE], times, seed))
    assert len(ids_of(said, 0)) == 1


def test_the_same_stamp_again() -> None:
    times = [0.0, 0.1, 0.1, 0.1, 0.2, 0.2]
    said = identities(Tracker(MEMORY), filmed(TABLE, times))
    assert all(len(ids_of(said, n)) == 1 for n in range(5))


def test_a_late_picture_changes_nothing() -> None:
    times = [0.0, 0.1, 0.2, 0.3, 0.05, 0.4]
    tracker = Tracker(MEMORY)
    said = identities(tracker, filmed(TABLE, times))
    assert all(len(ids_of(said, n)) == 1 for n in range(5))
    assert not tracker.restarted


def test_when_the_clock_is_set_back_all_begins_anew() -> None:
    tracker = Tracker(MEMORY)
    restarted = []
    before = identities(tracker, filmed(TABLE, [100.0, 100.1, 100.2]))
    restarted.append(tracker.restarted)
    after = identities(tracker, filmed(TABLE, [3.0]))
    restarted.append(tracker.restarted)
    assert not tracker.hidden
    assert {t.track_id for t in after[0].values()}.isdisjoint(
        t.track_id for frame in before for t in frame.values()
    )
    again = identities(tracker, filmed(TABLE, [3.1, 3.2]))
    restarted.append(tracker.restarted)
    assert restarted == [False, True, False]
    assert all(ids_of(again, n) == ids_of(after, n) for n in range(5))


def test_what_is_away_longer_than_the_memory_is_forgotten() -> None:
    hidden = Thing(resting(300, 200), 1, lambda t: not 1.0 < t < 1.2 + MEMORY)
    tracker = Tracker(MEMORY)
    said = identities(tracker, filmed([hidden, *TABLE[2:]], at_rate(10.0, 9.0)))
    assert len(ids_of(said, 0)) == 2
    assert all(tracked.unseen == 0.0 for frame in said for tracked in frame.values())


def test_what_was_hardly_ever_seen_is_forgotten_sooner() -> None:
    flash = Thing(resting(300, 200), 1, lambda t: t < 0.05)
    tracker = Tracker(MEMORY)
    identities(tracker, filmed([flash, *TABLE[2:]], at_rate(10.0, MEMORY / SETTLED)))
    assert len(tracker.hidden) == 1
    identities(tracker, filmed(TABLE[2:], [MEMORY / SETTLED + 0.2]))
    assert not list(tracker.hidden)


def test_pictures_with_nothing_in_them() -> None:
    tracker = Tracker(MEMORY)
    nothing = Observations(np.empty((0, 4), np.float32), SIZE, np.empty((0, 32), np.float32))
    assert tracker.update(0.0, nothing) == ()
    first = identities(tracker, filmed(TABLE, [0.1, 0.2, 0.3]))
    assert tracker.update(0.4, nothing) == ()
    assert len(tracker.hidden) == 5
    again = identities(tracker, filmed(TABLE, [0.5]))
    assert [again[0][n].track_id for n in range(5)] == [first[0][n].track_id for n in range(5)]


@pytest.mark.parametrize("looks", [True, False])
def test_a_camera_that_changes_its_resolution(looks: bool) -> None:
    tracker = Tracker(MEMORY)
    said = identities(tracker, filmed(TABLE, [0.0, 0.1, 0.2, 0.3], looks=looks))
    for seconds, shown, seen in filmed(TABLE[:4], [0.4, 0.5], looks=looks):
        larger = Observations(
            seen.boxes * np.array([2, 1.5, 2, 1.5], np.float32), (1280, 720), seen.looks
        )
        said.append(dict(zip(shown, tracker.update(seconds, larger), strict=True)))
    assert all(len(ids_of(said, n)) == 1 for n in range(5))
    (lost,) = tracker.hidden
    x, y = TABLE[4].place(0.0)
    assert (lost.box[0] + lost.box[2]) / 2 == pytest.approx(2 * x, abs=5)
    assert (lost.box[1] + lost.box[3]) / 2 == pytest.approx(1.5 * y, abs=5)


@pytest.mark.filterwarnings("error")
def test_boxes_without_an_area_disturb_nobody() -> None:
    tracker = Tracker(MEMORY)
    said = []
    for seconds, shown, seen in filmed(TABLE, [0.0, 0.1, 0.2, 0.3], looks=False):
        boxes = np.vstack([seen.boxes, np.full((1, 4), 50.0, np.float32)])
        tracked = tracker.update(seconds, Observations(boxes, SIZE))
        said.append(dict(zip(shown, tracked, strict=False)))
    assert all(len(ids_of(said, n)) == 1 for n in range(5))


def test_another_model_is_another_memory() -> None:
    """Looks of another number of dimensions cannot be compared."""
    tracker = Tracker(MEMORY)
    said = identities(tracker, filmed(TABLE, [0.0, 0.1]))
    blind = identities(tracker, filmed(TABLE, [0.2], looks=False))
    assert max(t.track_id for t in said[-1].values()) < min(t.track_id for t in blind[0].values())


def test_hours_of_flicker_fill_no_memory() -> None:
    rng = np.random.default_rng(0)
    tracker = Tracker(1.0)
    for frame in range(1500):
        centres = rng.uniform((50, 50), (590, 430), (8, 2))
        boxes = np.hstack([centres - 20, centres + 20]).astype(np.float32)
        looks = rng.normal(size=(8, 16))
        looks /= np.linalg.norm(looks, axis=1, keepdims=True)
        tracker.update(frame / 15.0, Observations(boxes, SIZE, looks.astype(np.float32)))
    assert len(tracker.hidden) < 8 * 15
