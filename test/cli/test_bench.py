from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from vlm_ros.cli import main


@pytest.mark.parametrize(
    ("arguments", "rows"),
    [
        (
            ["language", "--rounds", "1"],
            {
                "parse",
                "resolve, 100 regions, 2 relations",
                "resolve, 300 regions, 3 nested",
            },
        ),
        (["frame", "--frames", "3"], {"vision", "frame", "new phrase", "known phrase"}),
    ],
)
def test_every_row_has_its_times(arguments: list[str], rows: set[str]) -> None:
    run = CliRunner().invoke(main, ["bench", *arguments, "--json"])
    assert run.exit_code == 0, run.output
    record = json.loads(run.output)
    assert record.pop("machine")
    assert record.keys() == rows
    for row in record.values():
        assert row["n"] >= 3
        assert 0.0 <= row["p50_ms"] <= row["p95_ms"]
