from __future__ import annotations

import numpy as np
import pytest

from vlm_ros.geometry.rotations import matrix, quaternion


@pytest.mark.parametrize("seed", range(8))
def test_a_quaternion_survives_the_way_through_its_matrix(seed: int) -> None:
    value = np.random.default_rng(seed).normal(size=4)
    value /= np.linalg.norm(value)
    value *= np.sign(value[3])
    assert quaternion(matrix(value)) == pytest.approx(value)


@pytest.mark.parametrize(
    ("value", "turned"),
    [
        ((0.0, 0.0, np.sqrt(0.5), np.sqrt(0.5)), (0, 1, 0)),
        ((0.0, 0.0, 1.0, 0.0), (-1, 0, 0)),
        ((1.0, 0.0, 0.0, 0.0), (1, 0, 0)),
        ((0.0, 1.0, 0.0, 0.0), (-1, 0, 0)),
    ],
)
def test_known_turns_of_the_x_axis(
    value: tuple[float, ...], turned: tuple[float, float, float]
) -> None:
    assert matrix(value) @ [1, 0, 0] == pytest.approx(turned)
    assert np.abs(quaternion(matrix(value))) == pytest.approx(np.abs(value))
