"""A graph of any input size made one of a single size, for what builds engines."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import onnx
import onnxruntime

from vlm_ros.errors import ModelError

_INPUT = "image"


def fixed_graph(graph: Path, width: int, height: int, copy: Path) -> Path:
    """A graph whose picture input has one size.

    What followed from the size is computed and becomes constant, so that the shape of every tensor
    is known.

    Args:
        graph: an ONNX file with an input `image` (1, 3, H, W).
        width: of the input, pixels.
        height: likewise.
        copy: where the graph is written if it is not such a graph already.

    Returns:
        `graph` itself where its sizes are fixed, otherwise `copy`.

    Raises:
        ModelError: the file is missing or is no ONNX graph.
        OSError: there is no room for the copy.
    """
    with _reading(graph):
        free = _free_sides(graph, width, height)
    if not free:
        return graph
    # ONNX Runtime does not say that a disk is full; what it writes is about as large as the graph.
    shutil.copyfile(graph, copy)
    with _reading(graph):
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4
        # What is fused on this level is still written in standard operators.
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
        options.optimized_model_filepath = str(copy)
        for side, size in free.items():
            options.add_free_dimension_override_by_name(side, size)
        onnxruntime.InferenceSession(str(graph), options, providers=["CPUExecutionProvider"])
        _drop_unused_operators(copy)
    return copy


@contextmanager
def _reading(graph: Path) -> Iterator[None]:
    try:
        yield
    except Exception as error:  # onnx and onnxruntime raise classes of their own for each failure
        raise ModelError(f"{graph} cannot be read as an ONNX graph: {error}") from error


def _free_sides(graph: Path, width: int, height: int) -> dict[str, int]:
    """The names of the sides that are not fixed, with what they are to be."""
    inputs = onnx.load(str(graph), load_external_data=False).graph.input
    for value in inputs:
        if value.name == _INPUT:
            sides = zip(value.type.tensor_type.shape.dim[2:], (height, width), strict=False)
            return {side.dim_param: size for side, size in sides if side.dim_param}
    return {}


def _drop_unused_operators(path: Path) -> None:
    """Removes the sets of operators that ONNX Runtime lists whether or not they are used."""
    model = onnx.load(str(path))
    used = {node.domain for node in model.graph.node}
    kept = [opset for opset in model.opset_import if opset.domain in used]
    del model.opset_import[:]
    model.opset_import.extend(kept)
    onnx.save(model, str(path))
