"""One frame in, the answer to every phrase of a command out. The way of a frame, without ROS."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vlm_ros.geometry.camera import Intrinsics
from vlm_ros.geometry.position import Located, Position, locate
from vlm_ros.geometry.surfaces import surface_points
from vlm_ros.grounding.appearance import PictureMatcher
from vlm_ros.grounding.contrast import is_size
from vlm_ros.grounding.matching import named_texts
from vlm_ros.grounding.resolver import resolve
from vlm_ros.grounding.result import Grounding
from vlm_ros.grounding.scene import Scene
from vlm_ros.grounding.taken import Taken
from vlm_ros.language import Command, Phrase
from vlm_ros.models import Model
from vlm_ros.regions import Regions
from vlm_ros.stages import stage


@dataclass(frozen=True)
class StepAnswer:
    """The answer to one phrase of a command.

    Attributes:
        step: which step of the command, 0-based.
        role: "target" or "destination".
        grounding: what was found.
        positions: where each of `grounding.targets` is in the camera's optical frame; None where
            depth is missing or has too many holes.
        masks: for each of `grounding.targets` its pixels, (H, W) bool; None where depth is missing
            or has too many holes.
        regions: the frame's regions, which `GroundedRegion.region` counts; None where there is no
            frame.
    """

    step: int
    role: str
    grounding: Grounding
    positions: tuple[Position | None, ...]
    masks: tuple[NDArray[np.bool_] | None, ...] = field(
        default=(), kw_only=True, repr=False, compare=False
    )
    regions: Regions | None = field(default=None, kw_only=True, repr=False, compare=False)


class Grounder:
    """Grounds commands in images with one model. One frame at a time."""

    def __init__(self, model: Model) -> None:
        self._model = model

    def ground(
        self,
        command: Command,
        image: NDArray[Any],
        depth: NDArray[np.float32] | None = None,
        intrinsics: Intrinsics | None = None,
    ) -> tuple[StepAnswer, ...]:
        """Grounds every target and destination of a command in one frame.

        Args:
            command: what is asked.
            image: (H, W, 3) uint8 RGB.
            depth: (H, W) float32 metres, registered to the image; 0 or NaN where unknown.
            intrinsics: of the camera; depth is used only where it is given.

        Raises:
            ImageError: the image cannot be used.
            ModelError: the model failed.
        """
        phrases = tuple(_phrases(command))
        texts = dict.fromkeys(text for *_, phrase in phrases for text in named_texts(phrase))
        with stage("propose"):
            regions = self._model.regions(image, tuple(texts))
        height, width = image.shape[:2]
        locator = _Locator(regions.boxes, None, None)
        if depth is not None and depth.shape == (height, width):
            locator = _Locator(regions.boxes, depth, intrinsics)
        matcher = PictureMatcher(image, regions, self._model.threshold)
        answers = []
        taken = Taken()
        for step, role, phrase in phrases:
            scene = Scene(
                boxes=regions.boxes,
                width=width,
                height=height,
                matcher=matcher,
                positions=locator.points() if _compares_places(phrase) else None,
                objectness=None if self._model.guided else regions.objectness,
            )
            with stage("ground"):
                grounding = resolve(phrase, scene, taken=taken.before(phrase))
            if role == "target":
                taken.add(phrase, grounding)
            located = [locator.object_in(target.region) for target in grounding.targets]
            positions = tuple(None if found is None else found.position for found in located)
            masks = tuple(None if found is None else found.mask for found in located)
            answers.append(
                StepAnswer(step, role, grounding, positions, masks=masks, regions=regions)
            )
        return tuple(answers)


class _Locator:
    """Where the regions of one frame are, each measured when it is first asked for."""

    def __init__(
        self,
        boxes: NDArray[np.float32],
        depth: NDArray[np.float32] | None,
        intrinsics: Intrinsics | None,
    ) -> None:
        self._boxes = boxes
        self._depth = depth
        self._intrinsics = intrinsics
        self._objects: dict[int, Located | None] = {}
        self._points: NDArray[np.float32] | None = None

    def object_in(self, region: int) -> Located | None:
        """The object of a region; None where depth is missing or has too many holes."""
        if self._depth is None or self._intrinsics is None:
            return None
        if region not in self._objects:
            with stage("locate"):
                box = self._boxes[region].tolist()
                self._objects[region] = locate(self._depth, box, self._intrinsics)
        return self._objects[region]

    def points(self) -> NDArray[np.float32] | None:
        """(N, 3) middles of the surfaces of all regions, NaN where unknown; None without depth."""
        if self._depth is None or self._intrinsics is None:
            return None
        if self._points is None:
            with stage("locate"):
                self._points = surface_points(self._depth, self._boxes, self._intrinsics)
        return self._points


def _compares_places(phrase: Phrase) -> bool:
    """Whether grounding compares regions in space; the phrases of anchors come in relations."""
    return bool(phrase.relations or phrase.selectors or any(map(is_size, phrase.attributes)))


def _phrases(command: Command) -> Iterator[tuple[int, str, Phrase]]:
    for index, step in enumerate(command.steps):
        yield index, "target", step.target
        if step.destination is not None:
            for anchor in step.destination.anchors:
                yield index, "destination", anchor
