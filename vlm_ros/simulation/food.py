"""Shapes of food."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from vlm_ros.simulation.meshes import (
    Mesh,
    arc,
    ellipsoid,
    extrude,
    merge,
    revolve,
    rotation_about,
    rounded_box,
    spline,
    tube,
)
from vlm_ros.simulation.shapes import Proxy, Shape, box_proxy, can_proxy, rod_proxy, shape


def _round(radius: float, height: float) -> list[Proxy]:
    """Proxy of a roundish fruit standing on z = 0."""
    if abs(2 * radius - height) < 0.1 * height:
        return [Proxy("sphere", (radius,), (0.0, 0.0, height / 2))]
    return [Proxy("ellipsoid", (radius, radius, height / 2), (0.0, 0.0, height / 2))]


def _stem(height: float, length: float, thickness: float = 0.0016) -> Mesh:
    path = spline([(0, 0, height - 0.006), (0.001, 0, height), (0.004, 0.001, height + length)], 4)
    return tube(path, thickness, 8)


def apple(rng: Generator) -> Shape:
    """An apple with dimple and stem."""
    radius = rng.uniform(0.034, 0.04)
    height = radius * rng.uniform(1.7, 1.95)
    line = spline(
        [
            (0.0, height * 0.07),
            (radius * 0.35, 0.0),
            (radius * 0.82, height * 0.22),
            (radius, height * 0.58),
            (radius * 0.78, height * 0.9),
            (radius * 0.35, height),
            (0.0, height * 0.85),
        ],
        6,
    )
    line[:, 0] = np.maximum(line[:, 0], 0.0)
    parts = {"body": revolve(line), "stem": _stem(height * 0.88, 0.018)}
    return shape(parts, _round(radius, height))


def orange(rng: Generator) -> Shape:
    """An orange."""
    radius = rng.uniform(0.035, 0.042)
    body = ellipsoid((radius, radius, radius * 0.95))
    navel = ellipsoid((0.004, 0.004, 0.0015)).moved((0, 0, radius * 0.95))
    return shape({"body": body, "stem": navel}, [Proxy("sphere", (radius,))])


def lemon(rng: Generator) -> Shape:
    """A lemon lying on its side."""
    radius, half = rng.uniform(0.024, 0.028), rng.uniform(0.036, 0.042)
    line = spline(
        [
            (0.0, -half),
            (radius * 0.25, -half * 0.9),
            (radius * 0.75, -half * 0.6),
            (radius, 0.0),
            (radius * 0.75, half * 0.6),
            (radius * 0.25, half * 0.88),
            (0.0, half),
        ],
        6,
    )
    line[:, 0] = np.maximum(line[:, 0], 0.0)
    body = revolve(line).moved(rotation=rotation_about("y", 90))
    return shape({"body": body}, [Proxy("ellipsoid", (half * 0.9, radius, radius))])


def pear(rng: Generator) -> Shape:
    """A pear with its stem."""
    radius = rng.uniform(0.031, 0.036)
    height = radius * rng.uniform(2.5, 2.8)
    line = spline(
        [
            (0.0, height * 0.03),
            (radius * 0.5, 0.0),
            (radius, height * 0.3),
            (radius * 0.72, height * 0.6),
            (radius * 0.42, height * 0.84),
            (radius * 0.25, height * 0.98),
            (0.0, height),
        ],
        6,
    )
    line[:, 0] = np.maximum(line[:, 0], 0.0)
    parts = {"body": revolve(line), "stem": _stem(height, 0.018)}
    proxies = [
        Proxy("sphere", (radius,), (0.0, 0.0, radius)),
        Proxy("sphere", (radius * 0.5,), (0.0, 0.0, height * 0.8)),
    ]
    return shape(parts, proxies)


def tomato(rng: Generator) -> Shape:
    """A tomato with a green calyx."""
    radius = rng.uniform(0.03, 0.037)
    height = radius * rng.uniform(1.45, 1.65)
    line = spline(
        [
            (0.0, 0.002),
            (radius * 0.6, height * 0.05),
            (radius, height * 0.48),
            (radius * 0.66, height * 0.93),
            (radius * 0.2, height * 0.97),
            (0.0, height * 0.92),
        ],
        6,
    )
    line[:, 0] = np.maximum(line[:, 0], 0.0)
    star = []
    for turn in range(0, 360, 72):
        tip = radius * 0.55
        path = spline([(0, 0, height * 0.97), (tip * 0.5, 0, height), (tip, 0, height * 0.93)], 4)
        widths = np.column_stack([np.linspace(0.004, 0.0006, len(path)), np.full(len(path), 0.001)])
        star.append(tube(path, widths, 8).moved(rotation=rotation_about("z", turn)))
    parts = {"body": revolve(line), "stem": merge(*star, _stem(height, 0.01))}
    return shape(parts, _round(radius, height))


def banana(rng: Generator) -> Shape:
    """A curved banana lying flat."""
    bend, radius = rng.uniform(0.085, 0.11), rng.uniform(0.0165, 0.02)
    sweep = rng.uniform(85, 105)
    angles = np.deg2rad(np.linspace(-sweep / 2, sweep / 2, 22))
    path = np.column_stack([bend * np.sin(angles), bend * np.cos(angles), np.zeros(22)])
    span = np.linspace(0, 1, 22)
    knots = [0.0, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.96, 1.0]
    widths = [0.28, 0.3, 0.45, 0.9, 1.0, 0.92, 0.6, 0.35, 0.15]
    body = tube(path, radius * np.interp(span, knots, widths), 8)
    tips = []
    for first, last in ((0, 2), (20, 22)):
        ends = path[first:last]
        tips.append(tube(ends, radius * (0.33 if first == 0 else 0.3), 8))
    proxies = []
    for start, stop in ((2, 8), (8, 14), (14, 20)):
        a, b = path[start], path[stop]
        proxies.append(
            rod_proxy(
                radius * 0.95,
                (float(a[0]), float(a[1]), 0.0),
                (float(b[0]), float(b[1]), 0.0),
            )
        )
    return shape({"body": body, "tip": merge(*tips)}, proxies)


def carrot(rng: Generator) -> Shape:
    """A carrot lying flat, with its greens."""
    length, radius = rng.uniform(0.13, 0.17), rng.uniform(0.014, 0.018)
    span = np.linspace(0, 1, 16)
    path = np.column_stack([length * span, 0.004 * np.sin(3 * span), np.zeros(16)])
    knots = [0.0, 0.04, 0.12, 0.6, 0.93, 1.0]
    body = tube(path, radius * np.interp(span, knots, [0.55, 0.9, 1.0, 0.62, 0.2, 0.08]), 16)
    greens = []
    for _ in range(7):
        y, z = rng.uniform(-0.025, 0.025), rng.uniform(-0.006, 0.02)
        reach = rng.uniform(0.035, 0.06)
        sprig = spline([(0.004, 0, 0), (-reach * 0.5, y * 0.4, z * 0.6), (-reach, y, z)], 4)
        greens.append(tube(sprig, np.linspace(0.0022, 0.0042, len(sprig)), 6))
    proxies = [
        rod_proxy(radius * 0.9, (0.01, 0, 0), (length * 0.5, 0, 0)),
        rod_proxy(
            radius * 0.6, (length * 0.5, 0, -radius * 0.35), (length * 0.9, 0, -radius * 0.35)
        ),
        box_proxy((0.05, 0.04, radius * 1.6), (-0.025, 0, 0)),
    ]
    return shape({"body": body, "leaves": merge(*greens)}, proxies)


def cucumber(rng: Generator) -> Shape:
    """A cucumber lying flat."""
    length, radius = rng.uniform(0.15, 0.19), rng.uniform(0.017, 0.021)
    span = np.linspace(0, 1, 18)
    path = np.column_stack([length * (span - 0.5), 0.012 * np.sin(np.pi * span), 0 * span])
    widths = radius * np.interp(
        span, [0, 0.03, 0.1, 0.5, 0.9, 0.97, 1.0], [0.3, 0.62, 0.92, 1.0, 0.9, 0.6, 0.25]
    )
    proxy = rod_proxy(radius, (-length * 0.4, 0.005, 0), (length * 0.4, 0.005, 0))
    return shape({"body": tube(path, widths, 18)}, [proxy])


def bell_pepper(rng: Generator) -> Shape:
    """A lobed bell pepper."""
    radius, height = rng.uniform(0.034, 0.04), rng.uniform(0.075, 0.09)
    line = spline(
        [
            (0.0, 0.008),
            (radius * 0.55, 0.0),
            (radius * 0.85, height * 0.3),
            (radius, height * 0.75),
            (radius * 0.7, height * 0.97),
            (radius * 0.25, height * 0.94),
            (0.0, height * 0.85),
        ],
        6,
    )
    line[:, 0] = np.maximum(line[:, 0], 0.0)
    smooth = revolve(line, 48)
    points = smooth.vertices.copy()
    angle = np.arctan2(points[:, 1], points[:, 0])
    points[:, :2] *= (1.0 - 0.1 * np.abs(np.cos(2 * angle)) ** 6)[:, None]
    body = Mesh(points, smooth.normals, smooth.texcoords, smooth.faces)
    stem = tube(
        spline([(0, 0, height * 0.85), (0, 0, height), (0.008, 0, height * 1.15)], 5), 0.005, 10
    )
    return shape({"body": body, "stem": stem}, [can_proxy(radius * 0.95, 0.0, height)])


def egg(rng: Generator) -> Shape:
    """A hen's egg lying on its side."""
    radius, half = rng.uniform(0.021, 0.023), rng.uniform(0.027, 0.03)
    angles = np.deg2rad(np.linspace(-90, 90, 19))
    height = half * np.sin(angles)
    line = np.column_stack([radius * np.cos(angles) * (1 - 0.13 * np.sin(angles)), height])
    body = revolve(line, 28).moved(rotation=rotation_about("y", 90))
    return shape({"body": body}, [Proxy("ellipsoid", (half, radius, radius))])


def donut(rng: Generator) -> Shape:
    """A ring doughnut with icing."""
    radius, thick = rng.uniform(0.028, 0.034), rng.uniform(0.0135, 0.016)
    dough = revolve(arc((radius, thick), (thick, thick), -180, 180, 17), 32)
    icing = revolve(arc((radius, thick * 1.06), (thick * 1.03, thick * 1.0), -12, 192, 12), 32)
    return shape({"body": icing, "dough": dough}, [can_proxy(radius + thick, 0.0, thick * 2)])


def bread(rng: Generator) -> Shape:
    """A slice of bread lying flat."""
    width = rng.uniform(0.095, 0.115)
    top = arc((0, 0.02), (width * 0.55, width * 0.38), 10, 170, 12)
    outline = np.vstack([[(-width * 0.45, -width * 0.45), (width * 0.45, -width * 0.45)], top])
    crust = extrude(outline, 0.014)
    crumb = extrude(outline * 0.9, 0.0162).moved((0, 0, -0.0011))
    size = outline.max(axis=0) - outline.min(axis=0)
    middle = (outline.max(axis=0) + outline.min(axis=0)) / 2
    proxy = box_proxy(
        (float(size[0]), float(size[1]), 0.015), (float(middle[0]), float(middle[1]), 0.007)
    )
    return shape({"body": crumb, "crust": crust}, [proxy])


def cheese(rng: Generator) -> Shape:
    """A wedge of cheese."""
    radius, height = rng.uniform(0.08, 0.1), rng.uniform(0.035, 0.045)
    rim = arc((0, 0), (radius, radius), -20, 20, 9)
    outline = np.vstack([[(0.0, 0.0)], rim])
    wedge = extrude(outline, height)
    width = float(rim[:, 1].max() * 2)
    proxies = [
        box_proxy((radius * 0.5, width * 0.85, height), (radius * 0.72, 0, height / 2)),
        box_proxy((radius * 0.45, width * 0.35, height), (radius * 0.3, 0, height / 2)),
    ]
    return shape({"body": wedge}, proxies)


def chocolate(rng: Generator) -> Shape:
    """A bar of chocolate with its squares."""
    columns, rows = int(rng.integers(4, 7)), int(rng.integers(2, 4))
    pitch = 0.022
    squares = [
        rounded_box((pitch * 0.88, pitch * 0.88, 0.006), 0.002, 2).moved(
            ((i - (columns - 1) / 2) * pitch, (j - (rows - 1) / 2) * pitch, 0.007)
        )
        for i in range(columns)
        for j in range(rows)
    ]
    size = (columns * pitch, rows * pitch, 0.006)
    slab = rounded_box(size, 0.001, 1).moved((0, 0, 0.003))
    return shape(
        {"body": merge(slab, *squares)}, [box_proxy((size[0], size[1], 0.01), (0, 0, 0.005))]
    )
