"""What a phone's camera makes of a rendered view: soft contact shadows, exposure, noise, blur."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

Image = NDArray[np.uint8]


def developed(rgb: Image, depth: NDArray[np.float32], rng: Generator) -> Image:
    """A rendered view as a phone might have taken it; colours keep their names.

    Args:
        rgb: (H, W, 3) uint8.
        depth: (H, W) float32 metres, 0 where there is nothing.
        rng: where the randomness comes from.

    Returns:
        (H, W, 3) uint8.
    """
    light = contact_shade(depth) ** np.float32(rng.uniform(0.6, 1.5))
    light *= _falloff(rgb.shape[0], rgb.shape[1], rng)
    picture = rgb.astype(np.float32) * light[..., None]
    picture *= np.float32(1 / 255)
    picture = _toned(picture, rng)
    picture = _blurred(picture, rng)
    picture = _noisy(picture, rng)
    return np.asarray(np.clip(picture * 255, 0, 255), np.uint8)


def contact_shade(depth: NDArray[np.float32]) -> NDArray[np.float32]:
    """(H, W) float32 share of light, less where things meet (depth darkening, Luft et al. 2006).

    Inverse depth is linear on a plane, so blurring leaves planes as they are, and what lies
    deeper than its surroundings is in their shade.
    """
    height, width = depth.shape
    small = cv2.resize(depth, (width // 2, height // 2), interpolation=cv2.INTER_NEAREST)
    inverse = 1 / np.maximum(small, np.float32(0.1))
    shade = np.zeros_like(inverse)
    for share, strength in ((0.006, 5.0), (0.02, 3.0), (0.05, 2.0)):
        around = cv2.GaussianBlur(
            inverse, (0, 0), share * max(height, width) / 2, borderType=cv2.BORDER_REPLICATE
        )
        shade += np.minimum(np.maximum(around / inverse - 1 - 0.002, 0) * strength, 0.16)
    light = np.exp(-shade)
    light = cv2.GaussianBlur(light, (0, 0), 1.0)
    return np.asarray(cv2.resize(light, (width, height)), np.float32)


def _falloff(height: int, width: int, rng: Generator) -> NDArray[np.float32]:
    """A lens's vignette and a lamp that is nearer to one side, (H, W) float32."""
    y, x = np.mgrid[0:12, 0:16].astype(np.float32)
    x, y = x / 7.5 - 1, y / 5.5 - 1
    vignette = 1 - rng.uniform(0, 0.22) * (x**2 + y**2) / 2
    slope = rng.normal(0, 0.09, 2)
    field = vignette * (1 + slope[0] * x + slope[1] * y)
    small = np.asarray(field, np.float32)
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC), np.float32)


def _toned(picture: NDArray[np.float32], rng: Generator) -> NDArray[np.float32]:
    """Exposure, white balance, contrast and saturation."""
    warmth, tint = rng.normal(0, 0.045), rng.normal(0, 0.02)
    # A phone exposes for the picture's mean, but leaves dark scenes a little dark.
    wanted = 0.46 * np.exp(rng.normal(0, 0.18))
    exposure = float(np.clip((wanted / max(float(picture.mean()), 0.02)) ** 0.75, 0.6, 3.0))
    # Nor does it let what is bright burn out.
    bright = float(np.percentile(picture[::4, ::4], 97))
    exposure = min(exposure, float(rng.uniform(0.85, 1.05)) / max(bright, 0.1))
    gains = np.array([1 + warmth, 1 + tint, 1 - warmth]) * exposure
    levels = np.arange(256, dtype=np.float64)[:, None] / 255 * gains
    # Film-like: highlights roll off rather than clip.
    knee = rng.uniform(0.75, 0.95)
    over = np.maximum(levels - knee, 0)
    levels = np.minimum(levels, knee) + (1 - knee) * (1 - np.exp(-over / (1 - knee)))
    contrast = rng.uniform(-0.1, 0.3)
    levels = levels + contrast * levels * (1 - levels) * (2 * levels - 1) * 2
    levels = levels + rng.uniform(0, 0.05) * (1 - levels)
    table = np.clip(levels * 255, 0, 255).astype(np.uint8)
    toned = cv2.LUT((np.clip(picture, 0, 1) * 255).astype(np.uint8), table[None])
    toned = np.asarray(toned, np.float32) * np.float32(1 / 255)
    saturation = np.float32(rng.uniform(0.68, 1.08))
    grey = toned @ np.array([0.299, 0.587, 0.114], np.float32)
    return np.asarray(grey[..., None] + saturation * (toned - grey[..., None]), np.float32)


def _blurred(picture: NDArray[np.float32], rng: Generator) -> NDArray[np.float32]:
    """An imperfect lens, and sometimes a hand that shakes."""
    picture = cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.35, 0.9))
    if rng.random() < 0.12:
        length = int(rng.integers(3, 8))
        kernel = np.zeros((length, length), np.float32)
        angle = rng.uniform(0, np.pi)
        middle, reach = (length - 1) / 2, (length - 1) / 2
        dx, dy = reach * np.cos(angle), reach * np.sin(angle)
        start = (round(middle - dx), round(middle - dy))
        cv2.line(kernel, start, (round(middle + dx), round(middle + dy)), 1.0)
        picture = cv2.filter2D(picture, -1, kernel / kernel.sum())
    return np.asarray(picture, np.float32)


def _noisy(picture: NDArray[np.float32], rng: Generator) -> NDArray[np.float32]:
    """A sensor's noise, which grows with the light, and is a little coarser than a pixel."""
    strength = np.float32(rng.uniform(0.004, 0.028))
    noise = rng.standard_normal(picture.shape, dtype=np.float32)
    noise = cv2.GaussianBlur(noise, (0, 0), 0.6) * np.float32(1.6)
    grain = strength * noise * (np.float32(0.35) + np.sqrt(np.maximum(picture, 0)))
    return np.asarray(picture + grain, np.float32)
