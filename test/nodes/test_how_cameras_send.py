"""What the node's parameters say about how the images of a camera come."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import cv2
import numpy as np
import pytest

pytest.importorskip("rclpy", reason="needs ROS 2")
pytest.importorskip("mujoco", reason="needs the extra 'sim'")

from rclpy.time import Time
from sensor_msgs.msg import CameraInfo, CompressedImage, Image
from std_msgs.msg import Header

from vlm_ros.cli.demo import SEED
from vlm_ros.msg import Target, TargetArray
from vlm_ros.nodes.camera_info import camera_info_of
from vlm_ros.nodes.clock import nanoseconds
from vlm_ros.nodes.images import encode_image
from vlm_ros.simulation.scene import generate_scene
from vlm_ros.simulation.tabletop import RenderedFrame, Tabletop

# Nothing else there is like it, so that JPEG cannot make the answer another one.
COMMAND = "pick up the red plate"
SHIFT = 50.0


@pytest.fixture(scope="module")
def frame() -> RenderedFrame:
    scene = generate_scene(SEED)
    with Tabletop(scene) as tabletop:
        return tabletop.render(scene.camera, 640, 480)


@pytest.fixture(params=[["raw", "raw", "false"], ["compressed", "compressedDepth", "true"]])
def camera(
    request: Any, client: Any, start: Callable[..., Any], model: Any, frame: RenderedFrame
) -> Iterator[tuple[Callable[[], TargetArray], bool]]:
    """Sends the frame as one kind of camera does; the answer to it, and whether it is rectified."""
    image_transport, depth_transport, rectified = request.param
    settings = [
        *("-p", f"image_transport:={image_transport}"),
        *("-p", f"depth_transport:={depth_transport}"),
        *("-p", f"rectified:={rectified}"),
    ]
    millimetres = np.round(frame.depth * 1000.0).astype(np.uint16)
    if image_transport == "raw":
        topics = [(Image, "image"), (Image, "depth"), (CameraInfo, "camera_info")]
        messages = [encode_image(frame.rgb, Header()), encode_image(millimetres, Header())]
    else:
        topics = [
            (CompressedImage, "image/compressed"),
            (CompressedImage, "depth/compressedDepth"),
            (CameraInfo, "camera_info"),
        ]
        colour = CompressedImage(format="rgb8; jpeg compressed bgr8")
        bgr = cv2.cvtColor(frame.rgb, cv2.COLOR_RGB2BGR)
        colour.data = cv2.imencode(".jpg", bgr)[1].tobytes()
        depth = CompressedImage(format="16UC1; compressedDepth png")
        depth.data = bytes(12) + cv2.imencode(".png", millimetres)[1].tobytes()
        messages = [colour, depth]
    # K is that of the camera, P looks SHIFT pixels farther to the right.
    camera_info = camera_info_of(frame.intrinsics, Header())
    p = camera_info.p
    p[2] += SHIFT
    camera_info.p = p
    messages.append(camera_info)
    publishers = [client.create_publisher(kind, topic, 5) for kind, topic in topics]
    client.answers.clear()

    def answer() -> TargetArray:
        stamp = 0

        def answered() -> bool:
            nonlocal stamp
            stamp += 100_000_000
            header = Header(frame_id="optical", stamp=Time(nanoseconds=stamp).to_msg())
            for publisher, message in reversed(list(zip(publishers, messages, strict=True))):
                message.header = header
                publisher.publish(message)
            client.spin_until(lambda: client.answers, 0.2)
            return any(a.targets and a.targets[0].has_position for a in client.answers)

        assert client.spin_until(answered, 20.0), [a.reason for a in client.answers]
        return client.answers[-1]

    with start("node", "--model", str(model), "--ros-args", *settings):
        client.say(COMMAND)
        assert client.spin_until(lambda: all(p.get_subscription_count() for p in publishers))
        yield answer, rectified == "true"
    for publisher in publishers:
        client.destroy_publisher(publisher)


def test_images_and_depth_come_as_the_parameters_say(
    camera: tuple[Callable[[], TargetArray], bool], frame: RenderedFrame
) -> None:
    answer, rectified = camera
    array = answer()
    (target,) = array.targets
    assert target.status == Target.FOUND
    assert nanoseconds(array.header.stamp) > 0
    ((x, y, z),) = [
        item.position
        for item in frame.objects
        if item.name == "plate" and "red" in item.attributes.values()
    ]
    # With another middle of the picture, all is farther to the left.
    shift = SHIFT * z / frame.intrinsics.fx if rectified else 0.0
    found = (target.position.x, target.position.y, target.position.z)
    assert found == pytest.approx((x - shift, y, z), abs=0.03)
