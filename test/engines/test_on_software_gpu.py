"""The TensorRT pass with a CUDA driver in software, in a process of its own.

NVIDIA's bindings, the kernels and everything in vlm_ros is real; the GPU (`software_gpu.cpp`) and
TensorRT (ONNX Runtime in its place) are not. So what the pass asks of both is tried on every
machine; what they answer is for `test_on_gpu`.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from vlm_ros.runtimes.picture_kernel import compiled

HERE = Path(__file__).parent


def test_the_pass_on_a_software_gpu(
    tmp_path: Path, kernels_for_cpu: Callable[[Path, str, str], Path]
) -> None:
    pytest.importorskip("cuda.bindings.nvrtc", reason="needs CUDA's bindings: make engine-env")
    kernels_for_cpu(tmp_path, "libcuda.so.1", (HERE / "software_gpu.cpp").read_text())
    # Compiled here: with this driver beside it, the compiler does not work.
    (tmp_path / "kernels.cubin").write_bytes(compiled("sm87"))
    folders = [str(tmp_path), os.environ.get("LD_LIBRARY_PATH", "")]
    result = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-rs", str(HERE / "on_software_gpu.py")],
        env=os.environ
        | {
            "LD_LIBRARY_PATH": os.pathsep.join(folders).rstrip(os.pathsep),
            "KERNELS": str(tmp_path / "kernels.cubin"),
        },
        cwd=HERE.parents[1],
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout
    assert "passed" in result.stdout
    assert "skipped" not in result.stdout
