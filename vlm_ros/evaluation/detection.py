"""Objects found by their names, against labelled pictures.

Labels are those of YOLO: for each picture a text file of its name with a line `class cx cy w h`
for each object, in shares of the picture's width and height; what follows on a line is ignored.
A picture without such a file holds no labelled object.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from vlm_ros.errors import ImageError, VlmRosError
from vlm_ros.evaluation.bad_data import LineError
from vlm_ros.evaluation.judging import RIGHT_IOU
from vlm_ros.evaluation.shares import Share
from vlm_ros.geometry.boxes import iou
from vlm_ros.grounding.appearance import PictureMatcher
from vlm_ros.images import read_image
from vlm_ros.models import Model

# Labels may overshoot the edge of the picture by this share of its side, for they are rounded.
_OVERSHOOT = 0.01


@dataclass(frozen=True)
class Objects:
    """Objects in one picture, labelled or detected.

    Attributes:
        boxes: (K, 4) float32 xyxy pixels.
        classes: (K,) index of each one's name.
        scores: (K,) float32 in 0..1; 1 for labels.
    """

    boxes: NDArray[np.float32]
    classes: NDArray[np.intp]
    scores: NDArray[np.float32]


class Detector(Protocol):
    """Finds objects of known names."""

    def __call__(self, image: NDArray[Any]) -> Objects:
        """Objects in an image (H, W, 3) uint8 RGB."""
        ...


class PhraseDetector:
    """A model that takes the names as phrases.

    A region is one of the names or none of them, so a name's probability is its odds over those of
    all and of none. A detection's score is that of YOLOX: how sure it is that there is a thing,
    times how likely that is what the name says.
    """

    def __init__(self, model: Model, names: Sequence[str], threshold: float) -> None:
        self._model = model
        self._names = names
        self._threshold = threshold

    def __call__(self, image: NDArray[Any]) -> Objects:
        """Objects in an image (H, W, 3) uint8 RGB."""
        regions = self._model.regions(image, self._names)
        matcher = PictureMatcher(image, regions, self._model.threshold)
        odds = _odds(matcher.scores(self._names))
        scores = odds / (1.0 + odds.sum(axis=1, keepdims=True)) * regions.objectness[:, None]
        classes, best = scores.argmax(axis=1), scores.max(axis=1)
        kept = best >= self._threshold
        return Objects(regions.boxes[kept], classes[kept], best[kept])


def _odds(probabilities: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(probabilities / np.maximum(1.0 - probabilities, 1e-6), np.float32)


@dataclass(frozen=True)
class Counts:
    """How detections compare with labels, for each name.

    Attributes:
        matched: (C,) detections of an object of their name, each object counted once.
        detected: (C,) all detections.
        labelled: (C,) all objects.
    """

    matched: NDArray[np.intp]
    detected: NDArray[np.intp]
    labelled: NDArray[np.intp]

    @classmethod
    def none(cls, names: int) -> Counts:
        """Of no picture."""
        return cls(*(np.zeros(names, np.intp) for _ in range(3)))

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            self.matched + other.matched,
            self.detected + other.detected,
            self.labelled + other.labelled,
        )

    @property
    def precision(self) -> Share:
        """The matched share of what was detected."""
        return Share(int(self.matched.sum()), int(self.detected.sum()))

    @property
    def recall(self) -> Share:
        """The matched share of what was labelled."""
        return Share(int(self.matched.sum()), int(self.labelled.sum()))

    def of(self, index: int) -> Counts:
        """Those of one name."""
        one = slice(index, index + 1)
        return Counts(self.matched[one], self.detected[one], self.labelled[one])


def count(found: Objects, labelled: Objects, names: int) -> Counts:
    """Matches detections to labels of the same name, surest first, each label once.

    A detection takes the free label it overlaps most, at an IoU of at least RIGHT_IOU.
    """
    free = np.ones(len(labelled.boxes), bool)
    matched = np.zeros(names, np.intp)
    overlaps = iou(found.boxes.reshape(-1, 4), labelled.boxes.reshape(-1, 4))
    for index in np.argsort(-found.scores, kind="stable"):
        usable = free & (labelled.classes == found.classes[index])
        shared = np.where(usable, overlaps[index], 0.0)
        if shared.max(initial=0.0) >= RIGHT_IOU:
            free[int(shared.argmax())] = False
            matched[found.classes[index]] += 1
    return Counts(
        matched,
        np.bincount(found.classes, minlength=names),
        np.bincount(labelled.classes, minlength=names),
    )


class Comparison:
    """Detectors on the same pictures.

    Args:
        detectors: by name.
        names: how many classes there are.

    Attributes:
        pictures: how many were compared.
        counts: of each detector so far.
    """

    def __init__(self, detectors: Mapping[str, Detector], names: int) -> None:
        self._detectors = detectors
        self._names = names
        self.pictures = 0
        self.counts = dict.fromkeys(detectors, Counts.none(names))

    def add(self, image: NDArray[Any], labelled: Objects) -> None:
        """Counts what each detector finds in a picture (H, W, 3) uint8 RGB."""
        found = {name: detector(image) for name, detector in self._detectors.items()}
        for name, objects in found.items():
            self.counts[name] += count(objects, labelled, self._names)
        self.pictures += 1


def read_names(path: Path) -> tuple[str, ...]:
    """The names of classes, one a line, in the order of their numbers.

    Raises:
        LineError: the file cannot be read or holds no names.
    """
    try:
        names = [line.strip() for line in path.read_text(encoding="utf-8").splitlines()]
    except (OSError, UnicodeDecodeError) as error:
        raise LineError(f"{path} cannot be read: {error}") from error
    while names and not names[-1]:
        names.pop()
    if not names or not all(names):
        raise LineError(f"{path}: write one name a line, without blank lines between them")
    return tuple(names)


def read_labelled(
    pictures: Sequence[Path], labels: Path, names: int
) -> Iterator[tuple[NDArray[np.uint8], Objects] | VlmRosError]:
    """Each picture with its labels, or what is wrong with it.

    Args:
        pictures: files.
        labels: folder of the label files.
        names: how many classes there are.
    """
    for path in pictures:
        try:
            image = read_image(path)
            source = labels / f"{path.stem}.txt"
            lines = source.read_bytes().splitlines() if source.is_file() else []
            rows = [
                _row(line, f"{source}, line {number}", names)
                for number, line in enumerate(lines, 1)
                if line.strip()
            ]
        except (VlmRosError, OSError) as error:
            yield error if isinstance(error, VlmRosError) else ImageError(str(error))
            continue
        yield image, _objects(rows, *image.shape[1::-1])


def _row(line: bytes, place: str, names: int) -> tuple[float, ...]:
    try:
        row = tuple(float(value) for value in line.split()[:5])
    except ValueError as error:
        raise LineError(f"{place}: {error}; write: class cx cy w h") from error
    if len(row) != 5 or not all(map(math.isfinite, row)):
        raise LineError(f"{place}: this is not five numbers: class cx cy w h")
    index, cx, cy, w, h = row
    if index != int(index) or not 0 <= index < names:
        raise LineError(f"{place}: there is no class {index:g} among {names} names")
    low, high = -_OVERSHOOT, 1 + _OVERSHOOT
    inside = low <= min(cx - w / 2, cy - h / 2) and max(cx + w / 2, cy + h / 2) <= high
    if w <= 0 or h <= 0 or not inside:
        raise LineError(f"{place}: the box is empty or not within the picture")
    return row


def _objects(rows: Sequence[tuple[float, ...]], width: int, height: int) -> Objects:
    table = np.asarray(rows, np.float32).reshape(-1, 5)
    half = table[:, 3:] / 2
    shares = np.hstack([table[:, 1:3] - half, table[:, 1:3] + half])
    boxes = shares * np.asarray((width, height, width, height), np.float32)
    return Objects(
        np.asarray(boxes, np.float32), table[:, 0].astype(np.intp), np.ones(len(table), np.float32)
    )
