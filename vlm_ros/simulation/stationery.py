"""Shapes of what lies on desks: paper, cards, and small tools for them."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from vlm_ros.simulation.meshes import (
    Mesh,
    along_x,
    arc,
    cylinder,
    extrude,
    merge,
    revolve,
    ring,
    rotation_about,
    rounded_box,
    rounded_rectangle,
    spline,
    tube,
)
from vlm_ros.simulation.shapes import (
    Shape,
    box_proxy,
    boxed,
    can_proxy,
    rod_proxy,
    shape,
)
from vlm_ros.simulation.tools import grip


def stapler(rng: Generator) -> Shape:
    """A desk stapler, its arm a little raised."""
    length, width = rng.uniform(0.11, 0.145), rng.uniform(0.028, 0.036)
    base = rounded_box((length, width, 0.009), 0.003, 2).moved((0, 0, 0.0045))
    profile = spline(
        [
            (-0.5, 0.0),
            (-0.5, 0.12),
            (-0.3, 0.2),
            (0.1, 0.19),
            (0.42, 0.15),
            (0.5, 0.08),
            (0.5, 0.0),
        ],
        5,
    )
    tilt = rng.uniform(4, 9)
    stand, lean = rotation_about("x", 90), rotation_about("y", -tilt)
    arm = extrude(profile * length * 0.98, width * 0.82).moved((0, 0, -width * 0.41))
    arm = arm.moved(rotation=stand).moved((length / 2, 0, 0)).moved(rotation=lean)
    arm = arm.moved((-length / 2, 0, 0.016))
    rail = rounded_box((length * 0.94, width * 0.5, 0.009), 0.001, 1)
    rail = rail.moved((length * 0.48, 0, 0)).moved(rotation=lean).moved((-length / 2, 0, 0.013))
    anvil = rounded_box((0.018, width * 0.55, 0.002), 0.0005, 1).moved((length * 0.4, 0, 0.0098))
    hinge = along_x(cylinder(0.008, width * 0.9, 0.001, 20)).moved((-width * 0.45, 0, 0))
    hinge = hinge.moved((-length * 0.42, 0, 0.016), rotation_about("z", 90))
    parts = {"body": merge(base, arm, hinge), "rail": merge(rail, anvil)}
    return boxed(parts)


def ruler(rng: Generator) -> Shape:
    """A ruler with its divisions."""
    length, width = float(rng.choice([0.16, 0.21, 0.31])), rng.uniform(0.028, 0.036)
    body = rounded_box((length, width, 0.0026), 0.0008, 1).moved((0, 0, 0.0013))
    digit = rounded_box((0.0028, 0.0036, 0.0002), 0.00008, 1)
    marks = []
    count = int((length - 0.01) * 200)  # one every 5 mm
    for i in range(count + 1):
        reach = width * (0.34 if i % 10 == 0 else 0.24 if i % 2 == 0 else 0.14)
        tick = rounded_box((0.0009, reach, 0.0002), 0.00008, 1)
        marks.append(tick.moved((-length / 2 + 0.005 + i * 0.005, width / 2 - reach / 2, 0.0026)))
        if i % 2 == 0:
            marks.append(digit.moved((-length / 2 + 0.005 + i * 0.005, width * 0.04, 0.0026)))
    return boxed({"body": body, "divisions": merge(*marks)})


def eraser(rng: Generator) -> Shape:
    """An eraser in its paper sleeve."""
    x, y, z = rng.uniform(0.04, 0.058), rng.uniform(0.019, 0.024), rng.uniform(0.01, 0.013)
    body = rounded_box((x, y, z), 0.002, 2)
    sleeve = rounded_box((x * rng.uniform(0.55, 0.7), y * 1.04, z * 1.06), 0.0008, 1)
    return boxed({"body": body, "sleeve": sleeve.moved((-x * 0.13, 0, 0))})


def glue_stick(rng: Generator) -> Shape:
    """A stick of glue, its cap on."""
    radius, height = rng.uniform(0.0105, 0.0145), rng.uniform(0.08, 0.1)
    split = height * rng.uniform(0.62, 0.72)
    dial = cylinder(radius * 0.94, height * 0.1, 0.001, 28)
    body = cylinder(radius, split - height * 0.09, 0.0006, 28).moved((0, 0, height * 0.09))
    cap = cylinder(radius * 1.03, height - split, 0.0018, 28).moved((0, 0, split))
    band = revolve([(radius * 1.01, height * 0.13), (radius * 1.01, split * 0.96)], 28)
    parts = {"body": body, "cap": merge(cap, dial), "label": band}
    return shape(parts, [can_proxy(radius, 0, height)])


def sticky_notes(rng: Generator) -> Shape:
    """A pad of sticky notes, its top sheet curling."""
    side, high = rng.uniform(0.07, 0.078), rng.uniform(0.005, 0.018)
    pad = rounded_box((side, side, high), 0.0003, 1).moved((0, 0, high / 2))
    sheet = _curled(side, side, rng.uniform(0.003, 0.011)).moved((0, 0, high + 0.0003))
    return boxed({"body": merge(pad, sheet)})


def _curled(x: float, y: float, rise: float) -> Mesh:
    """A sheet whose edge at +y rises."""
    rows = np.linspace(-0.5, 0.5, 10)
    profile = np.column_stack([rows * y, rise * np.maximum(rows + 0.1, 0) ** 2 / 0.36])
    outline = np.vstack([profile, np.add(profile[::-1], (0, 0.0004))])
    sheet = extrude(outline, x).moved((0, 0, -x / 2))
    turn = np.array([[0.0, 0.0, 1.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
    return sheet.moved(rotation=turn)


def envelope(rng: Generator) -> Shape:
    """A closed envelope, its flap up or its window."""
    x, y = rng.uniform(0.16, 0.22), rng.uniform(0.1, 0.12)
    body = rounded_box((x, y, 0.002), 0.0004, 1)
    if rng.random() < 0.5:
        depth = y * rng.uniform(0.45, 0.6)
        flap = np.array([(-x / 2, 0.0), (x / 2, 0.0), (x * 0.06, -depth), (-x * 0.06, -depth)])
        parts = {"body": body, "flap": extrude(flap, 0.0006).moved((0, y / 2, 0.0009))}
        edge = [(-x / 2, 0, 0), (-x * 0.06, -depth, 0), (x * 0.06, -depth, 0), (x / 2, 0, 0)]
        parts["fold"] = tube(edge, 0.0005, 6).moved((0, y / 2, 0.0013))
        return boxed(parts)
    window = rounded_box((x * 0.38, y * 0.26, 0.0002), 0.00005, 1).moved(
        (-x * 0.2, -y * 0.1, 0.0011)
    )
    stamp = rounded_box((0.02, 0.024, 0.0003), 0.0001, 1).moved(
        (x / 2 - 0.017, y / 2 - 0.018, 0.001)
    )
    return boxed({"body": body, "window": window, "stamp": stamp})


def card(rng: Generator) -> Shape:
    """A bank card with its chip and stripe of numbers."""
    body = extrude(rounded_rectangle(0.0856, 0.054, 0.003), 0.001)
    chip = rounded_box((0.012, 0.0095, 0.0002), 0.00005, 1).moved((-0.026, 0.004, 0.001))
    digits = [
        rounded_box((0.0028, 0.004, 0.0003), 0.00008, 1).moved((x, -0.008, 0.001))
        for x in (-0.034 + i * 0.0038 + (i // 4) * 0.0026 for i in range(16))
    ]
    name = rounded_box((0.032, 0.0028, 0.0002), 0.00005, 1).moved((-0.019, -0.019, 0.001))
    stripe = rounded_box((0.0856, 0.011, 0.0002), 0.00005, 1).moved((0, 0.016, -0.0001))
    logo = [
        cylinder(0.0062, 0.0003, 0, 20).moved((0.026 + dx, -0.016, 0.001)) for dx in (0, 0.0075)
    ]
    parts = {
        "body": body,
        "chip": chip,
        "numbers": merge(*digits, name),
        "stripe": stripe,
        "logo": merge(*logo),
    }
    return boxed(parts)


def paper_clip(rng: Generator) -> Shape:
    """A large paper clip."""
    scale = rng.uniform(0.85, 1.1)
    flat = np.vstack(
        [
            [(-0.008, 0.003)],
            [(0.014, 0.003)],
            arc((0.014, 0), (0.003, 0.003), 80, -90, 7),
            [(-0.016, -0.003)],
            arc((-0.016, 0.001), (0.004, 0.004), 260, 90, 7),
            [(0.019, 0.005)],
            arc((0.019, 0.0), (0.005, 0.005), 80, -90, 7),
            [(-0.012, -0.005)],
        ]
    )
    path = np.column_stack([flat * scale, np.zeros(len(flat))])
    return boxed({"body": tube(path, 0.0007, 8)})


def binder_clip(rng: Generator) -> Shape:
    """A black fold-back clip with wire handles."""
    width, depth, high = rng.uniform(0.022, 0.04), rng.uniform(0.014, 0.019), 0.012
    section = np.array(
        [
            (-depth / 2, high / 2),
            (depth / 2, 0.0012),
            (depth / 2, -0.0012),
            (-depth / 2, -high / 2),
        ]
    )
    turn = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, -1.0, 0.0]])
    body = extrude(section, width).moved((0, 0, -width / 2)).moved(rotation=turn.T)
    wires = []
    for sign in (-1, 1):
        reach = depth * 1.15
        path = spline(
            [
                (depth / 2, -width * 0.3, sign * 0.002),
                (depth / 2 + reach * 0.5, -width * 0.22, sign * 0.003),
                (depth / 2 + reach, -width * 0.12, sign * 0.004),
                (depth / 2 + reach * 1.15, 0, sign * 0.004),
                (depth / 2 + reach, width * 0.12, sign * 0.004),
                (depth / 2 + reach * 0.5, width * 0.22, sign * 0.003),
                (depth / 2, width * 0.3, sign * 0.002),
            ],
            4,
        )
        wires.append(tube(path, 0.0009, 8))
    return boxed({"body": body, "handles": merge(*wires)})


def magnifying_glass(rng: Generator) -> Shape:
    """A magnifying glass lying flat."""
    radius = rng.uniform(0.032, 0.045)
    rim = ring(radius, 0.0035, 40).moved(scale=(1, 1, 1.3))
    pane = cylinder(radius, 0.003, 0, 40).moved((0, 0, -0.0015))
    neck = tube([(-radius - 0.002, 0, 0), (-radius - 0.014, 0, 0)], 0.0035, 12)
    handle = grip(rng.uniform(0.07, 0.095), 0.017, 0.015).moved((-radius - 0.01, 0, 0))
    return boxed({"body": handle, "rim": merge(rim, neck), "lens": pane})


def tape_measure(rng: Generator) -> Shape:
    """A pocket tape measure, the end of its tape out."""
    x, y, z = rng.uniform(0.06, 0.072), rng.uniform(0.028, 0.034), rng.uniform(0.056, 0.066)
    half = z / 2
    outline = np.vstack(
        [
            [(x * 0.55, -half), (x * 0.55, -half * 0.3)],
            arc((0, 0), (half, half), 25, 200, 16),
            [(-half * 0.95, -half)],
        ]
    )
    stand = rotation_about("x", 90)
    body = extrude(outline, y).moved((0, 0, -y / 2)).moved(rotation=stand)
    badge = cylinder(half * 0.66, y * 1.05, 0.001, 32).moved((0, 0, -y * 0.525))
    badge = badge.moved(rotation=stand)
    out = rng.uniform(0.008, 0.06)
    blade = rounded_box((out + 0.01, y * 0.68, 0.0009), 0.0003, 1)
    blade = blade.moved((x * 0.55 + out / 2, 0, -half + 0.004))
    marks = [
        rounded_box((0.0009, y * (0.4 if i % 2 else 0.25), 0.0003), 0.0001, 1).moved(
            (x * 0.55 + 0.005 + i * 0.005, y * 0.12, -half + 0.0046)
        )
        for i in range(int(out / 0.005))
    ]
    hook = rounded_box((0.0012, y * 0.72, 0.011), 0.0004, 1)
    hook = hook.moved((x * 0.55 + out + 0.005, 0, -half + 0.004))
    button = rounded_box((0.012, y * 0.5, 0.007), 0.002, 1).moved((half * 0.98, 0, half * 0.15))
    parts = {
        "body": body,
        "label": badge,
        "tape": blade,
        "hook": merge(hook, *marks),
        "button": button,
    }
    lying = rotation_about("x", -90) if rng.random() < 0.5 else np.eye(3)
    parts = {name: mesh.moved(rotation=lying) for name, mesh in parts.items()}
    low, high = parts["body"].bounds
    size, middle = high - low, (low + high) / 2
    proxy = box_proxy((size[0], size[1], size[2]), (middle[0], middle[1], middle[2]))
    return shape(parts, [proxy])


def playing_cards(rng: Generator) -> Shape:
    """A pack of cards squared up, or a hand of them fanned out."""
    if rng.random() < 0.5:
        sheet, pips = _playing_card(rng, rng.uniform(0.008, 0.018))
        return boxed({"body": sheet, "pips": pips})
    sheets: list[Mesh] = []
    marks: list[Mesh] = []
    pivot = np.array([0.0, 0.1, 0.0])
    count = int(rng.integers(4, 8))
    for i in range(count):
        turn = rotation_about("z", (i - count / 2) * -13.0)
        for pile, mesh in zip((sheets, marks), _playing_card(rng, 0.0009), strict=True):
            raised = mesh.moved(np.add(pivot, (0, 0, 0.0009 * i)))
            pile.append(raised.moved(rotation=turn))
    return boxed({"body": merge(*sheets), "pips": merge(*marks)})


def _playing_card(rng: Generator, high: float) -> tuple[Mesh, Mesh]:
    """A card as thick as `high`, and what is printed on it."""
    marks = [
        rounded_box((0.005, 0.009, 0.0003), 0.0001, 1).moved((x, y, high))
        for x, y in ((-0.025, 0.035), (0.025, -0.035))
    ]
    spots = [(x, y) for x in (-0.011, 0.011) for y in (-0.022, 0.0, 0.022)]
    for x, y in spots[: int(rng.integers(2, 7))]:
        pip = cylinder(0.0052, 0.0002, 0, 4)
        marks.append(pip.moved((x, y, high), scale=(0.8, 1.1, 1)))
    return extrude(rounded_rectangle(0.063, 0.088, 0.004), high), merge(*marks)


def coin(rng: Generator) -> Shape:
    """A coin with a raised rim and relief."""
    radius = rng.uniform(0.0105, 0.015)
    disc = cylinder(radius, 0.002, 0.0003, 40)
    edge = ring(radius * 0.93, 0.0005, 36).moved((0, 0, 0.002))
    relief = [
        rounded_box((radius * 0.5, radius * 0.16, 0.0006), 0.0002, 1).moved(
            (rng.uniform(-0.2, 0.2) * radius, k * radius * 0.3, 0.002)
        )
        for k in (-1, 0, 1)
    ]
    return shape({"body": merge(disc, edge, *relief)}, [can_proxy(radius, 0, 0.0025)])


def highlighter(rng: Generator) -> Shape:
    """A flat highlighter with a wedge-shaped cap and a clip."""
    length, width, high = rng.uniform(0.1, 0.115), rng.uniform(0.02, 0.025), 0.012
    body = rounded_box((length * 0.62, width, high), 0.004, 2).moved((-length * 0.19, 0, 0))
    cap = rounded_box((length * 0.36, width * 0.96, high * 0.96), 0.004, 2)
    points = cap.vertices.copy()
    narrowing = 1 - 0.35 * np.clip(points[:, 0] / (length * 0.36) + 0.5, 0, 1)
    points[:, 1:] *= narrowing[:, None]
    wedge = Mesh(points, cap.normals, cap.texcoords, cap.faces).moved((length * 0.31, 0, 0))
    clip = rounded_box((length * 0.28, 0.005, 0.0018), 0.0007, 1)
    clip = clip.moved((length * 0.3, 0, high * 0.5))
    label = rounded_box((length * 0.4, width * 0.86, 0.0004), 0.0001, 1)
    label = label.moved((-length * 0.22, 0, high / 2 + 0.0001))
    parts = {"body": body, "cap": merge(wedge, clip), "label": label}
    return shape(parts, [box_proxy((length, width, high))])


def push_pin(rng: Generator) -> Shape:
    """A push pin lying on its side."""
    size = rng.uniform(0.9, 1.15)
    line = np.array(
        [
            (0.0, 0.0),
            (0.0062, 0.0),
            (0.0062, 0.0015),
            (0.0034, 0.003),
            (0.0034, 0.011),
            (0.005, 0.0125),
            (0.005, 0.0145),
            (0.0, 0.0145),
        ]
    )
    head = revolve(line * size, 24)
    needle = cylinder(0.0006, 0.011, 0, 8).moved((0, 0, 0.0145 * size))
    parts = {"body": along_x(head), "needle": along_x(needle)}
    proxies = [rod_proxy(0.005 * size, (0.005, 0, 0), (0.01 * size, 0, 0))]
    return shape(parts, proxies)


def chess_piece(rng: Generator) -> Shape:
    """A pawn, bishop, queen or rook of a chess set."""
    radius, tall = rng.uniform(0.013, 0.017), rng.uniform(1.0, 1.25)
    piece = int(rng.integers(4))
    height = (2.9, 4.2, 4.9, 3.2)[piece] * radius * tall
    foot = [
        (0, 0),
        (radius, 0),
        (radius, height * 0.05),
        (radius * 0.86, height * 0.09),
        (radius * 0.88, height * 0.13),
        (radius * 0.6, height * 0.2),
    ]
    waist = spline(
        [(radius * 0.6, height * 0.2), (radius * 0.4, height * 0.4), (radius * 0.36, height * 0.6)],
        5,
    )
    collar = [
        (radius * 0.62, height * 0.62),
        (radius * 0.62, height * 0.66),
        (radius * 0.34, height * 0.68),
    ]
    heads = (
        arc((0, height * 0.82), (radius * 0.54, height * 0.18), -60, 89, 12),
        np.vstack(
            [
                arc((0, height * 0.8), (radius * 0.5, height * 0.15), -55, 75, 10),
                [(0.003, height * 0.96), (0.0028, height * 0.985), (0, height)],
            ]
        ),
        np.vstack(
            [
                [
                    (radius * 0.4, height * 0.7),
                    (radius * 0.72, height * 0.92),
                    (radius * 0.55, height * 0.92),
                ],
                arc((0, height * 0.9), (radius * 0.4, height * 0.06), 40, 80, 4),
                [(0.003, height * 0.98), (0, height)],
            ]
        ),
        np.array(
            [
                (radius * 0.6, height * 0.72),
                (radius * 0.62, height),
                (radius * 0.4, height),
                (radius * 0.4, height * 0.93),
                (0, height * 0.93),
            ]
        ),
    )
    body = revolve(np.vstack([foot, waist[1:], collar, heads[piece]]), 32)
    felt = cylinder(radius * 0.96, 0.001, 0, 28).moved((0, 0, -0.001))
    proxies = [
        can_proxy(radius, -0.001, height * 0.2),
        can_proxy(radius * 0.5, height * 0.2, height),
    ]
    return shape({"body": body, "base": felt}, proxies)
