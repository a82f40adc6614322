"""Graphs, folders and processes that the tests of engines share."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from vlm_ros.runtimes import picture_kernel

ROOT = Path(__file__).resolve().parents[2]

# Every pixel in turn, as the GPU does at once.
_CPU = """
#include <cmath>
using std::floor;
#define __global__
#define __device__ static
#define floorf floor
#define fminf fmin
#define fmaxf fmax
struct Place { int x, y; };
static const Place blockDim = {1, 1};
static Place blockIdx, threadIdx = {0, 0};
"""


def _launchers() -> str:
    """A function `all_<kernel>(columns, rows, ...)` for each kernel."""
    found = re.findall(r"void (from_\w+)\((.*?)\) \{", picture_kernel.SOURCE, re.DOTALL)
    return "".join(
        f"""
extern "C" void all_{name}(int columns, int rows, {parameters}) {{
    for (int row = 0; row < rows; ++row)
        for (int column = 0; column < columns; ++column) {{
            blockIdx = {{column, row}};
            {name}({", ".join(p.split()[-1] for p in parameters.split(","))});
        }}
}}
"""
        for name, parameters in found
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Engines are built: more than other tests may take."""
    for item in items:
        if item.path.parent == Path(__file__).parent:
            item.add_marker(pytest.mark.timeout(600))


@pytest.fixture
def cli(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs `vlm-ros engine ...` in a process of its own, with a cache of its own."""

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            engine_command(*arguments, "--cache", str(tmp_path / "cache")),
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )

    return run


def engine_command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "vlm_ros", "engine", *arguments]


@pytest.fixture
def save(tmp_path: Path) -> Callable[..., Path]:
    """Writes a graph of some nodes; inputs and outputs are FP32 of the shapes given."""
    onnx = pytest.importorskip("onnx", reason="needs onnx: make engine-env")

    def write(
        nodes: Sequence[Any],
        inputs: dict[str, Sequence[int]],
        outputs: dict[str, Sequence[int]],
        constants: dict[str, NDArray[Any]],
        opset: int = 18,
    ) -> Path:
        def infos(shapes: dict[str, Sequence[int]]) -> list[Any]:
            kind = onnx.TensorProto.FLOAT
            return [onnx.helper.make_tensor_value_info(n, kind, s) for n, s in shapes.items()]

        graph = onnx.helper.make_graph(
            list(nodes),
            "graph",
            infos(inputs),
            infos(outputs),
            [onnx.numpy_helper.from_array(v, n) for n, v in constants.items()],
        )
        model = onnx.helper.make_model(
            graph, opset_imports=[onnx.helper.make_opsetid("", opset)], ir_version=9
        )
        onnx.checker.check_model(model, full_check=True)
        path = tmp_path / "graph.onnx"
        onnx.save(model, str(path))
        return path

    return write


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.fixture(scope="session")
def kernels_for_cpu() -> Callable[[Path, str, str], Path]:
    """Compiles the image kernels for the CPU, with more C++ behind them, into a shared library."""

    def compile_into(folder: Path, name: str, more: str) -> Path:
        compiler = shutil.which("g++") or shutil.which("clang++")
        if compiler is None:
            pytest.skip("needs a C++ compiler")
        source = folder / "kernels.cpp"
        source.write_text(_CPU + picture_kernel.SOURCE + _launchers() + more)
        flags = ["-O2", "-shared", "-fPIC", f"-Wl,-soname,{name}"]
        subprocess.run([compiler, *flags, source, "-o", folder / name], check=True)
        return folder / name

    return compile_into
