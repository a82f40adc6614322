"""The fused family: phrases enter the graph, so the regions depend on what is asked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vlm_ros.errors import ModelError
from vlm_ros.geometry.boxes import FITS, iou, nms
from vlm_ros.models.folder import ModelSpec
from vlm_ros.models.preprocess import check_image
from vlm_ros.models.prompts import PICTURE_INPUTS, Prompt, open_prompting
from vlm_ros.models.vision_pass import open_vision
from vlm_ros.regions import ClassLogits
from vlm_ros.stages import stage

# What is looked for where nothing is asked for.
_ANYTHING = "object"
# Boxes that overlap by less do not show the same thing.
_SAME_THING = 0.5


@dataclass(frozen=True)
class _Sight:
    """What the graph saw of some phrases in one image.

    Attributes:
        boxes: (M, 4) float32, xyxy, pixels of the source image.
        relevance: (M,) float32 in 0..1, how well each fits anything of its prompt.
        scores: (M, n) float32 in 0..1 for n phrases; 0 for those of another prompt.
    """

    boxes: NDArray[np.float32]
    relevance: NDArray[np.float32]
    scores: NDArray[np.float32]


class FusedRegions:
    """Regions found with a prompt; asked about other phrases, they look at the image again.

    Attributes:
        boxes: see `Regions`.
        objectness: (N,) how well each fits anything of the prompt.
        classes: None, for there are none but the phrases.
    """

    classes: ClassLogits | None = None

    def __init__(
        self,
        boxes: NDArray[np.float32],
        objectness: NDArray[np.float32],
        known: dict[str, NDArray[np.float32]],
        look: Callable[[Sequence[str]], NDArray[np.float32]],
    ) -> None:
        """Keeps what the prompt said.

        Args:
            boxes: (N, 4), best first.
            objectness: (N,).
            known: (N,) scores for each phrase of the prompt.
            look: gives the scores (N, n) of n other phrases.
        """
        self.boxes = boxes
        self.objectness = objectness
        self._known = known
        self._look = look

    def __len__(self) -> int:
        return len(self.boxes)

    def scores(self, phrases: Sequence[str]) -> NDArray[np.float32]:
        """Probability (N, len(phrases)) that each region is what each phrase says.

        Raises:
            ModelError: the graph failed or answered with the wrong shape.
        """
        if not len(self) or not phrases:
            return np.zeros((len(self), len(phrases)), np.float32)
        unknown = [phrase for phrase in dict.fromkeys(phrases) if phrase not in self._known]
        if unknown:
            self._known.update(zip(unknown, self._look(unknown).T, strict=True))
        return np.stack([self._known[phrase] for phrase in phrases], axis=1)


class FusedModel:
    """A fused graph and the text graph that encodes its prompts.

    The fused graph takes `image` (1, 3, H, W), `content` (2,), the height and width of the picture
    in it, and a prompt (`prompts`); it gives `boxes` (Q, 4) xyxy in pixels of its input and
    `logits` (Q, T) of each part of the prompt. One thread at a time.
    """

    guided = True

    def __init__(self, spec: ModelSpec, runtime: str = "auto") -> None:
        """Loads both graphs.

        Raises:
            ModelError: a graph cannot be loaded or does not fit model.yaml.
            RuntimeUnavailableError: see `open_runtime`.
        """
        self._spec = spec
        self._vision = open_vision(spec.vision, runtime)
        self._check_vision()
        self._prompting = open_prompting(spec, self._vision.inputs)

    @property
    def description(self) -> str:
        """Name, input size and runtime."""
        size = f"{self._spec.vision.width}x{self._spec.vision.height}"
        return f"{self._spec.name} at {size} in {self._vision.name}"

    @property
    def threshold(self) -> float:
        """As model.yaml says; see `Model.threshold`."""
        return self._spec.threshold

    def regions(self, image: NDArray[Any], phrases: Sequence[str]) -> FusedRegions:
        """Proposes what the phrases speak of; see `Model.regions`."""
        check_image(image)
        asked = tuple(dict.fromkeys(phrases)) or (_ANYTHING,)
        seen = self._see(image, asked)
        vision = self._spec.vision
        relevant = np.flatnonzero(seen.relevance >= vision.min_objectness)
        kept = nms(seen.boxes[relevant], seen.relevance[relevant], vision.nms_iou)
        chosen = relevant[kept][: vision.max_regions]
        boxes = seen.boxes[chosen]
        scores = self._taken_over(boxes, seen)
        return FusedRegions(
            boxes=boxes,
            objectness=seen.relevance[chosen],
            known=dict(zip(asked, scores.T, strict=True)),
            look=lambda others: self._taken_over(boxes, self._see(image, tuple(others))),
        )

    def _see(self, image: NDArray[Any], phrases: tuple[str, ...]) -> _Sight:
        """Runs the graph for as many prompts as the phrases need."""
        sights = []
        before = 0
        for chunk in self._prompting.split(phrases):
            with stage("text"):
                prompt = self._prompting.encode(chunk)
            sight = self._run(image, prompt)
            after = len(phrases) - before - len(chunk)
            scores = np.pad(sight.scores, ((0, 0), (before, after)))
            sights.append(_Sight(sight.boxes, sight.relevance, scores))
            before += len(chunk)
        return _Sight(
            boxes=np.concatenate([sight.boxes for sight in sights]),
            relevance=np.concatenate([sight.relevance for sight in sights]),
            scores=np.concatenate([sight.scores for sight in sights]),
        )

    def _run(self, image: NDArray[Any], prompt: Prompt) -> _Sight:
        vision = self._spec.vision
        height, width = image.shape[:2]
        fit = FITS[vision.resize](width, height, vision.width, vision.height)
        content = np.asarray([fit.height, fit.width], np.float32)
        with stage("vision"):
            outputs, fit = self._vision(image, content=content, **prompt.inputs)
        boxes, logits = outputs["boxes"], outputs["logits"]
        if boxes.shape != (len(logits), 4) or logits.ndim != 2:
            raise ModelError(
                f"{vision.graph} answered with 'boxes' of shape {boxes.shape} and 'logits' of "
                f"shape {logits.shape}, expected (Q, 4) and (Q, T)."
            )
        # A phrase of which no token is left fits nothing.
        nothing = np.full(len(logits), -np.inf, np.float32)
        best = [
            logits[:, columns].max(axis=1) if len(columns) else nothing
            for columns in prompt.columns
        ]
        return _Sight(
            boxes=fit.to_source(boxes),
            relevance=self._probability(logits.max(axis=1)),
            scores=self._probability(np.stack(best, axis=1)),
        )

    def _probability(self, logits: NDArray[Any]) -> NDArray[np.float32]:
        values = np.asarray(logits, np.float32) * self._spec.logit_scale + self._spec.logit_shift
        with np.errstate(over="ignore"):
            return np.asarray(1.0 / (1.0 + np.exp(-values)), np.float32)

    def _taken_over(self, boxes: NDArray[np.float32], seen: _Sight) -> NDArray[np.float32]:
        """Scores (N, n) of regions from all that was seen of them.

        A region speaks for the boxes that suppression would drop for it: a thing that fits two
        phrases may have been seen as two boxes, one for each. Seen with another prompt it may lie
        less well; then a box is of the region that it overlaps most.

        Args:
            boxes: (N, 4) of the regions.
            seen: with M boxes and n phrases.
        """
        scores = np.zeros((len(boxes), seen.scores.shape[1]), np.float32)
        if not len(boxes):
            return scores
        overlaps = iou(boxes, seen.boxes)
        nearest = overlaps.argmax(axis=0)
        for index, (row, overlap) in enumerate(zip(scores, overlaps, strict=True)):
            own = (nearest == index) & (overlap >= _SAME_THING)
            same = own | (overlap > self._spec.vision.nms_iou)
            np.max(seen.scores[same], axis=0, initial=0.0, out=row)
        return scores

    def _check_vision(self) -> None:
        vision = self._spec.vision
        expected = {"image": (1, 3, vision.height, vision.width), "content": (2,)}
        for name in sorted(PICTURE_INPUTS):
            shape = self._vision.inputs.get(name)
            if shape != expected[name]:
                raise ModelError(
                    f"{vision.graph} takes '{name}' of shape {shape}, but with model.yaml it "
                    f"should be {expected[name]}."
                )
        if missing := {"boxes", "logits"} - set(self._vision.outputs):
            raise ModelError(f"{vision.graph} lacks the output {', '.join(sorted(missing))}.")
