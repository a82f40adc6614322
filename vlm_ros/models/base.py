"""What every model does, whatever its family."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from vlm_ros.regions import Regions


class Model(Protocol):
    """An image encoder that proposes regions, aligned with a phrase encoder."""

    @property
    def description(self) -> str:
        """Name, input size and runtime, for logs."""
        ...

    def regions(self, image: NDArray[Any]) -> Regions:
        """Proposes regions in an image (H, W, 3) uint8 RGB.

        Raises:
            ImageError: the image has no pixels or is not (H, W, 3) uint8.
            ModelError: the graph failed or answered with the wrong shape.
        """
        ...

    def embed(self, phrases: Sequence[str]) -> NDArray[np.float32]:
        """Unit embeddings (n, D) float32 of phrases; known phrases are not computed again."""
        ...
