"""A model folder whose vision transformer works on eight-bit numbers in ONNX Runtime on a CPU.

Weights are rounded once, with a scale for each output channel; what they are multiplied with is
rounded anew for every image, to the range that it has there, so that no calibration is needed. The
last products before the outputs stay as they are: their errors would be those of boxes and scores.
"""

from __future__ import annotations

import logging
import math
import shutil
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

import onnx
import yaml

from vlm_ros.engines.graph import FloatGraph
from vlm_ros.errors import ModelError
from vlm_ros.exporting.cpu_graph import fuse_for_cpu
from vlm_ros.exporting.whole import whole_folder
from vlm_ros.models import read_spec

SUFFIX = "-int8"
# The products that ONNX Runtime is fast at on eight-bit numbers; convolutions are not.
_PRODUCTS = ("MatMul", "Gemm")
_OTHER_PRODUCTS = ("Conv", "MultiHeadAttention")
# Of a graph's weights, the share that must be in such products for it to be worth it.
_LEAST_SHARE = 0.5


def quantise_folder(folder: Path, out: Path) -> Path:
    """Writes a model folder like another one, its vision graph in eight bits.

    Args:
        folder: of the model.
        out: the model folder to make; it must not exist.

    Returns:
        `out`.

    Raises:
        ModelError: the folder cannot be read, its vision graph has no products to gain from, or
            `out` exists or cannot be written.
    """
    spec = read_spec(folder)
    described = yaml.safe_load((folder / "model.yaml").read_text(encoding="utf-8"))
    described["name"] = f"{spec.name}{SUFFIX}"
    described["vision"]["precision"] = "int8"
    described["origin"] = f"{described.get('origin', spec.name)}; vision in eight bits"
    with whole_folder(out) as work:
        for source in folder.iterdir():
            if source.is_file() and source != spec.vision.graph and source.name != "model.yaml":
                shutil.copy2(source, work / source.name)
        _quantise(spec.vision.graph, work / spec.vision.graph.name)
        text = yaml.safe_dump(described, sort_keys=False)
        (work / "model.yaml").write_text(text, encoding="utf-8")
    return out


def _quantise(source: Path, target: Path) -> None:
    from onnxruntime.quantization import QuantType, quantize_dynamic

    fused = fuse_for_cpu(FloatGraph(source).model)
    inner = {node.output[0] for node in _inner_products(fused.graph)}
    if _share(fused.graph, inner) < _LEAST_SHARE:
        raise ModelError(
            f"{source} has no matrix products to gain from eight bits on a CPU; this is for vision "
            "transformers."
        )
    left = [node.name for node in fused.graph.node if node.output[0] not in inner]
    # What a Gemm is called once it is a product and a sum.
    left += [f"{name}_MatMul" for name in left]
    with _without_advice():
        quantize_dynamic(
            fused,
            target,
            op_types_to_quantize=list(_PRODUCTS),
            per_channel=True,
            weight_type=QuantType.QInt8,
            nodes_to_exclude=left,
            # Of what comes out of operators that shape inference does not know.
            extra_options={"DefaultTensorType": onnx.TensorProto.FLOAT},
        )


def _inner_products(graph: onnx.GraphProto) -> Iterator[onnx.NodeProto]:
    """Products with constant weights the results of which meet another product."""
    constants = {i.name for i in graph.initializer}
    met: set[str] = set()
    for node in reversed(graph.node):
        if any(output in met for output in node.output):
            if node.op_type in _PRODUCTS and node.input[1] in constants:
                yield node
        elif node.op_type not in (*_PRODUCTS, *_OTHER_PRODUCTS):
            continue
        # Which rows are chosen is no value of theirs.
        met.update(node.input[:1] if node.op_type.startswith("Gather") else node.input)


def _share(graph: onnx.GraphProto, products: Collection[str]) -> float:
    """How much of a graph's weights meet in some products, named by what they give."""
    sizes = {i.name: math.prod(i.dims) for i in graph.initializer}
    chosen = {name for n in graph.node if n.output[0] in products for name in n.input}
    return sum(sizes.get(name, 0) for name in chosen) / max(sum(sizes.values()), 1)


@contextmanager
def _without_advice() -> Iterator[None]:
    """Keeps what ONNX Runtime advises for other graphs from the terminal."""
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)
