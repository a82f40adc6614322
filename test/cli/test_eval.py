"""vlm-ros eval sim, as a user calls it."""

from __future__ import annotations

import json
import subprocess
import sys


def _eval(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "vlm_ros", "eval", "sim", *arguments],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def test_every_item_is_listed_and_most_are_right() -> None:
    done = _eval("--scenes", "8", "--seed", "300", "--json")
    assert done.returncode == 0, done.stderr
    record = json.loads(done.stdout)
    assert record["n"] == len(record["items"]) > 20
    for known, share in record["shares"].items():
        items = [item for item in record["items"] if item["known"] == known]
        assert share == {"right": sum(item["right"] for item in items), "of": len(items)}
    unique = record["shares"]["unique"]
    assert unique["right"] > unique["of"] / 2, "the bundled model finds most things in new scenes"


def test_table() -> None:
    done = _eval("--scenes", "1", "--seed", "301", "--count", "1")
    assert done.returncode == 0, done.stderr
    assert [line.split()[0] for line in done.stdout.splitlines()] == [
        "kind",
        "unique",
        "ambiguous",
        "absent",
    ]
