"""Writing a graph in which some nodes work in FP16 and some on eight-bit numbers.

The FP32 value of a tensor keeps the tensor's name; its FP16 value is called `<name>.half`. Either
is made from the other by one Cast where the first node asks for it, however many ask. So inputs,
outputs and what subgraphs read stay as they were.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from vlm_ros.engines.graph import FloatGraph, captured
from vlm_ros.engines.int8 import output_axis, rounded_weights

# The first with FP16 scales in QuantizeLinear. 18 differs from it in nothing that is used there.
_OPSET = 19
_IR_VERSION = 9


@dataclass(frozen=True)
class TypePlan:
    """What works in which type; the rest stays in FP32.

    Attributes:
        half: indices of nodes that work in FP16.
        int8: scale of the first input, by index of the node that works on eight-bit numbers.
    """

    half: frozenset[int] = frozenset()
    int8: Mapping[int, float] = field(default_factory=dict)


def typed_graph(graph: FloatGraph, plan: TypePlan) -> onnx.ModelProto:
    """The graph for an engine: FP16 tensors where the plan says so."""
    return _Writer(graph, plan).write()


def rounded_graph(graph: FloatGraph, plan: TypePlan) -> onnx.ModelProto:
    """The same graph in FP32, with every value rounded to FP16 where the plan says so.

    ONNX Runtime computes FP16 graphs in FP32 on a CPU and drops the rounding between two
    operators, which would make them look better than they are. Here the rounding is explicit.
    Sums inside one product are in FP32, as on the matrix units of a GPU.
    """
    return _RoundingWriter(graph, plan).write()


class _Writer:
    def __init__(self, graph: FloatGraph, plan: TypePlan) -> None:
        self._graph = graph
        self._plan = plan
        self._nodes: list[onnx.NodeProto] = []
        self._constants: dict[str, onnx.TensorProto] = {}
        # The tensors of which an FP32 and an FP16 value has been written.
        self._full = {value.name for value in graph.model.graph.input}
        self._half: set[str] = set()

    def write(self) -> onnx.ModelProto:
        for index, node in enumerate(self._graph.nodes):
            if index in self._plan.half:
                self._write_half(index, node)
            else:
                self._write_full(index, node)
        outputs = self._graph.model.graph.output
        for output in outputs:
            self._as_full(output.name)
        written = helper.make_graph(
            self._nodes,
            self._graph.model.graph.name,
            list(self._graph.model.graph.input),
            list(outputs),
            list(self._constants.values()),
        )
        others = [o for o in self._graph.model.opset_import if o.domain not in ("", "ai.onnx")]
        return helper.make_model(
            written,
            opset_imports=[helper.make_opsetid("", max(self._graph.opset, _OPSET)), *others],
            ir_version=max(self._graph.model.ir_version, _IR_VERSION),
            functions=list(self._graph.model.functions),
        )

    def _write_full(self, index: int, node: onnx.NodeProto) -> None:
        copy = onnx.NodeProto()
        copy.CopyFrom(node)
        for position, name in enumerate(node.input):
            self._as_full(name)
            copy.input[position] = name
        for name in captured(node):
            self._as_full(name)
        if index in self._plan.int8:
            self._quantise(copy, self._plan.int8[index], "", np.float32)
        self._nodes.append(copy)
        self._full.update(node.output)

    def _write_half(self, index: int, node: onnx.NodeProto) -> None:
        copy = onnx.NodeProto()
        copy.CopyFrom(node)
        typed = set(self._graph.typed_inputs(node))
        for position, name in enumerate(node.input):
            if name in typed:
                copy.input[position] = self._as_half(name)
            else:
                self._as_full(name)
        if index in self._plan.int8:
            self._quantise(copy, self._plan.int8[index], ".half", self._scale_type())
        for position, name in enumerate(node.output):
            if self._graph.is_float(name):
                copy.output[position] = self._half_output(name)
                self._half.add(name)
            else:
                self._full.add(name)
        self._nodes.append(copy)
        self._after_half(node)

    def _as_full(self, name: str) -> None:
        """Makes sure that a tensor can be read under its own name."""
        if not name or name in self._full:
            return
        if name in self._graph.constants:
            self._constants[name] = self._graph.constants[name]
        elif name in self._half:
            self._nodes.append(self._cast_to_full(name))
        self._full.add(name)

    def _as_half(self, name: str) -> str:
        half = f"{name}.half"
        if name in self._half:
            return half
        if name in self._graph.constants:
            self._constants[half] = self._half_constant(name)
        else:
            self._as_full(name)
            self._nodes += self._cast_to_half(name, half)
        self._half.add(name)
        return half

    def _quantise(
        self, node: onnx.NodeProto, scale: float, suffix: str, scale_type: type[np.floating]
    ) -> None:
        """Puts a product's input and weights through eight-bit numbers."""
        tensor, weights = node.input[0], node.input[1].removesuffix(suffix)
        through = f"{tensor}.through_int8"
        if through not in self._full:
            smallest = float(np.finfo(scale_type).smallest_subnormal)
            step = self._constant(f"{tensor}.scale", np.array(max(scale, smallest), scale_type))
            zero = self._constant("int8.zero", np.array(0, np.int8))
            self._nodes += [
                helper.make_node("QuantizeLinear", [tensor, step, zero], [f"{tensor}.int8"]),
                helper.make_node("DequantizeLinear", [f"{tensor}.int8", step, zero], [through]),
            ]
            self._full.add(through)
        node.input[0] = through
        node.input[1] = self._rounded_weights(node, weights, suffix, scale_type)

    def _rounded_weights(
        self, node: onnx.NodeProto, name: str, suffix: str, scale_type: type[np.floating]
    ) -> str:
        values = self._graph.values(name)
        # Shared weights may be used along another axis, or in another type, by another product.
        axis = output_axis(node, values.ndim)
        restored = f"{name}{suffix}.through_int8.{axis}"
        if restored in self._full:
            return restored
        half_scales = np.float16 if self._plan.half else np.float32
        rounded = rounded_weights(values, axis, half_scales)
        inputs = [
            self._constant(f"{restored}.values", rounded.values),
            self._constant(f"{restored}.scales", rounded.scales.astype(scale_type)),
            self._constant(f"{restored}.zeros", np.zeros(rounded.scales.shape, np.int8)),
        ]
        self._nodes.append(helper.make_node("DequantizeLinear", inputs, [restored], axis=axis))
        self._full.add(restored)
        return restored

    def _constant(self, name: str, values: NDArray[Any]) -> str:
        self._constants[name] = numpy_helper.from_array(values, name)
        return name

    def _scale_type(self) -> type[np.floating]:
        return np.float16

    def _half_output(self, name: str) -> str:
        return f"{name}.half"

    def _after_half(self, node: onnx.NodeProto) -> None:
        """Nothing is left to do behind a node that is truly in FP16."""

    def _half_constant(self, name: str) -> onnx.TensorProto:
        return numpy_helper.from_array(self._graph.values(name).astype(np.float16), f"{name}.half")

    def _cast_to_half(self, name: str, half: str) -> list[onnx.NodeProto]:
        return [helper.make_node("Cast", [name], [half], to=TensorProto.FLOAT16)]

    def _cast_to_full(self, name: str) -> onnx.NodeProto:
        return helper.make_node("Cast", [f"{name}.half"], [name], to=TensorProto.FLOAT)


class _RoundingWriter(_Writer):
    def _scale_type(self) -> type[np.floating]:
        return np.float32

    def _half_output(self, name: str) -> str:
        return f"{name}.exact"

    def _after_half(self, node: onnx.NodeProto) -> None:
        for name in node.output:
            if self._graph.is_float(name):
                self._nodes += self._cast_to_half(f"{name}.exact", f"{name}.half")

    def _half_constant(self, name: str) -> onnx.TensorProto:
        rounded = self._graph.values(name).astype(np.float16).astype(np.float32)
        return numpy_helper.from_array(rounded, f"{name}.half")

    def _cast_to_half(self, name: str, half: str) -> list[onnx.NodeProto]:
        return [
            helper.make_node("Cast", [name], [f"{half}.16"], to=TensorProto.FLOAT16),
            helper.make_node("Cast", [f"{half}.16"], [half], to=TensorProto.FLOAT),
        ]

    def _cast_to_full(self, name: str) -> onnx.NodeProto:
        return helper.make_node("Identity", [f"{name}.half"], [name])
