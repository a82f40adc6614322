"""Scenes in motion, as they are filmed."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from vlm_ros.simulation.motion import DURATION, MOTIONS, Motion, film
from vlm_ros.simulation.scene import generate_scene
from vlm_ros.simulation.tabletop import RenderedFrame, Tabletop

SEED = 303


@pytest.fixture(scope="module")
def tabletop(renderer: None) -> Iterator[Tabletop]:
    with Tabletop(generate_scene(SEED)) as tabletop:
        yield tabletop


def motion_of(name: str, tabletop: Tabletop) -> Motion:
    return MOTIONS[name](tabletop, np.random.default_rng(1))


def visible(frame: RenderedFrame) -> dict[str, float]:
    return {truth.identity: truth.visible_fraction for truth in frame.objects}


def filmed(tabletop: Tabletop, name: str) -> list[RenderedFrame]:
    motion = motion_of(name, tabletop)
    return [frame for _, frame in film(tabletop, motion, 2.0, 320, 240)]


@pytest.mark.parametrize("name", MOTIONS)
def test_a_motion_is_a_function_of_its_seed(name: str, tabletop: Tabletop) -> None:
    first, again = motion_of(name, tabletop), motion_of(name, tabletop)
    for seconds in np.linspace(0.0, DURATION, 7).tolist():
        assert first(seconds) == again(seconds)


@pytest.mark.parametrize("name", MOTIONS)
def test_nothing_jumps(name: str, tabletop: Tabletop) -> None:
    motion = motion_of(name, tabletop)
    moments = [motion(seconds) for seconds in np.arange(0.0, DURATION, 1 / 60).tolist()]
    cameras = np.array([moment.camera.position for moment in moments])
    assert np.linalg.norm(np.diff(cameras, axis=0), axis=1).max() < 2.0 / 60  # metres
    for item in moments[0].poses:
        places = np.array([moment.poses[item].position for moment in moments])
        assert np.linalg.norm(np.diff(places, axis=0), axis=1).max() < 2.5 / 60


def test_after_filming_all_is_where_it_was(tabletop: Tabletop) -> None:
    before = {item.name: tabletop.pose(item.name) for item in tabletop.objects}
    frames = film(tabletop, motion_of("exchange", tabletop), 1.0, 320, 240)
    for _ in range(4):
        next(frames)
    assert {item.name: tabletop.pose(item.name) for item in tabletop.objects} != before
    frames.close()  # type: ignore[attr-defined]
    assert {item.name: tabletop.pose(item.name) for item in tabletop.objects} == before


def test_something_is_hidden_and_seen_again(tabletop: Tabletop) -> None:
    frames = [visible(frame) for frame in filmed(tabletop, "occlusion")]
    hidden = [
        name
        for name, share in frames[0].items()
        if share > 0.5 and min(frame[name] for frame in frames) < 0.05 and frames[-1][name] > 0.5
    ]
    assert hidden


def test_a_glance_leaves_the_table_and_comes_back(tabletop: Tabletop) -> None:
    counts = [
        sum(share > 0.5 for share in visible(frame).values())
        for frame in filmed(tabletop, "glance")
    ]
    assert min(counts) <= counts[0] / 2
    assert counts[-1] == counts[0]


def test_an_orbit_sees_things_from_another_side(tabletop: Tabletop) -> None:
    frames = filmed(tabletop, "orbit")
    first, half, last = frames[0], frames[len(frames) // 2], frames[-1]
    assert np.abs(first.rgb.astype(int) - half.rgb).mean() > 10
    assert motion_of("orbit", tabletop)(0.0).poses == {}
    assert len(first.objects) == len(half.objects) == len(last.objects)


def test_two_things_change_places(tabletop: Tabletop) -> None:
    motion = motion_of("exchange", tabletop)
    begin, end = motion(0.0).poses, motion(DURATION).poses
    first, second = begin
    assert end[first].position == pytest.approx(begin[second].position)
    assert end[second].position == pytest.approx(begin[first].position)
    assert end[first].quaternion == begin[first].quaternion
