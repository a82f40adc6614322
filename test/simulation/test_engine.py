from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from vlm_ros.simulation.engine import gl_context, mujoco_module

WITHOUT_EGL = """
import ctypes
load = ctypes.CDLL.__init__
def refuse(self, name, *rest, **more):
    if name and "EGL" in str(name):
        raise OSError(f"{name}: cannot open shared object file")
    load(self, name, *rest, **more)
ctypes.CDLL.__init__ = refuse
"""
WITHOUT_MUJOCO = """
import sys
sys.modules["mujoco"] = None
"""
REPORT = """
from vlm_ros.errors import SimulationError
from vlm_ros.simulation import Tabletop, generate_scene
try:
    Tabletop(generate_scene(0)).render(generate_scene(0).camera)
except SimulationError as error:
    print(error)
"""


@pytest.mark.parametrize(
    ("missing", "advice"),
    [
        (WITHOUT_EGL, "apt install libegl1 libgl1-mesa-dri"),
        (WITHOUT_MUJOCO, "pip install vlm-ros[sim]"),
    ],
    ids=["EGL", "MuJoCo"],
)
def test_what_is_missing_is_named_with_the_package_to_install(missing: str, advice: str) -> None:
    said = subprocess.run(
        [sys.executable, "-c", missing + REPORT],
        check=True,
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
        timeout=60,
    )
    assert advice in said.stdout


def test_importing_the_simulation_does_not_import_mujoco() -> None:
    code = "import sys, vlm_ros.simulation, vlm_ros.cli.data; print('mujoco' in sys.modules)"
    said = subprocess.run(
        [sys.executable, "-c", code],
        check=True,
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
        timeout=60,
    )
    assert said.stdout.strip() == "False"


def test_one_process_has_one_context(renderer: None) -> None:
    assert mujoco_module().__name__ == "mujoco"
    assert gl_context() is gl_context()
