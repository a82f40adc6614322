"""Set before any test imports ROS: a DDS domain of this run's own, on this machine only."""

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

# Domains up to 101 keep DDS's ports below those that Linux hands out by itself.
os.environ.setdefault("ROS_DOMAIN_ID", str(os.getpid() % 101 + 1))
os.environ.setdefault("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")

# A shell starts what it puts into the background deaf to Ctrl-C, and children inherit that:
# tests that interrupt a process would wait for it for ever.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of one megabyte."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", place], check=False, capture_output=True
    )
    if mounted.returncode != 0:
        pytest.skip("may not mount a small file system here")
    yield place
    subprocess.run(["umount", "-l", place], check=True)
