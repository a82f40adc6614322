"""The losses reward what they should."""

from __future__ import annotations

import dataclasses

import pytest

pytest.importorskip("torch", reason="needs the 'train' extra: make train-env")

import torch

from vlm_ros.training.losses import (
    BACKGROUND_PER_IMAGE,
    box_loss,
    match_regions,
    matching_loss,
    memory_loss,
    objectness_loss,
)
from vlm_ros.training.network import DenseRegions, PublishedRegions
from vlm_ros.training.nouns import FALSE, TRUE, UNSURE


def _dense(offset: float, logit_on: float) -> tuple[DenseRegions, list[torch.Tensor]]:
    rows, columns = torch.meshgrid(torch.arange(8), torch.arange(8), indexing="ij")
    centers = torch.stack([columns, rows], -1).reshape(-1, 2).float() * 8 + 4
    boxes = torch.cat([centers - 12 + offset, centers + 12 + offset], 1)[None]
    truth = torch.tensor([[16.0, 16.0, 40.0, 40.0]])
    logits = torch.full((1, 64), -8.0)
    logits[0, 27] = logit_on  # the point at (28, 28), the object's centre
    dense = DenseRegions(
        boxes=boxes,
        objectness=logits,
        features=torch.zeros(1, 64, 4),
        details=torch.zeros(1, 4, 8, 8),
        centers=centers,
        strides=torch.full((64,), 8.0),
    )
    return dense, [truth]


def _published(dense: DenseRegions) -> PublishedRegions:
    """A detector that says what `dense` says, and is not sure of any class."""
    return PublishedRegions(dense.boxes, dense.objectness.sigmoid(), torch.zeros(1, 64, 80))


ALL = torch.tensor([True])
SOME = torch.tensor([False])


def test_better_boxes_and_objectness_cost_less() -> None:
    good, truth = _dense(0.0, 4.0)
    shifted, _ = _dense(4.0, 4.0)
    silent, _ = _dense(0.0, -4.0)
    regions = match_regions(good, truth, ALL)
    assert box_loss(good, regions) < box_loss(shifted, match_regions(shifted, truth, ALL))
    spoken = objectness_loss(good, regions, _published(good), ALL)
    assert spoken < objectness_loss(
        silent, match_regions(silent, truth, ALL), _published(silent), ALL
    )


def test_an_object_without_a_label_may_be_seen_where_labels_are_not_exhaustive() -> None:
    dense, truth = _dense(0.0, 4.0)
    nothing = [truth[0][:0]]
    known = _published(dense)
    regions = match_regions(dense, nothing, SOME)
    assert not len(regions.thing), "nothing is learned of what is confident and unlabelled"
    unlabelled = objectness_loss(dense, regions, known, SOME)
    false = objectness_loss(dense, match_regions(dense, nothing, ALL), known, ALL)
    assert unlabelled < false


def test_forgetting_the_published_boxes_costs() -> None:
    dense, _ = _dense(0.0, 4.0)
    shifted, _ = _dense(4.0, 4.0)
    known = _published(dense)
    empty = match_regions(dense, [torch.zeros(0, 4)], SOME)
    assert memory_loss(dense, empty, known) < memory_loss(shifted, empty, known)


def test_around_a_label_loose_boxes_are_neither_raised_nor_kept() -> None:
    dense, truth = _dense(0.0, 4.0)
    regions = match_regions(dense, truth, SOME)
    # It sees an object in every box that overlaps with the labelled one, or with nothing.
    sure = dataclasses.replace(_published(dense), objectness=torch.full((1, 64), 0.9))
    loose = (regions.best_iou > 0.3) & (regions.best_iou < 0.6)
    loose[regions.image, regions.point] = False  # what is assigned to the object learns its overlap
    elsewhere = regions.best_iou == 0
    assert loose.any() and elsewhere.any()

    def cost(where: torch.Tensor, probability: float) -> torch.Tensor:
        logit = torch.logit(torch.tensor(probability))
        said = dataclasses.replace(dense, objectness=torch.where(where, logit, dense.objectness))
        return objectness_loss(said, regions, sure, SOME)

    assert cost(loose, 0.5) < cost(loose, 0.9)
    assert cost(elsewhere, 0.9) < cost(elsewhere, 0.5)
    moved = dataclasses.replace(sure, boxes=sure.boxes + 6.0)
    near, far = (torch.where(where, 0.9, 0.0) for where in (loose, elsewhere))
    kept, left = (
        memory_loss(dense, regions, dataclasses.replace(moved, objectness=at))
        - memory_loss(dense, regions, dataclasses.replace(sure, objectness=at))
        for at in (far, near)
    )
    assert kept > 0 and left == 0


def test_background_is_asked_about_too() -> None:
    dense, truth = _dense(0.0, 4.0)
    regions = match_regions(dense, truth, ALL)
    background = regions.thing == len(truth)
    assert int(background.sum()) == BACKGROUND_PER_IMAGE
    assert (regions.best_iou[0, regions.point[background]] <= 0.3).all()


def test_what_carries_no_label_is_told_apart_by_its_picture() -> None:
    one, truth = _dense(0.0, 4.0)
    two = dataclasses.replace(
        one,
        boxes=one.boxes.expand(3, -1, -1),
        objectness=one.objectness.expand(3, -1),
    )
    regions = match_regions(two, [*truth, *truth, *truth], torch.tensor([True, False, True]))
    objects = 3
    for image, count in enumerate([BACKGROUND_PER_IMAGE, 0, BACKGROUND_PER_IMAGE]):
        unlabelled = regions.thing == objects + image
        assert int(unlabelled.sum()) == count
        assert (regions.image[unlabelled] == image).all()


def test_unsure_pairs_cost_nothing() -> None:
    verdicts = torch.tensor([[TRUE, FALSE, UNSURE]])
    calm = matching_loss(torch.tensor([[9.0, -9.0, 0.0]]), verdicts)
    wild = matching_loss(torch.tensor([[9.0, -9.0, 99.0]]), verdicts)
    wrong = matching_loss(torch.tensor([[-9.0, 9.0, 0.0]]), verdicts)
    assert calm == wild
    assert wrong > calm + 10
