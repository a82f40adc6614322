"""What the launch files share: described arguments, and starting nodes of this package."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ament_index_python.packages import PackageNotFoundError, get_package_share_directory
from launch import LaunchContext
from launch.actions import (
    DeclareLaunchArgument,
    GroupAction,
    IncludeLaunchDescription,
)
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import LaunchConfiguration, PathJoinSubstitution
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterValue
from launch_ros.substitutions import FindPackageShare

_RESPAWN_DELAY_S = 2.0


@dataclass(frozen=True)
class Argument:
    """An argument of a launch file.

    Attributes:
        default: its value where none is given.
        description: one sentence, shown by `ros2 launch FILE --show-args`.
        choices: the values allowed, where not every one is.
    """

    default: str
    description: str
    choices: Sequence[str] = ()


def declared(arguments: Mapping[str, Argument]) -> list[DeclareLaunchArgument]:
    """The declarations of arguments, by name."""
    return [
        DeclareLaunchArgument(
            name,
            default_value=argument.default,
            description=argument.description,
            choices=list(argument.choices) or None,
        )
        for name, argument in arguments.items()
    ]


def given(context: LaunchContext, name: str) -> str:
    """The value that an argument has in this launch."""
    return str(LaunchConfiguration(name).perform(context))


def names_in(text: str) -> tuple[str, ...]:
    """The names in a list that commas separate."""
    return tuple(name.strip() for name in text.split(",") if name.strip())


def config_file(name: str) -> str:
    """Where a file of the package's configuration is, e.g. "robots/arm_wrist.yaml"."""
    return str(Path(get_package_share_directory("vlm_ros")) / "config" / name)


def launch_file(name: str) -> IncludeLaunchDescription:
    """A launch file of this package, which sees the arguments of this launch.

    Args:
        name: e.g. "grounding.launch.py".
    """
    path = PathJoinSubstitution([FindPackageShare("vlm_ros"), "launch", name])
    return IncludeLaunchDescription(PythonLaunchDescriptionSource(path))


def package_node(
    context: LaunchContext,
    executable: str,
    name: str,
    parameters: Sequence[Any],
    remappings: Mapping[str, str] | None = None,
) -> Node:
    """A node of this package, as the arguments of grounding.launch.py want it.

    Args:
        context: has the arguments `namespace`, `log_level`, `enclave` and `respawn`.
        executable: its program.
        name: of the node.
        parameters: files and dictionaries; later ones win.
        remappings: topics by the names that the node knows.
    """
    arguments = ["--ros-args", "--log-level", given(context, "log_level")]
    if given(context, "enclave"):
        arguments += ["--enclave", given(context, "enclave")]
    return Node(
        package="vlm_ros",
        executable=executable,
        name=name,
        namespace=given(context, "namespace"),
        parameters=list(parameters),
        remappings=list((remappings or {}).items()),
        arguments=arguments,
        output="screen",
        # In ROS 2 Humble, a substitution here would count as "yes" whatever it says.
        respawn=given(context, "respawn") == "true",
        respawn_delay=_RESPAWN_DELAY_S,
    )


def parameters_given(
    context: LaunchContext, kinds: Mapping[str, type]
) -> dict[str, ParameterValue]:
    """The parameters that arguments of this launch set; an empty argument sets none.

    Args:
        context: of this launch.
        kinds: the types of the parameters by their names, which are those of the arguments.
    """
    return {
        name: ParameterValue(LaunchConfiguration(name), value_type=kind)
        for name, kind in kinds.items()
        if given(context, name)
    }


def realsense(name: str, namespace: str, serial_number: str, profile: str) -> GroupAction:
    """The driver of a RealSense camera, with depth registered to the colour images.

    Its topics are `<name>/color/image_raw`, `<name>/aligned_depth_to_color/image_raw` and
    `<name>/color/camera_info` in the namespace.

    Args:
        name: of the camera and its driver.
        namespace: of both.
        serial_number: of the device; empty for any.
        profile: width, height and rate of both streams, e.g. "640x480x30".

    Raises:
        RuntimeError: the driver is not installed.
    """
    try:
        share = get_package_share_directory("realsense2_camera")
    except PackageNotFoundError as error:
        raise RuntimeError(
            "realsense2_camera is not installed: install ros-$ROS_DISTRO-realsense2-camera, or "
            "start the driver of your camera by yourself and grounding.launch.py beside it"
        ) from error
    arguments = {
        "camera_name": name,
        "camera_namespace": namespace,
        "align_depth.enable": "true",
        "enable_sync": "true",
        "rgb_camera.color_profile": profile,
        "depth_module.depth_profile": profile,
    }
    if serial_number:
        # A number would reach the driver as one; it takes a text, without the underscore.
        arguments["serial_no"] = f"_{serial_number.lstrip('_')}"
    source = PythonLaunchDescriptionSource(f"{share}/launch/rs_launch.py")
    # A scope of its own: its arguments are not those of the nodes that follow.
    return GroupAction([IncludeLaunchDescription(source, launch_arguments=arguments.items())])
