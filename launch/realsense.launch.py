"""A RealSense camera with depth registered to its colour images, and the grounding node on it."""

from launch import LaunchContext, LaunchDescription
from launch.actions import GroupAction, OpaqueFunction

from vlm_ros.nodes.launching import Argument, declared, given, launch_file, realsense

ARGUMENTS = {
    "serial_number": Argument("", "Serial number of the camera; empty for any that is there."),
    "profile": Argument("640x480x30", "Width, height and rate of colour and depth."),
}


def _driver(context: LaunchContext) -> list[GroupAction]:
    names = ("namespace", "serial_number", "profile")
    # The driver's own default topics: /camera/color/image_raw and so on.
    return [realsense("camera", *(given(context, name) for name in names))]


def generate_launch_description() -> LaunchDescription:
    """The arguments, what grounding.launch.py starts, and the driver."""
    return LaunchDescription(
        [
            *declared(ARGUMENTS),
            launch_file("grounding.launch.py"),
            OpaqueFunction(function=_driver),
        ]
    )
