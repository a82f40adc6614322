"""The dual-encoder family: images and phrases are encoded apart and meet in one product."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vlm_ros.errors import ModelError
from vlm_ros.geometry.boxes import nms
from vlm_ros.models.folder import ModelSpec
from vlm_ros.models.phrases import PhraseEncoder
from vlm_ros.models.preprocess import ImageInput
from vlm_ros.regions import Regions
from vlm_ros.runtimes import open_runtime


class DualEncoder:
    """A vision graph and a text graph of one model folder.

    The vision graph takes `image` (1, 3, H, W) and gives `boxes` (K, 4) xyxy in pixels of its
    input, `objectness` (K,) in 0..1 and `embeddings` (K, D) of unit length.
    """

    def __init__(self, spec: ModelSpec, runtime: str = "auto") -> None:
        """Loads both graphs.

        Raises:
            ModelError: a graph cannot be loaded or does not fit model.yaml.
            RuntimeUnavailableError: see `open_runtime`.
        """
        self._spec = spec
        self._vision = open_runtime(spec.vision.graph, runtime)
        self._check_vision()
        self._input = ImageInput(spec.vision)
        self._phrases = PhraseEncoder(spec.text, spec.dimensions, runtime)

    @property
    def description(self) -> str:
        """Name, input size and runtime."""
        size = f"{self._spec.vision.width}x{self._spec.vision.height}"
        return f"{self._spec.name} at {size} in {self._vision.name}"

    def embed(self, phrases: Sequence[str]) -> NDArray[np.float32]:
        """Unit embeddings (n, D) of phrases."""
        return self._phrases(phrases)

    def regions(self, image: NDArray[Any]) -> Regions:
        """Proposes regions; see `Model.regions`."""
        tensor, letterbox = self._input(image)
        outputs = self._vision.run({"image": tensor})
        boxes, objectness, embeddings = self._checked(outputs)
        vision = self._spec.vision
        confident = np.flatnonzero(objectness >= vision.min_objectness)
        kept = nms(boxes[confident], objectness[confident], vision.nms_iou)
        chosen = confident[kept][: vision.max_regions]
        count = len(chosen)
        return Regions(
            boxes=letterbox.to_source(boxes[chosen]),
            objectness=objectness[chosen],
            embeddings=embeddings[chosen],
            logit_scale=np.full(count, self._spec.logit_scale, np.float32),
            logit_shift=np.full(count, self._spec.logit_shift, np.float32),
        )

    def _check_vision(self) -> None:
        vision = self._spec.vision
        expected = (1, 3, vision.height, vision.width)
        shape = self._vision.inputs.get("image")
        if shape != expected:
            raise ModelError(
                f"{vision.graph} takes 'image' of shape {shape}, but model.yaml says {expected}."
            )
        if missing := {"boxes", "objectness", "embeddings"} - set(self._vision.outputs):
            raise ModelError(f"{vision.graph} lacks the output {', '.join(sorted(missing))}.")
        dimensions = self._vision.outputs["embeddings"][-1]
        if isinstance(dimensions, int) and dimensions != self._spec.dimensions:
            raise ModelError(
                f"{vision.graph} gives embeddings of {dimensions} dimensions, "
                f"but model.yaml says {self._spec.dimensions}."
            )

    def _checked(
        self, outputs: Mapping[str, NDArray[Any]]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
        boxes, objectness = outputs["boxes"], outputs["objectness"]
        embeddings = outputs["embeddings"]
        count = len(boxes)
        wanted = ((count, 4), (count,), (count, self._spec.dimensions))
        given = (boxes.shape, objectness.shape, embeddings.shape)
        if given != wanted:
            raise ModelError(
                f"{self._spec.vision.graph} answered with shapes {given}, expected {wanted}."
            )
        return boxes, objectness, embeddings
