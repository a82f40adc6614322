"""What procedural textures are made from: noise, shades of a colour, mixtures of two."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from vlm_ros.simulation.colours import Rgb

Image = NDArray[np.uint8]
Field = NDArray[np.float32]


def noise(rng: Generator, size: int, cells: tuple[int, int], octaves: int = 4) -> Field:
    """(size, size) float32 value noise in about -1..1 that tiles (Perlin 1985, fractal sum)."""
    total = np.zeros((size, size), np.float32)
    strength, weight = 1.0, 0.0
    rows, columns = cells
    for _ in range(octaves):
        if max(rows, columns) > size:
            break
        lattice = rng.uniform(-1, 1, (rows, columns)).astype(np.float32)
        wrapped = np.pad(lattice, 2, mode="wrap")
        scale_y, scale_x = size // rows, size // columns
        large = cv2.resize(
            wrapped,
            (wrapped.shape[1] * scale_x, wrapped.shape[0] * scale_y),
            interpolation=cv2.INTER_CUBIC,
        )
        top, left = 2 * scale_y, 2 * scale_x
        patch = large[top : top + rows * scale_y, left : left + columns * scale_x]
        if patch.shape != (size, size):
            patch = cv2.resize(patch, (size, size))
        total += strength * patch
        weight += strength
        strength, rows, columns = strength * 0.5, rows * 2, columns * 2
    return total / np.float32(weight)


def shade(colour: Rgb, brightness: Field) -> Image:
    """A colour times a brightness field, as 8-bit RGB."""
    tinted = np.asarray(colour, np.float32) * brightness[..., None]
    return np.clip(tinted * 255, 0, 255).astype(np.uint8)


def mix(first: Rgb, second: Rgb, share: Field) -> Image:
    """Two colours blended by the second's share, as 8-bit RGB."""
    blend = np.clip(share, 0, 1)[..., None]
    mixed = np.asarray(first, np.float32) * (1 - blend) + np.asarray(second, np.float32) * blend
    return np.clip(mixed * 255, 0, 255).astype(np.uint8)


def grid(size: int) -> tuple[Field, Field]:
    """Column and row of every pixel (size, size), 0..1."""
    rows, columns = np.mgrid[0:size, 0:size].astype(np.float32) / np.float32(size)
    return columns, rows
