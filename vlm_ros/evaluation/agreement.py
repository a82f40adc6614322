"""How far a model's answers are from those of another of the same architecture.

For a model in eight bits and the one that it was made of: region by region, and in which region
they point at for a phrase.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vlm_ros.errors import ModelError
from vlm_ros.geometry.boxes import iou
from vlm_ros.images import read_image
from vlm_ros.models import load_text_encoder, read_spec
from vlm_ros.models.folder import ModelSpec
from vlm_ros.models.phrases import PhraseEncoder
from vlm_ros.models.vision_pass import VisionPass, open_vision
from vlm_ros.regions import EmbeddedRegions

# Boxes that overlap so much point at the same thing.
_SAME = 0.5


@dataclass(frozen=True)
class Agreement:
    """Differences over all pictures.

    Attributes:
        pictures, regions, phrases: how many were compared; regions over all pictures.
        box_px_p50, box_px_p95: of the farthest edge of a region's box, pixels of the picture.
        cosine_mean, cosine_least: of a region's two embeddings.
        score_mean, score_most: of a region's probability of a phrase.
        same_region: share of pictures and phrases whose best region is the same one.
        same_place: likewise, or their boxes overlap by half.
    """

    pictures: int
    regions: int
    phrases: int
    box_px_p50: float
    box_px_p95: float
    cosine_mean: float
    cosine_least: float
    score_mean: float
    score_most: float
    same_region: float
    same_place: float


def compare(
    reference: Path, other: Path, pictures: Iterable[Path], phrases: Sequence[str]
) -> Agreement:
    """Compares two model folders whose graphs give their regions in the same order.

    Args:
        reference: what the other should say.
        other: model folder.
        pictures: files, at least one.
        phrases: at least one.

    Raises:
        ModelError: a folder cannot be read, or the graphs rank their regions, so that there is no
            telling which belong together.
        ImageError: a picture cannot be read.
    """
    eyes = [_Eye(read_spec(folder)) for folder in (reference, other)]
    embed = load_text_encoder(reference)
    boxes, cosines, scores, same, near = [], [], [], [], []
    for picture in pictures:
        image = read_image(picture)
        first, second = (eye.look(image, embed) for eye in eyes)
        boxes.append(np.abs(first.boxes - second.boxes).max(axis=1))
        cosines.append((first.embeddings * second.embeddings).sum(axis=1))
        said = [regions.scores(phrases) for regions in (first, second)]
        scores.append(np.abs(said[0] - said[1]).ravel())
        best = [values.argmax(axis=0) for values in said]
        same.append(best[0] == best[1])
        overlap = np.diagonal(iou(first.boxes[best[0]], second.boxes[best[1]]))
        near.append(same[-1] | (overlap >= _SAME))
    box, cosine, score = (np.concatenate(values) for values in (boxes, cosines, scores))
    return Agreement(
        pictures=len(boxes),
        regions=len(box),
        phrases=len(phrases),
        box_px_p50=_rounded(np.percentile(box, 50)),
        box_px_p95=_rounded(np.percentile(box, 95)),
        cosine_mean=_rounded(cosine.mean()),
        cosine_least=_rounded(cosine.min()),
        score_mean=_rounded(score.mean()),
        score_most=_rounded(score.max()),
        same_region=_rounded(np.mean(same)),
        same_place=_rounded(np.mean(near)),
    )


def _rounded(value: float | np.floating) -> float:
    return round(float(value), 4)


class _Eye:
    """A vision graph that gives all of its regions."""

    def __init__(self, spec: ModelSpec) -> None:
        self._spec = spec
        self._vision: VisionPass = open_vision(spec.vision, "onnxruntime")
        if "objectness" in self._vision.outputs or "embeddings" not in self._vision.outputs:
            raise ModelError(
                f"{spec.vision.graph} does not give all of its regions in the order of the "
                "picture's patches; only graphs that do can be compared, like OWL-ViT's."
            )

    def look(self, image: NDArray[np.uint8], embed: PhraseEncoder) -> EmbeddedRegions:
        outputs, fit = self._vision(image)
        spec, count = self._spec, len(outputs["boxes"])
        return EmbeddedRegions(
            boxes=fit.to_source(outputs["boxes"]),
            objectness=np.ones(count, np.float32),
            embeddings=outputs["embeddings"].copy(),
            logit_scale=outputs["logit_scale"] * np.float32(spec.logit_scale),
            logit_shift=outputs["logit_shift"] * np.float32(spec.logit_scale) + spec.logit_shift,
            embed=embed,
        )
