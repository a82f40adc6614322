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
from vlm_ros.training.yolox import STRIDES, LevelHead

CANDIDATES = 200  # regions that leave the graph, best objectness first


class VisionGraph(nn.Module):
    """The network with its best regions chosen inside the graph.

    Little leaves the chip, and all that depends on one point alone, apart from the objectness, is
    computed for the chosen points instead of for every one.
    """

    def __init__(self, network: RegionNetwork) -> None:
        super().__init__()
        self.network = copy.deepcopy(network)
        self.network.class_directions.weight.data *= EXPORTED_CLASS_GAIN
        for head, branch in zip(self.network.yolox.heads, self.network.branches, strict=True):
            head.cls_pred, head.reg_pred = _linear(head.cls_pred), _linear(head.reg_pred)
            branch.last.conv = _linear(branch.last.conv)

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Boxes (K, 4) xyxy pixels, objectness (K,) in 0..1, unit embeddings (K, D), class logits.

        The logits (K, 80) are those of COCO's classes.

        Args:
            image: (1, 3, H, W) float32 RGB 0..255, H and W multiples of 32.
        """
        network = self.network
        c2, c3 = network.yolox.trunk.early(image)
        early = pooled(c2)
        necks = network.yolox.trunk.neck(c3)
        levels = [
            _Level.of(*parts)
            for parts in zip(network.yolox.heads, network.branches, necks, early, strict=True)
        ]
        maps = [level.objectness for level in levels]
        best, index = torch.cat([x.flatten() for x in maps]).topk(CANDIDATES)
        places = [grid(x, stride) for x, stride in zip(maps, STRIDES, strict=True)]
        centers, strides = (torch.cat(column)[index] for column in zip(*places, strict=True))
        code = features = classes = torch.zeros(())
        start = 0
        for level, (points, _) in zip(levels, places, strict=True):
            local = index - start
            # Not len(), which is a fixed number in an exported graph of any size.
            count = points.shape[0]
            inside = ((local >= 0) & (local < count)).float()[:, None]
            found = level.predict(local.clamp(0, count - 1))
            # A candidate's place in the other levels is some point of theirs, which counts nothing.
            code, features, classes = (
                total + part * inside
                for total, part in zip((code, features, classes), found, strict=True)
            )
            start += count
        boxes = decode(code, centers, strides)
        details = network.details.maps(c2, early[0], c3, necks[0])
        inside = network.details(details, torch.zeros_like(index), boxes)
        embeddings = network.embed(network.own(features, inside), classes)
        return boxes, best.sigmoid(), embeddings, classes


@dataclass(frozen=True)
class _Level:
    """One level's maps, each (1, C, h, w), and what predicts from a point of them."""

    head: LevelHead
    branch: EmbeddingBranch
    cls: Tensor
    reg: Tensor
    mixed: Tensor
    around: Tensor
    objectness: Tensor

    @classmethod
    def of(cls, head: LevelHead, branch: EmbeddingBranch, neck: Tensor, early: Tensor) -> _Level:
        cls_features, reg = head.features(neck)
        mixed, around = branch.neighbourhoods(neck, cls_features, early)
        return cls(head, branch, cls_features, reg, mixed, around, head.obj_pred(reg))

    def predict(self, index: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The boxes' code, the embeddings' features and the class logits (K, C) of points (K,)."""
        features = _at(self.mixed, index) + self.branch.last(_at(self.around, index))
        code = self.head.reg_pred(_at(self.reg, index))
        return code, features, self.head.cls_pred(_at(self.cls, index))


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
