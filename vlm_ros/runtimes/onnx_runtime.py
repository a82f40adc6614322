"""ONNX Runtime: the default, on every machine."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from vlm_ros.errors import ModelError, RuntimeUnavailableError

# The first release whose fused SiLU keeps the blocked layout of convolutions, and whose threads can
# be told how long to spin. It takes Python 3.11; with Python 3.10 there are only earlier ones.
_IMPROVED = (1, 26)
# How long a thread waits awake for its next part, in microseconds: from one operator of a graph to
# the next, but not from one frame to the next, where ROS and the camera want the cores.
_SPIN_US = 50


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
        options.intra_op_num_threads = min(len(os.sched_getaffinity(0)), 4)
        options.log_severity_level = 3
        unwanted = []
        if _release(onnxruntime.__version__) >= _IMPROVED:
            options.add_session_config_entry("session.intra_op.spin_duration_us", str(_SPIN_US))
        else:
            options.add_session_config_entry("session.intra_op.allow_spinning", "0")
            # Every convolution would be followed and preceded by a change of layout: a fifth of
            # the whole time on a CPU.
            unwanted.append("QuickGeluFusion")
        usable = onnxruntime.get_available_providers()
        wanted = [p for p in ("CUDAExecutionProvider", "CPUExecutionProvider") if p in usable]
        try:
            self._session = onnxruntime.InferenceSession(
                str(graph), options, providers=wanted, disabled_optimizers=unwanted
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


def _release(version: str) -> tuple[int, ...]:
    """Major and minor number of a version such as "1.26.0.dev1"."""
    return tuple(int(part) for part in version.split(".")[:2])
