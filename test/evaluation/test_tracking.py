"""What is measured of identities, on drawn motions and on a rendered one."""

from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np
import pytest
from click.testing import CliRunner

from vlm_ros.cli import main
from vlm_ros.errors import SimulationError
from vlm_ros.evaluation.simulated import FIRST_TRAINED_SEED
from vlm_ros.evaluation.tracking import (
    AWAY,
    FOLLOWERS,
    Identities,
    OverlapFollower,
    TrackerFollower,
    Watched,
    WatchedFrame,
    measure,
    record,
    table,
    together,
    watch,
)
from vlm_ros.models import find_model, load_model
from vlm_ros.tracking.tracker import Observations

BOXES = np.array([[10, 10, 50, 50], [100, 100, 150, 150], [300, 200, 350, 260]], np.float32)
RATE = 10.0


def drawn(hidden: Sequence[float] = (), frames: int = 30) -> Watched:
    """Three things at rest, the second of which is not seen at some times."""
    made = []
    for number in range(frames):
        seconds = number / RATE
        shown = [0, 2] if seconds in hidden else [0, 1, 2]
        things = {
            f"thing {n}": (float(a), float(b), float(c), float(d))
            for n, (a, b, c, d) in ((n, BOXES[n]) for n in shown)
        }
        made.append(WatchedFrame(seconds, Observations(BOXES[shown], (640, 480)), things))
    return Watched(0, "drawn", RATE, made)


class Scripted:
    """Says what it was told to say."""

    def __init__(self, *said: Sequence[int]) -> None:
        self._said = iter(said)

    def follow(self, frame: WatchedFrame) -> Sequence[int]:
        return next(self._said)


def scripted(watched: Watched, *said: Sequence[int]) -> Identities:
    identities = Identities()
    identities.add(watched, Scripted(*said))
    return identities


def test_all_is_right() -> None:
    found = scripted(drawn(frames=4), *[(5, 6, 7)] * 4)
    assert (found.switches, found.right.right, found.right.of) == (0, 12, 12)
    assert found.again.of == 0
    assert len(found.times) == 4


def test_a_switch_is_counted_once_and_its_sightings_are_lost() -> None:
    found = scripted(drawn(frames=4), (5, 6, 7), (5, 6, 7), (5, 6, 7), (5, 8, 7))
    assert found.switches == 1
    assert (found.right.right, found.right.of) == (11, 12)


def test_things_that_swap_their_identities_are_both_wrong() -> None:
    found = scripted(drawn(frames=4), (5, 6, 7), (5, 6, 7), (5, 7, 6), (5, 7, 6))
    assert found.switches == 2
    assert found.right.right == 4 + 2 + 2


@pytest.mark.parametrize(("after", "again"), [(6, 1), (9, 0)])
def test_found_again_or_taken_for_another(after: int, again: int) -> None:
    hidden = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6]
    said = [(5, 6, 7), *[(5, 7)] * 6, (5, after, 7)]
    found = scripted(drawn(hidden, 8), *said)
    assert hidden[-1] >= AWAY
    assert (found.again.right, found.again.of) == (again, 1)


def test_of_two_boxes_of_a_thing_the_one_that_keeps_its_identity_counts() -> None:
    """The model sees the second thing twice, and the new box fits a little better."""
    twice = np.vstack([BOXES, BOXES[1]])
    twice[1] += [0, 0, 6, 0]
    watched = drawn(frames=2)
    second = WatchedFrame(0.1, Observations(twice, (640, 480)), watched.frames[1].things)
    watched = Watched(0, "drawn", RATE, [watched.frames[0], second])
    assert scripted(watched, (5, 6, 7), (5, 6, 7, 8)).switches == 0
    assert scripted(watched, (5, 8, 7), (5, 6, 7, 8)).switches == 0


@pytest.mark.parametrize("name", FOLLOWERS)
def test_pictures_with_nothing_in_them(name: str) -> None:
    blank = Observations(np.empty((0, 4), np.float32), (640, 480))
    frames = [WatchedFrame(0.0, blank, {}), WatchedFrame(0.1, blank, {})]
    results = Identities()
    results.add(Watched(0, "drawn", RATE, [*frames, *drawn(frames=2).frames]), FOLLOWERS[name]())
    assert (results.right.right, results.right.of) == (6, 6)
    empty = Identities()
    empty.add(Watched(0, "drawn", RATE, frames), FOLLOWERS[name]())
    assert empty.right.of == 0


def test_fewer_and_dropped_pictures() -> None:
    watched = drawn()
    slower = watched.at(2.0)
    assert [frame.seconds for frame in slower.frames] == pytest.approx([0, 0.5, 1, 1.5, 2, 2.5])
    assert slower.rate == 2.0
    assert watched.dropping(0.0).frames == watched.frames
    half = watched.dropping(0.5)
    assert 5 < len(half.frames) < 25
    assert half == watched.dropping(0.5)


def test_followers_of_what_rests_are_all_right() -> None:
    results = measure([drawn()], [10.0, 2.0], 0.0)
    assert set(results) == {(name, rate) for name in FOLLOWERS for rate in (10.0, 2.0)}
    for of_motion in results.values():
        whole = together(of_motion.values())
        assert whole.switches == 0 and whole.right.value == 1.0
    assert "overlap, 2 Hz" in table(results)
    assert json.loads(json.dumps(record(results)))["results"][0]["right_identity"] == 1.0


@pytest.fixture(scope="module")
def rendered() -> list[Watched]:
    """One scene for each motion at three pictures a second."""
    try:
        return list(watch(load_model(find_model(None)), 302, 1, 3.0))
    except SimulationError as error:
        pytest.skip(str(error))


def test_every_motion_is_watched(rendered: list[Watched]) -> None:
    assert [watched.motion for watched in rendered] == ["orbit", "glance", "occlusion", "exchange"]
    for watched in rendered:
        assert len(watched.frames) == 18
        assert watched.frames[0].observations.looks is not None


def test_rendered_things_keep_their_identities(rendered: list[Watched]) -> None:
    ours, overlap = Identities(), Identities()
    for watched in rendered:
        ours.add(watched, TrackerFollower())
        overlap.add(watched, OverlapFollower())
    assert ours.right.value is not None and overlap.right.value is not None
    assert ours.right.value > max(0.93, overlap.right.value)
    assert ours.switches < overlap.switches / 2


def test_the_command(monkeypatch: pytest.MonkeyPatch, rendered: list[Watched]) -> None:
    monkeypatch.setattr("vlm_ros.evaluation.tracking.watch", lambda *_: iter(rendered))
    arguments = ["eval", "track", "--rate", "3", "--rate", "1.5"]
    said = CliRunner().invoke(main, arguments)
    assert said.exit_code == 0 and "tracker, boxes only, 1.5 Hz" in said.stdout
    found = json.loads(CliRunner().invoke(main, [*arguments, "--json"]).stdout)
    assert {part["rate"] for part in found["results"]} == {3.0, 1.5}
    assert set(found["results"][0]["motions"]) == {"orbit", "glance", "occlusion", "exchange"}
    assert not found["interrupted"]


def test_seeds_of_training_are_never_watched() -> None:
    with pytest.raises(SimulationError, match="begin lower or ask for fewer"):
        list(watch(load_model(find_model(None)), FIRST_TRAINED_SEED, 1, 5.0))
