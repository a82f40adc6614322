"""Choosing a runtime by name."""

from __future__ import annotations

from pathlib import Path

from vlm_ros.errors import RuntimeUnavailableError
from vlm_ros.runtimes.base import Runtime

RUNTIMES = ("auto", "onnxruntime")


def open_runtime(graph: Path, name: str = "auto") -> Runtime:
    """Loads a graph.

    Args:
        graph: an ONNX file.
        name: one of RUNTIMES; "auto" takes the fastest that can run here.

    Raises:
        ModelError: the file is missing or not a graph this runtime can read.
        RuntimeUnavailableError: no runtime of this name, or it is not installed.
    """
    if name not in RUNTIMES:
        raise RuntimeUnavailableError(
            f"There is no runtime called '{name}'; choose one of {', '.join(RUNTIMES)}."
        )
    from vlm_ros.runtimes.onnx_runtime import OnnxRuntime

    return OnnxRuntime(graph)
