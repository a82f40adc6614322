"""Say what this machine lacks for `make`: one sentence each, with the package that brings it.

Standard library only, and any Python since 3.7: it runs before anything is installed.
"""

from __future__ import annotations

import ctypes
import importlib.util
import os
import shutil
import sys
import sysconfig
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PYTHONS = ((3, 10), (3, 13))
DISK_GB = 3

# EGL, from the headers of the Khronos registry.
EGL_PLATFORM_DEVICE_EXT = 0x313F
EGL_FALSE = 0


def lacks_python(version: tuple[int, int] = sys.version_info[:2]) -> str | None:
    """Return a sentence where `version` is not one that every dependency has wheels for."""
    low, high = PYTHONS
    if low <= version <= high:
        return None
    return (
        f"Python {version[0]}.{version[1]} is not supported: install python3.12 with "
        f"python3.12-venv (any of {low[0]}.{low[1]} to {high[0]}.{high[1]}) and run make again "
        "with PYTHON=python3.12."
    )


def lacks_venv() -> str | None:
    """Return a sentence where virtual environments cannot be made."""
    if importlib.util.find_spec("venv") and importlib.util.find_spec("ensurepip"):
        return None
    return "Python's venv module is missing: install python3-venv."


def lacks_ros_for_this_python() -> str | None:
    """Return a sentence where the ROS 2 that is sourced is for another Python."""
    distro = os.environ.get("ROS_DISTRO")
    if not distro:
        return None
    spec = importlib.util.find_spec("rclpy")
    extension = f"_rclpy_pybind11{sysconfig.get_config_var('EXT_SUFFIX')}"
    if spec and spec.origin and Path(spec.origin).with_name(extension).is_file():
        return None
    return (
        f"ROS 2 {distro} is sourced, but it has no rclpy for this Python {sys.version.split()[0]}: "
        f"run make again with PYTHON=/usr/bin/python3, or install ros-{distro}-rclpy."
    )


def lacks_python_headers() -> str | None:
    """Return a sentence where Python's C headers are missing; the messages need them."""
    if Path(sysconfig.get_path("include"), "Python.h").is_file():
        return None
    return "Python's C headers are missing: install python3-dev."


def lacks_compiler() -> str | None:
    """Return a sentence where there is no C++ compiler."""
    wanted = os.environ.get("CXX", "c++").split()[0]
    if any(shutil.which(name) for name in (wanted, "g++", "clang++")):
        return None
    return "There is no C++ compiler: install g++."


def lacks_make() -> str | None:
    """Return a sentence where there is no make."""
    return None if shutil.which("make") else "There is no make: install make."


def lacks_disk() -> str | None:
    """Return a sentence where the disk has no room for the environment and the build."""
    free = shutil.disk_usage(str(ROOT)).free / 1e9
    if free >= DISK_GB:
        return None
    return f"{ROOT} has {free:.1f} GB free, but {DISK_GB} GB are needed: make room."


def lacks_rendering() -> str | None:
    """Return a sentence where OpenGL cannot draw without a screen, as the simulator does."""
    try:
        egl = ctypes.CDLL("libEGL.so.1")
    except OSError:
        return "libEGL.so.1 is missing, which the simulator draws with: install libegl1."
    if egl_display_works(egl):
        return None
    return (
        "OpenGL cannot draw without a screen here, as the simulator does: install libgl1-mesa-dri "
        "(and libegl-mesa0), or your graphics card's driver."
    )


def egl_display_works(egl: ctypes.CDLL) -> bool:
    """Return whether EGL can be initialised on any device, the way MuJoCo does it."""
    egl.eglGetProcAddress.restype = ctypes.c_void_p
    egl.eglGetProcAddress.argtypes = [ctypes.c_char_p]
    query_address = egl.eglGetProcAddress(b"eglQueryDevicesEXT")
    display_address = egl.eglGetProcAddress(b"eglGetPlatformDisplayEXT")
    if not (query_address and display_address):
        return False
    query_devices = ctypes.CFUNCTYPE(
        ctypes.c_uint, ctypes.c_int, ctypes.POINTER(ctypes.c_void_p), ctypes.POINTER(ctypes.c_int)
    )(query_address)
    get_display = ctypes.CFUNCTYPE(
        ctypes.c_void_p, ctypes.c_uint, ctypes.c_void_p, ctypes.c_void_p
    )(display_address)
    egl.eglInitialize.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p]

    devices, count = (ctypes.c_void_p * 16)(), ctypes.c_int()
    if query_devices(len(devices), devices, ctypes.byref(count)) == EGL_FALSE:
        return False
    displays = (get_display(EGL_PLATFORM_DEVICE_EXT, d, None) for d in devices[: count.value])
    return any(d and egl.eglInitialize(d, None, None) != EGL_FALSE for d in displays)


CHECKS = (
    lacks_python,
    lacks_venv,
    lacks_ros_for_this_python,
    lacks_python_headers,
    lacks_compiler,
    lacks_make,
    lacks_disk,
    lacks_rendering,
)


def main() -> int:
    """Print what is missing and return the exit code."""
    missing = [sentence for sentence in (check() for check in CHECKS) if sentence]
    for sentence in missing:
        print(sentence, file=sys.stderr)
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
