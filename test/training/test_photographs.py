"""Which photographs are trained on, and which are left to test on."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from vlm_ros.images import pictures_in
from vlm_ros.training.annotations import read_photographs

ROOT = Path(__file__).parents[2]
COCO128 = ROOT.parent / "shared" / "data" / "coco128" / "images"


def test_pictures_without_labels_do_not_shift_what_is_left_to_test_on(tmp_path: Path) -> None:
    for number in range(8):
        cv2.imwrite(str(tmp_path / f"{number}.jpg"), np.zeros((40, 40, 3), np.uint8))
        if number != 3:
            (tmp_path / f"{number}.txt").write_text("0 0.5 0.5 0.4 0.4\n", encoding="utf-8")
    source = tmp_path / "photographs.yaml"
    source.write_text("{images: ., labels: ., names: [cup], every: [2, 0]}", encoding="utf-8")
    trained = [picture.path for picture in read_photographs(source)]
    assert [path.name for path in trained] == ["0.jpg", "2.jpg", "4.jpg", "6.jpg"]
    # As `vlm-ros eval detect --every 2 1` takes them.
    assert not set(trained) & set(pictures_in(tmp_path)[1::2])


@pytest.mark.skipif(not COCO128.is_dir(), reason="COCO's pictures are not on this machine")
def test_the_labels_of_the_bundled_model_go_beside_their_pictures(tmp_path: Path) -> None:
    for path in pictures_in(COCO128):
        (tmp_path / path.name).symlink_to(path)
    labels = tmp_path / "coco128_labels.json"
    labels.write_text((ROOT / "docs" / labels.name).read_text(encoding="utf-8"), encoding="utf-8")
    pictures = read_photographs(labels)
    things = [thing for picture in pictures for thing in picture.things]
    assert (len(pictures), len(things)) == (63, 831)
    assert not any(picture.exhaustive for picture in pictures)
    # The phrases that were written for them say more than COCO's names.
    assert sum(bool(thing.attributes) for thing in things) > 300


def test_the_labels_of_the_eighth_version_can_be_trained_on(tmp_path: Path) -> None:
    labels = tmp_path / "photograph_labels.json"
    text = (ROOT / "docs" / labels.name).read_text(encoding="utf-8")
    labels.write_text(text, encoding="utf-8")
    for image in json.loads(text)["images"]:
        # Only the labels are read here; the pictures are not part of the package.
        (tmp_path / image["file_name"]).touch()
    things = [thing for picture in read_photographs(labels) for thing in picture.things]
    assert len(things) == 2641
    assert all(thing.names for thing in things)
    assert sum("colour" in thing.attributes for thing in things) > 1500
    assert sum(bool(thing.parts) for thing in things) > 100
