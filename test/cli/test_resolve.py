from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from vlm_ros.cli import main

SCENE: dict[str, Any] = {
    "width": 640,
    "height": 480,
    "objects": [
        {"name": "cup", "box": [100, 200, 160, 260], "attributes": ["red"]},
        {"name": "cup", "box": [400, 200, 460, 260], "attributes": ["blue"]},
        {"name": "plate", "box": [250, 220, 350, 260], "attributes": ["white"]},
        {"name": "book", "box": [10, 10, 100, 60], "attributes": ["dark blue"]},
        {"name": "bottle", "box": [500, 100, 540, 250], "attributes": ["green", "red cap"]},
        {"name": "bottle with a blue cap", "box": [560, 100, 600, 250], "attributes": ["green"]},
        {"name": "spoon", "box": [300, 400, 380, 420], "position": [0.0, 0.1, 0.5]},
    ],
}


@pytest.fixture
def scene(tmp_path: Path) -> Path:
    path = tmp_path / "scene.json"
    path.write_text(json.dumps(SCENE), encoding="utf-8")
    return path


def run(*arguments: object) -> tuple[int, str]:
    result = CliRunner().invoke(main, ["resolve", *map(str, arguments)])
    return result.exit_code, result.output


@pytest.mark.parametrize(
    ("text", "status", "targets"),
    [
        ("the red cup", "FOUND", [0]),
        ("the mug left of the dish", "FOUND", [0]),
        ("the notebook", "FOUND", [3]),
        ("the navy novel", "FOUND", [3]),
        ("the light blue book", "NOT_FOUND", []),
        ("the bottle with a red cap", "FOUND", [4]),
        ("the bottle with the blue cap", "FOUND", [5]),
        ("the bottle without a red cap", "FOUND", [5]),
        ("the cup", "AMBIGUOUS", []),
        ("all the cups", "FOUND", [0, 1]),
        ("the fork", "NOT_FOUND", []),
        ("the wrench", "NOT_FOUND", []),
        ("the piece of cutlery", "FOUND", [6]),
        ("the cutlery", "FOUND", [6]),
        ("pick up the red cup and put it on the plate", "FOUND", [0]),
        ("pick up the red cup and the spoon", "FOUND", [0, 6]),
    ],
)
def test_answers(text: str, status: str, targets: list[int], scene: Path) -> None:
    code, output = run(scene, text, "--json")
    assert output.count("\n") == 1
    answer = json.loads(output)
    assert (answer["status"], answer["targets"]) == (status, targets)
    assert code == (0 if status == "FOUND" else 1)
    assert bool(answer["question"]) == (status == "AMBIGUOUS")
    assert answer["evidence"]


def test_evidence_says_why(scene: Path) -> None:
    answer = json.loads(run(scene, "the red cup left of the plate", "--json")[1])
    row = answer["evidence"][0]
    assert (row["index"], row["answer"], row["noun"]) == (0, "found", 1.0)
    assert row["attributes"]["red"] > 0.9
    assert row["relations"]["left_of plate"] > 0.9


def test_table_for_people(scene: Path) -> None:
    _, output = run(scene, "the cup")
    assert output.startswith("AMBIGUOUS")
    assert "the red one or the blue one?" in output


def test_a_bad_line_of_a_batch_is_answered_in_its_place(tmp_path: Path) -> None:
    lines = [
        json.dumps({"scene": SCENE, "text": "the red cup", "id": 7}),
        "{not json",
        json.dumps({"scene": SCENE, "text": "pick up"}),
        json.dumps({"scene": {"width": 640}, "text": "the cup"}),
        json.dumps({"text": "the cup"}),
        json.dumps([1, 2]),
        json.dumps({"scene": SCENE, "text": "the plate"}),
    ]
    batch = tmp_path / "batch.jsonl"
    batch.write_text("\n".join(lines) + "\n", encoding="utf-8")
    code, output = run("--batch", batch)
    answers = [json.loads(line) for line in output.splitlines()]
    assert code == 0
    assert [a["status"] for a in answers] == ["FOUND", *["ERROR"] * 5, "FOUND"]
    assert all(set(a) >= {"status", "targets", "question", "evidence"} for a in answers)
    assert all(a["reason"] for a in answers)


@pytest.mark.parametrize(
    ("change", "part"),
    [
        ({"width": 0}, '"width"'),
        ({"height": "high"}, '"height"'),
        ({"objects": {}}, '"objects"'),
        ({"objects": [{"name": "cup", "box": [1, 2, 3]}]}, "object 0 (cup)"),
        ({"objects": [{"name": "cup", "box": [9, 2, 3, 9]}]}, "x1 < x2"),
        ({"objects": [{"name": "cup", "box": [1, 2, float("nan"), 9]}]}, '"box"'),
        ({"objects": [{"name": " ", "box": [1, 2, 3, 4]}]}, '"name"'),
        ({"objects": [{"name": "cup", "box": [1, 2, 3, 4], "attributes": "red"}]}, "attributes"),
        ({"objects": [{"name": "cup", "box": [1, 2, 3, 4], "position": [1]}]}, "position"),
        ({"objects": [7]}, "object 0"),
    ],
)
def test_a_bad_scene_is_named_with_what_is_wrong(
    change: dict[str, Any], part: str, tmp_path: Path
) -> None:
    path = tmp_path / "scene.json"
    path.write_text(json.dumps({**SCENE, **change}), encoding="utf-8")
    code, output = run(path, "the cup")
    assert code == 2
    assert str(path) in output.replace("\n", "")
    assert part in output


def test_a_scene_without_objects_is_answered(tmp_path: Path) -> None:
    path = tmp_path / "scene.json"
    path.write_text(json.dumps({**SCENE, "objects": []}), encoding="utf-8")
    code, output = run(path, "the cup", "--json")
    assert code == 1
    assert json.loads(output)["status"] == "NOT_FOUND"


@pytest.mark.parametrize(
    "arguments", [(), ("scene.json",), ("missing.json", "the cup"), ("--batch", "missing.jsonl")]
)
def test_what_is_missing_ends_with_2(arguments: tuple[str, ...]) -> None:
    assert run(*arguments)[0] == 2
