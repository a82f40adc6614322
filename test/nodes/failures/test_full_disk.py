"""No room left, wherever the node might want to write."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("rclpy", reason="needs ROS 2")

from action_msgs.msg import GoalStatus

from vlm_ros.action import Ground

COMMAND = "the red cup"
_BLOCK = bytes(4096)


def fill(disk: Path) -> None:
    with suppress(OSError), (disk / "filling").open("ab", buffering=0) as file:
        while True:
            file.write(_BLOCK)
    assert shutil.disk_usage(disk).free == 0


def use(disk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Children keep their logs, caches and temporary files on a disk."""
    for variable in ("HOME", "ROS_LOG_DIR", "TMPDIR", "VLM_ROS_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(variable, str(disk))


def check_goals(client: Any, camera: Any) -> None:
    """The node answers, and logs what it cannot read."""
    for _ in range(20):
        outcome = client.result(client.send_goal("pick up"))
        assert outcome.result.error_code == Ground.Result.INVALID_COMMAND
    outcome = client.result(client.send_goal(COMMAND))
    assert outcome.status == GoalStatus.STATUS_SUCCEEDED
    camera.check(outcome.result.grounding)


def test_a_disk_that_is_full_from_the_start(
    client: Any,
    camera: Any,
    start: Callable[..., Any],
    model: Path,
    small_disk: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    use(small_disk, monkeypatch)
    fill(small_disk)
    with start("node", "--model", str(model)) as node:
        check_goals(client, camera)
        node.check()


def test_a_disk_that_becomes_full(
    client: Any,
    camera: Any,
    start: Callable[..., Any],
    model: Path,
    small_disk: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    use(small_disk, monkeypatch)
    with start("node", "--model", str(model)) as node:
        check_goals(client, camera)
        written = [path for path in small_disk.rglob("*.log") if path.stat().st_size]
        assert written, "it keeps no log, so that this test shows nothing"
        fill(small_disk)
        check_goals(client, camera)
        node.check()


def test_nothing_can_be_said(client: Any, camera: Any, model: Path) -> None:
    """As where standard output is a file on a full disk."""
    arguments = ["node", "--model", str(model), "--ros-args", "-r", f"__ns:={client.namespace}"]
    with Path("/dev/full").open("w") as full:
        process = subprocess.Popen(
            [sys.executable, "-m", "vlm_ros", *arguments], stdout=full, stderr=full
        )
    try:
        check_goals(client, camera)
        assert process.poll() is None
    finally:
        process.terminate()
        assert process.wait(5.0) == 0


def test_a_folder_for_logs_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    folder = tmp_path / "file" / "log"
    result = subprocess.run(
        [sys.executable, "-m", "vlm_ros", "node"],
        env=os.environ | {"ROS_LOG_DIR": str(folder)},
        capture_output=True,
        text=True,
        timeout=30.0,
        check=False,
    )
    assert result.returncode == 2
    (sentence,) = result.stderr.splitlines()
    assert sentence.startswith("Error: ")
    assert str(folder) in sentence


@pytest.mark.timeout(180)
def test_no_room_in_shared_memory(tmp_path: Path) -> None:
    """A container has 64 MB of it, unless it is told otherwise."""
    pytest.importorskip("mujoco", reason="needs the extra 'sim'")
    apart = ["unshare", "--mount", "sh", "-c"]
    little = "mount -t tmpfs -o size=1m tmpfs /dev/shm"
    if subprocess.run([*apart, little], check=False, capture_output=True).returncode != 0:
        pytest.skip("may not mount a small file system here")
    # By UDP, most images of a busy machine get lost.
    demo = f"{sys.executable} -m vlm_ros demo --timeout 60 --out {tmp_path / 'demo.png'}"
    result = subprocess.run(
        [*apart, f"{little} && exec {demo}"],
        capture_output=True,
        text=True,
        timeout=160.0,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert "FOUND" in result.stdout
