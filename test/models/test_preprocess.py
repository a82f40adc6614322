"""Letterboxing and normalising."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from vlm_ros.models.folder import VisionSpec
from vlm_ros.models.preprocess import ImageInput
from vlm_ros.models.resampling import FILTERS


def _spec(
    mean: tuple[float, float, float] = (0, 0, 0),
    std: tuple[float, float, float] = (1, 1, 1),
    resize: str = "letterbox",
    filter_name: str = "area",
) -> VisionSpec:
    return VisionSpec(
        Path("unused"), 64, 32, mean, std, 114, resize, filter_name, 0.1, 0.6, None, 10
    )


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


def test_the_input_takes_the_shape_asked_for() -> None:
    prepare = ImageInput(_spec(), lambda width, height: (2 * height, height))
    for width, height in ((40, 20), (64, 32), (20, 20)):
        tensor, letterbox = prepare(np.full((height, width, 3), 50, np.uint8))
        assert tensor.shape == (1, 3, height, 2 * height)
        assert (letterbox.left, letterbox.top) == (height - width // 2, 0)
        assert (tensor[0] == 50).mean() == pytest.approx(width / (2 * height))


def test_normalisation() -> None:
    image = np.full((32, 64, 3), (10, 20, 30), np.uint8)
    tensor, _ = ImageInput(_spec((1, 2, 3), (2, 4, 8)))(image)
    assert tensor[0, :, 0, 0].tolist() == pytest.approx([4.5, 4.5, 27 / 8])


@pytest.mark.parametrize("filter_name", FILTERS)
@pytest.mark.parametrize(
    ("resize", "shows"),
    [
        ("letterbox", (slice(0, 32), slice(10, 53))),
        ("corner", (slice(0, 32), slice(0, 43))),
        ("stretch", (slice(0, 32), slice(0, 64))),
    ],
)
def test_where_the_picture_lies(resize: str, shows: tuple[slice, slice], filter_name: str) -> None:
    image = np.full((30, 40, 3), (10, 20, 30), np.uint8)
    prepare = ImageInput(_spec((1, 2, 3), (2, 4, 8), resize, filter_name))
    tensor, fit = prepare(image)
    inside = tensor[0, :, shows[0], shows[1]]
    assert inside == pytest.approx(np.broadcast_to([[[4.5]], [[4.5]], [[27 / 8]]], inside.shape))
    around = np.full(tensor.shape[2:], True)
    around[shows] = False
    padding = (114 - np.array([1, 2, 3])) / [2, 4, 8]
    assert tensor[0][:, around] == pytest.approx(np.repeat(padding[:, None], around.sum(), 1))
    corners = fit.to_model([0, 0, 40, 30])
    rows, columns = shows
    assert corners.tolist() == pytest.approx(
        [columns.start, rows.start, columns.stop, rows.stop], abs=0.5
    )


@pytest.mark.parametrize("filter_name", ["bilinear", "bicubic", "gaussian"])
def test_padded_to_a_square_first(filter_name: str) -> None:
    # 40x30 in 40x40 in 64x32: a quarter of the rows is padding.
    image = np.full((30, 40, 3), 10, np.uint8)
    tensor, fit = ImageInput(_spec(resize="pad_square", filter_name=filter_name))(image)
    assert tensor[0, :, :22] == pytest.approx(10.0, abs=1e-3)
    assert tensor[0, :, 26:] == pytest.approx(114.0, abs=1e-3)
    assert fit.to_source([0, 0, 64, 32]).tolist() == [0, 0, 40, 30]
    assert fit.to_source([32, 12, 64, 24]).tolist() == [20, 15, 40, 30]


@pytest.mark.parametrize("filter_name", FILTERS)
def test_a_frame_leaves_nothing_behind(filter_name: str) -> None:
    rng = np.random.default_rng(0)
    frames = [rng.integers(0, 256, (h, w, 3), np.uint8) for h, w in ((30, 40), (40, 30), (30, 40))]
    prepare = ImageInput(_spec(filter_name=filter_name))
    used = [prepare(frame)[0].copy() for frame in frames]
    for frame, tensor in zip(frames, used, strict=True):
        fresh = ImageInput(_spec(filter_name=filter_name))
        np.testing.assert_array_equal(fresh(frame)[0], tensor)
