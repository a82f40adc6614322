"""Pixels that belong together, and how well they fill a box."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Edges = tuple[float, float, float, float]

# A step in depth larger than this separates two surfaces; stereo noise grows with distance.
GAP_M = 0.01
GAP_PER_M = 0.01


@dataclass(frozen=True)
class Components:
    """Parts of a crop in which no two neighbours are a step in depth apart.

    Attributes:
        labels: (h, w) which part a pixel belongs to; 0 for none.
        edges: (n, 4) left, top, right, bottom of each part in pixels of the crop, the last two
            exclusive; the first row, that of no part, means nothing.
    """

    labels: NDArray[np.int32]
    edges: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.edges)


def components(pixels: NDArray[np.bool_], z: NDArray[np.float32]) -> Components:
    """Parts of some pixels (h, w) with depth (h, w) float32 metres.

    Two neighbours are joined by a cell of their own between them, so that the parts of a grid of
    twice the size are those of the pixels.
    """
    gaps = GAP_M + GAP_PER_M * z
    height, width = pixels.shape
    cells = np.zeros((2 * height - 1, 2 * width - 1), np.uint8)
    cells[::2, ::2] = pixels
    cells[::2, 1::2] = pixels[:, 1:] & pixels[:, :-1] & (np.abs(z[:, 1:] - z[:, :-1]) < gaps[:, 1:])
    cells[1::2, ::2] = pixels[1:] & pixels[:-1] & (np.abs(z[1:] - z[:-1]) < gaps[1:])
    _, labels, statistics, _ = cv2.connectedComponentsWithStats(cells, connectivity=4)
    left, top, wide, high = statistics[:, :4].T
    edges = np.stack([left, top, left + wide + 1, top + high + 1], axis=1) / 2.0
    return Components(labels[::2, ::2], edges)


def fits(edges: NDArray[np.float64], box: Edges) -> NDArray[np.float64]:
    """Overlap of edges (..., 4) with a box: intersection over union, (...)."""
    left, top, right, bottom = np.moveaxis(edges, -1, 0)
    wide = np.minimum(right, box[2]) - np.maximum(left, box[0])
    high = np.minimum(bottom, box[3]) - np.maximum(top, box[1])
    shared = np.maximum(wide, 0.0) * np.maximum(high, 0.0)
    union = (right - left) * (bottom - top) + (box[2] - box[0]) * (box[3] - box[1]) - shared
    return np.asarray(shared / union)


def together(first: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.float64]:
    """The edges (4,) around two."""
    return np.concatenate([np.minimum(first, second)[:2], np.maximum(first, second)[2:]])
