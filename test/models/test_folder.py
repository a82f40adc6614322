"""Model folders: what is wrong with one is said in a sentence."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from vlm_ros.errors import ModelError, RuntimeUnavailableError
from vlm_ros.models import bundled_model, load_model, load_text_encoder, read_spec


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the bundled model that a test may spoil."""
    return Path(shutil.copytree(bundled_model(), tmp_path / "model"))


def _edit(folder: Path, section: str, key: str, value: Any) -> None:
    path = folder / "model.yaml"
    data = yaml.safe_load(path.read_text())
    (data[section] if section else data)[key] = value
    path.write_text(yaml.safe_dump(data))


def test_bundled_model_is_complete() -> None:
    spec = read_spec(bundled_model())
    assert spec.family == "dual_encoder"
    assert spec.vision.width % 32 == 0 and spec.vision.height % 32 == 0


def test_missing_folder(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="does not exist"):
        load_model(tmp_path / "nothing")


def test_folder_without_model_yaml(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"no model\.yaml"):
        load_model(tmp_path)


@pytest.mark.parametrize("name", ["vision.onnx", "text.onnx", "tokenizer.json"])
def test_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(ModelError, match=name):
        load_model(folder)


@pytest.mark.parametrize("name", ["vision.onnx", "text.onnx", "tokenizer.json"])
def test_corrupt_file_is_named(folder: Path, name: str) -> None:
    (folder / name).write_bytes(b"not what it should be")
    with pytest.raises(ModelError, match=name):
        load_model(folder)


@pytest.mark.parametrize(
    ("section", "key", "value", "message"),
    [
        ("", "family", "oracle", "oracle"),
        ("", "dimensions", 7, "7"),
        ("", "dimensions", "many", "cannot be read"),
        ("vision", "width", 97, "multiples of 32"),
        ("vision", "mean", [0.0], "cannot be read"),
        ("vision", "graph", "text.onnx", "takes 'image'"),
        ("vision", "resize", "crop", "'crop'; this version knows letterbox"),
        ("vision", "filter", "lanczos", "'lanczos'; this version knows area"),
        ("calibration", "threshold", 1.5, "between 0 and 1"),
        ("calibration", "threshold", 0, "between 0 and 1"),
        ("text", "graph", "vision.onnx", "input_ids"),
    ],
)
def test_inconsistent_folder(
    folder: Path, section: str, key: str, value: Any, message: str
) -> None:
    _edit(folder, section, key, value)
    with pytest.raises(ModelError, match=message):
        load_model(folder)


@pytest.mark.parametrize("text", ["", "- a list", "name: [", "name: only"])
def test_unreadable_model_yaml(folder: Path, text: str) -> None:
    (folder / "model.yaml").write_text(text)
    with pytest.raises(ModelError, match=r"model\.yaml"):
        load_model(folder)


def test_unknown_runtime_is_refused() -> None:
    with pytest.raises(RuntimeUnavailableError, match="abacus"):
        load_model(bundled_model(), runtime="abacus")


def test_without_a_picture_a_fused_model_compares_no_phrases(folder: Path) -> None:
    _edit(folder, "", "family", "fused")
    with pytest.raises(ModelError, match="no meaning without a picture"):
        load_text_encoder(folder)
