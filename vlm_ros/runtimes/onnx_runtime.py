"""ONNX Runtime: the default, on every machine."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from vlm_ros.errors import ModelError, RuntimeUnavailableError


class OnnxRuntime:
    """A graph in ONNX Runtime, on CUDA where its CUDA build is installed, otherwise on the CPU."""

    def __init__(self, graph: Path) -> None:
        """Loads the graph.

        Raises:
            ModelError: the file is missing or cannot be read as a graph.
            RuntimeUnavailableError: onnxruntime is not installed.
        """
        try:
            import onnxruntime
        except ImportError as error:
            raise RuntimeUnavailableError(
                "onnxruntime is not installed; install it with 'pip install onnxruntime'."
            ) from error
        if not graph.is_file():
            raise ModelError(f"The graph {graph} does not exist; check the model folder.")
        options = onnxruntime.SessionOptions()
        # A pool that spins while it waits would take the cores from ROS and the camera.
        options.intra_op_num_threads = min(os.cpu_count() or 1, 4)
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.log_severity_level = 3
        usable = onnxruntime.get_available_providers()
        wanted = [p for p in ("CUDAExecutionProvider", "CPUExecutionProvider") if p in usable]
        try:
            # The fused SiLU only runs in the plain layout, so that every convolution would be
            # followed and preceded by a change of layout: a fifth of the whole time on a CPU.
            self._session = onnxruntime.InferenceSession(
                str(graph), options, providers=wanted, disabled_optimizers=["QuickGeluFusion"]
            )
        except Exception as error:  # onnxruntime raises classes of its own for each failure
            raise ModelError(f"{graph} cannot be loaded as an ONNX graph: {error}") from error
        self._inputs = {i.name: tuple(i.shape) for i in self._session.get_inputs()}
        self._outputs = {o.name: tuple(o.shape) for o in self._session.get_outputs()}

    @property
    def name(self) -> str:
        """Runtime and device."""
        device = self._session.get_providers()[0].removesuffix("ExecutionProvider")
        return f"onnxruntime ({device})"

    @property
    def inputs(self) -> Mapping[str, tuple[int | str | None, ...]]:
        """Shape of each input."""
        return self._inputs

    @property
    def outputs(self) -> Mapping[str, tuple[int | str | None, ...]]:
        """Shape of each output."""
        return self._outputs

    def run(self, inputs: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """Runs the graph once.

        Raises:
            ModelError: the inputs do not fit the graph, or it failed.
        """
        try:
            values = self._session.run(None, dict(inputs))
        except Exception as error:  # see __init__
            raise ModelError(f"The graph failed while running: {error}") from error
        return dict(zip(self._outputs, values, strict=True))
