"""Which photographs are trained on, and which are left to test on."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from vlm_ros.images import pictures_in
from vlm_ros.training.annotations import read_photographs


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
