"""What ONNX Runtime's CPU kernels do best, written into the graph of a vision transformer.

Attention becomes one operator of ONNX Runtime's own, so that its matrices are never laid out anew,
and patches of an image meet their weights in a plain product. No other runtime reads the result.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

_CONTRIB = "com.microsoft"


def fuse_for_cpu(model: onnx.ModelProto) -> onnx.ModelProto:
    """A graph that gives the same, up to rounding.

    Args:
        model: with static shapes, and all of them known. What is not as a vision transformer has
            it stays as it is.
    """
    fused = onnx.ModelProto()
    fused.CopyFrom(model)
    graph = _Graph(fused.graph)
    for node in graph.of_type("Conv"):
        _patches_as_product(graph, node)
    for node in graph.of_type("Softmax"):
        _attention_as_one(graph, node)
    for node in graph.of_type("Sigmoid"):
        _quick_gelu(graph, node)
    graph.write()
    if all(opset.domain != _CONTRIB for opset in fused.opset_import):
        fused.opset_import.append(helper.make_opsetid(_CONTRIB, 1))
    return fused


class _Graph:
    """A graph some nodes of which are replaced; what then feeds nothing is left out."""

    def __init__(self, proto: onnx.GraphProto) -> None:
        self._proto = proto
        self._nodes = list(proto.node)
        self._instead: dict[str, Sequence[onnx.NodeProto]] = {}
        self._makers = {output: node for node in self._nodes for output in node.output}
        self._users: dict[str, list[onnx.NodeProto]] = {}
        for node in self._nodes:
            for name in node.input:
                self._users.setdefault(name, []).append(node)
        self._outputs = {output.name for output in proto.output}
        self._constants = {i.name: i for i in proto.initializer}
        self._shapes = {
            value.name: tuple(d.dim_value for d in value.type.tensor_type.shape.dim)
            for value in (*proto.input, *proto.value_info, *proto.output)
        }

    def of_type(self, operator: str) -> Iterator[onnx.NodeProto]:
        return (node for node in self._nodes if node.op_type == operator)

    def maker(self, tensor: str, operator: str) -> onnx.NodeProto | None:
        """The node that makes a tensor, where it is of this operator."""
        node = self._makers.get(tensor)
        return node if node is not None and node.op_type == operator else None

    def user(self, tensor: str, operator: str) -> onnx.NodeProto | None:
        """The only reader of a tensor, where it is of this operator."""
        users = self._users.get(tensor, [])
        alone = len(users) == 1 and tensor not in self._outputs
        return users[0] if alone and users[0].op_type == operator else None

    def shape(self, tensor: str) -> tuple[int, ...]:
        return self._shapes.get(tensor, ())

    def constant(self, tensor: str) -> NDArray[Any] | None:
        stored = self._constants.get(tensor)
        return None if stored is None else np.asarray(numpy_helper.to_array(stored))

    def store(self, name: str, values: NDArray[Any]) -> str:
        self._proto.initializer.append(numpy_helper.from_array(values, name))
        return name

    def replace(self, node: onnx.NodeProto, nodes: Sequence[onnx.NodeProto]) -> None:
        """Puts nodes in the place of one; the last of them gives what it gave."""
        for new in nodes:
            new.name = new.output[0]
        self._instead[node.output[0]] = nodes

    def write(self) -> None:
        nodes = [n for node in self._nodes for n in self._instead.get(node.output[0], (node,))]
        needed = set(self._outputs)
        kept = []
        for node in reversed(nodes):
            if needed.intersection(node.output):
                kept.append(node)
                needed.update(node.input)
        constants = [i for i in self._proto.initializer if i.name in needed]
        del self._proto.node[:], self._proto.initializer[:], self._proto.value_info[:]
        self._proto.node.extend(reversed(kept))
        self._proto.initializer.extend(constants)


def _patches_as_product(graph: _Graph, conv: onnx.NodeProto) -> None:
    """A convolution the windows of which touch but do not overlap, as patch embeddings are."""
    weights = graph.constant(conv.input[1])
    image, found = graph.shape(conv.input[0]), graph.shape(conv.output[0])
    if weights is None or len(image) != 4 or len(found) != 4 or image[0] != 1:
        return
    channels, colours, tall, wide = weights.shape
    down, across = found[2:]
    said = {attribute.name: list(attribute.ints) for attribute in conv.attribute}
    touching = said.get("strides") == [tall, wide] and not any(said.get("pads", ()))
    # Those of single pixels are fastest as they are, among other convolutions.
    if not touching or tall * wide == 1 or image[1:] != (colours, down * tall, across * wide):
        return
    name = conv.output[0]
    patches, size = down * across, colours * tall * wide
    layouts = {
        "cut": [colours, down, tall, across, wide],
        "rows": [1, patches, size],
        "map": [1, channels, down, across],
    }
    shapes = {
        key: graph.store(f"{name}.{key}", np.asarray(layout, np.int64))
        for key, layout in layouts.items()
    }
    matrix = graph.store(f"{name}.matrix", weights.reshape(channels, size).T.copy())
    steps = [
        helper.make_node("Reshape", [conv.input[0], shapes["cut"]], [f"{name}.pixels"]),
        helper.make_node(
            "Transpose", [f"{name}.pixels"], [f"{name}.ordered"], perm=[1, 3, 0, 2, 4]
        ),
        helper.make_node("Reshape", [f"{name}.ordered", shapes["rows"]], [f"{name}.patches"]),
        helper.make_node("MatMul", [f"{name}.patches", matrix], [f"{name}.products"]),
    ]
    summed = f"{name}.products"
    if len(conv.input) > 2:
        summed = f"{name}.sums"
        steps.append(helper.make_node("Add", [f"{name}.products", conv.input[2]], [summed]))
    steps += [
        helper.make_node("Transpose", [summed], [f"{name}.turned"], perm=[0, 2, 1]),
        helper.make_node("Reshape", [f"{name}.turned", shapes["map"]], [name]),
    ]
    graph.replace(conv, steps)


@dataclass(frozen=True)
class _Heads:
    """A tensor (1, T, heads * D) seen as (1, heads, T, D) or turned.

    Attributes:
        source: the tensor.
        count: of heads.
        layout: how the four dimensions lie, e.g. (0, 2, 1, 3).
    """

    source: str
    count: int
    layout: tuple[int, ...]


def _attention_as_one(graph: _Graph, softmax: onnx.NodeProto) -> None:
    """softmax(scale * Q K^T) V over heads, without a mask (Vaswani et al. 2017)."""
    logits, scale = softmax.input[0], 1.0
    scaled = graph.maker(logits, "Mul")
    if scaled is not None:
        factor = _number(graph, scaled.input[1])
        if factor is None:
            return
        logits, scale = scaled.input[0], factor
    products = graph.maker(logits, "MatMul")
    weighted = graph.user(softmax.output[0], "MatMul")
    if products is None or weighted is None or weighted.input[0] != softmax.output[0]:
        return
    turned = graph.user(weighted.output[0], "Transpose")
    joined = None if turned is None else graph.user(turned.output[0], "Reshape")
    if joined is None:
        return
    query, key = (_heads(graph, name) for name in products.input)
    value = _heads(graph, weighted.input[1])
    if query is None or key is None or value is None:
        return
    side_by_side, across = (0, 2, 1, 3), (0, 2, 3, 1)
    if (query.layout, key.layout, value.layout) != (side_by_side, across, side_by_side):
        return
    attention = helper.make_node(
        "MultiHeadAttention",
        [query.source, key.source, value.source],
        [joined.output[0]],
        domain=_CONTRIB,
        num_heads=query.count,
        scale=scale,
    )
    graph.replace(joined, [attention])


def _quick_gelu(graph: _Graph, sigmoid: onnx.NodeProto) -> None:
    """The unit x sigmoid(a x), as CLIP has it (Hendrycks and Gimpel 2016)."""
    scaled = graph.maker(sigmoid.input[0], "Mul")
    product = graph.user(sigmoid.output[0], "Mul")
    if (
        scaled is None
        or product is None
        or set(product.input)
        != {
            scaled.input[0],
            sigmoid.output[0],
        }
    ):
        return
    alpha = _number(graph, scaled.input[1])
    if alpha is not None:
        gelu = helper.make_node(
            "QuickGelu", [scaled.input[0]], [product.output[0]], domain=_CONTRIB, alpha=alpha
        )
        graph.replace(product, [gelu])


def _number(graph: _Graph, tensor: str) -> float | None:
    value = graph.constant(tensor)
    return float(value.item()) if value is not None and value.size == 1 else None


def _heads(graph: _Graph, tensor: str) -> _Heads | None:
    """How a factor of attention was cut into heads; None where it is no such thing."""
    transpose = graph.maker(tensor, "Transpose")
    cut = None if transpose is None else graph.maker(transpose.input[0], "Reshape")
    if transpose is None or cut is None or len(graph.shape(cut.input[0])) != 3:
        return None
    layout = next(tuple(a.ints) for a in transpose.attribute if a.name == "perm")
    shape = graph.shape(cut.output[0])
    return _Heads(cut.input[0], shape[2], layout) if len(shape) == 4 and shape[0] == 1 else None
