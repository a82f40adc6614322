from __future__ import annotations

import fcntl
import os
from pathlib import Path

import pytest

from vlm_ros.nodes.shared_memory import dead_ports_avoided, lost_ports, remove_orphans

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


def process(folder: Path, *ports: str) -> Path:
    """The processes of a machine: one that has these ports in memory."""
    maps = folder / "proc" / "123" / "maps"
    maps.parent.mkdir(parents=True, exist_ok=True)
    lines = [f"7f00-7f01 rw-s 00000000 00:1b 7    /dev/shm/{port}\n" for port in ports]
    maps.write_text("7f02-7f03 rw-p 00000000 00:00 0\n" + "".join(lines))
    return folder / "proc"


@pytest.mark.parametrize("seen_as", ["fastdds_port7663", "fastdds_port7663 (deleted)"])
def test_a_dead_port_that_others_send_to_is_locked(tmp_path: Path, seen_as: str) -> None:
    port = segment(tmp_path, "fastdds_port7663")
    with (tmp_path / "fastdds_port7663_el").open() as lock:
        with dead_ports_avoided(tmp_path, process(tmp_path, seen_as)) as avoided:
            assert avoided == [port]
            with pytest.raises(BlockingIOError):
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_a_port_whose_removed_file_others_send_to_is_locked(
    tmp_path: Path,
) -> None:
    """Who only wants to send to a dead port makes the next file, and leaves no lock."""
    port = tmp_path / "fastdds_port7663"
    port.write_bytes(b"memory")
    proc = process(tmp_path, "fastdds_port7663 (deleted)")
    with dead_ports_avoided(tmp_path, proc) as avoided:
        assert avoided == [port]
        with (tmp_path / "fastdds_port7663_el").open() as lock, pytest.raises(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    assert not (tmp_path / "fastdds_port7663_el").exists()
    assert port.exists()


def test_a_port_that_only_senders_have_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / "fastdds_port7663").write_bytes(b"memory")
    with dead_ports_avoided(tmp_path, process(tmp_path, "fastdds_port7663")) as avoided:
        assert avoided == []
        assert not (tmp_path / "fastdds_port7663_el").exists()


def test_a_dead_port_that_nobody_has_in_memory_is_left_to_others(tmp_path: Path) -> None:
    segment(tmp_path, "fastdds_port7663")
    with dead_ports_avoided(tmp_path, process(tmp_path, "fastdds_port7665")) as avoided:
        assert avoided == []


def test_a_port_of_a_living_process_is_not_touched(tmp_path: Path) -> None:
    segment(tmp_path, "fastdds_port7663")
    with (tmp_path / "fastdds_port7663_el").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with dead_ports_avoided(tmp_path, process(tmp_path, "fastdds_port7663")) as avoided:
            assert avoided == []


def test_ports_are_avoided_on_any_machine(tmp_path: Path) -> None:
    with dead_ports_avoided(tmp_path / "nowhere", tmp_path / "no_proc") as avoided:
        assert avoided == []


def listening(proc: Path, *locks: str) -> Path:
    """The process of `process`, which holds these locks."""
    folder = proc / "123" / "fd"
    folder.mkdir()
    for number, lock in enumerate(locks):
        (folder / str(number)).symlink_to(f"/dev/shm/{lock}")
    return proc / "123"


@pytest.mark.parametrize("lock", ["fastdds_port7663_el", "fastdds_port7663_el (deleted)"])
def test_a_removed_port_where_a_process_listens_is_lost(tmp_path: Path, lock: str) -> None:
    proc = process(tmp_path, "fastdds_port7663 (deleted)", "fastdds_port7001")
    own = listening(proc, lock, "fastdds_port7001_el")
    assert lost_ports(own) == ["fastdds_port7663"]


def test_a_removed_port_that_a_process_only_sends_to_is_not_its_own(tmp_path: Path) -> None:
    own = listening(process(tmp_path, "fastdds_port7663 (deleted)"), "fastdds_port7001_el")
    assert lost_ports(own) == []


def test_nothing_is_lost_where_there_is_no_proc(tmp_path: Path) -> None:
    assert lost_ports(tmp_path / "nowhere") == []
