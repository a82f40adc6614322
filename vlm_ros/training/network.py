"""The bundled model's vision network: YOLOX-Nano with an embedding for every region.

A region's embedding is learned in the space of a sentence encoder, so that any phrase can be
compared with it (dual encoder; Minderer et al. 2022, OWL-ViT; Cheng et al. 2024, YOLO-World).

The detector is there twice behind its first stages: as it is trained, which finds things and says
what they are, and as it was published, which names COCO's 80 classes. What the latter knows of
real pictures enters the embedding as a sum of class directions (ConSE; Norouzi et al. 2014); the
branches add what no class says: other nouns, colours, materials. What is seen all over the box is
added to both. Trained for all of that, one detector forgets the classes (see the model's README).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, normalize

from vlm_ros.training.assignment import paired_iou
from vlm_ros.training.details import Details
from vlm_ros.training.yolox import (
    CLASSES,
    HEAD_CHANNELS,
    NECK_CHANNELS,
    STEM_CHANNELS,
    STRIDES,
    ConvAct,
    Detector,
    FirstStages,
    LevelHead,
    Pyramid,
    depthwise,
)

EMBEDDING_DIM = 128
SENTENCE_DIM = 384
BRANCH_CHANNELS = 128
# How much longer the class directions are in an exported model than in training. Rendered pictures
# teach the branches to overrule the classes; on real ones the classes are right more often.
EXPORTED_CLASS_GAIN = 3.0


@dataclass(frozen=True)
class DenseRegions:
    """Predictions at every anchor point of a batch; A points over the three levels.

    Attributes:
        boxes: (B, A, 4) xyxy, pixels of the network's input.
        objectness: (B, A) logits.
        features: (B, A, BRANCH_CHANNELS) of the embedding branches.
        details: (B, C, h, w) of what is looked up inside boxes; see `Details`.
        centers: (A, 2) xy of the anchor points, pixels.
        strides: (A,) pixels.
    """

    boxes: Tensor
    objectness: Tensor
    features: Tensor
    details: Tensor
    centers: Tensor
    strides: Tensor


class EmbeddingBranch(nn.Module):
    """Features of one level for embeddings: from the neck, the class features and early features.

    The early features carry colour and texture, which a network trained to name COCO's classes
    has learned to ignore further up.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.mix = ConvAct(channels + HEAD_CHANNELS + STEM_CHANNELS, BRANCH_CHANNELS, 1)
        self.context = nn.Sequential(
            ConvAct(BRANCH_CHANNELS, BRANCH_CHANNELS, 5, groups=BRANCH_CHANNELS),
            ConvAct(BRANCH_CHANNELS, BRANCH_CHANNELS, 1),
            depthwise(BRANCH_CHANNELS, BRANCH_CHANNELS),
        )

    def forward(self, neck: Tensor, cls_features: Tensor, early: Tensor) -> Tensor:
        x, around = self.neighbourhoods(neck, cls_features, early)
        y: Tensor = x + self.last(around)
        return y

    def neighbourhoods(
        self, neck: Tensor, cls_features: Tensor, early: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Everything that looks at more than one point: the features, and what `last` takes."""
        x = self.mix(torch.cat([neck, cls_features, early], 1))
        return x, self.context[2][0](self.context[:2](x))

    @property
    def last(self) -> ConvAct:
        """The pointwise end of the context, which can wait until points are chosen."""
        last: ConvAct = self.context[2][1]
        return last


@dataclass(frozen=True)
class PublishedRegions:
    """What the published detector says at every anchor point of a batch.

    Attributes:
        boxes: (B, A, 4) xyxy, pixels of the network's input.
        objectness: (B, A) probabilities.
        classes: (B, A, 80) logits of COCO's classes; few of them are looked at.
    """

    boxes: Tensor
    objectness: Tensor
    classes: Tensor

    def seen(self, at: tuple[Tensor, Tensor], boxes: Tensor) -> Tensor:
        """How likely each class is seen (R, 80) in boxes (R, 4) at points; see `embed`.

        Args:
            at: images (R,) of the batch and points (R,) of theirs.
            boxes: (R, 4) xyxy.
        """
        sure = self.objectness[at] * paired_iou(self.boxes[at], boxes)
        return self.classes[at].sigmoid() * sure[:, None]


class PublishedDetector(Detector):
    """The published detector behind its first stages, which is never trained."""

    @torch.no_grad()
    def forward(self, c3: Tensor) -> PublishedRegions:
        """Predicts at every anchor point, from the first stages' features at stride 8."""
        features = [head(neck) for head, neck in zip(self.heads, self.pyramid(c3), strict=True)]
        maps = [
            (head.cls_pred(cls), head.reg_pred(reg), head.obj_pred(reg))
            for head, (cls, reg) in zip(self.heads, features, strict=True)
        ]
        classes, codes, objectness = zip(*maps, strict=True)
        return PublishedRegions(
            boxes=decode(flat(codes).float(), *anchors(codes)),
            objectness=flat(objectness)[..., 0].float().sigmoid(),
            classes=flat(classes),
        )


class RegionNetwork(nn.Module):
    """Image in, boxes, objectness and embeddings out.

    Attributes:
        first: the first stages, which are never trained either, so that both detectors share them.
        published: names COCO's classes.
    """

    def __init__(self) -> None:
        super().__init__()
        self.first = FirstStages()
        self.published = PublishedDetector()
        self.pyramid = Pyramid()
        self.heads = nn.ModuleList(LevelHead(c) for c in NECK_CHANNELS)
        self.branches = nn.ModuleList(EmbeddingBranch(c) for c in NECK_CHANNELS)
        # Shared by the levels, so that regions can be chosen before they are embedded.
        self.project = nn.Linear(BRANCH_CHANNELS, EMBEDDING_DIM)
        self.details = Details(EMBEDDING_DIM)
        self.class_directions = nn.Linear(CLASSES, EMBEDDING_DIM, bias=False)
        # Long enough to be heard beside the branches from the first step.
        nn.init.normal_(self.class_directions.weight, std=0.2)

    def forget_training(self) -> None:
        """Sets what is trained of the detector to what was published."""
        published = self.published
        self.pyramid.load_state_dict(published.pyramid.state_dict())
        for own, theirs in zip(self.heads, published.heads, strict=True):
            known = theirs.state_dict()
            own.load_state_dict({name: known[name] for name in own.state_dict()})

    def forward(self, c2: Tensor, c3: Tensor) -> DenseRegions:
        """Predicts at every anchor point, from the features of the first stages."""
        necks = self.pyramid(c3)
        early = pooled(c2)
        cls_features, reg_features = zip(
            *(head(neck) for head, neck in zip(self.heads, necks, strict=True)), strict=True
        )
        codes = [head.reg_pred(x) for head, x in zip(self.heads, reg_features, strict=True)]
        objectness = [head.obj_pred(x) for head, x in zip(self.heads, reg_features, strict=True)]
        parts = zip(self.branches, necks, cls_features, early, strict=True)
        centers, strides = anchors(codes)
        return DenseRegions(
            boxes=decode(flat(codes).float(), centers, strides),
            objectness=flat(objectness)[..., 0].float(),
            features=flat([branch(*features) for branch, *features in parts]),
            details=self.details.maps(c2, early[0], c3, necks[0]),
            centers=centers,
            strides=strides,
        )

    def own_at(self, dense: DenseRegions, image: Tensor, point: Tensor) -> Tensor:
        """What is learned beside the classes (R, D), at points (R,) of images (R,) of a batch."""
        # Where to look is no business of what is seen there.
        boxes = dense.boxes[image, point].detach()
        return self.own(dense.features[image, point], self.details(dense.details, image, boxes))

    def own(self, features: Tensor, inside: Tensor) -> Tensor:
        """What is learned beside the classes (R, D).

        Args:
            features: (R, BRANCH_CHANNELS) of the branches.
            inside: (R, D) from `details`.
        """
        own: Tensor = self.project(features) + inside
        return own

    def embed(self, own: Tensor, seen: Tensor) -> Tensor:
        """Embeddings (R, D) float32 of unit length.

        Args:
            own: (R, D) what is learned beside the classes.
            seen: (R, 80) how likely the published detector sees each class in the region: its
                objectness times that of the class, times the IoU of its box with the region's.
        """
        return normalize((own + self.class_directions(seen)).float(), dim=-1)


def pooled(c2: Tensor) -> list[Tensor]:
    """The features at stride 4 averaged to strides 8, 16 and 32, each from the one before."""
    maps = [c2]
    for _ in STRIDES:
        maps.append(avg_pool2d(maps[-1], 2))
    return maps[1:]


def flat(maps: Sequence[Tensor]) -> Tensor:
    """Maps (B, C, h, w) of the levels joined to (B, A, C)."""
    # Points first: of maps whose channels lie side by side, rows are copied.
    return torch.cat([x.flatten(2).transpose(1, 2) for x in maps], 1)


def grid(map_: Tensor, stride: int) -> tuple[Tensor, Tensor]:
    """Centers (h*w, 2) xy pixels of the cells of a map (B, C, h, w), and their strides (h*w,)."""
    height, width = map_.shape[2:]
    rows, columns = torch.meshgrid(
        torch.arange(height, device=map_.device),
        torch.arange(width, device=map_.device),
        indexing="ij",
    )
    corners = torch.stack([columns, rows], -1).reshape(-1, 2).float() * stride
    return corners + stride / 2, torch.full_like(corners[:, 0], stride)


def anchors(maps: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
    """Centers (A, 2) and strides (A,) of the anchor points of the levels' maps; see `grid`."""
    places = [grid(map_, stride) for map_, stride in zip(maps, STRIDES, strict=True)]
    centers, strides = (torch.cat(column) for column in zip(*places, strict=True))
    return centers, strides


def decode(code: Tensor, centers: Tensor, strides: Tensor) -> Tensor:
    """Boxes (..., 4) xyxy pixels from YOLOX's code.

    The code is in strides: the middle's offset from the cell's corner, and the log of the size.

    Args:
        code: (..., 4).
        centers: (..., 2) xy pixels of the cells' centers.
        strides: (...,) pixels.
    """
    strides = strides[..., None]
    middle = (code[..., :2] - 0.5) * strides + centers
    half = code[..., 2:].clamp(max=8.0).exp() * (strides / 2)
    return torch.cat([middle - half, middle + half], -1)


class TextHead(nn.Module):
    """Maps a sentence encoder's output into the space of the regions.

    A linear map keeps the encoder's own sense of nearness, on which unknown nouns rely; the small
    residual network bends it where colours and materials need more room than they were given.
    """

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(SENTENCE_DIM, EMBEDDING_DIM)
        self.bend = nn.Sequential(
            nn.Linear(SENTENCE_DIM, SENTENCE_DIM), nn.GELU(), nn.Linear(SENTENCE_DIM, EMBEDDING_DIM)
        )

    def forward(self, sentence: Tensor) -> Tensor:
        """(n, 384) sentence embeddings of unit length to (n, 128) of unit length."""
        return normalize(self.linear(sentence) + self.bend(sentence), dim=-1)


class Alignment(nn.Module):
    """The learned scale and shift of the sigmoid loss (Zhai et al. 2023, SigLIP)."""

    def __init__(self) -> None:
        super().__init__()
        self.log_scale = nn.Parameter(torch.tensor(2.3))
        self.shift = nn.Parameter(torch.tensor(-5.0))

    def forward(self, regions: Tensor, phrases: Tensor) -> Tensor:
        """Match logits (R, P) of embeddings (R, D) and (P, D)."""
        return regions @ phrases.T * self.log_scale.exp() + self.shift


class GroundingModel(nn.Module):
    """Everything that is trained."""

    def __init__(self) -> None:
        super().__init__()
        self.vision = RegionNetwork()
        self.text = TextHead()
        self.alignment = Alignment()
