"""Questions about rendered scenes."""

from __future__ import annotations

import numpy as np
import pytest

from vlm_ros.errors import SimulationError
from vlm_ros.evaluation.appearance import is_clear
from vlm_ros.evaluation.simulated import (
    FEWEST,
    FIRST_TRAINED_SEED,
    MOST,
    SeenScene,
    asking_for,
    full_scenes,
    questions,
    scenes,
)
from vlm_ros.grounding.result import Status


def test_scenes_show_enough_things(rendered: SeenScene) -> None:
    assert FEWEST <= sum(map(is_clear, rendered.frame.objects)) <= MOST


def test_questions_are_those_of_the_seed(rendered: SeenScene) -> None:
    (again,) = scenes([rendered.seed])
    assert questions(again, 6) == questions(rendered, 6)


def test_every_category_is_asked_about(rendered: SeenScene) -> None:
    asked = questions(rendered, 6)
    assert {q.category for q in asked} >= {"nouns", "attributes", "relations", "absent"}
    fitting = {q.category: q.due for q in asked}
    assert fitting["relations"] is Status.FOUND and fitting["absent"] is Status.NOT_FOUND


def test_boxes_are_those_of_clear_objects(rendered: SeenScene) -> None:
    clear = {truth.box for truth in rendered.frame.objects if is_clear(truth)}
    boxes = {box for question in questions(rendered, 20) for box in question.boxes}
    assert boxes and boxes <= clear


def test_places_agree_with_the_picture(rendered: SeenScene) -> None:
    """What is to the right in space is to the right in the picture, and what is lower nearer."""
    pairs = [
        (solid.centre, truth.box)
        for solid, truth in zip(rendered.places, rendered.frame.objects, strict=True)
        if truth.visible_fraction > 0.9
    ]
    places = np.asarray([centre for centre, _ in pairs])
    boxes = np.asarray([box for _, box in pairs])
    assert np.corrcoef(places[:, 0], boxes[:, [0, 2]].mean(axis=1))[0, 1] > 0.9
    assert np.corrcoef(places[:, 1], boxes[:, 3])[0, 1] < -0.8
    assert all(-0.01 < solid.low[2] < 0.3 for solid in rendered.places)


def test_seeds_of_training_are_never_reached(rendered: SeenScene) -> None:
    with pytest.raises(SimulationError, match="begin lower or ask for fewer"):
        list(full_scenes(FIRST_TRAINED_SEED - 1, 5))


def test_asking_for_one_thing(rendered: SeenScene) -> None:
    found = list(asking_for("red", "cup", range(60)))
    assert found
    for question, scene in found:
        (thing,) = (o for o in scene.frame.objects if o.box == question.boxes[0])
        assert thing.name in ("cup", "mug") and thing.attributes["colour"] in ("red", "dark red")
