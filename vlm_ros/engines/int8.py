"""Which products of a graph can work on eight-bit numbers, and with which scales.

Weights get one scale for each output channel, activations one for each tensor, all symmetric
(zero stands for zero), as TensorRT wants it. Only products with constant weights are touched.
Two kinds are left as they are: depthwise convolutions, which are cheap and lose most, and the
last products before an output, because their errors are those of boxes and scores.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import onnx
from numpy.typing import NDArray

from vlm_ros.engines.graph import PRODUCTS, FloatGraph
from vlm_ros.engines.onnx_session import SampleInputs
from vlm_ros.engines.ranges import clipping_points

# Elements; smaller weights are not worth two more operators.
_SMALLEST = 1024
# The largest that is used; -128 has no positive partner.
_LAST = 127.0


@dataclass(frozen=True)
class Weights:
    """Rounded weights.

    Attributes:
        values: int8, in the shape of the originals.
        scales: (n,) float32, one for each index along `axis`.
        axis: of the output channels.
    """

    values: NDArray[np.int8]
    scales: NDArray[np.float32]
    axis: int


def int8_nodes(
    graph: FloatGraph, largest: Mapping[str, float], samples: SampleInputs
) -> dict[int, float]:
    """The nodes to run on eight-bit numbers, each with the scale of its first input.

    Args:
        graph: in FP32.
        largest: see `ranges.largest_values`.
        samples: calibration inputs.
    """
    useful = graph.feeding_products()
    chosen = [
        index
        for index, node in enumerate(graph.nodes)
        if _suits(graph, node) and any(output in useful for output in node.output)
    ]
    tensors = list(dict.fromkeys(graph.nodes[index].input[0] for index in chosen))
    bounded = [t for t in tensors if 0 < largest.get(t, 0.0) < np.inf]
    points = clipping_points(graph, bounded, largest, samples)
    return {
        index: points[name] / _LAST
        for index in chosen
        if (name := graph.nodes[index].input[0]) in points
    }


def rounded_weights(
    values: NDArray[np.float32], axis: int, scale_type: type[np.floating]
) -> Weights:
    """Rounds weights to int8, with a scale for each index along an axis.

    Args:
        values: of any shape.
        axis: of the output channels.
        scale_type: in which the graph will hold the scales; rounding to it comes first, so that
            the eight-bit numbers fit the scale that is used.
    """
    others = tuple(i for i in range(values.ndim) if i != axis)
    smallest = float(np.finfo(scale_type).smallest_subnormal)
    scales = np.maximum(np.abs(values).max(axis=others) / _LAST, smallest)
    scales = scales.astype(scale_type).astype(np.float32)
    shape = [-1 if i == axis else 1 for i in range(values.ndim)]
    rounded = np.clip(np.rint(values / scales.reshape(shape)), -_LAST, _LAST)
    return Weights(rounded.astype(np.int8), scales, axis)


def output_axis(node: onnx.NodeProto, rank: int) -> int:
    """The axis of a product's weights along which its output channels lie."""
    if node.op_type == "Conv":
        return 0
    if node.op_type == "ConvTranspose":
        return 1
    transposed = any(a.name == "transB" and a.i for a in node.attribute)
    return 0 if transposed else rank - 1


def _suits(graph: FloatGraph, node: onnx.NodeProto) -> bool:
    if node.op_type not in PRODUCTS or not graph.variables(node.input[:1]):
        return False
    if node.input[1] not in graph.constants or not graph.is_float(node.input[1]):
        return False
    groups = next((a.i for a in node.attribute if a.name == "group"), 1)
    return groups == 1 and graph.values(node.input[1]).size >= _SMALLEST
