"""Where things that are made or fetched on this machine are kept, unless a command names a place.

After the XDG Base Directory Specification 0.8: what can be had again lies in the cache folder, what
took work in the data folder. `VLM_ROS_HOME` names one folder for both.
"""

from __future__ import annotations

import os
from pathlib import Path

HOME_VARIABLE = "VLM_ROS_HOME"


def checkpoints_folder() -> Path:
    """Folder of the checkpoints that were pulled, each in a folder of its name."""
    return _base("XDG_CACHE_HOME", ".cache") / "checkpoints"


def models_folder() -> Path:
    """Folder of the model folders that were exported, each in a folder of its name."""
    return _base("XDG_DATA_HOME", ".local/share") / "models"


def engines_folder() -> Path:
    """Folder of the engines that were built for this machine's GPU."""
    return _base("XDG_CACHE_HOME", ".cache") / "engines"


def worlds_folder() -> Path:
    """Folder of the Gazebo worlds that were written of simulated scenes, each in its own."""
    return _base("XDG_CACHE_HOME", ".cache") / "worlds"


def _base(variable: str, default: str) -> Path:
    home = os.environ.get(HOME_VARIABLE)
    if home:
        return Path(home).expanduser().absolute()
    folder = Path(os.environ.get(variable, ""))
    # The specification: a path that is not absolute is ignored.
    return (folder if folder.is_absolute() else Path.home() / default) / "vlm_ros"
