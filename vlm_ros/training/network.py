"""The bundled model's vision network: YOLOX-Nano's trunk with an embedding for every region.

A region's embedding is learned in the space of a sentence encoder, so that any phrase can be
compared with it (dual encoder; Minderer et al. 2022, OWL-ViT; Cheng et al. 2024, YOLO-World).

What the trunk already knows of real pictures, the probabilities of COCO's 80 classes, enters the
embedding as a sum of class directions (ConSE; Norouzi et al. 2014); the branches add what no
class says: other nouns, colours, materials. What is seen all over the box is added to both.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, normalize

from vlm_ros.training.details import Details
from vlm_ros.training.yolox import (
    CLASSES,
    HEAD_CHANNELS,
    NECK_CHANNELS,
    STEM_CHANNELS,
    STRIDES,
    ConvAct,
    YoloX,
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
        classes: (B, A, 80) logits of COCO's classes.
        features: (B, A, BRANCH_CHANNELS) of the embedding branches.
        details: (B, C, h, w) of what is looked up inside boxes; see `Details`.
        centers: (A, 2) xy of the anchor points, pixels.
        strides: (A,) pixels.
    """

    boxes: Tensor
    objectness: Tensor
    classes: Tensor
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


class RegionNetwork(nn.Module):
    """Image in, boxes, objectness and embeddings out."""

    def __init__(self) -> None:
        super().__init__()
        self.yolox = YoloX()
        self.branches = nn.ModuleList(EmbeddingBranch(c) for c in NECK_CHANNELS)
        # Shared by the levels, so that regions can be chosen before they are embedded.
        self.project = nn.Linear(BRANCH_CHANNELS, EMBEDDING_DIM)
        self.details = Details(EMBEDDING_DIM)
        self.class_directions = nn.Linear(CLASSES, EMBEDDING_DIM, bias=False)
        # Long enough to be heard beside the branches from the first step.
        nn.init.normal_(self.class_directions.weight, std=0.2)

    def forward(self, image: Tensor) -> DenseRegions:
        """Predicts at every anchor point.

        Args:
            image: (B, 3, H, W) float32 RGB 0..255, H and W multiples of 32.
        """
        return self.regions(*self.yolox.trunk.early(image))

    def regions(self, c2: Tensor, c3: Tensor) -> DenseRegions:
        """Predicts from the features of the trunk's first stages (see `Trunk.early`)."""
        necks = self.yolox.trunk.neck(c3)
        early = pooled(c2)
        heads = [head(neck) for head, neck in zip(self.yolox.heads, necks, strict=True)]
        cls_features, classes, codes, objectness = zip(*heads, strict=True)
        parts = zip(self.branches, necks, cls_features, early, strict=True)
        places = [grid(code, s) for code, s in zip(codes, STRIDES, strict=True)]
        centers, strides = (torch.cat(column) for column in zip(*places, strict=True))
        return DenseRegions(
            boxes=decode(flat(codes).float(), centers, strides),
            objectness=flat(objectness)[..., 0].float(),
            classes=flat(classes),
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

    def embed(self, own: Tensor, classes: Tensor) -> Tensor:
        """Embeddings (R, D) float32 of unit length, from own (R, D) and class logits (R, 80)."""
        return normalize((own + self.class_directions(classes.sigmoid())).float(), dim=-1)


@dataclass(frozen=True)
class TeacherRegions:
    """What the published detector says of a batch.

    Attributes:
        boxes: (B, A, 4) xyxy, pixels of the network's input.
        objectness: (B, A) probabilities.
        classes: (B, A, 80) logits; few of them are looked at.
    """

    boxes: Tensor
    objectness: Tensor
    classes: Tensor


class Teacher(nn.Module):
    """The published detector as it was, so that training does not forget real pictures.

    Learning without forgetting (Li and Hoiem 2016). Its first stages are those of the network in
    training, which are never changed, so it starts from their features.
    """

    def __init__(self, yolox: YoloX) -> None:
        super().__init__()
        self.yolox = yolox

    @torch.no_grad()
    def forward(self, c3: Tensor) -> TeacherRegions:
        maps = [
            head(neck)[1:]
            for neck, head in zip(self.yolox.trunk.neck(c3), self.yolox.heads, strict=True)
        ]
        classes, codes, objectness = zip(*maps, strict=True)
        places = [grid(code, stride) for code, stride in zip(codes, STRIDES, strict=True)]
        centers, strides = (torch.cat(column) for column in zip(*places, strict=True))
        return TeacherRegions(
            boxes=decode(flat(codes).float(), centers, strides),
            objectness=flat(objectness)[..., 0].float().sigmoid(),
            classes=flat(classes),
        )


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
