from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from vlm_ros.cli import main


def test_tree() -> None:
    run = CliRunner().invoke(main, ["parse", "put the red cup left of the plate in the blue bowl"])
    assert run.exit_code == 0
    lines = [line.strip() for line in run.output.splitlines()]
    assert lines[0] == "step 1: place"
    assert 'target: "red cup"' in lines
    assert 'left of: "plate"' in lines
    assert 'destination: in: "blue bowl"' in lines


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("the red or blue cup", "one of: red, blue"),
        ("a cup or a mug", "noun: cup or mug"),
        ("second closest cup to the plate", 'number 2 nearest to: "plate"'),
        ("the other cup", "which: not one that was taken before"),
        ("the cup not on the left", "which: not at the left"),
        ("the two cups closest to each other", "nearest to each other"),
        ("the plate with an apple on it", 'supports: "apple"'),
    ],
)
def test_tree_says_all(text: str, line: str) -> None:
    run = CliRunner().invoke(main, ["parse", text])
    assert line in [printed.strip() for printed in run.output.splitlines()]


def test_json_is_one_line() -> None:
    run = CliRunner().invoke(main, ["parse", "the second cup from the left", "--json"])
    assert run.exit_code == 0
    assert run.output.count("\n") == 1
    step = json.loads(run.output)["steps"][0]
    assert step["target"]["selectors"] == [{"kind": "ordinal", "axis": "left", "count": 2}]
    assert step["destination"] is None


@pytest.mark.parametrize(("text", "part"), [("", "empty"), ("pick up", "not with what")])
def test_a_command_that_cannot_be_read_ends_with_2(text: str, part: str) -> None:
    run = CliRunner().invoke(main, ["parse", text])
    assert run.exit_code == 2
    assert part in run.output
