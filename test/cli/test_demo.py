"""The demonstration as a user calls it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytest.importorskip("rclpy", reason="needs ROS 2")
pytest.importorskip("mujoco", reason="needs the extra 'sim'")

from vlm_ros.cli.demo import SEED, offers_a_choice
from vlm_ros.images import read_image
from vlm_ros.simulation.scene import generate_scene


def demo(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "vlm_ros", "demo", *arguments],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )


def namespaces_left() -> list[str]:
    """Command lines of processes that a demonstration started."""
    lines = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = entry.read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
        if "__ns:=/demo_" in line:
            lines.append(line)
    return lines


def test_the_scene_asks_for_a_choice() -> None:
    assert offers_a_choice(generate_scene(SEED))


def test_the_red_cup_is_found_and_shown(tmp_path: Path) -> None:
    picture = tmp_path / "demo.png"
    begun = time.monotonic()
    done = demo("--out", str(picture))
    seconds = time.monotonic() - begun
    assert done.returncode == 0, done.stdout + done.stderr
    said = dict(line.split(maxsplit=1) for line in done.stdout.splitlines())
    assert said["command"] == "pick up the red cup"
    assert said["status"].startswith("FOUND")
    assert said["target"] == "red cup"
    assert said["position"].endswith("camera_color_optical_frame")
    assert said["truth"].startswith("red")
    assert " cup" in said["truth"]
    assert float(said["IoU"]) > 0.5
    assert said["picture"] == str(picture)
    assert read_image(picture).shape[1] == 640
    assert seconds < 15.0
    assert not namespaces_left()


def test_a_command_that_cannot_be_read_starts_nothing(tmp_path: Path) -> None:
    done = demo("--command", "pick up", "--out", str(tmp_path / "demo.png"))
    assert done.returncode == 2
    assert done.stderr.startswith("Error: ")
    assert "Traceback" not in done.stderr


def test_a_missing_model_is_said(tmp_path: Path) -> None:
    folder = tmp_path / "nowhere"
    done = demo("--model", str(folder), "--out", str(tmp_path / "demo.png"))
    assert done.returncode == 1
    assert str(folder) in done.stdout
    assert not namespaces_left()


def test_a_simulator_that_cannot_render_is_said(tmp_path: Path) -> None:
    done = demo("--out", str(tmp_path / "demo.png"), MUJOCO_GL="nonsense")
    assert done.returncode == 2
    assert "'vlm-ros simulate' ended" in done.stderr
    assert "Traceback" not in done.stderr
    assert not namespaces_left()
