"""The vision pass in TensorRT: pixels go up, regions come down, and all between is on the GPU."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vlm_ros.engines.api import TensorRT
from vlm_ros.errors import ModelError, RuntimeUnavailableError
from vlm_ros.geometry.boxes import Letterbox
from vlm_ros.models.folder import VisionSpec
from vlm_ros.models.preprocess import check_image
from vlm_ros.runtimes.cuda import Address, Cuda, DeviceBuffer, Kernel, PinnedArray
from vlm_ros.runtimes.picture_kernel import (
    FROM_PICTURE,
    FROM_PLANES,
    PicturePlan,
    compiled,
    plan_for,
)

_LOG = logging.getLogger(__name__)

# By the names of trt.DataType: trt.nptype lacks some of them in TensorRT 10.3.
_DTYPES = {
    "BOOL": np.bool_,
    "FLOAT": np.float32,
    "HALF": np.float16,
    "INT32": np.int32,
    "INT64": np.int64,
    "INT8": np.int8,
    "UINT8": np.uint8,
}


@dataclass
class _Binding:
    """One input or output of the engine: on the GPU, and its copy in pinned memory."""

    shape: tuple[int, ...]
    device: DeviceBuffer
    pinned: PinnedArray


class _Picture:
    """All that the pictures of one size need on the GPU."""

    def __init__(
        self, cuda: Cuda, plan: PicturePlan, tensor: DeviceBuffer, size: VisionSpec
    ) -> None:
        self.plan = plan
        self._cuda = cuda
        self._tensor = tensor
        self._size = (size.width, size.height)
        width, height = plan.fit.source_width, plan.fit.source_height
        self.pinned = PinnedArray(cuda, (height, width, 3), np.uint8)
        self._device = DeviceBuffer(cuda, self.pinned.nbytes)
        self._between = DeviceBuffer(cuda, 3 * 4 * plan.between[0] * plan.between[1])
        passes = (plan.across, plan.down) if plan.x_first else (plan.down, plan.across)
        self._taps = [
            (
                DeviceBuffer.holding(cuda, axis.first),
                DeviceBuffer.holding(cuda, axis.weights),
                axis.weights.shape[1],
            )
            for axis in passes
        ]
        background = np.broadcast_to(
            plan.background[:, None, None], (3, size.height, size.width)
        ).astype(np.float32)
        cuda.call("cuMemcpyHtoD", tensor.address, background.ctypes.data, background.nbytes)

    def prepare(self, first: Kernel, second: Kernel) -> None:
        """Puts the way from pinned pixels to the engine's input into the stream."""
        plan = self.plan
        source = (plan.fit.source_width, plan.fit.source_height)
        self._cuda.upload(self.pinned, self._device)
        pad = float(plan.pad)
        (first_1, weights_1, taps_1), (first_2, weights_2, taps_2) = self._taps
        first.launch(
            *plan.between,
            (
                *(Address(self._device.address), *source),
                *(Address(self._between.address), *plan.between),
                *(Address(first_1.address), Address(weights_1.address), taps_1),
                *(int(plan.x_first), pad, int(plan.whole_between)),
            ),
        )
        second.launch(
            plan.width,
            plan.height,
            (
                *(Address(self._between.address), *plan.between),
                *(Address(self._tensor.address), *self._size),
                *(plan.fit.left, plan.fit.top, plan.width, plan.height),
                *(Address(first_2.address), Address(weights_2.address), taps_2),
                *(int(not plan.x_first), pad, int(plan.whole)),
                *(float(m) for m in plan.mean),
                *(float(f) for f in plan.factor),
            ),
        )

    def free(self) -> None:
        for first, weights, _ in self._taps:
            first.free()
            weights.free()
        for memory in (self.pinned, self._device, self._between):
            memory.free()


class TensorRtPass:
    """A vision graph, or one with text inputs too, as an engine; see `VisionPass`.

    For pictures of one size everything is recorded once as a CUDA graph and replayed for every
    frame: the pixels' way up, resampling, the engine, the regions' way down. Nothing is allocated
    then. Inputs beside the image stay on the GPU and go up again only when they change. One thread
    at a time.
    """

    def __init__(self, spec: VisionSpec, tensorrt: TensorRT, cuda: Cuda, engine: bytes) -> None:
        """Loads an engine.

        Raises:
            RuntimeUnavailableError: TensorRT refuses the engine, or the kernels cannot be compiled.
            ModelError: the engine is not one for this model, or the GPU has no memory for it.
        """
        self._spec = spec
        self._cuda = cuda
        self._name = f"{tensorrt.title} ({cuda.gpu.name})"
        binary = compiled(cuda.gpu.architecture)
        self._kernels = (cuda.load(binary, FROM_PICTURE), cuda.load(binary, FROM_PLANES))
        trt = tensorrt.module
        self._logger = trt.Logger(trt.Logger.ERROR)
        self._runtime = trt.Runtime(self._logger)
        self._engine = self._runtime.deserialize_cuda_engine(engine)
        if self._engine is None:
            raise RuntimeUnavailableError(
                f"{tensorrt.title} refuses an engine of {spec.graph.name} that it built itself; "
                "the driver or the GPU may have changed since. Build it again."
            )
        self._context = self._engine.create_execution_context()
        if self._context is None:
            raise ModelError(
                f"The GPU has not enough memory to run {spec.graph.name}; close other programs, or "
                "use a smaller model or precision."
            )
        self._inputs: dict[str, _Binding] = {}
        self._outputs: dict[str, _Binding] = {}
        for index in range(self._engine.num_io_tensors):
            self._bind(trt, self._engine.get_tensor_name(index))
        self._check()
        self._sent: dict[str, NDArray[Any]] = {}
        self._picture: _Picture | None = None
        self._recorded: Any = None
        self._recordable = True

    @property
    def name(self) -> str:
        """See `VisionPass`."""
        return self._name

    @property
    def inputs(self) -> Mapping[str, tuple[int | str | None, ...]]:
        """See `VisionPass`."""
        return {name: binding.shape for name, binding in self._inputs.items()}

    @property
    def outputs(self) -> Mapping[str, tuple[int | str | None, ...]]:
        """See `VisionPass`."""
        return {name: binding.shape for name, binding in self._outputs.items()}

    @property
    def recorded(self) -> bool:
        """Whether frames of the last size are replayed from a CUDA graph."""
        return self._recorded is not None

    def __call__(
        self, image: NDArray[Any], **inputs: NDArray[Any]
    ) -> tuple[Mapping[str, NDArray[Any]], Letterbox]:
        """See `VisionPass`."""
        check_image(image)
        self._cuda.enter()
        self._send(inputs)
        picture = self._picture_for(image)
        np.copyto(picture.pinned.array, image)
        if self._recorded is not None:
            self._cuda.replay(self._recorded)
        else:
            self._frame(picture)
        self._cuda.wait()
        if self._recorded is None and self._recordable:
            self._record(picture)
        # The next frame overwrites the pinned memory; these are the regions, some kilobytes.
        outputs = {name: binding.pinned.array.copy() for name, binding in self._outputs.items()}
        return outputs, picture.plan.fit

    def _bind(self, trt: Any, name: str) -> None:
        shape = tuple(self._engine.get_tensor_shape(name))
        if any(side < 0 for side in shape):
            raise ModelError(
                f"'{name}' of {self._spec.graph.name} has no fixed shape {shape}; export the model "
                "again with this version."
            )
        dtype = _DTYPES[self._engine.get_tensor_dtype(name).name]
        pinned = PinnedArray(self._cuda, shape, dtype)
        binding = _Binding(shape, DeviceBuffer(self._cuda, pinned.nbytes), pinned)
        self._context.set_tensor_address(name, binding.device.address)
        given = self._engine.get_tensor_mode(name) == trt.TensorIOMode.INPUT
        (self._inputs if given else self._outputs)[name] = binding

    def _check(self) -> None:
        expected = (1, 3, self._spec.height, self._spec.width)
        image = self._inputs.get("image")
        if image is None or image.shape != expected:
            raise ModelError(
                f"The engine of {self._spec.graph.name} takes 'image' of shape "
                f"{None if image is None else image.shape}, but model.yaml says {expected}."
            )

    def _send(self, inputs: Mapping[str, NDArray[Any]]) -> None:
        """Sends up those of the other inputs that are not what the GPU already has."""
        wanted = set(self._inputs) - {"image"}
        if set(inputs) != wanted:
            raise ModelError(
                f"{self._spec.graph.name} takes {_listed(wanted)} beside the image, but was given "
                f"{_listed(inputs)}."
            )
        for name, values in inputs.items():
            if name in self._sent and np.array_equal(self._sent[name], values):
                continue
            binding = self._inputs[name]
            if values.shape != binding.shape:
                raise ModelError(
                    f"'{name}' of {self._spec.graph.name} has the shape {binding.shape}, but was "
                    f"given {values.shape}."
                )
            np.copyto(binding.pinned.array, values, casting="same_kind")
            self._cuda.upload(binding.pinned, binding.device)
            self._sent[name] = values.copy()

    def _picture_for(self, image: NDArray[Any]) -> _Picture:
        height, width = image.shape[:2]
        picture = self._picture
        if picture is not None:
            fit = picture.plan.fit
            if (fit.source_width, fit.source_height) == (width, height):
                return picture
            self._forget_recording()
            picture.free()
        plan = plan_for(self._spec, width, height)
        self._picture = _Picture(self._cuda, plan, self._inputs["image"].device, self._spec)
        return self._picture

    def _frame(self, picture: _Picture) -> None:
        """Puts one frame into the stream."""
        picture.prepare(*self._kernels)
        if not self._context.execute_async_v3(int(self._cuda.stream)):
            raise ModelError(f"The engine of {self._spec.graph.name} failed while running.")
        for binding in self._outputs.values():
            self._cuda.download(binding.device, binding.pinned)

    def _record(self, picture: _Picture) -> None:
        """Records a frame, after one that ran: TensorRT prepares itself in the first."""
        # TensorRT for RTX may have to compile more before it can; the others know no such question.
        ask: Callable[[int], bool] = getattr(
            self._context, "is_stream_capturable", lambda stream: True
        )
        if not ask(int(self._cuda.stream)):
            return
        try:
            self._recorded = self._cuda.record(lambda: self._frame(picture))
        except ModelError as error:
            self._recordable = False
            _LOG.warning("%s runs without a CUDA graph: %s", self._spec.graph.name, error)

    def _forget_recording(self) -> None:
        if self._recorded is not None:
            self._cuda.forget(self._recorded)
            self._recorded = None


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "nothing"
