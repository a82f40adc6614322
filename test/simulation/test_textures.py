from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from vlm_ros.errors import SimulationError
from vlm_ros.simulation.finishes import Repaint
from vlm_ros.simulation.pixels import noise
from vlm_ros.simulation.textures import PAINTERS, paint, photograph, repainted

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


@pytest.mark.parametrize("paper", [WHITE, (0.1, 0.1, 0.1)], ids=["white", "black"])
def test_lettering_can_be_told_from_its_paper_and_leaves_most_of_it_bare(
    paper: tuple[float, float, float],
) -> None:
    for seed in range(12):
        picture = paint("lettering", seed, 128, paper, paper).astype(int)
        bare = np.abs(picture - np.array(paper) * 255).max(axis=2) < 40
        assert 0.6 < bare.mean() < 0.995


@pytest.mark.parametrize("ground", [RED, WHITE, (0.05, 0.1, 0.6)], ids=["red", "white", "blue"])
def test_a_package_is_printed_and_keeps_its_colour(ground: tuple[float, float, float]) -> None:
    shares = []
    for seed in range(20):
        picture = paint("packaging", seed, 128, ground, ground).astype(int)
        shares.append(np.mean(np.abs(picture - np.array(ground) * 255).max(axis=2) < 30))
    assert min(shares) > 0.4 and np.median(shares) > 0.6 and max(shares) < 0.99


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


def test_paint_keeps_light_and_shade() -> None:
    ramp = np.linspace(60, 220, 64)[None, :, None] * np.array([1.0, 0.1, 0.1])
    red = np.broadcast_to(ramp, (8, 64, 3)).astype(np.uint8)
    blue = repainted(red, Repaint("", (0.1, 0.2, 0.9))).astype(int)
    assert np.all(blue[..., 2] > 2 * blue[..., 0])
    assert np.all(np.diff(blue[0, :, 2]) >= 0), "shade is lost"
    assert blue[0, -1, 2] > 1.3 * blue[0, 0, 2]


@pytest.mark.parametrize(
    ("source", "painted", "kept"),
    [
        ("red", (200, 30, 30), (220, 220, 220)),
        ("red", (200, 30, 30), (30, 40, 200)),
        ("yellow", (230, 210, 20), (200, 30, 30)),
        ("light green", (150, 220, 110), (240, 240, 240)),
        ("black", (20, 20, 20), (230, 230, 230)),
    ],
)
def test_only_the_colour_named_is_painted(
    source: str, painted: tuple[int, int, int], kept: tuple[int, int, int]
) -> None:
    picture = np.array([[painted, kept]] * 4, np.uint8)
    after = repainted(picture, Repaint(source, (0.6, 0.2, 0.7)))
    red, green, blue = (int(value) for value in after[0, 0])
    assert min(red, blue) > 1.5 * green, "it is not purple"
    assert np.array_equal(after[:, 1], picture[:, 1])
