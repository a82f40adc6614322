"""Predictions of one object, averaged."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from vlm_ros.models.merging import merged
from vlm_ros.regions import ClassLogits, EmbeddedRegions


def _regions(boxes: list[list[float]], objectness: list[float]) -> EmbeddedRegions:
    count = len(boxes)
    angles = np.linspace(0.0, 1.0, count)
    return EmbeddedRegions(
        boxes=np.asarray(boxes, np.float32).reshape(-1, 4),
        objectness=np.asarray(objectness, np.float32),
        embeddings=np.stack([np.cos(angles), np.sin(angles)], 1).astype(np.float32),
        logit_scale=np.arange(count, dtype=np.float32),
        logit_shift=np.zeros(count, np.float32),
        embed=lambda phrases: np.zeros((len(phrases), 2), np.float32),
    )


def test_a_box_moves_towards_those_that_agree_with_it() -> None:
    regions = _regions([[0, 0, 10, 10], [0, 0, 10, 12], [50, 50, 60, 60]], [0.8, 0.8, 0.8])
    one = merged(regions, np.asarray([0]), 0.6)
    # Weights 1 and 10/12, by hand.
    assert one.boxes[0] == pytest.approx([0, 0, 10, (10 + 12 * 10 / 12) / (1 + 10 / 12)])
    assert one.embeddings[0] != pytest.approx(regions.embeddings[0])
    assert np.linalg.norm(one.embeddings[0]) == pytest.approx(1.0)


def test_the_surer_counts_more() -> None:
    boxes = [[0.0, 0.0, 10.0, 10.0], [0.0, 0.0, 10.0, 12.0]]
    sure = merged(_regions(boxes, [0.9, 0.9]), np.asarray([0]), 0.6).boxes[0, 3]
    unsure = merged(_regions(boxes, [0.9, 0.3]), np.asarray([0]), 0.6).boxes[0, 3]
    assert 10 < unsure < sure < 12


def test_what_overlaps_too_little_says_nothing() -> None:
    regions = _regions([[0, 0, 10, 10], [0, 0, 10, 20], [50, 50, 60, 60]], [0.9, 0.9, 0.9])
    kept = merged(regions, np.asarray([2, 0]), 0.6)
    assert (kept.boxes == regions.boxes[[2, 0]]).all()
    assert kept.embeddings == pytest.approx(regions.embeddings[[2, 0]])
    assert (kept.logit_scale == [2, 0]).all()


def test_probabilities_of_classes_are_averaged_too() -> None:
    regions = _regions([[0, 0, 10, 10], [0, 0, 10, 12], [50, 50, 60, 60]], [0.8, 0.8, 0.8])
    values = np.array([[1.0, -99.0], [3.0, -99.0], [9.0, 9.0]], np.float32)
    regions = replace(regions, classes=ClassLogits(("cup", "bowl"), values))
    one = merged(regions, np.asarray([0]), 0.6).classes
    assert one is not None and one.names == ("cup", "bowl")
    # Weights 1 and 10/12, by hand.
    probabilities = 1 / (1 + np.exp(-1.0)), 1 / (1 + np.exp(-3.0))
    mean = (probabilities[0] + probabilities[1] * 10 / 12) / (1 + 10 / 12)
    assert one.values[0, 0] == pytest.approx(np.log(mean / (1 - mean)), abs=1e-4)
    assert -20 < one.values[0, 1] < -5, "finite, and still no bowl"


def test_no_regions() -> None:
    assert len(merged(_regions([], []), np.zeros(0, np.intp), 0.6)) == 0
