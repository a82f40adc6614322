"""A model that looks only once at a picture it is asked about again and again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vlm_ros.models import Model
from vlm_ros.regions import Regions


class RememberingModel:
    """Keeps the regions of the last picture; the answers are those of the model within."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._image: NDArray[Any] | None = None
        self._regions: Regions | None = None

    @property
    def description(self) -> str:
        """Of the model within."""
        return self._model.description

    def regions(self, image: NDArray[Any]) -> Regions:
        """Proposes regions; see `Model.regions`. A picture must not be changed between calls."""
        if self._regions is None or image is not self._image:
            self._regions = self._model.regions(image)
            self._image = image
        return self._regions

    def embed(self, phrases: Sequence[str]) -> NDArray[np.float32]:
        """Embeds phrases; see `Model.embed`."""
        return self._model.embed(phrases)
