"""What every runtime does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from numpy.typing import NDArray


class Runtime(Protocol):
    """One loaded graph."""

    @property
    def name(self) -> str:
        """Runtime and device for people, e.g. "onnxruntime (CPU)"."""
        ...

    @property
    def inputs(self) -> Mapping[str, tuple[int | str | None, ...]]:
        """Shape of each input; a dimension that may change is a name or None."""
        ...

    @property
    def outputs(self) -> Mapping[str, tuple[int | str | None, ...]]:
        """Shape of each output."""
        ...

    def run(self, inputs: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """Runs the graph once; outputs by name."""
        ...
