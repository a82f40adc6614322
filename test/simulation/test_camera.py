from __future__ import annotations

import numpy as np
import pytest

from vlm_ros.simulation.camera import OVERVIEW, Camera, random_camera
from vlm_ros.simulation.scene import generate_scene


def pixel(camera: Camera, point: tuple[float, float, float]) -> tuple[float, float]:
    x, y, z = camera.rotation().T @ np.subtract(point, camera.position)
    seen = camera.intrinsics(640, 480)
    return (seen.fx * x / z + seen.cx, seen.fy * y / z + seen.cy)


def test_the_optical_frame_has_x_right_and_y_down() -> None:
    camera = Camera((0.0, -1.0, 1.0), (0.0, 0.0, 0.0))
    assert pixel(camera, (0.0, 0.0, 0.0)) == pytest.approx((319.5, 239.5))
    assert pixel(camera, (0.1, 0.0, 0.0))[0] > 320
    assert pixel(camera, (0.0, 0.0, 0.1))[1] < 239
    assert np.linalg.det(camera.rotation()) == pytest.approx(1.0)


def test_the_world_turns_clockwise_in_the_picture_by_the_roll() -> None:
    camera = Camera((0.0, -1.0, 1.0), (0.0, 0.0, 0.0), roll=0.2)
    u, v = pixel(camera, (0.1, 0.0, 0.0))
    assert np.arctan2(v - 239.5, u - 319.5) == pytest.approx(0.2)


def test_the_camera_has_the_field_of_view_of_a_realsense() -> None:
    assert OVERVIEW.intrinsics(640, 480).fx == pytest.approx(615)
    assert OVERVIEW.intrinsics(320, 240).fx == pytest.approx(307.5)


@pytest.mark.parametrize("seed", range(20))
def test_the_overview_holds_the_whole_table(seed: int) -> None:
    x, y, _ = generate_scene(seed).table.size
    for corner in ((x, y), (x, -y), (-x, y), (-x, -y)):
        u, v = pixel(OVERVIEW, (corner[0] / 2, corner[1] / 2, 0.0))
        assert -0.5 <= u <= 639.5
        assert -0.5 <= v <= 479.5


def test_random_cameras_look_down_from_a_robots_distance() -> None:
    rng = np.random.default_rng(0)
    for _ in range(50):
        camera = random_camera(rng, (0.1, 0.05, 0.0))
        sight = np.subtract(camera.target, camera.position)
        distance = float(np.linalg.norm(sight))
        assert 0.5 < distance < 1.25
        assert 29 < np.rad2deg(np.arcsin(-sight[2] / distance)) < 66
