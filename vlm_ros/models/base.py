"""What every model does, whatever its family."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from numpy.typing import NDArray

from vlm_ros.regions import Regions


class Model(Protocol):
    """Proposes regions of an image that can be asked how well they fit phrases."""

    @property
    def description(self) -> str:
        """Name, input size and runtime, for logs."""
        ...

    @property
    def guided(self) -> bool:
        """Whether the regions it proposes depend on the phrases."""
        ...

    @property
    def threshold(self) -> float:
        """The score at which a region is as likely right as wrong: 0.5 if it is calibrated."""
        ...

    def regions(self, image: NDArray[Any], phrases: Sequence[str]) -> Regions:
        """Proposes regions.

        Args:
            image: (H, W, 3) uint8 RGB.
            phrases: what the command is about, see `grounding.matching.named_texts`; the regions
                can be asked about others too.

        Raises:
            ImageError: the image has no pixels or is not (H, W, 3) uint8.
            ModelError: a graph failed or answered with the wrong shape.
        """
        ...
