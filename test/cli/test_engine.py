"""The command `engine` on a cache whose engines nobody needs to run."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from vlm_ros.cli import main
from vlm_ros.engines.cache import EngineCache, EngineKey, Entry
from vlm_ros.engines.digest import digest_of_graph
from vlm_ros.models import bundled_model

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    def invoke(*arguments: str) -> Result:
        return CliRunner().invoke(main, ["engine", *arguments, "--cache", str(tmp_path)])

    return invoke


@pytest.fixture
def entry(tmp_path: Path) -> Entry:
    graph = digest_of_graph(bundled_model() / "vision.onnx")
    key = EngineKey(graph, "tensorrt", "10.3.0.30", "Orin, sm87", "fp16", "")
    parity = {
        "inputs": 2,
        "regions": 40,
        "largest_box_px": 1.25,
        "typical_box_px": 0.2,
        "lowest_cosine": 0.9991,
        "typical_cosine": 0.9999,
        "largest_difference": {"objectness": 0.01},
    }
    facts = {"folder": str(bundled_model()), "parity_of_the_graph": parity}
    cache = EngineCache(tmp_path)
    tmp_path.chmod(0o700)
    with cache.building(key, lambda: None) as folder:
        (folder / "engine").write_bytes(b"an engine")
        return cache.publish(
            key, folder / "engine", "tabletop", "2026-01-01T00:00:00.000+00:00", facts
        )


def test_the_commands_are_listed() -> None:
    result = CliRunner().invoke(main, ["engine", "--help"])
    assert result.exit_code == 0
    for name in ("build", "list", "verify", "remove"):
        assert f"  {name} " in result.output


def test_an_empty_cache(run: Run, tmp_path: Path) -> None:
    assert f"There are no engines in {tmp_path}" in run("list").output
    assert json.loads(run("list", "--json").output)["engines"] == []
    assert run("verify").exit_code == 0


def test_an_engine_is_listed_with_what_it_is_for(run: Run, entry: Entry) -> None:
    listed = run("list").output
    assert listed.startswith(entry.key.digest[:12])
    assert "tabletop, fp16, tensorrt 10.3.0.30, Orin, sm87" in listed
    (record,) = json.loads(run("list", "--json").output)["engines"]
    assert record["id"] == entry.key.digest
    assert record["device"] == "Orin, sm87"
    assert record["parity_of_the_graph"]["regions"] == 40


def test_verify_shows_the_report_and_why_the_engine_was_not_run(run: Run, entry: Entry) -> None:
    result = run("verify")
    assert result.exit_code == 0
    assert "whole" in result.output
    assert "40 regions of 2 pictures, against FP32: boxes differ by at most 1.2 px" in result.output
    assert "The engine was not run here" in result.output


def test_verify_names_what_is_damaged(run: Run, entry: Entry) -> None:
    entry.engine.write_bytes(b"an enginf")
    result = run("verify")
    assert result.exit_code == 1
    assert "checksum differs" in result.output
    entry.engine.with_suffix(".json").write_text("{")
    result = run("verify")
    assert result.exit_code == 1
    assert "has no description that can be read" in result.output
    assert "1 damaged files" in run("list").output
    assert str(entry.engine) in run("remove", "--damaged").output
    assert not entry.engine.exists()


def test_remove_wants_an_id_that_is_one(run: Run, entry: Entry) -> None:
    assert run("remove").exit_code == 2
    assert "no engines have an id that begins with 'zz'" in run("remove", "zz").output
    assert run("remove", entry.key.digest[:6]).exit_code == 0
    assert not entry.engine.exists()
    assert run("remove", "--all").exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["build", "--precision", "int8"], "--calibration"),
        (["build", "--workspace", "0"], "0"),
        (["build", "--precision", "bf16"], "bf16"),
        (["build", "--calibration", "nowhere"], "nowhere"),
    ],
)
def test_bad_arguments_are_refused(run: Run, arguments: list[str], said: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert said in result.output
