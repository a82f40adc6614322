"""Shared memory of ROS processes that were killed."""

from __future__ import annotations

import fcntl
import os
import re
import time
from contextlib import suppress
from pathlib import Path

SHARED_MEMORY = Path("/dev/shm")

# What Fast DDS 3 and 2 call the lock file of a segment; the segment's name is what comes before.
_LOCK = re.compile(r"(fast(?:dds|rtps)_[0-9a-z]{16})_el")
# A process makes the file first and locks it then.
_YOUNGEST_S = 2.0


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


def _entries(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() else []


def _removed(lock: Path) -> bool:
    # It may vanish at any moment, or belong to another user.
    with suppress(OSError):
        if time.time() - lock.lstat().st_mtime < _YOUNGEST_S:
            return False
        # In a folder where everybody may write, a link could lead anywhere.
        descriptor = os.open(lock, os.O_RDONLY | os.O_NOFOLLOW)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            lock.with_name(lock.name[:-3]).unlink(missing_ok=True)
            lock.unlink()
            return True
        finally:
            os.close(descriptor)
    return False
