"""A picture is looked at once, however often it is asked about."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from vlm_ros.evaluation.remembering import RememberingModel
from vlm_ros.models import bundled_model, load_model
from vlm_ros.regions import Regions

PICTURES = [np.random.default_rng(i).integers(0, 256, (60, 80, 3), np.uint8) for i in (0, 1)]


def test_answers_are_those_of_the_model() -> None:
    model = load_model(bundled_model())
    remembering = RememberingModel(model)
    first = remembering.regions(PICTURES[0], ["cup"])
    assert remembering.regions(PICTURES[0], ["bowl"]) is first, "they do not depend on phrases"
    np.testing.assert_array_equal(first.boxes, model.regions(PICTURES[0], []).boxes)
    other, again = remembering.regions(PICTURES[1], []), model.regions(PICTURES[1], [])
    np.testing.assert_array_equal(other.scores(["cup"]), again.scores(["cup"]))
    assert remembering.description == model.description


class Counting:
    """A real model that counts what it is asked, and claims to propose by phrases."""

    guided = True
    threshold = 0.5

    def __init__(self) -> None:
        self._model = load_model(bundled_model())
        self.description = self._model.description
        self.asked = 0

    def regions(self, image: NDArray[Any], phrases: Sequence[str]) -> Regions:
        self.asked += 1
        return self._model.regions(image, phrases)


@pytest.mark.parametrize(("then", "asked"), [(["cup"], 1), (["bowl"], 2), (["cup", "bowl"], 2)])
def test_other_phrases_are_another_question(then: list[str], asked: int) -> None:
    model = Counting()
    remembering = RememberingModel(model)
    remembering.regions(PICTURES[0], ["cup"])
    remembering.regions(PICTURES[0], then)
    assert model.asked == asked
