"""The model folder: model.yaml beside its graphs and tokenizer. Nothing in it is executed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from vlm_ros.errors import ModelError

BUNDLED = "tabletop"


@dataclass(frozen=True)
class VisionSpec:
    """The vision graph and the image it wants.

    Attributes:
        graph: the ONNX file.
        width, height: of its input, pixels.
        mean, std: of each RGB channel, on the scale 0..255; input = (pixel - mean) / std.
        pad: grey value of the letterbox's padding, 0..255.
        min_objectness: regions below it are dropped.
        nms_iou: regions that overlap a better one by more are dropped.
        max_regions: at most so many are kept.
    """

    graph: Path
    width: int
    height: int
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    pad: int
    min_objectness: float
    nms_iou: float
    max_regions: int


@dataclass(frozen=True)
class TextSpec:
    """The text graph and its tokenizer.

    Attributes:
        graph: the ONNX file.
        tokenizer: a tokenizers JSON file.
        max_tokens: longer phrases are cut.
        template: how a phrase is put to the encoder, e.g. "a photo of {}".
    """

    graph: Path
    tokenizer: Path
    max_tokens: int
    template: str


@dataclass(frozen=True)
class ModelSpec:
    """What model.yaml says.

    Attributes:
        folder: where it was read.
        name: of the model.
        family: "dual_encoder".
        dimensions: D of the shared space.
        logit_scale, logit_shift: calibration of the match probability.
        vision, text: the two graphs.
    """

    folder: Path
    name: str
    family: str
    dimensions: int
    logit_scale: float
    logit_shift: float
    vision: VisionSpec
    text: TextSpec


def bundled_model() -> Path:
    """The folder of the model that ships with the package.

    Raises:
        ModelError: it is not where the source tree, pip or colcon would have put it.
    """
    package = Path(__file__).resolve().parents[1]
    # Beside the package in the source tree; in share/ of the prefix it was installed into.
    places = [package.parent / "models" / BUNDLED]
    places += [p / "share" / "vlm_ros" / "models" / BUNDLED for p in package.parents]
    for place in places:
        if (place / "model.yaml").is_file():
            return place
    raise ModelError(
        f"The bundled model '{BUNDLED}' was not found beside {package}; reinstall vlm_ros, or name "
        "a model folder."
    )


def read_spec(folder: Path) -> ModelSpec:
    """Reads and checks model.yaml.

    Raises:
        ModelError: the folder or a file it names is missing, or a value is not what it must be.
    """
    source = folder / "model.yaml"
    if not folder.is_dir():
        raise ModelError(f"The model folder {folder} does not exist.")
    if not source.is_file():
        raise ModelError(f"The model folder {folder} has no model.yaml.")
    try:
        data = yaml.safe_load(source.read_text(encoding="utf-8"))
        return _spec(folder, data)
    except KeyError as error:
        raise ModelError(f"{source} lacks the key {error}.") from error
    except (yaml.YAMLError, UnicodeDecodeError, TypeError, ValueError) as error:
        raise ModelError(f"{source} cannot be read: {error}") from error


def _spec(folder: Path, data: Any) -> ModelSpec:
    if not isinstance(data, dict):
        raise ModelError(f"{folder / 'model.yaml'} must hold a mapping of keys to values.")
    vision, text, calibration = data["vision"], data["text"], data["calibration"]
    spec = ModelSpec(
        folder=folder,
        name=str(data["name"]),
        family=str(data["family"]),
        dimensions=int(data["dimensions"]),
        logit_scale=float(calibration["logit_scale"]),
        logit_shift=float(calibration["logit_shift"]),
        vision=VisionSpec(
            graph=folder / vision["graph"],
            width=int(vision["width"]),
            height=int(vision["height"]),
            mean=_channels(vision["mean"]),
            std=_channels(vision["std"]),
            pad=int(vision["pad"]),
            min_objectness=float(vision["min_objectness"]),
            nms_iou=float(vision["nms_iou"]),
            max_regions=int(vision["max_regions"]),
        ),
        text=TextSpec(
            graph=folder / text["graph"],
            tokenizer=folder / text["tokenizer"],
            max_tokens=int(text["max_tokens"]),
            template=str(text["template"]),
        ),
    )
    for path in (spec.vision.graph, spec.text.graph, spec.text.tokenizer):
        if not path.is_file():
            raise ModelError(f"The model folder {folder} lacks {path.name}, which it names.")
    return spec


def _channels(values: Any) -> tuple[float, float, float]:
    red, green, blue = (float(v) for v in values)
    return red, green, blue
