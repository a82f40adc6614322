"""The launch file with real nodes; only Gazebo, its bridge and the display are stood in for."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
import yaml

pytest.importorskip("launch_ros", reason="needs launch and launch_ros, which pip does not bring")

from vlm_ros.gazebo.world import OPTICAL_FRAME
from vlm_ros.geometry.rotations import matrix
from vlm_ros.nodes import camera_publisher
from vlm_ros.places import HOME_VARIABLE
from vlm_ros.simulation import Tabletop, generate_scene

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = "worlds/tabletop_105"
DISPLAY = "42"
# Says how it was called, and runs until it is interrupted.
COMMAND = """#!{python}
import json, os, signal, sys
from pathlib import Path
told = {{"command": sys.argv, "display": os.environ.get("DISPLAY")}}
Path("{said}").write_text(json.dumps(told))
for piece in {printed!r}:
    print(piece, end="", flush=True)
signal.sigwait([signal.SIGINT, signal.SIGTERM])
"""
# Publishes what Gazebo would draw and the bridge carry: depth in metres, beyond the end infinite.
BRIDGE = """#!{python}
import time
import numpy as np, rclpy, yaml
from builtin_interfaces.msg import Time
from rclpy.node import Node
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import Header
from vlm_ros.nodes.camera_info import camera_info_of
from vlm_ros.nodes.images import encode_image
from vlm_ros.simulation import Tabletop, generate_scene

rclpy.init()
node = Node("bridge")
entries = yaml.safe_load(open(node.declare_parameter("config_file", "").value))
kinds = {{"Clock": Clock, "Image": Image, "CameraInfo": CameraInfo}}
publishers = {{
    entry["gz_topic_name"]: node.create_publisher(
        kinds[entry["ros_type_name"].rpartition("/")[2]], entry["ros_topic_name"], 5
    )
    for entry in entries
}}
scene = generate_scene(105)
frame = Tabletop(scene).render(scene.camera)
depth = np.where(frame.depth > 0, frame.depth, np.inf).astype(np.float32)
milliseconds = 5000
try:
    while rclpy.ok():
        time.sleep(0.066)
        milliseconds += 66
        stamp = Time(sec=milliseconds // 1000, nanosec=milliseconds % 1000 * 1000000)
        header = Header(stamp=stamp, frame_id="camera_color_optical_frame")
        publishers["/clock"].publish(Clock(clock=stamp))
        publishers["/camera/camera_info"].publish(camera_info_of(frame.intrinsics, header))
        publishers["/camera/depth_image"].publish(encode_image(depth, header))
        publishers["/camera/image"].publish(encode_image(frame.rgb, header))
except KeyboardInterrupt:
    pass
"""


needs_physics = pytest.mark.skipif(find_spec("mujoco") is None, reason="needs MuJoCo")


def write_program(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)


@pytest.fixture
def prefix(tmp_path: Path) -> Path:
    """An installation that stands in for Gazebo and the ROS packages around it."""
    index = tmp_path / "share/ament_index/resource_index/packages"
    index.mkdir(parents=True)
    for name in ("ros_gz_bridge", "tf2_ros"):
        (index / name).touch()
    commands: dict[str, list[str]] = {
        "bin/ign": [],
        "bin/gz": [],
        # In two pieces, as the real one.
        "bin/Xvfb": [DISPLAY, "\n"],
        "lib/tf2_ros/static_transform_publisher": [],
    }
    for path, printed in commands.items():
        said = tmp_path / f"{Path(path).name}.json"
        text = COMMAND.format(python=sys.executable, said=said, printed=printed)
        write_program(tmp_path / path, text)
    write_program(
        tmp_path / "lib/ros_gz_bridge/parameter_bridge", BRIDGE.format(python=sys.executable)
    )
    return tmp_path


def told(prefix: Path, command: str) -> Any:
    """How a command was called."""
    return json.loads((prefix / f"{command}.json").read_text())


@needs_physics
@pytest.mark.parametrize(
    ("version", "engine", "command"),
    [
        ("fortress", "ogre", "ign gazebo -s -r -v 2 --render-engine ogre"),
        ("harmonic", "ogre2", "gz sim -s -r -v 2 --render-engine ogre2 --headless-rendering"),
    ],
)
def test_world_bridge_and_node_run_from_one_command(
    client: Any,
    launch: Callable[..., Any],
    prefix: Path,
    monkeypatch: pytest.MonkeyPatch,
    version: str,
    engine: str,
    command: str,
) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    running = launch(
        "gazebo.launch.py",
        prefix=prefix,
        namespace=client.namespace,
        gz_version=version,
        render_engine=engine,
        headless="true",
    )
    result = client.result(client.send_goal("pick up the red cup", timeout=40.0)).result
    assert result.error_code == result.NONE, str(running)
    target = result.grounding.targets[0]
    assert target.header.frame_id == OPTICAL_FRAME
    assert 5 <= target.header.stamp.sec < 1000, "not by the clock of the simulation"
    assert target.has_position
    program, *arguments = told(prefix, command.split()[0])["command"]
    assert arguments[:-1] == command.split()[1:]
    assert Path(arguments[-1]).resolve() == ROOT / SHIPPED / f"{version}_{engine}.sdf"
    display = told(prefix, Path(program).name)["display"]
    assert display == (f":{DISPLAY}" if engine == "ogre" else None)
    running.end()
    assert not running.left_over, str(running)


def test_transform_is_that_of_the_camera(
    launch: Callable[..., Any], prefix: Path, client: Any
) -> None:
    running = launch(
        "gazebo.launch.py",
        prefix=prefix,
        namespace=client.namespace,
        gz_version="harmonic",
        autostart="false",
    )
    file = prefix / "static_transform_publisher.json"
    assert client.spin_until(file.exists, 20.0), str(running)
    assert client.spin_until(file.read_text, 5.0)
    words = told(prefix, "static_transform_publisher")["command"]
    said = {name: words[words.index(name) + 1] for name in words if name.startswith("--")}
    camera = generate_scene(105).camera
    assert [float(said[f"--{axis}"]) for axis in "xyz"] == pytest.approx(camera.position, abs=1e-6)
    turn = matrix([float(said[f"--q{axis}"]) for axis in "xyzw"])
    np.testing.assert_allclose(turn, camera.rotation(), atol=1e-6)
    assert (said["--frame-id"], said["--child-frame-id"]) == ("world", OPTICAL_FRAME)


@needs_physics
def test_world_of_another_scene_is_written_first(
    launch: Callable[..., Any],
    prefix: Path,
    client: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path / "home"))
    running = launch(
        "gazebo.launch.py",
        prefix=prefix,
        namespace=client.namespace,
        gz_version="fortress",
        seed="3",
        movable="true",
        autostart="false",
    )
    assert client.spin_until((prefix / "ign.json").exists, 20.0), str(running)
    assert client.spin_until((prefix / "ign.json").read_text, 5.0)
    world = Path(told(prefix, "ign")["command"][-1])
    assert tmp_path / "home" in world.parents
    with Tabletop(generate_scene(3)) as tabletop:
        expected = {item.name for item in tabletop.objects}
    loose = {
        model.get("name")
        for model in ElementTree.parse(world).iterfind("world/model")
        if model.findtext("static") == "false"
    }
    assert loose == expected


def test_missing_gazebo_is_said(
    launch: Callable[..., Any], prefix: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (prefix / "bin/ign").unlink()
    running = launch("gazebo.launch.py", prefix=prefix, gz_version="fortress")
    assert running.ended(30.0) != 0
    assert "Gazebo cannot be started: there is no command 'ign'" in str(running)


@pytest.mark.parametrize(
    ("release", "package"), [("fortress", "ignition.msgs"), ("harmonic", "gz.msgs")]
)
def test_bridge_carries_the_camera_to_the_names_of_a_realsense(release: str, package: str) -> None:
    entries = yaml.safe_load((ROOT / f"config/gz_bridge_{release}.yaml").read_text())
    carried = {entry["gz_topic_name"]: entry for entry in entries}
    topics = {name: entry["ros_topic_name"] for name, entry in carried.items()}
    assert topics == {
        "/clock": "/clock",
        "/camera/image": camera_publisher.COLOUR_TOPIC,
        "/camera/camera_info": camera_publisher.CAMERA_INFO_TOPIC,
        "/camera/depth_image": camera_publisher.DEPTH_TOPIC,
    }
    for entry in entries:
        ros, gazebo = entry["ros_type_name"], entry["gz_type_name"]
        assert gazebo == f"{package}.{ros.rpartition('/')[2]}"
        assert entry["direction"] == "GZ_TO_ROS"
    world = ElementTree.parse(ROOT / SHIPPED / f"{release}_ogre2.sdf")
    assert world.findtext("world/model/link/sensor/topic") == "camera"
    assert OPTICAL_FRAME == camera_publisher.OPTICAL_FRAME
