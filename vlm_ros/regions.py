"""The value that crosses from the vision model to grounding."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Regions:
    """Regions proposed in one image, best objectness first.

    Attributes:
        boxes: (N, 4) float32, xyxy, pixels of the source image, clipped to it.
        objectness: (N,) float32 in 0..1.
        embeddings: (N, D) float32, unit length, in the space of the model's text embeddings.
        logit_scale: (N,) float32; see `match`.
        logit_shift: (N,) float32; see `match`.
    """

    boxes: NDArray[np.float32]
    objectness: NDArray[np.float32]
    embeddings: NDArray[np.float32]
    logit_scale: NDArray[np.float32]
    logit_shift: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.boxes)

    def match(self, text_embeddings: NDArray[np.float32]) -> NDArray[np.float32]:
        """Probability that each region is what each phrase says.

        The sigmoid of a scaled and shifted cosine (Zhai et al. 2023, SigLIP; Minderer et al.
        2022, OWL-ViT has scale and shift per region).

        Args:
            text_embeddings: (n, D) float32, unit length.

        Returns:
            (N, n) float32 in 0..1.
        """
        logits = self.embeddings @ text_embeddings.T
        logits = logits * self.logit_scale[:, None] + self.logit_shift[:, None]
        return np.asarray(1.0 / (1.0 + np.exp(-logits)), np.float32)
