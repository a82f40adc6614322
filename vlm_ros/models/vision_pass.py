"""One pass of an image through a vision graph, from pixels to what the graph says of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from numpy.typing import NDArray

from vlm_ros.geometry.boxes import Letterbox
from vlm_ros.models.folder import VisionSpec
from vlm_ros.models.input_shape import input_shape_of
from vlm_ros.models.preprocess import ImageInput
from vlm_ros.runtimes import Runtime, open_runtime
from vlm_ros.stages import stage


class VisionPass(Protocol):
    """A loaded vision graph with what brings an image into it. One thread at a time."""

    @property
    def name(self) -> str:
        """Runtime and device for people, e.g. "onnxruntime (CPU)"."""
        ...

    @property
    def inputs(self) -> Mapping[str, tuple[int | str | None, ...]]:
        """Shape of each input of the graph, `image` (1, 3, H, W) among them."""
        ...

    @property
    def outputs(self) -> Mapping[str, tuple[int | str | None, ...]]:
        """Shape of each output of the graph."""
        ...

    def __call__(
        self, image: NDArray[Any], **inputs: NDArray[Any]
    ) -> tuple[Mapping[str, NDArray[Any]], Letterbox]:
        """Runs the graph once.

        Args:
            image: (H, W, 3) uint8 RGB, of any size.
            **inputs: of the graph beside `image`, in its shapes.

        Returns:
            The outputs by name, and how the image lay in the graph's input.

        Raises:
            ImageError: the image has no pixels or is not (H, W, 3) uint8.
            ModelError: the inputs do not fit the graph, or it failed.
        """
        ...


class RuntimePass:
    """Images prepared on the CPU for a graph in a runtime."""

    def __init__(self, spec: VisionSpec, runtime: Runtime) -> None:
        declared = runtime.inputs.get("image", ())
        self._prepare = ImageInput(spec, input_shape_of(spec, declared))
        self._runtime = runtime

    @property
    def name(self) -> str:
        """See `VisionPass`."""
        return self._runtime.name

    @property
    def inputs(self) -> Mapping[str, tuple[int | str | None, ...]]:
        """See `VisionPass`."""
        return self._runtime.inputs

    @property
    def outputs(self) -> Mapping[str, tuple[int | str | None, ...]]:
        """See `VisionPass`."""
        return self._runtime.outputs

    def __call__(
        self, image: NDArray[Any], **inputs: NDArray[Any]
    ) -> tuple[Mapping[str, NDArray[Any]], Letterbox]:
        """See `VisionPass`."""
        with stage("preprocess"):
            tensor, fit = self._prepare(image)
        return self._runtime.run({"image": tensor, **inputs}), fit


def open_vision(spec: VisionSpec, runtime: str = "auto") -> VisionPass:
    """Loads a vision graph.

    Args:
        spec: of the graph.
        runtime: one of `vlm_ros.runtimes.registry.RUNTIMES`. "auto" takes the engine that was
            built for this graph where there is one that runs here, otherwise ONNX Runtime, and
            logs which and why.

    Raises:
        ModelError: the file is missing or not a graph this runtime can read.
        RuntimeUnavailableError: no runtime of this name, it is not installed, or there is no
            engine that it could run.
    """
    # Imported only now: engines know the models that they are built for.
    from vlm_ros.runtimes.engine_choice import KINDS, open_engine, open_fastest

    if runtime in KINDS:
        return open_engine(spec, runtime)
    if runtime == "auto" and (found := open_fastest(spec)) is not None:
        return found
    return RuntimePass(spec, open_runtime(spec.graph, runtime))
