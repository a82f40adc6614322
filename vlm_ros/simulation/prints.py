"""What is printed on things: packages, labels, circuit boards."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.random import Generator

from vlm_ros.simulation.colours import Rgb
from vlm_ros.simulation.pixels import Image, grid, noise, shade


def lettering(rng: Generator, size: int, first: Rgb, second: Rgb) -> Image:
    """A package's print: a name in large letters, a few lines of small ones, perhaps an emblem."""
    picture = shade(first, np.ones((size, size), np.float32))
    dark = sum(first) < 1.2
    ink = tuple(int(value) for value in rng.integers(*((190, 256) if dark else (10, 110)), 3))
    if rng.random() < 0.6:
        paint = tuple(int(value) for value in rng.integers(20, 236, 3))
        middle = (int(rng.integers(size)), int(rng.integers(size // 4, size)))
        reach = (int(rng.integers(size // 10, size // 4)), int(rng.integers(size // 10, size // 5)))
        cv2.ellipse(picture, middle, reach, 0, 0, 360, paint, -1, cv2.LINE_AA)
    _write(rng, picture, int(size * rng.uniform(0.15, 0.4)), size // 8, ink)
    for row in range(int(rng.integers(2, 6))):
        _write(rng, picture, int(size * (0.52 + 0.08 * row)), size // 32, ink)
    return picture


def _write(rng: Generator, picture: Image, top: int, height: int, ink: tuple[int, ...]) -> None:
    """Strokes that look like a line of letters from where they cannot be read."""
    size = picture.shape[1]
    left, right = sorted(int(x) for x in rng.uniform(0.05, 0.95, 2) * size)
    stroke = max(1, height // 5)
    while left < right:
        width = int(height * rng.uniform(0.3, 0.7)) + 1
        cv2.rectangle(picture, (left, top), (left + stroke, top + height), ink, -1)
        level = top + int(height * rng.choice([0.0, 0.45, 0.85]))
        cv2.rectangle(picture, (left, level), (left + width, level + stroke), ink, -1)
        left += width + stroke + (height if rng.random() < 0.15 else 1)


def packaging(rng: Generator, size: int, first: Rgb, second: Rgb) -> Image:
    """What a brand prints on a can, a bar or a bag: a front, and a back with small print.

    Most of it keeps the first colour, which is what people say of the whole.
    """
    fade = 1 + rng.uniform(-0.15, 0.15) * (grid(size)[1] - 0.5)
    picture = shade(first, fade.astype(np.float32))
    bright = sum(first) > 1.6
    inks = [_ink(rng, bright) for _ in range(3)]
    if rng.random() < 0.7:
        _swoosh(rng, picture, inks[0])
    half = size // 2
    layout = rng.random()
    if layout < 0.4:
        _front(rng, picture, 0, size, inks)
    else:
        _front(rng, picture, 0, half, inks)
        if layout < 0.7:
            picture[:, half:] = picture[:, :half]
        else:
            _back(rng, picture, half, inks[1])
    # Meshes count rows from below.
    return np.ascontiguousarray(picture[::-1])


def _ink(rng: Generator, on_bright: bool) -> tuple[int, ...]:
    """A strong colour, or black or white, that shows on a bright or on a dark ground."""
    if rng.random() < 0.45:
        return (25, 25, 30) if on_bright else (245, 245, 240)
    hue = int(rng.integers(180))
    value = int(rng.integers(90, 170)) if on_bright else int(rng.integers(190, 256))
    pixel = np.array([[[hue, int(rng.integers(120, 256)), value]]], np.uint8)
    return tuple(int(v) for v in cv2.cvtColor(pixel, cv2.COLOR_HSV2RGB)[0, 0])


def _swoosh(rng: Generator, picture: Image, ink: tuple[int, ...]) -> None:
    """A wave of another colour around the thing, which meets itself."""
    size = len(picture)
    x = np.arange(size + 1)
    turns, reach = int(rng.integers(1, 3)), rng.uniform(0.03, 0.12)
    wave = reach * np.sin(2 * np.pi * (turns * x / size + rng.random()))
    top = rng.uniform(0.05, 0.9)
    thick = rng.uniform(0.04, 0.16) * (1 + 0.4 * np.cos(2 * np.pi * (x / size + rng.random())))
    edges = [np.column_stack([x, (top + wave + part) * size]) for part in (0 * thick, thick)]
    outline = np.concatenate([edges[0], edges[1][::-1]]).astype(np.int32)
    cv2.fillPoly(picture, [outline], ink, cv2.LINE_AA)


def _front(
    rng: Generator, picture: Image, left: int, right: int, inks: list[tuple[int, ...]]
) -> None:
    """A name in large letters, perhaps on an emblem, over a picture of what is inside."""
    size, width = len(picture), right - left
    middle = (left + width // 2, int(size * rng.uniform(0.3, 0.55)))
    if rng.random() < 0.5:
        reach = (int(width * rng.uniform(0.3, 0.48)), int(size * rng.uniform(0.1, 0.22)))
        cv2.ellipse(picture, middle, reach, rng.uniform(-15, 15), 0, 360, inks[1], -1, cv2.LINE_AA)
    if rng.random() < 0.5:
        low = int(size * rng.uniform(0.68, 0.85))
        tint = np.array([rng.uniform(120, 250), rng.uniform(60, 200), rng.uniform(20, 110)])
        for _ in range(int(rng.integers(3, 9))):
            place = (
                left + int(width * rng.uniform(0.15, 0.85)),
                low + int(size * rng.uniform(-0.08, 0.08)),
            )
            paint = tuple(int(v) for v in np.clip(tint * rng.uniform(0.7, 1.15), 0, 255))
            reach = (int(width * rng.uniform(0.05, 0.14)), int(size * rng.uniform(0.03, 0.07)))
            cv2.ellipse(picture, place, reach, rng.uniform(0, 180), 0, 360, paint, -1, cv2.LINE_AA)
    word = _word(rng, int(rng.integers(3, 9)))
    edge = inks[0] if inks[0] != inks[2] else None
    _letter(rng, picture, word, middle, width * rng.uniform(0.6, 0.95), inks[2], edge)
    for row in range(int(rng.integers(0, 3))):
        place = (middle[0], middle[1] + int(size * (0.14 + 0.06 * row)))
        _letter(rng, picture, _word(rng, 12), place, width * rng.uniform(0.3, 0.6), inks[2], None)


def _back(rng: Generator, picture: Image, left: int, ink: tuple[int, ...]) -> None:
    """Small print, a table of what is in it, a bar code."""
    size = len(picture)
    margin = size // 24
    for row in range(int(size * 0.08), int(size * rng.uniform(0.3, 0.5)), max(size // 40, 4)):
        end = left + int((size - left - margin) * rng.uniform(0.75, 1))
        cv2.line(picture, (left + margin, row), (end, row), ink, max(size // 200, 1))
    low, high = int(size * rng.uniform(0.55, 0.62)), int(size * rng.uniform(0.75, 0.92))
    right = left + int((size - left) * rng.uniform(0.5, 0.9))
    picture[low:high, left + margin : right] = 245
    bars = rng.random(right - left - 3 * margin) < 0.5
    bars = np.repeat(bars, max(size // 128, 1))[: len(bars)]
    inside = picture[low + margin // 2 : high - margin, left + 2 * margin : right - margin]
    inside[:, bars] = 20


def _word(rng: Generator, length: int) -> str:
    """Letters that can be spoken."""
    kinds = ("BCDFGKLMNPRSTVWZ", "AEIOU")
    word = "".join(str(rng.choice(list(kinds[place % 2]))) for place in range(length))
    return word if rng.random() < 0.6 else word.capitalize()


def _letter(
    rng: Generator,
    picture: Image,
    text: str,
    middle: tuple[int, int],
    width: float,
    ink: tuple[int, ...],
    edge: tuple[int, ...] | None,
) -> None:
    """Writes a text of a width, pixels, about a point."""
    font = int(
        rng.choice(
            [cv2.FONT_HERSHEY_TRIPLEX, cv2.FONT_HERSHEY_DUPLEX, cv2.FONT_HERSHEY_SCRIPT_COMPLEX]
        )
    )
    (wide, _), _ = cv2.getTextSize(text, font, 1.0, 1)
    scale = width / max(wide, 1)
    thick = max(int(scale * rng.uniform(1.5, 5)), 1)
    (wide, high), _ = cv2.getTextSize(text, font, scale, thick)
    tall = rng.uniform(1.0, 2.2) if edge is not None else 1.0
    rows = int(len(picture) / tall)
    start = (int(middle[0] - wide / 2), int(middle[1] / tall + high / 2))
    layers = [(ink, thick)] if edge is None else [(edge, thick * 2 + 2), (ink, thick)]
    for colour, stroke in layers:
        mask = np.zeros((rows, picture.shape[1]), np.uint8)
        cv2.putText(mask, text, start, font, scale, 255, stroke, cv2.LINE_AA)
        share = cv2.resize(mask, picture.shape[1::-1]).astype(np.float32)[..., None] / 255
        picture[:] = (picture * (1 - share) + np.asarray(colour, np.float32) * share).astype(
            np.uint8
        )


def circuit(rng: Generator, size: int, first: Rgb, second: Rgb) -> Image:
    """A circuit board's face: traces, pads, holes and white print."""
    picture = shade(first, 1 + 0.03 * noise(rng, size, (4, 4), 2))
    trace = tuple(int(255 * min(part * 1.35 + 0.03, 1)) for part in first)
    for _ in range(60):
        x, y = (int(v) for v in rng.integers(0, size, 2))
        for _ in range(int(rng.integers(2, 5))):
            dx, dy = ((1, 0), (0, 1), (1, 1), (1, -1))[int(rng.integers(4))]
            length = int(rng.integers(size // 30, size // 6))
            end = (x + dx * length, y + dy * length)
            cv2.line(picture, (x, y), end, trace, max(size // 170, 1), cv2.LINE_AA)
            x, y = end
    gold = (205, 175, 95) if rng.random() < 0.6 else (200, 200, 205)
    pitch = max(size // int(rng.integers(20, 40)), 4)
    rows = [pitch, size - pitch] if rng.random() < 0.7 else list(range(pitch, size, pitch))
    for y in rows:
        for x in range(pitch, size - pitch // 2, pitch):
            cv2.circle(picture, (x, y), max(pitch // 3, 1), gold, -1, cv2.LINE_AA)
            cv2.circle(picture, (x, y), max(pitch // 8, 1), (30, 30, 30), -1)
    for _ in range(int(rng.integers(3, 9))):
        place = (int(rng.integers(size)), int(rng.integers(size)))
        _letter(rng, picture, _word(rng, 6), place, size * rng.uniform(0.06, 0.2), (235,) * 3, None)
    return np.ascontiguousarray(picture[::-1])
