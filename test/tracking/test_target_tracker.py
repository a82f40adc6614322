"""Identities of answers: who is seen, who is lost, and where it is thought to be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from vlm_ros.geometry.camera import Intrinsics, project
from vlm_ros.geometry.position import Position
from vlm_ros.grounding.result import Evidence, GroundedRegion, Grounding, Status
from vlm_ros.pipeline import StepAnswer
from vlm_ros.regions import EmbeddedRegions
from vlm_ros.tracking import FrameTracks, TargetTracker
from vlm_ros.tracking.target_tracker import worth_following

SIZE = (640, 480)
CAMERA = Intrinsics(640, 480, 600.0, 600.0, 319.5, 239.5)
# The cup, the plate and the spoon, at distances of a metre.
PLACES = np.array([[-0.2, -0.1, 1.0], [0.1, 0.0, 1.0], [0.25, 0.2, 1.0], [-0.3, 0.25, 1.0]])
REACH = 0.04  # metres from the middle of a thing to each of its sides


def boxes_of(places: NDArray[np.float64]) -> NDArray[np.float32]:
    """The boxes (n, 4) xyxy in which things at these places (n, 3) are seen."""
    centres = project(places, CAMERA)
    half = 600.0 * REACH / places[:, 2:]
    return np.hstack([centres - half, centres + half]).astype(np.float32)


def answer(
    places: NDArray[np.float64],
    shown: Sequence[int],
    targets: Sequence[int],
    alternatives: Sequence[int] = (),
) -> StepAnswer:
    """The answer in a picture that shows some of the things, of which it points at some."""
    boxes = boxes_of(places[list(shown)])
    looks = np.eye(8, dtype=np.float32)[list(shown)]
    ones = np.ones(len(shown), np.float32)
    regions = EmbeddedRegions(boxes, ones, looks, ones, ones, lambda _: looks)

    def region(thing: int) -> GroundedRegion:
        index = shown.index(thing)
        a, b, c, d = (float(edge) for edge in boxes[index])
        return GroundedRegion(index, "cup", 0.8, (a, b, c, d), Evidence(0.8))

    def position(thing: int) -> Position:
        x, y, z = (float(value) for value in places[thing])
        return Position((x, y, z + 0.02), (0.0, 0.0, 0.0, 1.0), (0.08, 0.08, 0.08), (x, y, z))

    status = Status.FOUND if targets else Status.NOT_FOUND
    grounding = Grounding(
        status, tuple(map(region, targets)), tuple(map(region, alternatives)), "as drawn"
    )
    positions = tuple(map(position, targets))
    return StepAnswer(
        0, "target", grounding, positions, masks=(None,) * len(positions), regions=regions
    )


def update(
    tracker: TargetTracker, seconds: float, given: StepAnswer, command_id: str = "1"
) -> FrameTracks:
    return tracker.update(seconds, command_id, [given], SIZE, CAMERA)


def test_what_is_hardly_a_thing_is_followed_only_while_an_answer_speaks_of_it() -> None:
    given = answer(PLACES, [0, 1, 2, 3], [0], [2])
    assert isinstance(given.regions, EmbeddedRegions)
    faint = replace(given.regions, objectness=np.array([0.9, 0.1, 0.1, 0.3], np.float32))
    assert worth_following(faint, {0, 2}).tolist() == [0, 2, 3]
    assert worth_following(faint).tolist() == [0, 3]
    tracker = TargetTracker()
    first = update(tracker, 0.0, replace(given, regions=faint))
    assert set(first.seen) == {0, 2}
    # Of the four places the second was not followed, so nobody is missed there.
    second = update(tracker, 0.1, answer(PLACES, [1, 0, 2], [1], [0, 2]))
    assert second.seen[1].track_id == first.seen[0].track_id
    assert second.seen[2].track_id == first.seen[2].track_id
    assert second.seen[0].track_id > max(thing.track_id for thing in first.seen.values())


def test_targets_and_alternatives_have_identities() -> None:
    tracker = TargetTracker()
    first = update(tracker, 0.0, answer(PLACES, [0, 1, 2, 3], [0], [2]))
    second = update(tracker, 0.1, answer(PLACES, [3, 2, 1, 0], [0], [2]))
    assert set(first.seen) == {0, 2} and set(second.seen) == {3, 1}
    assert first.seen[0].track_id == second.seen[3].track_id
    assert first.seen[2].track_id == second.seen[1].track_id
    assert first.seen[0].track_id != first.seen[2].track_id
    assert first.lost == second.lost == ()


def test_what_is_lost_is_said_and_what_is_found_again_too() -> None:
    tracker = TargetTracker()
    for frame in range(5):
        tracks = update(tracker, frame / 10, answer(PLACES, [0, 1, 2, 3], [0]))
    identity = tracks.seen[0].track_id
    for frame in range(5, 25):
        (lost,) = update(tracker, frame / 10, answer(PLACES, [1, 2, 3], [])).lost
        assert lost.track_id == identity
        assert lost.unseen == pytest.approx(frame / 10 - 0.4)
    assert (lost.step, lost.role, lost.label, lost.score) == (0, "target", "cup", 0.8)
    assert lost.box == pytest.approx(boxes_of(PLACES)[0].tolist(), abs=1.0)
    assert lost.position is not None
    assert lost.position.centre == pytest.approx((-0.2, -0.1, 1.02), abs=0.002)
    again = update(tracker, 2.5, answer(PLACES, [0, 1, 2, 3], [0]))
    assert again.lost == ()
    assert again.seen[0].track_id == identity
    assert again.seen[0].unseen == pytest.approx(2.1)


def test_where_a_lost_target_is_follows_the_camera() -> None:
    """The camera goes to the right and nearer while the cup is hidden."""
    tracker = TargetTracker()
    for frame in range(5):
        update(tracker, frame / 10, answer(PLACES, [0, 1, 2, 3], [0]))
    for frame in range(5, 25):
        places = PLACES - np.array([0.005, 0.0, 0.01]) * (frame - 4)
        (lost,) = update(tracker, frame / 10, answer(places, [1, 2, 3], [])).lost
    assert lost.position is not None
    assert lost.position.surface == pytest.approx(places[0], abs=0.07)
    assert np.subtract(lost.position.centre, lost.position.surface) == pytest.approx([0, 0, 0.02])
    assert lost.box == pytest.approx(boxes_of(places)[0].tolist(), abs=8.0)


def test_where_a_lost_target_is_does_not_depend_on_the_resolution() -> None:
    """The camera goes over to half as many pixels either way while the cup is hidden."""
    tracker = TargetTracker()
    for frame in range(5):
        update(tracker, frame / 10, answer(PLACES, [0, 1, 2, 3], [0]))
    given = answer(PLACES, [1, 2, 3], [])
    assert given.regions is not None
    given.regions.boxes[:] /= 2
    half = Intrinsics(320, 240, 300.0, 300.0, 159.5, 119.5)
    (lost,) = tracker.update(0.5, "1", [given], (320, 240), half).lost
    assert lost.box == pytest.approx((boxes_of(PLACES)[0] / 2).tolist(), abs=1.0)
    assert lost.position is not None
    assert lost.position.surface == pytest.approx(PLACES[0], abs=0.01)


def test_without_a_camera_a_lost_target_has_no_position() -> None:
    tracker = TargetTracker()
    for frame in range(3):
        tracker.update(frame / 10, "1", [answer(PLACES, [0, 1, 2, 3], [0])], SIZE)
    (lost,) = tracker.update(0.3, "1", [answer(PLACES, [1, 2, 3], [])], SIZE).lost
    assert lost.position is None


def test_an_alternative_is_never_lost() -> None:
    tracker = TargetTracker()
    for frame in range(3):
        update(tracker, frame / 10, answer(PLACES, [0, 1, 2, 3], [0], [2]))
    assert update(tracker, 0.3, answer(PLACES, [0, 1, 3], [0])).lost == ()


def test_another_command_has_lost_nothing_but_knows_everything() -> None:
    tracker = TargetTracker()
    for frame in range(3):
        before = update(tracker, frame / 10, answer(PLACES, [0, 1, 2, 3], [0]))
    assert update(tracker, 0.3, answer(PLACES, [1, 2, 3], []), "2").lost == ()
    after = update(tracker, 0.4, answer(PLACES, [0, 1, 2, 3], [0]), "2")
    assert after.seen[0].track_id == before.seen[0].track_id


def test_what_is_seen_but_not_pointed_at_is_not_lost() -> None:
    tracker = TargetTracker()
    for frame in range(3):
        update(tracker, frame / 10, answer(PLACES, [0, 1, 2, 3], [0]))
    assert update(tracker, 0.3, answer(PLACES, [0, 1, 2, 3], [])).lost == ()


def test_a_clock_that_is_set_back_is_said() -> None:
    tracker = TargetTracker()
    for frame in range(3):
        before = update(tracker, 50 + frame / 10, answer(PLACES, [0, 1, 2, 3], [0]))
    after = update(tracker, 1.0, answer(PLACES, [1, 2, 3], []))
    assert after.restarted and not before.restarted
    assert after.lost == ()


def test_after_its_memory_a_target_is_no_longer_lost() -> None:
    tracker = TargetTracker(memory=1.0)
    for frame in range(5):
        update(tracker, frame / 10, answer(PLACES, [0, 1, 2, 3], [0]))
    assert update(tracker, 1.3, answer(PLACES, [1, 2, 3], [])).lost
    assert not update(tracker, 1.5, answer(PLACES, [1, 2, 3], [])).lost


def test_nothing_was_answered() -> None:
    tracker = TargetTracker()
    assert tracker.update(0.0, "1", [], SIZE) == FrameTracks()
