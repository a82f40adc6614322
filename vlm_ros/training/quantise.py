"""Eight-bit weights in an ONNX graph, with the arithmetic left in float.

Weights alone are rounded, so the answer for a phrase does not depend on the other phrases in its
batch, as it does where activations are quantised by their range.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

SMALLEST = 4096  # elements; below this a weight is not worth rounding
_SUFFIXES = (".int8", ".scale")


def weights_to_int8(model: onnx.ModelProto) -> onnx.ModelProto:
    """Stores the matrices of MatMul, Gemm and Gather as int8 with one scale a row or column.

    A matrix product's weight gets a scale for each output column; an embedding table one for each
    row, and its rows are looked up before they are turned into float.
    """
    graph = model.graph
    weights = {i.name: i for i in graph.initializer}
    replaced: set[str] = set()
    nodes: list[onnx.NodeProto] = []
    for node in graph.node:
        position = {"MatMul": 1, "Gemm": 1, "Gather": 0}.get(node.op_type)
        name = node.input[position] if position is not None and len(node.input) > 1 else ""
        if name not in weights or not _worth_it(weights[name]):
            nodes.append(node)
            continue
        replaced.add(name)
        values = numpy_helper.to_array(weights[name])
        if node.op_type == "Gather":
            nodes += _looked_up(node, name, values, graph)
        else:
            axis = 0 if any(a.name == "transB" and a.i for a in node.attribute) else 1
            nodes += _multiplied(node, name, values, axis, graph)
    del graph.node[:]
    graph.node.extend(nodes)
    kept = [i for i in graph.initializer if i.name not in replaced]
    del graph.initializer[:]
    graph.initializer.extend(kept)
    onnx.checker.check_model(model)
    return model


def restored_weights(values: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """Weights by name as they were before `weights_to_int8`, up to the rounding."""
    restored = {name: array for name, array in values.items() if not name.endswith(_SUFFIXES)}
    for name, rounded in values.items():
        if name.endswith(".int8"):
            plain = name.removesuffix(".int8")
            restored[plain] = (rounded * values[f"{plain}.scale"]).astype(np.float32)
    return restored


def _worth_it(weight: onnx.TensorProto) -> bool:
    return (
        weight.data_type == onnx.TensorProto.FLOAT
        and len(weight.dims) == 2
        and int(np.prod(weight.dims)) >= SMALLEST
    )


def _round(values: NDArray[np.float32], axis: int) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Symmetric rounding with one scale for every index along `axis`."""
    scale = np.abs(values).max(axis=1 - axis, keepdims=True) / 127.0
    scale = np.maximum(scale, np.finfo(np.float32).tiny)
    return np.rint(values / scale).astype(np.int8), scale.astype(np.float32)


def _add(graph: onnx.GraphProto, name: str, values: NDArray[np.generic]) -> str:
    if name not in {i.name for i in graph.initializer}:
        graph.initializer.append(numpy_helper.from_array(values, name))
    return name


def _multiplied(
    node: onnx.NodeProto, name: str, values: NDArray[np.float32], axis: int, graph: onnx.GraphProto
) -> list[onnx.NodeProto]:
    rounded, scale = _round(values, axis)
    restored = f"{node.output[0]}.weight"
    nodes = _restored(
        _add(graph, f"{name}.int8", rounded), _add(graph, f"{name}.scale", scale), restored
    )
    node.input[1] = restored
    return [*nodes, node]


def _looked_up(
    node: onnx.NodeProto, name: str, values: NDArray[np.float32], graph: onnx.GraphProto
) -> list[onnx.NodeProto]:
    rounded, scale = _round(values, 0)
    table = _add(graph, f"{name}.int8", rounded)
    factors = _add(graph, f"{name}.scale", scale)
    output, index = node.output[0], node.input[1]
    return [
        helper.make_node("Gather", [table, index], [f"{output}.int8"], axis=0),
        helper.make_node("Gather", [factors, index], [f"{output}.scale"], axis=0),
        *_restored(f"{output}.int8", f"{output}.scale", output),
    ]


def _restored(rounded: str, scale: str, output: str) -> list[onnx.NodeProto]:
    """Plain arithmetic rather than DequantizeLinear, which runtimes keep and run every time."""
    return [
        helper.make_node("Cast", [rounded], [f"{output}.float"], to=onnx.TensorProto.FLOAT),
        helper.make_node("Mul", [f"{output}.float", scale], [output]),
    ]
