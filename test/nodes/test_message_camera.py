"""The camera of the benchmark sends what a camera sends."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("sensor_msgs", reason="needs ROS 2")
pytest.importorskip("vlm_ros.msg", reason="needs the built interfaces")

from vlm_ros.evaluation.drawn_scene import draw_scene
from vlm_ros.nodes.message_camera import MessageCamera


def test_what_is_decoded_is_the_scene() -> None:
    scene = draw_scene()
    image, depth = MessageCamera(scene).decode()
    np.testing.assert_array_equal(image, scene.image)
    np.testing.assert_allclose(depth, scene.depth, atol=1.1e-3)
