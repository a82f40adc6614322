"""Which photographs are trained on, and which are left to test on."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from vlm_ros.images import pictures_in
from vlm_ros.training.annotations import DataError, Picture, read_photographs
from vlm_ros.training.phrases import LabelledObject

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
    assert (len(pictures), len(things)) == (63, 865)
    assert not any(picture.exhaustive for picture in pictures)
    # COCO labels every object of its kinds, but not one by one in a crowd.
    assert all(len(picture.closed) > 60 for picture in pictures)
    # The phrases that were written for them say more than COCO's names.
    assert sum(bool(thing.attributes) for thing in things) > 300


def test_the_labels_of_more_photographs_can_be_trained_on(tmp_path: Path) -> None:
    labels = tmp_path / "photograph_labels.json"
    text = (ROOT / "docs" / labels.name).read_text(encoding="utf-8")
    labels.write_text(text, encoding="utf-8")
    for image in json.loads(text)["images"]:
        # Only the labels are read here; the pictures are not part of the package.
        (tmp_path / image["file_name"]).touch()
    things = [thing for picture in read_photographs(labels) for thing in picture.things]
    assert len(things) == 9902
    assert all(thing.names for thing in things)
    assert sum("colour" in thing.attributes for thing in things) > 3000
    assert sum(bool(thing.parts) for thing in things) > 100


def _federated(tmp_path: Path, **keys: object) -> Path:
    """One picture of a cup and a lamp, in the format of LVIS."""
    cv2.imwrite(str(tmp_path / "a.png"), np.zeros((40, 60, 3), np.uint8))
    names = ["cup", "lamp", "book"]
    data = {
        "images": [{"id": 1, "file_name": "a.png", "width": 60, "height": 40, **keys}],
        "categories": [{"id": i, "name": name} for i, name in enumerate(names)],
        "annotations": [
            {"id": i, "image_id": 1, "category_id": i, "bbox": [5 + 20 * i, 5, 10, 10]}
            for i in range(2)
        ],
    }
    source = tmp_path / "labels.json"
    source.write_text(json.dumps(data), encoding="utf-8")
    return source


def test_kinds_labelled_completely_are_told_by_the_keys_of_lvis(tmp_path: Path) -> None:
    (unsaid,) = read_photographs(_federated(tmp_path))
    assert unsaid.closed == frozenset()
    keys = {"neg_category_ids": [2], "not_exhaustive_category_ids": [1]}
    (said,) = read_photographs(_federated(tmp_path, **keys))
    assert said.closed == {"cup", "book"}
    with pytest.raises(DataError, match="image 1 names category 7 of none"):
        read_photographs(_federated(tmp_path, neg_category_ids=[7]))
    with pytest.raises(DataError, match="image 1: no list of categories"):
        read_photographs(_federated(tmp_path, neg_category_ids=2))


def test_what_lost_its_box_is_no_longer_labelled_completely(tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="needs torch: make train-env")
    from vlm_ros.training.data import PictureDataset

    (picture,) = read_photographs(_federated(tmp_path, neg_category_ids=[2]))
    data = PictureDataset([picture], mosaics=0.0)
    seen = [data[0, 80, 120, seed] for seed in range(40)]
    for _, boxes, things, _, closed in seen:
        assert len(boxes) == len(things)
        assert closed == {"book", *(thing.name for thing in things)}
    assert len({closed for *_, closed in seen}) > 1, "no warp lost a box"


def test_four_photographs_share_a_mosaic(tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="needs torch: make train-env")
    from vlm_ros.training.data import PictureDataset

    colours = {"red": (255, 0, 0), "green": (0, 255, 0), "blue": (0, 0, 255)}
    pictures = []
    for name, colour in colours.items():
        image = np.zeros((60, 80, 3), np.uint8)
        image[20:40, 30:60] = colour[::-1]
        cv2.imwrite(str(tmp_path / f"{name}.png"), image)
        box = np.array([[30, 20, 60, 40]], np.float32)
        thing = LabelledObject(name, {}, complete=False)
        pictures.append(Picture(tmp_path / f"{name}.png", box, (thing,), False, frozenset({name})))
    rendered = replace(pictures[0], exhaustive=True)
    data = PictureDataset([*pictures, rendered], mosaics=1.0)
    together = 0
    for seed in range(30):
        image, boxes, things, exhaustive, closed = data[0, 192, 256, seed]
        assert image.shape == (3, 192, 256) and not exhaustive
        assert len(boxes) == len(things) <= 4
        together = max(together, len({thing.name for thing in things}))
        # What one of the four says nothing about is not labelled completely.
        assert len(closed) <= 1
        for (left, top, right, bottom), thing in zip(boxes.int().tolist(), things, strict=True):
            seen = image[:, (top + bottom) // 2, (left + right) // 2].numpy()
            assert seen.argmax() == np.argmax(colours[thing.name])
    assert together == 3
    assert len(data[3, 192, 256, 0][2]) == 1, "a rendered picture is never part of one"


@pytest.mark.parametrize("quarters", [0, 1, 2, 3])
def test_boxes_turn_with_their_picture(quarters: int) -> None:
    pytest.importorskip("torch")
    from vlm_ros.training.data import turned

    image = np.zeros((40, 60, 3), np.uint8)
    image[5:12, 20:50] = 255
    boxes = np.array([[20, 5, 50, 12]], np.float32)
    turned_image, turned_boxes = turned(image, boxes, quarters)
    rows, columns = np.nonzero(turned_image[..., 0])
    found = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
    assert turned_image.shape[:2] == ((40, 60), (60, 40))[quarters % 2]
    assert turned_boxes.tolist() == [found]


def test_how_things_lie_is_not_told_of_a_turned_photograph(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("torch")
    from vlm_ros.training import data

    cv2.imwrite(str(tmp_path / "1.png"), np.full((60, 80, 3), 90, np.uint8))
    box = np.array([[30, 20, 60, 40]], np.float32)
    thing = LabelledObject("can", {"colour": "red", "posture": "lying"}, complete=False)
    photograph = Picture(tmp_path / "1.png", box, (thing,), exhaustive=False)
    rendered = replace(photograph, exhaustive=True)
    pictures = data.PictureDataset([photograph, rendered], mosaics=0.0)

    def told(index: int) -> set[str | None]:
        seen = [pictures[index, 60, 80, seed] for seed in range(8)]
        return {t.attributes.get("posture") for _, _, things, *_ in seen for t in things}

    monkeypatch.setattr(data, "TURNED", 1.0)
    assert told(0) == {None} and told(1) == {"lying"}
    monkeypatch.setattr(data, "TURNED", 0.0)
    assert told(0) == {"lying"}
