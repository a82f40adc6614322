"""Shared memory of ROS processes that were killed, and what they leave to others."""

from __future__ import annotations

import fcntl
import os
import re
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

SHARED_MEMORY = Path("/dev/shm")

# What Fast DDS 3 and 2 call the lock file of a segment; the segment's name is what comes before.
_LOCK = re.compile(r"(fast(?:dds|rtps)_[0-9a-z]{16})_el")
# A process makes the file first and locks it then.
_YOUNGEST_S = 2.0
# Where messages for a process arrive, in what it has in memory.
_PORT = re.compile(r"/(fast(?:dds|rtps)_port\d+)( \(deleted\))?$", re.MULTILINE)
_REMOVED = " (deleted)"


def remove_orphans(folder: Path = SHARED_MEMORY) -> list[Path]:
    """Gives back the segments of processes that are no longer there.

    Fast DDS keeps a segment in a file until its process ends properly; a process that is killed
    leaves it, and memory with it (17 MB under this package's profile), until the machine starts
    anew. The owner of a segment holds a lock that the kernel gives back when it dies: where that
    is free, nobody can use the segment any more. `fastdds shm clean` does the same.

    Args:
        folder: where they are.

    Returns:
        The segments that were removed.
    """
    locks = [lock for lock in _entries(folder) if _LOCK.fullmatch(lock.name)]
    return [lock.with_name(lock.name[:-3]) for lock in locks if _removed(lock)]


@contextmanager
def dead_ports_avoided(
    folder: Path = SHARED_MEMORY, processes: Path = Path("/proc")
) -> Iterator[list[Path]]:
    """While this is held, Fast DDS takes no port of a killed process that others still send to.

    Fast DDS lets a process have the port of one that was killed: it makes another file of the same
    name. Who still had the first one in memory, as a client that waits for the killed node, goes
    on sending there, and the new node is never heard of (seen with 3.2;
    https://github.com/eProsima/Fast-DDS/pull/4728). A port that is locked is left alone, and the
    next number taken. Two kinds are: those that nobody locks any more and somebody still has in
    memory, and those of which somebody still has a removed file in memory, whoever made the next
    one (often a process that only wanted to send). What no process has in memory is left to Fast
    DDS.

    Args:
        folder: where the ports are.
        processes: what runs; a port that none of these has in memory does no harm.

    Yields:
        The files of the ports that are avoided.
    """
    in_memory = _ports_in_memory(processes)
    with ExitStack() as held:
        avoided = []
        for port in sorted({port for port, _ in in_memory}):
            lock = folder / f"{port}_el"
            holding = _locked_anew(lock) if (port, _REMOVED) in in_memory else _locked(lock)
            # A living process holds it, or nobody ever listened there.
            with suppress(OSError):
                held.enter_context(holding)
                avoided.append(folder / port)
        yield avoided


def lost_ports(process: Path = Path("/proc/self")) -> list[str]:
    """The ports that a process listens to, and that nobody who starts now will find.

    Where two processes open a port at the same moment, one that listens and one that sends, and a
    third just leaves it, Fast DDS may take the new file for a broken one and remove it (3.2; about
    one start in 300 that follows the end of another node). The process goes on listening there.

    Args:
        process: its folder in /proc.

    Returns:
        The names of their files, without the folder.
    """
    try:
        maps = (process / "maps").read_text()
    except OSError:
        return []
    open_locks = set()
    for file in _entries(process / "fd"):
        with suppress(OSError):  # closed meanwhile
            # Who looks whether a port is dead may remove the lock of one that begins just then.
            open_locks.add(file.readlink().name.removesuffix(_REMOVED))
    removed = {port for port, deleted in _PORT.findall(maps) if deleted}
    return sorted(port for port in removed if f"{port}_el" in open_locks)


def _ports_in_memory(processes: Path) -> set[tuple[str, str]]:
    """Names of ports, each with a word where its file has been removed."""
    found: set[tuple[str, str]] = set()
    for process in _entries(processes):
        # Those of other users cannot be read, nor can these open the ports of this one.
        with suppress(OSError):
            found |= set(_PORT.findall((process / "maps").read_text()))
    return found


def _entries(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() else []


def _removed(lock: Path) -> bool:
    # It may vanish at any moment, or belong to another user.
    with suppress(OSError):
        if time.time() - lock.lstat().st_mtime < _YOUNGEST_S:
            return False
        with _locked(lock):
            lock.with_name(lock.name[:-3]).unlink(missing_ok=True)
            lock.unlink()
            return True
    return False


@contextmanager
def _locked(lock: Path) -> Iterator[None]:
    """Hold a lock that nobody holds; an OSError where somebody does."""
    # In a folder where everybody may write, a link could lead anywhere.
    descriptor = os.open(lock, os.O_RDONLY | os.O_NOFOLLOW)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def _locked_anew(lock: Path) -> Iterator[None]:
    """Hold a lock that nobody holds, made for as long where there is none."""
    try:
        os.close(os.open(lock, os.O_RDONLY | os.O_CREAT | os.O_EXCL, 0o666))
    except FileExistsError:
        with _locked(lock):
            yield
        return
    with _locked(lock):
        try:
            yield
        finally:
            # Left without its lock, it would tell Fast DDS that the port is dead.
            lock.unlink(missing_ok=True)
