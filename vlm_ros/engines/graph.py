"""Reading an ONNX graph for a change of its precision: types, constants, what feeds what."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from vlm_ros.errors import ModelError

# The operators whose arithmetic is worth a smaller type.
PRODUCTS = frozenset({"Conv", "ConvTranspose", "Gemm", "MatMul"})


class FloatGraph:
    """An FP32 graph with its constants as initialisers and the type of every tensor known.

    Attributes:
        model: as it was read, with Constant nodes turned into initialisers.
        nodes: in the order in which they run.
        constants: the initialisers by name.
        opset: version of the standard operators.
    """

    def __init__(self, path: Path) -> None:
        """Reads a graph.

        Raises:
            ModelError: the file is missing or is no valid ONNX graph.
        """
        try:
            model = onnx.load(str(path))
            _constants_to_initialisers(model.graph)
            self.model = onnx.shape_inference.infer_shapes(model)
        except Exception as error:  # onnx raises classes of its own for each failure
            raise ModelError(f"{path} cannot be read as an ONNX graph: {error}") from error
        graph = self.model.graph
        self.nodes = list(graph.node)
        self.constants = {i.name: i for i in graph.initializer}
        self.opset = next(o.version for o in self.model.opset_import if o.domain in ("", "ai.onnx"))
        self._types = {i.name: i.data_type for i in graph.initializer}
        self._shapes: dict[str, tuple[int, ...]] = {}
        for value in [*graph.input, *graph.output, *graph.value_info]:
            tensor = value.type.tensor_type
            self._types[value.name] = tensor.elem_type
            self._shapes[value.name] = tuple(d.dim_value for d in tensor.shape.dim)

    def is_float(self, tensor: str) -> bool:
        """Whether a tensor is known to be FP32."""
        return bool(self._types.get(tensor) == TensorProto.FLOAT)

    def shape(self, tensor: str) -> tuple[int, ...]:
        """Shape of a tensor; () where it is not known, 0 for a dimension that may change."""
        return self._shapes.get(tensor, ())

    def values(self, constant: str) -> NDArray[Any]:
        """The values of an initialiser."""
        return np.asarray(numpy_helper.to_array(self.constants[constant]))

    def variables(self, tensors: Iterable[str]) -> list[str]:
        """Those that are FP32 and depend on the graph's inputs."""
        return [t for t in tensors if t not in self.constants and self.is_float(t)]

    def typed_inputs(self, node: onnx.NodeProto) -> list[str]:
        """The float inputs whose type must be that of the node's first output.

        Others that happen to be float keep their type, e.g. the scales of a Resize. None where
        the operator does not exist in half precision.
        """
        if node.domain not in ("", "ai.onnx"):
            return []
        schema = onnx.defs.get_schema(node.op_type, self.opset, "")
        kind = schema.outputs[0].type_str
        allowed = {c.type_param_str: c.allowed_type_strs for c in schema.type_constraints}
        if "tensor(float16)" not in allowed.get(kind, ()):
            return []
        formal = schema.inputs
        return [
            name
            for position, name in enumerate(node.input)
            if formal[min(position, len(formal) - 1)].type_str == kind and self.is_float(name)
        ]

    def feeding_products(self) -> set[str]:
        """Every FP32 tensor of which the value, not only the choice it led to, meets a product."""
        found: set[str] = set()
        for node in reversed(self.nodes):
            if node.op_type in PRODUCTS or any(output in found for output in node.output):
                found.update(self.variables(node.input))
        return found


def captured(node: onnx.NodeProto) -> Iterator[str]:
    """Names of outer tensors that the subgraphs of a node may read."""
    for attribute in node.attribute:
        graphs = [attribute.g] if attribute.HasField("g") else list(attribute.graphs)
        for graph in graphs:
            for inner in graph.node:
                yield from inner.input
                yield from captured(inner)
            yield from (output.name for output in graph.output)


def with_outputs(
    model: onnx.ModelProto, nodes: Sequence[onnx.NodeProto], outputs: Sequence[str]
) -> onnx.ModelProto:
    """A copy with nodes behind its own, and with more FP32 outputs."""
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    copy.graph.node.extend(nodes)
    copy.graph.output.extend(
        helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs
    )
    return copy


def _constants_to_initialisers(graph: onnx.GraphProto) -> None:
    kept = []
    for node in graph.node:
        value = next((a.t for a in node.attribute if a.name == "value"), None)
        if node.op_type == "Constant" and value is not None:
            tensor = onnx.TensorProto()
            tensor.CopyFrom(value)
            tensor.name = node.output[0]
            graph.initializer.append(tensor)
        else:
            kept.append(node)
    del graph.node[:]
    graph.node.extend(kept)
