from __future__ import annotations

import numpy as np

from vlm_ros.geometry.camera import Intrinsics, deproject, project

CAMERA = Intrinsics(640, 480, 600.0, 610.0, 319.5, 239.5)


def test_axis_points_and_directions() -> None:
    assert deproject([319.5, 239.5], 2.0, CAMERA).tolist() == [0, 0, 2]
    x, y, _ = deproject([400, 300], 1.0, CAMERA)
    assert x > 0
    assert y > 0


def test_project_undoes_deproject() -> None:
    random = np.random.default_rng(0)
    pixels = random.uniform(0, 480, (5, 7, 2))
    depth = random.uniform(0.2, 3.0, (5, 7))
    np.testing.assert_allclose(project(deproject(pixels, depth, CAMERA), CAMERA), pixels)


def test_nothing_is_seen_behind_the_camera() -> None:
    assert np.isnan(project([[0, 0, -1.0], [0, 0, 0.0]], CAMERA)).all()
