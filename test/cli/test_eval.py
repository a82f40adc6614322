"""vlm-ros eval, as a user calls it."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from vlm_ros.errors import SimulationError
from vlm_ros.evaluation.simulated import questions, scenes
from vlm_ros.images import read_image, write_image

SHARED = Path(__file__).parents[2].parent / "shared" / "data"
COCO128 = SHARED / "coco128"
YOLOX = SHARED / "yolox_nano" / "yolox_nano.onnx"
MEASURES = {"n", "p_at_1", "recall_at_5", "items", "answered", "skipped", "interrupted"}


def _eval(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "vlm_ros", "eval", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two rendered pictures with their questions as lines, and as labels."""
    folder = tmp_path_factory.mktemp("pictures")
    lines = []
    try:
        for scene in scenes([300, 301]):
            image = f"{scene.seed}.png"
            write_image(folder / image, scene.frame.rgb)
            for question in questions(scene, 4):
                if len(question.boxes) < 2:
                    box = list(question.boxes[0]) if question.boxes else None
                    lines.append(_line(image, question.expression, box))
            labels = [_label(truth.box) for truth in scene.frame.objects if truth.box[2]]
            (folder / f"{scene.seed}.txt").write_text("".join(labels), encoding="utf-8")
    except SimulationError as error:
        pytest.skip(str(error))
    (folder / "refs.jsonl").write_text("".join(lines), encoding="utf-8")
    (folder / "names.txt").write_text("thing\n", encoding="utf-8")
    return folder


def _line(image: str, expression: str, box: list[float] | None) -> str:
    return json.dumps({"image": image, "expression": expression, "box": box}) + "\n"


def _label(box: tuple[float, float, float, float]) -> str:
    x1, y1, x2, y2 = np.asarray(box) / (640, 480, 640, 480)
    return f"0 {(x1 + x2) / 2} {(y1 + y2) / 2} {x2 - x1} {y2 - y1}\n"


def _refs(folder: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return _eval("refs", folder / "refs.jsonl", "--images", folder, *arguments)


def test_refs_json_is_one_object_with_every_item(folder: Path) -> None:
    done = _refs(folder, "--json")
    assert done.returncode == 0, done.stderr
    record = json.loads(done.stdout)
    assert record.keys() >= MEASURES
    lines = (folder / "refs.jsonl").read_text(encoding="utf-8").splitlines()
    assert record["n"] == len(record["items"]) == len(lines) > 10
    _check_shares(record)
    for item, line in zip(record["items"], map(json.loads, lines), strict=True):
        assert item.keys() >= {"image", "expression", "status", "box", "score", "iou", "reason"}
        assert item["expression"] == line["expression"] and item["image"] == line["image"]
    assert record["p_at_1"] > 0.5, "the bundled model finds most things in new scenes"


def _check_shares(record: dict[str, Any]) -> None:
    """The figures are those of the items."""
    present = [item for item in record["items"] if len(item["right_boxes"]) == 1]
    assert record["n_present"] == len(present)
    right = np.mean([item["iou"] >= 0.5 for item in present])
    any_right = np.mean([max(item["iou_of_five"], default=0) >= 0.5 for item in present])
    assert record["p_at_1"] == pytest.approx(right, abs=1e-3)
    assert record["recall_at_5"] == pytest.approx(any_right, abs=1e-3)
    assert record["recall_at_5"] >= record["p_at_1"] >= 0


def test_refs_table_and_failures(folder: Path, tmp_path: Path) -> None:
    done = _refs(folder, "--failures", tmp_path / "failures.png")
    assert done.returncode == 0, done.stderr
    assert [line.split()[0] for line in done.stdout.splitlines()[1:4]] == [
        "present",
        "absent",
        "all",
    ]
    assert "P@1" in done.stdout and "answered" in done.stdout
    assert read_image(tmp_path / "failures.png").shape[1] > 1000


@pytest.fixture
def bad(folder: Path, tmp_path: Path) -> Path:
    """The pictures with some lines that cannot be used among those that can."""
    lines = [
        _line("300.png", "the cup", [10, 10, 50, 50]),
        "not json\n",
        _line("missing.png", "the cup", [10, 10, 50, 50]),
        _line("300.png", "the cup", [600, 10, 700, 50]),
        _line("300.png", " ", [10, 10, 50, 50]),
        _line("300.png", "the left the of", [10, 10, 50, 50]),
    ]
    source = tmp_path / "bad.jsonl"
    source.write_text("".join(lines), encoding="utf-8")
    return source


def test_refs_names_bad_lines_and_goes_on(folder: Path, bad: Path) -> None:
    done = _eval("refs", bad, "--images", folder, "--json")
    assert done.returncode == 0
    record = json.loads(done.stdout)
    assert record["n"] == 2
    assert record["items"][1]["status"] == "ERROR" and record["items"][1]["box"] is None
    assert re.findall(r"line (\d)", "\n".join(record["skipped"])) == list("2345")
    for said in ("missing.png does not exist", "not JSON", "not within", "empty", "4 could not"):
        assert said in done.stderr


def test_refs_stops_at_the_first_bad_line(folder: Path, bad: Path) -> None:
    done = _eval("refs", bad, "--images", folder, "--on-error", "stop")
    assert done.returncode == 2 and done.stdout == ""
    assert (
        "line 2: this is not JSON: Expecting value at column 1" in done.stderr
        and "Traceback" not in done.stderr
    )


def test_nothing_to_measure(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "empty.jsonl").write_text("\n", encoding="utf-8")
    done = _eval("refs", tmp_path / "empty.jsonl", "--images", folder)
    assert done.returncode == 2 and "Nothing was measured" in done.stderr


def test_missing_file(folder: Path) -> None:
    done = _eval("refs", folder / "nowhere.jsonl", "--images", folder)
    assert done.returncode == 2 and "nowhere.jsonl cannot be read" in done.stderr


@pytest.mark.parametrize(
    ("name", "said"), [("failures.txt", "in .png or .jpg"), ("no/folder/f.png", "does not exist")]
)
def test_failures_are_refused_before_measuring(folder: Path, name: str, said: str) -> None:
    done = _refs(folder, "--failures", folder / name)
    assert done.returncode == 2 and done.stdout == "" and said in done.stderr


def test_ctrl_c_prints_what_was_measured(folder: Path, tmp_path: Path) -> None:
    lines = (folder / "refs.jsonl").read_text(encoding="utf-8")
    (tmp_path / "many.jsonl").write_text(lines * 1000, encoding="utf-8")
    arguments = ["refs", str(tmp_path / "many.jsonl"), "--images", str(folder), "--json"]
    process = subprocess.Popen(
        [sys.executable, "-m", "vlm_ros", "eval", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None and process.stderr is not None
    seen = ""
    while not re.search(r" [1-9]\d*/\d+ ", seen):
        seen += process.stderr.read(1)
    process.send_signal(signal.SIGINT)
    record = json.loads(process.stdout.read())
    assert process.wait(timeout=30) == 130
    assert record["interrupted"] and 0 < record["n"] < 1000 * lines.count("\n")
    assert "Interrupted" in process.stderr.read()


def test_sim(tmp_path: Path) -> None:
    done = _eval("sim", "--scenes", 5, "--seed", 320, "--json", "--failures", tmp_path / "f.png")
    assert done.returncode == 0, done.stderr
    record = json.loads(done.stdout)
    assert record.keys() >= MEASURES
    _check_shares(record)
    assert set(record["categories"]) >= {"attributes", "relations", "absent"}
    assert set(record["by"]) >= {"noun", "colour", "predicate", "needed"}
    assert record["p_at_1"] > 0.5, "the bundled model finds most things in new scenes"
    assert read_image(tmp_path / "f.png").shape[1] > 1000


def test_sim_table_without_depth() -> None:
    done = _eval("sim", "--scenes", 1, "--seed", 320, "--count", 1, "--no-depth")
    assert done.returncode == 0, done.stderr
    categories = [line.split()[0] for line in done.stdout.splitlines()[1:4]]
    assert categories == ["nouns", "attributes", "relations"]


def test_position() -> None:
    done = _eval("position", "--scenes", 2, "--seed", 30_000, "--json")
    assert done.returncode == 0, done.stderr
    groups = json.loads(done.stdout)["positions"]
    assert {(group["sensor"], group["boxes"]) for group in groups} == {
        (sensor, boxes) for sensor in ("exact", "stereo", "torn") for boxes in ("truth", "model")
    }
    assert all(group["centre_p50"] < 10.0 for group in groups)


def test_positions_in_scenes_that_were_trained_on_are_refused() -> None:
    done = _eval("position", "--scenes", 2, "--seed", 49_999)
    assert done.returncode != 0
    assert "50000" in done.stderr


def test_phrase() -> None:
    done = _eval("phrase", "green", "bottle", "--scenes", 200, "--json")
    assert done.returncode == 0, done.stderr
    record = json.loads(done.stdout)
    assert {item["expression"] for item in record["items"]} == {"the green bottle"}


def test_detect_of_one_name(folder: Path) -> None:
    done = _eval(
        "detect",
        *("--images", folder, "--labels", folder, "--names", folder / "names.txt"),
        *("--threshold", "0", "--json"),
    )
    assert done.returncode == 0, done.stderr
    record = json.loads(done.stdout)
    assert record["pictures"] == 2 and record["threshold"] == 0
    (figures,) = record["detectors"].values()
    assert figures["recall"] > 0.7, "nearly everything is proposed"
    assert figures["labelled"] == figures["classes"]["thing"]["labelled"] > 5


def test_detect_names_bad_labels(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "300.txt").write_text("0 0.5 0.5 0.1 0.1\n7 0.5 0.5 0.1 0.1\n", encoding="utf-8")
    arguments = ("--images", folder, "--labels", tmp_path, "--names", folder / "names.txt")
    done = _eval("detect", *arguments)
    assert done.returncode == 0 and "1 pictures" in done.stdout
    assert "300.txt, line 2: there is no class 7" in done.stderr
    stopped = _eval("detect", *arguments, "--on-error", "stop")
    assert stopped.returncode == 2 and stopped.stdout == ""


@pytest.mark.skipif(not YOLOX.is_file(), reason="YOLOX-Nano and COCO128 are not on this machine")
def test_detect_beside_yolox() -> None:
    done = _eval(
        "detect",
        *("--images", COCO128 / "images", "--labels", COCO128 / "labels"),
        *("--baseline", YOLOX, "--every", "8", "3", "--threshold", "0.3"),
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].startswith("16 pictures, score >= 0.3")
    (baseline,) = (line for line in lines if line.startswith("yolox_nano"))
    precision, recall = (float(v) for v in re.findall(r"(\d\.\d+) \(", baseline))
    assert precision > 0.6 and recall > 0.3, "as published for this network"
