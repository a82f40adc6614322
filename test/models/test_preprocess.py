"""Letterboxing and normalising."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from vlm_ros.models.folder import VisionSpec
from vlm_ros.models.preprocess import ImageInput


def _spec(
    mean: tuple[float, float, float] = (0, 0, 0), std: tuple[float, float, float] = (1, 1, 1)
) -> VisionSpec:
    return VisionSpec(Path("unused"), 64, 32, mean, std, 114, 0.1, 0.6, 10)


def test_padding_and_content() -> None:
    image = np.full((20, 20, 3), (10, 20, 30), np.uint8)
    tensor, letterbox = ImageInput(_spec())(image)
    assert tensor.shape == (1, 3, 32, 64)
    assert (letterbox.left, letterbox.top) == (16, 0)
    assert (tensor[0, :, :, :16] == 114).all() and (tensor[0, :, :, 48:] == 114).all()
    assert tensor[0, :, 16, 32].tolist() == [10, 20, 30]


def test_padding_is_renewed_when_the_size_changes() -> None:
    prepare = ImageInput(_spec())
    prepare(np.zeros((32, 64, 3), np.uint8))
    tensor, _ = prepare(np.zeros((20, 20, 3), np.uint8))
    assert (tensor[0, :, :, :16] == 114).all()


def test_normalisation() -> None:
    image = np.full((32, 64, 3), (10, 20, 30), np.uint8)
    tensor, _ = ImageInput(_spec((1, 2, 3), (2, 4, 8)))(image)
    assert tensor[0, :, 0, 0].tolist() == pytest.approx([4.5, 4.5, 27 / 8])
