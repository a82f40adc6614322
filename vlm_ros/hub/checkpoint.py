"""A checkpoint that was pulled: its files, and the record of where they came from."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from vlm_ros.errors import HubError
from vlm_ros.hub.files import Digest, HubFile

ORIGIN = "origin.json"


@dataclass(frozen=True)
class Origin:
    """Where a checkpoint came from.

    Attributes:
        name: of the model in the registry.
        repository: on the hub.
        commit: of the repository.
        licence: of the weights, an SPDX identifier.
        files: all that was taken.
    """

    name: str
    repository: str
    commit: str
    licence: str
    files: tuple[HubFile, ...]

    def damaged(self, folder: Path) -> tuple[str, ...]:
        """The files of a folder that are missing or not what was taken; reads all of them."""
        return tuple(file.path for file in self.files if not file.is_at(folder / file.path))


def write_origin(origin: Origin, folder: Path) -> None:
    """Writes the record beside the files."""
    text = json.dumps(asdict(origin), indent=2) + "\n"
    (folder / ORIGIN).write_text(text, encoding="utf-8")


def read_origin(folder: Path) -> Origin | None:
    """The record of a checkpoint folder; None where it was not pulled.

    Raises:
        HubError: the record cannot be read.
    """
    try:
        data = json.loads((folder / ORIGIN).read_text(encoding="utf-8"))
        found = (
            HubFile(file["path"], file["size"], Digest(**file["digest"]))
            for file in data.pop("files")
        )
        return Origin(**data, files=_within(folder, found))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise HubError(
            f"{folder / ORIGIN} cannot be read ({error}); remove {folder} and pull again."
        ) from error


def _within(folder: Path, files: Iterable[HubFile]) -> tuple[HubFile, ...]:
    """The same files, none of which may lie elsewhere."""
    found = tuple(files)
    for file in found:
        if file.path != Path(file.path).name:
            raise ValueError(f"{file.path} is not a file of {folder}")
    return found
