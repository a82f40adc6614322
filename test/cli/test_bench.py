from __future__ import annotations

import json

from click.testing import CliRunner

from vlm_ros.cli import main


def test_language_keeps_its_goals() -> None:
    run = CliRunner().invoke(main, ["bench", "language", "--rounds", "1", "--json"])
    assert run.exit_code == 0
    record = json.loads(run.output)
    times = {name.partition(",")[0]: row for name, row in record.items() if name != "machine"}
    # Ten times the goals, so that a busy machine does not fail them.
    assert times["parse"]["p50_ms"] < 10.0
    assert times["resolve"]["p50_ms"] < 50.0
