"""A window of a depth image."""

from __future__ import annotations

import numpy as np
import pytest

from vlm_ros.geometry.camera import Intrinsics, deproject
from vlm_ros.geometry.crop import crop

CAMERA = Intrinsics(64, 48, 50.0, 60.0, 31.5, 23.5)
WINDOW = np.array([10, 8, 50, 40])


def test_points_are_those_of_the_pixels() -> None:
    depth = np.random.default_rng(0).uniform(0.5, 2.0, (48, 64)).astype(np.float32)
    part = crop(depth, WINDOW, 10_000, CAMERA)
    assert part.step == 1 and part.measured.all()
    columns, rows = np.meshgrid(np.arange(10, 50), np.arange(8, 40))
    expected = deproject(np.stack([columns, rows], axis=-1), depth[8:40, 10:50], CAMERA)
    assert np.moveaxis(part.points(), 0, -1) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("most", [40 * 32, 40 * 32 // 2, 200, 30])
def test_it_is_as_coarse_as_asked_and_back_again(most: int) -> None:
    part = crop(np.ones((48, 64), np.float32), WINDOW, most, CAMERA)
    assert part.z.size <= 1.3 * most
    full = part.full(np.ones(part.z.shape, bool), 64, 48)
    assert full.shape == (48, 64)
    assert full[8:40, 10:50].mean() > 0.9
    assert full.sum() == full[8 : 40 + part.step, 10 : 50 + part.step].sum()


def test_a_mask_at_the_edge_of_the_image() -> None:
    part = crop(np.ones((48, 64), np.float32), np.array([1, 1, 64, 48]), 300, CAMERA)
    assert part.full(np.ones(part.z.shape, bool), 64, 48)[1:, 1:].all()


@pytest.mark.parametrize("hole", [0.0, -1.0, np.nan, np.inf])
def test_small_holes_are_bridged_with_what_is_behind(hole: float) -> None:
    depth = np.full((48, 64), 1.0, np.float32)
    depth[:, 30:] = 2.0
    depth[20:22, 28:32] = hole
    depth[12:32, 40:48] = hole
    part = crop(depth, WINDOW, 10_000, CAMERA)
    assert not part.measured[12:14, 18:22].any()
    np.testing.assert_array_equal(part.z[12:14, 18], 1.0)
    np.testing.assert_array_equal(part.z[12:14, 19:22], 2.0)
    assert not part.known[10:18, 33:36].any(), "a large hole stays one"
