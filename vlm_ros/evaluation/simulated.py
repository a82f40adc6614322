"""How often the answer is right in simulated scenes the model has never seen."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from vlm_ros.evaluation.expressions import Expression, ask, write_expressions
from vlm_ros.geometry.boxes import iou
from vlm_ros.grounding.result import Grounding, Status
from vlm_ros.language import parse_command
from vlm_ros.pipeline import Grounder
from vlm_ros.simulation.scene import generate_scene
from vlm_ros.simulation.tabletop import RenderedFrame, Tabletop
from vlm_ros.training.phrases import compose

RIGHT_IOU = 0.5
WIDTH, HEIGHT = 640, 480


@dataclass(frozen=True)
class Verdict:
    """One expression and what came of it.

    Attributes:
        seed: of the scene.
        expression: what was asked.
        grounding: what was answered.
        iou: of the first target with the best object that fits; 0 without a target.
        right: a unique one FOUND at IoU 0.5 or more; an absent one NOT_FOUND; an ambiguous one
            AMBIGUOUS.
    """

    seed: int
    expression: Expression
    grounding: Grounding
    iou: float
    right: bool


def frames(seeds: Iterable[int]) -> Iterator[tuple[int, RenderedFrame]]:
    """One picture of each scene, as the simulator's camera sees it."""
    for seed in seeds:
        scene = generate_scene(seed)
        with Tabletop(scene) as tabletop:
            yield seed, tabletop.render(scene.camera, WIDTH, HEIGHT)


def evaluate(
    grounder: Grounder, pictures: Iterable[tuple[int, RenderedFrame]], count: int
) -> Iterator[Verdict]:
    """Asks up to `count` expressions of each kind about every picture."""
    for seed, frame in pictures:
        rng = np.random.default_rng(seed)
        for expression in write_expressions(frame.objects, rng, count):
            command = parse_command(expression.text)
            grounding = grounder.ground(command, frame.rgb)[0].grounding
            yield judge(seed, expression, grounding)


def evaluate_phrase(
    grounder: Grounder, colour: str, noun: str, seeds: Iterable[int]
) -> Iterator[Verdict]:
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
    for seed, frame in frames(holding):
        for expression in ask([phrase], frame.objects):
            if expression.known == "unique":
                command = parse_command(expression.text)
                grounding = grounder.ground(command, frame.rgb)[0].grounding
                yield judge(seed, expression, grounding)


def judge(seed: int, expression: Expression, grounding: Grounding) -> Verdict:
    """Compares an answer with the truth."""
    overlap = 0.0
    if grounding.targets and len(expression.boxes):
        overlap = float(iou([grounding.targets[0].box], expression.boxes).max())
    if expression.known == "unique":
        right = grounding.status is Status.FOUND and overlap >= RIGHT_IOU
    elif expression.known == "ambiguous":
        right = grounding.status is Status.AMBIGUOUS
    else:
        right = grounding.status is Status.NOT_FOUND
    return Verdict(seed, expression, grounding, overlap, right)


def shares(verdicts: Sequence[Verdict]) -> dict[str, tuple[int, int]]:
    """How many were right, of how many, for each kind of expression."""
    table = {}
    for known in ("unique", "ambiguous", "absent"):
        asked = [v for v in verdicts if v.expression.known == known]
        table[known] = (sum(v.right for v in asked), len(asked))
    return table
