"""Filters: what they do to known pictures, and that they are those of Pillow and scipy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from vlm_ros.models.resampling import MATRICES, PILLOW, AreaResampler, MatrixResampler, taps

# Source and target sizes (width, height): greater, smaller, both, neither.
SIZES = [
    ((64, 48), (100, 100)),
    ((640, 480), (96, 96)),
    ((48, 64), (70, 31)),
    ((64, 48), (31, 70)),
    ((37, 53), (37, 53)),
    ((1, 1), (5, 7)),
    ((200, 3), (3, 200)),
]


def _picture(size: tuple[int, int], seed: int = 0) -> NDArray[np.uint8]:
    """Noise that reaches both ends of the scale, so that sharpening must be clipped."""
    noise = np.random.default_rng(seed).integers(-60, 316, (size[1], size[0], 3))
    return noise.clip(0, 255).astype(np.uint8)


def _resampled(name: str, picture: NDArray[np.uint8], target: tuple[int, int]) -> NDArray[Any]:
    """(height, width, 3)."""
    height, width = picture.shape[:2]
    out = np.empty((3, target[1], target[0]), np.float32)
    MatrixResampler(name, (width, height), (width, height), target, 0.0)(picture, out)
    return out.transpose(1, 2, 0)


@pytest.mark.parametrize(("source", "target"), SIZES)
@pytest.mark.parametrize("name", PILLOW)
def test_pillow_does_the_same(name: str, source: tuple[int, int], target: tuple[int, int]) -> None:
    images = pytest.importorskip("PIL.Image", reason="needs Pillow to compare with")
    wider_and_lower = target[0] > source[0] and target[1] < source[1]
    if wider_and_lower and int(images.__version__.split(".")[0]) < 13:
        pytest.skip("before Pillow 13, columns came first here too, with other roundings between")
    picture = _picture(source)
    kind = {"bilinear": images.Resampling.BILINEAR, "bicubic": images.Resampling.BICUBIC}[name]
    expected = np.asarray(images.fromarray(picture).resize(target, kind), np.float32)
    difference = np.abs(_resampled(name, picture, target) - expected)
    # Pillow sums whole numbers: what lies at a half may be rounded the other way.
    assert difference.max() <= 1
    assert (difference > 0).mean() < 0.02


@pytest.mark.parametrize(("source", "target"), SIZES)
def test_scipy_does_the_same(source: tuple[int, int], target: tuple[int, int]) -> None:
    ndimage = pytest.importorskip("scipy.ndimage", reason="needs scipy to compare with")
    picture = _picture(source)
    shape = (*target[::-1], 3)
    factors = np.divide(picture.shape, shape)
    blurred = ndimage.gaussian_filter(
        picture.astype(np.float64), np.maximum(0, (factors - 1) / 2), mode="mirror"
    )
    expected = ndimage.zoom(blurred, 1 / factors, order=1, mode="mirror", grid_mode=True)
    assert np.abs(_resampled("gaussian", picture, target) - expected).max() < 1e-2


@pytest.mark.parametrize("name", MATRICES)
@pytest.mark.parametrize(("source", "target"), SIZES)
def test_an_even_picture_stays_even(
    name: str, source: tuple[int, int], target: tuple[int, int]
) -> None:
    picture = np.full((source[1], source[0], 3), (7, 128, 251), np.uint8)
    resampled = _resampled(name, picture, target)
    assert np.abs(resampled - [7, 128, 251]).max() < 1e-3


@pytest.mark.parametrize("name", MATRICES)
def test_the_same_size_changes_nothing(name: str) -> None:
    picture = _picture((40, 30))
    assert np.abs(_resampled(name, picture, (40, 30)) - picture).max() < 1e-3


@pytest.mark.parametrize("name", MATRICES)
@pytest.mark.parametrize("pad", [0.0, 114.0])
def test_padding_need_not_be_there(name: str, pad: float) -> None:
    picture = _picture((60, 41))
    padded = np.full((60, 60, 3), pad, np.uint8)
    padded[:41] = picture
    expected = _resampled(name, padded, (96, 96))
    out = np.empty((3, 96, 96), np.float32)
    MatrixResampler(name, (60, 41), (60, 60), (96, 96), pad)(picture, out)
    assert np.abs(out.transpose(1, 2, 0) - expected).max() < 1e-3


@pytest.mark.parametrize("name", MATRICES)
@pytest.mark.parametrize(("source", "target"), [(640, 768), (1920, 768), (50, 7), (1, 4)])
def test_taps_are_the_matrix(name: str, source: int, target: int) -> None:
    axis = taps(name, source, target)
    matrix = np.zeros((target, source))
    for row, (first, weights) in enumerate(zip(axis.first, axis.weights, strict=True)):
        assert 0 <= first <= source - len(weights)
        matrix[row, first : first + len(weights)] = weights
    assert np.abs(matrix - MATRICES[name](source, target)).max() < 1e-6
    assert np.abs(matrix.sum(axis=1) - 1.0).max() < 1e-5


def test_area_means() -> None:
    picture = _picture((40, 20))
    out = np.empty((3, 10, 20), np.float32)
    AreaResampler(20, 10)(picture, out)
    means = picture.reshape(10, 2, 20, 2, 3).mean(axis=(1, 3))
    assert np.abs(out.transpose(1, 2, 0) - means).max() < 0.51
