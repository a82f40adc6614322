"""What differs between the releases of Gazebo: names of plugins, messages and commands."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from vlm_ros.errors import SimulationError
from vlm_ros.gazebo.render_engine import RenderEngine


@dataclass(frozen=True)
class Release:
    """Releases of Gazebo that read the same worlds.

    Attributes:
        name: of the first of them; also what files for them are called.
        command: starts Gazebo.
        library: how file names of its systems begin.
        namespace: C++ namespace of its systems.
        frame_element: (parent, name) of the element that holds the frame of a camera's images.
    """

    name: str
    command: tuple[str, ...]
    library: str
    namespace: str
    frame_element: tuple[str, str]


FORTRESS = Release(
    "fortress",
    ("ign", "gazebo"),
    "ignition-gazebo",
    "ignition::gazebo::systems",
    # The element of SDF 1.9 for it, since sdformat 12.6.
    ("camera", "optical_frame_id"),
)
HARMONIC = Release(
    "harmonic",
    ("gz", "sim"),
    "gz-sim",
    "gz::sim::systems",
    # Read by Harmonic, Ionic and Jetty alike; the last no longer reads `optical_frame_id`.
    ("sensor", "gz_frame_id"),
)

RELEASES: Mapping[str, Release] = {
    "fortress": FORTRESS,
    "harmonic": HARMONIC,
    "ionic": HARMONIC,
    "jetty": HARMONIC,
}
"""By the name of a release of Gazebo."""

_WITH_ROS = {"humble": "fortress", "jazzy": "harmonic", "kilted": "ionic", "rolling": "jetty"}


def release_with_ros() -> str:
    """The release of Gazebo that the sourced ROS 2 distribution comes with."""
    return _WITH_ROS.get(os.environ.get("ROS_DISTRO", ""), "harmonic")


def release_of(name: str) -> Release:
    """The releases that read the same worlds as the one of this name.

    Raises:
        SimulationError: there is no such release.
    """
    if name not in RELEASES:
        raise SimulationError(
            f"There is no Gazebo release '{name}' here; use one of {', '.join(RELEASES)}."
        )
    return RELEASES[name]


def server_command(release: Release, engine: RenderEngine, world: Path) -> list[str]:
    """Command that runs a world without windows; not every engine can do without a display."""
    unseen = ["--headless-rendering"] if engine.draws_unseen else []
    return [*release.command, "-s", *_options(engine), *unseen, str(world)]


def windowed_command(release: Release, engine: RenderEngine, world: Path) -> list[str]:
    """Command that runs a world and shows it."""
    return [*release.command, *_options(engine), str(world)]


def _options(engine: RenderEngine) -> list[str]:
    # Of both the camera and the window; -v 2 shows warnings.
    return ["-r", "-v", "2", "--render-engine", engine.name]
