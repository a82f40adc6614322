from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from vlm_ros.cli import main
from vlm_ros.evaluation.drawn_scene import draw_scene
from vlm_ros.images import write_image


def _bench(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["bench", "--rounds", "1", "--starts", "1", *arguments])


def test_json_is_one_object() -> None:
    run = _bench("--phrases", "2", "--json")
    assert run.exit_code == 0, run.output
    record = json.loads(run.stdout)
    assert {run["phrases"] for run in record["runs"]} == {2, None}
    assert record["language"]["parse"]["p50_ms"] > 0.0


def test_a_picture_of_ones_own(tmp_path: Path) -> None:
    picture = tmp_path / "picture.png"
    write_image(picture, draw_scene(seed=4).image[:300, :500])
    run = _bench("--phrases", "1", "--image", str(picture))
    assert run.exit_code == 0, run.output
    assert "around the vision pass" in run.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--phrases", "0"], "0 is not in the range"),
        (["--phrases", "101"], "101 is not in the range"),
        (["--rounds", "0"], "0 is not in the range"),
        (["--against", "nothing"], "'nothing' is not"),
        (["--against", "transformers"], "--checkpoint belong together"),
        (["--checkpoint", "somewhere"], "--checkpoint belong together"),
        (["--runtime", "abacus"], "abacus"),
        (["--model", "no such model"], "no such model"),
        (["--image", "missing.png"], "missing.png"),
    ],
)
def test_what_is_refused(arguments: list[str], said: str) -> None:
    run = _bench(*arguments)
    assert run.exit_code == 2
    assert said in run.stderr


def test_without_torch_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    run = _bench("--against", "transformers", "--checkpoint", str(tmp_path))
    assert run.exit_code == 2
    assert "torch is not installed" in run.stderr and "[export]" in run.stderr
