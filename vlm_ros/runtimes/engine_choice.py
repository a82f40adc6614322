"""Which engine a model runs in, and why not in another. Nothing is ever built here."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from vlm_ros.engines.api import TENSORRT, TENSORRT_RTX, TensorRT, find_tensorrt
from vlm_ros.engines.cache import EngineCache, Entry
from vlm_ros.engines.device import fits
from vlm_ros.engines.digest import digest_of_graph
from vlm_ros.engines.gpu import Gpu, find_gpu
from vlm_ros.errors import EngineError, ModelError, RuntimeUnavailableError
from vlm_ros.models.folder import VisionSpec
from vlm_ros.models.vision_pass import VisionPass

# The runtimes that run engines, and the import package of each; the machine's own first.
KINDS = {TENSORRT: "tensorrt", TENSORRT_RTX: "tensorrt_rtx_bindings"}
_LOG = logging.getLogger(__name__)


def open_engine(spec: VisionSpec, kind: str, cache: EngineCache | None = None) -> VisionPass:
    """Loads the engine that was built last for a model, this GPU and this TensorRT.

    Args:
        spec: of the vision graph.
        kind: a key of KINDS.
        cache: where engines are; by default the user's own.

    Raises:
        RuntimeUnavailableError: TensorRT, the GPU or the engine is missing; says what to do.
        ModelError: the engine does not fit the model.
    """
    tensorrt = find_tensorrt(kind)
    gpu = find_gpu()
    cache = cache or EngineCache()
    try:
        entry = _chosen(spec, tensorrt, gpu, cache)
        engine = cache.read(entry)
    except EngineError as error:
        raise RuntimeUnavailableError(f"{error} {_how_to_build(spec, kind)}") from error
    # Only now, because they need a GPU.
    from vlm_ros.runtimes.cuda import Cuda
    from vlm_ros.runtimes.tensorrt_pass import TensorRtPass

    opened = TensorRtPass(spec, tensorrt, Cuda(), engine)
    _LOG.info(
        "%s runs in %s, %s engine of %s", spec.graph, opened.name, entry.key.precision, entry.built
    )
    return opened


def open_fastest(spec: VisionSpec, cache: EngineCache | None = None) -> VisionPass | None:
    """The engine for a model where there is one that runs here, otherwise None; logs why."""
    cache = cache or EngineCache()
    reasons = []
    for kind, module in KINDS.items():
        # Importing TensorRT takes a second: only for those who have built an engine with it.
        if find_spec(module) is None:
            continue
        try:
            if not any(entry.key.tensorrt == kind for entry in cache.entries()):
                reasons.append(f"no engine was built for {kind}")
                continue
            return open_engine(spec, kind, cache)
        except (EngineError, ModelError, RuntimeUnavailableError) as error:
            reasons.append(str(error))
    _LOG.info(
        "%s runs in ONNX Runtime: %s", spec.graph, " ".join(reasons) or "TensorRT is not installed"
    )
    return None


def _chosen(spec: VisionSpec, tensorrt: TensorRT, gpu: Gpu, cache: EngineCache) -> Entry:
    digest = digest_of_graph(spec.graph)
    entries = [entry for entry in cache.entries() if entry.key.tensorrt == tensorrt.kind]
    ours = [entry for entry in entries if entry.key.graph == digest]
    if not ours:
        before = _of_another(entries, spec.graph)
        raise EngineError(f"No engine has been built for {spec.graph} as it is now{before}.")
    same = [entry for entry in ours if entry.key.version == tensorrt.version]
    if not same:
        versions = _listed([entry.key.version for entry in ours])
        raise EngineError(
            f"The engine of {spec.graph.name} was built by {tensorrt.kind} {versions}, but here is "
            f"{tensorrt.version}, which cannot run it."
        )
    fitting = [entry for entry in same if fits(entry.key.device, tensorrt, gpu)]
    if not fitting:
        devices = _listed([entry.key.device for entry in same])
        raise EngineError(
            f"The engine of {spec.graph.name} was built for {devices}, but here is "
            f"{gpu.name} ({gpu.architecture})."
        )
    return fitting[0]


def _of_another(entries: Sequence[Entry], graph: Path) -> str:
    """Says so where the same file had an engine before it was changed."""
    if any(entry.facts.get("graph") == str(graph) for entry in entries):
        return ", only for an earlier version of the file"
    return ""


def _listed(values: Sequence[str]) -> str:
    return ", ".join(sorted(set(values)))


def _how_to_build(spec: VisionSpec, kind: str) -> str:
    return (
        f"Run 'vlm-ros engine build {spec.graph.parent} --tensorrt {kind}' once; it is never done "
        "while the robot works."
    )
