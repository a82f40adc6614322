"""Annotated pictures for training, from the formats they are kept in."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import yaml
from numpy.typing import NDArray

from vlm_ros.errors import CommandError, VlmRosError
from vlm_ros.images import pictures_in
from vlm_ros.language import Phrase, parse_command
from vlm_ros.training.phrases import LabelledObject, Vocabulary, load_vocabulary


class DataError(VlmRosError):
    """Training data that cannot be used; the message names the file and line."""


@dataclass(frozen=True)
class Picture:
    """One annotated picture.

    Attributes:
        path: the image file.
        boxes: (G, 4) float32 xyxy pixels.
        things: the G objects.
        exhaustive: whether all that could be called an object is labelled.
        closed: kinds of which every object is labelled, where not all are.
    """

    path: Path
    boxes: NDArray[np.float32]
    things: tuple[LabelledObject, ...]
    exhaustive: bool
    closed: frozenset[str] = frozenset()


def read_rendered(folder: Path) -> list[Picture]:
    """Pictures written by `vlm-ros data render`, whose attributes are known completely.

    Raises:
        DataError: no annotations there, or a line that is not one.
    """
    source = folder / "annotations.jsonl"
    if not source.is_file():
        raise DataError(f"{source} does not exist; render it with 'vlm-ros data render {folder}'.")
    pictures = []
    for number, line in enumerate(source.read_text(encoding="utf-8").splitlines(), 1):
        try:
            record = json.loads(line)
            things = tuple(LabelledObject.rendered(o) for o in record["objects"])
            boxes = np.asarray([o["box"] for o in record["objects"]], np.float32).reshape(-1, 4)
            pictures.append(Picture(folder / record["image"], boxes, things, True))
        except (KeyError, TypeError, ValueError) as error:
            raise DataError(f"{source}, line {number}: not an annotation ({error!r}).") from error
    return pictures


def read_yolo(photographs: Sequence[Path], labels: Path, names: Sequence[str]) -> list[Picture]:
    """Photographs with YOLO labels (class cx cy w h, normalised); attributes are unknown.

    Those that have no label file are left out. In the others every object of the names is taken to
    be labelled.

    Raises:
        DataError: a label file with a line that is not a label.
    """
    pictures = []
    for path in photographs:
        source = labels / f"{path.stem}.txt"
        if not source.is_file():
            continue
        height, width = read_picture(path).shape[:2]
        boxes, things = [], []
        for number, line in enumerate(source.read_text(encoding="utf-8").splitlines(), 1):
            try:
                index, cx, cy, w, h = (float(v) for v in line.split()[:5])
                things.append(LabelledObject(names[int(index)], {}, complete=False))
            except (ValueError, IndexError) as error:
                raise DataError(f"{source}, line {number}: not a YOLO label.") from error
            corners = (cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2)
            boxes.append(np.asarray(corners, np.float32) * (width, height, width, height))
        stacked = np.asarray(boxes, np.float32).reshape(-1, 4)
        pictures.append(Picture(path, stacked, tuple(things), False, frozenset(names)))
    return pictures


def read_coco(source: Path) -> list[Picture]:
    """Photographs labelled in COCO's format, `images` lying beside the file.

    An annotation may say more than its category by an additional key `phrases`, a list of phrases
    that are true of the object ("blue mug", "mug with white stripes"): their nouns are learned as
    names of this object, their colours, materials, patterns and sizes as its attributes.

    An image may say by LVIS's keys (Gupta et al. 2019) which categories are labelled completely:
    `neg_category_ids` lists those it does not show; where it is given, those it does show are
    complete too, except for `not_exhaustive_category_ids`.

    Raises:
        DataError: the file is not in COCO's format; a box is not one or lies outside its picture;
            a phrase is empty or not read. The message names the annotation.
    """
    try:
        data = json.loads(source.read_text(encoding="utf-8"))
        names = {c["id"]: str(c["name"]) for c in data["categories"]}
        images = {i["id"]: i for i in data["images"]}
        labelled: dict[Any, list[tuple[list[float], LabelledObject]]] = {i: [] for i in images}
        for annotation in data["annotations"]:
            image = images[annotation["image_id"]]
            box = _coco_box(annotation, image, source)
            thing = _coco_thing(annotation, names[annotation["category_id"]], source)
            labelled[annotation["image_id"]].append((box, thing))
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(f"{source}: not in COCO's format ({error!r}).") from error
    pictures = []
    for key, found in labelled.items():
        path = source.parent / images[key]["file_name"]
        if not path.is_file():
            raise DataError(f"{source}: image {key} names {path}, which does not exist.")
        boxes = np.asarray([box for box, _ in found], np.float32).reshape(-1, 4)
        try:
            closed = _closed(images[key], {thing.name for _, thing in found}, names)
        except KeyError as error:
            raise DataError(f"{source}: image {key} names category {error} of none.") from error
        except TypeError as error:
            raise DataError(f"{source}: image {key}: no list of categories ({error}).") from error
        pictures.append(Picture(path, boxes, tuple(thing for _, thing in found), False, closed))
    return pictures


def _closed(image: Mapping[str, Any], shown: set[str], names: Mapping[Any, str]) -> frozenset[str]:
    """The kinds of which every object is labelled, by LVIS's keys."""
    if "neg_category_ids" not in image:
        return frozenset()
    absent = {names[i] for i in image["neg_category_ids"]}
    partly = {names[i] for i in image.get("not_exhaustive_category_ids", ())}
    return frozenset(absent | shown - partly)


def _coco_box(annotation: Mapping[str, Any], image: Mapping[str, Any], source: Path) -> list[float]:
    x, y, width, height = (float(v) for v in annotation["bbox"])
    inside = x >= -1 and y >= -1 and x + width <= image["width"] + 1
    if not (inside and y + height <= image["height"] + 1 and width > 0 and height > 0):
        raise DataError(
            f"{source}: annotation {annotation['id']} has the box {annotation['bbox']}, which is "
            f"not inside its picture of {image['width']} x {image['height']} pixels."
        )
    return [x, y, x + width, y + height]


def _coco_thing(annotation: Mapping[str, Any], name: str, source: Path) -> LabelledObject:
    words = load_vocabulary()
    names: list[str] = []
    attributes: dict[str, str] = {}
    accents: list[str] = []
    parts: list[tuple[str, str]] = []
    for phrase in annotation.get("phrases", ()):
        try:
            said = parse_command(phrase).steps[0].target
        except CommandError as error:
            raise DataError(
                f"{source}: annotation {annotation['id']} has the phrase {phrase!r}: {error}"
            ) from error
        names.append(said.noun)
        for claim, value in _claims(said, words):
            if claim != "colour":
                # "Transparent" claims glass, "transparent plastic" plastic: the last word counts.
                attributes[claim] = value
            elif attributes.setdefault(claim, value) != value:
                # "Red and white" has a main colour and another one, which may be said of it or not.
                accents.append(value)
        for part in said.parts:
            claims = _claims(part, words)
            parts += ((part.noun, value) for claim, value in claims if claim == "colour")
    return LabelledObject(
        name,
        attributes,
        complete=False,
        accents=tuple(dict.fromkeys([*accents, *(colour for _, colour in parts)])),
        names=tuple(dict.fromkeys(names)),
        parts=tuple(dict.fromkeys(parts)),
    )


def _claims(said: Phrase, words: Vocabulary) -> list[tuple[str, str]]:
    """What the adjectives of a phrase claim, as (claim, value); unknown ones claim nothing."""
    return [known for word in said.attributes if (known := words.claimed_by(word))]


def read_photographs(source: Path) -> list[Picture]:
    """Photographs named by a YAML file: `images`, `labels` (folders), `names`, and `every`.

    `every: [2, 0]` takes each second picture of the folder from the first on, and leaves to test on
    what `vlm-ros eval detect --every 2 1` takes. A `.json` file is read by `read_coco` instead.

    Raises:
        DataError: a key is missing.
        ImageError: the folder holds no pictures.
    """
    if source.suffix == ".json":
        return read_coco(source)
    data = yaml.safe_load(source.read_text(encoding="utf-8"))
    try:
        base = source.parent
        step, first = data.get("every", [1, 0])
        chosen = pictures_in(base / data["images"])[first::step]
        return read_yolo(chosen, base / data["labels"], data["names"])
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(f"{source}: missing or wrong key ({error!r}).") from error


def read_picture(path: Path) -> NDArray[np.uint8]:
    """A picture as (H, W, 3) uint8 RGB.

    Raises:
        DataError: it is not one.
    """
    image = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if image is None:
        raise DataError(f"{path} cannot be read as a picture.")
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), np.uint8)
