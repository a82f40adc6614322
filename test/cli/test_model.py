"""vlm-ros model: what is known, what is here, and from a checkpoint to a model folder."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner, Result

from vlm_ros.cli import main
from vlm_ros.engines.cache import EngineCache, EngineKey
from vlm_ros.engines.digest import digest_of_graph
from vlm_ros.hub.registry import entries
from vlm_ros.models import bundled_model

NAME = "owlvit-base-patch32"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("VLM_ROS_HOME", str(tmp_path))
    return tmp_path


def model(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["model", *arguments])


def put_model(home: Path, name: str) -> Path:
    return shutil.copytree(bundled_model(), home / "models" / name)


def test_list_has_a_line_for_each_model_that_is_known_or_exported(home: Path) -> None:
    put_model(home, NAME)
    put_model(home, "mine")
    result = model("list")
    assert result.exit_code == 0
    lines = {line.split()[0]: line for line in result.output.splitlines()[1:]}
    assert list(lines) == [entry.name for entry in entries()] + ["mine"]
    assert "bundled" in lines["tabletop"]
    assert "613 MB" in lines[NAME] and "exported" in lines[NAME]
    assert "LVIS val 19.3, LVIS val rare 16.9" in lines[NAME]
    assert "exported" in lines["mine"]
    assert "exported" not in lines["owlvit-base-patch16"]


def test_list_for_programs(home: Path) -> None:
    folder = put_model(home, NAME)
    models = {
        record["name"]: record for record in json.loads(model("list", "--json").output)["models"]
    }
    assert models[NAME]["folder"] == str(folder)
    assert models[NAME]["checkpoint"] is None
    assert models[NAME]["repository"] == f"google/{NAME}"
    assert models[NAME]["accuracy"] == {"LVIS val": 19.3, "LVIS val rare": 16.9}


def test_info_of_a_model_that_is_not_here_says_what_is_known() -> None:
    result = model("info", NAME)
    assert result.exit_code == 0
    for said in (NAME, "Apache-2.0", "153 million", "768x768", f"google/{NAME}", "LVIS val 19.3"):
        assert said in result.output
    assert "graphs" not in json.loads(model("info", NAME, "--json").output)


@pytest.mark.parametrize("by_name", [True, False])
def test_info_of_a_model_folder_says_what_is_in_it(home: Path, by_name: bool) -> None:
    folder = put_model(home, "mine")
    record = json.loads(model("info", "mine" if by_name else str(folder), "--json").output)
    assert record["folder"] == str(folder)
    assert record["image"] == {"width": 640, "height": 480, "resize": "letterbox"}
    assert record["licence"] == "Apache-2.0"
    assert record["files"]["vision.onnx"] == (folder / "vision.onnx").stat().st_size
    vision, text = record["graphs"]
    assert vision["inputs"] == {"image": [1, 3, "32*rows", "32*columns"]}
    assert vision["sha256"] == digest_of_graph(folder / "vision.onnx")
    assert set(text["inputs"]) == {"input_ids", "attention_mask"}
    page = model("info", str(folder)).output
    assert "in  image (1, 3, 32*rows, 32*columns)" in page and vision["sha256"] in page


def test_info_names_the_engines_of_the_graph(home: Path) -> None:
    keys = [
        EngineKey(graph, "tensorrt", "10.3.0", "Orin sm87", "fp16", "c" * 64)
        for graph in (digest_of_graph(bundled_model() / "vision.onnx"), "0" * 64)
    ]
    cache = EngineCache()
    for key in keys:
        with cache.building(key, lambda: None) as work:
            (work / "engine").write_bytes(b"engine")
            cache.publish(key, work / "engine", "tabletop", "2026-01-01T00:00:00Z", {})
    engines = json.loads(model("info", "tabletop", "--json").output)["engines"]
    assert [engine["id"] for engine in engines] == [keys[0].digest]
    assert (
        f"{keys[0].digest[:12]}  fp16, tensorrt 10.3.0, Orin sm87"
        in model("info", "tabletop").output
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("info", "owlvit-base-patch23"), "Did you mean owlvit-base-patch32"),
        (("info", "/nowhere/model"), "/nowhere/model does not exist"),
        (("export", NAME), f"'vlm-ros model pull {NAME}' first"),
        (("export", "tabletop"), "is a model folder already"),
        (("export", "/nowhere/model"), "No model is called '/nowhere/model'"),
        (("pull", "owlvit"), "Did you mean"),
        (("pull", "tabletop"), "comes with the package"),
    ],
)
def test_errors_are_sentences(arguments: tuple[str, ...], said: str) -> None:
    result = model(*arguments)
    assert result.exit_code == 2
    assert said in result.output


def test_an_exported_model_is_named_wherever_a_model_is(home: Path) -> None:
    put_model(home, "mine")
    picture = home / "picture.png"
    cv2.imwrite(str(picture), np.full((120, 160, 3), 128, np.uint8))
    for name, code in (("mine", 1), ("yours", 2)):
        result = CliRunner().invoke(main, ["ground", str(picture), "the cup", "--model", name])
        assert result.exit_code == code, result.output
    assert "There is no model folder yours here" in result.output
