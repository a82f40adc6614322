"""Which TensorRT is found, and what is said where none is."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from vlm_ros.engines.api import TENSORRT, TENSORRT_RTX, TensorRT, find_tensorrt
from vlm_ros.engines.device import PORTABLE, device_of, fits
from vlm_ros.engines.gpu import Gpu
from vlm_ros.errors import EngineError, RuntimeUnavailableError

ORIN = Gpu("Orin", (8, 7))


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in which a package `tensorrt` can be laid, before all others."""
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "tensorrt", raising=False)
    return tmp_path / "tensorrt.py"


def test_an_old_one_is_named_with_the_jetpack_that_helps(package: Path) -> None:
    package.write_text("__version__ = '8.6.2.3'")
    with pytest.raises(RuntimeUnavailableError, match=r"TensorRT 8\.6\.2\.3 .*JetPack 6\.1"):
        find_tensorrt(TENSORRT)


@pytest.mark.parametrize("version", ["10.3.0.30", "10.13.3.9", "11.4.0.106"])
def test_those_of_jetpack_6_and_later_are_taken(package: Path, version: str) -> None:
    package.write_text(f"__version__ = '{version}'")
    found = find_tensorrt(TENSORRT)
    assert found.title == f"TensorRT {version}"
    assert found.targets == ()


def test_one_that_cannot_be_loaded_says_why(package: Path) -> None:
    package.write_text("raise ImportError('libnvinfer.so.10: cannot open shared object file')")
    with pytest.raises(RuntimeUnavailableError, match=r"cannot be loaded: libnvinfer\.so\.10"):
        find_tensorrt(TENSORRT)


@pytest.mark.parametrize(
    ("kind", "modules", "advice"),
    [
        (TENSORRT, ["tensorrt"], "python3-libnvinfer"),
        (TENSORRT_RTX, ["tensorrt_rtx", "tensorrt_rtx_bindings"], "make engine-env"),
    ],
)
def test_a_missing_one_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, kind: str, modules: list[str], advice: str
) -> None:
    for module in modules:
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(RuntimeUnavailableError, match=advice):
        find_tensorrt(kind)


def test_tensorrt_for_rtx_knows_its_targets() -> None:
    pytest.importorskip("tensorrt_rtx_bindings", reason="needs TensorRT for RTX: make engine-env")
    found = find_tensorrt(TENSORRT_RTX)
    assert {"sm80", "sm86", "sm89", "sm120"} <= set(found.targets)
    assert device_of(found, None) == PORTABLE
    assert device_of(found, "sm86") == "sm86"
    with pytest.raises(EngineError, match=r"'sm87'; it knows sm75, sm80"):
        device_of(found, "sm87")


@pytest.mark.parametrize(
    ("kind", "device", "capability", "runs"),
    [
        (TENSORRT, "Orin, sm87", (8, 7), True),
        (TENSORRT, "NVIDIA A2, sm86", (8, 7), False),
        (TENSORRT_RTX, "sm80+", (8, 7), True),
        (TENSORRT_RTX, "sm80+", (7, 5), False),
        (TENSORRT_RTX, "sm86", (8, 6), True),
        (TENSORRT_RTX, "sm86", (8, 9), False),
    ],
)
def test_what_an_engine_runs_on(
    kind: str, device: str, capability: tuple[int, int], runs: bool
) -> None:
    assert fits(device, TensorRT(kind, "1.0", None), Gpu("Orin", capability)) == runs


def test_only_tensorrt_for_rtx_builds_for_a_gpu_that_is_not_there(package: Path) -> None:
    package.write_text("__version__ = '10.3.0.30'")
    with pytest.raises(EngineError, match="leave out --target"):
        device_of(find_tensorrt(TENSORRT), "sm86")
