"""Choosing a runtime by name."""

from __future__ import annotations

from pathlib import Path

from vlm_ros.errors import RuntimeUnavailableError
from vlm_ros.runtimes.base import Runtime

# What runs a vision graph, see `models.vision_pass.open_vision`.
RUNTIMES = ("auto", "onnxruntime", "tensorrt", "tensorrt-rtx")
# What runs any graph as it is.
_FOR_GRAPHS = ("auto", "onnxruntime")


def open_runtime(graph: Path, name: str = "auto") -> Runtime:
    """Loads a graph.

    Args:
        graph: an ONNX file.
        name: "onnxruntime", or "auto", which is the same.

    Raises:
        ModelError: the file is missing or not a graph this runtime can read.
        RuntimeUnavailableError: no runtime of this name, or it is not installed.
    """
    if name not in _FOR_GRAPHS:
        raise RuntimeUnavailableError(
            f"There is no runtime called '{name}'; choose one of {', '.join(RUNTIMES)}."
        )
    from vlm_ros.runtimes.onnx_runtime import OnnxRuntime

    return OnnxRuntime(graph)
