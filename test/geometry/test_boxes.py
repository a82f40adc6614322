from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from vlm_ros.geometry.boxes import FITS, Letterbox, area, centres, clip, coverage, iou, nms


def random_boxes(count: int, seed: int = 0) -> NDArray[np.float32]:
    random = np.random.default_rng(seed)
    corner = random.uniform(0, 500, (count, 2))
    return np.hstack([corner, corner + random.uniform(1, 140, (count, 2))]).astype(np.float32)


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ((0, 0, 10, 10), (0, 0, 10, 10), 1.0),
        ((0, 0, 10, 10), (5, 0, 15, 10), 1 / 3),
        ((0, 0, 10, 10), (10, 0, 20, 10), 0.0),
        ((0, 0, 10, 10), (2, 2, 4, 4), 0.04),
        ((0, 0, 0, 0), (0, 0, 0, 0), 0.0),
        ((5, 5, 1, 1), (0, 0, 10, 10), 0.0),
    ],
)
def test_iou(first: tuple[int, ...], second: tuple[int, ...], expected: float) -> None:
    assert iou([first], [second])[0, 0] == pytest.approx(expected)


def test_iou_is_symmetric_and_one_with_itself() -> None:
    boxes = random_boxes(40)
    overlaps = iou(boxes, boxes)
    assert overlaps.shape == (40, 40)
    np.testing.assert_allclose(overlaps, overlaps.T)
    np.testing.assert_allclose(np.diag(overlaps), 1.0)


def test_no_boxes_give_empty_matrices() -> None:
    assert iou(np.zeros((0, 4)), random_boxes(3)).shape == (0, 3)
    assert coverage(random_boxes(3), np.zeros((0, 4))).shape == (3, 0)


def test_coverage_is_the_share_of_the_inner_box() -> None:
    assert coverage([(0, 0, 10, 10)], [(5, 0, 100, 100)])[0, 0] == pytest.approx(0.5)
    assert coverage([(5, 0, 100, 100)], [(0, 0, 10, 10)])[0, 0] == pytest.approx(50 / 9500)


def test_area_centres_clip() -> None:
    assert area([(0, 0, 4, 5), (3, 3, 1, 1)]).tolist() == [20, 0]
    assert centres([(0, 2, 4, 6)]).tolist() == [[2, 4]]
    assert clip([(-5, 10, 700, 500)], 640, 480).tolist() == [[0, 10, 640, 480]]
    assert area(clip([(700, 10, 900, 50)], 640, 480)).tolist() == [0]


def test_nms_keeps_the_best_of_what_overlaps() -> None:
    boxes = [(0, 0, 10, 10), (1, 0, 11, 10), (50, 50, 60, 60), (0, 0, 10, 10)]
    assert nms(boxes, [0.5, 0.9, 0.3, 0.6], 0.5).tolist() == [1, 2]
    assert nms(boxes, [0.5, 0.9, 0.3, 0.6], 1.0).tolist() == [1, 3, 0, 2]


def test_nms_drops_what_is_not_finite() -> None:
    boxes = [(0, 0, 10, 10), (0, 0, np.nan, 10), (50, 50, 60, 60)]
    assert nms(boxes, [np.inf, 0.9, 0.3], 0.5).tolist() == [2]
    assert nms(np.zeros((0, 4)), [], 0.5).tolist() == []


def test_nms_leaves_no_overlap_and_covers_every_box() -> None:
    boxes = random_boxes(200)
    kept = nms(boxes, np.random.default_rng(1).uniform(size=200), 0.4)
    overlaps = iou(boxes[kept], boxes[kept])
    np.fill_diagonal(overlaps, 0)
    assert overlaps.max() <= 0.4
    dropped = np.setdiff1d(np.arange(200), kept)
    assert (iou(boxes[dropped], boxes[kept]).max(axis=1) > 0.4).all()


@pytest.mark.parametrize(
    ("source", "model"),
    [((640, 480), (384, 384)), ((481, 1283), (416, 320)), ((64, 48), (640, 640)), ((7, 5), (3, 9))],
)
def test_letterbox_round_trip(source: tuple[int, int], model: tuple[int, int]) -> None:
    letterbox = Letterbox.fit(*source, *model)
    boxes = clip(random_boxes(30), *source)
    there = letterbox.to_model(boxes)
    np.testing.assert_allclose(letterbox.to_source(there), boxes, atol=1e-3)
    whole = letterbox.to_model([0, 0, *source])
    assert (whole >= 0).all()
    assert whole[2] <= model[0]
    assert whole[3] <= model[1]
    assert np.isclose(whole[2] - whole[0], model[0], atol=1) or np.isclose(
        whole[3] - whole[1], model[1], atol=1
    )


def test_letterbox_known_values() -> None:
    letterbox = Letterbox.fit(640, 480, 320, 320)
    assert letterbox.to_model([64, 48, 128, 96]).tolist() == [32, 24 + 40, 64, 48 + 40]
    assert letterbox.to_source([0, 0, 320, 320]).tolist() == [0, 0, 640, 480]


@pytest.mark.parametrize(
    ("name", "whole"),
    [
        ("letterbox", [0, 40, 320, 280]),
        ("corner", [0, 0, 320, 240]),
        ("stretch", [0, 0, 320, 320]),
        ("pad_square", [0, 0, 320, 240]),
    ],
)
def test_where_each_way_to_fit_lays_an_image(name: str, whole: list[float]) -> None:
    fitted = FITS[name](640, 480, 320, 320)
    assert fitted.to_model([0, 0, 640, 480]).tolist() == whole
    boxes = clip(random_boxes(30), 640, 480)
    np.testing.assert_allclose(fitted.to_source(fitted.to_model(boxes)), boxes, atol=1e-3)


def test_a_padded_square_is_scaled_alike_on_both_axes() -> None:
    # 333 of 517 rows are no whole number of 960.
    fitted = Letterbox.square(517, 333, 960, 960)
    assert fitted.to_source([0, 0, 960, 480]).tolist() == pytest.approx([0, 0, 517, 258.5])


@pytest.mark.parametrize("fit", FITS.values())
def test_no_way_to_fit_takes_an_empty_image(fit: Callable[..., Letterbox]) -> None:
    with pytest.raises(ValueError, match="0x480"):
        fit(0, 480, 320, 320)
