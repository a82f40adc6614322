"""A picture is looked at once, however often it is asked about."""

from __future__ import annotations

import numpy as np

from vlm_ros.evaluation.remembering import RememberingModel
from vlm_ros.models import bundled_model, load_model


def test_answers_are_those_of_the_model() -> None:
    model = load_model(bundled_model())
    remembering = RememberingModel(model)
    pictures = [np.random.default_rng(i).integers(0, 256, (60, 80, 3), np.uint8) for i in (0, 1)]
    first = remembering.regions(pictures[0])
    assert remembering.regions(pictures[0]) is first
    np.testing.assert_array_equal(first.boxes, model.regions(pictures[0]).boxes)
    other = remembering.regions(pictures[1])
    np.testing.assert_array_equal(other.embeddings, model.regions(pictures[1]).embeddings)
    assert remembering.description == model.description
    np.testing.assert_array_equal(remembering.embed(["cup"]), model.embed(["cup"]))
