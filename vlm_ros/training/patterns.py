"""Painted things: patterns are rare on rendered ones, and a dot is soon taken for a square."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from vlm_ros.models.closer_look import PATTERNS
from vlm_ros.simulation import colours
from vlm_ros.simulation.textures import paint

_TEXTURES = {
    "none": ("plain", "wood", "marble", "clouds", "cloth", "mottled", "brushed", "speckle"),
    "striped": ("stripes", "bands"),
    "dotted": ("dots",),
    "checkered": ("checks", "gingham"),
}
_TEXTURE_SIDE = 128


def painted(ground: NDArray[np.uint8], rng: np.random.Generator) -> tuple[NDArray[np.uint8], int]:
    """Paints a thing with a random texture on a picture.

    Args:
        ground: (S, S, 3) uint8 RGB; stays as it is.
        rng: where the randomness comes from.

    Returns:
        A picture like it, and which of PATTERNS the thing has.
    """
    pattern = int(rng.integers(len(PATTERNS)))
    texture = str(rng.choice(_TEXTURES[PATTERNS[pattern]]))
    first = colours.random_paint(rng)
    second = colours.random_paint(rng, without=(first,))
    looks = colours.sample(rng, first), colours.sample(rng, second)
    cloth = paint(texture, int(rng.integers(2**31)), _TEXTURE_SIDE, *looks)
    side = len(ground)
    shown = _draped(np.asarray(cloth), side, rng) * _light(side, rng)
    inside = _outline(side, rng)[..., None]
    mixed = ground * (1.0 - inside) + shown.clip(0.0, 255.0) * inside
    return mixed.astype(np.uint8), pattern


def _grid(side: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Coordinates x and y (side, side), from -1 to 1."""
    along = np.linspace(-1, 1, side, dtype=np.float32)
    across, down = np.meshgrid(along, along)
    return across, down


def _draped(cloth: NDArray[np.uint8], side: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """(side, side, 3) a texture, turned, stretched, seen at a slant, or around a cylinder."""
    x, y = _grid(side)
    if rng.random() < 0.4:
        x = np.arcsin(0.97 * x) / np.float32(np.pi / 2)
    if rng.random() < 0.4:
        x = x / (1.0 + rng.uniform(-0.35, 0.35) * y)
    turn = rng.uniform(-np.pi, np.pi) if rng.random() < 0.5 else rng.normal(0, 0.15)
    stretch = np.exp(rng.uniform(np.log(0.5), np.log(1.2))) * np.exp(rng.normal(0, 0.25, 2))
    stretch[0] /= 2  # textures are twice as wide as high, for they go around a thing
    u = stretch[0] * (np.cos(turn) * x - np.sin(turn) * y)
    v = stretch[1] * (np.sin(turn) * x + np.cos(turn) * y)
    columns, rows = (
        ((w / 2 + 0.5 + rng.random()) * _TEXTURE_SIDE).astype(np.float32) for w in (u, v)
    )
    draped = cv2.remap(cloth, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP)
    return np.asarray(draped, np.float32)


def _light(side: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """(side, side, 1) lighter on one side than on the other."""
    x, y = _grid(side)
    way = rng.uniform(-np.pi, np.pi)
    slope = rng.uniform(0, 0.35) * (np.cos(way) * x + np.sin(way) * y)
    return np.asarray(rng.uniform(0.7, 1.05) + slope, np.float32)[..., None]


def _outline(side: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """(side, side) 1 inside of the thing, which fills its box in the middle of the crop."""
    mask = np.zeros((side, side), np.uint8)
    middle, reach = side / 2, 0.4 * side
    kind = rng.integers(3)
    if kind == 0:
        centre = (int(middle), int(middle))
        cv2.ellipse(mask, centre, (int(reach), int(reach)), 0, 0, 360, 255, -1, cv2.LINE_AA)
    else:
        corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]], np.float64)
        if kind == 1:  # a cup, a vase
            end = slice(0, 2) if rng.random() < 0.5 else slice(2, 4)
            corners[end, 0] *= rng.uniform(0.4, 1.0)
        else:  # a box, seen from anywhere
            corners += rng.uniform(-0.25, 0.25, (4, 2))
        points = (middle + reach * corners).round().astype(np.int32)
        cv2.fillConvexPoly(mask, points, 255, cv2.LINE_AA)
    return mask.astype(np.float32) / 255.0
