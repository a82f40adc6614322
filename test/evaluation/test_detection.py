"""Detections against labels."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from vlm_ros.coco import COCO_NAMES
from vlm_ros.errors import ImageError, ModelError, VlmRosError
from vlm_ros.evaluation.bad_data import LineError
from vlm_ros.evaluation.detection import (
    Counts,
    Objects,
    PhraseDetector,
    count,
    read_labelled,
    read_names,
)
from vlm_ros.evaluation.yolox import YoloxDetector
from vlm_ros.geometry.boxes import iou
from vlm_ros.images import pictures_in, read_image
from vlm_ros.models import bundled_model
from vlm_ros.regions import EmbeddedRegions

SHARED = Path(__file__).parents[2].parent / "shared" / "data"
YOLOX = SHARED / "yolox_nano" / "yolox_nano.onnx"
CAT_AND_REMOTES = SHARED / "coco128" / "images" / "000000000599.jpg"

NAMES = ["cat", "spoon", "knife"]
GREY = np.full((40, 40, 3), 130, np.uint8)


class SeesTwoThings:
    """A stand-in for a model: one thing that fits one name, one that fits two names alike."""

    threshold = 0.5
    description = "a stand-in"
    guided = False

    def regions(self, image: NDArray[Any], phrases: Sequence[str]) -> EmbeddedRegions:
        boxes = np.array([[0, 0, 10, 10], [20, 20, 30, 30]], np.float32)
        embeddings = np.array([[1, 0, 0], [0, 2**-0.5, 2**-0.5]], np.float32)
        scale, shift = np.full(2, 10, np.float32), np.full(2, -5, np.float32)
        return EmbeddedRegions(
            boxes, np.array([0.9, 0.8], np.float32), embeddings, scale, shift, self.embed
        )

    def embed(self, phrases: Sequence[str]) -> NDArray[np.float32]:
        return np.eye(3, dtype=np.float32)[[NAMES.index(p) for p in phrases]]


def test_a_thing_that_may_be_either_is_neither_for_sure() -> None:
    found = PhraseDetector(SeesTwoThings(), NAMES, 0.1)(GREY)
    assert found.classes[0] == 0 and found.classes[1] in (1, 2)
    # By hand: odds e^5 against two of e^-5 and none; e^2.07 each against the other and none.
    assert found.scores == pytest.approx([0.9 * 0.9932, 0.8 * 0.470], abs=1e-3)
    assert len(PhraseDetector(SeesTwoThings(), NAMES, 0.5)(GREY).classes) == 1


A, B = [0, 0, 10, 10], [20, 0, 30, 10]


def _objects(*rows: tuple[list[int], int, float]) -> Objects:
    return Objects(
        np.asarray([box for box, _, _ in rows], np.float32).reshape(-1, 4),
        np.asarray([index for _, index, _ in rows], np.intp),
        np.asarray([score for _, _, score in rows], np.float32),
    )


@pytest.mark.parametrize(
    ("found", "labelled", "matched"),
    [
        ([(A, 0, 0.9)], [(A, 0, 1)], 1),
        ([(A, 1, 0.9)], [(A, 0, 1)], 0),
        ([(A, 0, 0.9)], [(B, 0, 1)], 0),
        ([], [(A, 0, 1)], 0),
        ([(A, 0, 0.9)], [], 0),
        # A label is matched once, by the surest.
        ([(A, 0, 0.5), (A, 0, 0.9)], [(A, 0, 1)], 1),
        ([(A, 0, 0.5), (B, 0, 0.9)], [(A, 0, 1), (B, 0, 1)], 2),
        # IoU 0.4 is too little, 0.6 is enough.
        ([([0, 0, 10, 4], 0, 0.9)], [(A, 0, 1)], 0),
        ([([0, 0, 10, 6], 0, 0.9)], [(A, 0, 1)], 1),
        # The surest takes what it overlaps most, and leaves the other for the next.
        ([([0, 0, 10, 8], 0, 0.9), (A, 0, 0.8)], [([0, 0, 10, 7], 0, 1), (A, 0, 1)], 2),
    ],
)
def test_matching(
    found: list[tuple[list[int], int, float]],
    labelled: list[tuple[list[int], int, float]],
    matched: int,
) -> None:
    counts = count(_objects(*found), _objects(*labelled), 2)
    assert counts.matched.sum() == matched
    assert counts.precision.of == len(found) and counts.recall.of == len(labelled)


def test_counts_add_up_and_part_by_name() -> None:
    both = count(_objects((A, 0, 0.9)), _objects((A, 0, 1)), 2) + count(
        _objects((A, 1, 0.9)), _objects((B, 1, 1)), 2
    )
    assert both.precision.value == 0.5
    assert both.of(0).recall.value == 1.0 and both.of(1).recall.value == 0.0
    assert Counts.none(2).precision.value is None


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("1.png", "2.png"):
        cv2.imwrite(str(tmp_path / name), np.full((50, 100, 3), 128, np.uint8))
    return tmp_path


def _read(folder: Path, content: str) -> Objects | VlmRosError:
    (folder / "1.txt").write_text(content, encoding="utf-8")
    read, *_ = read_labelled(pictures_in(folder), folder, 3)
    return read if isinstance(read, VlmRosError) else read[1]


def test_labels_in_pixels(folder: Path) -> None:
    read = _read(folder, "2 0.5 0.5 0.2 0.4 0.9 extra\n\n0 0.25 0.5 0.5 1.0\n")
    assert isinstance(read, Objects)
    assert read.boxes.tolist() == [
        pytest.approx([40, 15, 60, 35]),
        pytest.approx([0, 0, 50, 50]),
    ]
    assert read.classes.tolist() == [2, 0]


def test_a_picture_without_labels_holds_nothing(folder: Path) -> None:
    for read in read_labelled(pictures_in(folder), folder, 3):
        assert not isinstance(read, VlmRosError) and len(read[1].boxes) == 0


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("0 0.5 0.5 0.2", "line 1: this is not five numbers"),
        ("0 0.5 0.5 0.2 0.2\n0 0.5 x 0.2 0.2", "line 2: could not convert"),
        ("0 0.5 0.5 0.2 nan", "not five numbers"),
        ("3 0.5 0.5 0.2 0.2", "there is no class 3 among 3 names"),
        ("-1 0.5 0.5 0.2 0.2", "there is no class -1"),
        ("0.5 0.5 0.5 0.2 0.2", "there is no class 0.5"),
        ("0 0.5 0.5 0 0.2", "empty or not within the picture"),
        ("0 0.95 0.5 0.2 0.2", "not within the picture"),
        ("0 320 240 50 60", "not within the picture"),
    ],
)
def test_bad_labels_are_named(folder: Path, content: str, said: str) -> None:
    read = _read(folder, content)
    assert isinstance(read, LineError)
    assert said in str(read) and str(folder / "1.txt") in str(read)


def test_a_bad_picture_is_named_and_the_next_is_read(folder: Path) -> None:
    (folder / "1.png").write_bytes(b"not a picture")
    bad, good = read_labelled(pictures_in(folder), folder, 3)
    assert isinstance(bad, ImageError) and "1.png" in str(bad)
    assert not isinstance(good, VlmRosError)


def test_a_folder_without_pictures(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="no JPEG or PNG"):
        pictures_in(tmp_path)


def test_names_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "names.txt"
    path.write_text("cup\nwine glass \n\n", encoding="utf-8")
    assert read_names(path) == ("cup", "wine glass")


@pytest.mark.parametrize("content", ["", "\n", "cup\n\nbowl\n"])
def test_bad_names(tmp_path: Path, content: str) -> None:
    path = tmp_path / "names.txt"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(LineError, match=r"names\.txt"):
        read_names(path)


@pytest.mark.skipif(not YOLOX.is_file(), reason="YOLOX-Nano is not on this machine")
def test_yolox_finds_what_is_in_a_photograph() -> None:
    found = YoloxDetector(YOLOX, 80, 0.3)(read_image(CAT_AND_REMOTES))
    cat = COCO_NAMES.index("cat")
    assert COCO_NAMES.index("remote") in found.classes
    as_a_person_draws_it = [0, 36, 413, 402]
    assert iou(found.boxes[found.classes == cat], [as_a_person_draws_it]).max() > 0.7


@pytest.mark.skipif(not YOLOX.is_file(), reason="YOLOX-Nano is not on this machine")
def test_yolox_of_other_classes() -> None:
    with pytest.raises(ModelError, match="7 classes"):
        YoloxDetector(YOLOX, 7, 0.3)


def test_a_graph_that_is_no_yolox() -> None:
    with pytest.raises(ModelError):
        YoloxDetector(bundled_model() / "vision.onnx", 80, 0.3)
