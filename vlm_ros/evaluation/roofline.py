"""The least time that a graph takes on a chip, worked out on paper: `python -m` this with graphs.

Every product takes as long as its arithmetic or its memory traffic, whichever is longer (Williams
et al. 2009, "Roofline"); all else is taken to be fused into the products and to cost nothing. No
chip is as fast: half of it is good.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import onnx

from vlm_ros.engines.fixed import fixed_graph
from vlm_ros.errors import ModelError
from vlm_ros.models import read_spec

_PRODUCTS = frozenset({"Conv", "Gemm", "MatMul"})
_BYTES = {"fp16": 2, "int8": 1}


@dataclass(frozen=True)
class Chip:
    """A chip's peaks, dense, of the GPU alone.

    Attributes:
        name: of the module.
        fp16: operations a second.
        int8: likewise.
        bandwidth: bytes a second.
    """

    name: str
    fp16: float
    int8: float
    bandwidth: float


# After NVIDIA's data sheets, which give rates with structured sparsity: halved for INT8, halved
# again for FP16. Orin Nano 8 GB in its 25 W mode ("Super"): 67 sparse INT8 TOPS. AGX Orin 64 GB:
# 170 sparse INT8 TOPS of the GPU (275 with the two DLAs, which are not counted). Jetson T5000
# (Thor): 2070 sparse FP4 TFLOPS, an eighth of that dense in FP16; INT8 as FP8.
CHIPS = (
    Chip("Orin Nano 8 GB", 16.75e12, 33.5e12, 102e9),
    Chip("AGX Orin 64 GB", 42.5e12, 85e12, 204.8e9),
    Chip("Thor T5000", 259e12, 517e12, 273e9),
)


@dataclass(frozen=True)
class Product:
    """One matrix product or convolution.

    Attributes:
        operations: multiplications and additions.
        read: elements of its inputs, weights among them.
        written: elements of its output.
    """

    operations: int
    read: int
    written: int


def products(graph: Path) -> Iterator[Product]:
    """The products of an ONNX file.

    Raises:
        ModelError: it cannot be read, or a shape in it is not fixed.
    """
    try:
        model = onnx.shape_inference.infer_shapes(onnx.load(str(graph)), data_prop=True)
    except Exception as error:  # onnx raises classes of its own
        raise ModelError(f"{graph} cannot be read as an ONNX graph: {error}") from error
    shapes = {i.name: tuple(i.dims) for i in model.graph.initializer}
    for value in (*model.graph.input, *model.graph.value_info, *model.graph.output):
        dims = value.type.tensor_type.shape.dim
        shapes[value.name] = tuple(dim.dim_value for dim in dims)
    for node in model.graph.node:
        if node.op_type in _PRODUCTS:
            yield _product(node, shapes, graph)


def _product(node: onnx.NodeProto, shapes: Mapping[str, Sequence[int]], graph: Path) -> Product:
    left, right = (shapes.get(name, ()) for name in node.input[:2])
    written = math.prod(shapes.get(node.output[0], (0,)))
    if not (left and right and math.prod(left) and math.prod(right) and written):
        raise ModelError(f"The shapes of {node.name} in {graph} are not fixed.")
    if node.op_type == "Conv":
        summed = math.prod(right[1:])
    else:
        turned = any(a.name == "transA" and a.i for a in node.attribute)
        summed = left[0] if turned else left[-1]
    return Product(2 * written * summed, math.prod(left) + math.prod(right), written)


def least_ms(work: Sequence[Product], chip: Chip, precision: str) -> float:
    """Milliseconds of all products, one after the other, in "fp16" or "int8"."""
    rate = {"fp16": chip.fp16, "int8": chip.int8}[precision]
    moved = _BYTES[precision] / chip.bandwidth
    seconds = (max(p.operations / rate, (p.read + p.written) * moved) for p in work)
    return 1e3 * sum(seconds)


def roofline(graph: Path) -> dict[str, Any]:
    """The count and the least times of a graph, as a JSON object."""
    with TemporaryDirectory() as folder:
        work = list(products(_of_one_size(graph, Path(folder))))
    return {
        "products": len(work),
        "gflop": round(sum(p.operations for p in work) / 1e9, 2),
        "moved_millions": round(sum(p.read + p.written for p in work) / 1e6, 1),
        "least_ms": {
            chip.name: {name: round(least_ms(work, chip, name), 2) for name in _BYTES}
            for chip in CHIPS
        },
    }


def _of_one_size(graph: Path, folder: Path) -> Path:
    """The graph with the input that model.yaml beside it names, if the graph leaves it open."""
    if not (graph.parent / "model.yaml").is_file():
        return graph
    vision = read_spec(graph.parent).vision
    return fixed_graph(graph, vision.width, vision.height, folder / graph.name)


def main(graphs: Sequence[str]) -> None:
    """Prints one JSON object for all graphs, named `FOLDER/FILE`."""
    counted = {"/".join(Path(graph).parts[-2:]): roofline(Path(graph)) for graph in graphs}
    print(json.dumps({"chips": [asdict(chip) for chip in CHIPS], "graphs": counted}, indent=1))


if __name__ == "__main__":
    main(sys.argv[1:])
