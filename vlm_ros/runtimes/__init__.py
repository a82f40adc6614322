"""Running one ONNX graph: ONNX Runtime now, engines for the chip beside it."""

from vlm_ros.runtimes.base import Runtime
from vlm_ros.runtimes.registry import open_runtime

__all__ = ["Runtime", "open_runtime"]
