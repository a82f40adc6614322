from __future__ import annotations

import json
import os
import re
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("launch_ros", reason="needs launch and launch_ros, which pip does not bring")

from launch import LaunchContext
from launch.launch_description_sources import PythonLaunchDescriptionSource

from vlm_ros.action import Ground

LAUNCH = Path(__file__).resolve().parents[2] / "launch"
FILES = sorted(LAUNCH.glob("*.launch.py"))
# In the place of the camera's driver: a simulator under the names that the driver is told.
DRIVER = """
import json
import os
import re
import signal
from pathlib import Path
from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, OpaqueFunction
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node

NAMES = (
    "camera_name", "camera_namespace", "serial_no", "align_depth.enable", "enable_sync",
    "rgb_camera.color_profile", "depth_module.depth_profile",
)
TOPICS = ("color/image_raw", "color/camera_info", "aligned_depth_to_color/image_raw")


def start(context):
    told = {name: LaunchConfiguration(name).perform(context) for name in NAMES}
    name = told["camera_name"]
    Path(__file__).with_name(f"{name}.json").write_text(json.dumps(told))
    return [
        Node(
            package="vlm_ros",
            executable="simulator_node",
            name=name,
            namespace=told["camera_namespace"],
            parameters=[{"seed": 105}],
            remappings=[(f"camera/{topic}", f"~/{topic}") for topic in TOPICS],
        )
    ]


def generate_launch_description():
    declared = [DeclareLaunchArgument(name, default_value="''") for name in NAMES]
    return LaunchDescription([*declared, OpaqueFunction(function=start)])
"""


@pytest.fixture
def prefix(tmp_path: Path) -> Path:
    """An installation with stand-ins for the packages of a camera's driver and of RViz."""
    index = tmp_path / "share/ament_index/resource_index/packages"
    driver, rviz = tmp_path / "share/realsense2_camera/launch", tmp_path / "lib/rviz2"
    for folder in (index, driver, rviz):
        folder.mkdir(parents=True)
    for package in ("realsense2_camera", "rviz2"):
        (index / package).touch()
    (driver / "rs_launch.py").write_text(DRIVER)
    (rviz / "rviz2").write_text('#!/bin/sh\necho "drawn by $2"\n')
    (rviz / "rviz2").chmod(0o755)
    return tmp_path


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_every_argument_is_described(file: Path) -> None:
    source = PythonLaunchDescriptionSource(str(file))
    arguments = source.get_launch_description(LaunchContext()).get_launch_arguments()
    names = [argument.name for argument in arguments]
    assert {"namespace", "model", "params_file", "log_level"} <= set(names)
    assert len(names) == len(set(names))
    for argument in arguments:
        sentence = argument.description.partition(" Valid choices are: ")[0]
        assert sentence.endswith("."), argument.name
        assert argument.default_value is not None, argument.name


def test_every_robot_with_parameters_can_be_chosen() -> None:
    source = PythonLaunchDescriptionSource(str(LAUNCH / "grounding.launch.py"))
    arguments = source.get_launch_description(LaunchContext()).get_launch_arguments()
    choices = next(argument.choices for argument in arguments if argument.name == "robot")
    robots = (LAUNCH.parent / "config" / "robots").glob("*.yaml")
    assert sorted(choices) == ["", *sorted(file.stem for file in robots)]


def test_demo_answers_and_ends_with_an_interrupt(client: Any, launch: Callable[..., Any]) -> None:
    demo = launch(
        "demo.launch.py", namespace=client.namespace, seed="105", width="320", height="240"
    )
    result = client.result(client.send_goal("a cup", timeout=15.0)).result
    assert result.error_code in (Ground.Result.NONE, Ground.Result.AMBIGUOUS), str(demo)
    assert result.grounding.header.frame_id == "camera_color_optical_frame"
    demo.end()
    assert not demo.left_over, str(demo)


def test_arguments_win_over_files_and_files_over_the_robot(
    client: Any, launch: Callable[..., Any], tmp_path: Path
) -> None:
    mine = tmp_path / "mine.yaml"
    mine.write_text("/**: {ros__parameters: {confirm_frames: 7, depth_tolerance: 0.5}}")
    launch(
        "grounding.launch.py",
        namespace=client.namespace,
        robot="simulation",
        params_file=str(mine),
        autostart="false",
        use_sim_time="false",
    )
    names = ("autostart", "confirm_frames", "depth_tolerance", "depth_wait", "use_sim_time")
    assert client.parameters("grounding_node", *names) == [False, 7, 0.5, 0.2, False]


def test_realsense_starts_its_driver_and_answers(
    client: Any, launch: Callable[..., Any], prefix: Path
) -> None:
    running = launch(
        "realsense.launch.py",
        prefix=prefix,
        namespace=client.namespace,
        serial_number="831612073525",
        profile="848x480x60",
    )
    result = client.result(client.send_goal("a cup", timeout=15.0)).result
    assert result.error_code in (Ground.Result.NONE, Ground.Result.AMBIGUOUS), str(running)
    best = (*result.grounding.targets, *result.grounding.alternatives)[0]
    assert best.has_position, "depth and calibration do not reach the node"
    told = json.loads((prefix / "share/realsense2_camera/launch/camera.json").read_text())
    assert told["serial_no"] == "_831612073525"
    assert told["rgb_camera.color_profile"] == told["depth_module.depth_profile"] == "848x480x60"
    assert told["align_depth.enable"] == "true"


def test_realsense_without_its_driver_says_what_to_install(launch: Callable[..., Any]) -> None:
    running = launch("realsense.launch.py")
    assert running.ended(20.0) != 0
    assert "realsense2_camera is not installed: install ros-" in str(running)


@pytest.mark.parametrize("kind", ["simulator", "realsense"])
def test_several_cameras_are_answered_by_one_node(
    client: Any, launch: Callable[..., Any], prefix: Path, kind: str
) -> None:
    running = launch(
        "multi_camera.launch.py",
        prefix=prefix,
        namespace=client.namespace,
        cameras="front, wrist",
        driver=kind,
        serial_numbers="1,2",
    )
    client.answers.clear()
    client.say("a cup")
    seen = client.spin_until(
        lambda: {answer.camera for answer in client.answers} >= {"front", "wrist"}, 30.0
    )
    assert seen, str(running)


def test_cameras_without_serial_numbers_are_refused(
    launch: Callable[..., Any], prefix: Path
) -> None:
    running = launch(
        "multi_camera.launch.py", prefix=prefix, driver="realsense", serial_numbers="1"
    )
    assert running.ended(20.0) != 0
    assert "there are 2 cameras (front, wrist), but 1 serial_numbers" in str(running)


def test_a_node_that_dies_comes_back_and_rviz_is_started(
    client: Any, launch: Callable[..., Any], prefix: Path
) -> None:
    arguments = {"namespace": client.namespace, "autostart": "false", "rviz": "true"}
    running = launch("grounding.launch.py", prefix=prefix, respawn="true", **arguments)

    def started() -> list[str]:
        return re.findall(r"grounding_node-\d+\]: process started with pid \[(\d+)\]", str(running))

    assert client.spin_until(started), str(running)
    assert client.parameters("grounding_node", "autostart") == [False]
    os.kill(int(started()[0]), signal.SIGKILL)
    assert client.spin_until(lambda: len(started()) == 2), str(running)
    layout = re.search(r"drawn by (.*)", str(running))
    assert layout is not None
    assert Path(layout[1]).is_file()
