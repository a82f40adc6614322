from __future__ import annotations

from pathlib import Path

import pytest

from vlm_ros.places import checkpoints_folder, engines_folder, models_folder, worlds_folder


@pytest.mark.parametrize(
    ("variables", "cache", "data"),
    [
        ({}, "~/.cache/vlm_ros", "~/.local/share/vlm_ros"),
        ({"XDG_CACHE_HOME": "/c", "XDG_DATA_HOME": "/d"}, "/c/vlm_ros", "/d/vlm_ros"),
        (
            {"XDG_CACHE_HOME": "c", "XDG_DATA_HOME": ""},
            "~/.cache/vlm_ros",
            "~/.local/share/vlm_ros",
        ),
        ({"VLM_ROS_HOME": "/v", "XDG_CACHE_HOME": "/c"}, "/v", "/v"),
        ({"VLM_ROS_HOME": "~/v"}, "~/v", "~/v"),
    ],
)
def test_places(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], cache: str, data: str
) -> None:
    for name in ("VLM_ROS_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert checkpoints_folder() == Path(cache).expanduser() / "checkpoints"
    assert engines_folder() == Path(cache).expanduser() / "engines"
    assert worlds_folder() == Path(cache).expanduser() / "worlds"
    assert models_folder() == Path(data).expanduser() / "models"
