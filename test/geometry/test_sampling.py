"""Pixels of boxes on grids."""

from __future__ import annotations

import numpy as np
import pytest

from vlm_ros.geometry.camera import Intrinsics, deproject
from vlm_ros.geometry.sampling import sample, surroundings, windows_of, within

CAMERA = Intrinsics(64, 48, 50.0, 60.0, 31.5, 23.5)


@pytest.mark.parametrize(
    ("box", "window"),
    [
        ((1.2, 2.9, 10.0, 11.1), (1, 2, 10, 12)),
        ((-5, -5, 3, 4), (0, 0, 3, 4)),
        ((60, 40, 99, 99), (60, 40, 64, 48)),
        ((7, 7, 7, 9), None),
        ((9, 9, 5, 5), None),
        ((70, 5, 80, 9), None),
        ((np.nan, 0, 5, 5), None),
        ((0, 0, np.inf, 5), None),
    ],
)
def test_windows(box: tuple[float, ...], window: tuple[int, ...] | None) -> None:
    windows, usable = windows_of([box], 64, 48)
    assert usable.tolist() == [window is not None]
    if window is not None:
        assert tuple(windows[0]) == window


def test_surroundings_stay_in_the_image() -> None:
    windows = np.array([[10, 10, 50, 30], [0, 0, 4, 4], [30, 20, 64, 48]])
    assert surroundings(windows, 64, 48).tolist() == [
        [0, 5, 60, 35],
        [0, 0, 8, 8],
        [22, 13, 64, 48],
    ]


def test_points_are_those_of_the_pixels() -> None:
    depth = np.random.default_rng(0).uniform(0.5, 2.0, (48, 64)).astype(np.float32)
    windows = np.array([[3, 5, 61, 44], [0, 0, 64, 48]])
    grids = sample(depth, windows, 8, CAMERA)
    assert grids.valid.all() and grids.looked_at.tolist() == [64, 64]
    for index, (left, top, right, bottom) in enumerate(windows):
        columns, rows = np.meshgrid(grids.columns[index], grids.rows[index])
        assert columns.min() >= left and columns.max() < right
        assert rows.min() >= top and rows.max() < bottom
        # As far from one edge as from the other, within a pixel.
        assert abs((columns.min() - left) - (right - 1 - columns.max())) <= 1
        expected = deproject(np.stack([columns, rows], -1), depth[rows, columns], CAMERA)
        assert np.moveaxis(grids.points[:, index], 0, -1) == pytest.approx(expected, rel=1e-6)


def test_a_small_window_has_each_pixel_once() -> None:
    depth = np.ones((48, 64), np.float32)
    depth[10, 10] = 0.0
    grids = sample(depth, np.array([[9, 9, 14, 12]]), 8, CAMERA)
    assert grids.looked_at.tolist() == [15]
    assert grids.valid.sum() == 14
    seen = {
        (row, column)
        for row, column, valid in zip(
            np.repeat(grids.rows[0], 8),
            np.tile(grids.columns[0], 8),
            grids.valid.ravel(),
            strict=True,
        )
        if valid
    }
    assert seen == {(r, c) for r in range(9, 12) for c in range(9, 14)} - {(10, 10)}


@pytest.mark.parametrize("hole", [0.0, -1.0, np.nan, np.inf, -np.inf])
def test_holes(hole: float) -> None:
    grids = sample(np.full((48, 64), hole, np.float32), np.array([[0, 0, 64, 48]]), 4, CAMERA)
    assert not grids.valid.any()
    assert (grids.points == 0).all()


def test_within() -> None:
    depth = np.ones((48, 64), np.float32)
    grids = sample(depth, np.array([[0, 0, 64, 48]] * 2), 16, CAMERA)
    inside = within(grids, np.array([[0, 0, 32, 48], [70, 0, 80, 5]]))
    assert inside[0].sum() == 128 and not inside[1].any()
    assert inside[0][:, :8].all() and not inside[0][:, 8:].any()
