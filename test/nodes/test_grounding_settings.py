from __future__ import annotations

import shutil
from pathlib import Path

import pytest

pytest.importorskip("rclpy", reason="needs ROS 2")

from vlm_ros.errors import ModelError
from vlm_ros.models import bundled_model
from vlm_ros.nodes.grounding_settings import GroundingSettings


def test_the_model_is_a_folder_a_name_or_the_bundled_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VLM_ROS_HOME", str(tmp_path))
    exported = shutil.copytree(bundled_model(), tmp_path / "models" / "mine")
    assert GroundingSettings().model_folder == bundled_model()
    assert GroundingSettings(model=str(exported)).model_folder == exported
    assert GroundingSettings(model="mine").model_folder == exported
    with pytest.raises(ModelError, match="yours"):
        _ = GroundingSettings(model="yours").model_folder
