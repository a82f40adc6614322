"""The shares of the written suites that come out right never fall below what was reached."""

from __future__ import annotations

from pathlib import Path

import pytest

from vlm_ros.evaluation.suite import judge_parse, judge_resolution, read_rows
from vlm_ros.models import bundled_model, load_text_encoder

OWN = Path(__file__).parent
PEOPLE = OWN / "people"


@pytest.mark.parametrize(
    ("folder", "split", "least"),
    [
        (OWN, "dev", 0.99),
        (OWN, "held_out", 0.99),
        (PEOPLE, "dev", 0.98),
        (PEOPLE, "held_out", 0.96),
    ],
)
def test_parsed_exactly(folder: Path, split: str, least: float) -> None:
    outcomes = [judge_parse(row) for row in read_rows(folder / "expressions.jsonl", split)]
    assert outcomes, f"the suite has no rows of {split}"
    assert sum(o.right for o in outcomes) / len(outcomes) >= least


@pytest.mark.parametrize(
    ("folder", "split", "least"),
    [
        (OWN, "dev", 0.99),
        (OWN, "held_out", 0.97),
        (PEOPLE, "dev", 0.98),
        (PEOPLE, "held_out", 0.94),
    ],
)
def test_resolved_right(folder: Path, split: str, least: float) -> None:
    embed = load_text_encoder(bundled_model())
    rows = read_rows(folder / "scenes.jsonl", split)
    outcomes = [judge_resolution(row, embed) for row in rows]
    assert outcomes, f"the suite has no rows of {split}"
    assert sum(o.right for o in outcomes) / len(outcomes) >= least
