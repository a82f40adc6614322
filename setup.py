"""What pyproject.toml cannot say: models/ goes to share/vlm_ros/models, as with colcon."""

from collections import defaultdict
from pathlib import Path

from setuptools import setup

installed: dict[str, list[str]] = defaultdict(list)
for file in sorted(Path("models").rglob("*")):
    if file.is_file():
        installed[f"share/vlm_ros/{file.parent.as_posix()}"].append(str(file))

setup(data_files=list(installed.items()))
