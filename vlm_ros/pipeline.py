"""One frame in, the answer to every phrase of a command out. The way of a frame, without ROS."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vlm_ros.geometry.camera import Intrinsics
from vlm_ros.geometry.depth import Position, locate
from vlm_ros.grounding.resolver import resolve
from vlm_ros.grounding.result import Grounding
from vlm_ros.grounding.scene import Scene
from vlm_ros.language import Command, Phrase
from vlm_ros.models import Model
from vlm_ros.regions import Regions


@dataclass(frozen=True)
class StepAnswer:
    """The answer to one phrase of a command.

    Attributes:
        step: which step of the command, 0-based.
        role: "target" or "destination".
        grounding: what was found.
        positions: where each of `grounding.targets` is in the camera's optical frame; None where
            depth is missing or has too many holes.
    """

    step: int
    role: str
    grounding: Grounding
    positions: tuple[Position | None, ...]


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
        regions = self._model.regions(image)
        height, width = image.shape[:2]
        depth = depth if depth is not None and depth.shape == (height, width) else None
        located = _locate_all(regions, depth, intrinsics)
        scene = Scene(
            boxes=regions.boxes,
            width=width,
            height=height,
            matcher=_ModelMatcher(self._model, regions),
            positions=None if located is None else _points(located),
        )
        return tuple(
            _answer(step, role, resolve(phrase, scene), located)
            for step, role, phrase in _phrases(command)
        )


@dataclass(frozen=True)
class _ModelMatcher:
    model: Model
    regions: Regions

    def scores(self, phrases: Sequence[str]) -> NDArray[np.float32]:
        return self.regions.match(self.model.embed(phrases))


def _phrases(command: Command) -> Iterator[tuple[int, str, Phrase]]:
    for index, step in enumerate(command.steps):
        yield index, "target", step.target
        if step.destination is not None:
            for anchor in step.destination.anchors:
                yield index, "destination", anchor


def _locate_all(
    regions: Regions, depth: NDArray[np.float32] | None, intrinsics: Intrinsics | None
) -> tuple[Position | None, ...] | None:
    if depth is None or intrinsics is None:
        return None
    return tuple(locate(depth, box, intrinsics) for box in regions.boxes)


def _points(located: Sequence[Position | None]) -> NDArray[np.float32]:
    unknown = (np.nan, np.nan, np.nan)
    points = [unknown if position is None else position.point for position in located]
    return np.asarray(points, np.float32).reshape(-1, 3)


def _answer(
    step: int, role: str, grounding: Grounding, located: Sequence[Position | None] | None
) -> StepAnswer:
    positions = tuple(
        None if located is None else located[target.region] for target in grounding.targets
    )
    return StepAnswer(step, role, grounding, positions)
