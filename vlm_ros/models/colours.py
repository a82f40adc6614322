"""What colour people would call a region, from its pixels.

An embedding learned mostly from rendered pictures names the colours of real things poorly; pixels
do not care what they are the pixels of. Each pixel speaks for or against each colour word, more so
in the middle of the box; those just outside tell how the light and the background tint it. How
much each says is learned (`training.colours`), after van de Weijer et al. 2009, "Learning Color
Names for Real-World Applications".

A part's colour is asked of the same pixels: of how many of them is it the plain name?
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from importlib.resources import files
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

# Lab is cut into LEVELS ** 3 cells; a and b beyond +-64 are those of the outermost.
LEVELS = 12
_INSIDE = 12  # points a side
_AROUND = 10
_MARGIN = 0.12  # of the side, how far outside
_OVERSHOOT = 0.15
# A colour is the name of a pixel that is of this colour with at least this probability.
_PLAIN = 0.4
# A share of the pixels below about this much is hardly told from none.
_FEW = 0.01


def _points() -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Where pixels are taken, in shares of a box's sides: (inside, 2) and (around, 2)."""
    across = (np.arange(_INSIDE) + 0.5) / _INSIDE
    inside = np.stack(np.meshgrid(across, across), -1).reshape(-1, 2)
    along = (np.arange(_AROUND) + 0.5) / _AROUND * (1 + 2 * _OVERSHOOT) - _OVERSHOOT
    edges = []
    for outside in (-_MARGIN, 1 + _MARGIN):
        beside = np.full(_AROUND, outside)
        edges += [np.stack([along, beside], -1), np.stack([beside, along], -1)]
    return inside.astype(np.float32), np.concatenate(edges).astype(np.float32)


INSIDE_POINTS, AROUND_POINTS = _points()
_POINTS = np.concatenate([INSIDE_POINTS, AROUND_POINTS])


def colour_cells(image: NDArray[Any], boxes: NDArray[np.float32]) -> NDArray[np.int64]:
    """The cells of Lab in which a region's sampled pixels lie.

    Args:
        image: (H, W, 3) uint8 RGB.
        boxes: (N, 4) xyxy pixels.

    Returns:
        (N, P) with the points inside the box first, then those around it.
    """
    height, width = image.shape[:2]
    corners = np.asarray(boxes, np.float32)[:, None]
    places = corners[..., :2] + _POINTS * (corners[..., 2:] - corners[..., :2])
    columns, rows = (places[..., axis].astype(np.int64) for axis in (0, 1))
    pixels = image[rows.clip(0, height - 1), columns.clip(0, width - 1)]
    return pixel_cells(pixels)


def pixel_cells(pixels: NDArray[Any]) -> NDArray[np.int64]:
    """The cells of Lab (N, P) in which pixels (N, P, 3) uint8 RGB lie."""
    if not pixels.size:
        return np.zeros(pixels.shape[:-1], np.int64)
    lab = cv2.cvtColor(np.ascontiguousarray(pixels), cv2.COLOR_RGB2LAB).astype(np.int64)
    lightness = lab[..., 0] * LEVELS // 256
    tint = (lab[..., 1:] - 64).clip(0, 127) * LEVELS // 128
    return np.asarray((lightness * LEVELS + tint[..., 0]) * LEVELS + tint[..., 1], np.int64)


@dataclass(frozen=True)
class ColourNamer:
    """Names the colours of regions.

    Attributes:
        names: the C basic colour words of the lexicon it knows.
        inside: (LEVELS ** 3, C) float32, what a pixel inside the box says.
        around: (LEVELS ** 3, C) float32, what one around it says.
        weights: (inside points,) float32, how much each point inside counts; their sum is 1.
        bias: (C,) float32.
        usual: (C,) float32, the mean logarithm of the share of pixels that a colour has in things
            without it.
    """

    names: tuple[str, ...]
    inside: NDArray[np.float32]
    around: NDArray[np.float32]
    weights: NDArray[np.float32]
    bias: NDArray[np.float32]
    usual: NDArray[np.float32]

    def named(self, cells: NDArray[np.int64]) -> NDArray[np.float32]:
        """Log-probabilities (N, C) of the names for regions, from their `colour_cells` (N, P)."""
        count = len(INSIDE_POINTS)
        said = np.einsum("npc,p->nc", self.inside[cells[:, :count]], self.weights)
        said += self.around[cells[:, count:]].mean(axis=1) + self.bias
        said -= said.max(axis=1, keepdims=True, initial=-np.inf)
        return np.asarray(said - np.log(np.exp(said).sum(axis=1, keepdims=True)), np.float32)

    def traces(self, cells: NDArray[np.int64]) -> NDArray[np.float32]:
        """(N, C) how many times more of each colour is in a region than usual, as a logarithm."""
        return self.log_shares(cells) - self.usual

    def log_shares(self, cells: NDArray[np.int64]) -> NDArray[np.float32]:
        """(N, C) logarithm of the share of pixels inside that are plainly of each colour."""
        plain = self._plain[cells[:, : len(INSIDE_POINTS)]]
        return np.asarray(np.log(plain.mean(axis=1) + _FEW), np.float32)

    @cached_property
    def _plain(self) -> NDArray[np.bool_]:
        """(LEVELS ** 3, C) whether a pixel alone is plainly of a colour."""
        return np.asarray(self.of_pixels > _PLAIN, np.bool_)

    @cached_property
    def of_pixels(self) -> NDArray[np.float32]:
        """(LEVELS ** 3, C) how likely a pixel alone is of each colour, by its cell of Lab."""
        odds = np.exp(self.inside - self.inside.max(axis=1, keepdims=True))
        return np.asarray(odds / odds.sum(axis=1, keepdims=True), np.float32)


@lru_cache(maxsize=1)
def colour_namer() -> ColourNamer:
    """The one that ships with the package."""
    with (files("vlm_ros.models") / "colours.npz").open("rb") as file:
        stored = np.load(file, allow_pickle=False)
        return ColourNamer(
            names=tuple(str(name) for name in stored["names"]),
            inside=stored["inside"].astype(np.float32),
            around=stored["around"].astype(np.float32),
            weights=stored["weights"].astype(np.float32),
            bias=stored["bias"].astype(np.float32),
            usual=stored["usual"].astype(np.float32),
        )
