"""A soak of a few seconds, for what the command prints and writes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("rclpy", reason="needs ROS 2")
pytest.importorskip("mujoco", reason="needs the extra 'sim'")


def test_the_record_says_what_the_table_says(tmp_path: Path) -> None:
    record = tmp_path / "soak.json"
    few = ["--minutes", "0.1", "--warm-up", "0", "--rate", "5", "--cores", "1"]
    small = ["--width", "320", "--height", "240", "--out", str(record)]
    result = subprocess.run(
        [sys.executable, "-m", "vlm_ros", "soak", *few, *small],
        capture_output=True,
        text=True,
        check=False,
    )
    data = json.loads(record.read_text("utf-8"))
    assert data["plan"]["rate"] == 5.0
    assert data["machine"]["cores"] >= 1
    report, broken = data["report"], data["broken"]
    assert 20 <= report["frames"] <= 35
    assert f"{report['frames']}, of them" in result.stdout
    assert f"p95 {report['published']['p95_ms']} ms" in result.stdout
    assert report["processes"].keys() == {"node", "camera", "witness"}
    # The first seconds of a node are no soak: what they break is said, whatever it is.
    assert result.returncode == bool(broken)
    for sentence in broken:
        assert sentence in result.stderr
