"""Which engine a model gets, and what a user is told who gets none. No engine is built here."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from vlm_ros.engines import cache as cache_module
from vlm_ros.engines.api import TENSORRT, TensorRT
from vlm_ros.engines.cache import EngineCache, EngineKey, Entry
from vlm_ros.engines.digest import digest_of_graph
from vlm_ros.engines.gpu import Gpu
from vlm_ros.errors import RuntimeUnavailableError
from vlm_ros.models import bundled_model, load_model, read_spec
from vlm_ros.models.folder import VisionSpec
from vlm_ros.models.vision_pass import open_vision
from vlm_ros.places import HOME_VARIABLE
from vlm_ros.runtimes import engine_choice
from vlm_ros.runtimes.engine_choice import open_engine, open_fastest

ORIN = Gpu("Orin", (8, 7))
JETPACK_6 = TensorRT(TENSORRT, "10.3.0.30", None)

Add = Callable[..., Entry]


@pytest.fixture
def spec() -> VisionSpec:
    return read_spec(bundled_model()).vision


@pytest.fixture
def cache(tmp_path: Path) -> EngineCache:
    return EngineCache(tmp_path / "engines")


@pytest.fixture
def add(cache: EngineCache, spec: VisionSpec) -> Add:
    """Puts an engine into the cache that nobody could run."""

    def publish(moment: str = "2026-01-01T00:00:00+00:00", **changes: str) -> Entry:
        digest = digest_of_graph(spec.graph)
        usual = EngineKey(digest, TENSORRT, "10.3.0.30", "Orin, sm87", "fp16", "")
        key = replace(usual, **changes)
        with cache.building(key, lambda: None) as folder:
            (folder / "engine").write_bytes(b"no engine")
            return cache.publish(
                key, folder / "engine", "tabletop", moment, {"graph": str(spec.graph)}
            )

    return publish


@pytest.fixture
def on_an_orin(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a Jetson Orin with JetPack 6, as far as choosing goes."""
    monkeypatch.setattr(engine_choice, "find_gpu", lambda: ORIN)
    monkeypatch.setattr(engine_choice, "find_tensorrt", lambda kind: JETPACK_6)


@pytest.fixture
def chosen(monkeypatch: pytest.MonkeyPatch, on_an_orin: None) -> Callable[[Any, Any], Entry]:
    def choose(spec: VisionSpec, cache: EngineCache) -> Entry:
        return engine_choice._chosen(spec, JETPACK_6, ORIN, cache)

    return choose


def test_the_engine_that_was_built_last_is_taken(
    spec: VisionSpec, cache: EngineCache, add: Add, chosen: Callable[..., Entry]
) -> None:
    add("2026-01-01T00:00:00+00:00", precision="int8")
    newest = add("2026-01-03T00:00:00+00:00", precision="fp16")
    add("2026-01-02T00:00:00+00:00", precision="fp32")
    add("2026-01-04T00:00:00+00:00", device="NVIDIA Thor, sm110")
    assert chosen(spec, cache) == newest


@pytest.mark.usefixtures("on_an_orin")
@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"graph": "00" * 32}, r"No engine has been built .*earlier version of the file"),
        ({"version": "10.7.0.23"}, r"built by tensorrt 10\.7\.0\.23, but here is 10\.3\.0\.30"),
        ({"device": "NVIDIA A2, sm86"}, r"built for NVIDIA A2, sm86, but here is Orin \(sm87\)"),
        ({"tensorrt": "tensorrt-rtx"}, "No engine has been built"),
    ],
)
def test_an_engine_that_does_not_fit_is_not_run(
    spec: VisionSpec, cache: EngineCache, add: Add, changes: dict[str, str], said: str
) -> None:
    add(**changes)
    with pytest.raises(RuntimeUnavailableError, match=said) as caught:
        open_engine(spec, TENSORRT, cache)
    assert f"vlm-ros engine build {spec.graph.parent}" in str(caught.value)


@pytest.mark.usefixtures("on_an_orin")
def test_a_damaged_engine_is_not_run(spec: VisionSpec, cache: EngineCache, add: Add) -> None:
    add().engine.write_bytes(b"no_engine")
    with pytest.raises(RuntimeUnavailableError, match=r"checksum differs.*engine build"):
        open_engine(spec, TENSORRT, cache)


@pytest.mark.usefixtures("on_an_orin")
def test_auto_falls_back_and_says_why(
    spec: VisionSpec,
    cache: EngineCache,
    add: Add,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(engine_choice, "find_spec", lambda module: module == "tensorrt" or None)
    caplog.set_level(logging.INFO)
    assert open_fastest(spec, cache) is None
    assert "ONNX Runtime: no engine was built for tensorrt" in caplog.text
    add(device="NVIDIA A2, sm86")
    assert open_fastest(spec, cache) is None
    assert "built for NVIDIA A2, sm86, but here is Orin" in caplog.text


def test_auto_without_tensorrt_imports_nothing_of_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path))
    monkeypatch.setattr(engine_choice, "find_spec", lambda module: None)
    caplog.set_level(logging.INFO)
    model = load_model(bundled_model())
    assert "onnxruntime" in model.description
    assert "TensorRT is not installed" in caplog.text
    assert "vlm_ros.runtimes.tensorrt_pass" not in sys.modules
    assert not list(tmp_path.iterdir())


def test_engines_are_looked_for_in_the_users_own_cache(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv(HOME_VARIABLE, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_module.EngineCache().folder == tmp_path / "vlm_ros" / "engines"


def test_an_unknown_runtime_is_named_with_the_known_ones(spec: VisionSpec) -> None:
    with pytest.raises(RuntimeUnavailableError, match=r"'tensorflow'.*auto, onnxruntime"):
        open_vision(spec, "tensorflow")


def test_a_named_runtime_that_is_not_here_is_an_error(
    spec: VisionSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "tensorrt", None)
    with pytest.raises(RuntimeUnavailableError, match="TensorRT is not installed"):
        open_vision(spec, TENSORRT)
