from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from vlm_ros.simulation.everyday import EVERYDAY_KINDS
from vlm_ros.simulation.kinds import KINDS, SNAPSHOT_KINDS
from vlm_ros.simulation.scans import Scan, load_scans
from vlm_ros.simulation.snapshot import ScannedObject, generate_snapshot, snapshot_camera
from vlm_ros.simulation.tabletop import Tabletop


@pytest.fixture
def scans(scans_folder: Path) -> tuple[Scan, ...]:
    return load_scans(scans_folder)


def test_a_snapshot_is_a_function_of_its_seed(scans: tuple[Scan, ...]) -> None:
    assert generate_snapshot(3, scans, 0.5) == generate_snapshot(3, scans, 0.5)
    assert generate_snapshot(3, scans, 0.5) != generate_snapshot(4, scans, 0.5)


def test_one_to_fourteen_objects_each_with_a_name_of_its_own(scans: tuple[Scan, ...]) -> None:
    counts = set()
    for seed in range(60):
        names = [item.name for item in generate_snapshot(seed, scans, 0.2).objects]
        assert len(set(names)) == len(names)
        counts.add(len(names))
    assert min(counts) == 1
    assert 12 <= max(counts) <= 14


@pytest.mark.parametrize(("generated", "scanned"), [(0.0, 1.0), (1.0, 0.0)])
def test_the_share_of_generated_objects(
    scans: tuple[Scan, ...], generated: float, scanned: float
) -> None:
    objects = [o for seed in range(10) for o in generate_snapshot(seed, scans, generated).objects]
    assert np.mean([isinstance(item, ScannedObject) for item in objects]) == scanned


def test_generated_objects_are_of_all_makes(scans: tuple[Scan, ...]) -> None:
    objects = [o for seed in range(60) for o in generate_snapshot(seed, scans, 1.0).objects]
    makes = {item.make for item in objects}
    assert makes <= set(SNAPSHOT_KINDS)
    assert len(makes & set(EVERYDAY_KINDS)) > 30
    assert len(makes & set(KINDS)) > 30
    assert all(item.kind == SNAPSHOT_KINDS[item.make].name for item in objects)


def test_a_painted_scan_is_called_by_its_new_colour(scans: tuple[Scan, ...]) -> None:
    cubes = [
        item
        for seed in range(40)
        for item in generate_snapshot(seed, scans[:1], 0.0).objects
        if isinstance(item, ScannedObject)
    ]
    painted = [item for item in cubes if item.parts[0].finish.surface.repaint is not None]
    assert 0.5 < len(painted) / len(cubes) < 0.9
    assert {item.attributes["colour"] for item in painted} == {"blue"}
    assert {item.attributes["colour"] for item in cubes if item not in painted} == {"red"}
    assert all(item.accents == () for item in painted), "paint covers the second colour"
    assert all(item.names == ("wooden block",) for item in cubes)


def test_cameras_look_at_the_things_from_above(scans: tuple[Scan, ...]) -> None:
    rng = np.random.default_rng(0)
    things = [((0.1, 0.0, 0.03), 0.05), ((-0.05, 0.1, 0.03), 0.08)]
    for width, height in ((640, 480), (480, 640)) * 20:
        camera = snapshot_camera(rng, things, width, height)
        down = -camera.rotation()[2, 2]
        assert np.sin(np.deg2rad(25)) < down < 1
        intrinsics = camera.intrinsics(width, height)
        assert 0.9 < intrinsics.fx / 480 < 1.6
        seen = (np.array([0.025, 0.05, 0.03]) - camera.position) @ camera.rotation()
        assert 0.2 < seen[2] < 1.6
        assert np.abs(seen[0] / seen[2] * intrinsics.fx) < width / 2
        assert np.abs(seen[1] / seen[2] * intrinsics.fy) < height / 2


def test_scans_come_to_rest_on_the_table(scans: tuple[Scan, ...], renderer: None) -> None:
    scene = generate_snapshot(2, scans, 0.0)
    with Tabletop(scene) as tabletop:
        assert tabletop.objects
        for item in tabletop.objects:
            assert tabletop.pose(item.name).position[2] > 0.3 * min(item.size)
        things = [(tabletop.pose(item.name).position, 0.06) for item in tabletop.objects]
        camera = snapshot_camera(np.random.default_rng(1), things, 160, 120)
        frame = tabletop.render(camera, 160, 120)
    assert any(truth.visible_fraction > 0.5 for truth in frame.objects)
    assert {truth.name for truth in frame.objects} <= {"block", "cup"}


def test_a_scan_shows_its_texture(scans: tuple[Scan, ...], renderer: None) -> None:
    """A red cube's pixels are red, a blue-painted one's are blue."""
    reds: list[NDArray[np.float64]] = []
    blues: list[NDArray[np.float64]] = []
    for seed in range(12):
        scene = generate_snapshot(seed, scans[:1], 0.0)
        with Tabletop(scene) as tabletop:
            things = [(tabletop.pose(o.name).position, 0.09) for o in tabletop.objects]
            camera = snapshot_camera(np.random.default_rng(seed), things, 160, 120)
            frame = tabletop.render(camera, 160, 120)
        for item, truth in zip(tabletop.objects, frame.objects, strict=True):
            if truth.mask.sum() > 100 and len(item.parts) > 1:
                other = item.parts[1].finish.surface.repaint
                main = item.parts[0].finish.surface.repaint
                if other == main:
                    mean = frame.rgb[truth.mask].mean(axis=0)
                    (reds if main is None else blues).append(mean)
    assert reds
    assert blues
    assert all(red > 1.5 * max(green, blue) for red, green, blue in reds)
    assert all(blue > 1.3 * red for red, _, blue in blues)
