"""The model folder: model.yaml beside its graphs and tokenizer. Nothing in it is executed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from vlm_ros.errors import ModelError
from vlm_ros.geometry.boxes import FITS
from vlm_ros.models.resampling import FILTERS

BUNDLED = "tabletop"
FAMILIES = ("dual_encoder", "fused")


@dataclass(frozen=True)
class VisionSpec:
    """The vision graph and the image it wants.

    Attributes:
        graph: the ONNX file.
        width, height: of its input, pixels.
        mean, std: of each RGB channel, on the scale 0..255; input = (pixel - mean) / std.
        pad: grey value of the padding, 0..255.
        resize: how an image is laid into the input, a key of `boxes.FITS`.
        filter: how it is resampled, a key of `resampling.FILTERS`.
        min_objectness: regions below it are dropped.
        nms_iou: regions that overlap a better one by more are dropped.
        merge_iou: regions that overlap a kept one by as much are averaged into it; None keeps it
            as it is.
        max_regions: at most so many are kept.
        classes: names of the columns of the graph's output `classes`; empty where it has none.
        precision: of the graph, for people; nothing depends on it.
    """

    graph: Path
    width: int
    height: int
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    pad: float
    resize: str
    filter: str
    min_objectness: float
    nms_iou: float
    merge_iou: float | None
    max_regions: int
    classes: tuple[str, ...] = ()
    precision: str = "fp32"


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
        family: one of FAMILIES.
        licence, origin: of the weights; empty where model.yaml does not say.
        dimensions: D of the shared space.
        logit_scale, logit_shift: calibration of the match probability, on top of what each
            region says of itself.
        threshold: the score at which a region is as likely right as wrong.
        vision, text: the two graphs.
    """

    folder: Path
    name: str
    family: str
    licence: str
    origin: str
    dimensions: int
    logit_scale: float
    logit_shift: float
    threshold: float
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
        family=_one_of(FAMILIES, data["family"], "family"),
        licence=str(data.get("licence", "")),
        origin=str(data.get("origin", "")),
        dimensions=int(data["dimensions"]),
        logit_scale=float(calibration["logit_scale"]),
        logit_shift=float(calibration["logit_shift"]),
        threshold=_probability(calibration.get("threshold", 0.5), "calibration.threshold"),
        vision=VisionSpec(
            graph=folder / vision["graph"],
            width=int(vision["width"]),
            height=int(vision["height"]),
            mean=_channels(vision["mean"]),
            std=_channels(vision["std"]),
            pad=float(vision["pad"]),
            resize=_one_of(FITS, vision.get("resize", "letterbox"), "vision.resize"),
            filter=_one_of(FILTERS, vision.get("filter", "area"), "vision.filter"),
            min_objectness=float(vision["min_objectness"]),
            nms_iou=float(vision["nms_iou"]),
            merge_iou=float(vision["merge_iou"]) if "merge_iou" in vision else None,
            max_regions=int(vision["max_regions"]),
            classes=tuple(map(str, vision.get("classes", ()))),
            precision=str(vision.get("precision", "fp32")),
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


def _one_of(known: Iterable[str], value: Any, key: str) -> str:
    if value not in known:
        raise ValueError(f"{key} is '{value}'; this version knows {', '.join(known)}.")
    return str(value)


def _probability(value: Any, key: str) -> float:
    if not 0.0 < float(value) < 1.0:
        raise ValueError(f"{key} is {value}; it must lie between 0 and 1.")
    return float(value)


def _channels(values: Any) -> tuple[float, float, float]:
    red, green, blue = (float(v) for v in values)
    return red, green, blue
