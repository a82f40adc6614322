"""The filter that follows boxes."""

from __future__ import annotations

import numpy as np
import pytest

from vlm_ros.tracking.affine import AffineMap
from vlm_ros.tracking.paths import Paths, whole

SIZE = (640, 480)
BOX = np.array([[100.0, 100.0, 160.0, 180.0]])


def followed(boxes: list[list[float]], interval: float) -> Paths:
    """The path of one box that is seen again and again."""
    paths = Paths.begun(np.array(boxes[:1]))
    for box in boxes[1:]:
        paths = paths.later(interval)
        paths, _ = paths.seen(np.array([0]), paths.errors(np.array([box]), SIZE)[:, 0])
    return paths


def moving(speed: float, interval: float, seconds: float) -> Paths:
    """The path of the box at so many pixels a second to the right."""
    times = np.arange(0.0, seconds, interval)
    return followed([(BOX[0] + [speed * t, 0, speed * t, 0]).tolist() for t in times], interval)


def test_two_short_steps_are_one_long_one() -> None:
    paths = moving(60.0, 0.05, 1.0)
    once, twice = paths.later(0.2), paths.later(0.07).later(0.13)
    for name, values in vars(once).items():
        assert getattr(twice, name) == pytest.approx(values), name


@pytest.mark.parametrize("rate", [2.0, 10.0, 30.0, 60.0])
def test_a_steady_speed_is_learned_at_any_rate(rate: float) -> None:
    paths = moving(40.0, 1.0 / rate, 3.0)
    assert paths.velocities[0, 0] == pytest.approx(40.0, rel=0.45)
    assert abs(paths.velocities[0, 1]) < 1e-6


def test_left_alone_it_comes_to_rest_and_grows_unsure() -> None:
    paths = moving(60.0, 1 / 30, 2.0)
    soon, late = paths.later(0.5), paths.later(5.0)
    assert abs(late.velocities[0, 0]) < 0.1
    assert late.centres[0, 0] - paths.centres[0, 0] < 60.0
    assert paths.spreads[0, 0] < soon.spreads[0, 0] < late.spreads[0, 0]


def test_a_box_that_is_half_hidden_keeps_its_other_edges() -> None:
    """Something slides before its right half: three edges stay, one is far off."""
    paths = followed([BOX[0].tolist()] * 20, 1 / 30)
    half = np.array([[100.0, 100.0, 130.0, 180.0]])
    paths = paths.later(1 / 30)
    errors = paths.errors(half, SIZE)
    elsewhere = paths.errors(BOX + 30.0, SIZE)
    assert paths.surprise(errors)[0, 0] < paths.surprise(elsewhere)[0, 0]
    after, belief = paths.seen(np.array([0]), errors[:, 0])
    assert belief[0, 2] < 0.1 and belief[0, [0, 1, 3]].min() == 1.0
    assert after.boxes[0] == pytest.approx(BOX[0], abs=2.0)


def test_an_edge_at_the_border_says_only_that_it_reaches_there() -> None:
    paths = Paths.begun(np.array([[-30.0, 100.0, 40.0, 180.0]]))
    seen = np.array([[0.0, 100.0, 40.0, 180.0]])
    assert paths.errors(seen, SIZE)[0, 0].tolist() == [0.0, 0.0, 0.0, 0.0]
    assert paths.errors(seen + np.array([5.0, 0.0, 0.0, 0.0]), SIZE)[0, 0, 0] == 35.0
    beyond = Paths.begun(np.array([[600.0, 400.0, 700.0, 500.0]]))
    assert beyond.errors(np.array([[600.0, 400.0, 640.0, 480.0]]), SIZE)[0, 0].tolist() == [0] * 4


def test_what_is_shown_of_a_thing() -> None:
    paths = Paths.begun(np.array([[100.0, 100.0, 200.0, 200.0]]))
    boxes = np.array([[0.0, 100.0, 25.0, 200.0], [300.0, 300.0, 310.0, 310.0]])
    assert paths.shown(boxes, SIZE)[0].tolist() == [0.25, 1.0]


def test_the_camera_carries_it_along() -> None:
    motion = AffineMap(1.1 * np.eye(2), np.array([10.0, 20.0]), 3.0)
    before = Paths.begun(BOX)
    after = before.carried(motion)
    assert after.boxes[0] == pytest.approx((BOX * 1.1 + [10, 20, 10, 20])[0])
    assert after.spreads[0, 0] > before.spreads[0, 0]


def test_whole_boxes() -> None:
    boxes = np.array([[0.0, 50.0, 20.0, 90.0], [600.0, 470.0, 640.0, 480.0], [0.0, 0, 640, 480]])
    sides = np.array([[60.0, 40.0], [40.0, 30.0], [900.0, 900.0]])
    expected = [[-40.0, 50.0, 20.0, 90.0], [600.0, 470.0, 640.0, 500.0], [0.0, 0, 640, 480]]
    assert whole(boxes, sides, SIZE).tolist() == expected
