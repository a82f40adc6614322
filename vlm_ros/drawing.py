"""The picture of an answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from vlm_ros.grounding.result import GroundedRegion, Status
from vlm_ros.pipeline import StepAnswer

GREEN = (46, 204, 113)
BLUE = (52, 152, 219)
AMBER = (243, 156, 18)
GREY = (149, 165, 166)
RED = (231, 76, 60)
INK = (20, 20, 20)
PAPER = (245, 245, 245)
FONT = cv2.FONT_HERSHEY_SIMPLEX


def draw_grounding(
    image: NDArray[Any], answers: Sequence[StepAnswer], title: str
) -> NDArray[np.uint8]:
    """Draws targets (green), destinations (blue) and what else it might be, with a caption.

    Of targets whose pixels are known, their outlines are drawn too.
    The candidates of an ambiguity are amber, the nearest miss of what is not found is grey.

    Args:
        image: (H, W, 3) uint8 RGB; it is not changed.
        answers: of one frame.
        title: the command.

    Returns:
        (H + caption, W, 3) uint8 RGB.
    """
    canvas = np.ascontiguousarray(image).copy()
    scale = max(canvas.shape[1] / 1280.0, 0.45)
    lines = [title]
    for answer in answers:
        grounding = answer.grounding
        if grounding.status is Status.NOT_FOUND:
            for region in grounding.alternatives[:1]:
                _draw_region(canvas, region, GREY, scale)
        for region in grounding.alternatives[: grounding.candidates]:
            _draw_region(canvas, region, AMBER, scale)
        colour = GREEN if answer.role == "target" else BLUE
        for mask in answer.masks:
            if mask is not None:
                _draw_outline(canvas, mask, colour)
        for region in grounding.targets:
            _draw_region(canvas, region, colour, scale)
        lines.append(f"{grounding.status.name} {answer.role}: {grounding.reason}")
        if grounding.question:
            lines.append(grounding.question)
    return np.vstack([canvas, caption(lines, canvas.shape[1], scale)])


def draw_box(
    canvas: NDArray[Any],
    box: tuple[float, float, float, float],
    colour: tuple[int, int, int],
    thickness: int,
) -> None:
    """Draws the outline of a box into (H, W, 3) uint8 RGB; xyxy pixels."""
    x1, y1, x2, y2 = (round(v) for v in box)
    cv2.rectangle(canvas, (x1, y1), (x2, y2), colour, thickness, cv2.LINE_AA)


def _draw_outline(
    canvas: NDArray[Any], mask: NDArray[np.bool_], colour: tuple[int, int, int]
) -> None:
    """Draws the outline of pixels (H, W) into (H, W, 3) uint8 RGB."""
    found = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    cv2.drawContours(canvas, found[0], -1, colour, 1)


def _draw_region(
    canvas: NDArray[Any], region: GroundedRegion, colour: tuple[int, int, int], scale: float
) -> None:
    draw_box(canvas, region.box, colour, max(round(3 * scale), 2))
    x1, y1, _, y2 = (round(v) for v in region.box)
    text = f"{region.label} {region.score:.2f}"
    (width, height), base = cv2.getTextSize(text, FONT, scale, 1)
    left = min(max(x1, 0), max(canvas.shape[1] - width - 6, 0))
    top = y1 - height - base - 4 if y1 - height - base - 4 >= 0 else y2
    cv2.rectangle(canvas, (left, top), (left + width + 6, top + height + base + 4), colour, -1)
    cv2.putText(canvas, text, (left + 3, top + height + 2), FONT, scale, INK, 1, cv2.LINE_AA)


def caption(lines: Sequence[str], width: int, scale: float) -> NDArray[np.uint8]:
    """Lines of text, wrapped at words: (H, width, 3) uint8 RGB, as high as they need.

    Args:
        lines: characters beyond ASCII are shown as question marks.
        width: pixels.
        scale: of the letters; 0.5 is about 11 pixels high.
    """
    (_, height), base = cv2.getTextSize("Ag", FONT, scale, 1)
    step = height + base + 6
    wrapped = [part for line in lines for part in _wrap(line, width - 16, scale)]
    strip = np.full((step * len(wrapped) + 10, width, 3), PAPER, np.uint8)
    for row, line in enumerate(wrapped):
        at = (8, 4 + step * row + height)
        cv2.putText(strip, line, at, FONT, scale, INK, 1, cv2.LINE_AA)
    return strip


def _wrap(text: str, width: int, scale: float) -> list[str]:
    lines = [""]
    # The Hershey fonts hold ASCII alone.
    for word in text.encode("ascii", "replace").decode().split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and cv2.getTextSize(longer, FONT, scale, 1)[0][0] > width:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines
