"""OWL-ViT and OWLv2: the exported folder answers as transformers does."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from click.testing import CliRunner
from numpy.typing import NDArray

torch = pytest.importorskip("torch", reason="needs torch")
transformers = pytest.importorskip("transformers", reason="needs transformers")
pytest.importorskip("onnxscript", reason="needs onnxscript")
pytest.importorskip("PIL", reason="the image processors of transformers need Pillow")
pytest.importorskip("scipy", reason="the image processor of OWLv2 needs scipy")

from vlm_ros.cli import main  # noqa: E402
from vlm_ros.errors import ModelError  # noqa: E402
from vlm_ros.exporting import export_checkpoint, read_checkpoint  # noqa: E402
from vlm_ros.geometry.boxes import area  # noqa: E402
from vlm_ros.images import write_image  # noqa: E402
from vlm_ros.language import parse_command  # noqa: E402
from vlm_ros.models import load_model, phrases, read_spec  # noqa: E402
from vlm_ros.models.dual_encoder import DualEncoder  # noqa: E402
from vlm_ros.models.preprocess import ImageInput  # noqa: E402
from vlm_ros.pipeline import Grounder  # noqa: E402
from vlm_ros.runtimes.onnx_runtime import OnnxRuntime  # noqa: E402

PHRASES = (
    "cup",
    "red coffee mug",
    "the plate's rim, cracked at 3 places",
    "Schüssel",
    "person riding a horse",
)
# Boxes in shares of the picture's sides; scores are probabilities.
BOX_TOLERANCE = 5e-3
SCORE_TOLERANCE = 1e-3


@dataclass(frozen=True)
class Saved:
    """A checkpoint and what made it."""

    folder: Path
    model: Any
    processor: Any


def _small(model_type: str, image_size: int, patch: int) -> Any:
    """A configuration of the real architecture at reduced size."""
    name = {"owlvit": "OwlViT", "owlv2": "Owlv2"}[model_type]
    sizes = {"num_hidden_layers": 2, "num_attention_heads": 4}
    return getattr(transformers, f"{name}Config")(
        text_config=dict(hidden_size=48, intermediate_size=96, **sizes),
        vision_config=dict(
            hidden_size=64, intermediate_size=96, image_size=image_size, patch_size=patch, **sizes
        ),
        projection_dim=48,
    )


def _sow(model: Any) -> None:
    """Random weights, as spread as those of a trained model, whatever transformers begins with."""
    generator = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            noise = torch.randn(parameter.shape, generator=generator)
            if "norm" in name and name.endswith("weight"):
                parameter.copy_(1.0 + 0.1 * noise)
            elif parameter.ndim > 1:
                parameter.copy_(noise / parameter[0].numel() ** 0.5)
            else:
                parameter.copy_(0.1 * noise)


def _save(folder: Path, config: Any, tokenizer: Any) -> Saved:
    name = {"owlvit": "OwlViT", "owlv2": "Owlv2"}[config.model_type]
    model = getattr(transformers, f"{name}ForObjectDetection")(config).eval()
    _sow(model)
    side = config.vision_config.image_size
    images = getattr(transformers, f"{name}ImageProcessorPil")(size={"height": side, "width": side})
    processor = getattr(transformers, f"{name}Processor")(images, tokenizer)
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    return Saved(folder, model, processor)


def _expected(
    saved: Saved, image: NDArray[np.uint8], texts: Sequence[str]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Boxes (K, 4), clipped to the picture, and scores (K,) as transformers gives them."""
    height, width = image.shape[:2]
    inputs = saved.processor(text=[list(texts)], images=image, return_tensors="pt")
    with torch.no_grad():
        outputs = saved.model(**inputs)
    (found,) = saved.processor.post_process_grounded_object_detection(
        outputs, threshold=0.0, target_sizes=torch.tensor([(height, width)])
    )
    return found["boxes"].numpy().clip(0, [width, height, width, height]), found["scores"].numpy()


def _all_regions(folder: Path) -> None:
    """Lets a folder give all of its regions, also those that overlap."""
    path = folder / "model.yaml"
    spec = yaml.safe_load(path.read_text())
    spec["vision"] |= {"nms_iou": 1.0, "max_regions": 10_000}
    path.write_text(yaml.safe_dump(spec))


def _compare(
    saved: Saved, folder: Path, image: NDArray[np.uint8], texts: Sequence[str]
) -> tuple[float, float]:
    """Largest difference of boxes, in shares of the picture's sides, and of scores."""
    template = read_spec(folder).text.template
    boxes, scores = _expected(saved, image, [template.format(text) for text in texts])
    seen = area(boxes) > 0
    boxes, scores = boxes[seen], scores[seen]
    regions = DualEncoder(read_spec(folder)).regions(image, texts)
    assert len(regions) == len(boxes) > 10
    height, width = image.shape[:2]
    apart = np.abs(regions.boxes[:, None] - boxes[None]) / [width, height, width, height]
    apart = apart.max(axis=2)
    # Regions come in another order: each is compared with the one that it is nearest to, in
    # boxes and scores together, and no two with the same.
    beside = np.abs(regions.scores(texts).max(axis=1)[:, None] - scores[None])
    nearest = (apart + beside).argmin(axis=1)
    each = np.arange(len(regions))
    assert sorted(nearest) == each.tolist()
    return float(apart[each, nearest].max()), float(beside[each, nearest].max())


# Reduced sizes of what is published: patches of 16 or 32 pixels, and of 14.
SMALL = {
    "owlvit-16": ("owlvit", 96, 16),
    "owlvit-14": ("owlvit", 84, 14),
    "owlv2-16": ("owlv2", 96, 16),
}


@pytest.fixture(scope="module", params=SMALL)
def saved(
    request: pytest.FixtureRequest, clip_tokenizer: Any, tmp_path_factory: pytest.TempPathFactory
) -> Saved:
    """A checkpoint of reduced size."""
    folder = tmp_path_factory.mktemp("checkpoint") / f"{request.param}-small"
    return _save(folder, _small(*SMALL[request.param]), clip_tokenizer)


@pytest.fixture(scope="module")
def exported(saved: Saved) -> Path:
    """Its model folder, in which every region is kept."""
    folder = export_checkpoint(saved.folder, saved.folder.with_name("model"))
    _all_regions(folder)
    return folder


def test_answers_are_those_of_transformers(
    saved: Saved, exported: Path, pictures: Mapping[str, NDArray[np.uint8]]
) -> None:
    for name, picture in pictures.items():
        boxes, scores = _compare(saved, exported, picture, PHRASES)
        assert boxes < BOX_TOLERANCE and scores < SCORE_TOLERANCE, name


def test_pixels_are_those_of_transformers(
    saved: Saved, exported: Path, pictures: Mapping[str, NDArray[np.uint8]]
) -> None:
    prepare = ImageInput(read_spec(exported).vision)
    for name, picture in pictures.items():
        image = saved.processor.image_processor(picture, return_tensors="np")["pixel_values"]
        differences = np.abs(prepare(picture)[0] - image)
        # What Pillow's whole numbers put just beside a half may be one grey value off.
        assert np.quantile(differences, 0.999) < 1e-5, name
        assert differences.max() < 1.01 / 255.0 / 0.26, name


def test_tokens_are_those_of_transformers(saved: Saved, exported: Path) -> None:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(exported / "tokenizer.json"))
    for phrase in PHRASES:
        expected = saved.processor.tokenizer(phrase)["input_ids"]
        assert tokenizer.encode(phrase).ids == expected


def test_long_phrases_are_cut(exported: Path) -> None:
    model = DualEncoder(read_spec(exported))
    long = "very " * 40
    (cut,), (alike,) = model.embed([f"{long} big cup"]), model.embed([f"{long} small plate"])
    assert cut == pytest.approx(alike, abs=1e-6)


def test_an_embedding_does_not_depend_on_its_company(exported: Path) -> None:
    alone = DualEncoder(read_spec(exported)).embed(["cup"])
    together = DualEncoder(read_spec(exported)).embed(["cup", "a cup of a longer description"])
    assert together[0] == pytest.approx(alone[0], abs=1e-5)
    assert np.linalg.norm(together, axis=1) == pytest.approx(1.0, abs=1e-5)


def test_frames_compute_no_phrases(
    exported: Path, monkeypatch: pytest.MonkeyPatch, pictures: Mapping[str, NDArray[np.uint8]]
) -> None:
    encoded: list[int] = []

    class Counted(OnnxRuntime):
        def run(self, inputs: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
            encoded.append(len(inputs["input_ids"]))
            return super().run(inputs)

    monkeypatch.setattr(phrases, "open_runtime", lambda graph, name: Counted(graph))
    grounder = Grounder(load_model(exported))
    command = parse_command("put the red cup left of the plate in the blue bowl")
    grounder.ground(command, pictures["landscape"])
    before = list(encoded)
    assert sum(before) > 3
    grounder.ground(command, pictures["landscape"])
    assert encoded == before


def test_commands_are_grounded(
    exported: Path, pictures: Mapping[str, NDArray[np.uint8]], tmp_path: Path
) -> None:
    write_image(tmp_path / "picture.png", pictures["landscape"])
    arguments = ["ground", str(tmp_path / "picture.png"), "the red cup left of the plate", "--json"]
    ran = CliRunner().invoke(main, [*arguments, "--model", str(exported)])
    assert ran.exit_code in (0, 1), ran.output
    (answer,) = json.loads(ran.stdout)["answers"]
    assert answer["status"] in {"FOUND", "AMBIGUOUS", "NOT_FOUND"}, "the weights are random"


def test_the_folder_says_where_it_comes_from(saved: Saved, exported: Path) -> None:
    spec = yaml.safe_load((exported / "model.yaml").read_text())
    assert spec["name"] == saved.folder.name
    assert saved.model.config.model_type in spec["origin"]
    assert str(saved.folder.parent) not in (exported / "model.yaml").read_text()
    for graph in ("vision.onnx", "text.onnx"):
        assert b"site-packages" not in (exported / graph).read_bytes(), "no paths of this machine"


def test_a_model_card_gives_the_licence(saved: Saved, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(saved.folder, tmp_path / "with card"))
    (folder / "README.md").write_text("---\nlicense: apache-2.0\n---\n# A model\n")
    assert read_checkpoint(folder).licence == "apache-2.0"
    assert "not stated" in read_checkpoint(saved.folder).licence


@pytest.fixture(scope="module")
def full_size(clip_tokenizer: Any, tmp_path_factory: pytest.TempPathFactory) -> Saved:
    """OWL-ViT-B/32 as it is published, but for the weights."""
    folder = tmp_path_factory.mktemp("checkpoint") / "owlvit-base-patch32"
    return _save(folder, transformers.OwlViTConfig(), clip_tokenizer)


def test_full_size(
    full_size: Saved, tmp_path: Path, pictures: Mapping[str, NDArray[np.uint8]]
) -> None:
    folder = export_checkpoint(full_size.folder, tmp_path / "model")
    usual = DualEncoder(read_spec(folder)).regions(pictures["landscape"], PHRASES)
    assert 0 < len(usual) <= read_spec(folder).vision.max_regions
    _all_regions(folder)
    few = list(pictures.values())[-2:]  # the photographs, where they are at hand
    differences = [_compare(full_size, folder, picture, PHRASES) for picture in few]
    boxes, scores = np.max(differences, axis=0)
    print(f"largest differences: boxes {boxes:.1e}, scores {scores:.1e}")
    assert boxes < BOX_TOLERANCE and scores < SCORE_TOLERANCE


# What is wrong is said in a sentence


Spoiling = Callable[[Path], object]


def _without(name: str) -> Spoiling:
    return lambda folder: (folder / name).unlink()


def _with(name: str, content: str) -> Spoiling:
    return lambda folder: (folder / name).write_text(content)


def _edited(name: str, **changes: Any) -> Spoiling:
    def edit(folder: Path) -> None:
        path = folder / name
        path.write_text(json.dumps(json.loads(path.read_text()) | changes))

    return edit


def _without_weight(folder: Path) -> None:
    saved = pytest.importorskip("safetensors.torch")
    weights = saved.load_file(folder / "model.safetensors")
    del weights["class_head.dense0.weight"]
    saved.save_file(weights, folder / "model.safetensors", {"format": "pt"})


def _vision(**changes: Any) -> Spoiling:
    def edit(folder: Path) -> None:
        config = json.loads((folder / "config.json").read_text())
        config["vision_config"] |= changes
        (folder / "config.json").write_text(json.dumps(config))

    return edit


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (shutil.rmtree, "does not exist"),
        (_without("config.json"), r"no config\.json"),
        (_with("config.json", "{"), r"config\.json cannot be read"),
        (_with("config.json", "{}"), "model_type"),
        (_edited("config.json", model_type="oracle"), "'oracle' cannot be exported; known are owl"),
        (_without("model.safetensors"), "no weights"),
        (_with("model.safetensors", "cut off"), "weights .* cannot be loaded"),
        (_without_weight, r"lack 1 .*class_head\.dense0\.weight"),
        (_without("tokenizer.json"), "no tokenizer"),
        (_with("tokenizer.json", "{}"), "tokenizer .* cannot be loaded"),
        (_vision(hidden_size=128), "weights .* cannot be loaded"),
        (_vision(image_size=80), "weights .* cannot be loaded"),
    ],
)
def test_unusable_checkpoints(saved: Saved, tmp_path: Path, spoil: Spoiling, message: str) -> None:
    folder = Path(shutil.copytree(saved.folder, tmp_path / "checkpoint"))
    spoil(folder)
    with pytest.raises(ModelError, match=message):
        export_checkpoint(folder, tmp_path / "model")
    assert [path for path in tmp_path.iterdir() if path != folder] == [], "nothing is left"
