"""Positions against the truth of the simulator."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from vlm_ros.errors import SimulationError
from vlm_ros.evaluation.depth_noise import SENSORS
from vlm_ros.evaluation.positions import Located, errors, located, record, table
from vlm_ros.evaluation.simulated import SeenScene, scenes
from vlm_ros.geometry.position import Position
from vlm_ros.geometry.rotations import quaternion
from vlm_ros.models import bundled_model, load_model
from vlm_ros.simulation.tabletop import ObjectTruth

SCENES = range(30_000, 30_012)
ITEM = Located("exact", "truth", "cup", 1.0, 0.004, (0.001, -0.002, 0.003), 2.0, 0.9, 0.002)


@pytest.fixture(scope="module")
def items() -> list[Located]:
    model = load_model(bundled_model())
    try:
        return [item for scene in scenes(SCENES) for item in located(scene, model)]
    except SimulationError as error:
        pytest.skip(str(error))


@pytest.mark.parametrize("boxes", ["truth", "model"])
@pytest.mark.parametrize("sensor", SENSORS)
def test_a_gripper_can_go_by_them(items: list[Located], sensor: str, boxes: str) -> None:
    """The middle of the body to 1 cm, and to 3 cm in 19 of 20 cases."""
    some = [item for item in items if (item.sensor, item.boxes) == (sensor, boxes)]
    assert len(some) > 40
    off = [item.error for item in some]
    assert np.median(off) <= 0.01
    assert np.percentile(off, 95) <= 0.03
    assert np.median([item.overlap for item in some]) > 0.85
    assert np.median(np.abs([item.sizes for item in some]), axis=0) == pytest.approx(
        [0.0] * 3, abs=0.01
    )
    assert np.nanmedian([item.turned for item in some]) < 5.0


class NoModel:
    """Proposes nothing."""

    def regions(self, image: NDArray[Any], phrases: Sequence[str]) -> Any:
        return type("Nothing", (), {"boxes": np.zeros((0, 4), np.float32)})


def test_what_the_model_misses_is_located_in_its_true_box_alone(rendered: SeenScene) -> None:
    found = list(located(rendered, NoModel()))  # type: ignore[arg-type]
    assert found and {item.boxes for item in found} == {"truth"}


def _truth(turn: NDArray[np.float64], size: tuple[float, float, float]) -> ObjectTruth:
    return ObjectTruth(
        name="box",
        identity="box_0",
        attributes={},
        parts=(),
        box=(0.0, 0.0, 9.0, 9.0),
        visible_fraction=1.0,
        mask=np.zeros((1, 1), bool),
        position=(0.1, 0.0, 0.8),
        quaternion=quaternion(turn),
        size=size,
    )


def test_sides_are_compared_whatever_the_objects_own_axes_are_called() -> None:
    """A box modelled standing and now lying: its own z is the longest horizontal side."""
    lying = np.array([[0.0, 0.0, 1.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
    position = Position(
        centre=(0.1, 0.003, 0.804),
        orientation=quaternion(np.eye(3)),
        size=(0.205, 0.07, 0.05),
        surface=(0.0, 0.0, 0.0),
    )
    centre, sizes, turned = errors(position, _truth(lying, (0.08, 0.05, 0.2)))
    assert centre == pytest.approx(0.005)
    assert sizes == pytest.approx((0.005, -0.01, 0.0))
    assert turned == pytest.approx(0.0, abs=0.01)


def test_only_what_is_longer_than_wide_has_a_direction() -> None:
    cos, sin = np.cos(0.5), np.sin(0.5)
    turn = np.array([[cos, -sin, 0.0], [sin, cos, 0.0], [0.0, 0.0, 1.0]])
    position = Position((0.1, 0.0, 0.8), (0.0, 0.0, 0.0, 1.0), (0.2, 0.1, 0.1), (0.0, 0.0, 0.0))
    assert errors(position, _truth(turn, (0.2, 0.1, 0.1)))[2] == pytest.approx(np.degrees(0.5))
    assert np.isnan(errors(position, _truth(turn, (0.2, 0.19, 0.1)))[2])


def test_no_position_is_infinitely_far_off() -> None:
    centre, sizes, turned = errors(None, _truth(np.eye(3), (0.1, 0.1, 0.1)))
    assert np.isinf(centre) and np.isnan(sizes).all() and np.isnan(turned)


def test_the_record_holds_every_group_and_json_can_hold_it() -> None:
    lost = replace(ITEM, error=float("inf"), sizes=(np.nan,) * 3, turned=np.nan, overlap=0.0)
    found = record([ITEM, replace(ITEM, error=0.02), replace(ITEM, boxes="model"), lost])
    assert [(group["sensor"], group["boxes"], group["n"]) for group in found] == [
        ("exact", "truth", 3),
        ("exact", "model", 1),
    ]
    assert found[0]["no_position"] == 1
    assert found[0]["within_1_cm"] == pytest.approx(1 / 3)
    assert found[0]["length_p50"] == pytest.approx(1.0)
    assert found[1]["centre_p50"] == pytest.approx(4.0)
    json.dumps(record([lost]), allow_nan=False)


def test_the_table_has_a_line_for_every_group() -> None:
    lines = table([ITEM, replace(ITEM, sensor="stereo")]).splitlines()
    assert lines[0].split()[:4] == ["depth", "boxes", "n", "none"]
    assert lines[1].split()[:5] == ["exact", "truth", "1", "0", "4"]
    assert lines[2].startswith("stereo")
