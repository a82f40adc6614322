from __future__ import annotations

from pathlib import Path

import pytest

from vlm_ros.errors import SimulationError
from vlm_ros.gazebo.release import (
    FORTRESS,
    HARMONIC,
    RELEASES,
    release_of,
    release_with_ros,
    server_command,
    windowed_command,
)
from vlm_ros.gazebo.render_engine import RENDER_ENGINES


@pytest.mark.parametrize(
    ("distribution", "release"),
    [("humble", "fortress"), ("jazzy", "harmonic"), ("kilted", "ionic"), ("", "harmonic")],
)
def test_a_ros_distribution_has_its_gazebo(
    monkeypatch: pytest.MonkeyPatch, distribution: str, release: str
) -> None:
    monkeypatch.setenv("ROS_DISTRO", distribution)
    assert release_with_ros() == release
    assert release in RELEASES


def test_an_unknown_release_is_refused_with_those_there_are() -> None:
    with pytest.raises(SimulationError, match=r"no Gazebo release 'dome'.*fortress, harmonic"):
        release_of("dome")


def test_only_ogre2_draws_without_a_display() -> None:
    world = Path("a.sdf")
    assert "--headless-rendering" in server_command(HARMONIC, RENDER_ENGINES["ogre2"], world)
    assert "--headless-rendering" not in server_command(FORTRESS, RENDER_ENGINES["ogre"], world)


def test_a_window_is_opened_only_where_wanted() -> None:
    world = Path("a.sdf")
    assert "-s" in server_command(FORTRESS, RENDER_ENGINES["ogre"], world)
    assert "-s" not in windowed_command(FORTRESS, RENDER_ENGINES["ogre"], world)
    assert windowed_command(FORTRESS, RENDER_ENGINES["ogre"], world)[:2] == ["ign", "gazebo"]
    assert windowed_command(HARMONIC, RENDER_ENGINES["ogre"], world)[:2] == ["gz", "sim"]
