"""What grounding sees of a frame: geometry, and a way to score phrases."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class Matcher(Protocol):
    """Scores phrases against the regions of one frame."""

    def scores(self, phrases: Sequence[str]) -> NDArray[np.float32]:
        """Probability in 0..1 that each region is what each phrase says: (N, len(phrases))."""
        ...


@dataclass(frozen=True)
class Scene:
    """The regions of one frame as grounding sees them.

    Attributes:
        boxes: (N, 4) float32, xyxy pixels.
        width: image width in pixels.
        height: image height in pixels.
        matcher: scores phrases against the same N regions.
        positions: (N, 3) float32 metres in the camera's optical frame (x right, y down,
            z forward), NaN where depth is unknown; None where there is no depth at all.
        objectness: (N,) float32 in 0..1, how sure it is that each region is a thing at all;
            None where all surely are, or nobody can say.
    """

    boxes: NDArray[np.float32]
    width: int
    height: int
    matcher: Matcher
    positions: NDArray[np.float32] | None = None
    objectness: NDArray[np.float32] | None = None
