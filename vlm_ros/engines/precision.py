"""Graphs of another precision than they were exported in.

Precision lies in the graph: TensorRT 11 and TensorRT for RTX take it from there alone, and
TensorRT 10 does in a strongly typed network. Inputs and outputs stay in FP32 in every precision.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from pathlib import Path

import onnx

from vlm_ros.engines.graph import FloatGraph
from vlm_ros.engines.half import half_nodes
from vlm_ros.engines.int8 import int8_nodes
from vlm_ros.engines.onnx_session import SampleInputs
from vlm_ros.engines.ranges import largest_values
from vlm_ros.engines.rounding import rounding_losses
from vlm_ros.engines.typed import TypePlan, rounded_graph, typed_graph
from vlm_ros.errors import EngineError


class Precision(str, Enum):
    """Of the arithmetic in an engine.

    INT8 is FP16 with eight-bit numbers in the products with constant weights.
    """

    FP32 = "fp32"
    FP16 = "fp16"
    INT8 = "int8"


@dataclass(frozen=True)
class PreciseGraph:
    """A graph in a precision.

    Attributes:
        engine: what TensorRT is to build.
        reference: a graph for ONNX Runtime that rounds where `engine` does.
        half: how many of the nodes work in FP16.
        int8: how many of them on eight-bit numbers.
        nodes: how many there are in the FP32 graph.
    """

    engine: onnx.ModelProto
    reference: onnx.ModelProto
    half: int
    int8: int
    nodes: int


def graph_in(precision: Precision, graph: Path, samples: SampleInputs) -> PreciseGraph:
    """Writes a graph in another precision.

    Args:
        precision: which.
        graph: an FP32 ONNX file.
        samples: inputs like those that will come: calibration for INT8; for FP16 they show which
            values are too large.

    Raises:
        EngineError: there are no samples.
        ModelError: the file is no ONNX graph.
    """
    read = FloatGraph(graph)
    if precision is Precision.FP32:
        return PreciseGraph(read.model, read.model, 0, 0, len(read.nodes))
    if not samples:
        raise EngineError(f"A graph in {precision.value} needs at least one sample input.")
    largest = largest_values(read, samples)
    int8 = int8_nodes(read, largest, samples) if precision is Precision.INT8 else {}
    plan = TypePlan(half_nodes(read, largest, rounding_losses(read, samples)), int8)
    return PreciseGraph(
        engine=typed_graph(read, plan),
        reference=rounded_graph(read, plan),
        half=len(plan.half),
        int8=len(plan.int8),
        nodes=len(read.nodes),
    )
