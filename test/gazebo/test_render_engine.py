from __future__ import annotations

import numpy as np
import pytest

from vlm_ros.errors import SimulationError
from vlm_ros.gazebo.render_engine import RENDER_ENGINES, render_engine
from vlm_ros.simulation.scene import Light

OGRE, OGRE2 = RENDER_ENGINES["ogre"], RENDER_ENGINES["ogre2"]
AMBIENT = (0.5, 0.48, 0.46)
KEY = Light((0.6, 0.0, -0.8), (0.4, 0.4, 0.38), True)
FILL = Light((0.0, -0.8, -0.6), (0.2, 0.2, 0.2), False)


def test_colours_are_light_for_ogre2_only() -> None:
    assert OGRE.colour((0.1, 0.5, 1.0)).tolist() == [0.1, 0.5, 1.0]
    # Half of the picture's scale is a bit over a fifth of the light.
    np.testing.assert_allclose(OGRE2.colour((0.0, 0.5, 1.0)), (0.0, 0.2140, 1.0), atol=1e-4)
    np.testing.assert_allclose(OGRE2.colour((0.02, 0.02, 0.02)), 0.02 / 12.92)


def test_ambient_light_makes_up_for_what_is_scattered_elsewhere() -> None:
    np.testing.assert_allclose(OGRE.ambient(AMBIENT), AMBIENT)
    np.testing.assert_allclose(OGRE2.ambient(AMBIENT) / np.pi, OGRE2.colour(AMBIENT))


def test_lamps_are_the_scenes_own_for_ogre() -> None:
    for strength, light in zip(OGRE.lamps(AMBIENT, (KEY, FILL)), (KEY, FILL), strict=True):
        np.testing.assert_allclose(strength, light.colour)


def test_the_table_is_as_bright_in_light_and_in_shadow() -> None:
    key, fill = OGRE2.lamps(AMBIENT, (KEY, FILL))
    shadow = OGRE2.ambient(AMBIENT) / np.pi + 0.6 * fill
    shown = np.add(AMBIENT, 0.6 * np.array(FILL.colour))
    np.testing.assert_allclose(shadow, OGRE2.colour(shown))
    np.testing.assert_allclose(shadow + 0.8 * key, OGRE2.colour(shown + 0.8 * np.array(KEY.colour)))


def test_an_unknown_engine_is_refused_with_those_there_are() -> None:
    with pytest.raises(SimulationError, match=r"no render engine 'vulkan'.*ogre2, ogre"):
        render_engine("vulkan")
