"""Things cut out of photographs, and laid on other grounds."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner
from numpy.typing import NDArray

from vlm_ros.cli.data import command
from vlm_ros.simulation.textures import paint
from vlm_ros.training.annotations import DataError, read_coco
from vlm_ros.training.collage import SMALLEST_BOX, compose, write_collages
from vlm_ros.training.cutouts import Cutout, cut_out, read_cutouts, write_cutouts

Pixels = NDArray[np.uint8]
BOX = np.array([[200.0, 140.0, 440.0, 320.0]])


def on_table(ground: str = "plain") -> Pixels:
    """A dark red ellipse that fills BOX, on a ground that is darker on one side, with noise."""
    picture = cv2.resize(paint(ground, 1, 640, (0.8, 0.78, 0.7), (0.2, 0.3, 0.6)), (640, 480))
    picture = picture * np.linspace(1.0, 0.8, 640)[None, :, None]
    picture += np.random.default_rng(0).normal(0, 3, picture.shape)
    picture = picture.clip(0, 255).astype(np.uint8)
    cv2.ellipse(picture, (320, 230), (120, 90), 0, 0, 360, (140, 20, 30), -1, cv2.LINE_AA)
    return picture


def test_the_outline_is_that_of_the_thing() -> None:
    cut = cut_out(on_table(), BOX, 0)
    assert cut is not None
    height, width = cut.shape[:2]
    truth = np.zeros((height, width), np.uint8)
    axes = (width // 2, height // 2)
    cv2.ellipse(truth, (width // 2, height // 2), axes, 0, 0, 360, 1, -1)
    solid = cut[..., 3] > 127
    both = solid & (truth > 0)
    assert both.sum() / (solid | (truth > 0)).sum() > 0.97
    assert abs(width / height - 240 / 180) < 0.03
    # No rim of the ground is left, which would give the thing away elsewhere.
    assert cut[solid][:, :3].astype(int).max(0).tolist() < [170, 70, 80]


def test_what_is_seen_through_a_handle_stays_behind() -> None:
    picture = on_table()
    hole = on_table("plain")[20:80, 290:350]
    picture[200:260, 290:350] = hole
    cut = cut_out(picture, BOX, 0)
    assert cut is not None
    middle = cut[cut.shape[0] // 2, cut.shape[1] // 2]
    assert middle[3] == 0


@pytest.mark.parametrize("ground", ["checks", "gingham"])
def test_on_a_patterned_ground_nothing_is_cut_out(ground: str) -> None:
    assert cut_out(on_table(ground), BOX, 0) is None


def test_what_hardly_differs_from_the_ground_is_left() -> None:
    picture = on_table()
    cv2.ellipse(picture, (320, 230), (120, 90), 0, 0, 360, (186, 181, 163), -1, cv2.LINE_AA)
    assert cut_out(picture, BOX, 0) is None


def test_another_thing_in_the_way_is_told_from_a_part() -> None:
    before_it = np.concatenate([BOX, [[300.0, 200.0, 520.0, 400.0]]])
    assert cut_out(on_table(), before_it, 0) is None
    with_a_cap = np.concatenate([BOX, [[210.0, 180.0, 260.0, 230.0]]])
    assert cut_out(on_table(), with_a_cap, 0) is not None


def labelled(folder: Path, phrases: Sequence[str] = ("dark red dish", "large dish")) -> Path:
    """One picture with the ellipse, and another on a ground from which it cannot be told."""
    folder.mkdir(parents=True)
    for name, ground in (("a.png", "plain"), ("b.png", "checks")):
        cv2.imwrite(str(folder / name), on_table(ground)[..., ::-1])
    annotation = {"category_id": 7, "bbox": [200, 140, 240, 180], "phrases": list(phrases)}
    size = {"width": 640, "height": 480}
    data = {
        "images": [
            {"id": 1, "file_name": "a.png", **size},
            {"id": 2, "file_name": "b.png", **size},
        ],
        "categories": [{"id": 7, "name": "dish"}],
        "annotations": [
            {"id": 11, "image_id": 1, **annotation},
            {"id": 12, "image_id": 2, **annotation},
        ],
    }
    (folder / "labels.json").write_text(json.dumps(data), encoding="utf-8")
    return folder / "labels.json"


def test_cutouts_are_listed_until_their_pictures_are_deleted(tmp_path: Path) -> None:
    folder = tmp_path / "cut"
    assert list(write_cutouts(labelled(tmp_path / "shot"), folder)) == [1, 0]
    expected = Cutout(folder / "11.png", "dish", ("dark red dish", "large dish"))
    assert read_cutouts(folder) == [expected]
    expected.path.unlink()
    assert read_cutouts(folder) == []


def test_bad_lists_of_cutouts_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="vlm-ros data cutouts"):
        read_cutouts(tmp_path)
    (tmp_path / "cutouts.jsonl").write_text('{"image": "1.png"}\n', encoding="utf-8")
    with pytest.raises(DataError, match=r"cutouts\.jsonl, line 1"):
        read_cutouts(tmp_path)


def squares(folder: Path) -> list[Cutout]:
    """Three things of pure colours."""
    cutouts = []
    for name, bgr in (("blue", (255, 0, 0)), ("green", (0, 255, 0)), ("magenta", (255, 0, 255))):
        pixels = np.full((120, 160, 4), 255, np.uint8)
        pixels[..., :3] = bgr
        cv2.imwrite(str(folder / f"{name}.png"), pixels)
        cutouts.append(Cutout(folder / f"{name}.png", name, (f"{name} tile",)))
    return cutouts


def test_what_hardly_shows_has_no_label(tmp_path: Path) -> None:
    cutouts = squares(tmp_path)
    for seed in range(20):
        collage = compose(cutouts, (), np.random.default_rng(seed))
        height, width = collage.image.shape[:2]
        for _, (x1, y1, x2, y2) in collage.things:
            assert 0 <= x1 < x2 <= width and 0 <= y1 < y2 <= height
            assert min(x2 - x1, y2 - y1) >= SMALLEST_BOX


def test_boxes_are_around_what_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # So that nothing of a tile's colour is in the picture without a label.
    monkeypatch.setattr("vlm_ros.training.collage.LEAST_VISIBLE", 0.0)
    monkeypatch.setattr("vlm_ros.training.collage.SMALLEST_BOX", 0)
    monkeypatch.setattr("vlm_ros.training.collage.PHOTOGRAPHED", 1.0)
    ground = tmp_path / "grey.jpg"
    cv2.imwrite(str(ground), np.full((300, 400, 3), 128, np.uint8))
    cutouts = squares(tmp_path)
    looked_at = 0
    for seed in range(40):
        collage = compose(cutouts, (ground,), np.random.default_rng(seed))
        indices = [index for index, _ in collage.things]
        for index, (x1, y1, x2, y2) in collage.things:
            if indices.count(index) > 1:
                continue
            hsv = cv2.cvtColor(collage.image, cv2.COLOR_RGB2HSV_FULL).astype(int)
            hue = {"blue": 170, "green": 85, "magenta": 213}[cutouts[index].name]
            rows, columns = np.nonzero((abs(hsv[..., 0] - hue) < 8) & (hsv[..., 1] > 200))
            # The corners of a turned tile are few pixels.
            near = 3 + 0.07 * max(x2 - x1, y2 - y1)
            low, high = np.percentile(columns, [0.5, 99.5])
            assert abs(low - x1) < near and abs(high - x2) < near
            low, high = np.percentile(rows, [0.5, 99.5])
            assert abs(low - y1) < near and abs(high - y2) < near
            looked_at += 1
    assert looked_at > 10


def test_a_collage_is_a_function_of_its_seed(tmp_path: Path) -> None:
    cutouts = squares(tmp_path)
    first, again, other = (compose(cutouts, (), np.random.default_rng(s)) for s in (3, 3, 4))
    assert first.things == again.things and np.array_equal(first.image, again.image)
    assert first.image.shape != other.image.shape or not np.array_equal(first.image, other.image)


def test_photographs_lie_under_some(tmp_path: Path) -> None:
    photograph = tmp_path / "orange.png"
    cv2.imwrite(str(photograph), np.full((300, 400, 3), (0, 120, 255), np.uint8))
    corners = []
    for seed in range(30):
        image = compose(squares(tmp_path), (photograph,), np.random.default_rng(seed)).image
        hsv = cv2.cvtColor(image, cv2.COLOR_RGB2HSV_FULL)
        corners.append(np.median(hsv[..., 1]) > 240 and abs(np.median(hsv[..., 0]) - 20) < 4)
    assert 0 < sum(corners) < 20


def test_collages_can_be_trained_on(tmp_path: Path) -> None:
    shot = labelled(tmp_path / "shot", ("dark red dish", "large dish", "dish turned over"))
    cut, out = tmp_path / "cut", tmp_path / "collages"
    runner = CliRunner()
    made = runner.invoke(command, ["cutouts", str(shot), str(cut)])
    assert made.exit_code == 0 and "1 cut-outs" in made.output
    options = ["--cutouts", str(cut), "--pictures", "3", "--seed", "5"]
    result = runner.invoke(command, ["collage", str(out), *options])
    assert result.exit_code == 0, result.output
    pictures = read_coco(out / "labels.json")
    assert [picture.path.name for picture in pictures] == ["5.jpg", "6.jpg", "7.jpg"]
    things = [thing for picture in pictures for thing in picture.things]
    assert things and {thing.name for thing in things} == {"dish"}
    assert all(thing.attributes["colour"] == "dark red" for thing in things)
    # How large it looked in its photograph, and how it stood, is no longer true.
    assert not any({"size", "posture"} & thing.attributes.keys() for thing in things)


def test_collages_of_nothing_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no cut-out"):
        list(write_collages(tmp_path / "out", [], (), range(2), 1))
    assert not (tmp_path / "out").exists()


def test_a_picture_without_transparency_is_named(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "1.png"), np.zeros((80, 80, 3), np.uint8))
    cutout = Cutout(tmp_path / "1.png", "dish", ())
    with pytest.raises(DataError, match=r"1\.png is not a PNG with transparency"):
        compose([cutout], (), np.random.default_rng(0))
