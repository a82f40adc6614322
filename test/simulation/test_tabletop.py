from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from vlm_ros.geometry.rotations import matrix, quaternion
from vlm_ros.simulation import OVERVIEW, Camera, RenderedFrame, Tabletop, generate_scene
from vlm_ros.simulation.everyday import EVERYDAY_KINDS
from vlm_ros.simulation.finishes import Finish, Surface
from vlm_ros.simulation.kinds import KINDS, shape_of
from vlm_ros.simulation.meshes import merge, rotation_about
from vlm_ros.simulation.scene import (
    PartLook,
    Pose,
    SceneDescription,
    SceneObject,
    generated_object,
    posture_word,
)

SEEDS = (3, 12, 25, 31)
RED = Finish(Surface("plain", (0.85, 0.08, 0.08)), 0.3, 0.4)


def thing(
    name: str, kind: str, x: float, y: float, z: float = 0.002, colour: Finish = RED
) -> SceneObject:
    """An upright red object standing at (x, y), its bottom at z."""
    shape = shape_of(kind, 0)
    parts = tuple(PartLook(part, "red", colour, False) for part in shape.parts)
    pose = Pose((x, y, z + shape.size[2] / 2), (0.0, 0.0, 0.0, 1.0))
    return SceneObject(name, kind, 0, 1.0, {"colour": "red"}, parts, pose)


def scene_of(*things: SceneObject) -> SceneDescription:
    scene = generate_scene(0)
    top = Finish(Surface("plain", (0.7, 0.7, 0.7)), 0.0, 0.1)
    return replace(scene, objects=things, table=replace(scene.table, finish=top))


def corners(tabletop: Tabletop, item: SceneObject) -> NDArray[np.float64]:
    """(n, 3) its vertices in the world."""
    pose = tabletop.pose(item.name)
    vertices = merge(*item.shape.parts.values()).vertices * item.scale
    return np.asarray(vertices @ matrix(pose.quaternion).T + pose.position)


@pytest.fixture(scope="module", params=SEEDS)
def settled(request: pytest.FixtureRequest, renderer: None) -> Iterator[Tabletop]:
    with Tabletop(generate_scene(request.param)) as tabletop:
        yield tabletop


@pytest.fixture(scope="module")
def frame(settled: Tabletop) -> RenderedFrame:
    return settled.render(settled.scene.camera)


def test_settled_objects_rest(settled: Tabletop) -> None:
    assert np.all(settled.speeds() < 0.05)


def test_settled_objects_stand_on_the_table_or_on_something(settled: Tabletop) -> None:
    clouds = [corners(settled, item) for item in settled.objects]
    for i, cloud in enumerate(clouds):
        bottom = cloud[:, 2].min()
        assert bottom > -0.006, "sunk into the table"
        if bottom < 0.008:
            continue
        low, high = cloud[:, :2].min(axis=0), cloud[:, :2].max(axis=0)
        assert any(
            np.all(other[:, :2].min(axis=0) < high)
            and np.all(other[:, :2].max(axis=0) > low)
            and other[:, 2].max() > bottom - 0.008
            for j, other in enumerate(clouds)
            if j != i
        ), f"{settled.objects[i].name} hangs in the air"


def test_boxes_are_the_extents_of_masks(frame: RenderedFrame) -> None:
    seen = [truth for truth in frame.objects if truth.mask.any()]
    assert seen
    for truth in seen:
        rows, columns = np.nonzero(truth.mask)
        box = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
        assert truth.box == pytest.approx(box)


def test_masks_do_not_overlap(frame: RenderedFrame) -> None:
    assert np.sum([truth.mask for truth in frame.objects], axis=0).max() == 1


def test_centres_project_into_boxes(frame: RenderedFrame) -> None:
    for truth in frame.objects:
        if truth.visible_fraction < 0.9:
            continue
        x, y, z = truth.position
        u = frame.intrinsics.fx * x / z + frame.intrinsics.cx
        v = frame.intrinsics.fy * y / z + frame.intrinsics.cy
        assert truth.box[0] <= u <= truth.box[2]
        assert truth.box[1] <= v <= truth.box[3]


def test_depth_in_a_mask_lies_within_the_object(frame: RenderedFrame) -> None:
    seen = frame.intrinsics
    checked = 0
    for truth in frame.objects:
        inner = cv2.erode(truth.mask.astype(np.uint8), np.ones((3, 3))).astype(bool)
        if inner.sum() < 50:
            continue
        v, u = np.nonzero(inner)
        z = frame.depth[v, u].astype(float)
        points = np.column_stack([(u - seen.cx) * z / seen.fx, (v - seen.cy) * z / seen.fy, z])
        own = (points - truth.position) @ matrix(truth.quaternion)
        inside = np.all(np.abs(own) < np.array(truth.size) / 2 + 0.003, axis=1)
        assert inside.mean() > 0.98, truth.identity
        checked += 1
    assert checked


def test_pictures_are_neither_dark_nor_blown_out(frame: RenderedFrame) -> None:
    assert 40 < frame.rgb.mean() < 220
    assert np.mean(frame.rgb.min(axis=2) > 253) < 0.15


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_seen_and_its_outline_is_its_size(kind: str, renderer: None) -> None:
    with Tabletop(scene_of(thing("it", kind, 0.0, 0.0))) as tabletop:
        (truth,) = tabletop.render(Camera((0.0, -0.45, 0.5), (0.0, 0.0, 0.0)), 320, 240).objects
    assert truth.visible_fraction == 1.0
    assert truth.mask.sum() > 40
    assert truth.size == pytest.approx(shape_of(kind, 0).size)


@pytest.mark.parametrize("make", EVERYDAY_KINDS)
def test_everyday_things_lie_on_the_table_as_they_are_put(make: str, renderer: None) -> None:
    template = generated_object(np.random.default_rng(0), make)
    upright = Pose((0.0, 0.0, template.size[2] / 2 + 0.003), (0.0, 0.0, 0.0, 1.0))
    item = replace(template, name="it", pose=upright)
    with Tabletop(scene_of(item)) as tabletop:
        assert abs(corners(tabletop, item)[:, 2].min()) < 0.006, "sunk, or in the air"
        assert matrix(tabletop.pose("it").quaternion)[2, 2] > 0.6, "fallen over"


def test_a_red_thing_looks_red(renderer: None) -> None:
    with Tabletop(scene_of(thing("it", "ball", 0.0, 0.0))) as tabletop:
        frame = tabletop.render(OVERVIEW)
    red, green, blue = frame.rgb[frame.objects[0].mask].mean(axis=0)
    assert red > 90
    assert red > 2.5 * max(green, blue)


@pytest.mark.parametrize(
    ("kind", "degrees", "posture"),
    [
        ("cup", 0.0, "upright"),
        ("cup", 90.0, "lying"),
        ("cup", 180.0, "upside down"),
        ("can", 90.0, "lying"),
        ("can", 180.0, None),  # One end looks like the other.
        ("pen", 0.0, None),  # There is but one way to put it down.
    ],
)
def test_how_a_thing_is_put_down_is_told(
    kind: str, degrees: float, posture: str | None, renderer: None
) -> None:
    upright = thing("it", kind, 0.0, 0.0, 0.01)
    turn = rotation_about("x", degrees)
    half_height = float((np.abs(turn) @ np.array(upright.size))[2]) / 2
    put = replace(upright, pose=Pose((0.0, 0.0, half_height + 0.005), quaternion(turn)))
    with Tabletop(scene_of(put)) as tabletop:
        (truth,) = tabletop.render(OVERVIEW, 160, 120).objects
    assert truth.posture == posture


def test_what_leans_neither_stands_nor_lies() -> None:
    cup = thing("it", "cup", 0.0, 0.0)
    assert posture_word(cup, rotation_about("x", 20.0)) == "upright"
    assert posture_word(cup, rotation_about("x", 45.0)) is None
    assert posture_word(cup, rotation_about("x", 75.0)) == "lying"


def test_what_stands_in_front_hides_what_is_behind(renderer: None) -> None:
    camera = Camera((0.0, -0.9, 0.35), (0.0, 0.0, 0.05))
    front, behind = thing("front", "box", 0.0, -0.12), thing("behind", "ball", 0.0, 0.05)
    with Tabletop(scene_of(front, behind)) as tabletop:
        hidden = tabletop.render(camera).objects
    with Tabletop(scene_of(behind)) as tabletop:
        (alone,) = tabletop.render(camera).objects
    assert [truth.name for truth in hidden] == ["box", "ball"]
    assert hidden[0].visible_fraction == 1.0
    assert alone.visible_fraction == 1.0
    expected = hidden[1].mask.sum() / alone.mask.sum()
    assert expected < 0.8
    assert hidden[1].visible_fraction == pytest.approx(expected, abs=0.03)


def test_what_the_edge_of_the_picture_cuts_is_only_partly_visible(renderer: None) -> None:
    ball = thing("ball", "ball", 0.0, 0.0)
    with Tabletop(scene_of(ball)) as tabletop:
        z = tabletop.pose("ball").position[2]
        # The target, in the middle of the picture, is half a picture's width left of the ball.
        camera = Camera((-0.312, -0.6, z), (-0.312, 0.0, z))
        (truth,) = tabletop.render(camera).objects
    assert truth.visible_fraction == pytest.approx(0.5, abs=0.05)


def test_what_is_beside_the_table_is_neither_in_the_truth_nor_in_the_picture(
    renderer: None,
) -> None:
    kept, lost = thing("kept", "block", 0.0, 0.0), thing("lost", "block", 0.52, 0.0, 0.01)
    with Tabletop(scene_of(kept, lost)) as tabletop:
        assert [item.name for item in tabletop.objects] == ["kept"]
        frame = tabletop.render(OVERVIEW)
    with Tabletop(scene_of(kept)) as tabletop:
        expected = tabletop.render(OVERVIEW)
    assert [truth.identity for truth in frame.objects] == ["kept"]
    assert np.array_equal(frame.rgb, expected.rgb)


def test_a_thing_let_go_over_a_bowl_lies_in_it(renderer: None) -> None:
    bowl = thing("bowl", "bowl", 0.0, 0.0)
    fruit = thing("lemon", "lemon", 0.01, 0.0, 0.06)
    with Tabletop(scene_of(bowl, fruit)) as tabletop:
        x, y, z = tabletop.pose("lemon").position
    assert np.hypot(x, y) < 0.05
    assert z < bowl.size[2]


def test_other_picture_sizes_show_the_same_scene(renderer: None) -> None:
    with Tabletop(generate_scene(3)) as tabletop:
        large = tabletop.render(OVERVIEW, 640, 480)
        small = tabletop.render(OVERVIEW, 320, 240)
    assert small.rgb.shape == (240, 320, 3)
    for first, second in zip(large.objects, small.objects, strict=True):
        if first.mask.any():
            assert np.array(first.box) / 2 == pytest.approx(second.box, abs=2)


DIGEST = (
    "import hashlib; from vlm_ros.simulation import Tabletop, generate_scene; "
    "scene = generate_scene(12); frame = Tabletop(scene).render(scene.camera); "
    "print(hashlib.sha256(frame.rgb.tobytes() + frame.depth.tobytes()).hexdigest())"
)


def test_a_seed_is_the_same_picture_in_another_process(renderer: None) -> None:
    scene = generate_scene(12)
    with Tabletop(scene) as tabletop:
        frame = tabletop.render(scene.camera)
    there = subprocess.run(
        [sys.executable, "-c", DIGEST],
        check=True,
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
        timeout=60,
    )
    here = hashlib.sha256(frame.rgb.tobytes() + frame.depth.tobytes()).hexdigest()
    assert there.stdout.strip() == here
