"""The little of CUDA that a runtime needs: memory, one stream, kernels and graphs.

NVIDIA's bindings of the driver (cuda-bindings 12 and 13) are used rather than a larger library,
because they exist for every Jetson and share the primary context with TensorRT.
"""

from __future__ import annotations

import ctypes
import weakref
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from vlm_ros.engines.gpu import Gpu, driver_bindings, find_gpu
from vlm_ros.errors import ModelError, RuntimeUnavailableError

_THREADS = (32, 8)


class _Memory:
    """Something allocated, which is given back with the object that stands for it."""

    def __init__(self, cuda: Cuda, nbytes: int, allocate: str, free: str) -> None:
        self.nbytes = nbytes
        # An empty tensor still needs an address.
        self.address = int(cuda.call(allocate, max(nbytes, 1)))
        self._finalise = weakref.finalize(self, _give_back, cuda, free, self.address)
        # When the interpreter ends, the driver may be gone already, and the process frees all.
        self._finalise.atexit = False

    def free(self) -> None:
        """Gives the memory back now; it must not be used any more."""
        self._finalise()


class PinnedArray(_Memory):
    """An array in page-locked memory, which the GPU reads and writes without a copy in between."""

    def __init__(self, cuda: Cuda, shape: Sequence[int], dtype: DTypeLike) -> None:
        nbytes = int(np.prod(shape)) * np.dtype(dtype).itemsize
        super().__init__(cuda, nbytes, "cuMemAllocHost", "cuMemFreeHost")
        memory = (ctypes.c_ubyte * nbytes).from_address(self.address)
        self.array: NDArray[Any] = np.frombuffer(memoryview(memory), dtype).reshape(shape)


class DeviceBuffer(_Memory):
    """Memory on the GPU."""

    def __init__(self, cuda: Cuda, nbytes: int) -> None:
        super().__init__(cuda, nbytes, "cuMemAlloc", "cuMemFree")

    @classmethod
    def holding(cls, cuda: Cuda, values: NDArray[Any]) -> DeviceBuffer:
        """A buffer with these values."""
        values = np.ascontiguousarray(values)
        buffer = cls(cuda, values.nbytes)
        cuda.call("cuMemcpyHtoD", buffer.address, values.ctypes.data, values.nbytes)
        return buffer


def _give_back(cuda: Cuda, free: str, address: int) -> None:
    cuda.enter()
    cuda.call(free, address)


class Kernel:
    """A compiled function that runs once for every pixel of an output."""

    def __init__(self, cuda: Cuda, function: Any) -> None:
        self._cuda = cuda
        self._function = function

    def launch(self, width: int, height: int, arguments: Sequence[int | float]) -> None:
        """Runs it in the stream.

        Args:
            width: of the output.
            height: of the output.
            arguments: addresses, whole numbers (`int` in C) and fractions (`float` in C).
        """
        kinds = [
            ctypes.c_float
            if isinstance(a, float)
            else (ctypes.c_void_p if isinstance(a, Address) else ctypes.c_int)
            for a in arguments
        ]
        grid = (-(-width // _THREADS[0]), -(-height // _THREADS[1]), 1)
        self._cuda.call(
            "cuLaunchKernel",
            *(self._function, *grid, *_THREADS, 1, 0, self._cuda.stream),
            *((tuple(arguments), tuple(kinds)), 0),
        )


class Address(int):
    """Where something lies in the memory of the GPU."""


class Cuda:
    """The primary context of the first GPU, with a stream of its own.

    Not safe for several threads at once; any one thread may use it after `enter`.
    """

    def __init__(self) -> None:
        """Opens the GPU.

        Raises:
            RuntimeUnavailableError: there is none, or no driver, or no bindings.
        """
        self.gpu: Gpu = find_gpu()
        self._driver = driver_bindings()
        self._device = self.call("cuDeviceGet", 0)
        self._context = self.call("cuDevicePrimaryCtxRetain", self._device)
        self.enter()
        flags = self._driver.CUstream_flags.CU_STREAM_NON_BLOCKING
        self.stream = self.call("cuStreamCreate", int(flags))
        # Without this, the thread that waits for the GPU would keep a core of the CPU busy.
        events = self._driver.CUevent_flags
        self._done = self.call(
            "cuEventCreate",
            int(events.CU_EVENT_BLOCKING_SYNC) | int(events.CU_EVENT_DISABLE_TIMING),
        )

    def call(self, function: str, *arguments: Any) -> Any:
        """Calls the driver; returns what it returned beside the status.

        Raises:
            ModelError: it failed.
        """
        status, *answer = getattr(self._driver, function)(*arguments)
        if status != self._driver.CUresult.CUDA_SUCCESS:
            raise ModelError(f"The GPU failed in {function}: {status.name}.{_advice(status.name)}")
        return answer[0] if answer else None

    def enter(self) -> None:
        """Makes the context that of the calling thread."""
        self.call("cuCtxSetCurrent", self._context)

    def load(self, binary: bytes, name: str) -> Kernel:
        """A kernel from what `picture_kernel.compiled` gave."""
        module = self.call("cuModuleLoadData", binary)
        return Kernel(self, self.call("cuModuleGetFunction", module, name.encode()))

    def upload(self, pinned: PinnedArray, buffer: DeviceBuffer) -> None:
        """Copies to the GPU, in the stream."""
        self.call("cuMemcpyHtoDAsync", buffer.address, pinned.address, pinned.nbytes, self.stream)

    def download(self, buffer: DeviceBuffer, pinned: PinnedArray) -> None:
        """Copies from the GPU, in the stream."""
        self.call("cuMemcpyDtoHAsync", pinned.address, buffer.address, pinned.nbytes, self.stream)

    def wait(self) -> None:
        """Until the stream has done all that it was given; the thread sleeps."""
        self.call("cuEventRecord", self._done, self.stream)
        self.call("cuEventSynchronize", self._done)

    def record(self, work: Callable[[], None]) -> Any:
        """A CUDA graph of the work that a function puts into the stream; nothing of it runs.

        Raises:
            ModelError: something in it cannot be part of a graph.
        """
        modes = self._driver.CUstreamCaptureMode
        # Other threads may allocate meanwhile, e.g. another model of the same process.
        self.call("cuStreamBeginCapture", self.stream, modes.CU_STREAM_CAPTURE_MODE_THREAD_LOCAL)
        try:
            work()
        except Exception:
            self._driver.cuStreamEndCapture(self.stream)
            raise
        graph = self.call("cuStreamEndCapture", self.stream)
        recorded = self.call("cuGraphInstantiate", graph, 0)
        self.call("cuGraphDestroy", graph)
        return recorded

    def replay(self, graph: Any) -> None:
        """Runs a recorded graph in the stream."""
        self.call("cuGraphLaunch", graph, self.stream)

    def forget(self, graph: Any) -> None:
        """Frees a recorded graph."""
        self.call("cuGraphExecDestroy", graph)

    def free_memory(self) -> int:
        """Bytes of the GPU's memory that nobody uses."""
        status, free, _ = self._driver.cuMemGetInfo()
        if status != self._driver.CUresult.CUDA_SUCCESS:
            raise RuntimeUnavailableError(f"The GPU does not tell its memory: {status.name}.")
        return int(free)


def _advice(status: str) -> str:
    if status == "CUDA_ERROR_OUT_OF_MEMORY":
        return " It has no memory left: close other programs, or use a smaller model."
    return ""
