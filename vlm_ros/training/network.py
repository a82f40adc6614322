"""The bundled model's vision network: YOLOX-Nano's trunk with an embedding for every region.

A region's embedding is learned in the space of a sentence encoder, so that any phrase can be
compared with it (dual encoder; Minderer et al. 2022, OWL-ViT; Cheng et al. 2024, YOLO-World).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, normalize

from vlm_ros.training.yolox import (
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


@dataclass(frozen=True)
class DenseRegions:
    """Predictions at every anchor point of a batch; A points over the three levels.

    Attributes:
        boxes: (B, A, 4) xyxy, pixels of the network's input.
        objectness: (B, A) logits.
        embeddings: (B, A, D) unit length.
        centers: (A, 2) xy of the anchor points, pixels.
        strides: (A,) pixels.
    """

    boxes: Tensor
    objectness: Tensor
    embeddings: Tensor
    centers: Tensor
    strides: Tensor


class EmbeddingBranch(nn.Module):
    """Embeddings of one level from the neck, the class features and the image's early features.

    The early features carry colour and texture, which a network trained to name COCO's classes
    has learned to ignore further up.
    """

    def __init__(self, channels: int, stride: int, hidden: int = 128) -> None:
        super().__init__()
        self.pool = stride // 4
        self.mix = ConvAct(channels + HEAD_CHANNELS + STEM_CHANNELS, hidden, 1)
        self.context = nn.Sequential(
            ConvAct(hidden, hidden, 5, groups=hidden),
            ConvAct(hidden, hidden, 1),
            depthwise(hidden, hidden),
        )
        self.project = nn.Conv2d(hidden, EMBEDDING_DIM, 1)

    def forward(self, neck: Tensor, cls_features: Tensor, early: Tensor) -> Tensor:
        x = self.mix(torch.cat([neck, cls_features, avg_pool2d(early, self.pool)], 1))
        y: Tensor = self.project(x + self.context(x))
        return y


class RegionNetwork(nn.Module):
    """Image in, boxes, objectness and embeddings out."""

    def __init__(self) -> None:
        super().__init__()
        self.yolox = YoloX()
        self.branches = nn.ModuleList(
            EmbeddingBranch(c, s) for c, s in zip(NECK_CHANNELS, STRIDES, strict=True)
        )

    def forward(self, image: Tensor) -> DenseRegions:
        """Predicts at every anchor point.

        Args:
            image: (B, 3, H, W) float32 RGB 0..255, H and W multiples of 32.
        """
        early, necks = self.yolox.trunk(image)
        parts: list[tuple[Tensor, ...]] = []
        for stride, neck, head, branch in zip(
            STRIDES, necks, self.yolox.heads, self.branches, strict=True
        ):
            cls_features, code, objectness = head(neck)
            embedding = branch(neck, cls_features, early)
            centers = _cell_corners(neck.shape[2], neck.shape[3], stride, neck.device)
            # YOLOX codes a box by its offset from the cell's corner and the log of its size.
            code = _flat(code)
            middle = code[..., :2] * stride + centers
            half = code[..., 2:].clamp(max=8.0).exp() * (stride / 2)
            parts.append(
                (
                    torch.cat([middle - half, middle + half], -1),
                    _flat(objectness)[..., 0],
                    normalize(_flat(embedding), dim=-1),
                    centers + stride / 2,
                    torch.full((centers.shape[0],), float(stride), device=neck.device),
                )
            )
        joined = list(zip(*parts, strict=True))
        return DenseRegions(
            boxes=torch.cat(joined[0], 1),
            objectness=torch.cat(joined[1], 1),
            embeddings=torch.cat(joined[2], 1),
            centers=torch.cat(joined[3]),
            strides=torch.cat(joined[4]),
        )


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


def _flat(x: Tensor) -> Tensor:
    """(B, C, h, w) to (B, h*w, C)."""
    return x.flatten(2).transpose(1, 2)


def _cell_corners(height: int, width: int, stride: int, device: torch.device) -> Tensor:
    """(h*w, 2) top-left corners of the cells in pixels."""
    rows, columns = torch.meshgrid(
        torch.arange(height, device=device), torch.arange(width, device=device), indexing="ij"
    )
    return torch.stack([columns, rows], -1).reshape(-1, 2).float() * stride
