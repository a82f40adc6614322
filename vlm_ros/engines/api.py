"""Finding the TensorRT of this machine: JetPack's, the data centre's, or TensorRT for RTX.

They share one Python API. What differs between TensorRT 10.3 and 11 and TensorRT for RTX:

- Networks are strongly typed only when asked for in TensorRT 10, always in the others, which still
  accept the flag. Precision flags (`BuilderFlag.FP16`, `INT8`) are gone from 11 and from RTX, so
  they are used nowhere here; see `precision`.
- The timing cache does nothing in TensorRT for RTX, which measures no tactics.
- TensorRT for RTX builds for GPUs that are not there; the others build for the one that is.
- `ICudaEngine.device_memory_size` became `device_memory_size_v2` in 10.1 and was removed in 11.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

from vlm_ros.errors import RuntimeUnavailableError

TENSORRT = "tensorrt"
TENSORRT_RTX = "tensorrt-rtx"

# The import packages of each, in the order in which they are tried. The wheel of TensorRT for RTX
# is imported as `tensorrt_rtx` with its meta-package and as `tensorrt_rtx_bindings` without it.
_MODULES: Mapping[str, tuple[str, ...]] = {
    TENSORRT: ("tensorrt",),
    TENSORRT_RTX: ("tensorrt_rtx", "tensorrt_rtx_bindings"),
}
_HOW_TO_INSTALL = {
    TENSORRT: (
        "TensorRT is not installed for this Python. On a Jetson: 'sudo apt install "
        "python3-libnvinfer' (JetPack 6.1 or later), in an environment that sees the system's "
        "packages. On a PC: 'pip install tensorrt'."
    ),
    TENSORRT_RTX: (
        "TensorRT for RTX is not installed; run 'make engine-env', or "
        "\"pip install '.[tensorrt-rtx]'\" in the source folder of vlm_ros."
    ),
}
_OLDEST = (10, 0)


@dataclass(frozen=True)
class TensorRT:
    """A TensorRT that can be imported.

    Attributes:
        kind: TENSORRT or TENSORRT_RTX.
        version: e.g. "10.3.0.30".
        module: the import package.
    """

    kind: str
    version: str
    module: Any = field(compare=False, repr=False)

    @property
    def title(self) -> str:
        """Name and version for people."""
        return f"{'TensorRT for RTX' if self.kind == TENSORRT_RTX else 'TensorRT'} {self.version}"

    @property
    def targets(self) -> tuple[str, ...]:
        """What engines can be built for without such a GPU, e.g. ("sm80", "sm86"); or nothing."""
        capabilities = getattr(self.module, "ComputeCapability", None)
        names = getattr(capabilities, "__members__", {})
        return tuple(sorted((n.lower() for n in names if n.startswith("SM")), key=_number))


def find_tensorrt(kind: str) -> TensorRT:
    """Imports a TensorRT.

    Args:
        kind: TENSORRT or TENSORRT_RTX.

    Raises:
        RuntimeUnavailableError: it is not installed, cannot be loaded, or is too old.
    """
    for name in _MODULES[kind]:
        try:
            module = import_module(name)
        except ModuleNotFoundError as error:
            if error.name in _MODULES[kind]:
                continue
            raise _broken(kind, error) from error
        except (ImportError, OSError, RuntimeError) as error:
            raise _broken(kind, error) from error
        return _checked(TensorRT(kind, str(module.__version__), module))
    raise RuntimeUnavailableError(_HOW_TO_INSTALL[kind])


def _broken(kind: str, error: Exception) -> RuntimeUnavailableError:
    return RuntimeUnavailableError(
        f"{kind} is installed but cannot be loaded: {error}. Its libraries are missing or are of "
        f"another version. {_HOW_TO_INSTALL[kind]}"
    )


def _checked(found: TensorRT) -> TensorRT:
    numbers = tuple(int(n) for n in found.version.split(".")[:2])
    if found.kind == TENSORRT and numbers < _OLDEST:
        raise RuntimeUnavailableError(
            f"{found.title} is too old: 10.3 or later is needed. On a Jetson that is JetPack 6.1."
        )
    return found


def _number(target: str) -> int:
    return int(target.removeprefix("sm"))
