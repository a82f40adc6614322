from __future__ import annotations

import fcntl
import os
from pathlib import Path

import pytest

from vlm_ros.nodes.shared_memory import remove_orphans

NAME = "fastdds_0123456789abcdef"


def segment(folder: Path, name: str = NAME) -> Path:
    """A segment whose process made it long ago."""
    (folder / name).write_bytes(b"memory")
    lock = folder / f"{name}_el"
    lock.touch()
    os.utime(lock, (0.0, 0.0))
    return folder / name


@pytest.mark.parametrize("name", [NAME, "fastrtps_fedcba9876543210"])
def test_what_nobody_holds_is_removed(tmp_path: Path, name: str) -> None:
    orphan = segment(tmp_path, name)
    assert remove_orphans(tmp_path) == [orphan]
    assert list(tmp_path.iterdir()) == []


def test_what_a_process_holds_stays(tmp_path: Path) -> None:
    segment(tmp_path)
    with (tmp_path / f"{NAME}_el").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert remove_orphans(tmp_path) == []
    assert len(list(tmp_path.iterdir())) == 2


def test_what_was_made_just_now_stays(tmp_path: Path) -> None:
    segment(tmp_path)
    os.utime(tmp_path / f"{NAME}_el")
    assert remove_orphans(tmp_path) == []


@pytest.mark.parametrize("name", ["fastdds_port7001", "sem.fastdds_port7001_mutex", "someone's"])
def test_what_is_no_segment_stays(tmp_path: Path, name: str) -> None:
    segment(tmp_path, name)
    assert remove_orphans(tmp_path) == []


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    segment(tmp_path)
    (tmp_path / f"{NAME}_el").rename(tmp_path / "elsewhere")
    (tmp_path / f"{NAME}_el").symlink_to(tmp_path / "elsewhere")
    os.utime(tmp_path / f"{NAME}_el", (0.0, 0.0), follow_symlinks=False)
    assert remove_orphans(tmp_path) == []
    assert len(list(tmp_path.iterdir())) == 3


def test_a_machine_without_shared_memory_is_no_error(tmp_path: Path) -> None:
    assert remove_orphans(tmp_path / "nowhere") == []
