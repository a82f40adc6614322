"""A model folder appears whole or not at all."""

from __future__ import annotations

import errno
import json
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from vlm_ros.errors import ModelError
from vlm_ros.exporting import MODULES, export, export_checkpoint


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    """A folder with the files of a checkpoint, if not with what belongs in them."""
    folder = tmp_path / "owlvit-tiny"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps({"model_type": "owlvit"}))
    (folder / "model.safetensors").touch()
    (folder / "tokenizer.json").touch()
    return folder


def _use(monkeypatch: pytest.MonkeyPatch, write: Callable[[Path], object]) -> None:
    """Lets a stand-in write the folder."""

    def exported(checkpoint: Any, work: Path, note: Callable[[str], object]) -> None:
        note("writing")
        (work / "model.yaml").write_text("name: half of it")
        write(work)

    monkeypatch.setattr(export, "import_module", lambda name: SimpleNamespace(export=exported))


def _raising(error: BaseException) -> Callable[[Path], object]:
    def write(work: Path) -> None:
        raise error

    return write


def test_it_appears_under_its_name(checkpoint: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = checkpoint.parent / "models" / "owl"
    _use(monkeypatch, lambda work: (work / "vision.onnx").touch())
    notes: list[str] = []
    assert export_checkpoint(checkpoint, out, notes.append) == out
    assert sorted(path.name for path in out.iterdir()) == ["model.yaml", "vision.onnx"]
    assert [path.name for path in out.parent.iterdir()] == ["owl"]
    assert notes == ["writing"]


@pytest.mark.parametrize(
    ("error", "becomes", "message"),
    [
        (KeyboardInterrupt("Ctrl-C"), KeyboardInterrupt, "Ctrl-C"),
        (ModelError("it does not fit"), ModelError, "it does not fit"),
        (OSError(errno.ENOSPC, "No space left on device"), ModelError, "no space left"),
        (OSError(errno.EIO, "Input/output error"), ModelError, "cannot be written: .*output"),
        (RuntimeError("the exporter failed"), RuntimeError, "the exporter failed"),
    ],
)
def test_an_interrupted_export_leaves_nothing(
    checkpoint: Path,
    monkeypatch: pytest.MonkeyPatch,
    error: BaseException,
    becomes: type[BaseException],
    message: str,
) -> None:
    _use(monkeypatch, _raising(error))
    with pytest.raises(becomes, match=message):
        export_checkpoint(checkpoint, checkpoint.parent / "owl")
    assert list(checkpoint.parent.iterdir()) == [checkpoint]


def test_what_a_killed_export_left_is_in_nobodys_way(
    checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = checkpoint.parent / "owl"
    left = out.with_name(".owl.part")
    left.mkdir()
    (left / "old.onnx").touch()
    _use(monkeypatch, lambda work: None)
    export_checkpoint(checkpoint, out)
    assert [path.name for path in out.iterdir()] == ["model.yaml"]


def test_nothing_is_overwritten(checkpoint: Path) -> None:
    out = checkpoint.parent / "owl"
    out.mkdir()
    (out / "mine").touch()
    with pytest.raises(ModelError, match="exists already"):
        export_checkpoint(checkpoint, out)
    assert (out / "mine").exists()


def test_a_file_where_the_folder_should_go_is_said(
    checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (checkpoint.parent / "file").touch()
    _use(monkeypatch, lambda work: None)
    with pytest.raises(ModelError, match="cannot be written"):
        export_checkpoint(checkpoint, checkpoint.parent / "file" / "owl")


@pytest.mark.parametrize("module", sorted(set(MODULES.values())))
def test_every_known_architecture_has_its_module(module: str) -> None:
    pytest.importorskip("torch", reason="needs torch")
    pytest.importorskip("onnx", reason="needs onnx")
    assert callable(import_module(f"vlm_ros.exporting.{module}").export)
