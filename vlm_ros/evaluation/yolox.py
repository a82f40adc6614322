"""A YOLOX detector from its published ONNX file, to compare with.

Ge et al. 2021, "YOLOX: Exceeding YOLO Series in 2021"; the graph takes BGR 0..255, scaled into the
top left corner of a grey square, and gives each cell's box relative to the cell.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from vlm_ros.errors import ModelError
from vlm_ros.evaluation.detection import Objects
from vlm_ros.geometry.boxes import Letterbox, nms
from vlm_ros.runtimes import open_runtime

STRIDES = (8, 16, 32)
PAD = 114
NMS_IOU = 0.45


class YoloxDetector:
    """Finds objects of the classes a YOLOX graph was trained on."""

    def __init__(self, graph: Path, names: int, threshold: float) -> None:
        """Loads the graph.

        Args:
            graph: the ONNX file.
            names: how many classes it must have.
            threshold: least score of an object.

        Raises:
            ModelError: the file is missing, no graph, or not a YOLOX graph of these classes.
        """
        self._runtime = open_runtime(graph)
        self._threshold = threshold
        (self._input, shape), *_ = self._runtime.inputs.items()
        (self._output, answer), *_ = self._runtime.outputs.items()
        sides = [side for side in shape[2:] if isinstance(side, int)]
        if len(shape) != 4 or len(sides) != 2 or any(side % max(STRIDES) for side in sides):
            raise ModelError(f"{graph} takes {shape}, not (1, 3, height, width) in whole cells.")
        self._height, self._width = sides
        self._cells, self._strides = _grid(self._width, self._height)
        expected = (1, len(self._cells), 5 + names)
        if tuple(answer) != expected:
            raise ModelError(
                f"{graph} gives {tuple(answer)}; a YOLOX graph of {names} classes gives {expected}."
            )

    def __call__(self, image: NDArray[Any]) -> Objects:
        """Objects in an image (H, W, 3) uint8 RGB."""
        height, width = image.shape[:2]
        fit = Letterbox.fit(width, height, self._width, self._height)
        corner = Letterbox(width, height, fit.width, fit.height)
        canvas = np.full((self._height, self._width, 3), PAD, np.uint8)
        small = cv2.resize(image, (fit.width, fit.height), interpolation=cv2.INTER_LINEAR)
        canvas[: fit.height, : fit.width] = small[..., ::-1]
        tensor = canvas.transpose(2, 0, 1)[None].astype(np.float32)
        rows = self._runtime.run({self._input: tensor})[self._output][0]
        scores = rows[:, 4:5] * rows[:, 5:]
        classes, best = scores.argmax(axis=1), scores.max(axis=1)
        kept = np.flatnonzero(best >= self._threshold)
        boxes, classes, best = self._boxes(rows[kept], kept), classes[kept], best[kept]
        # Boxes of different classes never overlap once each class has a place of its own.
        apart = (classes * 2 * max(self._width, self._height))[:, None]
        chosen = nms(boxes + apart, best, NMS_IOU)
        return Objects(corner.to_source(boxes[chosen]), classes[chosen], best[chosen])

    def _boxes(self, rows: NDArray[np.float32], cells: NDArray[np.intp]) -> NDArray[np.float32]:
        """Boxes in the graph's input, xyxy, from the raw rows of some cells."""
        strides = self._strides[cells]
        middles = (rows[:, :2] + self._cells[cells]) * strides
        halves = np.exp(rows[:, 2:4]) * strides / 2
        return np.asarray(np.hstack([middles - halves, middles + halves]), np.float32)


def _grid(width: int, height: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Column and row (N, 2) of every cell, and its stride (N, 1), in the order of the output."""
    cells, strides = [], []
    for stride in STRIDES:
        rows, columns = np.mgrid[: height // stride, : width // stride]
        cells.append(np.column_stack([columns.ravel(), rows.ravel()]))
        strides.append(np.full((rows.size, 1), stride))
    return np.vstack(cells).astype(np.float32), np.vstack(strides).astype(np.float32)
