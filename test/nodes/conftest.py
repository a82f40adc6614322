"""Real processes, and a client that talks to them over ROS."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="needs ROS 2")

import rclpy
from lifecycle_msgs.srv import GetState
from rcl_interfaces.srv import GetParameters
from rclpy.action import ActionClient
from rclpy.node import Node
from rclpy.parameter import parameter_value_to_python
from rclpy.qos import ReliabilityPolicy
from sensor_msgs.msg import Image
from std_msgs.msg import Header, String

from vlm_ros.action import Ground
from vlm_ros.models import bundled_model
from vlm_ros.msg import TargetArray
from vlm_ros.nodes.child_process import ChildProcess
from vlm_ros.nodes.clock import duration_message, nanoseconds
from vlm_ros.nodes.images import encode_image
from vlm_ros.nodes.shared_memory import lost_ports
from vlm_ros.nodes.transport import use_image_transport

START_S = 30.0
LAUNCH_FILES = Path(__file__).resolve().parents[2] / "launch"
# What `ros2 launch FILE ARGUMENT...` does; its command line is a package of its own.
ROS2_LAUNCH = """
import sys
from launch import LaunchDescription, LaunchService
from launch.actions import IncludeLaunchDescription
from launch.launch_description_sources import PythonLaunchDescriptionSource

arguments = [argument.split(":=", 1) for argument in sys.argv[2:]]
source = PythonLaunchDescriptionSource(sys.argv[1])
service = LaunchService(argv=sys.argv[2:])
service.include_launch_description(
    LaunchDescription([IncludeLaunchDescription(source, launch_arguments=arguments)])
)
sys.exit(service.run())
"""
_namespaces = count()


class Client(Node):
    """Publishes what a camera and a person would, and keeps every answer."""

    def __init__(self, namespace: str) -> None:
        super().__init__("client", namespace=namespace)
        self.namespace = namespace
        self.images = self.create_publisher(Image, "image", 5)
        self.commands = self.create_publisher(String, "command", 5)
        self.answers: list[TargetArray] = []
        self.feedback: list[Ground.Feedback] = []
        self.create_subscription(TargetArray, "grounding_node/targets", self.answers.append, 50)
        self.ground = ActionClient(self, Ground, "grounding_node/ground")
        # Made after the action's client: a node that answers this knows that one too.
        self._state = self.create_client(GetState, "grounding_node/get_state")
        self._stamps = count(1)

    def spin_until(self, condition: Callable[[], Any], timeout: float = 10.0) -> bool:
        deadline = time.monotonic() + timeout
        while not condition():
            if time.monotonic() > deadline:
                return False
            rclpy.spin_once(self, timeout_sec=0.02)
        return True

    def completed(self, future: Any, timeout: float = 20.0) -> Any:
        assert self.spin_until(future.done, timeout), "no answer from the node"
        return future.result()

    def send_goal(self, command: str, timeout: float = 5.0) -> Any:
        """The handle of an accepted goal."""
        assert self.spin_until(self.ground.server_is_ready, START_S)
        assert self.spin_until(self._known_to_node, START_S), "the node does not answer"
        goal = Ground.Goal(command=command, timeout=duration_message(timeout))
        sending = self.ground.send_goal_async(
            goal, feedback_callback=lambda message: self.feedback.append(message.feedback)
        )
        handle = self.completed(sending)
        assert handle.accepted
        return handle

    def parameters(self, node: str, *names: str) -> list[Any]:
        """The values that parameters of a node have."""
        service = self.service(GetParameters, f"{node}/get_parameters")
        request = GetParameters.Request(names=list(names))
        answer = self.completed(service.call_async(request))
        return [parameter_value_to_python(value) for value in answer.values]

    def service(self, kind: Any, name: str) -> Any:
        """A client of a node's service that the node has discovered.

        A client sees a server as ready before the server has seen the client, and answers to one
        that it has not seen are dropped. Discovery tells of what a participant reads in the order
        in which it was made: a node that answers a client knows those made earlier too.
        """
        service = self.create_client(kind, name)
        later = self.create_client(GetParameters, f"{name.rpartition('/')[0]}/get_parameters")

        def answered() -> bool:
            return self.spin_until(later.call_async(GetParameters.Request()).done, 1.0)

        ready = self.spin_until(service.service_is_ready, START_S)
        known = ready and self.spin_until(later.service_is_ready, START_S)
        known = known and self.spin_until(answered, START_S)
        assert known, f"'{name}' does not answer; " + self.discovered()
        self.destroy_client(later)
        return service

    def discovered(self) -> str:
        """What this process knows of others, and the ports that it and its children have open."""
        known = self.get_subscriptions_info_by_topic(self.commands.topic_name)
        lines = [f"nodes {self.get_node_names_and_namespaces()}; commands read by {len(known)}"]
        for status in sorted(Path("/proc").glob("[0-9]*/status")):
            with suppress(OSError):  # ended meanwhile
                process = status.parent
                parent = re.findall(r"^PPid:\t(\d+)", status.read_text(), re.MULTILINE)
                if str(os.getpid()) in (process.name, *parent):
                    maps = (process / "maps").read_text()
                    ports = re.findall(r"(\d+) +/dev/shm/(\w+_port\d+.*)", maps)
                    lines.append(
                        f"{process.name}: {sorted(set(ports))}, lost {lost_ports(process)}"
                    )
        return "\n".join(lines)

    def _known_to_node(self) -> bool:
        """Whether the node has discovered this client; it drops answers to one that it has not.

        A client sees a server as ready before the server has seen the client. Discovery tells of
        what a participant reads in the order in which it was made.
        """
        return self.spin_until(self._state.call_async(GetState.Request()).done, 1.0)

    def result(self, handle: Any) -> Any:
        """Status and result of a goal."""
        return self.completed(handle.get_result_async())

    def say(self, command: str) -> None:
        heard = self.spin_until(self.commands.get_subscription_count, START_S)
        assert heard, "the node takes no commands; " + self.discovered()
        self.commands.publish(String(data=command))

    def listening(self) -> bool:
        """Whether the node takes images."""
        return self.images.get_subscription_count() > 0

    def show(self, image: Image) -> TargetArray:
        """The answer to one image; one that is sent as best effort may be lost, and is followed."""
        assert self.spin_until(self.listening)
        reliable = self.images.qos_profile.reliability == ReliabilityPolicy.RELIABLE
        for _ in range(1 if reliable else 3):
            image.header.stamp.sec = next(self._stamps)
            image.header.frame_id = "some_camera"
            stamp = nanoseconds(image.header.stamp)
            self.images.publish(image)
            if self.spin_until(partial(self.answer_to, stamp)):
                answer = self.answer_to(stamp)
                assert answer is not None
                return answer
        pytest.fail("the image has no answer")

    @staticmethod
    def picture(value: int = 90) -> Image:
        """An image without anything in it."""
        return encode_image(np.full((480, 640, 3), value, np.uint8), Header())

    def answer_to(self, stamp: int) -> TargetArray | None:
        matching = [array for array in self.answers if nanoseconds(array.header.stamp) == stamp]
        return matching[0] if matching else None


class Launch:
    """A launch file that runs until the context ends.

    Args:
        file: in the folder of launch files.
        arguments: of the launch file.
        prefix: an installation with packages, and commands in `bin`, before all others.
    """

    def __init__(self, file: str, arguments: dict[str, str], prefix: Path | None) -> None:
        environment = dict(os.environ)
        if prefix is not None:
            for name, first in (("AMENT_PREFIX_PATH", prefix), ("PATH", prefix / "bin")):
                environment[name] = os.pathsep.join([str(first), environment[name]])
        self._process = subprocess.Popen(
            [sys.executable, "-c", ROS2_LAUNCH, str(LAUNCH_FILES / file)]
            + [f"{name}:={value}" for name, value in arguments.items()],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self.said: list[str] = []
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        self.said += self._process.stdout

    def __str__(self) -> str:
        return "".join(self.said)

    def end(self) -> int:
        """Interrupt it as Ctrl-C does and give its exit code."""
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGINT)
        return self.ended(20.0)

    def ended(self, timeout: float) -> int:
        """Its exit code once it has ended by itself."""
        try:
            return self._process.wait(timeout)
        finally:
            # Whatever did not end with it; nothing did not, if this fails.
            try:
                os.killpg(self._process.pid, signal.SIGKILL)
            except ProcessLookupError:
                self.left_over = False
            else:
                self.left_over = True
            self._reader.join()


@pytest.fixture(scope="session")
def ros() -> Iterator[None]:
    use_image_transport()
    rclpy.init(args=[])
    yield
    rclpy.try_shutdown()


@pytest.fixture(scope="module")
def client(ros: None) -> Iterator[Client]:
    """A client in a namespace that no other test uses; a module shares it."""
    node = Client(f"/test_{os.getpid()}_{next(_namespaces)}")
    yield node
    node.destroy_node()


@pytest.fixture(scope="module")
def start(client: Client) -> Iterator[Callable[..., ChildProcess]]:
    """Starts a subcommand in the client's namespace; it ends with the module."""
    with ExitStack() as stack:

        def started(*arguments: str) -> ChildProcess:
            ros_arguments = [] if "--ros-args" in arguments else ["--ros-args"]
            namespace = ["-r", f"__ns:={client.namespace}"]
            return stack.enter_context(ChildProcess([*arguments, *ros_arguments, *namespace]))

        yield started


@pytest.fixture
def launch() -> Iterator[Callable[..., Launch]]:
    """Starts a launch file; it ends with the test."""
    running: list[Launch] = []

    def started(file: str, *, prefix: Path | None = None, **arguments: str) -> Launch:
        running.append(Launch(file, arguments, prefix))
        return running[-1]

    yield started
    for each in running:
        each.end()


@pytest.fixture(scope="session")
def model() -> Path:
    """A model folder that works."""
    return bundled_model()
