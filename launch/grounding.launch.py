"""The grounding node on the topics of a camera, or of several; the defaults are a RealSense's."""

from launch import LaunchContext, LaunchDescription
from launch.actions import OpaqueFunction
from launch.conditions import IfCondition
from launch.substitutions import LaunchConfiguration, PathJoinSubstitution
from launch_ros.actions import Node
from launch_ros.substitutions import FindPackageShare

from vlm_ros.nodes.launching import (
    Argument,
    config_file,
    declared,
    given,
    names_in,
    package_node,
    parameters_given,
)
from vlm_ros.nodes.transport import use_image_transport

TOPICS = {
    "image": Argument("camera/color/image_raw", "Topic of the colour images."),
    "depth": Argument(
        "camera/aligned_depth_to_color/image_raw",
        "Topic of the depth images, registered to the colour images.",
    ),
    "camera_info": Argument(
        "camera/color/camera_info", "Topic of the colour camera's calibration."
    ),
}
PARAMETERS = {
    "model": (
        str,
        "Folder or name of the model; the one the package brings where nothing is said.",
    ),
    "runtime": (str, "What runs the model: auto, onnxruntime, tensorrt or tensorrt-rtx."),
    "target_frame": (str, "Frame in which poses are published, by TF, e.g. base_link."),
    "image_transport": (str, "How colour images come: raw or compressed."),
    "depth_transport": (str, "How depth images come: raw or compressedDepth."),
    "rectified": (bool, "Whether the images are rectified: true or false."),
    "autostart": (bool, "Whether the node configures and activates itself: true or false."),
    "use_sim_time": (bool, "Whether time is that of /clock: true or false."),
}
ARGUMENTS = {
    "namespace": Argument("", "Namespace of the nodes and of their relative topics."),
    "cameras": Argument(
        "", "Names of several cameras, with commas; {camera} in a topic stands for the name."
    ),
    **TOPICS,
    "command": Argument("command", "Topic of the commands (std_msgs/String)."),
    "robot": Argument(
        "",
        "Parameters for a kind of robot: config/robots of the package has them.",
        ("", "arm_wrist", "jetson_8gb", "mobile_base", "simulation"),
    ),
    "params_file": Argument("", "YAML file of parameters, which wins over those of the robot."),
    **{
        name: Argument("", f"{description} Wins over the files.")
        for name, (_, description) in PARAMETERS.items()
    },
    "respawn": Argument("false", "Whether a node that dies is started again.", ("true", "false")),
    "enclave": Argument("", "SROS2 enclave of the nodes, e.g. /vlm_ros/grounding_node."),
    "log_level": Argument("info", "debug, info, warn, error or fatal."),
    "rviz": Argument("false", "Whether to start RViz on the answers.", ("true", "false")),
}


def _node(context: LaunchContext) -> list[Node]:
    robot, cameras = given(context, "robot"), names_in(given(context, "cameras"))
    files = [config_file(f"robots/{robot}.yaml")] if robot else []
    files += [file for file in [given(context, "params_file")] if file]
    parameters = parameters_given(context, {name: kind for name, (kind, _) in PARAMETERS.items()})
    remappings = {"command": given(context, "command")}
    for topic in TOPICS:
        if not cameras:
            remappings[topic] = given(context, topic)
        for camera in cameras:
            remappings[f"{camera}/{topic}"] = given(context, topic).replace("{camera}", camera)
    if cameras:
        parameters["cameras"] = list(cameras)
    node = "grounding_node"
    return [package_node(context, node, node, [*files, parameters], remappings)]


def generate_launch_description() -> LaunchDescription:
    """The arguments, the node, and RViz where it is wanted."""
    # What is launched inherits the environment of the launching process.
    use_image_transport()
    rviz = Node(
        package="rviz2",
        executable="rviz2",
        arguments=[
            "-d",
            PathJoinSubstitution([FindPackageShare("vlm_ros"), "config", "grounding.rviz"]),
        ],
        namespace=LaunchConfiguration("namespace"),
        output="screen",
        condition=IfCondition(LaunchConfiguration("rviz")),
    )
    return LaunchDescription([*declared(ARGUMENTS), OpaqueFunction(function=_node), rviz])
