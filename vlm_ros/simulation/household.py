"""Shapes of boxes, toys, desk things and plain blocks."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from vlm_ros.simulation.meshes import (
    Mesh,
    arc,
    cylinder,
    ellipsoid,
    extrude,
    faceted,
    merge,
    revolve,
    ring,
    rotation_about,
    rounded_box,
    rounded_rectangle,
    spline,
    tube,
)
from vlm_ros.simulation.shapes import Proxy, Shape, box_proxy, can_proxy, rod_proxy, shape


def _slab(size: tuple[float, float, float], radius: float) -> Mesh:
    """A box with rounded upright edges, standing on z = 0."""
    return extrude(rounded_rectangle(size[0], size[1], radius), size[2])


def box(rng: Generator) -> Shape:
    """A closed package with a strip of tape."""
    size = (rng.uniform(0.08, 0.16), rng.uniform(0.06, 0.12), rng.uniform(0.04, 0.11))
    parts = {"body": rounded_box(size, 0.0012, 1)}
    if rng.random() < 0.45:
        parts["strip"] = rounded_box((size[0] * 1.004, size[1] * 0.18, size[2] * 1.006), 0.0012, 1)
    return shape(parts, [box_proxy(size)])


def package(rng: Generator) -> Shape:
    """A printed box of a pharmacy or a grocer: flat or tall, its flaps at both ends."""
    tall = rng.uniform(0.09, 0.19)
    x, y = tall * rng.uniform(0.35, 0.75), tall * rng.uniform(0.14, 0.36)
    body = rounded_box((x, y, tall), 0.0012, 1)
    flaps = [
        rounded_box((x * 0.985, y * 0.97, 0.0012), 0.0004, 1).moved((0, 0, sign * tall / 2))
        for sign in (-1, 1)
    ]
    return shape({"body": body, "flaps": merge(*flaps)}, [box_proxy((x, y, tall))])


def open_box(rng: Generator) -> Shape:
    """An open crate."""
    x, y, z = rng.uniform(0.14, 0.19), rng.uniform(0.1, 0.14), rng.uniform(0.05, 0.075)
    wall = 0.005
    pieces = [((x, y, wall), (0.0, 0.0, wall / 2))]
    for sign in (-1, 1):
        pieces.append(((x, wall, z), (0.0, sign * (y - wall) / 2, z / 2)))
        pieces.append(((wall, y - 2 * wall, z), (sign * (x - wall) / 2, 0.0, z / 2)))
    body = merge(*(rounded_box(size, 0.001, 1).moved(place) for size, place in pieces))
    return shape({"body": body}, [box_proxy(size, place) for size, place in pieces], hollow=True)


def book(rng: Generator) -> Shape:
    """A hard-cover book lying flat."""
    x, y, z = rng.uniform(0.13, 0.17), rng.uniform(0.18, 0.22), rng.uniform(0.018, 0.035)
    board = 0.0028
    cover = [
        rounded_box((x, y, board), 0.0008, 1).moved((0, 0, board / 2)),
        rounded_box((x, y, board), 0.0008, 1).moved((0, 0, z - board / 2)),
    ]
    spine = rounded_box((board * 1.3, y, z), 0.001, 1).moved((-x / 2 + board * 0.4, 0, z / 2))
    pages = rounded_box((x - 0.009, y - 0.008, z - board * 1.6), 0.0006, 1).moved(
        (-0.001, 0, z / 2)
    )
    title = rounded_box((x * 0.62, y * 0.16, 0.0006), 0.0001, 1).moved((0.004, y * 0.2, z))
    parts = {"body": merge(*cover), "spine": spine, "pages": pages, "title": title}
    return shape(parts, [box_proxy((x, y, z), (0, 0, z / 2))])


def notebook(rng: Generator) -> Shape:
    """A spiral-bound notebook."""
    x, y, z = rng.uniform(0.1, 0.13), rng.uniform(0.14, 0.17), rng.uniform(0.008, 0.014)
    cover = rounded_box((x, y, 0.0015), 0.0005, 1).moved((0, 0, z - 0.0007))
    back = rounded_box((x, y, 0.0015), 0.0005, 1).moved((0, 0, 0.0007))
    pages = rounded_box((x * 0.98, y * 0.98, z - 0.002), 0.0005, 1).moved((0, 0, z / 2))
    loops = []
    for place in np.linspace(-0.46, 0.46, 15):
        loop = ring(z * 0.62, 0.0009, 12).moved(rotation=rotation_about("x", 90))
        loops.append(loop.moved((-x / 2, place * y, z / 2)))
    parts = {"body": merge(cover, back), "pages": pages, "spiral": merge(*loops)}
    return shape(parts, [box_proxy((x, y, z), (0, 0, z / 2))])


def block(rng: Generator) -> Shape:
    """A toy cube."""
    side = rng.uniform(0.035, 0.06)
    return shape(
        {"body": rounded_box((side, side, side), rng.uniform(0.001, 0.004), 2)},
        [box_proxy((side, side, side))],
    )


def brick(rng: Generator) -> Shape:
    """A toy building brick with studs."""
    columns, rows = int(rng.integers(2, 5)), 2
    pitch, height = 0.018, 0.021
    size = (columns * pitch, rows * pitch, height)
    body = rounded_box(size, 0.0008, 1).moved((0, 0, height / 2))
    studs = [
        cylinder(0.0055, 0.004, 0.0006, 20).moved(
            ((i - (columns - 1) / 2) * pitch, (j - 0.5) * pitch, height)
        )
        for i in range(columns)
        for j in range(rows)
    ]
    return shape({"body": merge(body, *studs)}, [box_proxy(size, (0, 0, height / 2))])


def dice(rng: Generator) -> Shape:
    """A die with its pips."""
    side = rng.uniform(0.026, 0.036)
    spots: list[tuple[float, float, float]] = []
    near, face = side * 0.26, side / 2
    corners = [(-near, -near), (near, near), (-near, near), (near, -near)]
    spots.append((0, 0, face))
    spots += [(a, b, -face) for a, b in [*corners, (0.0, near), (0.0, -near)]]
    spots += [(face, a, b) for a, b in [*corners, (0.0, 0.0)]]
    spots += [(-face, a, b) for a, b in corners[:2]]
    spots += [(a, face, b) for a, b in [*corners[:2], (0.0, 0.0)]]
    spots += [(a, -face, b) for a, b in corners]
    pips = [ellipsoid((1, 1, 1), 12).moved(spot, scale=side * 0.075) for spot in spots]
    parts = {"body": rounded_box((side, side, side), side * 0.12, 3), "pips": merge(*pips)}
    return shape(parts, [box_proxy((side, side, side))])


def ball(rng: Generator) -> Shape:
    """A ball."""
    radius = rng.uniform(0.025, 0.048)
    return shape({"body": ellipsoid((radius, radius, radius), 36)}, [Proxy("sphere", (radius,))])


def sponge(rng: Generator) -> Shape:
    """A washing-up sponge with a scouring layer."""
    x, y, z = rng.uniform(0.09, 0.115), rng.uniform(0.06, 0.07), rng.uniform(0.026, 0.034)
    body = rounded_box((x, y, z), 0.005, 3).moved((0, 0, z / 2))
    pad = rounded_box((x, y, 0.008), 0.003, 2).moved((0, 0, z + 0.002))
    return shape({"body": body, "pad": pad}, [box_proxy((x, y, z + 0.006), (0, 0, z / 2))])


def candle(rng: Generator) -> Shape:
    """A pillar candle with a wick."""
    radius, height = rng.uniform(0.022, 0.034), rng.uniform(0.06, 0.13)
    low = arc((radius - 0.002, 0.002), (0.002, 0.002), -90, 0, 4)
    pool = [(radius * 0.86, height - 0.001), (radius * 0.6, height - 0.005), (0, height - 0.006)]
    body = revolve(
        np.vstack([[(0, 0)], low, [(radius, height - 0.002)], [(radius - 0.002, height)], pool])
    )
    wick = tube(
        spline([(0, 0, height - 0.007), (0, 0, height), (0.003, 0, height + 0.01)], 4), 0.0016, 8
    )
    return shape({"body": body, "wick": wick}, [can_proxy(radius, 0, height)])


def phone(rng: Generator) -> Shape:
    """A smartphone lying on its back."""
    x, y = rng.uniform(0.068, 0.076), rng.uniform(0.14, 0.158)
    body = _slab((x, y, 0.008), 0.01)
    screen = _slab((x - 0.006, y - 0.008, 0.0006), 0.007).moved((0, 0, 0.008))
    lens = rounded_box((x * 0.34, x * 0.34, 0.0016), 0.0007, 1).moved((x * 0.24, y * 0.38, 0))
    return shape(
        {"body": body, "screen": screen, "camera": lens}, [box_proxy((x, y, 0.009), (0, 0, 0.0045))]
    )


def remote(rng: Generator) -> Shape:
    """A remote control with buttons."""
    x, y, z = rng.uniform(0.04, 0.05), rng.uniform(0.15, 0.19), 0.018
    body = rounded_box((x, y, z), 0.006, 3)
    buttons = []
    for row in range(6):
        for column in (-1, 0, 1):
            place = (column * x * 0.27, y * (0.16 - row * 0.095), z / 2)
            buttons.append(cylinder(0.0042, 0.0016, 0.0005, 12).moved(place))
    pad = ring(x * 0.24, 0.0028, 24).moved((0, y * 0.31, z / 2), scale=(1, 1, 0.6))
    power = cylinder(0.0048, 0.0018, 0.0005, 14).moved((-x * 0.28, y * 0.44, z / 2))
    parts = {"body": body, "buttons": merge(*buttons, pad), "power button": power}
    return shape(parts, [box_proxy((x, y, z))])


def mouse(rng: Generator) -> Shape:
    """A computer mouse."""
    x, y, z = rng.uniform(0.056, 0.064), rng.uniform(0.098, 0.112), rng.uniform(0.034, 0.04)
    dome = revolve(np.vstack([[(0, 0)], arc((0, 0), (1, 1), 0, 90, 12)]), 40)
    body = _squared(dome).moved(scale=(x / 2, y / 2, z))
    wheel = cylinder(0.008, 0.007, 0.002, 20).moved(rotation=rotation_about("y", 90))
    wheel = wheel.moved((-0.0035, y * 0.27, z * 0.85 - 0.006))
    parts = {"body": body, "wheel": wheel}
    return shape(parts, [box_proxy((x * 0.85, y * 0.85, z * 0.9), (0, 0, z * 0.45))])


def _squared(mesh: Mesh) -> Mesh:
    """A round unit dome pulled towards a square one (superellipse of exponent 3)."""
    flat = mesh.vertices[:, :2]
    radius = np.linalg.norm(flat, axis=1, keepdims=True)
    cubic = np.sum(np.abs(flat) ** 3, axis=1, keepdims=True) ** (1 / 3)
    stretch = radius / np.maximum(cubic, 1e-9)
    return Mesh(
        np.column_stack([flat * stretch, mesh.vertices[:, 2]]),
        mesh.normals,
        mesh.texcoords,
        mesh.faces,
    )


def calculator(rng: Generator) -> Shape:
    """A pocket calculator."""
    x, y, z = rng.uniform(0.07, 0.085), rng.uniform(0.12, 0.145), 0.012
    body = rounded_box((x, y, z), 0.004, 2)
    screen = rounded_box((x * 0.8, y * 0.17, 0.0012), 0.0005, 1).moved((0, y * 0.33, z / 2))
    keys = [
        rounded_box((x * 0.15, y * 0.085, 0.003), 0.001, 1).moved(
            ((i - 1.5) * x * 0.205, y * (0.14 - j * 0.125), z / 2)
        )
        for i in range(4)
        for j in range(5)
    ]
    parts = {"body": body, "screen": screen, "keys": merge(*keys)}
    return shape(parts, [box_proxy((x, y, z))])


def clock(rng: Generator) -> Shape:
    """A round alarm clock on two feet, leaning back a little."""
    radius, depth = rng.uniform(0.042, 0.052), 0.035
    face_up = rotation_about("x", 90)
    case = cylinder(radius, depth, 0.004, 44).moved(rotation=face_up).moved((0, depth / 2, 0))
    dial = cylinder(radius * 0.86, 0.001, 0, 44).moved(rotation=face_up)
    dial = dial.moved((0, -depth / 2 + 0.0005, 0))
    marks = []
    for hour in range(12):
        turn = rotation_about("y", hour * 30.0)
        tick = rounded_box((0.002, 0.001, 0.007), 0.0003, 1).moved((0, 0, radius * 0.74))
        marks.append(tick.moved(rotation=turn).moved((0, -depth / 2 - 0.0008, 0)))
    for length, angle in ((0.45, rng.uniform(0, 360)), (0.65, rng.uniform(0, 360))):
        hand = rounded_box((0.0026, 0.001, radius * length), 0.0003, 1)
        hand = hand.moved((0, 0, radius * length / 2)).moved(rotation=rotation_about("y", angle))
        marks.append(hand.moved((0, -depth / 2 - 0.0012, 0)))
    feet = [
        tube(
            [(sign * radius * 0.5, 0, -radius * 0.7), (sign * radius * 0.7, 0, -radius * 1.1)],
            0.005,
            10,
        )
        for sign in (-1, 1)
    ]
    parts = {"body": merge(case, *feet), "face": dial, "hands": merge(*marks)}
    proxies = [
        box_proxy((radius * 1.7, depth, radius * 1.7), (0, 0, 0)),
        box_proxy((radius * 1.5, depth, radius * 0.9), (0, 0, -radius * 0.66)),
    ]
    return shape(parts, proxies)


def toy_car(rng: Generator) -> Shape:
    """A toy car on four wheels."""
    length, width = rng.uniform(0.09, 0.12), rng.uniform(0.042, 0.052)
    wheel = length * 0.105
    side = (
        spline(
            [
                (-0.5, 0.0),
                (-0.5, 0.17),
                (-0.44, 0.24),
                (-0.2, 0.26),
                (-0.06, 0.4),
                (0.24, 0.4),
                (0.38, 0.26),
                (0.5, 0.22),
                (0.5, 0.0),
            ],
            4,
        )
        * length
    )
    lean = rotation_about("x", 90)
    body = extrude(side, width).moved(rotation=lean).moved((0, width / 2, wheel * 0.9))
    glass = np.array([(-0.13, 0.28), (-0.03, 0.37), (0.215, 0.37), (0.29, 0.28)]) * length
    panes = extrude(glass, width * 1.02).moved(rotation=lean).moved((0, width * 0.51, wheel * 0.9))
    tyres, hubs = [], []
    for x in (-0.29, 0.29):
        for sign in (-1, 1):
            place = (x * length, sign * width * 0.47, wheel)
            tyre = cylinder(wheel, 0.010, 0.002, 24).moved((0, 0, -0.005))
            tyres.append(tyre.moved(rotation=lean).moved(place))
            hub = cylinder(wheel * 0.5, 0.0114, 0.0005, 16).moved((0, 0, -0.0057))
            hubs.append(hub.moved(rotation=lean).moved(place))
    parts = {"body": body, "windows": panes, "wheels": merge(*tyres), "hubs": merge(*hubs)}
    height = float(side[:, 1].max()) + wheel * 0.9
    proxies = [
        box_proxy((length, width * 1.04, height * 0.66), (0, 0, height * 0.33)),
        box_proxy((length * 0.4, width, height), (length * 0.08, 0, height * 0.5)),
    ]
    return shape(parts, proxies)


def carton(rng: Generator) -> Shape:
    """A gabled drink carton with a screw cap."""
    side, height = rng.uniform(0.06, 0.072), rng.uniform(0.13, 0.18)
    gable = side * 0.42
    body = rounded_box((side, side, height), 0.001, 1).moved((0, 0, height / 2))
    half = side / 2
    roof_line = np.array([(-half, 0), (half, 0), (0.002, gable), (-0.002, gable)])
    roof = extrude(roof_line, side).moved(rotation=rotation_about("x", 90))
    roof = roof.moved((0, half, height))
    fin = rounded_box((0.003, side, 0.016), 0.0005, 1).moved((0, 0, height + gable + 0.006))
    cap = cylinder(0.012, 0.012, 0.001, 24).moved(rotation=rotation_about("y", 50))
    cap = cap.moved((half * 0.5, 0, height + gable * 0.5))
    proxies = [
        box_proxy((side, side, height), (0, 0, height / 2)),
        box_proxy((side * 0.4, side, gable), (0, 0, height + gable / 2)),
    ]
    return shape({"body": merge(body), "roof": merge(roof, fin), "cap": cap}, proxies)


def tissue_box(rng: Generator) -> Shape:
    """A box of tissues with one pulled out."""
    x, y, z = rng.uniform(0.11, 0.13), rng.uniform(0.11, 0.125), rng.uniform(0.07, 0.1)
    body = rounded_box((x, y, z), 0.0015, 1).moved((0, 0, z / 2))
    slot = ellipsoid((0.034, 0.019, 0.001)).moved((0, 0, z))
    folds = []
    for turn in (0, 60, 120):
        path = spline([(-0.018, 0, z), (-0.004, 0.006, z + 0.028), (0.016, -0.006, z + 0.045)], 5)
        widths = np.column_stack([np.linspace(0.02, 0.008, len(path)), np.full(len(path), 0.0015)])
        folds.append(tube(path, widths, 10).moved(rotation=rotation_about("z", turn)))
    parts = {"body": body, "slot": slot, "tissue": merge(*folds)}
    return shape(parts, [box_proxy((x, y, z), (0, 0, z / 2)), can_proxy(0.01, z, z + 0.04)])


def soap(rng: Generator) -> Shape:
    """A bar of soap."""
    x, y, z = rng.uniform(0.075, 0.09), rng.uniform(0.05, 0.058), rng.uniform(0.024, 0.03)
    return shape(
        {"body": rounded_box((x, y, z), z * 0.49, 5)}, [box_proxy((x * 0.94, y * 0.94, z))]
    )


def spool(rng: Generator) -> Shape:
    """A spool of thread."""
    radius, height = rng.uniform(0.017, 0.022), rng.uniform(0.045, 0.06)
    thread = revolve(
        [
            (radius * 0.82, height * 0.13),
            (radius * 0.9, height * 0.3),
            (radius * 0.9, height * 0.7),
            (radius * 0.82, height * 0.87),
        ]
    )
    ends = [
        revolve(
            [
                (0, 0),
                (radius, 0),
                (radius, height * 0.1),
                (radius * 0.7, height * 0.15),
                (0, height * 0.15),
            ]
        ),
        revolve(
            [
                (0, 0),
                (radius * 0.7, 0),
                (radius, height * 0.05),
                (radius, height * 0.15),
                (0.004, height * 0.15),
                (0.004, height * 0.1),
                (0, height * 0.1),
            ]
        ).moved((0, 0, height * 0.85)),
    ]
    return shape({"body": thread, "reel": merge(*ends)}, [can_proxy(radius, 0, height)])


def light_bulb(rng: Generator) -> Shape:
    """A light bulb lying on its side."""
    radius = rng.uniform(0.028, 0.032)
    line = spline(
        [
            (0.013, 0.028),
            (0.0155, 0.038),
            (radius * 0.9, 0.06),
            (radius, 0.075),
            (radius * 0.7, 0.098),
            (0.0, 0.106),
        ],
        6,
    )
    line[:, 0] = np.maximum(line[:, 0], 0.0)
    levels = np.linspace(0.006, 0.028, 13)
    screw = np.column_stack([np.where(np.arange(13) % 2, 0.0132, 0.012), levels])
    base = revolve(np.vstack([[(0, 0), (0.006, 0.001)], screw]))
    turn = rotation_about("y", 84)
    proxies = [
        Proxy("sphere", (radius,), (0.075, 0.0, 0.0)),
        rod_proxy(0.0125, (0.008, 0, -radius * 0.5), (0.03, 0, -radius * 0.35)),
    ]
    parts = {"body": revolve(line).moved(rotation=turn), "base": base.moved(rotation=turn)}
    return shape(parts, proxies)


def cylinder_block(rng: Generator) -> Shape:
    """A plain cylinder."""
    radius, height = rng.uniform(0.018, 0.03), rng.uniform(0.04, 0.08)
    return shape({"body": cylinder(radius, height, 0.0015)}, [can_proxy(radius, 0, height)])


def cone(rng: Generator) -> Shape:
    """A plain cone."""
    radius, height = rng.uniform(0.022, 0.034), rng.uniform(0.05, 0.09)
    body = revolve([(0, 0), (radius, 0), (0.0008, height), (0, height)])
    proxies = [
        can_proxy(radius * 0.95, 0, height * 0.25),
        can_proxy(radius * 0.6, height * 0.25, height * 0.5),
        can_proxy(radius * 0.3, height * 0.5, height),
    ]
    return shape({"body": body}, proxies)


def pyramid(rng: Generator) -> Shape:
    """A square pyramid."""
    side, height = rng.uniform(0.045, 0.065), rng.uniform(0.04, 0.065)
    radius = side / np.sqrt(2)
    body = revolve([(0, 0), (radius, 0), (0.0005, height), (0, height)], 4)
    flat = faceted(body).moved(rotation=rotation_about("z", 45))
    proxies = [
        box_proxy((side, side, height * 0.25), (0, 0, height * 0.125)),
        box_proxy((side * 0.6, side * 0.6, height * 0.3), (0, 0, height * 0.35)),
        box_proxy((side * 0.25, side * 0.25, height * 0.4), (0, 0, height * 0.65)),
    ]
    return shape({"body": flat}, proxies)


def ring_toy(rng: Generator) -> Shape:
    """A plain ring."""
    radius, thick = rng.uniform(0.026, 0.036), rng.uniform(0.007, 0.011)
    return shape({"body": ring(radius, thick, 36)}, [can_proxy(radius + thick, -thick, thick)])


def star(rng: Generator) -> Shape:
    """A flat five-pointed star."""
    radius = rng.uniform(0.03, 0.042)
    angles = np.deg2rad(np.arange(10) * 36 + 90)
    reach = np.where(np.arange(10) % 2, radius * 0.45, radius)
    outline = np.column_stack([reach * np.cos(angles), reach * np.sin(angles)])
    height = 0.014
    return shape({"body": extrude(outline, height)}, [can_proxy(radius * 0.8, 0, height)])
