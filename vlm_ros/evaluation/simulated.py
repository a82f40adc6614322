"""Questions about simulated scenes the model has never seen."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from vlm_ros.errors import SimulationError
from vlm_ros.evaluation.appearance import is_clear
from vlm_ros.evaluation.expressions import ask_about, write_postures, write_questions
from vlm_ros.evaluation.judging import Question
from vlm_ros.evaluation.placement import Solid, solids
from vlm_ros.evaluation.relational_expressions import write_relations
from vlm_ros.grounding.result import Status
from vlm_ros.simulation.scene import generate_scene
from vlm_ros.simulation.tabletop import RenderedFrame, Tabletop
from vlm_ros.training.phrases import compose

WIDTH, HEIGHT = 640, 480
FEWEST, MOST = 6, 14
"""How many clearly visible objects a scene to ask about has."""
FIRST_TRAINED_SEED = 50_000
"""Scenes of lower seeds are neither trained nor calibrated on."""


@dataclass(frozen=True)
class SeenScene:
    """A simulated scene as the camera sees it.

    Attributes:
        seed: of the scene.
        frame: picture, depth and truth.
        places: where each of the frame's objects is.
    """

    seed: int
    frame: RenderedFrame
    places: tuple[Solid, ...]

    @property
    def image(self) -> str:
        """Name of the picture."""
        return f"seed {self.seed}"


def scenes(seeds: Iterable[int]) -> Iterator[SeenScene]:
    """One picture of each scene, as the simulator's camera sees it."""
    for seed in seeds:
        scene = generate_scene(seed)
        with Tabletop(scene) as tabletop:
            frame = tabletop.render(scene.camera, WIDTH, HEIGHT)
            yield SeenScene(seed, frame, solids(tabletop, scene.camera))


def frames(seeds: Iterable[int]) -> Iterator[tuple[int, RenderedFrame]]:
    """The pictures of scenes, with their seeds."""
    return ((scene.seed, scene.frame) for scene in scenes(seeds))


def full_scenes(first: int, count: int) -> Iterator[SeenScene]:
    """The first `count` scenes from a seed on that show FEWEST to MOST objects clearly.

    Raises:
        SimulationError: there are not so many below FIRST_TRAINED_SEED.
    """
    found = 0
    for scene in scenes(range(first, FIRST_TRAINED_SEED)):
        if found == count:
            return
        if FEWEST <= sum(map(is_clear, scene.frame.objects)) <= MOST:
            found += 1
            yield scene
    if found < count:
        raise SimulationError(
            f"From seed {first} on there are only {found} scenes to ask about below "
            f"{FIRST_TRAINED_SEED}; begin lower or ask for fewer."
        )


def questions(scene: SeenScene, count: int) -> list[Question]:
    """Up to `count` questions of each category about a scene, the same for the same scene."""
    objects, image = scene.frame.objects, scene.image
    return [
        *write_questions(objects, np.random.default_rng([scene.seed, 0]), count, image),
        *write_relations(
            objects, scene.places, np.random.default_rng([scene.seed, 1]), count, image
        ),
        *write_postures(objects, np.random.default_rng([scene.seed, 2]), count, image),
    ]


def asking_for(
    colour: str, noun: str, seeds: Iterable[int]
) -> Iterator[tuple[Question, SeenScene]]:
    """Asks for "the <colour> <noun>" in every scene that clearly holds exactly one."""
    phrase = compose(noun, {"colour": colour})
    holding = (
        seed
        for seed in seeds
        if any(
            item.kind == noun and item.attributes.get("colour") == colour
            for item in generate_scene(seed).objects
        )
    )
    for scene in scenes(holding):
        for question in ask_about([phrase], scene.frame.objects, scene.image):
            if question.due is Status.FOUND:
                yield question, scene
