"""A picture of many failures: what was asked, what was right, and what was answered."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from vlm_ros.drawing import AMBER, GREEN, GREY, INK, PAPER, RED, caption, draw_box
from vlm_ros.evaluation.judging import Box, Item
from vlm_ros.grounding.result import Status

MOST_TILES = 60
COLUMNS = 6
WIDTH, HEIGHT = 400, 300
"""Of the picture in a tile, pixels."""
TEXT_HEIGHT = 80
MARGIN = 10
TEXT_SCALE = 0.55
JPEG_QUALITY = 90

# Worst first: a robot acts on a wrong FOUND, and loses little by one question too many.
KINDS = (
    "FOUND, but the wrong thing",
    "FOUND, but it is not there",
    "FOUND one, but several fit",
    "not FOUND, and the best guess is wrong",
    "the best guess is right, but not FOUND",
    "AMBIGUOUS, but nothing fits",
    "NOT_FOUND, but several fit",
    "the expression could not be read",
)


def failure(item: Item) -> str | None:
    """Which of KINDS an item is; None where it was answered rightly."""
    if item.answered:
        return None
    if item.status is Status.ERROR:
        return KINDS[7]
    found, due = item.status is Status.FOUND, item.question.due
    if due is Status.FOUND:
        if found:
            return KINDS[0]
        return KINDS[4] if item.first_right else KINDS[3]
    if due is Status.NOT_FOUND:
        return KINDS[1] if found else KINDS[5]
    return KINDS[2] if found else KINDS[6]


class ContactSheet:
    """Collects failures while they come, and draws them when all are known.

    Pictures are kept small and compressed, one for all failures in a picture.
    """

    def __init__(self) -> None:
        self._items: list[Item] = []
        self._pictures: dict[str, tuple[NDArray[np.uint8], float]] = {}

    def add(self, item: Item, image: NDArray[Any]) -> None:
        """Keeps an item if it is a failure.

        Args:
            item: with its answer.
            image: (H, W, 3) uint8 RGB, the picture asked about.
        """
        if failure(item) is None:
            return
        self._items.append(item)
        if item.question.image not in self._pictures:
            self._pictures[item.question.image] = _packed(image)

    def drawn(self) -> NDArray[np.uint8]:
        """The sheet: (H, W, 3) uint8 RGB, at most MOST_TILES failures, worst kinds first."""
        groups: dict[str, list[Item]] = defaultdict(list)
        for item in self._items:
            groups[failure(item) or ""].append(item)
        kinds = [kind for kind in KINDS if kind in groups]
        room = _allotted([len(groups[kind]) for kind in kinds])
        rows = [_legend(len(self._items))]
        for kind, count in zip(kinds, room, strict=True):
            # The surest first: nothing but the score would have told the user to doubt it.
            worst = sorted(groups[kind], key=_score, reverse=True)
            rows.append(_heading(kind, count, len(worst)))
            tiles = [self._tile(item) for item in worst[:count]]
            rows += [_row(tiles[i : i + COLUMNS]) for i in range(0, count, COLUMNS)]
        return np.vstack(rows)

    def _tile(self, item: Item) -> NDArray[np.uint8]:
        data, scale = self._pictures[item.question.image]
        picture = cv2.cvtColor(cv2.imdecode(data, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)
        for region in item.given[1:]:
            draw_box(picture, _scaled(region.box, scale), GREY, 1)
        for box in item.question.boxes:
            draw_box(picture, _scaled(box, scale), GREEN, 3)
        if item.given:
            colour = AMBER if item.first_right else RED
            draw_box(picture, _scaled(item.given[0].box, scale), colour, 2)
        tile = np.full((HEIGHT + TEXT_HEIGHT, WIDTH, 3), PAPER, np.uint8)
        height, width = picture.shape[:2]
        top, left = (HEIGHT - height) // 2, (WIDTH - width) // 2
        tile[top : top + height, left : left + width] = picture
        lines = [f'"{item.question.expression}"', _outcome(item)]
        words = caption(lines, WIDTH, TEXT_SCALE)[:TEXT_HEIGHT]
        tile[HEIGHT : HEIGHT + len(words)] = words
        return tile


def _score(item: Item) -> float:
    return item.given[0].score if item.given else 0.0


def _outcome(item: Item) -> str:
    if item.status is Status.ERROR:
        return item.reason
    parts = [item.status.name, item.question.image]
    if item.given:
        parts.insert(1, f"{_score(item):.2f}")
        if item.question.boxes:
            parts.insert(2, f"IoU {item.overlap:.2f}")
    return "  ".join(parts)


def _packed(image: NDArray[Any]) -> tuple[NDArray[np.uint8], float]:
    """A picture as JPEG at the size of a tile, and by how much it was scaled."""
    height, width = image.shape[:2]
    scale = min(WIDTH / width, HEIGHT / height)
    size = max(round(width * scale), 1), max(round(height * scale), 1)
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    small = cv2.cvtColor(cv2.resize(image, size, interpolation=method), cv2.COLOR_RGB2BGR)
    _, data = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    return np.asarray(data, np.uint8), scale


def _scaled(box: Box, scale: float) -> Box:
    x1, y1, x2, y2 = (value * scale for value in box)
    return x1, y1, x2, y2


def _allotted(counts: Sequence[int]) -> list[int]:
    """How many tiles each group gets: all it has, or as fair a part as there is room for."""
    given = [0] * len(counts)
    for _ in range(min(sum(counts), MOST_TILES)):
        wanting = [i for i, count in enumerate(counts) if given[i] < count]
        given[min(wanting, key=lambda i: given[i])] += 1
    return given


def _row(tiles: Sequence[NDArray[np.uint8]]) -> NDArray[np.uint8]:
    row = _blank(HEIGHT + TEXT_HEIGHT + MARGIN)
    for index, tile in enumerate(tiles):
        left = MARGIN + index * (WIDTH + MARGIN)
        row[: len(tile), left : left + WIDTH] = tile
    return row


def _heading(kind: str, shown: int, of: int) -> NDArray[np.uint8]:
    text = f"{kind}: {of}" if shown == of else f"{kind}: {of}, {shown} shown"
    return _banner(text, 0.75)


def _legend(count: int) -> NDArray[np.uint8]:
    text = (
        f"{count} failures. Green: right. Red: the first box given, where it is wrong; amber, where"
        " it is right. Grey: the other guesses."
    )
    return _banner(text if count else "No failures.", 0.6)


def _banner(text: str, scale: float) -> NDArray[np.uint8]:
    row = _blank(40)
    cv2.putText(row, text, (MARGIN, 27), cv2.FONT_HERSHEY_SIMPLEX, scale, INK, 1, cv2.LINE_AA)
    return row


def _blank(height: int) -> NDArray[np.uint8]:
    return np.full((height, MARGIN + COLUMNS * (WIDTH + MARGIN), 3), 255, np.uint8)
