from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner

from vlm_ros.cli.data import command

pytestmark = pytest.mark.skipif(find_spec("mujoco") is None, reason="needs MuJoCo")


@pytest.mark.parametrize(
    ("gazebo", "engine", "starts"),
    [("fortress", "ogre", "ign gazebo -s -r"), ("ionic", "ogre2", "gz sim -s -r")],
)
def test_world_says_how_to_start_it(tmp_path: Path, gazebo: str, engine: str, starts: str) -> None:
    options = ["--seed", "2", "--gazebo", gazebo, "--render-engine", engine, "--movable"]
    result = CliRunner().invoke(command, ["world", str(tmp_path / "new"), *options])
    assert result.exit_code == 0, result.output
    (path,) = (tmp_path / "new").glob("*.sdf")
    assert starts in result.output and result.output.rstrip().endswith(str(path))
    world = ElementTree.parse(path)
    assert world.findtext(".//render_engine") == engine
    assert {element.text for element in world.iter("static")} == {"true", "false"}


def test_world_refuses_an_unknown_release(tmp_path: Path) -> None:
    result = CliRunner().invoke(command, ["world", str(tmp_path), "--gazebo", "dome"])
    assert result.exit_code == 2
    assert "fortress" in result.output
