from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("launch_ros", reason="needs launch and launch_ros, which pip does not bring")

from launch import LaunchContext
from launch.launch_description_sources import PythonLaunchDescriptionSource

FOLDER = Path(__file__).parents[2] / "launch"


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        (
            "grounding.launch.py",
            {"namespace", "image", "depth", "camera_info", "command", "model", "params_file"},
        ),
        ("demo.launch.py", {"namespace", "seed", "rate", "width", "height", "model", "image"}),
    ],
)
def test_every_argument_is_described(file: str, expected: set[str]) -> None:
    source = PythonLaunchDescriptionSource(str(FOLDER / file))
    arguments = source.get_launch_description(LaunchContext()).get_launch_arguments()
    assert expected <= {argument.name for argument in arguments}
    for argument in arguments:
        assert argument.description.endswith("."), argument.name
        assert argument.default_value is not None, argument.name
