"""An engine against ONNX Runtime, on a GPU: the same pictures through both, pixels to regions."""

from __future__ import annotations

from vlm_ros.engines.api import find_tensorrt
from vlm_ros.engines.cache import EngineCache, Entry
from vlm_ros.engines.device import fits
from vlm_ros.engines.digest import digest_of_graph
from vlm_ros.engines.gpu import find_gpu
from vlm_ros.engines.parity import Parity, compare
from vlm_ros.engines.samples import PictureFeeds
from vlm_ros.errors import RuntimeUnavailableError
from vlm_ros.models.folder import ModelSpec
from vlm_ros.models.vision_pass import open_vision


def parity_of_engine(
    spec: ModelSpec, entry: Entry, cache: EngineCache, pictures: PictureFeeds
) -> Parity:
    """Compares an engine with the FP32 graph.

    Args:
        spec: of the model it was built for.
        entry: the engine.
        cache: where it is.
        pictures: to compare on.

    Raises:
        EngineError: the engine is damaged.
        RuntimeUnavailableError: it cannot run on this machine.
    """
    if digest_of_graph(spec.vision.graph) != entry.key.graph:
        raise RuntimeUnavailableError(
            f"{spec.vision.graph} has changed since the engine was built; build it again."
        )
    tensorrt, gpu = find_tensorrt(entry.key.tensorrt), find_gpu()
    if tensorrt.version != entry.key.version or not fits(entry.key.device, tensorrt, gpu):
        raise RuntimeUnavailableError(
            f"It was built by {entry.key.tensorrt} {entry.key.version} for {entry.key.device}; "
            f"here are {tensorrt.title} and {gpu.name} ({gpu.architecture})."
        )
    # Only now, because they need a GPU.
    from vlm_ros.runtimes.cuda import Cuda
    from vlm_ros.runtimes.tensorrt_pass import TensorRtPass

    engine = TensorRtPass(spec.vision, tensorrt, Cuda(), cache.read(entry))
    reference = open_vision(spec.vision, "onnxruntime")
    return compare(
        (
            (
                reference(image, **pictures.others(image))[0],
                engine(image, **pictures.others(image))[0],
            )
            for image in pictures.images()
        ),
        spec.vision.min_objectness,
    )
