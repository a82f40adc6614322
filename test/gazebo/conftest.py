from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from vlm_ros.errors import SimulationError
from vlm_ros.gazebo.release import FORTRESS, HARMONIC
from vlm_ros.gazebo.render_engine import render_engine
from vlm_ros.gazebo.world import WorldOptions, write_world
from vlm_ros.simulation import Tabletop, generate_scene
from vlm_ros.simulation.engine import mujoco_module

SEEDS = (3, 105)


@pytest.fixture(scope="session")
def physics() -> None:
    """Skips a test where no scene can settle."""
    try:
        mujoco_module()
    except SimulationError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session", params=SEEDS)
def tabletop(request: pytest.FixtureRequest, physics: None) -> Iterator[Tabletop]:
    """A settled scene."""
    with Tabletop(generate_scene(request.param)) as settled:
        yield settled


@pytest.fixture(scope="session")
def fortress(tabletop: Tabletop, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its world for Gazebo Fortress and ogre."""
    folder = tmp_path_factory.mktemp("world")
    return write_world(tabletop, folder, WorldOptions(FORTRESS, render_engine("ogre")))


@pytest.fixture(scope="session")
def harmonic(tabletop: Tabletop, fortress: Path) -> Path:
    """Its world for Gazebo Harmonic and newer and ogre2, in the same folder."""
    return write_world(tabletop, fortress.parent, WorldOptions(HARMONIC, render_engine("ogre2")))
