"""The GPU of this machine, through the CUDA driver."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from vlm_ros.errors import RuntimeUnavailableError


@dataclass(frozen=True)
class Gpu:
    """A GPU.

    Attributes:
        name: as the driver says it, e.g. "Orin".
        capability: compute capability, e.g. (8, 7).
    """

    name: str
    capability: tuple[int, int]

    @property
    def architecture(self) -> str:
        """As compilers name it, e.g. "sm87"."""
        return f"sm{self.capability[0]}{self.capability[1]}"


def driver_bindings() -> Any:
    """NVIDIA's Python bindings of the CUDA driver.

    Raises:
        RuntimeUnavailableError: they are not installed.
    """
    try:
        from cuda.bindings import driver
    except ImportError as error:
        raise RuntimeUnavailableError(
            "The package cuda-bindings is not installed: run \"pip install 'cuda-bindings==12.*'\" "
            "for CUDA 12 (JetPack 6), or 'cuda-bindings==13.*' for CUDA 13."
        ) from error
    return driver


def find_gpu() -> Gpu:
    """The first GPU; CUDA_VISIBLE_DEVICES chooses among several.

    Raises:
        RuntimeUnavailableError: there is none, or its driver cannot be used.
    """
    driver = driver_bindings()
    device = _ask(driver, "cuDeviceGet", 0)
    name = _ask(driver, "cuDeviceGetName", 256, device)
    attributes = driver.CUdevice_attribute
    major = attributes.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR
    minor = attributes.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR
    return Gpu(
        name.split(b"\0")[0].decode(),
        (
            int(_ask(driver, "cuDeviceGetAttribute", major, device)),
            int(_ask(driver, "cuDeviceGetAttribute", minor, device)),
        ),
    )


def _ask(driver: Any, function: str, *arguments: Any) -> Any:
    try:
        started = driver.cuInit(0)
        answer = getattr(driver, function)(*arguments) if _well(driver, started) else started
    except RuntimeError as error:  # no libcuda.so.1 on this machine
        raise RuntimeUnavailableError("No NVIDIA driver was found on this machine.") from error
    if not _well(driver, answer):
        raise RuntimeUnavailableError(
            f"No usable NVIDIA GPU was found on this machine ({answer[0].name})."
        )
    return answer[1]


def _well(driver: Any, answer: Any) -> bool:
    return bool(answer[0] == driver.CUresult.CUDA_SUCCESS)
