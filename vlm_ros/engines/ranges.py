"""What values the tensors of a graph take on sample inputs, seen in ONNX Runtime on the CPU."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import helper

from vlm_ros.engines.graph import FloatGraph, with_outputs
from vlm_ros.engines.onnx_session import SampleInputs, session_of

# Tensors of so many bytes together are fetched in one pass.
_AT_ONCE = 256 << 20
_BINS = 2048


def largest_values(graph: FloatGraph, samples: SampleInputs) -> dict[str, float]:
    """The largest absolute value of every FP32 tensor that depends on the inputs.

    A tensor that was not finite has the value infinity. One pass per sample; the maxima are found
    inside the graph, so that no more memory is needed than for running it.
    """
    tensors = graph.variables({name for node in graph.nodes for name in node.output})
    names = [name for name in tensors if name]
    extra = []
    for name in names:
        extra += [
            helper.make_node("Abs", [name], [f"{name}.abs"]),
            helper.make_node("ReduceMax", [f"{name}.abs"], [f"{name}.largest"], keepdims=0),
        ]
    model = with_outputs(graph.model, extra, [f"{name}.largest" for name in names])
    session = session_of(model)
    largest = np.zeros(len(names))
    for sample in samples:
        seen = np.array(session.run([f"{name}.largest" for name in names], dict(sample)))
        largest = np.maximum(largest, np.where(np.isnan(seen), np.inf, seen))
    found = {name: float(value) for name, value in zip(names, largest, strict=True)}
    for sample in samples:
        for name, value in sample.items():
            if graph.is_float(name):
                found[name] = max(found.get(name, 0.0), float(np.abs(value).max()))
    return found


def clipping_points(
    graph: FloatGraph,
    tensors: Sequence[str],
    largest: Mapping[str, float],
    samples: SampleInputs,
) -> dict[str, float]:
    """The absolute value at which to clip each tensor so that eight bits lose least.

    Clipping rare large values makes the steps between the others finer. Of some fractions of the
    largest value, that with the least mean squared error is taken (Choukroun et al. 2019,
    "Low-bit quantization of neural networks for efficient inference").
    """
    points = {}
    for group in _groups(graph, tensors):
        outputs = [f"{name}.seen" for name in group]
        copies = [
            helper.make_node("Identity", [n], [o]) for n, o in zip(group, outputs, strict=True)
        ]
        session = session_of(with_outputs(graph.model, copies, outputs))
        counts = {name: np.zeros(_BINS) for name in group}
        for sample in samples:
            for name, values in zip(group, session.run(outputs, dict(sample)), strict=True):
                limit = max(largest[name], float(np.finfo(np.float32).tiny))
                counts[name] += np.histogram(np.abs(values), _BINS, (0.0, limit))[0]
        points.update({name: _least_error(counts[name], largest[name]) for name in group})
    return points


def _least_error(counts: NDArray[Any], largest: float) -> float:
    centres = (np.arange(_BINS) + 0.5) * largest / _BINS
    best, least = largest, np.inf
    for fraction in np.linspace(0.3, 1.0, 36):
        limit = fraction * largest
        # Rounding to steps of limit / 127 errs by a twelfth of a squared step on average.
        error = np.where(centres <= limit, (limit / 127) ** 2 / 12, (centres - limit) ** 2)
        total = float((counts * error).sum())
        if total < least:
            best, least = limit, total
    return float(best)


def _groups(graph: FloatGraph, tensors: Sequence[str]) -> Iterator[list[str]]:
    group: list[str] = []
    size = 0
    for name in tensors:
        size += 4 * int(np.prod(graph.shape(name) or (1,)))
        group.append(name)
        if size >= _AT_ONCE:
            yield group
            group, size = [], 0
    if group:
        yield group
