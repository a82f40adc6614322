"""One grounding node, with one model, on several cameras; with their drivers, if so wished."""

from launch import LaunchContext, LaunchDescription
from launch.actions import GroupAction, OpaqueFunction
from launch_ros.actions import Node

from vlm_ros.nodes.launching import (
    Argument,
    declared,
    given,
    launch_file,
    names_in,
    package_node,
    realsense,
)

ARGUMENTS = {
    "cameras": Argument("front,wrist", "Names of the cameras, with commas."),
    "image": Argument("{camera}/color/image_raw", "Topics of the colour images."),
    "depth": Argument(
        "{camera}/aligned_depth_to_color/image_raw",
        "Topics of the depth images, registered to the colour images.",
    ),
    "camera_info": Argument("{camera}/color/camera_info", "Topics of the calibrations."),
    "driver": Argument(
        "none", "What to start for each camera.", ("none", "realsense", "simulator")
    ),
    "serial_numbers": Argument(
        "", "Serial numbers of the RealSense cameras, with commas, in the order of their names."
    ),
    "profile": Argument("640x480x30", "Width, height and rate of the RealSense cameras."),
}


def _drivers(context: LaunchContext) -> list[GroupAction | Node]:
    cameras = names_in(given(context, "cameras"))
    driver = given(context, "driver")
    if driver == "simulator":
        return [_simulator(context, seed, camera) for seed, camera in enumerate(cameras)]
    if driver == "realsense":
        return _realsenses(context, cameras)
    return []


def _simulator(context: LaunchContext, seed: int, camera: str) -> Node:
    topics = ("color/image_raw", "color/camera_info", "aligned_depth_to_color/image_raw")
    return package_node(
        context,
        "simulator_node",
        f"{camera.replace('/', '_')}_simulator",
        parameters=[{"seed": seed}],
        remappings={f"camera/{topic}": f"{camera}/{topic}" for topic in topics},
    )


def _realsenses(context: LaunchContext, cameras: tuple[str, ...]) -> list[GroupAction]:
    serial_numbers = names_in(given(context, "serial_numbers"))
    if len(serial_numbers) != len(cameras):
        raise RuntimeError(
            f"there are {len(cameras)} cameras ({', '.join(cameras)}), but {len(serial_numbers)} "
            "serial_numbers: give one for each"
        )
    namespace, profile = given(context, "namespace"), given(context, "profile")
    return [
        realsense(camera, namespace, number, profile)
        for camera, number in zip(cameras, serial_numbers, strict=True)
    ]


def generate_launch_description() -> LaunchDescription:
    """The arguments, what grounding.launch.py starts, and the drivers."""
    return LaunchDescription(
        [
            *declared(ARGUMENTS),
            launch_file("grounding.launch.py"),
            OpaqueFunction(function=_drivers),
        ]
    )
