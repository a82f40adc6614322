"""What rounding to FP16 costs each product of a graph, seen in ONNX Runtime on the CPU."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import onnx
from onnx import TensorProto, helper

from vlm_ros.engines.graph import PRODUCTS, FloatGraph, with_outputs
from vlm_ros.engines.onnx_session import SampleInputs, session_of


def rounding_losses(graph: FloatGraph, samples: SampleInputs) -> dict[int, float]:
    """The error of each product whose inputs are rounded, as a share of its spread, by node index.

    Error and spread are root mean squares over all values and samples; the spread is around the
    mean of each output channel, which tells nothing apart. Each product is looked at by itself:
    what reaches it is exact. One that is the same for all samples and places is left out.

    Args:
        graph: in FP32.
        samples: inputs like those that will come.
    """
    products = {
        index: node
        for index, node in enumerate(graph.nodes)
        if node.op_type in PRODUCTS and set(node.input[:2]) <= set(graph.typed_inputs(node))
    }
    if not products:
        return {}
    names = dict.fromkeys(name for node in products.values() for name in node.input[:2])
    extra = [node for name in names for node in _rounded(name)]
    for node in products.values():
        extra += _compared(graph, node)
    outputs = [f"{n.output[0]}.{what}" for n in products.values() for what in ("error", "spread")]
    session = session_of(with_outputs(graph.model, extra, outputs))
    sums = np.zeros((len(products), 2))
    for sample in samples:
        sums += np.array(session.run(outputs, dict(sample)), np.float64).reshape(-1, 2)
    return {
        index: float(np.sqrt(error / spread))
        for index, (error, spread) in zip(products, sums, strict=True)
        if spread > 0
    }


def _rounded(name: str) -> Iterator[onnx.NodeProto]:
    yield helper.make_node("Cast", [name], [f"{name}.16"], to=TensorProto.FLOAT16)
    yield helper.make_node("Cast", [f"{name}.16"], [f"{name}.rounded"], to=TensorProto.FLOAT)


def _compared(graph: FloatGraph, node: onnx.NodeProto) -> Iterator[onnx.NodeProto]:
    (output,) = node.output
    rounded = onnx.NodeProto()
    rounded.CopyFrom(node)
    rounded.name = ""
    for position in range(2):
        rounded.input[position] = f"{node.input[position]}.rounded"
    rounded.output[0] = f"{output}.from_rounded"
    yield rounded
    yield helper.make_node("Sub", [rounded.output[0], output], [f"{output}.off"])
    yield from _mean_square(f"{output}.off", f"{output}.error")
    yield from _channel_means(graph, node)
    yield helper.make_node("Sub", [output, f"{output}.means"], [f"{output}.around"])
    yield from _mean_square(f"{output}.around", f"{output}.spread")


def _mean_square(tensor: str, result: str) -> Iterator[onnx.NodeProto]:
    yield helper.make_node("Mul", [tensor, tensor], [f"{result}.squares"])
    yield helper.make_node("ReduceMean", [f"{result}.squares"], [result], keepdims=0)


def _channel_means(graph: FloatGraph, node: onnx.NodeProto) -> Iterator[onnx.NodeProto]:
    """Means along all axes but that of the channels; along all where the rank is not known."""
    output, means = node.output[0], f"{node.output[0]}.means"
    rank = len(graph.shape(output))
    channel = 1 if node.op_type in ("Conv", "ConvTranspose") else rank - 1
    axes = [axis for axis in range(rank) if axis != channel]
    if not axes:
        yield helper.make_node("ReduceMean", [output], [means])
    elif graph.opset < 18:  # where the axes became an input
        yield helper.make_node("ReduceMean", [output], [means], axes=axes)
    else:
        yield helper.make_node("Constant", [], [f"{means}.axes"], value_ints=axes)
        yield helper.make_node("ReduceMean", [output, f"{means}.axes"], [means])
