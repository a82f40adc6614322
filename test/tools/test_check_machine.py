from __future__ import annotations

import shutil
import sys
import sysconfig
from pathlib import Path
from typing import NamedTuple

import pytest

from tools import check_machine


class Usage(NamedTuple):
    total: int
    used: int
    free: int


@pytest.mark.parametrize("version", [(3, 10), (3, 11), (3, 12), (3, 13)])
def test_supported_pythons(version: tuple[int, int]) -> None:
    assert check_machine.lacks_python(version) is None


@pytest.mark.parametrize("version", [(2, 7), (3, 9), (3, 14)])
def test_other_pythons_are_told_which_to_install(version: tuple[int, int]) -> None:
    sentence = check_machine.lacks_python(version) or ""
    assert f"{version[0]}.{version[1]} is not supported" in sentence
    assert "install python3.12" in sentence


def test_no_compiler(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert check_machine.lacks_compiler() is None
    monkeypatch.setenv("PATH", str(tmp_path))
    assert check_machine.lacks_compiler() == "There is no C++ compiler: install g++."


def test_no_make(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert check_machine.lacks_make() == "There is no make: install make."


def test_no_venv(monkeypatch: pytest.MonkeyPatch) -> None:
    assert check_machine.lacks_venv() is None
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert check_machine.lacks_venv() == "Python's venv module is missing: install python3-venv."


def test_a_sourced_ros_has_to_be_for_this_python(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("ROS_DISTRO", raising=False)
    assert check_machine.lacks_ros_for_this_python() is None
    monkeypatch.setenv("ROS_DISTRO", "jazzy")
    monkeypatch.syspath_prepend(tmp_path)
    rclpy = tmp_path / "rclpy"
    rclpy.mkdir()
    (rclpy / "__init__.py").touch()
    (rclpy / "_rclpy_pybind11.cpython-36m-x86_64-linux-gnu.so").touch()
    monkeypatch.delitem(sys.modules, "rclpy", raising=False)
    assert "ROS 2 jazzy is sourced, but" in (check_machine.lacks_ros_for_this_python() or "")
    (rclpy / f"_rclpy_pybind11{sysconfig.get_config_var('EXT_SUFFIX')}").touch()
    assert check_machine.lacks_ros_for_this_python() is None


def test_no_python_headers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert check_machine.lacks_python_headers() is None
    monkeypatch.setattr("sysconfig.get_path", lambda name: str(tmp_path))
    assert check_machine.lacks_python_headers() == (
        "Python's C headers are missing: install python3-dev."
    )


@pytest.mark.parametrize(("free", "enough"), [(10**9, False), (10**10, True)])
def test_disk(monkeypatch: pytest.MonkeyPatch, free: int, enough: bool) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: Usage(10**12, 0, free))
    sentence = check_machine.lacks_disk()
    assert (sentence is None) == enough
    if sentence:
        assert "1.0 GB free, but 3 GB are needed" in sentence


def test_no_egl(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise OSError(name)

    monkeypatch.setattr("ctypes.CDLL", missing)
    assert check_machine.lacks_rendering() == (
        "libEGL.so.1 is missing, which the simulator draws with: install libegl1."
    )


def test_egl_without_a_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check_machine, "egl_display_works", lambda egl: False)
    monkeypatch.setattr("ctypes.CDLL", lambda name: None)
    assert "install libgl1-mesa-dri" in (check_machine.lacks_rendering() or "")


def test_main_prints_one_sentence_for_each_lack(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    checks = (lambda: "There is no A: install a.", lambda: None, lambda: "No B: install b.")
    monkeypatch.setattr(check_machine, "CHECKS", checks)
    assert check_machine.main() == 1
    assert capsys.readouterr().err == "There is no A: install a.\nNo B: install b.\n"
