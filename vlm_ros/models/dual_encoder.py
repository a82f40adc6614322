"""The dual-encoder family: images and phrases are encoded apart and meet in one product."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vlm_ros.errors import ModelError
from vlm_ros.geometry.boxes import Letterbox, area, nms
from vlm_ros.models.folder import ModelSpec
from vlm_ros.models.merging import merged
from vlm_ros.models.phrases import PhraseEncoder
from vlm_ros.models.vision_pass import open_vision
from vlm_ros.regions import ClassLogits, EmbeddedRegions
from vlm_ros.stages import stage

# For each region that may be kept, so many are looked at for overlaps: that costs their square.
_CANDIDATES = 4


class DualEncoder:
    """A vision graph and a text graph of one model folder.

    The vision graph takes `image` (1, 3, H, W) and gives `boxes` (K, 4) xyxy in pixels of its
    input, `embeddings` (K, D) of unit length and, where the family has them, `objectness` (K,) in
    0..1, `logit_scale` (K,), `logit_shift` (K,) and `classes` (K, C) logits of the classes that
    model.yaml names. Without objectness, those regions are kept that fit any of the phrases best.
    """

    def __init__(self, spec: ModelSpec, runtime: str = "auto") -> None:
        """Loads both graphs.

        Raises:
            ModelError: a graph cannot be loaded or does not fit model.yaml.
            RuntimeUnavailableError: see `open_vision`.
        """
        self._spec = spec
        self._vision = open_vision(spec.vision, runtime)
        self._check_vision()
        self._phrases = PhraseEncoder(spec.text, spec.dimensions)

    @property
    def description(self) -> str:
        """Name, input size and runtime."""
        size = f"{self._spec.vision.width}x{self._spec.vision.height}"
        return f"{self._spec.name} at {size} in {self._vision.name}"

    @property
    def guided(self) -> bool:
        """Whether the regions depend on the phrases: where the graph gives no objectness."""
        return "objectness" not in self._vision.outputs

    @property
    def threshold(self) -> float:
        """As model.yaml says; see `Model.threshold`."""
        return self._spec.threshold

    def embed(self, phrases: Sequence[str]) -> NDArray[np.float32]:
        """Unit embeddings (n, D) float32 of phrases; known phrases are not computed again."""
        return self._phrases(phrases)

    def regions(self, image: NDArray[Any], phrases: Sequence[str]) -> EmbeddedRegions:
        """Proposes regions; see `Model.regions`."""
        with stage("vision"):
            outputs, fit = self._vision(image)
        regions = self._all_regions(outputs, fit)
        vision = self._spec.vision
        rank = _relevance(regions, phrases) if self.guided else regions.objectness
        # What lies in the padding has no area in the image.
        seen = area(regions.boxes) > 0
        confident = np.flatnonzero(seen & (regions.objectness >= vision.min_objectness))
        most = _CANDIDATES * vision.max_regions
        best = confident[np.argsort(-rank[confident], kind="stable")[:most]]
        kept = nms(regions.boxes[best], rank[best], vision.nms_iou)[: vision.max_regions]
        if vision.merge_iou is not None:
            return merged(regions.take(best), kept, vision.merge_iou)
        chosen = regions.take(best[kept])
        if "logit_scale" not in outputs:
            return chosen
        # Where regions have a scale of their own, scores were learned without regard to it.
        return replace(chosen, objectness=np.ones(len(chosen), np.float32))

    def _all_regions(self, outputs: Mapping[str, NDArray[Any]], fit: Letterbox) -> EmbeddedRegions:
        self._check_outputs(outputs)
        ones = np.ones(len(outputs["boxes"]), np.float32)
        spec = self._spec
        names = spec.vision.classes
        return EmbeddedRegions(
            boxes=fit.to_source(outputs["boxes"]),
            objectness=outputs.get("objectness", ones),
            embeddings=outputs["embeddings"],
            logit_scale=outputs.get("logit_scale", ones) * np.float32(spec.logit_scale),
            logit_shift=outputs.get("logit_shift", 0 * ones) * np.float32(spec.logit_scale)
            + np.float32(spec.logit_shift),
            embed=self.embed,
            classes=ClassLogits(names, outputs["classes"]) if names else None,
        )

    def _check_vision(self) -> None:
        vision = self._spec.vision
        expected = (1, 3, vision.height, vision.width)
        shape = self._vision.inputs.get("image", ())
        # Sides that are no numbers are free.
        sides = zip(shape, expected, strict=False)
        if len(shape) != 4 or any(isinstance(s, int) and s != wanted for s, wanted in sides):
            raise ModelError(
                f"{vision.graph} takes 'image' of shape {shape}, but model.yaml says {expected}."
            )
        needed = {"boxes", "embeddings", *(["classes"] if vision.classes else [])}
        if missing := needed - set(self._vision.outputs):
            raise ModelError(f"{vision.graph} lacks the output {', '.join(sorted(missing))}.")
        dimensions = self._vision.outputs["embeddings"][-1]
        if isinstance(dimensions, int) and dimensions != self._spec.dimensions:
            raise ModelError(
                f"{vision.graph} gives embeddings of {dimensions} dimensions, "
                f"but model.yaml says {self._spec.dimensions}."
            )

    def _check_outputs(self, outputs: Mapping[str, NDArray[Any]]) -> None:
        count = len(outputs["boxes"])
        wanted = {
            "boxes": (count, 4),
            "embeddings": (count, self._spec.dimensions),
            "classes": (count, len(self._spec.vision.classes)),
        }
        for name, values in outputs.items():
            if values.shape != wanted.get(name, (count,)):
                raise ModelError(
                    f"{self._spec.vision.graph} answered with '{name}' of shape {values.shape}, "
                    f"expected {wanted.get(name, (count,))}."
                )


def _relevance(regions: EmbeddedRegions, phrases: Sequence[str]) -> NDArray[np.float32]:
    """(N,) how well each region fits the phrase that it fits best."""
    if not phrases:
        return regions.logit_shift
    return np.asarray(regions.scores(phrases).max(axis=1), np.float32)
