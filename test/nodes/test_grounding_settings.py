from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("rclpy", reason="needs ROS 2")

from rclpy.parameter import Parameter

from vlm_ros.errors import ModelError
from vlm_ros.models import bundled_model
from vlm_ros.nodes.grounding_settings import GroundingSettings, check_changes


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


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("runtime", "abacus", "there is no runtime 'abacus'"),
        ("image_transport", "theora", "use one of raw, compressed"),
        ("depth_transport", "compressed", "use one of raw, compressedDepth"),
        ("cameras", [], "is empty"),
        ("cameras", ["front", "front"], "twice"),
        ("cameras", ["front camera"], "'front camera'"),
        ("cameras", ["/front"], "'/front'"),
        ("cameras", ["2nd"], "'2nd'"),
        ("target_frame", "/map", "'/map'"),
        ("cameras", ["", "front", "arm/wrist_2"], ""),
        ("target_frame", "", ""),
        ("model", "anything", ""),
    ],
)
def test_a_value_that_cannot_be_used_is_refused_with_the_reason(
    name: str, value: Any, words: str
) -> None:
    result = check_changes([Parameter(name, value=value)], model_loaded=False)
    assert result.successful == (not words)
    assert words in result.reason


@pytest.mark.parametrize("name", ["model", "runtime"])
def test_a_model_in_use_stays(name: str) -> None:
    result = check_changes([Parameter(name, value="auto")], model_loaded=True)
    assert "clean up" in result.reason


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("cameras:=['front', 'front']", "twice"),
        ("target_frame:=/map", "'/map'"),
        ("image_transport:=theora", "use one of raw, compressed"),
        ("confirm_frames:=0", "confirm_frames"),
        ("rectified:=maybe", "rectified"),
    ],
)
def test_a_node_that_is_started_with_a_bad_value_says_so_and_ends(setting: str, words: str) -> None:
    command = [sys.executable, "-m", "vlm_ros", "node", "--ros-args", "-p", setting]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60.0, check=False)
    assert ended.returncode == 2, ended.stderr
    assert words in ended.stderr
    assert "Traceback" not in ended.stderr
