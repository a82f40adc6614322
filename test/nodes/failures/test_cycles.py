"""States that are entered and left again and again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("rclpy", reason="needs ROS 2")

from lifecycle_msgs.msg import Transition

from vlm_ros.evaluation.vitals import vitals_of

COMMAND = "the red cup"
CYCLES = 8
# The first few find out how much memory a model takes.
WARM_UP = 3


def test_a_model_that_is_let_go_of_leaves_nothing(
    manager: Any, camera: Any, start: Callable[..., Any], model: Path, leaks: Callable[..., Any]
) -> None:
    with start("node", "--model", str(model), "--ros-args", "-p", "autostart:=false") as node:
        manager.meet()
        watched, configured = None, vitals_of(node.pid)
        for cycle in range(CYCLES):
            manager.change(Transition.TRANSITION_CONFIGURE)
            manager.change(Transition.TRANSITION_ACTIVATE)
            manager.look_for(COMMAND)
            configured = vitals_of(node.pid)
            manager.change(Transition.TRANSITION_DEACTIVATE)
            manager.change(Transition.TRANSITION_CLEANUP)
            if cycle == WARM_UP:
                watched = leaks(node)
        released = vitals_of(node.pid)
        node.check()
        assert watched is not None
        watched.check()
        assert released.threads < configured.threads
        assert released.own_mb < configured.own_mb - 80.0, (configured, released)
