"""Small things to measure on: things without a renderer, and one rendered scene."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from vlm_ros.errors import SimulationError
from vlm_ros.evaluation.simulated import SeenScene, full_scenes
from vlm_ros.simulation.tabletop import ObjectTruth

MakeThing = Callable[..., ObjectTruth]


@pytest.fixture(scope="session")
def make_thing() -> MakeThing:
    """The truth about a thing 50 pixels wide and high, from its name, colour and left edge."""

    def make(
        name: str, colour: str, left: float, visible: float = 1.0, **attributes: str
    ) -> ObjectTruth:
        return ObjectTruth(
            name=name,
            identity=f"{name}_{left}",
            attributes={"colour": colour, **attributes},
            parts=(),
            box=(left, 10.0, left + 50.0, 60.0),
            visible_fraction=visible,
            mask=np.zeros((1, 1), bool),
            position=(0.0, 0.0, 1.0),
            quaternion=(0.0, 0.0, 0.0, 1.0),
            size=(0.1, 0.1, 0.1),
        )

    return make


@pytest.fixture(scope="session")
def rendered() -> SeenScene:
    """One rendered scene; skips a test where nothing can be rendered."""
    try:
        return next(full_scenes(40, 1))
    except SimulationError as error:
        pytest.skip(str(error))
