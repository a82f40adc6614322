"""Which reading of the depth around a box is taken."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from vlm_ros.geometry.camera import Intrinsics
from vlm_ros.geometry.segmentation import segment

# Looked at from right above: depth is the distance to the table less the height.
CAMERA = Intrinsics(320, 240, 300.0, 300.0, 159.5, 119.5)


def _above(*things: tuple[tuple[int, int, int, int], float]) -> NDArray[np.float32]:
    """Depth 0.8 m above a table with blocks: their xyxy pixels and heights in metres."""
    depth = np.full((240, 320), 0.8, np.float32)
    for (left, top, right, bottom), height in things:
        depth[top:bottom, left:right] = 0.8 - height
    return depth


THING = (120, 90, 180, 150)


def test_what_rises_and_fits_is_the_object() -> None:
    found = segment(_above((THING, 0.05), ((190, 60, 240, 200), 0.2)), THING, CAMERA)
    assert found is not None and found.support is not None
    mask = found.crop.full(found.pixels, 320, 240)
    assert mask[90:150, 120:180].all() and mask.sum() == 3600
    assert found.support.offset == pytest.approx(0.8, abs=0.001)
    assert found.support.heights[found.pixels] == pytest.approx(0.05, abs=0.001)


def test_of_two_supports_the_one_that_leaves_the_shape_of_the_box() -> None:
    """A block on a larger block, whose edge is among what surrounds the box."""
    found = segment(_above(((60, 30, 200, 200), 0.06), (THING, 0.1)), THING, CAMERA)
    assert found is not None and found.support is not None
    assert found.support.offset == pytest.approx(0.74, abs=0.001)
    assert found.crop.full(found.pixels, 320, 240).sum() == 3600


def test_pieces_of_one_height_are_one_thing() -> None:
    depth = _above((THING, 0.05))
    depth[:, 146:154] = np.nan
    found = segment(depth, THING, CAMERA)
    assert found is not None
    mask = found.crop.full(found.pixels, 320, 240)
    assert mask[90:150, 120:146].all() and mask[90:150, 154:180].all()


def test_a_piece_of_another_height_is_another_thing() -> None:
    low, high = (120, 90, 146, 150), (154, 90, 180, 150)
    depth = _above((low, 0.05), (high, 0.2))
    found = segment(depth, THING, CAMERA)
    assert found is not None
    mask = found.crop.full(found.pixels, 320, 240)
    assert mask[90:150, 120:146].all() != mask[90:150, 154:180].all()


def test_things_of_one_height_with_the_table_between_are_two() -> None:
    depth = _above(((120, 90, 156, 150), 0.05), ((164, 90, 180, 150), 0.05))
    found = segment(depth, THING, CAMERA)
    assert found is not None
    mask = found.crop.full(found.pixels, 320, 240)
    assert mask[90:150, 120:156].all() and mask.sum() == 60 * 36


def test_what_is_too_flat_is_what_lies_in_the_box() -> None:
    found = segment(_above((THING, 0.001)), THING, CAMERA)
    assert found is not None
    mask = found.crop.full(found.pixels, 320, 240)
    assert mask[90:150, 120:180].all() and mask.sum() == 3600


def test_a_thin_thing_in_noise() -> None:
    """Four millimetres under noise of two: means over neighbours tell it from the table."""
    depth = _above((THING, 0.005)) + np.random.default_rng(0).normal(0, 0.002, (240, 320))
    box = (112, 82, 188, 158)
    found = segment(depth.astype(np.float32), box, CAMERA)
    assert found is not None
    mask = found.crop.full(found.pixels, 320, 240)
    assert mask[90:150, 120:180].mean() > 0.9
    assert mask.sum() < 1.25 * 3600


def test_without_anything_flat_around_there_is_no_support() -> None:
    depth = np.full((240, 320), np.nan, np.float32)
    depth[90:150, 120:180] = 0.6
    depth[90:150, 170:180] = 0.9
    found = segment(depth, THING, CAMERA)
    assert found is not None and found.support is None
    mask = found.crop.full(found.pixels, 320, 240)
    assert mask[90:150, 120:170].all() and not mask[90:150, 172:180].any()
