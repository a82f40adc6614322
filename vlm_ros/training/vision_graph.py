"""The trained network as a model folder holds it: one image in, its best regions out."""

from __future__ import annotations

import copy
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from vlm_ros.training.network import (
    EXPORTED_CLASS_GAIN,
    EmbeddingBranch,
    RegionNetwork,
    decode,
    grid,
    pooled,
)
from vlm_ros.training.yolox import STRIDES, ClassHead, LevelHead

CANDIDATES = 200  # regions that leave the graph, best objectness first
FAINTEST = 0.01  # half precision must still tell 1 - FAINTEST from 1


class VisionGraph(nn.Module):
    """The network with its best regions chosen inside the graph.

    Little leaves the chip, and all that depends on one point alone, apart from the objectness, is
    computed for the chosen points instead of for every one.
    """

    def __init__(self, network: RegionNetwork) -> None:
        super().__init__()
        self.network = copy.deepcopy(network)
        self.network.class_directions.weight.data *= EXPORTED_CLASS_GAIN
        for head, branch in zip(self.network.heads, self.network.branches, strict=True):
            head.reg_pred = _linear(head.reg_pred)
            branch.last.conv = _linear(branch.last.conv)
        for head in self.network.published.heads:
            head.cls_pred, head.reg_pred = _linear(head.cls_pred), _linear(head.reg_pred)
            head.obj_pred = _linear(head.obj_pred)

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Boxes (K, 4) xyxy pixels, objectness (K,) in 0..1, unit embeddings (K, D), class logits.

        The logits (K, 80) say how likely the published detector sees each of COCO's classes in
        these very boxes, from one in a hundred to ninety-nine: its objectness times that of the
        class, times the IoU of its box with ours.

        Args:
            image: (1, 3, H, W) float32 RGB 0..255, H and W multiples of 32.
        """
        network = self.network
        c2, c3 = network.first(image)
        early = pooled(c2)
        necks = network.pyramid(c3)
        published = network.published
        levels = [
            _Level.of(*parts)
            for parts in zip(
                *(network.heads, network.branches, necks, early),
                *(published.heads, published.pyramid(c3)),
                strict=True,
            )
        ]
        maps = [level.objectness for level in levels]
        best, index = torch.cat([x.flatten() for x in maps]).topk(CANDIDATES)
        places = [grid(x, stride) for x, stride in zip(maps, STRIDES, strict=True)]
        centers, strides = (torch.cat(column)[index] for column in zip(*places, strict=True))
        code = features = classes = known_code = known_objectness = torch.zeros(())
        start = 0
        for level, (points, _) in zip(levels, places, strict=True):
            local = index - start
            # Not len(), which is a fixed number in an exported graph of any size.
            count = points.shape[0]
            inside = ((local >= 0) & (local < count)).float()[:, None]
            found = level.predict(local.clamp(0, count - 1))
            # A candidate's place in the other levels is some point of theirs, which counts nothing.
            code, features, classes, known_code, known_objectness = (
                total + part * inside
                for total, part in zip(
                    (code, features, classes, known_code, known_objectness), found, strict=True
                )
            )
            start += count
        boxes = decode(code, centers, strides)
        details = network.details.maps(c2, early[0], c3, necks[0])
        inside = network.details(details, torch.zeros_like(index), boxes)
        embeddings = network.embed(network.own(features, inside), classes)
        seen = known_objectness.sigmoid() * classes.sigmoid() * _iou(code, known_code)[:, None]
        return boxes, best.sigmoid(), embeddings, torch.logit(seen, FAINTEST)


@dataclass(frozen=True)
class _Level:
    """One level's maps, each (1, C, h, w), and what predicts from a point of them."""

    head: LevelHead
    branch: EmbeddingBranch
    published: ClassHead
    reg: Tensor
    mixed: Tensor
    around: Tensor
    objectness: Tensor
    known_cls: Tensor
    known_reg: Tensor

    @classmethod
    def of(
        cls,
        head: LevelHead,
        branch: EmbeddingBranch,
        neck: Tensor,
        early: Tensor,
        published: ClassHead,
        known_neck: Tensor,
    ) -> _Level:
        cls_features, reg = head(neck)
        around = branch.neighbourhoods(neck, cls_features, early)
        return cls(
            head, branch, published, reg, *around, head.obj_pred(reg), *published(known_neck)
        )

    def predict(self, index: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        """What is said of points (K,), (K, C) each.

        The boxes' code and the embeddings' features; the published class logits, boxes' code and
        objectness logit.
        """
        features = _at(self.mixed, index) + self.branch.last(_at(self.around, index))
        code = self.head.reg_pred(_at(self.reg, index))
        known = _at(self.known_reg, index)
        published = self.published
        classes = published.cls_pred(_at(self.known_cls, index))
        return code, features, classes, published.reg_pred(known), published.obj_pred(known)


def _iou(code: Tensor, other: Tensor) -> Tensor:
    """Intersection over union (K,) of the boxes of two codes (K, 4) at the same points.

    In strides from the points: areas in pixels would be too large for half precision.
    """
    at, unit = torch.zeros_like(code[:, :2]), torch.ones_like(code[:, 0])
    one, two = decode(code, at, unit), decode(other, at, unit)
    low, high = torch.maximum(one[:, :2], two[:, :2]), torch.minimum(one[:, 2:], two[:, 2:])
    shared = (high - low).clamp(min=0).prod(-1)
    areas = (one[:, 2:] - one[:, :2]).prod(-1) + (two[:, 2:] - two[:, :2]).prod(-1)
    return shared / (areas - shared).clamp(min=1e-4)


def _at(map_: Tensor, index: Tensor) -> Tensor:
    """The features (K, C) of points (K,) of a flattened map (1, C, h, w)."""
    # Whole rows of channels are gathered much faster than single numbers.
    return map_.permute(0, 2, 3, 1).reshape(-1, map_.shape[1]).index_select(0, index)


def _linear(pointwise: nn.Conv2d) -> nn.Linear:
    """A 1x1 convolution for features (K, C) instead of maps."""
    layer = nn.Linear(pointwise.in_channels, pointwise.out_channels)
    layer.weight.data = pointwise.weight.data.flatten(1)
    layer.bias = pointwise.bias
    return layer
