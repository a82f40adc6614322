"""The trained network as a model folder holds it: one image in, its best regions out."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

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
PUBLISHED = 100  # regions of the published detector that may say what these are
FAINTEST = 0.01  # half precision must still tell 1 - FAINTEST from 1


class VisionGraph(nn.Module):
    """The network with its best regions chosen inside the graph.

    Little leaves the chip, and all that depends on one point alone, apart from the objectness, is
    computed for the chosen points instead of for every one. The published detector looks at half
    as many rows and columns: that is a quarter of its cost, and it was made for such pictures.
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

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Boxes (K, 4) xyxy pixels, objectness (K,) in 0..1, unit embeddings (K, D), class logits.

        The logits (K, 80) say how likely the published detector sees each of COCO's classes in
        each box, from one in a hundred to ninety-nine; see `RegionNetwork.embed`.

        Args:
            image: (1, 3, H, W) float32 RGB 0..255, H and W multiples of 32.
        """
        network = self.network
        c2, c3 = network.first(image)
        early = pooled(c2)
        necks = network.pyramid(c3)
        best = _best(
            [
                _Level.of(*parts)
                for parts in zip(network.heads, network.branches, necks, early, strict=True)
            ],
            CANDIDATES,
        )
        code, features = best.predictions
        boxes = decode(code, best.centers, best.strides)
        details = network.details.maps(c2, early[0], c3, necks[0])
        inside = network.details(details, torch.zeros_like(best.index), boxes)
        seen = self._seen(image, boxes)
        embeddings = network.embed(network.own(features, inside), seen)
        return boxes, best.objectness.sigmoid(), embeddings, torch.logit(seen, FAINTEST)

    def _seen(self, image: Tensor, boxes: Tensor) -> Tensor:
        """The probabilities (K, 80) of COCO's classes in boxes (K, 4), by the published detector.

        Of its regions the one counts that is surest and fits a box best.
        """
        published = self.network.published
        height, width = (_half(side) for side in image.shape[2:])
        small = interpolate(image, size=(height, width), mode="bilinear", align_corners=False)
        necks = published.pyramid(self.network.first(small)[1])
        levels = [_PublishedLevel.of(*parts) for parts in zip(published.heads, necks, strict=True)]
        best = _best(levels, PUBLISHED)
        code, classes = best.predictions
        places = decode(code, best.centers, best.strides)
        scale = torch.tensor([image.shape[3] / width, image.shape[2] / height], device=image.device)
        # In steps of the coarsest cells: areas in pixels would be too large for half precision.
        overlap = _iou(boxes / STRIDES[-1], places * scale.repeat(2) / STRIDES[-1])
        sure, chosen = (overlap * best.objectness.sigmoid()).max(1)
        return classes.sigmoid()[chosen] * sure[:, None]


def _iou(boxes: Tensor, others: Tensor) -> Tensor:
    """Intersection over union (N, M) of boxes (N, 4) and (M, 4), xyxy.

    As `pairwise_iou`, of matrices alone: of other ranks onnx infers wrong shapes.
    """
    left, top, right, bottom = boxes.split(1, dim=1)
    from_left, from_top, to_right, to_bottom = others.T.split(1, dim=0)
    width = (torch.minimum(right, to_right) - torch.maximum(left, from_left)).clamp(min=0)
    height = (torch.minimum(bottom, to_bottom) - torch.maximum(top, from_top)).clamp(min=0)
    shared = width * height
    areas = (right - left) * (bottom - top) + (to_right - from_left) * (to_bottom - from_top)
    return shared / (areas - shared).clamp(min=1e-4)


def _half(side: int) -> int:
    """Half of a multiple of 32, as the next multiple of 32."""
    return (side // STRIDES[-1] + 1) // 2 * STRIDES[-1]


class _Predicting(Protocol):
    """One level's maps and what predicts from a point of them."""

    @property
    def objectness(self) -> Tensor:
        """(1, 1, h, w) logits."""
        ...

    def predict(self, index: Tensor) -> tuple[Tensor, Tensor]:
        """The boxes' code (K, 4) and whatever else is said (K, C) of points (K,)."""
        ...


@dataclass(frozen=True)
class _Best:
    """The surest points of all levels.

    Attributes:
        index: (K,) among the points of all levels.
        objectness: (K,) logits.
        centers: (K, 2) xy pixels.
        strides: (K,) pixels.
        predictions: what the levels predict there.
    """

    index: Tensor
    objectness: Tensor
    centers: Tensor
    strides: Tensor
    predictions: tuple[Tensor, Tensor]


def _best(levels: Sequence[_Predicting], count: int) -> _Best:
    maps = [level.objectness for level in levels]
    objectness, index = torch.cat([x.flatten() for x in maps]).topk(count)
    places = [grid(x, stride) for x, stride in zip(maps, STRIDES, strict=True)]
    centers, strides = (torch.cat(column)[index] for column in zip(*places, strict=True))
    code = said = torch.zeros(())
    start = 0
    for level, (points, _) in zip(levels, places, strict=True):
        local = index - start
        # Not len(), which is a fixed number in an exported graph of any size.
        here = points.shape[0]
        inside = ((local >= 0) & (local < here)).float()[:, None]
        found = level.predict(local.clamp(0, here - 1))
        # A candidate's place in the other levels is some point of theirs, which counts nothing.
        code, said = code + found[0] * inside, said + found[1] * inside
        start += here
    return _Best(index, objectness, centers, strides, (code, said))


@dataclass(frozen=True)
class _Level:
    """Maps of the network, each (1, C, h, w)."""

    head: LevelHead
    branch: EmbeddingBranch
    reg: Tensor
    mixed: Tensor
    around: Tensor
    objectness: Tensor

    @classmethod
    def of(cls, head: LevelHead, branch: EmbeddingBranch, neck: Tensor, early: Tensor) -> _Level:
        cls_features, reg = head(neck)
        mixed, around = branch.neighbourhoods(neck, cls_features, early)
        return cls(head, branch, reg, mixed, around, head.obj_pred(reg))

    def predict(self, index: Tensor) -> tuple[Tensor, Tensor]:
        """The boxes' code and the embeddings' features (K, C) of points (K,)."""
        features = _at(self.mixed, index) + self.branch.last(_at(self.around, index))
        return self.head.reg_pred(_at(self.reg, index)), features


@dataclass(frozen=True)
class _PublishedLevel:
    """Maps of the published detector, each (1, C, h, w)."""

    head: ClassHead
    cls: Tensor
    reg: Tensor
    objectness: Tensor

    @classmethod
    def of(cls, head: ClassHead, neck: Tensor) -> _PublishedLevel:
        cls_features, reg = head(neck)
        return cls(head, cls_features, reg, head.obj_pred(reg))

    def predict(self, index: Tensor) -> tuple[Tensor, Tensor]:
        """The boxes' code and the class logits (K, C) of points (K,)."""
        code = self.head.reg_pred(_at(self.reg, index))
        return code, self.head.cls_pred(_at(self.cls, index))


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
