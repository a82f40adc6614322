"""One record holds everything, and the table is made of it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from vlm_ros.evaluation.benchmark import FORMAT, Plan, ratios, run_benchmark, table
from vlm_ros.evaluation.drawn_scene import draw_scene
from vlm_ros.evaluation.racing import Result
from vlm_ros.evaluation.timing import Times
from vlm_ros.models import bundled_model


@pytest.fixture(scope="module")
def record() -> dict[str, Any]:
    plan = Plan([bundled_model()], ["onnxruntime"], (1, 100), rounds=2, starts=1, checkpoint=None)
    made: dict[str, Any] = json.loads(json.dumps(run_benchmark(plan, draw_scene(), camera=None)))
    return made


def test_the_record(record: dict[str, Any]) -> None:
    assert set(record) == {
        "format",
        "machine",
        "picture",
        "rounds",
        "messages",
        "starts",
        "runs",
        "ratios",
        "language",
    }
    assert record["format"] == FORMAT
    assert record["picture"] == {"width": 640, "height": 480}
    assert record["rounds"] == 2 and record["messages"] is False and record["ratios"] == []
    (start,) = record["starts"]
    assert start["model"] == "tabletop" and start["starts"] == 1
    assert start["first_answer_s"] > 0.0 and start["peak_memory_mb"] > 0.0
    works = [(run["work"], run["phrases"]) for run in record["runs"]]
    assert works == [
        ("phrases", 1),
        ("phrases", 100),
        ("new phrases", 1),
        ("new phrases", 100),
        ("command", None),
        ("close command", None),
    ]
    for run in record["runs"]:
        assert (run["model"], run["runtime"], run["precision"]) == (
            "tabletop",
            "onnxruntime",
            "fp32",
        )
        assert run["description"].startswith("tabletop at 640x480 in onnxruntime")
        for times in (run["frame"], *run["stages"].values()):
            assert times["count"] == 2 and times["p50_ms"] <= times["p95_ms"]
        assert run["per_second"] > 0.0 and run["cpu_ms"] > 0.0


def test_what_is_around_the_vision_pass(record: dict[str, Any]) -> None:
    for run in record["runs"]:
        if run["work"] == "new phrases":
            assert run["around_vision_ms"] is run["around_vision_cpu_ms"] is None
            continue
        stages = {name: times["p50_ms"] for name, times in run["stages"].items()}
        around = sum(stages.values()) - stages["vision"]
        assert run["around_vision_ms"] == pytest.approx(around, abs=2e-3)
        assert 0.0 < run["around_vision_cpu_ms"] < run["cpu_ms"]
        assert {"preprocess", "propose", "rest"} < stages.keys()


def test_the_table_says_the_same(record: dict[str, Any]) -> None:
    said = table(record)
    assert "tabletop, onnxruntime, fp32: 1 phrase;" in said
    assert "tabletop, onnxruntime, fp32: 100 phrases, never heard before" in said
    for run in record["runs"]:
        assert f"{run['frame']['p50_ms']:.2f} ms" in said
        assert f"{run['per_second']:.1f} a second" in said
    assert f"{record['starts'][0]['first_answer_s']:.2f} s from a fresh process" in said
    assert "transformers" not in said.partition("\n\n")[2]


def _result(work: str, phrases: int | None, p50: float, cpu: float, model: str) -> Result:
    facts = {"model": model, "runtime": "r", "precision": "p", "work": work, "phrases": phrases}
    return Result(facts, {}, {}, Times(3, p50, 99.0), cpu, 1.0)


def test_ratios_are_of_equal_work() -> None:
    ours = [
        _result("phrases", 1, 100.0, 150.0, "small"),
        _result("phrases", 10, 100.0, 150.0, "small"),
        _result("phrases", 1, 50.0, 60.0, "int8"),
        _result("new phrases", 1, 1.0, 1.0, "small"),
        _result("command", None, 1.0, 1.0, "small"),
        _result("phrases", 7, 1.0, 1.0, "small"),
    ]
    theirs = [_result("phrases", 1, 250.0, 300.0, "t"), _result("phrases", 10, 400.0, 600.0, "t")]
    found = [(r["model"], r["phrases"], r["frame"], r["cpu"]) for r in ratios(ours, theirs)]
    assert found == [("small", 1, 2.5, 2.0), ("small", 10, 4.0, 4.0), ("int8", 1, 5.0, 5.0)]


def test_ratios_in_the_table(record: dict[str, Any]) -> None:
    ratio = {
        "model": "m",
        "runtime": "r",
        "precision": "int8",
        "phrases": 10,
        "frame": 5.25,
        "cpu": 4.75,
    }
    said = table({**record, "ratios": [ratio]})
    assert "m, r, int8, 10 phrases: 5.25, 4.75" in said
