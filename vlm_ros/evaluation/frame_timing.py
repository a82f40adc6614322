"""How long a frame and a phrase take with a model, without ROS."""

from __future__ import annotations

import numpy as np

from vlm_ros.evaluation.timing import Times, timed
from vlm_ros.language import parse_command
from vlm_ros.models import Model
from vlm_ros.pipeline import Grounder

_COMMAND = "pick up the red cup left of the plate"
_WARM_UP = 5


def time_model(model: Model, frames: int, seed: int = 0) -> dict[str, Times]:
    """Times the vision pass, a whole frame, a new phrase and a known one.

    The picture is coloured noise in large patches: what it shows changes the cost of a vision pass
    not at all, and of grounding little.

    Args:
        model: to time.
        frames: how often each is done.
        seed: of the picture.
    """
    patches = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), np.uint8)
    image = np.ascontiguousarray(patches.repeat(80, axis=0).repeat(80, axis=1))
    grounder, command = Grounder(model), parse_command(_COMMAND)
    for _ in range(_WARM_UP):
        grounder.ground(command, image)
    return {
        "vision": timed(lambda _: model.regions(image), range(frames)),
        "frame": timed(lambda _: grounder.ground(command, image), range(frames)),
        "new phrase": timed(lambda i: model.embed([f"strange thing {i}"]), range(frames)),
        "known phrase": timed(lambda _: model.embed([_COMMAND]), range(frames)),
    }
