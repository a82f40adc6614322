"""A tabletop in Gazebo under an RGB-D camera, the bridge to ROS, and the grounding node."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from ament_index_python.packages import get_package_share_directory
from ament_index_python.resources import has_resource
from launch import LaunchContext, LaunchDescription
from launch.action import Action
from launch.actions import ExecuteProcess, OpaqueFunction, RegisterEventHandler, Shutdown
from launch.event_handlers import OnProcessIO
from launch.events.process import ProcessIO
from launch_ros.actions import Node

from vlm_ros.errors import SimulationError
from vlm_ros.gazebo.release import (
    RELEASES,
    release_of,
    release_with_ros,
    server_command,
    windowed_command,
)
from vlm_ros.gazebo.render_engine import RENDER_ENGINES, render_engine
from vlm_ros.gazebo.world import OPTICAL_FRAME, WorldOptions, optical_pose, scene_world
from vlm_ros.nodes.launching import Argument, config_file, declared, given, launch_file

BOOLEANS = ("true", "false")
ARGUMENTS = {
    "seed": Argument("105", "The scene is a function of this number."),
    "movable": Argument("false", "Whether the objects are under physics.", BOOLEANS),
    "world": Argument("", "SDF file of a world instead, with a camera on the same topics."),
    "gz_version": Argument(release_with_ros(), "Release of Gazebo.", tuple(RELEASES)),
    "render_engine": Argument("ogre2", "What Gazebo draws with.", tuple(RENDER_ENGINES)),
    "headless": Argument("false", "Whether to open no window; needs no display.", BOOLEANS),
    "robot": Argument("simulation", "Parameters for a kind of robot, from config/robots."),
}


def _world(context: LaunchContext) -> Path:
    if given(context, "world"):
        return Path(given(context, "world")).absolute()
    release = release_of(given(context, "gz_version"))
    movable = given(context, "movable") == "true"
    engine = render_engine(given(context, "render_engine"))
    shipped = Path(get_package_share_directory("vlm_ros")) / "worlds"
    return scene_world(int(given(context, "seed")), WorldOptions(release, engine, movable), shipped)


def _started(context: LaunchContext) -> list[Action]:
    world, release = _world(context), release_of(given(context, "gz_version"))
    bridge = Node(
        package="ros_gz_bridge",
        executable="parameter_bridge",
        name="gz_bridge",
        namespace=given(context, "namespace"),
        parameters=[
            {"config_file": config_file(f"gz_bridge_{release.name}.yaml"), "use_sim_time": True}
        ],
        output="screen",
    )
    # A world of one's own has a robot, or whatever else knows where its camera is.
    transforms = [] if given(context, "world") else _camera_transform(world)
    return [*_gazebo(context, world), bridge, *transforms]


def _gazebo(context: LaunchContext, world: Path) -> list[Action]:
    release = release_of(given(context, "gz_version"))
    engine = render_engine(given(context, "render_engine"))
    headless = given(context, "headless") == "true"
    command_for = server_command if headless else windowed_command
    command = command_for(release, engine, world)
    _require(command[0], "Gazebo")
    if not headless or engine.draws_unseen or os.environ.get("DISPLAY"):
        return [_process(command, {})]
    _require("Xvfb", "The virtual display that Gazebo's ogre draws on")
    # Once it can be used, it writes its display's number to its standard output, in two pieces.
    display = ExecuteProcess(
        cmd=["Xvfb", "-displayfd", "1", "-screen", "0", "1280x1024x24", "-nolisten", "tcp"]
    )
    number = bytearray()

    def ready(event: ProcessIO) -> list[Action]:
        number.extend(event.text)
        if not number.endswith(b"\n"):
            return []
        return [_process(command, {"DISPLAY": f":{number.decode().strip()}"})]

    return [RegisterEventHandler(OnProcessIO(target_action=display, on_stdout=ready)), display]


def _process(command: list[str], environment: dict[str, str]) -> ExecuteProcess:
    return ExecuteProcess(
        cmd=command,
        name="gazebo",
        additional_env=environment,
        output="screen",
        on_exit=Shutdown(reason="Gazebo has ended"),
    )


def _require(program: str, what: str) -> None:
    if shutil.which(program) is None:
        raise SimulationError(
            f"{what} cannot be started: there is no command '{program}'; docs/gazebo.md says what "
            "to install."
        )


def _camera_transform(world: Path) -> list[Node]:
    """Publishes where the camera is in the world, where tf2_ros is installed."""
    if not has_resource("packages", "tf2_ros"):
        return []
    pose = optical_pose(world)
    names = ("x", "y", "z", "qx", "qy", "qz", "qw")
    numbers = zip(names, (*pose.position, *pose.quaternion), strict=True)
    place = [word for name, number in numbers for word in (f"--{name}", f"{number:.7f}")]
    frames = ["--frame-id", "world", "--child-frame-id", OPTICAL_FRAME]
    return [
        Node(
            package="tf2_ros",
            executable="static_transform_publisher",
            name="camera_transform",
            arguments=[*place, *frames],
        )
    ]


def generate_launch_description() -> LaunchDescription:
    """The arguments, what grounding.launch.py starts, and Gazebo with its bridge."""
    return LaunchDescription(
        [
            *declared(ARGUMENTS),
            launch_file("grounding.launch.py"),
            OpaqueFunction(function=_started),
        ]
    )
