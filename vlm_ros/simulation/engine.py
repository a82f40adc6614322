"""MuJoCo, loaded when it is first needed, with its headless renderer."""

from __future__ import annotations

import os
from functools import lru_cache
from importlib import import_module
from typing import Any

from vlm_ros.errors import SimulationError


def mujoco_module() -> Any:
    """MuJoCo with its headless renderer.

    Raises:
        SimulationError: MuJoCo or EGL is not installed.
    """
    os.environ.setdefault("MUJOCO_GL", "egl")
    try:
        import mujoco
    except (ImportError, AttributeError, RuntimeError) as error:
        if isinstance(error, ModuleNotFoundError) and error.name == "mujoco":
            raise SimulationError(
                "The simulated tabletop needs MuJoCo; install it with `pip install vlm-ros[sim]`."
            ) from error
        raise _no_egl(error) from error
    return mujoco


@lru_cache(maxsize=1)
def gl_context() -> Any:
    """This process's one OpenGL context; pictures are drawn into buffers beside it.

    Raises:
        SimulationError: there is no EGL to render with.
    """
    try:
        backend = import_module(f"mujoco.{os.environ['MUJOCO_GL']}")
        return backend.GLContext(64, 64)
    except Exception as error:
        raise _no_egl(error) from error


def _no_egl(error: Exception) -> SimulationError:
    return SimulationError(
        f"MuJoCo cannot render without a screen here ({error}); install EGL with "
        "`apt install libegl1 libgl1-mesa-dri`."
    )
