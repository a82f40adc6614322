"""Folders that appear whole or not at all."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from vlm_ros.errors import ModelError


@contextmanager
def whole_folder(out: Path) -> Iterator[Path]:
    """Gives an empty folder to write into, which gets its name once all is written.

    Args:
        out: the folder to make; it must not exist.

    Raises:
        ModelError: it exists, or cannot be written. Nothing is left under its name then.
    """
    if out.exists():
        raise ModelError(f"{out} exists already; remove it or name another folder.")
    work = out.with_name(f".{out.name}.part")
    try:
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(parents=True)
        yield work
        work.rename(out)
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise ModelError(
                f"There is no space left for {out}; free some and try again."
            ) from error
        raise ModelError(f"{out} cannot be written: {error}") from error
    finally:
        shutil.rmtree(work, ignore_errors=True)
