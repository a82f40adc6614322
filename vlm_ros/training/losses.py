"""What the network is trained for: boxes, objectness, and regions that match their phrases."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits as bce

from vlm_ros.training.assignment import assign
from vlm_ros.training.network import DenseRegions, PublishedRegions
from vlm_ros.training.nouns import TRUE, UNSURE

# A confident prediction on what carries no label is asked about every phrase, so that "not there"
# is learned.
BACKGROUND_PER_IMAGE = 6
# A prediction that overlaps with an object by more than this is about that object.
SAME_PLACE = 0.3
# What the published detector is less sure of than this (probability) is nothing to remember.
FAINT = 0.01


@dataclass(frozen=True)
class MatchedRegions:
    """The predictions of a batch that learn something beyond "nothing is here".

    Attributes:
        image, point: (R,) indexes into the dense predictions.
        thing: (R,) index of the object among all of the batch; for what carries no label, their
            number plus the index of its image.
        truth: (P, 4) boxes of the objects, for the first P regions, those with an object.
        best_iou: (B, A) best overlap of every prediction with an object.
    """

    image: Tensor
    point: Tensor
    thing: Tensor
    truth: Tensor
    best_iou: Tensor


def match_regions(dense: DenseRegions, boxes: Sequence[Tensor], known: Tensor) -> MatchedRegions:
    """Assigns predictions to objects, image by image.

    Args:
        dense: the predictions.
        boxes: B tensors (G, 4) xyxy.
        known: (B,) bool, whether anything is known of what carries no label in an image; where
            nothing is, nothing is learned of it.
    """
    found: list[tuple[Tensor, Tensor, Tensor, Tensor]] = []
    empty: list[tuple[Tensor, Tensor]] = []
    ious = []
    offset = 0
    for i, truth in enumerate(boxes):
        points, objects, iou = assign(
            dense.boxes[i].detach(),
            dense.objectness[i].detach(),
            dense.centers,
            dense.strides,
            truth,
        )
        found.append((torch.full_like(points, i), points, objects + offset, truth[objects]))
        confident = dense.objectness[i].detach().masked_fill(iou > SAME_PLACE, -torch.inf)
        count = BACKGROUND_PER_IMAGE if known[i] else 0
        background = confident.topk(count).indices
        empty.append((torch.full_like(background, i), background))
        ious.append(iou)
        offset += len(truth)
    nothing = torch.cat([e[0] for e in empty])
    return MatchedRegions(
        image=torch.cat([*(f[0] for f in found), nothing]),
        point=torch.cat([*(f[1] for f in found), *(e[1] for e in empty)]),
        thing=torch.cat([*(f[2] for f in found), nothing + offset]),
        truth=torch.cat([f[3] for f in found]),
        best_iou=torch.stack(ious),
    )


def box_loss(dense: DenseRegions, regions: MatchedRegions) -> Tensor:
    """Mean generalised IoU loss of the regions with an object."""
    count = len(regions.truth)
    predicted = dense.boxes[regions.image[:count], regions.point[:count]]
    return generalised_iou_loss(predicted, regions.truth).sum() / max(count, 1)


def generalised_iou_loss(predicted: Tensor, truth: Tensor) -> Tensor:
    """1 - GIoU (Rezatofighi et al. 2019) of boxes (..., 4) xyxy in pairs: (...)."""
    low = torch.maximum(predicted[..., :2], truth[..., :2])
    high = torch.minimum(predicted[..., 2:], truth[..., 2:])
    intersection = (high - low).clamp(min=0).prod(-1)
    areas = (predicted[..., 2:] - predicted[..., :2]).prod(-1)
    areas = areas + (truth[..., 2:] - truth[..., :2]).prod(-1)
    union = (areas - intersection).clamp(min=1e-6)
    hull_low = torch.minimum(predicted[..., :2], truth[..., :2])
    hull_high = torch.maximum(predicted[..., 2:], truth[..., 2:])
    hull = (hull_high - hull_low).prod(-1).clamp(min=1e-6)
    return 1 - (intersection / union - (hull - union) / hull)


def objectness_loss(
    dense: DenseRegions, regions: MatchedRegions, known: PublishedRegions, exhaustive: Tensor
) -> Tensor:
    """Objectness learns the overlap its box reaches, so that the best box of an object leads.

    Where an image's objects (B, exhaustive) are not all labelled, the published detector speaks for
    the rest. It was not taught how well its boxes fit: around what is labelled, none is worth more
    than it overlaps with it.
    """
    count = len(regions.truth)
    target = torch.where(exhaustive[:, None], 0.0, known.objectness)
    around = regions.best_iou > SAME_PLACE
    target = torch.where(around, torch.minimum(target, regions.best_iou), target)
    at = (regions.image[:count], regions.point[:count])
    target[at] = regions.best_iou[at].clamp(0, 1)
    return bce(dense.objectness, target, reduction="sum") / max(count, 1)


def memory_loss(dense: DenseRegions, regions: MatchedRegions, known: PublishedRegions) -> Tensor:
    """How far boxes are from the published detector's, where it sees an object.

    Boxes around what is labelled are left to the labels.
    """
    sure = known.objectness * known.classes.amax(-1).float().sigmoid()
    # Of thousands of points few see anything; the rest would cost most of the time.
    at = (sure > FAINT).nonzero(as_tuple=True)
    weight = sure[at]
    boxes = generalised_iou_loss(dense.boxes[at], known.boxes[at])
    boxes = boxes * (regions.best_iou[at] <= SAME_PLACE)
    return (boxes * weight).sum() / weight.sum().clamp(min=1.0)


def matching_loss(logits: Tensor, verdicts: Tensor) -> Tensor:
    """The sigmoid loss over regions and phrases (Zhai et al. 2023), blind to unsure pairs.

    Args:
        logits: (R, P).
        verdicts: (R, P) of FALSE, UNSURE, TRUE.
    """
    known = verdicts != UNSURE
    target = (verdicts == TRUE).float()
    loss = bce(logits, target, reduction="none") * known
    return loss.sum() / max(len(logits), 1)
