"""A short training run: it learns, it goes on where it stopped, and its export is a model."""

from __future__ import annotations

import copy
import csv
import dataclasses
import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

torch = pytest.importorskip("torch", reason="needs the 'train' extra: make train-env")

from vlm_ros.cli.train import command as train_command  # noqa: E402
from vlm_ros.errors import ModelError  # noqa: E402
from vlm_ros.images import pictures_in  # noqa: E402
from vlm_ros.models import read_spec  # noqa: E402
from vlm_ros.models.dual_encoder import DualEncoder  # noqa: E402
from vlm_ros.training.annotations import DataError, read_coco, read_rendered, read_yolo  # noqa: E402
from vlm_ros.training.export import export, load_average  # noqa: E402
from vlm_ros.training.network import GroundingModel  # noqa: E402
from vlm_ros.training.start import keep_of_start, start_from  # noqa: E402
from vlm_ros.training.train import (  # noqa: E402
    TrainingConfig,
    read_config,
    train,
)

ROOT = Path(__file__).parents[2]
YOLOX = ROOT.parent / "shared" / "data" / "yolox_nano" / "yolox_nano.onnx"
COLOURS = {"red": (200, 30, 30), "blue": (30, 60, 200), "green": (40, 160, 60)}


@pytest.fixture
def rendered(tmp_path: Path) -> Path:
    """Painted boxes on grey, in the format of `vlm-ros data render`."""
    folder = tmp_path / "data"
    (folder / "images").mkdir(parents=True)
    rng = np.random.default_rng(0)
    lines = []
    for number in range(6):
        image = np.full((240, 320, 3), 140, np.uint8)
        objects = []
        for place, (name, colour) in enumerate(COLOURS.items()):
            x, y = 15 + 100 * place, int(rng.integers(20, 140))
            image[y : y + 70, x : x + 70] = colour
            objects.append(
                {
                    "name": "box",
                    "attributes": {"colour": name},
                    "parts": [],
                    "box": [x, y, x + 70, y + 70],
                }
            )
        path = folder / "images" / f"{number}.png"
        cv2.imwrite(str(path), image[..., ::-1])
        lines.append(json.dumps({"image": f"images/{path.name}", "objects": objects}))
    (folder / "annotations.jsonl").write_text("\n".join(lines))
    return folder


def _short(stage: str) -> TrainingConfig:
    """A shipped configuration, cut down to three steps of two small pictures."""
    return dataclasses.replace(
        read_config(ROOT / "config" / f"train_{stage}.yaml"),
        steps=3,
        batch=2,
        sizes=((128, 160),),
        phrases=24,
        phrase_pool=200,
        warmup=1,
        checkpoint_every=3,
    )


@pytest.mark.skipif(not YOLOX.is_file(), reason="the YOLOX-Nano weights are not on this machine")
@pytest.mark.timeout(400)
def test_train_resume_export(rendered: Path, tmp_path: Path) -> None:
    config = dataclasses.replace(_short("tabletop"), steps=6)
    pictures = read_rendered(rendered)
    run = tmp_path / "run"
    torch.set_num_threads(1)
    train(config, [pictures], [], YOLOX, run)
    before = (run / "log.csv").read_text()
    checkpoint = train(dataclasses.replace(config, steps=12), [pictures], [], YOLOX, run)
    rows = list(csv.DictReader((run / "log.csv").open()))
    assert (run / "log.csv").read_text().startswith(before), "the first half was not run again"
    assert [int(r["step"]) for r in rows] == [3, 6, 9, 12]
    assert float(rows[-1]["matching"]) < float(rows[0]["matching"])

    folder = tmp_path / "model"
    export(load_average(checkpoint), folder, "tiny", 160, 128)
    again = GroundingModel()
    start_from(again, folder)
    trained = load_average(checkpoint)
    for name, value in trained.vision.state_dict().items():
        assert torch.allclose(again.vision.state_dict()[name], value, atol=1e-6), name
    for name, value in trained.text.state_dict().items():
        assert torch.allclose(again.text.state_dict()[name], value, atol=0.02), name

    model = DualEncoder(read_spec(folder))
    regions = model.regions(np.full((100, 100, 3), 90, np.uint8), [])
    assert regions.embeddings.shape[1:] == model.embed(["red box"]).shape[1:]
    assert not any(p.name.endswith(".part") for p in tmp_path.iterdir())


@pytest.fixture
def first_stage(rendered: Path, tmp_path: Path) -> Path:
    """A model folder after three steps."""
    if not YOLOX.is_file():
        pytest.skip("the YOLOX-Nano weights are not on this machine")
    torch.set_num_threads(1)
    checkpoint = train(_short("tabletop"), [read_rendered(rendered)], [], YOLOX, tmp_path / "first")
    folder = tmp_path / "model"
    export(load_average(checkpoint), folder, "tiny", 160, 128)
    return folder


def _changed(folder: Path, checkpoint: Path) -> set[str]:
    """Which parts of the vision network training has changed."""
    before = GroundingModel()
    start_from(before, folder)
    after = load_average(checkpoint).vision.state_dict()
    return {
        name.split(".")[0]
        for name, value in before.vision.state_dict().items()
        if not torch.allclose(after[name], value, rtol=1e-3)
    }


@pytest.mark.timeout(400)
def test_second_stage_changes_only_embeddings(
    first_stage: Path, rendered: Path, tmp_path: Path
) -> None:
    config = _short("tabletop_embeddings")
    out = tmp_path / "second"
    checkpoint = train(config, [read_rendered(rendered)], [], first_stage, out)
    assert _changed(first_stage, checkpoint) == {
        *("branches", "project", "details", "class_directions")
    }
    (row,) = csv.DictReader((out / "log.csv").open())
    assert row.keys() == {"step", "matching"}


def test_what_is_kept_of_the_start(first_stage: Path) -> None:
    before, trained = GroundingModel(), GroundingModel()
    start_from(before, first_stage)
    for share in (0.0, 0.4, 1.0):
        model = copy.deepcopy(trained)
        keep_of_start(model, first_stage, share)
        for name, value in model.state_dict().items():
            between = trained.state_dict()[name] * (1 - share) + before.state_dict()[name] * share
            assert torch.allclose(value, between, atol=1e-6), name


def test_a_folder_of_another_network_is_refused(tmp_path: Path) -> None:
    onnx = pytest.importorskip("onnx")
    weight = onnx.numpy_helper.from_array(np.zeros(3, np.float32), "network.zorp")
    graph = onnx.helper.make_graph([], "other", [], [], [weight])
    onnx.save(onnx.helper.make_model(graph), str(tmp_path / "vision.onnx"))
    (tmp_path / "model.yaml").write_text("vision: {graph: vision.onnx}")
    with pytest.raises(ModelError, match="has 1 weights that this version does not train, zorp"):
        start_from(GroundingModel(), tmp_path)


def test_nothing_is_kept_of_a_detector(tmp_path: Path) -> None:
    config = ROOT / "config" / "train_tabletop.yaml"
    told = CliRunner().invoke(
        train_command,
        f"{config} --start {YOLOX} --keep 0.4 --data {tmp_path} --run {tmp_path} --out x".split(),
    )
    assert told.exit_code == 2 and "--keep needs a model folder" in told.output


@pytest.mark.timeout(400)
def test_third_stage_leaves_the_published_detector_alone(
    first_stage: Path, rendered: Path, tmp_path: Path
) -> None:
    config, pictures = _short("tabletop_whole"), [read_rendered(rendered)]
    checkpoint = train(config, pictures, [], first_stage, tmp_path / "third")
    changed = _changed(first_stage, checkpoint)
    assert changed >= {"pyramid", "heads"} and not changed & {"first", "published"}


def test_training_starts_from_what_was_published() -> None:
    if not YOLOX.is_file():
        pytest.skip("the YOLOX-Nano weights are not on this machine")
    model = GroundingModel()
    start_from(model, YOLOX)
    vision = model.vision.eval()
    image = torch.rand((1, 3, 96, 128), generator=torch.Generator().manual_seed(3)) * 255
    with torch.no_grad():
        c2, c3 = vision.first(image)
        own, published = vision(c2, c3), vision.published(c3)
    assert torch.equal(own.boxes, published.boxes)
    assert torch.equal(own.objectness.sigmoid(), published.objectness)


@pytest.mark.timeout(400)
def test_photographs_that_are_not_heard_teach_the_classes_alone(
    first_stage: Path, rendered: Path, tmp_path: Path
) -> None:
    config = dataclasses.replace(
        _short("tabletop_embeddings"), photographs_heard=0.0, weight_decay=0.0
    )
    photographs = [dataclasses.replace(p, exhaustive=False) for p in read_rendered(rendered)]
    checkpoint = train(config, [], photographs, first_stage, tmp_path / "second")
    assert _changed(first_stage, checkpoint) == {"class_directions"}


@pytest.fixture
def coco(tmp_path: Path) -> Path:
    """A picture with one labelled object, in COCO's format."""
    cv2.imwrite(str(tmp_path / "a.jpg"), np.full((100, 200, 3), 90, np.uint8))
    box = {"id": 7, "image_id": 1, "category_id": 3, "bbox": [20, 10, 50, 60]}
    data = {
        "images": [{"id": 1, "file_name": "a.jpg", "width": 200, "height": 100}],
        "categories": [{"id": 3, "name": "mug"}],
        "annotations": [box | {"phrases": ["the dark red beaker"]}],
    }
    source = tmp_path / "labels.json"
    source.write_text(json.dumps(data))
    return source


def test_coco_labels_and_their_phrases(coco: Path) -> None:
    (picture,) = read_coco(coco)
    assert picture.boxes.tolist() == [[20, 10, 70, 70]]
    (thing,) = picture.things
    assert (thing.name, thing.names, thing.complete) == ("mug", ("beaker",), False)
    assert thing.attributes == {"colour": "dark red"}
    assert not picture.exhaustive


def test_phrases_of_two_colours_and_of_parts(coco: Path) -> None:
    data = json.loads(coco.read_text())
    data["annotations"][0]["phrases"] = [
        "red and white mug",
        "transparent plastic mug with a black handle",
    ]
    coco.write_text(json.dumps(data))
    ((thing,),) = (picture.things for picture in read_coco(coco))
    assert thing.attributes == {"colour": "red", "material": "plastic"}
    assert set(thing.accents) == {"white", "black"}
    assert thing.parts == (("handle", "black"),)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"bbox": [180, 10, 50, 60]}, "annotation 7 has the box .* not inside"),
        ({"bbox": [20, 10, 0, 60]}, "annotation 7 has the box"),
        ({"phrases": [""]}, "annotation 7 has the phrase ''"),
        ({"category_id": 4}, "not in COCO's format"),
    ],
)
def test_bad_coco_labels_are_named(coco: Path, change: dict[str, object], message: str) -> None:
    data = json.loads(coco.read_text())
    data["annotations"][0].update(change)
    coco.write_text(json.dumps(data))
    with pytest.raises(DataError, match=message):
        read_coco(coco)


def test_a_missing_picture_is_named(coco: Path) -> None:
    (coco.parent / "a.jpg").unlink()
    with pytest.raises(DataError, match=r"a\.jpg, which does not exist"):
        read_coco(coco)


def test_missing_annotations_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"annotations\.jsonl does not exist"):
        read_rendered(tmp_path)


def test_a_bad_line_is_named(rendered: Path) -> None:
    with (rendered / "annotations.jsonl").open("a") as file:
        file.write('\n{"image": "images/0.png"}')
    with pytest.raises(DataError, match="line 7"):
        read_rendered(rendered)


def test_a_bad_yolo_label_is_named(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "a.jpg"), np.zeros((10, 10, 3), np.uint8))
    (tmp_path / "a.txt").write_text("0 0.5 0.5 1 1\n99 0.5 0.5 1 1\n")
    with pytest.raises(DataError, match=r"a\.txt, line 2"):
        read_yolo(pictures_in(tmp_path), tmp_path, ["cup"])
