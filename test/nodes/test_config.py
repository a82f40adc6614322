"""The parameter files are what the node takes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import yaml

from vlm_ros.nodes.child_process import ChildProcess
from vlm_ros.nodes.grounding_settings import GroundingSettings

CONFIG = Path(__file__).resolve().parents[2] / "config"
ROBOTS = sorted((CONFIG / "robots").glob("*.yaml"))


def parameters_in(file: Path) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load(file.read_text())
    return dict(content["/**"]["ros__parameters"])


def test_the_example_has_every_parameter_with_its_default() -> None:
    defaults = {entry.name: entry.default for entry in fields(GroundingSettings)}
    assert parameters_in(CONFIG / "grounding.yaml") == {
        name: list(value) if isinstance(value, tuple) else value for name, value in defaults.items()
    }


@pytest.mark.parametrize("file", ROBOTS, ids=lambda file: file.stem)
def test_a_robot_changes_something(file: Path) -> None:
    defaults = {entry.name: entry.default for entry in fields(GroundingSettings)}
    defaults["use_sim_time"] = False
    for name, value in parameters_in(file).items():
        # The runtime is named to be explained.
        assert value != defaults[name] or name == "runtime", name


@pytest.mark.parametrize("file", ROBOTS, ids=lambda file: file.stem)
def test_the_node_takes_the_parameters_of_a_robot(
    client: Any, start: Callable[..., ChildProcess], file: Path
) -> None:
    wanted = parameters_in(file)
    if "target_frame" in wanted and find_spec("tf2_ros") is None:
        pytest.skip("needs tf2_ros, which an installed ROS 2 brings")
    # A name of its own: the nodes of this module are in one namespace.
    ros = ["--ros-args", "--params-file", str(file), "-r", f"__node:={file.stem}"]
    node = start("node", *ros, "-p", "autostart:=false")
    assert client.parameters(file.stem, *wanted) == list(wanted.values()), node.output
