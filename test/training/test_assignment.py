"""SimOTA on hand-made predictions."""

from __future__ import annotations

import pytest

pytest.importorskip("torch", reason="needs the 'train' extra: make train-env")

import torch

from vlm_ros.training.assignment import assign, pairwise_iou


def test_pairwise_iou() -> None:
    a = torch.tensor([[0.0, 0, 10, 10], [0, 0, 0, 0]])
    b = torch.tensor([[0.0, 0, 10, 10], [5, 0, 15, 10], [20, 20, 30, 30]])
    assert pairwise_iou(a, b).tolist() == [pytest.approx([1, 1 / 3, 0]), [0, 0, 0]]


def _grid() -> tuple[torch.Tensor, torch.Tensor]:
    rows, columns = torch.meshgrid(torch.arange(8), torch.arange(8), indexing="ij")
    centers = torch.stack([columns, rows], -1).reshape(-1, 2).float() * 8 + 4
    return centers, torch.full((64,), 8.0)


def test_points_go_to_the_object_they_predict() -> None:
    centers, strides = _grid()
    boxes = torch.cat([centers - 10, centers + 10], 1)
    truth = torch.tensor([[2.0, 2, 22, 22], [34, 34, 54, 54]])
    points, objects, best = assign(boxes, torch.zeros(64), centers, strides, truth)
    assert set(objects.tolist()) == {0, 1}
    for point, thing in zip(points, objects, strict=True):
        middle = (truth[thing, :2] + truth[thing, 2:]) / 2
        assert (centers[point] - middle).abs().max() < 2.5 * 8
    assert len(points.unique()) == len(points), "a point learns one object at most"
    assert best.max() > 0.8


def test_a_picture_without_objects() -> None:
    centers, strides = _grid()
    boxes = torch.cat([centers - 10, centers + 10], 1)
    points, objects, best = assign(boxes, torch.zeros(64), centers, strides, torch.zeros(0, 4))
    assert len(points) == len(objects) == 0
    assert best.max() == 0
