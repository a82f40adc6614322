"""Which anchor points learn which object: SimOTA (Ge et al. 2021, YOLOX, section 2.3)."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import softplus

CENTER_RADIUS = 2.5  # strides
IOU_WEIGHT = 3.0
CANDIDATES = 10


def paired_iou(a: Tensor, b: Tensor) -> Tensor:
    """Intersection over union (...) of boxes (..., 4) and (..., 4), xyxy, in pairs."""
    low, high = torch.maximum(a[..., :2], b[..., :2]), torch.minimum(a[..., 2:], b[..., 2:])
    intersection = (high - low).clamp(min=0).prod(-1)
    area_a, area_b = ((x[..., 2:] - x[..., :2]).clamp(min=0).prod(-1) for x in (a, b))
    return intersection / (area_a + area_b - intersection).clamp(min=1e-6)


def pairwise_iou(a: Tensor, b: Tensor) -> Tensor:
    """Intersection over union of boxes (N, 4) and (M, 4), xyxy: (N, M)."""
    return paired_iou(a[:, None], b[None])


@torch.no_grad()
def assign(
    boxes: Tensor, objectness: Tensor, centers: Tensor, strides: Tensor, truth: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Matches anchor points with the objects of one image.

    Args:
        boxes: (A, 4) predicted, xyxy.
        objectness: (A,) logits.
        centers: (A, 2) anchor points.
        strides: (A,).
        truth: (G, 4) boxes of the objects, xyxy.

    Returns:
        points (P,) indexes of the matched anchor points, objects (P,) the object of each, and
        the best IoU (A,) of every prediction with any object.
    """
    if len(truth) == 0:
        empty = torch.zeros(0, dtype=torch.long, device=boxes.device)
        return empty, empty, torch.zeros(len(boxes), device=boxes.device)
    low = centers[:, None] - truth[None, :, :2]
    high = truth[None, :, 2:] - centers[:, None]
    inside = torch.cat([low, high], -1).amin(-1) > 0
    middle = (truth[:, :2] + truth[:, 2:]) / 2
    away = (centers[:, None] - middle[None]).abs().amax(-1)
    near = away < CENTER_RADIUS * strides[:, None]
    iou = pairwise_iou(boxes, truth)
    cost = softplus(-objectness)[:, None] - IOU_WEIGHT * iou.clamp(min=1e-6).log()
    cost = cost + 1e5 * (~(inside & near)).float() + 1e7 * (~(inside | near)).float()

    count = iou.topk(min(CANDIDATES, len(boxes)), dim=0).values.sum(0).int().clamp(min=1)
    match = torch.zeros_like(cost, dtype=torch.bool)
    for g in range(len(truth)):
        match[cost[:, g].topk(int(count[g]), largest=False).indices, g] = True
    match &= cost < 1e7
    contested = match.sum(1) > 1
    if contested.any():
        best = cost[contested].argmin(1)
        match[contested] = False
        match[contested.nonzero()[:, 0], best] = True
    points, objects = match.nonzero(as_tuple=True)
    return points, objects, iou.amax(1)
