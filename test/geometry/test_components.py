"""Which pixels belong together."""

from __future__ import annotations

import numpy as np
import pytest

from vlm_ros.geometry.components import components, fits, together


def test_a_step_in_depth_separates() -> None:
    z = np.full((20, 30), 1.0, np.float32)
    z[:, 15:] = 1.1
    parts = components(np.ones(z.shape, bool), z)
    assert len(parts) == 3
    assert len(np.unique(parts.labels[:, :15])) == len(np.unique(parts.labels[:, 15:])) == 1
    assert sorted(parts.edges[1:].tolist()) == [[0, 0, 15, 20], [15, 0, 30, 20]]


def test_a_slope_does_not() -> None:
    z = np.linspace(0.5, 0.8, 40, dtype=np.float32) * np.ones((20, 1), np.float32)
    assert len(components(np.ones(z.shape, bool), z)) == 2


def test_two_surfaces_that_meet_somewhere_are_one() -> None:
    """As those of a box are: a step at one place is none where there is a way round."""
    z = np.full((20, 30), 1.0, np.float32)
    z[:10, 15:] = 1.1
    z[10:, 15:] = np.linspace(1.0, 1.1, 15)
    parts = components(np.ones(z.shape, bool), z)
    assert parts.labels[15, 0] == parts.labels[15, 29]


def test_pixels_that_are_not_asked_for_join_nothing() -> None:
    pixels = np.ones((9, 9), bool)
    pixels[:, 4] = False
    parts = components(pixels, np.ones((9, 9), np.float32))
    assert len(parts) == 3
    assert (parts.labels[:, 4] == 0).all() and (parts.labels[pixels] > 0).all()
    assert len(components(np.zeros((9, 9), bool), np.ones((9, 9), np.float32))) == 1


@pytest.mark.parametrize(
    ("edges", "expected"),
    [
        ((0, 0, 10, 10), 1.0),
        ((0, 0, 5, 10), 0.5),
        ((5, 0, 15, 10), 1 / 3),
        ((20, 0, 30, 10), 0.0),
    ],
)
def test_how_well_a_part_fits(edges: tuple[float, ...], expected: float) -> None:
    assert fits(np.array(edges, float), (0.0, 0.0, 10.0, 10.0)) == pytest.approx(expected)


def test_together() -> None:
    joined = together(np.array([0.0, 5.0, 3.0, 9.0]), np.array([2.0, 1.0, 8.0, 7.0]))
    assert joined.tolist() == [0, 1, 8, 9]
