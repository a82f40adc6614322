"""Shapes of electronic things and their cables."""

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
    Shape,
    box_proxy,
    boxed,
    can_proxy,
    hull_proxy,
    rod_proxy,
    shape,
)


def _slab(size: tuple[float, float, float], radius: float) -> Mesh:
    """A plate with rounded corners, standing on z = 0."""
    return extrude(rounded_rectangle(size[0], size[1], radius), size[2])


def _coil(rng: Generator, radius: float, thick: float) -> NDArray[np.float64]:
    """(n, 3) path of a cable in untidy loops on the table, both ends leading away."""
    turns = rng.uniform(2.2, 3.6)
    angles = np.linspace(0, 2 * np.pi * turns, int(26 * turns))
    wander = radius * (1 + 0.13 * np.sin(1.7 * angles + rng.uniform(0, 6)))
    wander += radius * 0.12 * np.linspace(-1, 1, len(angles))
    squash = rng.uniform(0.55, 0.95)
    level = thick + thick * 1.8 * np.linspace(0, turns * 0.6, len(angles))
    loops = np.column_stack([wander * np.cos(angles), squash * wander * np.sin(angles), level])
    out = loops[-1] + (loops[-1] - loops[-3]) * [2.2, 2.2, 0] + [radius * 0.3, 0, 0]
    start = loops[0] + (loops[0] - loops[2]) * [2.5, 2.5, 0] + [radius * 0.35, 0, 0]
    start[2] = out[2] = thick
    return spline(np.vstack([start, loops[1::3], out]), 4)


def _plug(end: NDArray[np.float64], before: NDArray[np.float64], size: float) -> tuple[Mesh, Mesh]:
    """A moulded plug and its bare contact, at the end of a cable that comes from `before`."""
    heading = float(np.rad2deg(np.arctan2(*(end - before)[1::-1])))
    turn = rotation_about("z", heading)
    hold = rounded_box((0.024 * size, 0.012 * size, 0.0065 * size), 0.002 * size, 2)
    contact = rounded_box((0.012 * size, 0.0085 * size, 0.0032 * size), 0.0005, 1)
    place = end * [1, 1, 0] + [0, 0, 0.0035 * size]
    return (
        hold.moved((0.008 * size, 0, 0)).moved(place, turn),
        contact.moved((0.025 * size, 0, 0)).moved(place, turn),
    )


def cable(rng: Generator) -> Shape:
    """A charging cable in loops, with a plug at either end."""
    thick = rng.uniform(0.0016, 0.0026)
    path = _coil(rng, rng.uniform(0.035, 0.055), thick)
    first, first_metal = _plug(path[0], path[2], rng.uniform(0.9, 1.2))
    last, last_metal = _plug(path[-1], path[-3], rng.uniform(0.7, 1.0))
    parts = {
        "body": merge(tube(path, thick, 8), first, last),
        "plug": merge(first_metal, last_metal),
    }
    return _on_the_table(parts)


def _on_the_table(parts: dict[str, Mesh]) -> Shape:
    """A loosely coiled thing; what falls on it comes to rest low, inside its outline."""
    low, high = merge(*parts.values()).bounds
    size, middle = high - low, (low + high) / 2
    extent = (float(size[0]), float(size[1]), max(float(size[2]) * 0.6, 0.004))
    return shape(parts, [box_proxy(extent, (middle[0], middle[1], float(low[2]) + extent[2] / 2))])


def charger(rng: Generator) -> Shape:
    """A plug-in power adapter lying on its side, with prongs; often with its cable."""
    x, y, z = rng.uniform(0.036, 0.052), rng.uniform(0.034, 0.046), rng.uniform(0.024, 0.03)
    body = rounded_box((x, y, z), 0.005, 3).moved((0, 0, z / 2))
    prongs = []
    for sign in (-1, 1):
        pin = along_x(cylinder(0.0022, 0.018, 0.0006, 12))
        prongs.append(pin.moved((x / 2, sign * 0.0095, z / 2)))
    parts = {"prongs": merge(*prongs)}
    pieces = [body]
    proxies = [box_proxy((x, y, z), (0, 0, z / 2))]
    if rng.random() < 0.65:
        thick = rng.uniform(0.0015, 0.0022)
        coil = _coil(rng, rng.uniform(0.03, 0.042), thick) - [x / 2 + 0.075, 0, 0]
        lead = spline(
            np.vstack([[(-x / 2, 0, z / 2)], [(-x / 2 - 0.014, 0, z * 0.3)], coil[:1]]), 5
        )
        pieces.append(tube(np.vstack([lead[:-1], coil]), thick, 8))
        end, metal = _plug(coil[-1], coil[-3], 0.9)
        pieces.append(end)
        parts["prongs"] = merge(parts["prongs"], metal)
    parts["body"] = merge(*pieces)
    return shape(parts, proxies)


def usb_stick(rng: Generator) -> Shape:
    """A USB flash drive, its cap off."""
    length = rng.uniform(0.034, 0.045)
    body = rounded_box((length, 0.018, 0.0085), rng.uniform(0.001, 0.004), 2)
    plug = rounded_box((0.014, 0.0122, 0.0046), 0.0004, 1).moved((length / 2 + 0.006, 0, 0))
    holes = [
        rounded_box((0.002, 0.002, 0.0004), 0.0001, 1).moved(
            (length / 2 + 0.008, s * 0.003, 0.0023)
        )
        for s in (-1, 1)
    ]
    eye = ring(0.0042, 0.0012, 16).moved((-length / 2 - 0.003, 0, 0))
    label = rounded_box((length * 0.6, 0.013, 0.0004), 0.0001, 1).moved((-0.002, 0, 0.0043))
    parts = {"body": merge(body, eye), "plug": plug, "holes": merge(*holes), "label": label}
    return boxed(parts)


def headphones(rng: Generator) -> Shape:
    """Headphones lying flat: a band and two cups with cushions."""
    half, rise = rng.uniform(0.07, 0.08), rng.uniform(0.085, 0.1)
    angles = np.deg2rad(np.linspace(-8, 188, 25))
    level = 0.036
    path = np.column_stack([half * np.cos(angles), rise * np.sin(angles), np.full(25, level)])
    band = tube(path, np.tile([0.004, 0.013], (25, 1)), 12)
    soft = tube(path[7:18] * [0.95, 0.95, 1], np.tile([0.005, 0.014], (11, 1)), 12)
    cups, cushions = [], []
    radius = rng.uniform(0.034, 0.041)
    for sign in (-1, 1):
        shell = cylinder(radius, 0.022, 0.007, 32).moved(rotation=rotation_about("y", 90 * sign))
        pad = ring(radius * 0.72, radius * 0.3, 32).moved(rotation=rotation_about("y", 90))
        cups.append(shell.moved((sign * (half - 0.006), -0.03, level), scale=(1, 1.18, 1)))
        cushions.append(pad.moved((sign * (half - 0.014), -0.03, level), scale=(1, 1.18, 1)))
        yoke = tube([(sign * half, -0.006, level), (sign * (half + 0.004), 0.01, level)], 0.008, 10)
        cups.append(yoke)
    parts = {"body": merge(band, *cups), "cushions": merge(soft, *cushions)}
    high = radius
    proxies = [
        box_proxy((0.03, radius * 2.3, high * 2), (s * (half - 0.002), -0.03, level))
        for s in (-1, 1)
    ]
    for first, last in ((2, 8), (8, 16), (16, 22)):
        a, b = path[first], path[last]
        proxies.append(rod_proxy(0.012, (a[0], a[1], level), (b[0], b[1], level)))
    return shape(parts, proxies)


def earphones(rng: Generator) -> Shape:
    """Wired earphones in loops."""
    thick = rng.uniform(0.0011, 0.0015)
    path = _coil(rng, rng.uniform(0.028, 0.042), thick)
    pieces = [tube(path, thick, 8)]
    soft = []
    jack = _plug(path[-1], path[-3], 0.45)
    fork, heading = path[0], path[0] - path[2]
    heading = heading / np.linalg.norm(heading)
    for side in (-1, 1):
        across = np.array([-heading[1], heading[0], 0]) * side
        end = fork + heading * rng.uniform(0.03, 0.045) + across * rng.uniform(0.012, 0.03)
        lead = spline([fork, fork + heading * 0.014 + across * 0.006, end], 6)
        pieces.append(tube(lead, thick * 0.9, 8))
        pieces.append(ellipsoid((0.0075, 0.0068, 0.0062), 18).moved(np.add(end, (0, 0, 0.005))))
        stem = tube(
            [np.add(end, (0, 0, 0.004)), np.add(end - heading * 0.014, (0, 0, 0.001))], 0.0022, 10
        )
        pieces.append(stem)
        soft.append(
            ellipsoid((0.0052, 0.0052, 0.0046), 16).moved(end + across * 0.006 + [0, 0, 0.0055])
        )
    parts = {"body": merge(*pieces, jack[0]), "buds": merge(*soft), "plug": jack[1]}
    return _on_the_table(parts)


def keyboard(rng: Generator) -> Shape:
    """A compact computer keyboard."""
    columns, rows = 14, 5
    pitch = rng.uniform(0.0182, 0.0192)
    x, y = columns * pitch + 0.012, rows * pitch + 0.014
    body = rounded_box((x, y, 0.013), 0.004, 2).moved((0, 0, 0.0065))
    keys = []
    for row in range(rows - 1):
        shift = (0.0, 0.25, 0.4, 0.6)[row] * pitch
        place = -x / 2 + 0.006
        while place < x / 2 - 0.008:
            first = place <= -x / 2 + 0.0061
            width = min(pitch + (shift if first else 0), x / 2 - 0.006 - place)
            if width < pitch * 0.5:
                break
            cap = rounded_box((width * 0.86, pitch * 0.84, 0.006), 0.0016, 1)
            keys.append(cap.moved((place + width / 2, y / 2 - 0.007 - (row + 0.5) * pitch, 0.0145)))
            place += width
    level = y / 2 - 0.007 - (rows - 0.5) * pitch
    widths = (1.25, 1.25, 1.25, 5.75, 1.25, 1.0, 1.0, 1.25)
    place = -x / 2 + 0.006
    for width in widths:
        cap = rounded_box((width * pitch - pitch * 0.14, pitch * 0.84, 0.006), 0.0016, 1)
        keys.append(cap.moved((place + width * pitch / 2, level, 0.0145)))
        place += width * pitch
    return boxed({"body": body, "keys": merge(*keys)})


def laptop(rng: Generator) -> Shape:
    """A small open laptop."""
    x, y = rng.uniform(0.27, 0.3), rng.uniform(0.185, 0.205)
    base = _slab((x, y, 0.013), 0.01)
    pitch = x * 0.062
    key = rounded_box((pitch * 0.84, pitch * 0.8, 0.0016), 0.0005, 1)
    keys = [
        key.moved(((i - 6.5) * pitch, y * 0.36 - j * pitch * 0.95, 0.0134))
        for i in range(14)
        for j in range(5)
    ]
    pad = _slab((x * 0.32, y * 0.3, 0.0006), 0.004).moved((0, -y * 0.3, 0.013))
    tilt = rotation_about("x", rng.uniform(100, 115))
    hinge = (0, y / 2 - 0.002, 0.013)
    lid = _slab((x, y, 0.006), 0.01).moved((0, y / 2, -0.006)).moved(hinge, tilt)
    screen = rounded_box((x * 0.94, y * 0.9, 0.0008), 0.0002, 1)
    screen = screen.moved((0, y / 2 + 0.003, 0.0002)).moved(hinge, tilt)
    # The screen looks at who sits in front: its normal is the lid's upper side.
    parts = {"body": merge(base, lid, pad), "keys": merge(*keys), "screen": screen}
    proxies = [box_proxy((x, y, 0.013), (0, 0, 0.0065)), hull_proxy(lid.vertices)]
    return shape(parts, proxies)


def tablet(rng: Generator) -> Shape:
    """A tablet computer lying on its back."""
    x, y = rng.uniform(0.125, 0.16), rng.uniform(0.19, 0.23)
    edge = rng.uniform(0.008, 0.014)
    body = _slab((x, y, 0.008), 0.012)
    screen = _slab((x - edge, y - edge, 0.0005), 0.006).moved((0, 0, 0.008))
    eye = cylinder(0.005, 0.0012, 0.0004, 16).moved((x * 0.4, y * 0.43, -0.0012))
    return boxed({"body": body, "screen": screen, "camera": eye})


def smartphone(rng: Generator) -> Shape:
    """A modern phone: glass to the edges, cameras on a step of its back, keys at its side."""
    x, y, z = rng.uniform(0.067, 0.078), rng.uniform(0.142, 0.164), 0.0082
    body = rounded_box((x, y, z), 0.0038, 3)
    corner = rng.uniform(0.008, 0.011)
    screen = _slab((x - 0.0045, y - 0.0045, 0.0006), corner).moved((0, 0, z / 2 - 0.0001))
    hole = cylinder(0.002, 0.0004, 0, 14).moved((0, y * 0.455, z / 2 + 0.0004))
    keys = [
        rounded_box((0.001, length, 0.0026), 0.0004, 1).moved((side * x / 2, place * y, 0))
        for side, place, length in ((1, 0.14, 0.01), (-1, 0.2, 0.018))
    ]
    tall = rng.random() < 0.6
    step_size = (x * 0.4, x * (0.72 if tall else 0.42), 0.0022)
    corner_place = (x * 0.24, y / 2 - step_size[1] / 2 - 0.006, -z / 2)
    step = rounded_box(step_size, 0.001, 1).moved(corner_place)
    eyes = []
    for i in range(3 if tall else 2):
        lens = cylinder(x * 0.075, 0.0016, 0.0004, 20).moved((0, 0, -0.0026))
        offset = ((i - 1) * x * 0.21) if tall else ((i - 0.5) * x * 0.19)
        eyes.append(lens.moved(np.add(corner_place, (0, offset, 0))))
    parts = {"body": merge(body, step, *keys), "screen": screen, "camera": merge(hole, *eyes)}
    return boxed(parts)


def tv_remote(rng: Generator) -> Shape:
    """A television's long, thin remote with many rows of buttons."""
    x, y, z = rng.uniform(0.042, 0.052), rng.uniform(0.17, 0.225), rng.uniform(0.016, 0.022)
    body = rounded_box((x, y, z), 0.005, 3)
    points = body.vertices.copy()
    points[:, 0] *= 1 - 0.1 * np.sin(np.pi * (points[:, 1] / y + 0.5))
    body = Mesh(points, body.normals, body.texcoords, body.faces)
    top, keys, colours = z / 2, [], []
    for row in range(4):
        for column in (-1, 0, 1):
            key = rounded_box((x * 0.19, 0.0065, 0.003), 0.0013, 1)
            keys.append(key.moved((column * x * 0.27, y * 0.36 - row * 0.0118, top)))
    wheel = y * 0.36 - 4.9 * 0.0118
    keys.append(ring(x * 0.23, 0.0032, 24).moved((0, wheel, top), scale=(1, 1, 0.5)))
    keys.append(cylinder(x * 0.11, 0.002, 0.0006, 18).moved((0, wheel, top)))
    for sign in (-1, 1):
        rocker = rounded_box((x * 0.2, 0.02, 0.003), 0.0014, 1)
        keys.append(rocker.moved((sign * x * 0.27, wheel - 0.03, top)))
    for i in range(4):
        key = rounded_box((x * 0.15, 0.0045, 0.0028), 0.001, 1)
        colours.append(key.moved(((i - 1.5) * x * 0.205, wheel - 0.05, top)))
    for row in range(2):
        for column in (-1, 0, 1):
            key = cylinder(0.0036, 0.0016, 0.0004, 12)
            keys.append(key.moved((column * x * 0.27, wheel - 0.063 - row * 0.011, top - 0.0002)))
    power = cylinder(0.0045, 0.002, 0.0005, 16).moved((-x * 0.27, y * 0.43, top))
    parts = {
        "body": body,
        "buttons": merge(*keys),
        "coloured keys": merge(*colours),
        "power button": power,
    }
    return shape(parts, [box_proxy((x, y, z))])


def stick_remote(rng: Generator) -> Shape:
    """A streaming box's small remote: a ring to steer by and a few buttons."""
    x, y, z = rng.uniform(0.034, 0.04), rng.uniform(0.125, 0.145), 0.013
    body = _slab((x, y, z), x * 0.4).moved((0, 0, -z / 2))
    wheel = ring(x * 0.3, x * 0.075, 28).moved((0, y * 0.27, z / 2), scale=(1, 1, 0.4))
    centre = cylinder(x * 0.16, 0.0012, 0.0004, 20).moved((0, y * 0.27, z / 2))
    keys = [
        cylinder(x * 0.12, 0.0014, 0.0004, 16).moved((c * x * 0.22, y * 0.05 - r * x * 0.36, z / 2))
        for c in (-1, 1)
        for r in range(3)
    ]
    power = cylinder(x * 0.1, 0.0014, 0.0004, 16).moved((0, y * 0.44, z / 2))
    parts = {"body": body, "buttons": merge(wheel, centre, *keys), "power button": power}
    return shape(parts, [box_proxy((x, y, z))])


def flat_mouse(rng: Generator) -> Shape:
    """A computer mouse with two keys, a wheel between them, and sometimes a cable."""
    x, y, z = rng.uniform(0.056, 0.066), rng.uniform(0.1, 0.118), rng.uniform(0.032, 0.04)
    dome = revolve(np.vstack([[(0, 0)], arc((0, 0), (1, 1), 0, 90, 14)]), 44)
    points = dome.vertices.copy()
    radius = np.linalg.norm(points[:, :2], axis=1)
    fuller = np.where(radius > 0, radius**0.8 / np.maximum(radius, 1e-9), 1.0)
    points[:, :2] *= fuller[:, None] * [x / 2, y / 2]
    points[:, 0] *= 1 - 0.14 * np.cos(np.pi * points[:, 1] / y * 1.5) * (points[:, 1] < y * 0.3)
    points[:, 2] *= z * (1 - 0.18 * np.clip(points[:, 1] / y * 2, -1, 1))
    body = Mesh(points, dome.normals, dome.texcoords, dome.faces)
    groove = np.array([(0, y * k, 0) for k in np.linspace(0.12, 0.45, 8)])
    surface = np.sqrt(np.maximum(1 - (2 * groove[:, 1] / y) ** 2.5, 0))
    groove[:, 2] = z * (1 - 0.18 * 2 * groove[:, 1] / y) * surface
    split = tube(groove, 0.0008, 6)
    wheel = cylinder(0.009, 0.0065, 0.002, 22).moved(rotation=rotation_about("y", 90))
    wheel = wheel.moved(
        (-0.00325, y * 0.27, float(np.interp(y * 0.27, groove[:, 1], groove[:, 2])) - 0.005)
    )
    parts = {"body": body, "split": split, "wheel": wheel}
    if rng.random() < 0.45:
        way = rng.uniform(-0.07, 0.07)
        lead = spline(
            [
                (0, y * 0.47, 0.008),
                (0, y * 0.6, 0.003),
                (way, y * 0.9, 0.0018),
                (way * 2.5, y * 1.1, 0.0018),
            ]
        )
        parts["cable"] = tube(lead, 0.0017, 8)
    return shape(parts, [box_proxy((x * 0.85, y * 0.88, z * 0.85), (0, 0, z * 0.425))])


def game_controller(rng: Generator) -> Shape:
    """A gamepad with two grips, sticks and buttons."""
    width = rng.uniform(0.145, 0.16)
    half = width / 2
    outline = spline(
        [
            (0, 0.028),
            (half * 0.55, 0.036),
            (half * 0.88, 0.026),
            (half * 1.0, -0.015),
            (half * 0.93, -0.062),
            (half * 0.7, -0.062),
            (half * 0.45, -0.022),
            (0, -0.018),
            (-half * 0.45, -0.022),
            (-half * 0.7, -0.062),
            (-half * 0.93, -0.062),
            (-half * 1.0, -0.015),
            (-half * 0.88, 0.026),
            (-half * 0.55, 0.036),
        ],
        5,
    )
    plate = extrude(outline, 1.0)
    layers = [
        plate.moved((0, -0.008 * (1 - scale), z), scale=(scale, scale, thick))
        for scale, z, thick in ((0.9, 0.0, 0.034), (0.96, 0.004, 0.026), (1.0, 0.009, 0.016))
    ]
    top = 0.034
    sticks, buttons = [], []
    for place in ((-half * 0.52, 0.008), (half * 0.27, -0.013)):
        sticks.append(cylinder(0.0065, 0.009, 0, 16).moved((*place, top)))
        sticks.append(cylinder(0.0098, 0.004, 0.0015, 24).moved((*place, top + 0.007)))
    for dx, dy in ((0, 0.011), (0, -0.011), (0.011, 0), (-0.011, 0)):
        buttons.append(
            cylinder(0.0048, 0.003, 0.001, 16).moved((half * 0.55 + dx, 0.011 + dy, top))
        )
    for size in ((0.026, 0.008, 0.003), (0.008, 0.026, 0.003)):
        sticks.append(rounded_box(size, 0.001, 1).moved((-half * 0.25, -0.011, top)))
    for sign in (-1, 1):
        shoulder = rounded_box((half * 0.5, 0.012, 0.014), 0.004, 2)
        sticks.append(shoulder.moved((sign * half * 0.58, 0.031, 0.02)))
    parts = {"body": merge(*layers), "sticks": merge(*sticks), "buttons": merge(*buttons)}
    proxies = [box_proxy((width * 0.98, 0.06, 0.036), (0, 0.006, 0.018))]
    for sign in (-1, 1):
        proxies.append(box_proxy((half * 0.35, 0.05, 0.03), (sign * half * 0.78, -0.04, 0.015)))
    return shape(parts, proxies)


def camera(rng: Generator) -> Shape:
    """A photo camera that stands, its lens forward."""
    x, y, z = rng.uniform(0.105, 0.13), rng.uniform(0.035, 0.045), rng.uniform(0.065, 0.08)
    body = rounded_box((x, y, z), 0.005, 3).moved((0, 0, z / 2))
    face = rotation_about("x", 90)
    radius, reach = z * rng.uniform(0.36, 0.44), rng.uniform(0.025, 0.05)
    barrel_line = [
        (0, 0),
        (radius, 0),
        (radius, reach * 0.6),
        (radius * 0.93, reach * 0.65),
        (radius * 0.93, reach),
        (radius * 0.78, reach),
        (radius * 0.7, reach - 0.006),
    ]
    place = (-x * 0.04, -y / 2, z * 0.48)
    barrel = revolve(barrel_line, 36).moved(place, face)
    glass = revolve(
        np.vstack(
            [
                [(radius * 0.7, reach - 0.006)],
                arc((0, reach - 0.008), (radius * 0.6, 0.005), 5, 89, 8),
            ]
        ),
        32,
    )
    hump = rounded_box((x * 0.26, y * 0.8, z * 0.3), 0.004, 2).moved((place[0], 0, z * 1.08))
    flash = rounded_box((x * 0.17, 0.002, z * 0.13), 0.0005, 1).moved(
        (place[0], -y * 0.4, z * 1.12)
    )
    shutter = cylinder(0.007, 0.005, 0.001, 20).moved((x * 0.38, -y * 0.1, z))
    dial = cylinder(0.009, 0.007, 0.001, 24).moved((x * 0.26, y * 0.1, z))
    hold = rounded_box((x * 0.2, y * 0.5, z * 0.9), 0.006, 2).moved(
        (-x * 0.43, -y * 0.45, z * 0.46)
    )
    wrap = rounded_box((x * 1.005, y * 1.01, z * 0.62), 0.005, 2).moved((0, 0, z * 0.45))
    parts = {
        "body": merge(body, hump),
        "grip": merge(wrap, hold),
        "lens": barrel,
        "glass": glass.moved(place, face),
        "flash": flash,
        "button": merge(shutter, dial),
    }
    proxies = [
        box_proxy((x, y, z), (0, 0, z / 2)),
        box_proxy((radius * 2, reach, radius * 1.7), (place[0], -y / 2 - reach / 2, place[2])),
        box_proxy((x * 0.26, y * 0.8, z * 0.2), (place[0], 0, z * 1.08)),
    ]
    return shape(parts, proxies)


def power_strip(rng: Generator) -> Shape:
    """An extension lead: sockets in a row and the start of its cable."""
    count = int(rng.integers(3, 6))
    pitch, width, height = 0.044, 0.052, 0.034
    length = count * pitch + 0.03
    body = rounded_box((length, width, height), 0.006, 3).moved((0, 0, height / 2))
    wells, holes = [], []
    for i in range(count):
        x = (i - (count - 1) / 2) * pitch - 0.006
        wells.append(cylinder(0.0185, 0.0008, 0, 28).moved((x, 0, height)))
        for sign in (-1, 1):
            holes.append(cylinder(0.0027, 0.0004, 0, 12).moved((x, sign * 0.0095, height + 0.0008)))
    switch = rounded_box((0.012, 0.02, 0.006), 0.0015, 1).moved((length / 2 - 0.013, 0, height))
    lead = spline(
        [
            (-length / 2, 0, height / 2),
            (-length / 2 - 0.03, 0.005, 0.008),
            (-length / 2 - 0.06, rng.uniform(-0.03, 0.03), 0.005),
            (-length / 2 - 0.085, rng.uniform(-0.06, 0.06), 0.005),
        ],
        6,
    )
    parts = {
        "body": body,
        "sockets": merge(*wells),
        "holes": merge(*holes),
        "switch": switch,
        "cable": tube(lead, 0.0042, 10),
    }
    return shape(parts, [box_proxy((length, width, height), (0, 0, height / 2))])


def battery(rng: Generator) -> Shape:
    """A round battery lying on its side."""
    radius, length = (0.0072, 0.0485) if rng.random() < 0.6 else (0.0165, 0.06)
    split = rng.uniform(0.6, 0.8)
    jacket = revolve([(0, 0), (radius * 0.96, 0), (radius, 0.001), (radius, length * split)], 28)
    top = revolve(
        [(radius, length * split), (radius, length - 0.001), (radius * 0.95, length), (0, length)],
        28,
    )
    pole = cylinder(radius * 0.36, 0.0016, 0.0003, 16).moved((0, 0, length))
    parts = {"body": along_x(jacket), "top": along_x(top), "pole": along_x(pole)}
    return shape(parts, [rod_proxy(radius, (radius, 0, 0), (length - radius, 0, 0))])


def speaker(rng: Generator) -> Shape:
    """A small round speaker: a body of cloth with keys on its top."""
    radius, height = rng.uniform(0.035, 0.05), rng.uniform(0.045, 0.12)
    body = cylinder(radius, height, 0.006, 40)
    top = cylinder(radius * 0.86, 0.0015, 0.0006, 36).moved((0, 0, height))
    base = cylinder(radius * 0.93, 0.006, 0.001, 36).moved((0, 0, -0.003))
    keys = [
        rounded_box((radius * 0.26, 0.004, 0.0016), 0.0006, 1)
        .moved((radius * 0.42, 0, height + 0.0018))
        .moved(rotation=rotation_about("z", float(turn)))
        for turn in (0, 90, 180, 270)
    ]
    parts = {"body": body, "top": merge(top, base), "buttons": merge(*keys)}
    return shape(parts, [can_proxy(radius, -0.003, height)])


def circuit_board(rng: Generator) -> Shape:
    """A printed circuit board: chips, metal sockets, rows of pins; perhaps a display."""
    x, y = rng.uniform(0.035, 0.11), rng.uniform(0.025, 0.075)
    thick = 0.0016
    parts = {"body": rounded_box((x, y, thick), 0.0005, 1).moved((0, 0, thick / 2))}
    chips = []
    for _ in range(int(rng.integers(1, 8))):
        wide, deep = rng.uniform(0.004, 0.3 * y, 2)
        px, py = rng.uniform(-0.35, 0.35, 2) * [x, y]
        chips.append(_on_board((wide, deep), rng.uniform(0.001, 0.003), (px, py), thick))
    parts["chips"] = merge(*chips)
    metal = []
    for _ in range(int(rng.integers(1, 5))):
        side = rng.choice([-1, 1])
        wide, deep = rng.uniform(0.007, 0.016, 2)
        px, py = side * (x / 2 - wide / 2 + 0.001), rng.uniform(-0.3, 0.3) * y
        metal.append(_on_board((wide, deep), rng.uniform(0.003, 0.013), (px, py), thick))
    if rng.random() < 0.7:
        pitch = 0.00254
        for row in (-1, 1)[: int(rng.integers(1, 3))]:
            for k in range(int(x * 0.85 / pitch)):
                place = (-x * 0.42 + k * pitch, row * (y / 2 - 0.0022))
                metal.append(_on_board((0.0007, 0.0007), 0.008, place, thick))
    parts["sockets"] = merge(*metal)
    if rng.random() < 0.35:
        parts["screen"] = _on_board((x * 0.5, y * 0.5), 0.003, (x * 0.05, 0.0), thick + 0.003)
    return boxed(parts)


def _on_board(
    size: tuple[float, float], height: float, place: tuple[float, float], level: float
) -> Mesh:
    """A box of a size on a board at a place, metres."""
    box = rounded_box((float(size[0]), float(size[1]), height), 0.0003, 1)
    return box.moved((*place, level + height / 2))
