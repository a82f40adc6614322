"""ONNX Runtime on the CPU for graphs in memory, as the reference that others are compared with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

import onnxruntime
from numpy.typing import NDArray

if TYPE_CHECKING:
    import onnx

# The inputs of one run, by name.
Feeds: TypeAlias = Mapping[str, NDArray[Any]]


class SampleInputs(Protocol):
    """The inputs of some runs, which can be gone through more than once."""

    def __len__(self) -> int:
        """How many runs."""
        ...

    def __iter__(self) -> Iterator[Feeds]:
        """The inputs of each."""
        ...


def session_of(model: onnx.ModelProto) -> onnxruntime.InferenceSession:
    """A session for a graph, on the CPU."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    # Rounded numbers in exact arithmetic: the sums of eight-bit kernels overflow on some CPUs.
    options.add_session_config_entry("session.disable_quant_qdq", "1")
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
