from __future__ import annotations

import pytest

from vlm_ros.errors import SimulationError
from vlm_ros.simulation.engine import gl_context, mujoco_module


@pytest.fixture(scope="session")
def renderer() -> None:
    """Skips a test where nothing can be rendered."""
    try:
        mujoco_module()
        gl_context()
    except SimulationError as error:
        pytest.skip(str(error))
