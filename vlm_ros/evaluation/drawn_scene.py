"""A drawn table with things on it, its depth and its camera: something to measure time on.

It is the same everywhere and needs no file. What it shows matters little to how long a frame takes,
but for how many regions a model proposes in it.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from vlm_ros.geometry.camera import Intrinsics, deproject

WIDTH, HEIGHT = 640, 480
_CAMERA = Intrinsics(WIDTH, HEIGHT, 600.0, 600.0, 319.5, 239.5)
_TABLE_M, _TILT_DEGREES = 0.9, 50.0
_THING_M = 0.06  # how far a thing rises towards the camera
_COLOURS = (
    (178, 34, 34),
    (46, 92, 180),
    (226, 190, 52),
    (62, 140, 70),
    (235, 232, 224),
    (230, 120, 40),
    (90, 60, 40),
    (40, 40, 44),
)


@dataclass(frozen=True)
class DrawnScene:
    """A picture and what a depth camera would measure in it.

    Attributes:
        image: (480, 640, 3) uint8 RGB.
        depth: (480, 640) float32 metres.
        intrinsics: of both.
    """

    image: NDArray[np.uint8]
    depth: NDArray[np.float32]
    intrinsics: Intrinsics


def draw_scene(seed: int = 0) -> DrawnScene:
    """Bowls, cans and boxes in rows on a wooden table."""
    random = np.random.default_rng(seed)
    image = np.full((HEIGHT, WIDTH, 3), (150, 116, 84), np.uint8)
    depth = _table()
    for row, y in enumerate((90, 215, 350)):
        for column in range(5):
            x = 75 + 120 * column + int(random.integers(-12, 13))
            colour = tuple(int(c) for c in random.permutation(_COLOURS)[0])
            half = 26 + 6 * row + int(random.integers(-4, 5))
            mask = _outline((row + column) % 3, (x, y), half)
            shade = np.clip(1.15 - np.linspace(0, 0.45, WIDTH)[None, :, None], 0, 1.1)
            painted = np.clip(np.array(colour) * shade, 0, 255)
            image[mask] = np.broadcast_to(painted, image.shape)[mask].astype(np.uint8)
            depth[mask] -= _THING_M
    image = cv2.GaussianBlur(image, (3, 3), 0)
    noise = random.normal(0.0, 3.0, image.shape)
    depth += random.normal(0.0, 0.001, depth.shape)
    return DrawnScene(
        np.clip(image + noise, 0, 255).astype(np.uint8), depth.astype(np.float32), _CAMERA
    )


def _table() -> NDArray[np.float64]:
    """Depth of a table seen at an angle."""
    x, y = np.meshgrid(np.arange(WIDTH), np.arange(HEIGHT))
    rays = deproject(np.stack([x, y], axis=-1), np.ones(x.shape), _CAMERA)
    tilt = np.radians(_TILT_DEGREES)
    normal = np.array([0.0, -np.sin(tilt), -np.cos(tilt)])
    return np.asarray(-_TABLE_M * np.cos(tilt) / (rays @ normal), np.float64)


def _outline(kind: int, centre: tuple[int, int], half: int) -> NDArray[np.bool_]:
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    x, y = centre
    if kind == 0:
        cv2.ellipse(mask, centre, (half, int(0.7 * half)), 0, 0, 360, 1, -1)
    elif kind == 1:
        cv2.rectangle(mask, (x - half // 2, y - half), (x + half // 2, y + half), 1, -1)
    else:
        cv2.rectangle(mask, (x - half, y - half // 2), (x + half, y + half // 2), 1, -1)
    return mask.astype(bool)
