"""What is timed of a model: phrases in a picture, and whole commands with depth."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count, product
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from vlm_ros.evaluation.cold_start import COMMAND
from vlm_ros.evaluation.drawn_scene import DrawnScene
from vlm_ros.evaluation.racing import Contender
from vlm_ros.language import Command, parse_command
from vlm_ros.models import Model
from vlm_ros.models.dual_encoder import DualEncoder
from vlm_ros.pipeline import Grounder, StepAnswer
from vlm_ros.stages import stage

_COLOURS = ("red", "blue", "green", "yellow", "white", "black", "orange", "brown", "grey", "pink")
_THINGS = ("cup", "plate", "bottle", "box", "bowl", "can", "book", "ball", "spoon", "banana")
CLOSE_COMMAND = "pick up the cup with a red handle"
"""One for which regions are looked at closely."""
MOST_PHRASES = len(_COLOURS) * len(_THINGS)


class Camera(Protocol):
    """A camera's messages: what comes in for a frame, and what goes out."""

    def decode(self) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        """The picture (H, W, 3) uint8 RGB and its depth (H, W) float32 metres."""
        ...

    def publish(self, answers: Sequence[StepAnswer], command: Command) -> None:
        """Fills the messages that are sent."""
        ...


def phrases(number: int) -> list[str]:
    """So many different phrases, at most MOST_PHRASES."""
    pairs = product(_THINGS, _COLOURS)
    return [f"{colour} {thing}" for thing, colour in pairs][:number]


@dataclass(frozen=True)
class Timed:
    """A loaded model and how it stands in the record."""

    model: Model
    facts: dict[str, Any] = field(default_factory=dict)


def contenders(
    timed: Timed, scene: DrawnScene, numbers: Sequence[int], camera: Camera | None
) -> Iterator[Contender]:
    """Everything that is timed of one model.

    Args:
        timed: the model.
        scene: the picture, its depth and camera.
        numbers: of phrases that are looked for together.
        camera: where there are ROS messages.
    """
    for number in numbers:
        yield _looking_for(timed, scene.image, number)
    if isinstance(timed.model, DualEncoder):
        for number in numbers:
            yield _reading(timed.model, timed.facts, number)
    yield _command(timed, scene, camera, "command", COMMAND)
    yield _command(timed, scene, camera, "close command", CLOSE_COMMAND)


def _looking_for(timed: Timed, image: NDArray[np.uint8], number: int) -> Contender:
    """Known phrases in a new frame: what a standing command costs."""
    asked, model = phrases(number), timed.model

    def once() -> None:
        with stage("propose"):
            regions = model.regions(image, asked)
        with stage("score"):
            regions.scores(asked)

    return Contender({**timed.facts, "work": "phrases", "phrases": number}, once)


def _reading(model: DualEncoder, facts: dict[str, Any], number: int) -> Contender:
    """Phrases never heard before: what a new command costs, once."""
    fresh = count()
    return Contender(
        {**facts, "work": "new phrases", "phrases": number},
        lambda: model.embed([f"thing {next(fresh)} of {number}" for _ in range(number)]),
    )


def _command(
    timed: Timed, scene: DrawnScene, camera: Camera | None, work: str, text: str
) -> Contender:
    """A command, grounded with depth, from message to message."""
    grounder, command = Grounder(timed.model), parse_command(text)
    facts = {**timed.facts, "work": work, "command": text, "phrases": None}

    def alone() -> None:
        grounder.ground(command, scene.image, scene.depth, scene.intrinsics)

    def between_messages() -> None:
        assert camera is not None
        with stage("decode"):
            image, depth = camera.decode()
        answers = grounder.ground(command, image, depth, scene.intrinsics)
        with stage("publish"):
            camera.publish(answers, command)

    return Contender(facts, alone if camera is None else between_messages)
