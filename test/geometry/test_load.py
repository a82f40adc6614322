"""What lies on a flat thing."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vlm_ros.geometry.load import without_load

BOOK = np.zeros((60, 80), bool)
BOOK[10:50, 10:70] = True


def _heights() -> NDArray[np.float32]:
    heights = np.zeros(BOOK.shape, np.float32)
    heights[BOOK] = 0.03
    return heights


def test_an_apple_is_no_part_of_a_book() -> None:
    heights = _heights()
    heights[20:35, 30:50] = 0.09
    kept = without_load(BOOK, heights)
    assert not kept[20:35, 30:50].any()
    assert kept.sum() == BOOK.sum() - 15 * 20


def test_the_rim_of_a_tray_is_part_of_it() -> None:
    heights = _heights()
    heights[10:13, 10:70] = heights[47:50, 10:70] = 0.05
    heights[10:50, 10:13] = heights[10:50, 67:70] = 0.05
    assert without_load(BOOK, heights).sum() == BOOK.sum()


def test_what_is_not_flat_bears_nothing() -> None:
    heights = np.zeros(BOOK.shape, np.float32)
    heights[BOOK] = np.linspace(0.0, 0.2, BOOK.sum())
    heights[20:35, 30:50] = 0.3
    assert without_load(BOOK, heights).sum() == BOOK.sum()


def test_few_pixels_and_absurd_heights_are_left_as_they_are() -> None:
    few = np.zeros(BOOK.shape, bool)
    few[0, :50] = True
    rising = np.linspace(0, 1, BOOK.size, dtype=np.float32).reshape(BOOK.shape)
    assert without_load(few, rising).sum() == 50
    assert not without_load(np.zeros_like(BOOK), rising).any()
    heights = _heights()
    heights[20, 30] = 1e6
    assert without_load(BOOK, heights).sum() >= BOOK.sum() - 1
