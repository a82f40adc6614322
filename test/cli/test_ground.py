"""vlm-ros ground, as a user calls it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from vlm_ros.images import read_image

ROBOT_PICTURE = Path(__file__).parents[2].parent / "shared" / "data" / "arc2017" / "rgb.jpg"


def _ground(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "vlm_ros", "ground", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "grey.png"
    cv2.imwrite(str(path), np.full((120, 160, 3), 128, np.uint8))
    return path


def test_nothing_is_found_in_a_grey_picture(picture: Path) -> None:
    done = _ground(str(picture), "the red cup", "--json")
    assert done.returncode == 1, done.stderr
    record = json.loads(done.stdout)
    assert record["command"] == "the red cup"
    assert [a["status"] for a in record["answers"]] == ["NOT_FOUND"]
    assert record["answers"][0]["targets"] == []


def test_answer_is_drawn(picture: Path, tmp_path: Path) -> None:
    out = tmp_path / "answer.png"
    _ground(str(picture), "the red cup", "-o", str(out))
    drawn = read_image(out)
    assert drawn.shape[1] == 160 and drawn.shape[0] > 120, "the caption stands below the picture"


@pytest.mark.parametrize(
    ("image", "text", "said"),
    [
        ("missing.png", "the red cup", "missing.png does not exist"),
        ("grey.png", "", "empty"),
        ("grey.png", "pick up", "pick up"),
        ("broken.jpg", "the red cup", "broken.jpg cannot be read"),
    ],
)
def test_errors_are_one_sentence(picture: Path, image: str, text: str, said: str) -> None:
    (picture.parent / "broken.jpg").write_bytes(b"\xff\xd8 nothing more")
    done = _ground(str(picture.parent / image), text)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr and done.stdout == ""


def test_missing_model_folder(picture: Path) -> None:
    done = _ground(str(picture), "the cup", "--model", "/nowhere/model")
    assert done.returncode == 2
    assert "/nowhere/model does not exist" in done.stderr


@pytest.mark.skipif(
    not ROBOT_PICTURE.is_file(), reason="the real robot frame is not on this machine"
)
def test_a_real_frame_is_answered_with_boxes_inside_it() -> None:
    done = _ground(str(ROBOT_PICTURE), "all the objects", "--json")
    record = json.loads(done.stdout)
    height, width = read_image(ROBOT_PICTURE).shape[:2]
    boxes = [t["box"] for a in record["answers"] for t in a["targets"] + a["alternatives"]]
    assert boxes
    for x1, y1, x2, y2 in boxes:
        assert 0 <= x1 < x2 <= width and 0 <= y1 < y2 <= height
