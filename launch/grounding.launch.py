"""The grounding node on the topics of a camera; the defaults are those of a RealSense driver."""

from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument
from launch.substitutions import LaunchConfiguration, PathJoinSubstitution
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterValue
from launch_ros.substitutions import FindPackageShare

from vlm_ros.nodes.transport import use_image_transport

ARGUMENTS = {
    "namespace": ("", "Namespace of the node and of its relative topics."),
    "image": ("camera/color/image_raw", "Topic of the colour images."),
    "depth": (
        "camera/aligned_depth_to_color/image_raw",
        "Topic of the depth images, registered to the colour images.",
    ),
    "camera_info": ("camera/color/camera_info", "Topic of the colour camera's calibration."),
    "command": ("command", "Topic of the commands (std_msgs/String)."),
    "model": ("", "Folder of the model; empty for the one the package brings."),
    "params_file": (
        PathJoinSubstitution([FindPackageShare("vlm_ros"), "config", "grounding.yaml"]),
        "YAML file of the node's parameters.",
    ),
    "log_level": ("info", "debug, info, warn, error or fatal."),
}


def generate_launch_description() -> LaunchDescription:
    """The arguments and the node."""
    # What is launched inherits the environment of the launching process.
    use_image_transport()
    node = Node(
        package="vlm_ros",
        executable="grounding_node",
        name="grounding_node",
        namespace=LaunchConfiguration("namespace"),
        parameters=[
            LaunchConfiguration("params_file"),
            {"model": ParameterValue(LaunchConfiguration("model"), value_type=str)},
        ],
        remappings=[
            (topic, LaunchConfiguration(topic))
            for topic in ("image", "depth", "camera_info", "command")
        ],
        arguments=["--ros-args", "--log-level", LaunchConfiguration("log_level")],
        output="screen",
    )
    declared = [
        DeclareLaunchArgument(name, default_value=default, description=description)
        for name, (default, description) in ARGUMENTS.items()
    ]
    return LaunchDescription([*declared, node])
