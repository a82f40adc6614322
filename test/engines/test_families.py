"""Real engines of every family that can be exported, at reduced size.

The checkpoints are those of the export's own tests.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

onnx = pytest.importorskip("onnx", reason="needs onnx: make engine-env")
pytest.importorskip("tensorrt_rtx_bindings", reason="needs TensorRT for RTX: make engine-env")
pytest.importorskip("transformers", reason="needs the 'export' extra: make train-env")

from vlm_ros.engines.api import TENSORRT_RTX, find_tensorrt  # noqa: E402
from vlm_ros.engines.build import Order, build_engine  # noqa: E402
from vlm_ros.engines.cache import EngineCache, EngineKey  # noqa: E402
from vlm_ros.engines.digest import digest_of_graph  # noqa: E402
from vlm_ros.engines.samples import samples_of  # noqa: E402
from vlm_ros.exporting import export_checkpoint  # noqa: E402
from vlm_ros.models import read_spec  # noqa: E402

EXPORTING = Path(__file__).resolve().parents[1] / "exporting"
FAMILIES = ["owlvit", "owlv2", "grounding-dino", "mm-grounding-dino", "omdet-turbo"]


def module(name: str) -> ModuleType:
    """A file of the tests of exporting."""
    known = f"exporting_{name}"
    if known not in sys.modules:
        spec = spec_from_file_location(known, EXPORTING / f"{name}.py")
        assert spec is not None
        assert spec.loader is not None
        sys.modules[known] = module_from_spec(spec)
        spec.loader.exec_module(sys.modules[known])
    return sys.modules[known]


def saved(family: str, folder: Path) -> Any:
    """A checkpoint of reduced size."""
    clip: Callable[[], Any] = module("conftest").clip_tokenizer.__wrapped__
    owl, fused = module("test_owl"), module("test_fused")
    if family in ("owlvit", "owlv2"):
        return owl._save(folder, owl._small(family, 96, 16), clip())
    if family == "omdet-turbo":
        return fused._save_omdet_turbo(folder, clip())
    names = {"grounding-dino": "GroundingDino", "mm-grounding-dino": "MMGroundingDino"}
    return fused._save_grounding_dino(folder, names[family])


@pytest.fixture(scope="module", params=FAMILIES)
def exported(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp(request.param)
    saved(request.param, folder / "checkpoint")
    return export_checkpoint(folder / "checkpoint", folder / "model")


@pytest.mark.parametrize("precision", ["fp32", "fp16", "int8"])
def test_an_engine_can_be_built(exported: Path, tmp_path: Path, precision: str) -> None:
    spec = read_spec(exported)
    tensorrt = find_tensorrt(TENSORRT_RTX)
    samples = samples_of(spec, None)
    order = Order(
        model=spec.name,
        folder=exported,
        graph=spec.vision.graph,
        size=(spec.vision.width, spec.vision.height),
        key=EngineKey(
            digest_of_graph(spec.vision.graph),
            *(tensorrt.kind, tensorrt.version, "sm80+", precision, samples.fitting.digest()),
        ),
        tensorrt=tensorrt,
        target=None,
        samples=samples.fitting,
        checks=samples.checking,
        least=spec.vision.min_objectness,
    )
    cache = EngineCache(tmp_path)
    entry = build_engine(order, cache, lambda fraction, phase: None)
    assert len(cache.read(entry)) > 10_000
    nodes, parity = entry.facts["nodes"], entry.facts["parity_of_the_graph"]
    print(spec.name, precision, nodes, parity)
    if precision == "fp32":
        assert parity is None
        return
    # Sizes are so small that little lies between two products, and random weights are far less
    # forgiving than trained ones.
    assert nodes["fp16"] > 20
    assert parity["regions"] >= 10
    assert parity["typical_box_px"] < {"fp16": 1.0, "int8": 10}[precision]
    assert parity["typical_cosine"] > {"fp16": 0.999, "int8": 0.9}[precision]
    assert (nodes["int8"] > 0) == (precision == "int8")
