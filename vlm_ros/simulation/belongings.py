"""Shapes of what people carry, wear and keep in a bathroom."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from vlm_ros.simulation.meshes import (
    Mesh,
    along_x,
    arc,
    cylinder,
    ellipsoid,
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
    Proxy,
    Shape,
    box_proxy,
    boxed,
    can_proxy,
    hull_proxy,
    rod_proxy,
    shape,
)
from vlm_ros.simulation.tools import grip


def wallet(rng: Generator) -> Shape:
    """A folded wallet with stitched edges and the corners of cards."""
    x, y = rng.uniform(0.1, 0.12), rng.uniform(0.08, 0.095)
    leaf, gap = rng.uniform(0.006, 0.009), rng.uniform(0.001, 0.004)
    top = rounded_box((x, y, leaf), 0.0028, 2)
    fold = tube(
        [(-x * 0.485, y / 2, leaf + gap / 2), (-x * 0.485, -y / 2, leaf + gap / 2)],
        np.tile([0.006, leaf + gap / 2], (2, 1)),
        14,
    )
    open_by = rotation_about("y", -rng.uniform(0, 3))
    cover = top.moved((x / 2, 0, leaf / 2)).moved(rotation=open_by).moved((-x / 2, 0, leaf + gap))
    outline = rounded_rectangle(x * 0.93, y * 0.91, 0.003)
    seam_line = np.column_stack([outline, np.full(len(outline), leaf)])
    seam = tube(np.vstack([seam_line, seam_line[:1]]), 0.0004, 6)
    seam = seam.moved((x / 2, 0, 0)).moved(rotation=open_by).moved((-x / 2, 0, leaf + gap))
    cards = [
        rounded_box((x * 0.75, y * 0.86, 0.001), 0.0003, 1).moved(
            (x * 0.14 + 0.003 * i, 0.002 * i, leaf + gap * (0.3 + 0.3 * i))
        )
        for i in range(2)
    ]
    parts = {
        "body": merge(top.moved((0, 0, leaf / 2)), cover, fold),
        "seam": seam,
        "cards": merge(*cards),
    }
    return boxed(parts)


def _rim(width: float, height: float, power: float) -> NDArray[np.float64]:
    """(33, 2) closed outline of a lens, flatter above than below (superellipse)."""
    angles = np.linspace(0, 2 * np.pi, 33)
    cos, sin = np.cos(angles), np.sin(angles)
    x = np.sign(cos) * np.abs(cos) ** (2 / power) * width / 2
    z = np.sign(sin) * np.abs(sin) ** (2 / power) * height / 2
    return np.column_stack([x * (1 + 0.12 * z / height), z])


def glasses(rng: Generator) -> Shape:
    """Glasses that stand on their lenses and the ends of their open temples."""
    parts, width, height = _front(rng)
    length = rng.uniform(0.125, 0.14)
    half = width + 0.012
    temples = []
    for sign in (-1, 1):
        path = spline(
            [
                (sign * half, 0.0, height * 0.28),
                (sign * half, length * 0.4, height * 0.28),
                (sign * half * 0.98, length * 0.75, height * 0.26),
                (sign * half * 0.95, length, -height * 0.42),
            ],
            6,
        )
        temples.append(tube(path, np.tile([0.0013, 0.0026], (len(path), 1)), 10))
    parts["body"] = merge(parts["body"], *temples)
    proxies = [
        box_proxy((2 * half, 0.006, height), (0, 0, 0)),
        box_proxy((0.006, length, 0.01), (half, length / 2, height * 0.25)),
        box_proxy((0.006, length, 0.01), (-half, length / 2, height * 0.25)),
        box_proxy((2 * half, 0.006, height * 0.5), (0, length, -height * 0.22)),
    ]
    return shape(parts, proxies)


def folded_glasses(rng: Generator) -> Shape:
    """Glasses whose temples are folded behind the lenses, which look up."""
    parts, width, height = _front(rng)
    half = width + 0.012
    lay = rotation_about("x", -90)
    parts = {name: mesh.moved(rotation=lay) for name, mesh in parts.items()}
    temples = []
    for sign, level in ((-1, -0.006), (1, -0.011)):
        path = spline(
            [
                (sign * half, height * 0.25, -0.003),
                (sign * half * 0.6, height * 0.24, level),
                (-sign * half * 0.6, height * 0.2, level - 0.001),
                (-sign * half * 1.05, -height * 0.35, level - 0.001),
            ],
            6,
        )
        temples.append(tube(path, np.tile([0.0025, 0.0013], (len(path), 1)), 10))
    parts["body"] = merge(parts["body"], *temples)
    return boxed(parts)


def _front(rng: Generator) -> tuple[dict[str, Mesh], float, float]:
    """Frame and lenses in the xz plane; the width and height of a lens."""
    width = rng.uniform(0.046, 0.056)
    height = width * rng.uniform(0.68, 0.9)
    thick = float(rng.choice([0.001, 0.002, 0.0028]))
    rim = _rim(width, height, rng.uniform(2.0, 3.4))
    frame, lenses = [], []
    for sign in (-1, 1):
        middle = sign * (width / 2 + 0.008)
        bow = 0.06 * sign * rim[:, 0]
        path = np.column_stack([middle + sign * rim[:, 0], bow * sign, rim[:, 1]])
        frame.append(tube(path, thick, 8))
        pane = extrude(rim[:-1], 0.0012).moved(rotation=rotation_about("x", 90))
        lenses.append(pane.moved((middle, 0.0, 0)))
        hinge = rounded_box((0.009, 0.005, 0.005), 0.0012, 1)
        frame.append(hinge.moved((sign * (width + 0.0095), 0.001, height * 0.28)))
    bridge = spline(
        [(-0.009, 0, height * 0.2), (0, -0.002, height * 0.28), (0.009, 0, height * 0.2)]
    )
    frame.append(tube(bridge, max(thick, 0.0014), 8))
    return {"body": merge(*frame), "lenses": merge(*lenses)}, width, height


def watch(rng: Generator) -> Shape:
    """A wrist watch laid out flat: round or square, with its strap."""
    radius, strap = rng.uniform(0.017, 0.021), rng.uniform(0.009, 0.011)
    round_case = rng.random() < 0.65
    if round_case:
        case = cylinder(radius, 0.009, 0.0015, 32)
        glass = cylinder(radius * 0.86, 0.0006, 0, 32).moved((0, 0, 0.009))
    else:
        case = extrude(rounded_rectangle(radius * 1.8, radius * 2.1, 0.006), 0.009)
        glass = extrude(rounded_rectangle(radius * 1.6, radius * 1.9, 0.005), 0.0006)
        glass = glass.moved((0, 0, 0.009))
    crown = along_x(cylinder(0.0025, 0.004, 0.0005, 12)).moved((radius * 0.97, 0, 0.005))
    halves = []
    for sign, length in ((1, 0.07), (-1, 0.095)):
        path = spline(
            [
                (0, sign * radius * 0.9, 0.006),
                (0, sign * (radius + 0.012), 0.004),
                (0, sign * (radius + length * 0.6), 0.0018),
                (0, sign * (radius + length), 0.0018),
            ],
            5,
        )
        taper = np.linspace(strap, strap * 0.8, len(path))
        halves.append(tube(path, np.column_stack([taper, np.full(len(path), 0.0016)]), 12))
    holes = [
        cylinder(0.0012, 0.0004, 0, 8).moved((0, -(radius + 0.05 + 0.008 * i), 0.0034))
        for i in range(5)
    ]
    marks = _dial(rng, radius).moved((0, 0, 0.0098))
    loop = [(-0.011, 0, 0), (0.011, 0, 0), (0.011, 0.011, 0), (-0.011, 0.011, 0), (-0.011, 0, 0)]
    buckle = tube(loop, 0.0013, 8).moved((0, radius + 0.066, 0.002))
    parts = {
        "strap": merge(*halves),
        "body": merge(case, crown, buckle),
        "face": glass,
        "hands": merge(marks, *holes),
    }
    proxies = [
        can_proxy(radius, 0, 0.009),
        box_proxy((strap * 1.8, 0.19, 0.004), (0, -0.012, 0.002)),
    ]
    return shape(parts, proxies)


def _dial(rng: Generator, radius: float) -> Mesh:
    """Hour marks and two hands, flat about the origin."""
    marks = []
    for hour in range(12):
        tick = rounded_box((0.0012, 0.0035, 0.0004), 0.0001, 1).moved((0, radius * 0.7, 0))
        marks.append(tick.moved(rotation=rotation_about("z", hour * 30.0)))
    for reach, angle in ((0.5, rng.uniform(0, 360)), (0.68, rng.uniform(0, 360))):
        hand = rounded_box((0.0014, radius * reach, 0.0004), 0.0001, 1)
        hand = hand.moved((0, radius * reach / 2, 0.0003))
        marks.append(hand.moved(rotation=rotation_about("z", float(angle))))
    return merge(*marks)


def closed_watch(rng: Generator) -> Shape:
    """A wrist watch whose strap is closed: it rests on the strap, its face up."""
    radius, half = rng.uniform(0.018, 0.022), rng.uniform(0.009, 0.011)
    across, rise = rng.uniform(0.029, 0.034), rng.uniform(0.015, 0.022)
    angles = np.linspace(0, 2 * np.pi, 41)
    path = np.column_stack([0 * angles, across * np.cos(angles), rise * np.sin(angles)])
    strap = tube(path, np.tile([half, 0.0014], (41, 1)), 12)
    top = rise - 0.003
    case = cylinder(radius, 0.009, 0.0015, 32).moved((0, 0, top))
    lugs = rounded_box((half * 2.1, radius * 2.3, 0.006), 0.002, 2).moved((0, 0, top + 0.003))
    glass = cylinder(radius * 0.86, 0.0006, 0, 32).moved((0, 0, top + 0.009))
    crown = along_x(cylinder(0.0025, 0.004, 0.0005, 12)).moved((radius * 0.97, 0, top + 0.004))
    hands = _dial(rng, radius).moved((0, 0, top + 0.0098))
    parts = {"strap": strap, "body": merge(case, lugs, crown), "face": glass, "hands": hands}
    proxies = [
        box_proxy((half * 2, across * 1.5, rise * 2), (0, 0, 0)),
        can_proxy(radius, top, top + 0.009),
    ]
    return shape(parts, proxies)


def squeeze_tube(rng: Generator) -> Shape:
    """A tube of paste or cream lying flat, crimped at one end, its cap at the other."""
    length, radius = rng.uniform(0.1, 0.165), rng.uniform(0.017, 0.023)
    span = np.linspace(0, 1, 16)
    used = rng.uniform(0.5, 0.95)
    across = radius * np.interp(span, [0, 0.05, 0.12, 1], [0.55, 0.97, 1.0, 1.32])
    above = radius * np.interp(
        span, [0, 0.05, 0.12, 0.5, 0.93, 1], [0.55, 0.97, 1, used, 0.12, 0.06]
    )
    path = np.column_stack([length * span, 0 * span, above])
    body = tube(path, np.column_stack([across, above]), 24)
    crimp = rounded_box((0.01, across[-1] * 2, 0.0022), 0.0008, 1).moved((length, 0, 0.0016))
    cap_radius = radius * rng.uniform(0.55, 0.85)
    cap_length = rng.uniform(0.014, 0.028)
    cap = along_x(cylinder(cap_radius, cap_length, 0.001, 28))
    cap = cap.moved((-cap_length + 0.001, 0, radius * 0.75))
    parts = {"body": merge(body, crimp), "cap": cap}
    return shape(parts, [hull_proxy(merge(*parts.values()).vertices)])


def standing_tube(rng: Generator) -> Shape:
    """A tube of cream standing on its wide cap."""
    radius, length = rng.uniform(0.02, 0.026), rng.uniform(0.09, 0.13)
    low = 0.022
    span = np.linspace(0, 1, 14)
    across = radius * np.interp(span, [0, 1], [1.0, 1.28])
    deep = radius * np.interp(span, [0, 0.2, 0.95, 1], [1.0, 0.94, 0.1, 0.06])
    path = np.column_stack([0 * span, 0 * span, low + length * span])
    body = tube(path, np.column_stack([across, deep]), 26)
    seal = rounded_box((across[-1] * 2, 0.0022, 0.012), 0.0008, 1).moved((0, 0, low + length))
    cap = cylinder(radius * 1.02, low, 0.0015, 32)
    parts = {"body": merge(body, seal), "cap": cap}
    return shape(parts, [hull_proxy(merge(*parts.values()).vertices)])


def comb(rng: Generator) -> Shape:
    """A comb with its teeth."""
    length, depth = rng.uniform(0.12, 0.175), rng.uniform(0.026, 0.034)
    pieces = [rounded_box((length, depth * 0.36, 0.0036), 0.0015, 2).moved((0, depth * 0.32, 0))]
    for sign in (-1, 1):
        end = rounded_box((0.007, depth, 0.0034), 0.0012, 1)
        pieces.append(end.moved((sign * (length / 2 - 0.0035), 0, 0)))
    half, x = length / 2 - 0.009, -length / 2 + 0.009
    coarse = rng.uniform(0.0032, 0.0042)
    while x < half:
        pitch = coarse if x < 0 else coarse * 0.62
        pieces.append(
            rounded_box((pitch * 0.5, depth * 0.72, 0.0022), 0.0004, 1).moved((x, -depth * 0.14, 0))
        )
        x += pitch
    return boxed({"body": merge(*pieces)})


def hairbrush(rng: Generator) -> Shape:
    """A hairbrush on its back, bristles up."""
    length, half = rng.uniform(0.09, 0.11), rng.uniform(0.026, 0.034)
    handle = grip(rng.uniform(0.09, 0.11), 0.024, 0.018)
    head = ellipsoid((length * 0.56, half, 0.011)).moved((length * 0.5, 0, 0))
    pad = ellipsoid((length * 0.47, half * 0.82, 0.006)).moved((length * 0.52, 0, 0.007))
    pin = cylinder(0.0011, 0.015, 0, 6)
    pins = []
    for x in np.linspace(-0.82, 0.82, 11):
        for y in np.linspace(-0.8, 0.8, 7):
            if x * x + y * y < 0.8:
                place = (length * 0.52 + x * length * 0.44, y * half * 0.8, 0.01)
                pins.append(pin.moved(place))
    parts = {"body": merge(handle, head), "pad": pad, "bristles": merge(*pins)}
    return boxed(parts)


def razor(rng: Generator) -> Shape:
    """A disposable razor lying on its side."""
    length = rng.uniform(0.1, 0.12)
    path = spline([(-length, 0, 0), (-length * 0.5, 0, 0.003), (0, 0, 0), (0.012, 0, 0.005)], 6)
    span = np.linspace(0, 1, len(path))
    widths = np.interp(span, [0, 0.1, 0.5, 0.8, 1], [4.5, 6, 6.5, 4, 3.6]) / 1e3
    body = tube(path, np.column_stack([widths, widths * 0.7]), 12)
    head = rounded_box((0.014, 0.042, 0.008), 0.0025, 2).moved((0.017, 0, 0.008))
    blades = [
        rounded_box((0.0012, 0.036, 0.0012), 0.0003, 1).moved((0.014 + 0.0035 * i, 0, 0.0122))
        for i in range(3)
    ]
    return boxed({"body": body, "head": head, "blades": merge(*blades)})


def lipstick(rng: Generator) -> Shape:
    """An open lipstick that stands."""
    radius, base = rng.uniform(0.0085, 0.0105), rng.uniform(0.034, 0.044)
    case = cylinder(radius, base, 0.0008, 28)
    collar = cylinder(radius * 0.84, 0.016, 0.0005, 28).moved((0, 0, base))
    stick = revolve(
        np.vstack(
            [[(0, 0), (radius * 0.68, 0)], arc((0, 0.016), (radius * 0.68, 0.009), 0, 90, 8)]
        ),
        28,
    )
    points = stick.vertices.copy()
    points[:, 2] -= np.where(points[:, 2] > 0.012, 0.45 * (points[:, 0] + radius * 0.68), 0)
    slanted = Mesh(points, stick.normals, stick.texcoords, stick.faces)
    parts = {"body": case, "collar": collar, "stick": slanted.moved((0, 0, base + 0.014))}
    return shape(parts, [can_proxy(radius, 0, base + 0.03)])


def lighter(rng: Generator) -> Shape:
    """A disposable lighter."""
    height = rng.uniform(0.055, 0.062)
    outline = arc((0, 0), (0.0125, 0.0062), 0, 345, 24)
    body = extrude(outline, height)
    hood = extrude(outline * [0.96, 0.92], 0.014).moved((0, 0, height))
    wheel = cylinder(0.0045, 0.007, 0.0004, 18).moved((0, 0, -0.0035))
    wheel = wheel.moved(rotation=rotation_about("x", 90)).moved((0.004, 0, height + 0.0145))
    button = rounded_box((0.008, 0.008, 0.005), 0.0015, 1).moved((0.0095, 0, height + 0.0085))
    parts = {"body": body, "hood": merge(hood, wheel), "button": button}
    return shape(parts, [box_proxy((0.024, 0.012, height + 0.016), (0, 0, (height + 0.016) / 2))])


def spray_bottle(rng: Generator) -> Shape:
    """A bottle with a trigger to spray."""
    radius, height = rng.uniform(0.034, 0.042), rng.uniform(0.13, 0.17)
    neck = height + radius * 0.9
    line = np.vstack(
        [
            [(0, 0)],
            arc((radius - 0.005, 0.005), (0.005, 0.005), -90, 0, 4),
            spline([(radius, height * 0.5), (radius * 0.96, height), (0.014, neck)], 7),
            [(0, neck)],
        ]
    )
    flat = rng.uniform(0.62, 0.95)
    body = revolve(line, 36).moved(scale=(1, flat, 1))
    collar = cylinder(0.015, 0.016, 0.001, 24).moved((0, 0, neck - 0.002))
    head = rounded_box((0.062, 0.02, 0.022), 0.006, 3)
    points = head.vertices.copy()
    points[:, 1:] *= 1 - 0.25 * points[:, :1] / 0.031
    head = Mesh(points, head.normals, head.texcoords, head.faces).moved((0.008, 0, neck + 0.026))
    nozzle = along_x(cylinder(0.0055, 0.012, 0.001, 16)).moved((0.036, 0, neck + 0.027))
    trigger = tube(
        spline(
            [
                (0.026, 0, neck + 0.018),
                (0.032, 0, neck + 0.002),
                (0.028, 0, neck - 0.016),
                (0.034, 0, neck - 0.032),
            ],
            5,
        ),
        np.tile([0.0045, 0.003], (16, 1)),
        10,
    )
    label_low, label_high = height * 0.2, height * 0.8
    label = revolve([(radius * 1.012, label_low), (radius * 1.008, label_high)], 36)
    parts = {
        "body": body,
        "nozzle": merge(collar, head, nozzle),
        "trigger": trigger,
        "label": label.moved(scale=(1, flat, 1)),
    }
    proxies = [
        box_proxy((radius * 1.8, radius * flat * 1.8, height), (0, 0, height / 2)),
        can_proxy(0.016, height, neck + 0.02),
        box_proxy((0.062, 0.02, 0.022), (0.008, 0, neck + 0.026)),
    ]
    return shape(parts, proxies)


def pump_bottle(rng: Generator) -> Shape:
    """A soap dispenser with a pump."""
    radius, height = rng.uniform(0.028, 0.038), rng.uniform(0.1, 0.14)
    neck = height + 0.012
    line = np.vstack(
        [
            [(0, 0)],
            arc((radius - 0.004, 0.004), (0.004, 0.004), -90, 0, 4),
            arc((radius - 0.014, height - 0.008), (0.014, 0.014), 0, 80, 6),
            [(0.012, neck), (0, neck)],
        ]
    )
    body = revolve(line, 36)
    collar = cylinder(0.0135, 0.014, 0.001, 24).moved((0, 0, neck - 0.002))
    stem = cylinder(0.0045, 0.022, 0, 14).moved((0, 0, neck + 0.01))
    spout = tube(
        spline([(-0.012, 0, neck + 0.036), (0.02, 0, neck + 0.037), (0.042, 0, neck + 0.03)], 5),
        np.tile([0.0065, 0.005], (11, 1)),
        12,
    )
    label = revolve([(radius * 1.01, height * 0.2), (radius * 1.01, height * 0.75)], 36)
    parts = {"body": body, "pump": merge(collar, stem, spout), "label": label}
    proxies = [can_proxy(radius, 0, height), can_proxy(0.012, height, neck + 0.04)]
    return shape(parts, proxies)


def pill_bottle(rng: Generator) -> Shape:
    """A pharmacy's bottle with a wide white cap and a label."""
    radius, height = rng.uniform(0.017, 0.026), rng.uniform(0.055, 0.08)
    body = cylinder(radius, height, 0.0015, 32)
    cap = cylinder(radius * 1.12, 0.016, 0.0015, 36).moved((0, 0, height))
    rib = rounded_box((0.0012, 0.0012, 0.012), 0.0003, 1)
    ribs = [
        rib.moved((radius * 1.12 * np.cos(a), radius * 1.12 * np.sin(a), height + 0.008))
        for a in np.linspace(0, 2 * np.pi, 28, endpoint=False)
    ]
    label = revolve([(radius * 1.012, height * 0.15), (radius * 1.012, height * 0.85)], 32)
    parts = {"body": body, "cap": merge(cap, *ribs), "label": label}
    return shape(
        parts, [can_proxy(radius, 0, height), can_proxy(radius * 1.12, height, height + 0.016)]
    )


def blister_pack(rng: Generator) -> Shape:
    """A strip of tablets under plastic on foil."""
    columns, rows = int(rng.integers(4, 7)), 2
    pitch = rng.uniform(0.014, 0.018)
    size = (columns * pitch + 0.008, rows * pitch + 0.008)
    foil = extrude(rounded_rectangle(size[0], size[1], 0.004), 0.0008)
    dome = ellipsoid((pitch * 0.36, pitch * 0.36, 0.005), 16)
    pills = []
    for i in range(columns):
        for j in range(rows):
            pills.append(dome.moved(((i - (columns - 1) / 2) * pitch, (j - 0.5) * pitch, 0.001)))
    return boxed({"body": foil, "pills": merge(*pills)})


def toilet_roll(rng: Generator) -> Shape:
    """A roll of paper that stands."""
    radius, core = rng.uniform(0.045, 0.058), rng.uniform(0.018, 0.021)
    height = rng.uniform(0.09, 0.105)
    roll = revolve([(core + 0.0015, 0), (radius, 0), (radius, height), (core + 0.0015, height)], 44)
    inside = revolve(
        [
            (core, 0),
            (core + 0.0015, 0),
            (core + 0.0015, height),
            (core, height),
            (core, 0),
        ],
        36,
    )
    end = rounded_box((0.0016, 0.05, height), 0.0006, 1).moved((radius, -0.025, height / 2))
    return shape({"body": merge(roll, end), "core": inside}, [can_proxy(radius, 0, height)])


def towel(rng: Generator) -> Shape:
    """A folded towel: soft layers that meet in a fold at one side."""
    x, y = rng.uniform(0.15, 0.21), rng.uniform(0.11, 0.15)
    layers, thick = int(rng.integers(2, 5)), rng.uniform(0.008, 0.012)
    high = layers * thick

    def sagging(mesh: Mesh) -> Mesh:
        points = mesh.vertices.copy()
        wave = np.sin(points[:, 0] * 37 + phase) + np.sin(points[:, 1] * 43 + 2 * phase)
        points[:, 2] *= 1 + 0.07 * wave - 0.25 * (np.abs(points[:, 1]) / y * 2) ** 4
        points[:, 1] += 0.002 * np.sin(points[:, 0] * 60 + phase)
        return Mesh(points, mesh.normals, mesh.texcoords, mesh.faces)

    phase = rng.uniform(0, 6)
    pieces = []
    for i in range(layers):
        size = (x * rng.uniform(0.95, 1.0), y * rng.uniform(0.96, 1.0), thick * 1.1)
        slab = rounded_box(size, thick * 0.52, 4)
        pieces.append(slab.moved(((x - size[0]) / -2, 0, thick * (i + 0.5))))
    folds = [
        tube(
            [
                (-x / 2 + 0.002, -y * 0.47, thick * (i + 1)),
                (-x / 2 + 0.002, y * 0.47, thick * (i + 1)),
            ],
            np.tile([0.008, thick * 1.02], (2, 1)),
            16,
        )
        for i in range(0, layers - 1, 2)
    ]
    stripes = [
        rounded_box((x * 0.05, y * 0.985, thick * 1.12), thick * 0.5, 3).moved(
            (x * place, 0, high - thick * 0.48)
        )
        for place in (0.3, 0.38)
    ]
    parts = {"body": sagging(merge(*folds, *pieces)), "border": sagging(merge(*stripes))}
    return boxed(parts)


def baseball_cap(rng: Generator) -> Shape:
    """A cap with a peak, on the table as it is worn."""
    radius, height = rng.uniform(0.085, 0.095), rng.uniform(0.085, 0.1)
    outer = arc((0, 0), (radius, height), 0, 90, 12)
    dome = revolve(outer, 40)
    rows = 14
    turn = np.linspace(-62, 62, rows)
    reach = rng.uniform(0.055, 0.07)
    inner_edge = np.column_stack(
        [radius * 0.985 * np.cos(np.deg2rad(turn)), radius * 0.985 * np.sin(np.deg2rad(turn))]
    )
    bulge = reach * np.cos(np.deg2rad(turn * 90 / 62)) ** 0.7
    outer_edge = inner_edge + np.column_stack([bulge, 0 * bulge])
    outline = np.vstack([outer_edge, inner_edge[::-1][1:-1]])
    peak = extrude(outline, 0.0035)
    points = peak.vertices.copy()
    points[:, 2] += 0.012 - 1.6 * points[:, 1] ** 2 - 0.06 * np.maximum(points[:, 0] - radius, 0)
    brim = Mesh(points, peak.normals, peak.texcoords, peak.faces)
    button = ellipsoid((0.006, 0.006, 0.004), 16).moved((0, 0, height))
    seams = [
        tube(
            np.column_stack([outer[:, 0] * 1.004, 0 * outer[:, 0], outer[:, 1] * 1.004]), 0.0009, 6
        ).moved(rotation=rotation_about("z", float(angle)))
        for angle in range(0, 360, 60)
    ]
    parts = {"body": dome, "peak": brim, "button": merge(button, *seams)}
    proxies = [
        Proxy("ellipsoid", (radius, radius, height), (0, 0, 0)),
        can_proxy(radius, 0, height * 0.5),
        box_proxy((reach, radius * 1.2, 0.012), (radius + reach / 2, 0, 0.006)),
    ]
    return shape(parts, proxies[1:])


def folding_umbrella(rng: Generator) -> Shape:
    """A short umbrella, rolled up and lying."""
    length, radius = rng.uniform(0.15, 0.19), rng.uniform(0.02, 0.026)
    line = [
        (0, 0),
        (radius * 0.75, 0),
        (radius, length * 0.15),
        (radius * 0.92, length),
        (0, length),
    ]
    smooth = revolve(line, 48)
    points = smooth.vertices.copy()
    angle = np.arctan2(points[:, 1], points[:, 0])
    points[:, :2] *= (1 - 0.13 * np.abs(np.sin(4 * angle + points[:, 2] * 14)) ** 3)[:, None]
    cloth = Mesh(points, smooth.normals, smooth.texcoords, smooth.faces)
    strap = revolve([(radius * 1.02, length * 0.55), (radius * 1.02, length * 0.65)], 32)
    handle = cylinder(radius * 0.62, 0.045, 0.004, 24).moved((0, 0, -0.045))
    cord = ring(0.018, 0.0012, 20).moved(rotation=rotation_about("x", 90))
    parts = {
        "body": along_x(cloth),
        "strap": along_x(strap),
        "handle": along_x(handle),
        "cord": along_x(cord.moved((0, 0, -0.062))),
    }
    proxies = [rod_proxy(radius * 0.95, (radius, 0, 0), (length - radius, 0, 0))]
    proxies.append(rod_proxy(radius * 0.7, (-0.03, 0, -radius * 0.25), (0.0, 0, -radius * 0.25)))
    return shape(parts, proxies)


def teddy_bear(rng: Generator) -> Shape:
    """A sitting stuffed bear."""
    size = rng.uniform(0.045, 0.06)

    def part(x: float, y: float, z: float, *radii: float) -> Mesh:
        a, b, c = (float(size * value) for value in radii)
        return ellipsoid((a, b, c), 24).moved((x * size, y * size, z * size))

    fur = [
        part(0, 0, 0.85, 0.72, 0.66, 0.85),
        part(0, -0.05, 2.05, 0.7, 0.62, 0.6),
        *(part(s * 0.52, 0, 2.6, 0.25, 0.15, 0.25) for s in (-1, 1)),
        *(part(s * 0.8, -0.3, 1.15, 0.24, 0.28, 0.55) for s in (-1, 1)),
        *(part(s * 0.55, -0.85, 0.28, 0.28, 0.62, 0.28) for s in (-1, 1)),
    ]
    pale = [
        part(0, -0.6, 1.9, 0.3, 0.2, 0.24),
        part(0, -0.25, 0.85, 0.5, 0.47, 0.6),
        *(part(s * 0.52, -0.1, 2.6, 0.15, 0.1, 0.15) for s in (-1, 1)),
        *(part(s * 0.55, -1.42, 0.28, 0.2, 0.08, 0.2) for s in (-1, 1)),
    ]
    eyes = [part(s * 0.25, -0.62, 2.2, 0.07, 0.05, 0.08) for s in (-1, 1)]
    nose = part(0, -0.79, 1.97, 0.1, 0.06, 0.07)
    parts = {"body": merge(*fur), "muzzle": merge(*pale), "eyes": merge(*eyes, nose)}
    return shape(parts, [hull_proxy(mesh.vertices) for mesh in fur])


def rubber_duck(rng: Generator) -> Shape:
    """A bath duck."""
    size = rng.uniform(0.026, 0.036)

    def part(x: float, y: float, z: float, *radii: float) -> Mesh:
        a, b, c = (float(size * value) for value in radii)
        return ellipsoid((a, b, c), 26).moved((x * size, y * size, z * size))

    wings = [part(0.1, s * 0.72, 0.85, 0.5, 0.16, 0.32) for s in (-1, 1)]
    tail = tube(
        spline(
            [
                (0.5 * size, 0, 0.9 * size),
                (1.0 * size, 0, 1.1 * size),
                (1.25 * size, 0, 1.45 * size),
            ]
        ),
        np.linspace(0.5, 0.08, 13) * size,
        14,
    )
    trunk, head = part(0, 0, 0.7, 1.05, 0.78, 0.7), part(-0.5, 0, 1.75, 0.6, 0.58, 0.56)
    beak = merge(part(-1.12, 0, 1.68, 0.26, 0.24, 0.07), part(-1.08, 0, 1.56, 0.2, 0.2, 0.06))
    eyes = merge(*(part(-0.92, s * 0.3, 1.95, 0.08, 0.08, 0.11) for s in (-1, 1)))
    parts = {"body": merge(trunk, head, tail, *wings), "beak": beak, "eyes": eyes}
    return shape(parts, [hull_proxy(trunk.vertices), hull_proxy(head.vertices)])
