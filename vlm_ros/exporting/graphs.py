"""Writing a torch module as an ONNX graph."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import onnx
import torch
from torch import Tensor, nn

OPSET = 18


def write_graph(
    module: nn.Module,
    arguments: tuple[Tensor, ...],
    inputs: Sequence[str],
    outputs: Sequence[str],
    path: Path,
    dynamic_shapes: Any = None,
) -> None:
    """Exports a module.

    Args:
        module: in evaluation mode.
        arguments: an example of what it takes.
        inputs: their names in the graph.
        outputs: the names of what it returns.
        path: of the ONNX file.
        dynamic_shapes: see `torch.onnx.export`; all shapes are fixed without it.
    """
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            module,
            arguments,
            input_names=list(inputs),
            output_names=list(outputs),
            opset_version=OPSET,
            dynamic_shapes=dynamic_shapes,
            dynamo=True,
            verbose=False,
        )
    if program is None:
        raise RuntimeError("torch.onnx.export returned nothing.")
    onnx.save(plain(program.model_proto), str(path))


def plain(model: onnx.ModelProto) -> onnx.ModelProto:
    """A graph without the exporter's notes, which hold source paths."""
    for node in model.graph.node:
        del node.metadata_props[:]
    for value in (*model.graph.value_info, *model.graph.input, *model.graph.output):
        del value.metadata_props[:]
    del model.graph.metadata_props[:]
    del model.metadata_props[:]
    return model
