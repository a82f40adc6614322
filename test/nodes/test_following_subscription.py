"""A subscription to what cameras send, whole or not."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

rclpy = pytest.importorskip("rclpy", reason="needs ROS 2")

HALF_IMAGE = Path(__file__).with_name("half_image.py")


@pytest.mark.skipif(
    not rclpy.get_rmw_implementation_identifier().startswith("rmw_fastrtps"),
    reason="about Fast DDS",
)
def test_an_image_of_which_only_a_part_came_stops_nothing() -> None:
    said = subprocess.run(
        [sys.executable, HALF_IMAGE], check=True, capture_output=True, text=True, timeout=60.0
    ).stdout
    unreadable, images = (int(count) for count in said.split())
    assert unreadable > 0, "no half image was handed on: this has shown nothing"
    assert images >= 5
