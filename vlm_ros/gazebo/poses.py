"""Poses as SDF writes them: x y z, then roll, pitch and yaw about fixed axes, radians."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vlm_ros.geometry.rotations import matrix, quaternion
from vlm_ros.simulation.meshes import rotation_about
from vlm_ros.simulation.scene import Pose

OPTICAL_IN_CAMERA = np.array([[0.0, 0.0, 1.0], [-1.0, 0.0, 0.0], [0.0, -1.0, 0.0]])
"""(3, 3) columns: an optical frame's x (right), y (down) and z (forward) in a camera frame of
Gazebo, which has x forward, y to the left and z up (REP 103)."""


def numbers(values: ArrayLike) -> str:
    """Numbers with a space between them, none with an exponent."""
    return " ".join(_number(float(value)) for value in np.ravel(values))


def _number(value: float) -> str:
    text = f"{value:.7f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def pose_text(pose: Pose) -> str:
    """A pose as the text of a `pose` element."""
    return f"{numbers(pose.position)} {numbers(roll_pitch_yaw(matrix(pose.quaternion)))}"


def pose_of(text: str) -> Pose:
    """The inverse of `pose_text`."""
    x, y, z, roll, pitch, yaw = (float(value) for value in text.split())
    turns = zip("zyx", (yaw, pitch, roll), strict=True)
    about_z, about_y, about_x = (rotation_about(axis, np.rad2deg(by)) for axis, by in turns)
    return Pose((x, y, z), quaternion(about_z @ about_y @ about_x))


def roll_pitch_yaw(rotation: NDArray[np.float64]) -> tuple[float, float, float]:
    """Angles about the fixed x, y and z axis, in this order, radians (REP 103).

    Args:
        rotation: (3, 3).
    """
    across = float(np.hypot(rotation[0, 0], rotation[1, 0]))
    pitch = float(np.arctan2(-rotation[2, 0], across))
    if across < 1e-6:
        # Straight up or down: only the difference of roll and yaw means something.
        return 0.0, pitch, float(np.arctan2(-rotation[0, 1], rotation[1, 1]))
    roll = float(np.arctan2(rotation[2, 1], rotation[2, 2]))
    return roll, pitch, float(np.arctan2(rotation[1, 0], rotation[0, 0]))
