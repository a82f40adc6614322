"""A simulated camera over a tabletop, and the grounding node looking at it."""

from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, IncludeLaunchDescription
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import LaunchConfiguration, PathJoinSubstitution
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterValue
from launch_ros.substitutions import FindPackageShare

from vlm_ros.nodes.transport import use_image_transport

ARGUMENTS = {
    "seed": ("0", "The scene is a function of this number.", int),
    "rate": ("15.0", "Frames a second.", float),
    "width": ("640", "Image width in pixels.", int),
    "height": ("480", "Image height in pixels.", int),
    "depth_encoding": ("16UC1", "16UC1 for millimetres or 32FC1 for metres.", str),
}


def generate_launch_description() -> LaunchDescription:
    """The arguments, the simulator, and what grounding.launch.py starts."""
    # What is launched inherits the environment of the launching process.
    use_image_transport()
    simulator = Node(
        package="vlm_ros",
        executable="simulator_node",
        name="simulator_node",
        namespace=LaunchConfiguration("namespace"),
        parameters=[
            {
                name: ParameterValue(LaunchConfiguration(name), value_type=kind)
                for name, (_, _, kind) in ARGUMENTS.items()
            }
        ],
        output="screen",
    )
    grounding = IncludeLaunchDescription(
        PythonLaunchDescriptionSource(
            PathJoinSubstitution([FindPackageShare("vlm_ros"), "launch", "grounding.launch.py"])
        ),
        launch_arguments={
            "namespace": LaunchConfiguration("namespace"),
            "model": LaunchConfiguration("model"),
        }.items(),
    )
    declared = [
        DeclareLaunchArgument("namespace", default_value="", description="Namespace of both."),
        DeclareLaunchArgument(
            "model",
            default_value="",
            description="Folder of the model; empty for the one the package brings.",
        ),
        *(
            DeclareLaunchArgument(name, default_value=default, description=description)
            for name, (default, description, _) in ARGUMENTS.items()
        ),
    ]
    return LaunchDescription([*declared, simulator, grounding])
