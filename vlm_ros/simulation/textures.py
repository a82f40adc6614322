"""Procedural textures: what a surface is painted with, as pixels."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from numpy.random import Generator

from vlm_ros.errors import SimulationError
from vlm_ros.simulation.colours import RANGES, Rgb
from vlm_ros.simulation.finishes import Repaint, Surface
from vlm_ros.simulation.pixels import Field, Image, grid, mix, noise, shade
from vlm_ros.simulation.prints import circuit, lettering, packaging


def plain(rng: Generator, size: int, first: Rgb, second: Rgb) -> Image:
    """One colour with a faint unevenness."""
    return shade(first, 1 + 0.02 * noise(rng, size, (4, 4), 3))


def stripes(rng: Generator, size: int, first: Rgb, second: Rgb) -> Image:
    """Even stripes along either axis, or slanting."""
    x, y = grid(size)
    count = int(rng.integers(4, 9))
    way = rng.integers(3)
    phase = (y, x, x + y)[way] * count
    share = float(rng.uniform(0.3, 0.45))
    return mix(first, second, (np.mod(phase, 1) < share).astype(np.float32))


def bands(rng: Generator, size: int, first: Rgb, second: Rgb) -> Image:
    """Stripes that run around a thing."""
    _, y = grid(size)
    count, share = int(rng.integers(4, 8)), float(rng.uniform(0.3, 0.45))
    return mix(first, second, (np.mod(y * count + 0.25, 1) < share).astype(np.float32))


def dots(rng: Generator, size: int, first: Rgb, second: Rgb) -> Image:
    """Polka dots, every other row shifted."""
    x, y = grid(size)
    count = int(rng.integers(4, 8))
    columns, rows = x * count * 2, y * count
    shifted = columns + 0.5 * (np.floor(rows) % 2)
    distance = np.hypot(np.mod(shifted, 1) - 0.5, np.mod(rows, 1) - 0.5)
    radius = float(rng.uniform(0.25, 0.34))
    return mix(first, second, (distance < radius).astype(np.float32))


def checks(rng: Generator, size: int, first: Rgb, second: Rgb) -> Image:
    """A chequered pattern."""
    x, y = grid(size)
    count = int(rng.integers(3, 6)) * 2
    odd = (np.floor(x * count * 2) + np.floor(y * count)) % 2
    return mix(first, second, odd.astype(np.float32))


def tiles(rng: Generator, size: int, first: Rgb, second: Rgb) -> Image:
    """Square tiles with joints."""
    x, y = grid(size)
    count = int(rng.integers(3, 7))
    near = np.minimum(np.mod(x * count, 1), np.mod(y * count, 1))
    tone = 1 + 0.05 * noise(rng, size, (8, 8), 3)
    picture = shade(first, tone)
    joints = near < 0.04
    picture[joints] = np.clip(np.asarray(second) * 255, 0, 255).astype(np.uint8)
    return picture


def gingham(rng: Generator, size: int, first: Rgb, second: Rgb) -> Image:
    """Woven checks, as on a kitchen cloth."""
    x, y = grid(size)
    count = int(rng.integers(4, 12))
    share = 0.5 * ((np.mod(x * count, 1) < 0.5) + (np.mod(y * count, 1) < 0.5).astype(np.float32))
    weave = 1 + 0.06 * rng.standard_normal((size, size))
    return mix(first, second, (share * weave).astype(np.float32))


def wood(rng: Generator, size: int, first: Rgb, second: Rgb) -> Image:
    """Long grain with rings."""
    _, y = grid(size)
    warp = noise(rng, size, (8, 2), 3)
    rings = np.sin(2 * np.pi * (y * int(rng.integers(4, 9)) + 0.9 * warp))
    grain = noise(rng, size, (64, 2), 3)
    tone = 0.93 + 0.1 * rings + 0.17 * grain
    return shade(first, tone.astype(np.float32))


def planks(rng: Generator, size: int, first: Rgb, second: Rgb) -> Image:
    """Boards side by side."""
    _, y = grid(size)
    count = int(rng.integers(3, 7))
    board = np.floor(y * count).astype(int) % count
    tone = rng.uniform(0.82, 1.1, count).astype(np.float32)[board]
    grain = noise(rng, size, (64, 2), 3)
    gap = np.mod(y * count, 1) < 0.03
    return shade(first, (tone + 0.14 * grain) * np.where(gap, 0.45, 1.0).astype(np.float32))


def marble(rng: Generator, size: int, first: Rgb, second: Rgb) -> Image:
    """Veins in stone."""
    x, y = grid(size)
    warp = noise(rng, size, (4, 4), 5)
    veins = 1 - np.abs(np.sin(np.pi * (2 * x + y + 2.2 * warp)))
    cloud = 0.25 + 0.25 * noise(rng, size, (2, 2), 4)
    return mix(first, second, (0.75 * veins**6 + cloud * 0.5).astype(np.float32))


def cloth(rng: Generator, size: int, first: Rgb, second: Rgb) -> Image:
    """A plain weave."""
    x, y = grid(size)
    threads = 64
    weave = np.sin(2 * np.pi * x * threads) * np.sin(2 * np.pi * y * threads)
    tone = 0.97 + 0.07 * weave + 0.07 * noise(rng, size, (4, 4), 4)
    return shade(first, tone.astype(np.float32))


def speckle(rng: Generator, size: int, first: Rgb, second: Rgb) -> Image:
    """Granite, sponge, terrazzo: two colours in grains."""
    grains = noise(rng, size, (32, 32), 2)
    return mix(first, second, (grains > 0.28).astype(np.float32) * 0.8 + 0.1 * grains)


def clouds(rng: Generator, size: int, first: Rgb, second: Rgb) -> Image:
    """Two colours that flow into each other."""
    cells = int(rng.integers(2, 6))
    return mix(first, second, 0.5 + 0.8 * noise(rng, size, (cells, cells), 5))


def brushed(rng: Generator, size: int, first: Rgb, second: Rgb) -> Image:
    """Bare metal: soft bright and dark bands that stand in for reflections."""
    x, _ = grid(size)
    turns, phase = int(rng.integers(2, 4)), rng.uniform(0, 2 * np.pi)
    sheen = np.cos(2 * np.pi * turns * x + phase) + 0.5 * np.cos(2 * np.pi * 5 * x + 2 * phase)
    scratches = noise(rng, size, (2, 64), 2)
    tone = 0.86 + 0.17 * sheen + 0.05 * scratches
    return shade(first, tone.astype(np.float32))


def mottled(rng: Generator, size: int, first: Rgb, second: Rgb) -> Image:
    """The skin of fruit: patches and freckles of a second colour."""
    patches = 0.5 + 0.9 * noise(rng, size, (2, 4), 3)
    freckles = (noise(rng, size, (64, 64), 1) > 0.72).astype(np.float32)
    return mix(first, second, 0.3 * np.clip(patches, 0, 1) + 0.35 * freckles)


def corrugated(rng: Generator, size: int, first: Rgb, second: Rgb) -> Image:
    """Cardboard: faint flutes and flecks."""
    x, _ = grid(size)
    flutes = 0.025 * np.sin(2 * np.pi * x * 24)
    flecks = 0.05 * noise(rng, size, (64, 64), 2)
    return shade(first, (1 + flutes + flecks).astype(np.float32))


def wicker(rng: Generator, size: int, first: Rgb, second: Rgb) -> Image:
    """Basket weave."""
    x, y = grid(size)
    columns, rows = x * 28, y * 12
    over = (np.floor(columns) + np.floor(rows)) % 2
    bulge = np.abs(np.sin(np.pi * np.where(over > 0, columns, rows)))
    tone = 0.55 + 0.5 * bulge + 0.05 * rng.standard_normal((size, size))
    return shade(first, tone.astype(np.float32))


def leather(rng: Generator, size: int, first: Rgb, second: Rgb) -> Image:
    """Grain and worn patches."""
    grain = noise(rng, size, (64, 64), 2)
    worn = noise(rng, size, (4, 4), 3)
    return shade(first, (1 + 0.16 * grain + 0.14 * worn).astype(np.float32))


PAINTERS = {
    painter.__name__: painter
    for painter in (
        plain,
        stripes,
        bands,
        dots,
        checks,
        tiles,
        gingham,
        wood,
        planks,
        marble,
        cloth,
        speckle,
        clouds,
        brushed,
        mottled,
        corrugated,
        wicker,
        leather,
        lettering,
        packaging,
        circuit,
    )
}


def paint(texture: str, seed: int, size: int, first: Rgb, second: Rgb) -> Image:
    """Pixels of a named texture.

    Args:
        texture: a key of `PAINTERS`.
        seed: the same seed gives the same pixels.
        size: side of the square picture, pixels.
        first: main colour, 0..1.
        second: the other colour, 0..1.

    Returns:
        (size, size, 3) uint8 RGB.
    """
    return PAINTERS[texture](np.random.default_rng(seed), size, first, second)


def covering(surface: Surface, size: int) -> Image:
    """What is painted on a surface, or the photograph on it, as a texture.

    Args:
        surface: to be covered.
        size: side of the square picture, pixels.

    Returns:
        (size, size, 3) uint8 RGB.

    Raises:
        SimulationError: its photograph cannot be read.
    """
    if surface.photograph is None:
        return paint(surface.texture, surface.seed, size, surface.colour, surface.second)
    pixels = photograph(surface.photograph, size)
    return pixels if surface.repaint is None else repainted(pixels, surface.repaint)


@lru_cache(maxsize=160)
def photograph(path: Path, size: int) -> Image:
    """The middle of a picture file as a texture, (size, size, 3) uint8 RGB.

    Raises:
        SimulationError: the file is missing or is no picture.
    """
    pixels = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if pixels is None:
        raise SimulationError(
            f"The background photograph {path} cannot be read; give JPEG or PNG files."
        )
    height, width = pixels.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    square = cv2.resize(
        pixels[top : top + side, left : left + side], (size, size), interpolation=cv2.INTER_AREA
    )
    return np.ascontiguousarray(square[..., ::-1])


def repainted(pixels: Image, repaint: Repaint) -> Image:
    """A photographed surface in another colour, which keeps its light, shade and highlights.

    Args:
        pixels: (H, W, 3) uint8 RGB.
        repaint: which colour is replaced by which.
    """
    hue, saturation, value = cv2.split(cv2.cvtColor(pixels, cv2.COLOR_RGB2HSV))
    share = _share_of(repaint.source, hue, saturation, value)
    lit = value[(share > 0.5) & (value > 25)]
    usual = float(np.median(lit)) if len(lit) else 128.0
    levels = np.arange(256, dtype=np.float32)[:, None] / max(usual, 20.0)
    if not repaint.source:
        # Paint covers what is dark as well as what is bright.
        levels = np.maximum(levels, 0.02) ** 0.5
    # Above 1.5 times the usual brightness lies a highlight, which has the lamp's colour.
    gloss = np.clip((levels - 1.5) / 1.5, 0, 0.7)
    shades = np.asarray(repaint.target, np.float32) * np.minimum(levels, 1.5)
    table = np.clip((shades * (1 - gloss) + gloss) * 255, 0, 255).astype(np.uint8)
    painted = cv2.LUT(cv2.merge([value, value, value]), table[None])
    weight = share[..., None]
    return np.asarray(painted * weight + pixels * (1 - weight), np.uint8)


def _share_of(source: str, hue: Image, saturation: Image, value: Image) -> Field:
    """(H, W) float32: how much each pixel has the colour of this name, 0..1."""
    if not source:
        return np.ones(hue.shape, np.float32)
    (h0, h1), (s0, _), _ = RANGES[source]
    if source == "black":
        return np.clip((90 - value.astype(np.float32)) / 30, 0, 1)
    # OpenCV's hues are half degrees.
    apart = np.abs((np.arange(256) * 2 - (h0 + h1) / 2 + 180) % 360 - 180)
    near = np.clip((32 + (h1 - h0) / 2 - apart) / 10, 0, 1).astype(np.float32)
    strong = np.clip((np.arange(256) / 255 - 0.45 * s0) / 0.12, 0, 1).astype(np.float32)
    return np.asarray(cv2.LUT(hue, near) * cv2.LUT(saturation, strong), np.float32)
