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
# Where messages for a process arrive, in what it has in memory, and the lock file.
_PORT = re.compile(r"/(fast(?:dds|rtps)_port\d+)(?: \(deleted\))?$", re.MULTILINE)
_PORT_LOCK = re.compile(r"fast(?:dds|rtps)_port\d+_el")


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
    next number taken. What no process has in memory is left to Fast DDS.

    Args:
        folder: where the ports are.
        processes: what runs; a port that none of these has in memory does no harm.

    Yields:
        The files of the ports that are avoided.
    """
    locks = [lock for lock in _entries(folder) if _PORT_LOCK.fullmatch(lock.name)]
    in_memory = _ports_in_memory(processes) if locks else set()
    with ExitStack() as held:
        avoided = []
        for lock in locks:
            port = lock.with_name(lock.name[:-3])
            if port.name in in_memory:
                with suppress(OSError):  # a living process holds it, or it has vanished
                    held.enter_context(_locked(lock))
                    avoided.append(port)
        yield avoided


def _ports_in_memory(processes: Path) -> set[str]:
    found = set()
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
