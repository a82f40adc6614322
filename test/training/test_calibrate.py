"""Platt scaling recovers the curve that made the data."""

from __future__ import annotations

import numpy as np
import pytest

from vlm_ros.training.calibrate import fit_logistic


def test_recovers_scale_and_shift() -> None:
    rng = np.random.default_rng(0)
    values = rng.uniform(-1, 1, 20000)
    right = (rng.random(20000) < 1 / (1 + np.exp(-(8.0 * values - 3.0)))).astype(float)
    assert fit_logistic(values, right) == pytest.approx((8.0, -3.0), rel=0.1)


def test_separable_data_stays_finite() -> None:
    scale, shift = fit_logistic(np.array([0.1, 0.2, 0.8, 0.9]), np.array([0.0, 0, 1, 1]))
    assert np.isfinite([scale, shift]).all() and scale > 0
