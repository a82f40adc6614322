"""Poses in the frame that the robot asked for, by TF at the stamp of the image."""

from __future__ import annotations

import importlib.util
import re
import threading
import time
from typing import Any

from geometry_msgs.msg import Point, Pose, Quaternion, Transform
from rclpy.clock import JumpThreshold
from rclpy.duration import Duration
from rclpy.node import Node
from rclpy.time import Time
from std_msgs.msg import Header

from vlm_ros.errors import VlmRosError
from vlm_ros.geometry.rotations import matrix, quaternion
from vlm_ros.nodes.clock import nanoseconds

_POLL_S = 0.002
# What TF itself accepts: no slash at the start, no blanks.
_FRAME_NAME = re.compile(r"[^/\s]\S*")


class TransformError(VlmRosError):
    """TF does not know how to get from one frame to another at the time of an image."""


def why_unusable(frame: str) -> str:
    """Why poses cannot be given in a frame of this name; "" if they can."""
    if not _FRAME_NAME.fullmatch(frame):
        return f"'{frame}' is no name of a frame: write it as TF does, such as 'base_link'"
    if importlib.util.find_spec("tf2_ros") is None:
        return (
            f"'{frame}' needs TF, and the Python package tf2_ros is not installed: install it "
            f"(on Ubuntu as ros-$ROS_DISTRO-tf2-ros-py), or leave 'target_frame' empty"
        )
    return ""


class TransformSource:
    """Listens to /tf and /tf_static while it is open.

    The thread that spins the node opens and closes it and fills its buffer; any thread asks.
    """

    def __init__(self, node: Node) -> None:
        """Prepare; nothing is received before `open`."""
        self._node = node
        self._lock = threading.Lock()
        self._buffer: Any = None
        self._listener: Any = None
        self._jumps: Any = None

    def open(self) -> None:
        """Start listening; does nothing if open. Needs tf2_ros: see `why_unusable`."""
        if self._listener is not None:
            return
        import tf2_ros

        buffer = tf2_ros.Buffer()
        # The buffer is not given the node, which would serve its frames to everybody, and so does
        # not see when simulated time begins anew. A stopped clock would have it wait for data of
        # its future.
        backwards = JumpThreshold(
            min_forward=None, min_backward=Duration(nanoseconds=-1), on_clock_change=True
        )
        self._jumps = self._node.get_clock().create_jump_callback(
            backwards, post_callback=lambda _: buffer.clear()
        )
        self._listener = tf2_ros.TransformListener(buffer, self._node)
        with self._lock:
            self._buffer = buffer

    def close(self) -> None:
        """Stop listening and forget every transform; does nothing if closed."""
        if self._listener is None:
            return
        with self._lock:
            self._buffer = None
        self._listener.unregister()
        self._jumps.unregister()
        self._listener = self._jumps = None

    def lookup(self, target_frame: str, header: Header, wait: float) -> Transform:
        """The transform from an image's frame to another at the image's stamp.

        Args:
            target_frame: to transform to.
            header: of the image; a stamp of zero takes the newest transform.
            wait: longest wait for it, seconds.

        Raises:
            TransformError: it did not come in time; the message says which and why.
        """
        if target_frame == header.frame_id:
            return Transform()
        with self._lock:
            buffer = self._buffer
        if buffer is None:
            raise TransformError(
                f"TF is not listened to yet, so that {_wanted(target_frame, header)}."
            )
        stamp = Time.from_msg(header.stamp)
        deadline = time.monotonic() + wait
        while True:
            known, why = buffer.can_transform(
                target_frame, header.frame_id, stamp, return_debug_tuple=True
            )
            if known:
                return self._looked_up(buffer, target_frame, header, stamp)
            if time.monotonic() >= deadline:
                raise TransformError(_unknown(target_frame, header, wait, why))
            time.sleep(_POLL_S)

    @staticmethod
    def _looked_up(buffer: Any, target_frame: str, header: Header, stamp: Time) -> Transform:
        import tf2_ros

        try:
            return buffer.lookup_transform(target_frame, header.frame_id, stamp).transform
        # It may have left the buffer since.
        except tf2_ros.TransformException as error:
            raise TransformError(_unknown(target_frame, header, 0.0, str(error))) from error


def moved(pose: Pose, transform: Transform) -> Pose:
    """A pose as seen from the frame that a transform leads to."""
    turn, offset = matrix(_parts(transform.rotation)), _parts(transform.translation)
    x, y, z = (turn @ _parts(pose.position) + offset).tolist()
    i, j, k, w = quaternion(turn @ matrix(_parts(pose.orientation)))
    return Pose(position=Point(x=x, y=y, z=z), orientation=Quaternion(x=i, y=j, z=k, w=w))


def _parts(message: Any) -> list[float]:
    """x, y, z and, of a quaternion, w."""
    return [getattr(message, axis) for axis in "xyzw" if hasattr(message, axis)]


def _wanted(target_frame: str, header: Header) -> str:
    return (
        f"there is no transform from '{header.frame_id}' to '{target_frame}' at the image's stamp "
        f"{nanoseconds(header.stamp) * 1e-9:.3f}"
    )


def _unknown(target_frame: str, header: Header, wait: float, why: str) -> str:
    wanted = _wanted(target_frame, header)
    return f"{wanted[0].upper()}{wanted[1:]} after waiting {wait:g} s: {why.rstrip('.')}."
