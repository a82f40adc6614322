from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from vlm_ros.grounding.scene import Scene
from vlm_ros.grounding.selectors import away_from, on_side, order_along, place_degrees

SceneMaker = Callable[..., Scene]

BOXES = ((300, 0, 340, 100), (0, 200, 100, 260), (600, 400, 620, 410))


def scene_of(make_scene: SceneMaker, *depths: float) -> Scene:
    rows = [("cup", box) for box in BOXES]
    if depths:
        return make_scene(*((n, b, (0, 0, z)) for (n, b), z in zip(rows, depths, strict=True)))
    return make_scene(*rows)


@pytest.mark.parametrize(
    ("axis", "expected"),
    [
        ("left", [1, 0, 2]),
        ("right", [2, 0, 1]),
        ("top", [0, 1, 2]),
        ("bottom", [2, 1, 0]),
        ("large", [1, 0, 2]),
        ("small", [2, 0, 1]),
        ("tall", [0, 1, 2]),
        ("short", [2, 1, 0]),
        ("wide", [1, 0, 2]),
        ("narrow", [2, 0, 1]),
        ("near", [2, 1, 0]),
        ("far", [0, 1, 2]),
    ],
)
def test_order_in_the_image(axis: str, expected: list[int], make_scene: SceneMaker) -> None:
    assert order_along(scene_of(make_scene), np.arange(3), axis).tolist() == expected


def test_depth_orders_near_and_far(make_scene: SceneMaker) -> None:
    scene = scene_of(make_scene, 0.5, 0.9, 0.7)
    assert order_along(scene, np.arange(3), "near").tolist() == [0, 2, 1]
    assert order_along(scene, np.arange(3), "far").tolist() == [1, 2, 0]


def test_unknown_depth_falls_back_to_the_image(make_scene: SceneMaker) -> None:
    scene = scene_of(make_scene, 0.5, float("nan"), 0.7)
    assert order_along(scene, np.arange(3), "near").tolist() == [2, 1, 0]
    assert order_along(scene, np.array([0, 2]), "near").tolist() == [0, 2]


def test_only_candidates_are_ordered(make_scene: SceneMaker) -> None:
    assert order_along(scene_of(make_scene), np.array([2, 0]), "left").tolist() == [0, 2]


def test_unknown_axis_and_place_are_refused(make_scene: SceneMaker) -> None:
    with pytest.raises(ValueError, match="inward"):
        order_along(scene_of(make_scene), np.arange(3), "inward")
    with pytest.raises(ValueError, match="limbo"):
        place_degrees(scene_of(make_scene), np.arange(3), "limbo")


def test_halves_of_the_image(make_scene: SceneMaker) -> None:
    scene = scene_of(make_scene)
    assert on_side(scene, np.arange(3), "left").tolist() == [1]
    assert on_side(scene, np.arange(3), "top").tolist() == [0, 1]
    assert on_side(scene, np.arange(3), "large").tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    ("place", "box"),
    [
        ("top-left", (0, 0, 40, 40)),
        ("top-right", (600, 0, 640, 40)),
        ("bottom-left", (0, 440, 40, 480)),
        ("bottom-right", (600, 440, 640, 480)),
        ("middle", (300, 220, 340, 260)),
    ],
)
def test_places(place: str, box: tuple[int, ...], make_scene: SceneMaker) -> None:
    scene = make_scene(("cup", box))
    for other in ("top-left", "top-right", "bottom-left", "bottom-right", "middle"):
        degree = place_degrees(scene, np.arange(1), other)[0]
        assert degree > 0.9 if other == place else degree < 0.6


def test_the_middle_of_a_row_is_its_own(make_scene: SceneMaker) -> None:
    scene = make_scene(*(("cup", (x, 10, x + 30, 40)) for x in (10, 60, 110)))
    assert int(place_degrees(scene, np.arange(3), "middle").argmax()) == 1


@pytest.mark.parametrize(
    ("lefts", "place", "kept"),
    [
        ((50, 250, 500), "not_left", [2]),
        ((400, 500, 550), "not_left", [1, 2]),
        ((50, 100, 150), "not_left", [1, 2]),
        ((50, 500), "not_right", [0]),
        ((50,), "not_left", []),
        ((500,), "not_left", [0]),
        ((20, 300, 590), "not_middle", [0, 2]),
    ],
)
def test_away_from_a_place(
    lefts: tuple[int, ...], place: str, kept: list[int], make_scene: SceneMaker
) -> None:
    scene = make_scene(*(("cup", (x, 220, x + 40, 260)) for x in lefts))
    assert away_from(scene, np.arange(len(lefts)), place).tolist() == kept
