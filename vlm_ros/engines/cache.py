"""Where engines are kept: one file each, with a sidecar in JSON that says what it is.

An engine is written under a temporary name and renamed; its sidecar, which holds its checksum,
comes last. So at every moment, whatever is killed, an engine is either whole or not there. What
does not fit its sidecar is never given out.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import stat
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from vlm_ros.engines.digest import digest_of_file
from vlm_ros.errors import EngineError
from vlm_ros.places import engines_folder

# Of the sidecar and of what a key means; engines of another are not used.
_FORMAT = 1
# Folders of builds that are under way.
_TEMPORARY = ".building-"


@dataclass(frozen=True)
class EngineKey:
    """All that decides what an engine is.

    Attributes:
        graph: SHA-256 of the FP32 graph and its external data.
        tensorrt: kind, see `api`.
        version: of that TensorRT.
        device: the GPU's name and architecture, or the target of a portable engine.
        precision: see `precision.Precision`.
        calibration: SHA-256 of the sample inputs the precision was fitted to; "" for FP32.
    """

    graph: str
    tensorrt: str
    version: str
    device: str
    precision: str
    calibration: str

    @property
    def digest(self) -> str:
        """Name of the engine's files.

        The shapes of inputs and outputs are part of the graph, which has no others.
        """
        text = json.dumps({"format": _FORMAT, **asdict(self)}, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:32]


@dataclass(frozen=True)
class Entry:
    """An engine in the cache.

    Attributes:
        key: what it is.
        engine: its file.
        sha256: of the file.
        size: of the file, bytes.
        model: name of the model it was built for.
        built: when, ISO 8601 in UTC.
        facts: how it was built, and its parity reports.
    """

    key: EngineKey
    engine: Path
    sha256: str
    size: int
    model: str
    built: str
    facts: Mapping[str, Any]


class EngineCache:
    """A folder of engines."""

    def __init__(self, folder: Path | None = None) -> None:
        """Opens a folder, which need not exist yet; by default `places.engines_folder()`."""
        self.folder = engines_folder() if folder is None else folder.expanduser().absolute()

    def entries(self) -> list[Entry]:
        """All engines with a readable sidecar, the newest first.

        Raises:
            EngineError: the folder cannot be trusted or read.
        """
        found = [entry for path in self._files("*.json") if (entry := _entry(path)) is not None]
        return sorted(found, key=lambda entry: entry.built, reverse=True)

    def find(self, key: EngineKey) -> Entry | None:
        """The engine of a key, or None.

        Raises:
            EngineError: the folder cannot be trusted.
        """
        self._check_folder()
        entry = _entry(self.folder / f"{key.digest}.json")
        return entry if entry is not None and entry.key == key else None

    def leftovers(self) -> list[Path]:
        """Engine files without a sidecar that can be read: never run, only to be removed."""
        known = {entry.engine for entry in self.entries()}
        return [path for path in self._files("*.engine") if path not in known]

    def read(self, entry: Entry) -> bytes:
        """The bytes of an engine, which are those that were built.

        Raises:
            EngineError: the file is missing, cut short or changed.
        """
        self._check_folder()
        try:
            data = entry.engine.read_bytes()
        except OSError as error:
            raise EngineError(
                f"The engine {entry.engine} cannot be read: {error.strerror}."
            ) from error
        if len(data) != entry.size:
            raise EngineError(
                f"The engine {entry.engine} has {len(data)} bytes instead of {entry.size}: it is "
                "damaged and will not be run."
            )
        if hashlib.sha256(data).hexdigest() != entry.sha256:
            raise EngineError(
                f"The engine {entry.engine} is not what was built (its checksum differs): it is "
                "damaged or was exchanged, and will not be run."
            )
        return data

    @contextmanager
    def building(self, key: EngineKey, on_wait: Callable[[], None]) -> Iterator[Path]:
        """The right to build one engine, and an empty folder for it that vanishes afterwards.

        Args:
            key: what is to be built.
            on_wait: called once if another process is building the same.

        Raises:
            EngineError: the folder cannot be made, written or trusted.
        """
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            locks = self.folder / "locks"
            locks.mkdir(exist_ok=True)
            # Lock files stay: to remove one while another process waits on it would give two
            # processes the lock.
            lock = (locks / f"{key.digest}.lock").open("w")
        except OSError as error:
            raise EngineError(
                f"The engine cache {self.folder} cannot be written: {error.strerror}; name another "
                "folder with --cache."
            ) from error
        self._check_folder()
        with lock:
            _wait_for(lock.fileno(), on_wait)
            temporary = self.folder / f"{_TEMPORARY}{key.digest}"
            shutil.rmtree(temporary, ignore_errors=True)
            self._sweep()
            try:
                temporary.mkdir()
            except OSError as error:
                raise EngineError(f"{temporary} cannot be made: {error.strerror}.") from error
            try:
                yield temporary
            finally:
                shutil.rmtree(temporary, ignore_errors=True)

    def publish(
        self, key: EngineKey, built: Path, model: str, moment: str, facts: Mapping[str, Any]
    ) -> Entry:
        """Puts an engine under its final name; inside `building` only.

        Args:
            key: what it is.
            built: the engine, in the folder that `building` gave.
            model: name of the model.
            moment: when it was built, ISO 8601 in UTC.
            facts: what else to keep.

        Raises:
            OSError: it cannot be written.
        """
        engine = self.folder / f"{key.digest}.engine"
        entry = Entry(
            key, engine, digest_of_file(built), built.stat().st_size, model, moment, dict(facts)
        )
        written = built.with_name("sidecar.json")
        _write(written, _sidecar(entry))
        # An older engine of this key must not be taken for the new one's.
        engine.with_suffix(".json").unlink(missing_ok=True)
        built.replace(engine)
        written.replace(engine.with_suffix(".json"))
        _sync(self.folder)
        return entry

    def note(self, entry: Entry, facts: Mapping[str, Any]) -> Entry:
        """Adds facts to an engine's sidecar.

        Raises:
            EngineError: it cannot be written.
        """
        noted = replace(entry, facts={**entry.facts, **facts})
        written = entry.engine.with_suffix(f".{os.getpid()}.part")
        try:
            _write(written, _sidecar(noted))
            written.replace(entry.engine.with_suffix(".json"))
        except OSError as error:
            written.unlink(missing_ok=True)
            raise EngineError(f"{written} cannot be written: {error.strerror}.") from error
        return noted

    def remove(self, entry: Entry) -> None:
        """Deletes an engine.

        Raises:
            EngineError: it cannot be deleted.
        """
        try:
            entry.engine.with_suffix(".json").unlink(missing_ok=True)
            entry.engine.unlink(missing_ok=True)
        except OSError as error:
            raise EngineError(f"{entry.engine} cannot be removed: {error.strerror}.") from error

    def timing_cache(self, key: EngineKey) -> Path:
        """The file that keeps what TensorRT measured on this GPU, for the next build."""
        text = f"{key.tensorrt} {key.version} {key.device}"
        return self.folder / f"timing-{hashlib.sha256(text.encode()).hexdigest()[:16]}.cache"

    def _sweep(self) -> None:
        """Removes what processes that were killed have left: the kernel gives locks back."""
        for temporary in self.folder.glob(f"{_TEMPORARY}*"):
            lock = self.folder / "locks" / f"{temporary.name.removeprefix(_TEMPORARY)}.lock"
            with lock.open("w") as file:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    continue
                shutil.rmtree(temporary, ignore_errors=True)

    def _files(self, pattern: str) -> list[Path]:
        self._check_folder()
        return sorted(self.folder.glob(pattern)) if self.folder.is_dir() else []

    def _check_folder(self) -> None:
        """An engine is a program: it is not taken from where everybody may write."""
        if self.folder.is_dir() and self.folder.stat().st_mode & stat.S_IWOTH:
            raise EngineError(
                f"Everybody on this machine may write to {self.folder}, so the engines in it "
                f"cannot be trusted; look into it and run 'chmod o-w {self.folder}', or name "
                "another folder with --cache."
            )


def _sidecar(entry: Entry) -> bytes:
    data = {
        "format": _FORMAT,
        "key": asdict(entry.key),
        "sha256": entry.sha256,
        "size": entry.size,
        "model": entry.model,
        "built": entry.built,
        "facts": entry.facts,
    }
    return json.dumps(data, indent=2).encode()


def _entry(sidecar: Path) -> Entry | None:
    """Reads a sidecar; None where there is none, or none that can be read."""
    try:
        data = json.loads(sidecar.read_text("utf-8"))
        if data["format"] != _FORMAT:
            return None
        return Entry(
            key=EngineKey(**{name: str(value) for name, value in data["key"].items()}),
            engine=sidecar.with_suffix(".engine"),
            sha256=str(data["sha256"]),
            size=int(data["size"]),
            model=str(data["model"]),
            built=str(data["built"]),
            facts=dict(data["facts"]),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _wait_for(lock: int, on_wait: Callable[[], None]) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        on_wait()
        fcntl.flock(lock, fcntl.LOCK_EX)


def _write(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
