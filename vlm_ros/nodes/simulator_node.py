"""A camera over the simulated tabletop."""

from __future__ import annotations

import threading
import time
from concurrent.futures import Future
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from rcl_interfaces.msg import SetParametersResult
from rclpy.node import Node
from rclpy.parameter import Parameter
from std_msgs.msg import Header

from vlm_ros.errors import SimulationError
from vlm_ros.msg import SceneTruth
from vlm_ros.nodes import parameters
from vlm_ros.nodes.camera_info import camera_info_of
from vlm_ros.nodes.camera_publisher import CameraPublisher
from vlm_ros.nodes.parameters import parameter
from vlm_ros.nodes.spinning import quiet_at_shutdown, run_node
from vlm_ros.nodes.truth import scene_truth
from vlm_ros.simulation.scene import generate_scene
from vlm_ros.simulation.tabletop import RenderedFrame, Tabletop

_DEPTH_ENCODINGS = ("16UC1", "32FC1")
_MILLIMETRES_PER_METRE = 1000.0
_LARGEST_UINT16 = 65535
# Until their subscribers have them: a second's worth of a slow camera, some 3 MB each.
_TRUTHS_KEPT = 10


@dataclass(frozen=True)
class SimulatorSettings:
    """The parameters of the simulator node; all of them can change while it runs."""

    seed: int = parameter(0, "The scene is a function of this number.", low=0, high=2**31 - 1)
    rate: float = parameter(15.0, "Frames a second.", low=0.1, high=120.0)
    width: int = parameter(640, "Image width in pixels.", low=64, high=3840)
    height: int = parameter(480, "Image height in pixels.", low=48, high=2160)
    depth_encoding: str = parameter(
        "16UC1", "16UC1 for millimetres, as a RealSense gives, or 32FC1 for metres."
    )

    @property
    def picture(self) -> tuple[int, int, int, str]:
        """All that the pixels depend on."""
        return self.seed, self.width, self.height, self.depth_encoding


@dataclass(frozen=True)
class _Picture:
    """A rendered frame, ready to be published again and again."""

    settings: SimulatorSettings
    frame: RenderedFrame
    depth: NDArray[np.uint16] | NDArray[np.float32]


class SimulatorNode(Node):
    """Publishes colour, registered depth, calibration and truth of a settled scene.

    One thread owns the renderer, because an OpenGL context belongs to the thread that made it.
    Nothing moves in the scene, so a picture is rendered when the scene or its size changes, and
    published with a new stamp until then.
    """

    def __init__(self) -> None:
        """Offer the topics and render the first picture.

        Raises:
            SimulationError: there is nothing to render with.
            rclpy.exceptions.ParameterException: a parameter was given a bad value.
        """
        super().__init__("simulator_node")
        self.add_on_set_parameters_callback(_check_changes)
        parameters.declare(self, SimulatorSettings)
        self._camera = CameraPublisher(self)
        self._truth = self.create_publisher(SceneTruth, "~/truth", _TRUTHS_KEPT)
        self._stopping = threading.Event()
        self._begun: Future[None] = Future()
        self._thread = threading.Thread(target=self._run, name="renderer", daemon=True)
        self._thread.start()
        self._begun.result()

    def destroy_node(self) -> None:
        """Stop publishing, then withdraw the topics."""
        self._stopping.set()
        self._thread.join()
        super().destroy_node()

    def _run(self) -> None:
        try:
            picture = _render(self._settings())
        except Exception as error:
            self._begun.set_exception(error)
            return
        self.get_logger().info(_description(picture))
        self._begun.set_result(None)
        with quiet_at_shutdown(self.context):
            self._publish_frames(picture)

    def _publish_frames(self, picture: _Picture) -> None:
        due = time.monotonic()
        while not self._stopping.wait(max(0.0, due - time.monotonic())):
            settings = self._settings()
            due = max(due + 1.0 / settings.rate, time.monotonic())
            if settings.picture != picture.settings.picture:
                picture = self._changed(picture, settings)
            self._publish(picture)

    def _changed(self, old: _Picture, settings: SimulatorSettings) -> _Picture:
        try:
            picture = _render(settings)
        except SimulationError as error:
            self.get_logger().error(f"the old scene stays: {error}", throttle_duration_sec=5.0)
            return old
        self.get_logger().info(_description(picture))
        return picture

    def _publish(self, picture: _Picture) -> None:
        frame = picture.frame
        stamp = self.get_clock().now().to_msg()
        camera_info = camera_info_of(frame.intrinsics, Header())
        header = self._camera.publish(stamp, frame.rgb, picture.depth, camera_info)
        # The masks of the truth are many times larger than the image.
        if self._truth.get_subscription_count():
            self._truth.publish(scene_truth(frame, picture.settings.seed, header))

    def _settings(self) -> SimulatorSettings:
        return parameters.read(self, SimulatorSettings)


def _render(settings: SimulatorSettings) -> _Picture:
    scene = generate_scene(settings.seed)
    with Tabletop(scene) as tabletop:
        frame = tabletop.render(scene.camera, settings.width, settings.height)
    if settings.depth_encoding == "32FC1":
        return _Picture(settings, frame, frame.depth)
    millimetres = np.round(frame.depth * _MILLIMETRES_PER_METRE)
    return _Picture(settings, frame, millimetres.clip(0, _LARGEST_UINT16).astype(np.uint16))


def _description(picture: _Picture) -> str:
    settings, names = picture.settings, [truth.identity for truth in picture.frame.objects]
    return (
        f"scene {settings.seed} at {settings.width} x {settings.height}, {settings.rate:g} Hz: "
        f"{', '.join(names)}"
    )


def _check_changes(changes: list[Parameter]) -> SetParametersResult:
    for change in changes:
        if change.name == "depth_encoding" and change.value not in _DEPTH_ENCODINGS:
            reason = f"there is no depth encoding '{change.value}': use 16UC1 or 32FC1"
            return SetParametersResult(successful=False, reason=reason)
    return SetParametersResult(successful=True)


def main() -> int:
    """Run the node until it is interrupted; the exit code."""
    return run_node(SimulatorNode)


if __name__ == "__main__":
    raise SystemExit(main())
