"""The machine that figures were measured on."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

# Instructions that matrix products on a CPU can use, as Linux names them, on x86-64 and Arm.
_INSTRUCTIONS = (
    "avx2",
    "fma",
    "avx512f",
    "avx512_vnni",
    "avx_vnni",
    "avx512_bf16",
    "amx_int8",
    "amx_bf16",
    "asimd",
    "asimdhp",
    "asimddp",
    "i8mm",
    "bf16",
    "sve",
)
_PACKAGES = (
    "numpy",
    "onnxruntime",
    "onnxruntime-gpu",
    "opencv-python-headless",
    "tensorrt",
    "tensorrt_rtx_cu13_libs",
    "tokenizers",
    "torch",
    "transformers",
)


def describe_machine() -> dict[str, Any]:
    """Processor, memory, GPU and the versions of what does the work, as a JSON object.

    What cannot be found out is None or left out.
    """
    return {
        "cpu": _cpu_model(),
        "architecture": platform.machine(),
        "cores": usable_cores(),
        "instructions": _instructions(),
        "memory_gb": _memory_gb(),
        "board": _board(),
        "gpu": _gpu(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "packages": _packages(),
        "load": round(os.getloadavg()[0], 1),
    }


def usable_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0))


def _cpu_lines(key: str) -> list[str]:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
    pairs = (line.partition(":") for line in lines)
    return [value.strip() for name, _, value in pairs if name.strip() == key]


def _cpu_model() -> str | None:
    names = _cpu_lines("model name") or [platform.processor()]
    return names[0] or None


def _instructions() -> list[str]:
    listed = _cpu_lines("flags") or _cpu_lines("Features") or [""]
    present = set(listed[0].split())
    return [name for name in _INSTRUCTIONS if name in present]


def _memory_gb() -> float | None:
    try:
        return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, 1)
    except (OSError, ValueError):
        return None


def _board() -> str | None:
    """What an Arm board calls itself, e.g. a Jetson."""
    try:
        return Path("/proc/device-tree/model").read_text(encoding="utf-8").strip("\0\n ")
    except OSError:
        return None


def _gpu() -> str | None:
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return None
    query = [tool, "--query-gpu=name,memory.total,driver_version", "--format=csv,noheader"]
    try:
        answer = subprocess.run(query, capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return answer.stdout.strip() or None


def _packages() -> dict[str, str]:
    found = {}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
