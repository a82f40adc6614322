from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from vlm_ros.errors import SimulationError
from vlm_ros.simulation.textures import PAINTERS, noise, paint, photograph

RED, WHITE = (0.8, 0.1, 0.1), (1.0, 1.0, 1.0)


@pytest.mark.parametrize("texture", PAINTERS)
def test_a_texture_is_a_function_of_its_seed(texture: str) -> None:
    first = paint(texture, 3, 128, RED, WHITE)
    assert first.shape == (128, 128, 3)
    assert first.dtype == np.uint8
    assert np.array_equal(first, paint(texture, 3, 128, RED, WHITE))
    assert not np.array_equal(first, paint(texture, 3, 128, WHITE, RED))


@pytest.mark.parametrize("texture", ["stripes", "bands", "dots", "checks"])
def test_a_pattern_shows_both_colours(texture: str) -> None:
    picture = paint(texture, 0, 128, RED, WHITE).reshape(-1, 3)
    white = np.mean(np.all(picture == 255, axis=1))
    assert 0.15 < white < 0.6


def test_noise_tiles_without_a_seam() -> None:
    field = noise(np.random.default_rng(0), 128, (4, 4), 2)
    inner = np.abs(np.diff(field, axis=1)).max()
    assert np.abs(field[:, 0] - field[:, -1]).max() <= inner * 1.5


def test_a_photograph_becomes_a_square(tmp_path: Path) -> None:
    path = tmp_path / "photograph.png"
    pixels = np.zeros((40, 80, 3), np.uint8)
    pixels[..., 2] = 200  # red, in OpenCV's order
    cv2.imwrite(str(path), pixels)
    square = photograph(path, 64)
    assert square.shape == (64, 64, 3)
    assert np.all(square[..., 0] == 200)
    assert np.all(square[..., 1:] == 0)


def test_a_broken_photograph_is_named(tmp_path: Path) -> None:
    path = tmp_path / "broken.jpg"
    path.write_bytes(b"not a picture")
    with pytest.raises(SimulationError, match=r"broken\.jpg"):
        photograph(path, 64)
