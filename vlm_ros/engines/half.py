"""Which operators of a graph can work in FP16, and which must stay in FP32.

Products (convolutions and matrix products) are where the time goes; they work in FP16. What lies
between two of them follows, as long as it only moves values or combines them one by one. The rest
stays in FP32: normalisations, softmax, reductions, powers and exponentials, whatever decides
between regions, and everything behind the last product, because FP16 counts pixels beyond 1024 in
steps of one and those beyond 512 in halves. So do products of which the result is small beside
what is summed up in them, because rounding costs more of it there, and what makes their inputs.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import onnx

from vlm_ros.engines.graph import PRODUCTS, FloatGraph

# Half of FP16's largest number: pictures other than those that were tried may give more.
LARGEST = 32752.0
# FP16's smallest positive number; less becomes nothing.
SMALLEST = 2.0**-24
# The share of a product's spread that rounding its inputs may take. FP16 rounds by up to 2^-11 of
# a value, so that a product loses less than that where its terms do not cancel out.
LARGEST_LOSS = 3 * 2.0**-11

_FOLLOWERS = frozenset(
    {
        # one by one
        *("Abs", "Add", "Clip", "Div", "Elu", "Erf", "Gelu", "HardSigmoid", "HardSwish"),
        *("LeakyRelu", "Max", "Min", "Mul", "Neg", "PRelu", "Relu", "Sigmoid", "Sub", "Tanh"),
        "Where",
        # moved
        *("Concat", "DepthToSpace", "Expand", "Flatten", "Gather", "GatherElements", "GatherND"),
        *("Identity", "Pad", "Reshape", "Resize", "Slice", "SpaceToDepth", "Split", "Squeeze"),
        *("Tile", "Transpose", "Unsqueeze", "MaxPool", "AveragePool"),
    }
)


def half_nodes(
    graph: FloatGraph, largest: Mapping[str, float], losses: Mapping[int, float]
) -> frozenset[int]:
    """Indices of the nodes that can work in FP16.

    Args:
        graph: in FP32.
        largest: the largest absolute value that was seen of each tensor; see `ranges`.
        losses: what rounding costs the products, by index; see `rounding`.
    """
    useful = graph.feeding_products()
    exact = _not_to_be_rounded(graph, losses)
    half: set[str] = set()
    chosen: set[int] = set()
    for index, node in enumerate(graph.nodes):
        if index in exact or not _can(graph, node, largest):
            continue
        if _gains(graph, node, half, useful):
            chosen.add(index)
            half.update(output for output in node.output if graph.is_float(output))
    return frozenset(chosen)


def _not_to_be_rounded(graph: FloatGraph, losses: Mapping[int, float]) -> set[int]:
    """The products that lose too much, and what makes their inputs, back to the products before.

    What comes out of FP16 has been rounded already.
    """
    makers = {output: index for index, node in enumerate(graph.nodes) for output in node.output}
    found = {index for index, loss in losses.items() if loss > LARGEST_LOSS}
    waiting = [name for index in found for name in graph.nodes[index].input]
    while waiting:
        index = makers.get(waiting.pop(), -1)
        if index < 0 or index in found:
            continue
        found.add(index)
        if graph.nodes[index].op_type not in PRODUCTS:
            waiting.extend(graph.nodes[index].input)
    return found


def _gains(graph: FloatGraph, node: onnx.NodeProto, half: set[str], useful: set[str]) -> bool:
    if node.op_type in PRODUCTS:
        return True
    variables = graph.variables(graph.typed_inputs(node))
    return (
        node.op_type in _FOLLOWERS
        and bool(variables)
        and half.issuperset(variables)
        and any(output in useful for output in node.output)
    )


def _can(graph: FloatGraph, node: onnx.NodeProto, largest: Mapping[str, float]) -> bool:
    inputs = graph.typed_inputs(node)
    if not inputs:
        return False
    tensors = [*graph.variables(inputs), *node.output]
    if any(not largest.get(tensor, 0.0) <= LARGEST for tensor in tensors):
        return False
    return all(_representable(graph, name) for name in inputs if name in graph.constants)


def _representable(graph: FloatGraph, constant: str) -> bool:
    """Whether FP16 has numbers near these; a few weights that become 0 do no harm."""
    magnitudes = np.abs(graph.values(constant))
    if not magnitudes.size:
        return True
    if not float(magnitudes.max()) <= LARGEST:
        return False
    vanishing = (magnitudes > 0) & (magnitudes < SMALLEST)
    return not vanishing.any() if magnitudes.size <= 16 else bool(vanishing.mean() < 0.01)
