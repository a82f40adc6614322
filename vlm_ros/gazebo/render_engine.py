"""What differs between the render engines of Gazebo."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vlm_ros.errors import SimulationError
from vlm_ros.simulation.colours import Rgb
from vlm_ros.simulation.scene import Light


@dataclass(frozen=True)
class RenderEngine:
    """A render engine.

    Attributes:
        name: what Gazebo calls it.
        linear: whether the colours of plain materials and lights are amounts of light for it, as
            in physically based rendering; otherwise they are those of the picture, as they are
            for the simulator. It takes colours of textures for those of the picture either way.
        draws_unseen: whether it can draw without a display, by EGL.
        shadows: whether lamps may cast them; those of some engines lie on what casts them, too.
    """

    name: str
    linear: bool
    draws_unseen: bool
    shadows: bool

    def colour(self, colour: ArrayLike) -> NDArray[np.float64]:
        """(3,) RGB for a colour of the picture, RGB 0..1 (sRGB, IEC 61966-2-1)."""
        shown = np.asarray(colour, np.float64)
        if not self.linear:
            return shown
        return np.where(shown <= 0.04045, shown / 12.92, ((shown + 0.055) / 1.055) ** 2.4)

    def ambient(self, colour: ArrayLike) -> NDArray[np.float64]:
        """(3,) RGB of ambient light, for its colour in the picture of a white surface.

        Physically based materials scatter a share of 1 / pi. Gazebo makes up for that in the
        strength of its lamps, but not in the ambient light.
        """
        return self.colour(colour) * (np.pi if self.linear else 1.0)

    def lamps(self, ambient: Rgb, lights: Sequence[Light]) -> list[NDArray[np.float64]]:
        """(3,) RGB of each light, with which the table top has its brightness of the picture.

        It has it in shadows, too.
        """
        strengths: list[NDArray[np.float64]] = [np.zeros(3)] * len(lights)
        level = np.asarray(ambient, np.float64)
        # In a shadow there is the light of the lamps that cast none.
        for index in sorted(range(len(lights)), key=lambda index: lights[index].shadows):
            share = -lights[index].direction[2]
            brighter = level + share * np.asarray(lights[index].colour)
            strengths[index] = (self.colour(brighter) - self.colour(level)) / share
            level = brighter
        return strengths


RENDER_ENGINES: Mapping[str, RenderEngine] = {
    engine.name: engine
    for engine in (
        RenderEngine("ogre2", linear=True, draws_unseen=True, shadows=True),
        RenderEngine("ogre", linear=False, draws_unseen=False, shadows=False),
    )
}
"""By name, Gazebo's own choice first."""


def render_engine(name: str) -> RenderEngine:
    """The engine of a name.

    Raises:
        SimulationError: there is no such engine.
    """
    if name not in RENDER_ENGINES:
        raise SimulationError(
            f"There is no render engine '{name}' here; use one of {', '.join(RENDER_ENGINES)}."
        )
    return RENDER_ENGINES[name]
