from __future__ import annotations

import numpy as np
import pytest

from vlm_ros.gazebo.poses import OPTICAL_IN_CAMERA, numbers, pose_of, pose_text
from vlm_ros.geometry.rotations import matrix, quaternion
from vlm_ros.simulation.meshes import rotation_about
from vlm_ros.simulation.scene import Pose


@pytest.mark.parametrize(
    ("roll", "pitch", "yaw"),
    [
        (0, 0, 0),
        (90, 0, 0),
        (180, 0, 30),
        (0, 90, 40),
        (25, -90, 0),
        (10, 89.9999, -170),
        (1, 2, 3),
    ],
)
def test_a_pose_reads_back_as_it_was_written(roll: float, pitch: float, yaw: float) -> None:
    turn = rotation_about("z", yaw) @ rotation_about("y", pitch) @ rotation_about("x", roll)
    pose = Pose((0.1, -2.0, 1e-9), quaternion(turn))
    read = pose_of(pose_text(pose))
    np.testing.assert_allclose(read.position, pose.position, atol=1e-7)
    np.testing.assert_allclose(matrix(read.quaternion), turn, atol=2e-6)


def test_a_lying_cylinder_has_the_angles_that_people_expect() -> None:
    pose = Pose((0.0, 0.0, 0.05), quaternion(rotation_about("x", 90)))
    assert pose_text(pose) == "0 0 0.05 1.5707963 0 0"


def test_numbers_have_no_exponents_and_no_negative_zero() -> None:
    assert numbers([1e-5, -1e-12, 1234567.5, -0.25]) == "0.00001 0 1234567.5 -0.25"


def test_gazebo_looks_along_x_where_the_optical_frame_looks_along_z() -> None:
    right, down, forward = OPTICAL_IN_CAMERA.T
    np.testing.assert_array_equal(forward, [1, 0, 0])
    np.testing.assert_array_equal(down, [0, 0, -1])
    np.testing.assert_array_equal(np.cross(forward, right), down)
