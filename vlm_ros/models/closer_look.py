"""What regions show when they are looked at closely: patterns, postures, the colours of parts.

A vision graph sees a whole picture in cells of eight pixels; what is narrow, how a thing stands and
where its cap is are seen poorly so. Where a phrase speaks of them, each region is cut out, resized
and looked at by a small network of its own. It does not name colours: it says where in a region
each part is, and `colours` names what is there, so that a cap may be of any colour.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from vlm_ros.models.colours import colour_namer, pixel_cells
from vlm_ros.runtimes import Runtime, open_runtime
from vlm_ros.stages import stage

PATTERNS = ("none", "striped", "dotted", "checkered")
POSTURES = ("upright", "lying", "upside down")
PARTS = (
    *("handle", "cap", "label", "lid", "spine", "head", "bristles", "blade", "wheels", "button"),
    *("eraser", "screen", "strap", "face", "leaves", "sleeve", "stem"),
)
_CALLED = {
    **dict.fromkeys(("bottle cap", "cork", "stopper", "top"), "cap"),
    **dict.fromkeys(("grip", "shaft"), "handle"),
}

SIDE = 64
"""Pixels of a crop's sides."""
CELLS = 16
"""Of a crop's sides: parts are looked for among its CELLS ** 2."""
MARGIN = 0.06
"""Of a box's sides, how far a crop reaches beyond it."""
# Of every so many pixels one is asked for its colour.
_STRIDE = 2


@dataclass(frozen=True)
class Looks:
    """What N regions show: how many times likelier than by chance, as logarithms.

    Attributes:
        patterns: (N, len(PATTERNS)) float32.
        postures: (N, len(POSTURES)) float32.
        part_colours: (N, len(PARTS), C) float32; of the C colours of `colours.colour_namer`, each
            part's, if the region has such a part.
    """

    patterns: NDArray[np.float32]
    postures: NDArray[np.float32]
    part_colours: NDArray[np.float32]


class CloserLook:
    """A graph that looks at crops.

    It takes `crops` (N, SIDE, SIDE, 3) uint8 RGB, `shapes` (N,), the logarithm of width by height
    of what was cut out, and `colours` (N, CELLS ** 2, C), how much of each colour is in the cells.
    It gives log-probabilities `patterns` (N, len(PATTERNS)), `postures` (N, len(POSTURES)) and
    `part_colours` (N, len(PARTS), C).
    """

    def __init__(self, graph: Runtime) -> None:
        self._graph = graph

    def __call__(self, image: NDArray[Any], boxes: NDArray[np.float32]) -> Looks:
        """Looks at regions.

        Args:
            image: (H, W, 3) uint8 RGB.
            boxes: (N, 4) xyxy pixels.

        Raises:
            ModelError: the graph failed.
        """
        with stage("look"):
            count, colours = len(boxes), len(colour_namer().names)
            if not count:
                nothing = np.zeros((0, len(PARTS), colours), np.float32)
                return Looks(nothing[:, :4, 0], nothing[:, :3, 0], nothing)
            crops = np.stack([crop(image, box, MARGIN, SIDE) for box in boxes])
            said = self._graph.run(
                {"crops": crops, "shapes": shapes(boxes), "colours": colour_shares(crops)}
            )
            return Looks(
                said["patterns"] + np.float32(np.log(len(PATTERNS))),
                said["postures"] + np.float32(np.log(len(POSTURES))),
                said["part_colours"] + np.float32(np.log(colours)),
            )


@lru_cache(maxsize=1)
def closer_look() -> CloserLook:
    """The one that ships with the package, loaded when it is first needed.

    Raises:
        RuntimeUnavailableError: ONNX Runtime is not installed.
    """
    return CloserLook(open_runtime(Path(__file__).with_name("closer_look.onnx"), "onnxruntime"))


def part_called(noun: str) -> int | None:
    """The index in PARTS of what a part is called; None of a part that is not known."""
    name = _CALLED.get(noun, noun)
    return PARTS.index(name) if name in PARTS else None


def crop(
    image: NDArray[Any], box: NDArray[np.float32] | Sequence[float], margin: float, side: int
) -> NDArray[np.uint8]:
    """A box with a margin around it, resized: (side, side, 3) uint8.

    Args:
        image: (H, W, 3) uint8; beyond its edge they are repeated.
        box: xyxy pixels.
        margin: of the box's sides.
        side: pixels.
    """
    height, width = image.shape[:2]
    x1, y1, x2, y2 = map(float, box)
    reach_x, reach_y = margin * (x2 - x1), margin * (y2 - y1)
    left, right = int(np.floor(x1 - reach_x)), int(np.ceil(x2 + reach_x))
    top, bottom = int(np.floor(y1 - reach_y)), int(np.ceil(y2 + reach_y))
    seen = image[max(0, top) : min(height, bottom), max(0, left) : min(width, right)]
    if not seen.size:
        return np.zeros((side, side, 3), np.uint8)
    beyond = (max(0, -top), max(0, bottom - height), max(0, -left), max(0, right - width))
    if any(beyond):
        seen = cv2.copyMakeBorder(seen, *beyond, cv2.BORDER_REPLICATE)
    shrinks = seen.shape[0] * seen.shape[1] > side * side
    resized = cv2.resize(
        seen, (side, side), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    )
    return np.asarray(resized, np.uint8)


def shapes(boxes: NDArray[np.float32]) -> NDArray[np.float32]:
    """(N,) logarithm of the width of boxes (N, 4) by their height."""
    sides = np.maximum(boxes[:, 2:] - boxes[:, :2], 1.0)
    return np.asarray(np.log(sides[:, 0] / sides[:, 1]), np.float32)


def colour_shares(crops: NDArray[np.uint8]) -> NDArray[np.float32]:
    """How much of each colour is in the cells (N, CELLS ** 2, C) of crops (N, SIDE, SIDE, 3)."""
    pixels = crops[:, ::_STRIDE, ::_STRIDE]
    count, across = len(crops), SIDE // _STRIDE // CELLS
    said = colour_namer().of_pixels[pixel_cells(pixels.reshape(count, -1, 3))]
    cells = said.reshape(count, CELLS, across, CELLS, across, -1).mean(axis=(2, 4))
    return np.asarray(cells.reshape(count, CELLS * CELLS, -1), np.float32)
