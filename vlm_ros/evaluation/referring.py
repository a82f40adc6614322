"""Referring expressions about picture files: reading them, and naming what is wrong with them.

One JSON object a line: `{"image": "1.jpg", "expression": "the left knife", "box": [x1, y1, x2,
y2]}`. The box is in pixels of the picture as shown, turned upright as its EXIF data say; null
where the thing is not in the picture. Other keys are ignored.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vlm_ros.errors import ImageError
from vlm_ros.evaluation.bad_data import LineError
from vlm_ros.evaluation.judging import Box, Question
from vlm_ros.geometry.boxes import clip
from vlm_ros.images import read_image

PRESENT, ABSENT = "present", "absent"

# Boxes drawn by hand may overshoot the edge of the picture by this share of its side.
_OVERSHOOT = 0.01
_LONGEST_QUOTE = 80


@dataclass(frozen=True)
class Reference:
    """One line, well formed; whether its box lies in the picture is not known yet.

    Attributes:
        place: file and line, for messages.
        path: of the picture.
        question: what is asked.
    """

    place: str
    path: Path
    question: Question


def read_lines(source: Path, images: Path) -> list[Reference | LineError]:
    """Reads every line that is not blank; a bad one comes back as its error.

    Args:
        source: JSON Lines file.
        images: folder the pictures are named from.

    Raises:
        LineError: the file itself cannot be read.
    """
    try:
        content = source.read_bytes().removeprefix(b"\xef\xbb\xbf")
    except OSError as error:
        raise LineError(f"{source} cannot be read: {error.strerror}.") from error
    read: list[Reference | LineError] = []
    for number, line in enumerate(content.splitlines(), 1):
        place = f"{source}, line {number}"
        try:
            if line.strip():
                question = _question(line)
                read.append(Reference(place, images / question.image, question))
        except ValueError as error:
            read.append(LineError(f"{place}: {error}"))
    return read


def _question(line: bytes) -> Question:
    try:
        row = json.loads(line)
    except json.JSONDecodeError as error:
        raise ValueError(f"this is not JSON: {error.msg} at column {error.colno}") from error
    except (UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"this is not JSON: {error}") from error
    if not isinstance(row, dict):
        raise ValueError('write an object: {"image": ..., "expression": ..., "box": ...}')
    image, expression = (_text(row, key) for key in ("image", "expression"))
    if "box" not in row:
        raise ValueError('"box" is missing; write null where the thing is not in the picture')
    if row["box"] is None:
        return Question(image, expression, (), ABSENT)
    return Question(image, expression, (_box(row["box"]),), PRESENT)


def _text(row: dict[str, Any], key: str) -> str:
    if key not in row:
        raise ValueError(f'"{key}" is missing')
    value = row[key]
    if not isinstance(value, str):
        raise ValueError(f'"{key}" is {json.dumps(value)}, not a text')
    if not value.strip():
        raise ValueError(f'"{key}" is empty')
    # JSON can hold halves of characters.
    if value != value.encode(errors="replace").decode():
        raise ValueError(f'"{key}" holds characters that are no text: {json.dumps(value)}')
    return value


def _box(value: Any) -> Box:
    if not isinstance(value, list) or len(value) != 4 or not all(map(_is_number, value)):
        said = json.dumps(value)
        said = said if len(said) <= _LONGEST_QUOTE else f"{said[:_LONGEST_QUOTE]}..."
        raise ValueError(f"the box {said} is not four numbers [x1, y1, x2, y2]")
    x1, y1, x2, y2 = (float(v) for v in value)
    if x1 >= x2 or y1 >= y2:
        raise ValueError(
            f"the box {json.dumps(value)} has its right edge left of its left one, or its lower"
            " above its upper; write [x1, y1, x2, y2]"
        )
    return x1, y1, x2, y2


def _is_number(value: Any) -> bool:
    try:
        return not isinstance(value, (bool, str)) and math.isfinite(value)
    except (TypeError, OverflowError):
        return False


class PictureReader:
    """Reads the pictures of references; one that several ask about in a row is read once."""

    def __init__(self) -> None:
        self._path: Path | None = None
        self._result: NDArray[np.uint8] | ImageError | None = None

    def __call__(self, reference: Reference) -> tuple[Question, NDArray[np.uint8]]:
        """The question, its box cut at the edges of the picture, and the picture.

        Raises:
            LineError: the picture cannot be read, or the box is not in it.
        """
        if self._path != reference.path or self._result is None:
            self._path, self._result = reference.path, _read(reference.path)
        if isinstance(self._result, ImageError):
            raise LineError(f"{reference.place}: {self._result}")
        return _fitted(reference, self._result), self._result


def _read(path: Path) -> NDArray[np.uint8] | ImageError:
    try:
        return read_image(path)
    except ImageError as error:
        return error


def _fitted(reference: Reference, image: NDArray[np.uint8]) -> Question:
    question, (height, width) = reference.question, image.shape[:2]
    boxes = tuple(_cut(reference.place, box, width, height) for box in question.boxes)
    return replace(question, boxes=boxes)


def _cut(place: str, box: Box, width: int, height: int) -> Box:
    x1, y1, x2, y2 = (float(v) for v in clip(box, width, height))
    overshoot = np.abs(np.subtract((x1, y1, x2, y2), box)) / (width, height, width, height)
    if overshoot.max() > _OVERSHOOT or x1 >= x2 or y1 >= y2:
        said = ", ".join(f"{v:g}" for v in box)
        raise LineError(
            f"{place}: the box [{said}] is not within the picture of {width}x{height} pixels; "
            "boxes are in pixels of the picture as shown, turned upright"
        )
    return x1, y1, x2, y2


def resolved(
    lines: list[Reference | LineError],
) -> Iterator[tuple[Question, NDArray[np.uint8]] | LineError]:
    """Each line with its picture, or what is wrong with it."""
    read = PictureReader()
    for line in lines:
        if isinstance(line, LineError):
            yield line
            continue
        try:
            yield read(line)
        except LineError as error:
            yield error
