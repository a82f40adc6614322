"""The best pairing, against all pairings."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from numpy.typing import NDArray

from vlm_ros.tracking.assignment import assign


def best_gain(costs: NDArray[np.float64], limit: float) -> float:
    """By trying everything: the least sum of what pairs cost less than the limit."""
    gains = np.minimum(costs - limit, 0.0)
    if gains.shape[0] > gains.shape[1]:
        gains = gains.T
    rows, columns = gains.shape
    return min(
        float(gains[np.arange(rows), list(chosen)].sum())
        for chosen in permutations(range(columns), rows)
    )


@pytest.mark.parametrize("seed", range(60))
def test_nothing_is_cheaper(seed: int) -> None:
    rng = np.random.default_rng(seed)
    costs = rng.integers(-4, 6, (rng.integers(1, 6), rng.integers(1, 6))).astype(np.float64)
    costs[rng.random(costs.shape) < 0.2] = np.inf
    rows, columns = assign(costs, 2.0)
    assert (np.diff(rows) > 0).all()
    assert len(set(columns.tolist())) == len(columns)
    assert (costs[rows, columns] < 2.0).all()
    assert (costs[rows, columns] - 2.0).sum() == pytest.approx(best_gain(costs, 2.0))


def test_the_sum_decides_and_not_the_cheapest_pair() -> None:
    rows, columns = assign(np.array([[1.0, 2.0], [2.0, 9.0]]), 10.0)
    assert (rows.tolist(), columns.tolist()) == ([0, 1], [1, 0])


@pytest.mark.parametrize("shape", [(0, 0), (0, 3), (3, 0)])
def test_nothing_to_pair(shape: tuple[int, int]) -> None:
    rows, columns = assign(np.empty(shape), 1.0)
    assert len(rows) == len(columns) == 0


def test_what_reaches_the_limit_stays_alone() -> None:
    rows, _ = assign(np.array([[1.0], [2.0]]), 1.0)
    assert len(rows) == 0
