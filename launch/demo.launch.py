"""A simulated camera over a tabletop, and the grounding node looking at it."""

from launch import LaunchContext, LaunchDescription
from launch.actions import OpaqueFunction
from launch_ros.actions import Node

from vlm_ros.nodes.launching import (
    Argument,
    declared,
    launch_file,
    package_node,
    parameters_given,
)

PARAMETERS = {
    "seed": (int, Argument("0", "The scene is a function of this number.")),
    "rate": (float, Argument("15.0", "Frames a second.")),
    "width": (int, Argument("640", "Image width in pixels.")),
    "height": (int, Argument("480", "Image height in pixels.")),
    "depth_encoding": (
        str,
        Argument("16UC1", "16UC1 for millimetres or 32FC1 for metres.", ("16UC1", "32FC1")),
    ),
}


def _simulator(context: LaunchContext) -> list[Node]:
    parameters = parameters_given(context, {name: kind for name, (kind, _) in PARAMETERS.items()})
    return [package_node(context, "simulator_node", "simulator_node", [parameters])]


def generate_launch_description() -> LaunchDescription:
    """The arguments, what grounding.launch.py starts, and the simulator."""
    arguments = {name: argument for name, (_, argument) in PARAMETERS.items()}
    return LaunchDescription(
        [
            *declared(arguments),
            launch_file("grounding.launch.py"),
            OpaqueFunction(function=_simulator),
        ]
    )
