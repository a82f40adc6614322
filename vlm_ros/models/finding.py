"""Where a model is that somebody names."""

from __future__ import annotations

from pathlib import Path

from vlm_ros.errors import ModelError
from vlm_ros.hub.registry import entries, suggestion
from vlm_ros.models.folder import BUNDLED, bundled_model
from vlm_ros.places import models_folder


def find_model(model: str | Path | None) -> Path:
    """The folder of a model.

    Args:
        model: a folder, or the name of the bundled model or of an exported one; nothing for the
            bundled one.

    Raises:
        ModelError: it is neither, or it is a known model that is not exported yet.
    """
    name = str(model or BUNDLED)
    folder = Path(name).expanduser()
    if folder.is_dir():
        return folder
    if name == BUNDLED:
        return bundled_model()
    if folder.name != name:  # a path, about which loading says what is wrong
        return folder
    exported = models_folder() / name
    if exported.is_dir():
        return exported
    if any(entry.name == name for entry in entries()):
        raise ModelError(
            f"The model {name} is not exported yet: 'vlm-ros model pull {name}', then "
            f"'vlm-ros model export {name}'."
        )
    raise ModelError(
        f"There is no model folder {name} here, and no model of that name is exported into "
        f"{models_folder()}. {suggestion(name)}"
    )
