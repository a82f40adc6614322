"""Named colours as ranges, so that "red" is never one RGB."""

from __future__ import annotations

import colorsys

import numpy as np
from numpy.random import Generator

Rgb = tuple[float, float, float]

# name -> hue (degrees), saturation and value ranges.
RANGES: dict[str, tuple[tuple[float, float], tuple[float, float], tuple[float, float]]] = {
    "red": ((-7, 5), (0.82, 1.0), (0.66, 0.92)),
    "dark red": ((-8, 3), (0.82, 1.0), (0.32, 0.45)),
    "orange": ((21, 31), (0.88, 1.0), (0.92, 1.0)),
    "yellow": ((48, 58), (0.82, 1.0), (0.92, 1.0)),
    "green": ((108, 148), (0.65, 1.0), (0.45, 0.72)),
    "light green": ((88, 130), (0.38, 0.58), (0.82, 0.95)),
    "dark green": ((118, 158), (0.65, 0.95), (0.2, 0.33)),
    "turquoise": ((170, 184), (0.65, 0.95), (0.66, 0.85)),
    "light blue": ((196, 212), (0.33, 0.55), (0.86, 0.98)),
    "blue": ((213, 231), (0.8, 1.0), (0.6, 0.92)),
    "dark blue": ((220, 236), (0.75, 1.0), (0.24, 0.38)),
    "purple": ((266, 284), (0.58, 0.9), (0.42, 0.68)),
    "pink": ((318, 346), (0.38, 0.62), (0.9, 1.0)),
    "brown": ((18, 30), (0.58, 0.8), (0.28, 0.45)),
    "beige": ((32, 44), (0.2, 0.36), (0.82, 0.92)),
    "white": ((20, 60), (0.0, 0.04), (0.92, 1.0)),
    "grey": ((0, 360), (0.0, 0.05), (0.42, 0.58)),
    "dark grey": ((0, 360), (0.0, 0.06), (0.2, 0.27)),
    "black": ((0, 360), (0.0, 0.1), (0.05, 0.12)),
    # Bare metals and wood, and the colours of food; said with the names on the right in NAMED.
    "silver": ((200, 230), (0.0, 0.06), (0.66, 0.8)),
    "gold": ((42, 48), (0.58, 0.72), (0.8, 0.92)),
    "copper": ((16, 24), (0.55, 0.68), (0.68, 0.8)),
    "pale wood": ((30, 38), (0.34, 0.5), (0.74, 0.88)),
    "cardboard": ((26, 34), (0.42, 0.55), (0.55, 0.7)),
    "banana": ((47, 53), (0.75, 0.9), (0.9, 1.0)),
    "lemon": ((50, 56), (0.78, 0.95), (0.92, 1.0)),
    "orange fruit": ((24, 31), (0.9, 1.0), (0.92, 1.0)),
    "carrot": ((20, 27), (0.82, 0.95), (0.88, 0.98)),
    "leaf": ((95, 125), (0.6, 0.85), (0.3, 0.5)),
    "fruit green": ((72, 95), (0.6, 0.82), (0.6, 0.78)),
    "stalk": ((26, 36), (0.5, 0.7), (0.22, 0.36)),
    "crust": ((24, 30), (0.6, 0.72), (0.5, 0.62)),
    "crumb": ((36, 42), (0.24, 0.34), (0.9, 0.96)),
    "cheese": ((44, 49), (0.55, 0.7), (0.93, 1.0)),
    "cola": ((8, 22), (0.6, 0.9), (0.05, 0.13)),
    "chocolate": ((14, 22), (0.6, 0.75), (0.2, 0.3)),
    "eggshell": ((22, 30), (0.26, 0.4), (0.82, 0.93)),
    "earth": ((20, 30), (0.4, 0.6), (0.12, 0.2)),
    "terracotta": ((14, 20), (0.6, 0.72), (0.68, 0.8)),
    "dough": ((30, 36), (0.5, 0.62), (0.75, 0.85)),
    "screen": ((200, 240), (0.2, 0.5), (0.03, 0.09)),
    "lcd": ((80, 100), (0.12, 0.2), (0.55, 0.66)),
    "paper": ((40, 50), (0.03, 0.1), (0.9, 0.98)),
    "bristle": ((30, 40), (0.3, 0.5), (0.4, 0.7)),
}

# What people call the colours above that are not said by their own name.
NAMED: dict[str, str] = {
    "pale wood": "beige",
    "cardboard": "brown",
    "banana": "yellow",
    "lemon": "yellow",
    "orange fruit": "orange",
    "carrot": "orange",
    "leaf": "green",
    "fruit green": "green",
    "stalk": "brown",
    "crust": "brown",
    "crumb": "beige",
    "cheese": "yellow",
    "cola": "black",
    "chocolate": "brown",
    "eggshell": "beige",
    "earth": "brown",
    "terracotta": "orange",
    "dough": "brown",
    "screen": "black",
    "lcd": "grey",
    "paper": "white",
    "bristle": "brown",
}

PAINTS: tuple[str, ...] = (
    "red",
    "green",
    "blue",
    "yellow",
    "orange",
    "purple",
    "pink",
    "brown",
    "black",
    "white",
    "grey",
    "turquoise",
    "beige",
    "light blue",
    "dark blue",
    "light green",
    "dark green",
    "dark red",
)

# How often each paint is drawn: the eleven basic terms (Berlin and Kay 1969) before the shades.
PAINT_WEIGHTS: tuple[float, ...] = (
    *(1.4, 1.2, 1.4, 1.2, 1.0, 0.8, 0.8, 0.5, 0.9, 1.1, 0.6),
    *(0.5, 0.35, 0.5, 0.4, 0.35, 0.4, 0.25),
)


def spoken(colour: str) -> str:
    """The word people say for a colour of `RANGES`."""
    return NAMED.get(colour, colour)


def sample(rng: Generator, colour: str) -> Rgb:
    """A random RGB in 0..1 that people would call by the colour's name."""
    (h0, h1), (s0, s1), (v0, v1) = RANGES[colour]
    hue, saturation, value = rng.uniform(h0, h1), rng.uniform(s0, s1), rng.uniform(v0, v1)
    return colorsys.hsv_to_rgb((hue % 360) / 360, saturation, value)


def random_paint(rng: Generator, without: tuple[str, ...] = ()) -> str:
    """A random paint whose spoken name differs clearly from those given."""
    weights = np.array(
        [
            0.0 if any(alike(name, other) for other in without) else weight
            for name, weight in zip(PAINTS, PAINT_WEIGHTS, strict=True)
        ]
    )
    return PAINTS[int(rng.choice(len(PAINTS), p=weights / weights.sum()))]


def alike(first: str, second: str) -> bool:
    """Whether two colours share their basic term: "dark blue" and "light blue" do."""
    return spoken(first).split()[-1] == spoken(second).split()[-1]
