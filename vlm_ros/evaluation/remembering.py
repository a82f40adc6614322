"""A model that looks only once at a picture it is asked about again and again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from numpy.typing import NDArray

from vlm_ros.models import Model
from vlm_ros.regions import Regions


class RememberingModel:
    """Keeps the regions of the last picture; the answers are those of the model within."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._image: NDArray[Any] | None = None
        self._phrases: Sequence[str] = ()
        self._regions: Regions | None = None

    @property
    def description(self) -> str:
        """Of the model within."""
        return self._model.description

    @property
    def guided(self) -> bool:
        """Of the model within."""
        return self._model.guided

    @property
    def threshold(self) -> float:
        """Of the model within."""
        return self._model.threshold

    def regions(self, image: NDArray[Any], phrases: Sequence[str]) -> Regions:
        """Proposes regions; see `Model.regions`. A picture must not be changed between calls."""
        asked = tuple(phrases) if self.guided else ()
        if self._regions is None or image is not self._image or asked != self._phrases:
            self._regions = self._model.regions(image, phrases)
            self._image, self._phrases = image, asked
        return self._regions
