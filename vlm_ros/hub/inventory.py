"""Which models are known, and how far each has come on this machine."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from vlm_ros.errors import HubError
from vlm_ros.hub.checkpoint import ORIGIN, read_origin
from vlm_ros.hub.registry import Entry, entries, find_entry
from vlm_ros.models.folder import BUNDLED, bundled_model
from vlm_ros.places import checkpoints_folder, models_folder


@dataclass(frozen=True)
class Known:
    """A model that a name stands for.

    Attributes:
        name: what a user calls it.
        entry: of the registry; None for a model folder that somebody exported of another one.
        checkpoint: where it was pulled to by default; None where it is not.
        folder: of the model, bundled or exported; None where there is none.
    """

    name: str
    entry: Entry | None
    checkpoint: Path | None
    folder: Path | None

    def is_called(self, name: str) -> bool:
        """Whether a name, or the id of a repository on the hub, stands for this model."""
        return name == self.name or (self.entry is not None and self.entry.is_called(name))


def inventory() -> tuple[Known, ...]:
    """The models of the registry, then the others that are exported."""
    known = [_known(entry) for entry in entries()]
    names = {model.name for model in known}
    others = sorted(models_folder().glob("*/model.yaml"))
    known += [
        Known(card.parent.name, None, None, card.parent)
        for card in others
        if card.parent.name not in names
    ]
    return tuple(known)


def find_checkpoint(name: str) -> Path:
    """The folder of a checkpoint.

    Args:
        name: a folder, or a known model that was pulled.

    Raises:
        HubError: the model is not pulled, or the checkpoint changed since it was.
        ModelError: nothing is known by this name.
    """
    folder = Path(name).expanduser()
    if not folder.is_dir():
        entry = find_entry(name)
        folder = checkpoints_folder() / entry.name
        if not folder.is_dir():
            raise HubError(
                f"{entry.name} is not pulled: run 'vlm-ros model pull {entry.name}' first."
                if entry.repository
                else f"{entry.name} comes with the package and is a model folder already."
            )
    origin = read_origin(folder)
    if origin is not None and (damaged := origin.damaged(folder)):
        raise HubError(
            f"In {folder} {', '.join(damaged)} changed since it was pulled; pull it again."
        )
    return folder


def _known(entry: Entry) -> Known:
    if entry.name == BUNDLED:
        return Known(entry.name, entry, None, bundled_model())
    checkpoint = checkpoints_folder() / entry.name
    folder = models_folder() / entry.name
    return Known(
        entry.name,
        entry,
        checkpoint if (checkpoint / ORIGIN).is_file() else None,
        folder if (folder / "model.yaml").is_file() else None,
    )
