"""Depth as sensors measure it."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from vlm_ros.evaluation.depth_noise import SENSORS, Sensor, exact, stereo, torn
from vlm_ros.geometry.camera import Intrinsics

CAMERA = Intrinsics(320, 240, 300.0, 300.0, 159.5, 119.5)


def _wall(distance: float) -> NDArray[np.float32]:
    return np.full((240, 320), distance, np.float32)


@pytest.mark.parametrize(("distance", "deviation"), [(0.5, 0.0011), (1.0, 0.0042), (2.0, 0.0166)])
def test_stereo_noise_grows_with_the_square_of_the_distance(
    distance: float, deviation: float
) -> None:
    measured = stereo(_wall(distance), CAMERA, np.random.default_rng(0))
    seen = measured[measured > 0]
    assert seen.std() == pytest.approx(deviation, rel=0.15)
    assert seen.mean() == pytest.approx(distance, rel=0.005)
    assert 0.95 < len(seen) / measured.size < 0.995, "blots are holes"


def test_stereo_measures_in_steps() -> None:
    seen = np.unique(stereo(_wall(1.0), CAMERA, np.random.default_rng(0)))
    assert len(seen) < 60
    near = seen[(seen > 0.98) & (seen < 1.02)]
    assert np.diff(near).min() == pytest.approx(1 / (385 * 0.05 * 32), rel=0.1)


def test_stereo_is_blind_beside_what_is_near() -> None:
    depth = _wall(1.0)
    depth[60:180, 150:200] = 0.5
    measured = stereo(depth, CAMERA, np.random.default_rng(0))
    hole = measured[80:160] == 0
    beside, far = hole[:, 136:149].mean(), hole[:, 20:100].mean()
    assert beside > 0.7 > 0.1 > far
    assert hole[:, 205:300].mean() < 0.1, "on the other side it is not"


def test_stereo_sees_nothing_where_there_is_nothing() -> None:
    assert not stereo(_wall(0.0), CAMERA, np.random.default_rng(0)).any()


def test_torn_depth_lacks_a_quarter() -> None:
    measured = torn(_wall(1.0), CAMERA, np.random.default_rng(0))
    kept = measured == 1.0
    assert kept.mean() == pytest.approx(0.75, abs=0.02)
    missing = measured[~kept]
    assert np.isnan(missing).any() and np.isinf(missing).any() and (missing == 0).any()


@pytest.mark.parametrize("sensor", SENSORS.values(), ids=SENSORS)
def test_the_same_randomness_measures_the_same(sensor: Sensor) -> None:
    depth = np.random.default_rng(1).uniform(0.4, 1.2, (240, 320)).astype(np.float32)
    before = depth.copy()
    first, second = (sensor(depth, CAMERA, np.random.default_rng(7)) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    np.testing.assert_array_equal(depth, before)
    assert exact(depth, CAMERA, np.random.default_rng(0)) is depth
