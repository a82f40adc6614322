"""What an engine is built for, as one word in its key."""

from __future__ import annotations

from vlm_ros.engines.api import TENSORRT_RTX, TensorRT
from vlm_ros.engines.gpu import Gpu, find_gpu
from vlm_ros.errors import EngineError

# TensorRT for RTX builds for all GPUs from this architecture on unless it is told one.
PORTABLE = "sm80+"


def device_of(tensorrt: TensorRT, target: str | None) -> str:
    """The device of a key.

    Args:
        tensorrt: builds the engine.
        target: architecture that was asked for, or None.

    Raises:
        EngineError: this TensorRT cannot build for that target.
        RuntimeUnavailableError: it builds for the GPU that is there, and there is none.
    """
    if target is None:
        return PORTABLE if tensorrt.kind == TENSORRT_RTX else _here(find_gpu())
    if target not in tensorrt.targets:
        known = ", ".join(tensorrt.targets)
        raise EngineError(
            f"{tensorrt.title} cannot build for '{target}'; it knows {known}."
            if known
            else f"{tensorrt.title} builds for the GPU of this machine only; leave out --target."
        )
    return target


def fits(device: str, tensorrt: TensorRT, gpu: Gpu) -> bool:
    """Whether an engine of a device runs on a GPU."""
    if tensorrt.kind != TENSORRT_RTX:
        return device == _here(gpu)
    return device == gpu.architecture or (device == PORTABLE and gpu.capability >= (8, 0))


def _here(gpu: Gpu) -> str:
    return f"{gpu.name}, {gpu.architecture}"
