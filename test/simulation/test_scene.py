from __future__ import annotations

import hashlib
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from vlm_ros.simulation.kinds import KINDS, shape_of
from vlm_ros.simulation.scene import (
    WORK_AREA,
    SceneObject,
    generate_scene,
    generated_object,
    size_words,
    view_camera,
)

SEEDS = range(40)
DIGEST = (
    "import hashlib; from vlm_ros.simulation.scene import generate_scene; "
    "print(hashlib.sha256(repr([generate_scene(s) for s in range(5)]).encode()).hexdigest())"
)


def test_a_seed_is_the_same_scene_in_another_process() -> None:
    here = hashlib.sha256(repr([generate_scene(s) for s in range(5)]).encode()).hexdigest()
    there = subprocess.run(
        [sys.executable, "-c", DIGEST],
        check=True,
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
        timeout=60,
    )
    assert there.stdout.strip() == here


def test_a_seed_shows_what_it_has_always_shown() -> None:
    """Published figures and the demo are about these very scenes."""
    shown = [(item.kind, item.attributes["colour"]) for item in generate_scene(105).objects]
    assert shown == [
        *(("book", "white"), ("plate", "silver"), ("plate", "red"), ("cup", "silver")),
        *(("fork", "copper"), ("can", "copper"), ("wrench", "blue"), ("can", "red")),
        *(("cup", "red"), ("can", "grey")),
    ]


def test_other_seeds_are_other_scenes() -> None:
    assert generate_scene(1).objects != generate_scene(2).objects


@pytest.mark.parametrize("seed", SEEDS)
def test_scenes_hold_four_to_fourteen_named_objects(seed: int) -> None:
    scene = generate_scene(seed)
    assert 4 <= len(scene.objects) <= 14
    names = [item.name for item in scene.objects]
    assert len(set(names)) == len(names)
    for item in scene.objects:
        assert item.attributes["colour"]
        assert item.parts[0].name == "body"
        assert {part.name for part in item.parts} == set(item.shape.parts)
        x, y, _ = item.pose.position
        assert abs(x) < WORK_AREA[0] + 0.03
        assert abs(y) < WORK_AREA[1] + 0.03


def stands_on(upper: SceneObject, lower: SceneObject) -> bool:
    offset = np.subtract(upper.pose.position, lower.pose.position)
    return bool(offset[2] > 0 and np.hypot(*offset[:2]) < 0.3 * min(lower.size[:2]))


def test_kinds_repeat_colours_repeat_and_things_stand_on_things() -> None:
    scenes = [generate_scene(seed) for seed in SEEDS]
    repeated = sum(len({o.kind for o in s.objects}) < len(s.objects) for s in scenes)
    shared = sum(len({o.attributes["colour"] for o in s.objects}) < len(s.objects) for s in scenes)
    stacked = sum(any(stands_on(a, b) for a in s.objects for b in s.objects) for s in scenes)
    assert repeated > len(scenes) * 0.5
    assert shared > len(scenes) * 0.5
    assert stacked > len(scenes) * 0.2


def test_most_kinds_turn_up_in_a_few_hundred_scenes() -> None:
    seen = {item.kind for seed in range(200) for item in generate_scene(seed).objects}
    assert len(seen) > 0.9 * len(KINDS)


def test_a_make_has_its_own_shape_and_its_kinds_noun() -> None:
    knife = generated_object(np.random.default_rng(0), "kitchen knife")
    assert knife.kind == "knife"
    assert knife.names == ("kitchen knife",)
    assert knife.shape is shape_of("kitchen knife", knife.variant)
    assert {part.name for part in knife.parts} == set(knife.shape.parts)


def test_large_parts_of_another_colour_are_accents() -> None:
    rng = np.random.default_rng(0)
    phones = [generated_object(rng, "smartphone") for _ in range(20)]
    for phone in phones:
        black = phone.attributes["colour"] == "black"
        assert phone.accents == (() if black else ("black",)), "its screen"
    cards = [generated_object(rng, "card") for _ in range(20)]
    chips = {part.colour for card in cards for part in card.parts if part.name == "chip"}
    assert chips == {"gold", "silver"}
    assert not any(chips & set(card.accents) for card in cards), "a chip is too small"


def test_photographs_are_used_only_when_given() -> None:
    picture = Path("street.jpg")
    plain = [generate_scene(seed) for seed in range(10)]
    covered = [generate_scene(seed, [picture]) for seed in range(10)]
    assert not any(scene.room.floor.photograph for scene in plain)
    assert any(scene.room.floor.photograph == picture for scene in covered)


def test_each_view_is_another_camera_and_view_0_is_the_scenes_own() -> None:
    scene = generate_scene(3)
    cameras = [view_camera(scene, view) for view in range(4)]
    assert cameras[0] == scene.camera
    assert len(set(cameras)) == 4
    assert view_camera(scene, 2) == cameras[2]


@pytest.mark.parametrize(
    ("scales", "kinds", "expected"),
    [
        ((1.0, 1.0), ("cup", "cup"), ["", ""]),
        ((1.5, 1.0), ("cup", "cup"), ["large", "small"]),
        ((1.3, 1.0), ("cup", "cup"), ["", ""]),
        ((1.5, 1.0), ("cup", "bowl"), ["", ""]),
        ((2.0, 1.4, 1.0), ("cup", "cup", "cup"), ["large", "", "small"]),
        ((1.5, 1.5, 1.0), ("cup", "cup", "cup"), ["large", "large", "small"]),
        ((1.5,), ("cup",), [""]),
        ((), (), []),
    ],
)
def test_size_words_compare_within_a_kind(
    scales: tuple[float, ...], kinds: tuple[str, ...], expected: list[str]
) -> None:
    template: SceneObject = generate_scene(0).objects[0]
    objects = [
        replace(template, kind=kind, variant=0, scale=scale)
        for scale, kind in zip(scales, kinds, strict=True)
    ]
    assert size_words(objects) == expected
