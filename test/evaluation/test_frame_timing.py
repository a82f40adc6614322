"""What is timed of a model is what a robot does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from vlm_ros.evaluation.cold_start import COMMAND
from vlm_ros.evaluation.drawn_scene import DrawnScene, draw_scene
from vlm_ros.evaluation.frame_timing import (
    CLOSE_COMMAND,
    MOST_PHRASES,
    Timed,
    contenders,
    phrases,
)
from vlm_ros.evaluation.racing import Contender
from vlm_ros.language import Command
from vlm_ros.models import bundled_model, read_spec
from vlm_ros.models.dual_encoder import DualEncoder
from vlm_ros.pipeline import StepAnswer
from vlm_ros.stages import listen


class _Camera:
    """Gives the scene, keeps what is published."""

    def __init__(self, scene: DrawnScene) -> None:
        self._scene = scene
        self.published: list[Sequence[StepAnswer]] = []

    def decode(self) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        return self._scene.image, self._scene.depth

    def publish(self, answers: Sequence[StepAnswer], command: Command) -> None:
        assert command.text in (COMMAND, CLOSE_COMMAND)
        self.published.append(answers)


@pytest.fixture(scope="module")
def scene() -> DrawnScene:
    return draw_scene()


@pytest.fixture(scope="module")
def model() -> DualEncoder:
    return DualEncoder(read_spec(bundled_model()))


def _by_work(made: Sequence[Contender]) -> dict[tuple[Any, Any], Contender]:
    return {(c.facts["work"], c.facts["phrases"]): c for c in made}


def test_phrases_are_all_different() -> None:
    assert MOST_PHRASES == 100 == len(set(phrases(100)))
    assert phrases(3) == phrases(100)[:3]


def test_everything_is_timed(scene: DrawnScene, model: DualEncoder) -> None:
    made = _by_work(list(contenders(Timed(model, {"model": "x"}), scene, (1, 3), None)))
    assert list(made) == [
        ("phrases", 1),
        ("phrases", 3),
        ("new phrases", 1),
        ("new phrases", 3),
        ("command", None),
        ("close command", None),
    ]
    assert {c.facts["model"] for c in made.values()} == {"x"}


def test_known_phrases_are_not_read_again(scene: DrawnScene, model: DualEncoder) -> None:
    made = _by_work(list(contenders(Timed(model), scene, (4,), None)))
    looking = made["phrases", 4]
    looking.once()
    with listen() as times:
        looking.once()
    assert set(times.seconds) == {"preprocess", "vision", "propose", "score"}


def test_new_phrases_are_new_every_time(scene: DrawnScene, model: DualEncoder) -> None:
    made = _by_work(list(contenders(Timed(model), scene, (1, 2, 3), None)))
    for number in (1, 2, 3) * 2:
        with listen() as times:
            made["new phrases", number].once()
        assert times.seconds["text"] > 0.0


def test_a_command_goes_from_message_to_message(scene: DrawnScene, model: DualEncoder) -> None:
    camera = _Camera(scene)
    command = _by_work(list(contenders(Timed(model), scene, (), camera)))["command", None]
    command.once()
    with listen() as times:
        command.once()
    assert list(times.seconds) == [
        "decode",
        "preprocess",
        "vision",
        "propose",
        "locate",
        "ground",
        "publish",
    ]
    # Relations were measured in space: all regions were located.
    assert camera.published and camera.published[0][0].grounding.alternatives


def test_regions_are_looked_at_closely_where_that_is_asked(
    scene: DrawnScene, model: DualEncoder
) -> None:
    made = _by_work(list(contenders(Timed(model), scene, (), None)))
    looked = {}
    for work in ("command", "close command"):
        made[work, None].once()
        with listen() as times:
            made[work, None].once()
        looked[work] = "look" in times.seconds
    assert looked == {"command": False, "close command": True}
