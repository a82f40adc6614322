"""Bringing a checkpoint from the hub into a folder: the whole of it, or nothing under its name."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from vlm_ros.errors import HubError
from vlm_ros.hub.checkpoint import Origin, read_origin, write_origin
from vlm_ros.hub.download import PART, disk_error, download, part_of
from vlm_ros.hub.files import Digest, HubFile
from vlm_ros.hub.registry import Entry
from vlm_ros.hub.remote import list_repository
from vlm_ros.hub.selection import WEIGHTS, checkpoint_files, is_taken
from vlm_ros.places import HOME_VARIABLE


def pull(entry: Entry, folder: Path, revision: str, say: Callable[[str], None]) -> Origin:
    """Downloads the checkpoint of a model, or goes on where an earlier attempt stopped.

    Files are gathered in a hidden folder beside `folder`, which takes its name when all of them
    are there and fit the hub's checksums. A folder that was pulled before is checked; what is
    damaged in it comes again.

    Args:
        entry: which model; one that has a repository.
        folder: of the checkpoint.
        revision: commit, branch or reference; empty for that of the registry.
        say: told what happens, sentence by sentence.

    Raises:
        HubError: the hub fails or refuses, there is no room, or `folder` holds something else.
    """
    folder = folder.absolute()
    try:
        with _alone(folder, say):
            return _pull(entry, folder, revision, say)
    except OSError as error:
        raise disk_error(error, folder) from error


def _pull(entry: Entry, folder: Path, revision: str, say: Callable[[str], None]) -> Origin:
    gathering = folder.with_name(f".{folder.name}.partial")
    wanted = revision or entry.revision
    if folder.exists() and not _is_empty(folder):
        origin = _pulled_before(folder, revision)
        damaged = origin.damaged(folder)
        if not damaged:
            say(f"{folder} is whole: {origin.repository} at {origin.commit}.")
            return origin
        say(f"In {folder} {', '.join(damaged)} changed; downloading again what is damaged.")
        wanted = origin.commit
        shutil.rmtree(gathering, ignore_errors=True)
        folder.replace(gathering)
    listing = list_repository(entry.repository, wanted)
    files = checkpoint_files(listing)
    _check_published(entry, wanted, files)
    gathering.mkdir(exist_ok=True)
    _make_room(files, gathering)
    for file in files:
        download(listing, file, gathering, say)
    origin = Origin(entry.name, listing.repository, listing.commit, entry.licence, files)
    write_origin(origin, gathering)
    gathering.replace(folder)
    say(f"Pulled {origin.repository} at {origin.commit} into {folder}.")
    return origin


def _is_empty(folder: Path) -> bool:
    return folder.is_dir() and not any(folder.iterdir())


def _pulled_before(folder: Path, revision: str) -> Origin:
    origin = read_origin(folder)
    if origin is None:
        raise HubError(f"{folder} exists and was not pulled; name another folder with --out.")
    if revision not in ("", origin.commit):
        raise HubError(
            f"{folder} holds {origin.repository} at {origin.commit}; remove it, or name another "
            f"folder with --out, to pull {revision}."
        )
    return origin


def _check_published(entry: Entry, wanted: str, files: Sequence[HubFile]) -> None:
    """Refuses weights that are not those that were published at the commit of the registry."""
    if not entry.sha256 or wanted != entry.revision:
        return
    demanded = Digest("sha256", entry.sha256)
    for file in files:
        if file.path == WEIGHTS and file.digest != demanded:
            raise HubError(
                f"The hub's {WEIGHTS} of {entry.repository} at {wanted} has the checksum "
                f"{file.digest.value}, not the published {entry.sha256}; nothing was downloaded. "
                "Check HF_ENDPOINT."
            )


def _make_room(files: Sequence[HubFile], gathering: Path) -> None:
    """Removes what an attempt at another commit left, and refuses if the rest cannot fit."""
    whole = {gathering / file.path for file in files}
    useful = whole | {part_of(path) for path in whole}
    there = 0
    for path in gathering.iterdir():
        if path in useful:
            there += path.stat().st_size
        elif is_taken(path.name.removesuffix(PART)):
            path.unlink()
    needed = sum(file.size for file in files) - there
    free = shutil.disk_usage(gathering).free
    if needed > free:
        raise HubError(
            f"{gathering.parent} has {_megabytes(free)} free of the {_megabytes(needed)} still to "
            f"come: {_megabytes(needed - free)} too few. Make room, or name another place with "
            f"--out or {HOME_VARIABLE}."
        )


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.0f} MB"


@contextmanager
def _alone(folder: Path, say: Callable[[str], None]) -> Iterator[None]:
    """Waits until no other process pulls into the folder. The lock ends with its process."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder.with_name(f".{folder.name}.lock"))
    try:
        lock.acquire(timeout=0)
    except Timeout:
        say(f"Another process pulls into {folder}; waiting for it.")
        lock.acquire()
    try:
        yield
    finally:
        lock.release()
