"""The value that crosses from the vision model to grounding."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class ClassLogits:
    """What a detector of fixed classes says of N regions, beside what phrases are told.

    Attributes:
        names: of the C classes.
        values: (N, C) float32 logits that each region is of each class.
    """

    names: tuple[str, ...]
    values: NDArray[np.float32]

    def take(self, indices: NDArray[np.intp]) -> ClassLogits:
        """Those of some regions."""
        return ClassLogits(self.names, self.values[indices])


class Regions(Protocol):
    """Regions proposed in one image, best first."""

    @property
    def boxes(self) -> NDArray[np.float32]:
        """(N, 4) float32, xyxy, pixels of the source image, clipped to it."""
        ...

    @property
    def objectness(self) -> NDArray[np.float32]:
        """(N,) float32 in 0..1, how sure it is that each is a thing; 1 where nobody can say."""
        ...

    @property
    def classes(self) -> ClassLogits | None:
        """What a detector of fixed classes says of each; None where the model has none."""
        ...

    def __len__(self) -> int:
        """N."""
        ...

    def scores(self, phrases: Sequence[str]) -> NDArray[np.float32]:
        """Probability that each region is what each phrase says.

        Returns:
            (N, len(phrases)) float32 in 0..1.

        Raises:
            ModelError: a graph failed or answered with the wrong shape.
        """
        ...


@dataclass(frozen=True)
class EmbeddedRegions:
    """Regions of a dual encoder: phrases meet them in one matrix product.

    Attributes:
        boxes: see `Regions`.
        objectness: see `Regions`.
        embeddings: (N, D) float32, unit length, in the space of the text embeddings.
        logit_scale: (N,) float32; see `scores`.
        logit_shift: (N,) float32; see `scores`.
        embed: gives the unit embeddings (n, D) float32 of n phrases.
        classes: see `Regions`.
    """

    boxes: NDArray[np.float32]
    objectness: NDArray[np.float32]
    embeddings: NDArray[np.float32]
    logit_scale: NDArray[np.float32]
    logit_shift: NDArray[np.float32]
    embed: Callable[[Sequence[str]], NDArray[np.float32]]
    classes: ClassLogits | None = None

    def __len__(self) -> int:
        return len(self.boxes)

    def take(self, indices: NDArray[np.intp]) -> EmbeddedRegions:
        """Some of the regions, in the order of their indices."""
        return EmbeddedRegions(
            boxes=self.boxes[indices],
            objectness=self.objectness[indices],
            embeddings=self.embeddings[indices],
            logit_scale=self.logit_scale[indices],
            logit_shift=self.logit_shift[indices],
            embed=self.embed,
            classes=self.classes and self.classes.take(indices),
        )

    def scores(self, phrases: Sequence[str]) -> NDArray[np.float32]:
        """Probability (N, len(phrases)) that each region is what each phrase says.

        The sigmoid of a scaled and shifted cosine (Zhai et al. 2023, SigLIP; Minderer et al.
        2022, OWL-ViT has scale and shift per region).
        """
        logits = self.embeddings @ self.embed(phrases).T
        logits = logits * self.logit_scale[:, None] + self.logit_shift[:, None]
        # Bounded, for the exponential of more is no float32.
        return np.asarray(1.0 / (1.0 + np.exp(np.minimum(-logits, 80.0))), np.float32)
