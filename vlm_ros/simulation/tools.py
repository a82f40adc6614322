"""Shapes of cutlery, pens and workshop tools; all of them lie flat."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from vlm_ros.simulation.meshes import (
    Mesh,
    along_x,
    arc,
    cylinder,
    extrude,
    faceted,
    merge,
    revolve,
    ring,
    rotation_about,
    rounded_box,
    spline,
    tube,
)
from vlm_ros.simulation.shapes import Shape, box_proxy, boxed, can_proxy, rod_proxy, shape


def grip(length: float, width: float, height: float) -> Mesh:
    """A rounded handle along -x from the origin."""
    span = np.linspace(0, 1, 14)
    path = np.column_stack([-length * span, 0 * span, 0 * span])
    swell = np.interp(span, [0, 0.05, 0.3, 0.75, 0.95, 1], [0.55, 0.72, 0.85, 1.0, 0.85, 0.4])
    widths = np.column_stack([width / 2 * swell, height / 2 * (0.4 + 0.6 * swell)])
    return tube(path, widths, 14)


def knife(rng: Generator) -> Shape:
    """A table or kitchen knife."""
    blade_length, depth = rng.uniform(0.095, 0.15), rng.uniform(0.018, 0.03)
    outline = np.vstack(
        [
            [(0, -depth * 0.45), (blade_length * 0.6, -depth * 0.5)],
            spline([(blade_length * 0.8, -depth * 0.42), (blade_length, depth * 0.35)], 5),
            [(blade_length * 0.9, depth * 0.45), (0, depth * 0.45)],
        ]
    )
    blade = extrude(outline, 0.002).moved((0, 0, -0.001))
    handle = grip(rng.uniform(0.09, 0.11), 0.021, 0.014).moved((0.004, 0, 0))
    return boxed({"body": handle, "blade": blade})


def fork(rng: Generator) -> Shape:
    """A four-tined fork."""
    length = rng.uniform(0.1, 0.12)
    stem_path = spline([(-length, 0, 0), (-length * 0.4, 0, 0.003), (0, 0, 0.002)], 8)
    span = np.linspace(0, 1, len(stem_path))
    widths = np.interp(span, [0, 0.1, 0.4, 0.9, 1], [0.005, 0.0075, 0.0055, 0.003, 0.005])
    stem = tube(stem_path, np.column_stack([widths, np.full(len(span), 0.0016)]), 10)
    pieces = [stem]
    palm = np.array(
        [
            (0.0, 0.003),
            (0.012, 0.0115),
            (0.03, 0.012),
            (0.03, -0.012),
            (0.012, -0.0115),
            (0.0, -0.003),
        ]
    )
    pieces.append(extrude(palm, 0.002).moved((-0.004, 0, 0.001)))
    for place in (-1.5, -0.5, 0.5, 1.5):
        y = place * 0.0066
        path = spline([(0.024, y, 0.002), (0.045, y, 0.001), (0.07, y * 0.95, 0.006)], 5)
        tine = np.column_stack([np.linspace(0.0022, 0.0012, len(path)), np.full(len(path), 0.001)])
        pieces.append(tube(path, tine, 8))
    return boxed({"body": merge(*pieces)})


def spoon(rng: Generator) -> Shape:
    """A spoon with a hollow bowl."""
    length, half = rng.uniform(0.1, 0.125), rng.uniform(0.026, 0.032)
    stem_path = spline([(-length, 0, 0.004), (-length * 0.4, 0, 0.006), (0.002, 0, 0.008)], 8)
    span = np.linspace(0, 1, len(stem_path))
    widths = np.interp(span, [0, 0.1, 0.4, 0.9, 1], [0.005, 0.0075, 0.005, 0.0026, 0.003])
    stem = tube(stem_path, np.column_stack([widths, np.full(len(span), 0.0016)]), 10)
    outer = arc((0, 0.0), (1.0, 1.0), -90, 0, 9)
    inner = arc((0, 0.04), (0.93, 0.92), 0, -90, 9)
    dish = revolve(np.vstack([outer, inner]), 32).moved(
        (half, 0, 0.009), scale=(half, half * 0.66, 0.009)
    )
    return boxed({"body": merge(stem, dish)})


def spatula(rng: Generator) -> Shape:
    """A slotted kitchen turner."""
    handle = grip(rng.uniform(0.11, 0.14), 0.022, 0.014)
    neck = tube([(0, 0, 0), (0.05, 0, 0.0)], 0.004, 10)
    pieces = [neck]
    for y in (-0.026, -0.009, 0.009, 0.026):
        pieces.append(rounded_box((0.085, 0.011, 0.003), 0.001, 1).moved((0.095, y, 0)))
    for x in (0.052, 0.138):
        pieces.append(rounded_box((0.014, 0.064, 0.003), 0.001, 1).moved((x, 0, 0)))
    return boxed({"body": handle, "head": merge(*pieces)})


def ladle(rng: Generator) -> Shape:
    """A wooden-spoon-like stirring spoon with a deep round head."""
    length, radius = rng.uniform(0.17, 0.21), rng.uniform(0.028, 0.034)
    stem = tube([(-length, 0, 0.006), (0, 0, 0.008)], 0.0055, 12)
    outer = arc((0, 0.0), (1.0, 1.0), -90, 0, 9)
    inner = arc((0, 0.04), (0.9, 0.85), 0, -90, 9)
    dish = revolve(np.vstack([outer, inner]), 32).moved(
        (radius * 1.1, 0, 0.014), scale=(radius * 1.25, radius, 0.014)
    )
    return boxed({"body": merge(stem, dish)})


def pen(rng: Generator) -> Shape:
    """A ball-point pen."""
    length, radius = rng.uniform(0.125, 0.145), rng.uniform(0.005, 0.0062)
    barrel = along_x(cylinder(radius, length * 0.62, 0.0004, 18))
    tip = along_x(revolve([(0, 0), (radius * 0.95, 0), (0.0012, 0.018), (0, 0.019)], 16))
    cap = along_x(cylinder(radius * 1.15, length * 0.36, 0.001, 18)).moved((-length * 0.34, 0, 0))
    clip = rounded_box((length * 0.28, 0.003, 0.0016), 0.0006, 1)
    parts = {
        "body": barrel,
        "tip": tip.moved((length * 0.62, 0, 0)),
        "cap": merge(cap, clip.moved((-length * 0.18, 0, radius * 1.45))),
    }
    proxies = [
        box_proxy((length, radius * 1.9, radius * 1.9), (length * 0.14, 0, 0)),
    ]
    return shape(parts, proxies)


def pencil(rng: Generator) -> Shape:
    """A hexagonal pencil with an eraser."""
    length, radius = rng.uniform(0.13, 0.18), 0.0045
    body = along_x(faceted(revolve([(radius, 0), (radius, length)], 6)))
    wood = along_x(revolve([(radius, 0), (0.0012, 0.02)], 12)).moved((length, 0, 0))
    lead = along_x(revolve([(0.0013, 0), (0, 0.005)], 8)).moved((length + 0.0195, 0, 0))
    ferrule = along_x(cylinder(radius * 1.02, 0.012, 0, 16)).moved((-0.012, 0, 0))
    eraser = along_x(cylinder(radius * 0.98, 0.008, 0.002, 16)).moved((-0.02, 0, 0))
    parts = {
        "body": body,
        "wood": wood,
        "lead": lead,
        "ferrule": ferrule,
        "eraser": eraser,
    }
    return shape(
        parts, [box_proxy((length + 0.04, radius * 1.8, radius * 1.8), (length / 2, 0, 0))]
    )


def marker(rng: Generator) -> Shape:
    """A thick felt marker with a coloured cap."""
    length, radius = rng.uniform(0.11, 0.135), rng.uniform(0.0075, 0.0095)
    cap = along_x(cylinder(radius * 1.06, length * 0.38, 0.0012, 20)).moved((length * 0.62, 0, 0))
    barrel = along_x(cylinder(radius, length * 0.62, 0.001, 20))
    end = along_x(cylinder(radius * 0.8, 0.004, 0.0005, 18)).moved((-0.003, 0, 0))
    proxy = box_proxy((length, radius * 1.9, radius * 1.9), (length / 2, 0, 0))
    return shape({"body": merge(cap, end), "barrel": barrel}, [proxy])


def brush(rng: Generator) -> Shape:
    """A flat paint brush."""
    width = rng.uniform(0.03, 0.05)
    handle = grip(rng.uniform(0.1, 0.13), 0.022, 0.012)
    ferrule = rounded_box((0.028, width, 0.012), 0.003, 2).moved((0.014, 0, 0))
    hair = rounded_box((0.045, width * 0.96, 0.010), 0.004, 2).moved((0.048, 0, 0))
    return boxed({"body": handle, "ferrule": ferrule, "bristles": hair})


def toothbrush(rng: Generator) -> Shape:
    """A toothbrush."""
    length = rng.uniform(0.13, 0.15)
    path = spline([(-length, 0, 0), (-length * 0.5, 0, 0.002), (-0.02, 0, 0), (0.03, 0, 0)], 6)
    span = np.linspace(0, 1, len(path))
    widths = np.interp(span, [0, 0.06, 0.3, 0.65, 0.8, 0.98, 1], [3, 6, 6.5, 4, 2.6, 5.5, 3]) / 1e3
    body = tube(path, np.column_stack([widths, widths * 0.65]), 12)
    hair = rounded_box((0.028, 0.010, 0.011), 0.002, 2).moved((0.014, 0, 0.008))
    return boxed({"body": body, "bristles": hair})


def screwdriver(rng: Generator) -> Shape:
    """A screwdriver lying on its side."""
    reach, radius = rng.uniform(0.085, 0.105), rng.uniform(0.0125, 0.0165)
    line = spline(
        [
            (radius * 0.6, 0.0),
            (radius * 0.98, reach * 0.1),
            (radius, reach * 0.5),
            (radius * 0.62, reach * 0.8),
            (radius * 0.85, reach * 0.94),
            (radius * 0.5, reach),
        ],
        5,
    )
    smooth = revolve(np.vstack([[(0, 0)], line, [(0, reach)]]), 48)
    points = smooth.vertices.copy()
    angle = np.arctan2(points[:, 1], points[:, 0])
    points[:, :2] *= (1 - 0.09 * (np.cos(6 * angle) > 0.55))[:, None]
    handle = Mesh(points, smooth.normals, smooth.texcoords, smooth.faces)
    shaft_length = rng.uniform(0.08, 0.13)
    shaft = cylinder(0.0034, shaft_length, 0, 14).moved((0, 0, reach))
    tip = rounded_box((0.0075, 0.002, 0.012), 0.0006, 1).moved((0, 0, reach + shaft_length))
    proxies = [
        rod_proxy(radius * 0.97, (radius, 0, 0), (reach - radius, 0, 0)),
        rod_proxy(0.004, (reach, 0, 0), (reach + shaft_length, 0, 0)),
    ]
    return shape({"body": along_x(handle), "shaft": along_x(merge(shaft, tip))}, proxies)


def hammer(rng: Generator) -> Shape:
    """A claw hammer lying on its side."""
    length = rng.uniform(0.2, 0.25)
    handle = grip(length, 0.03, 0.022).moved((0.01, 0, 0))
    face = cylinder(0.015, 0.024, 0.002, 24).moved(rotation=rotation_about("x", -90))
    neck = tube([(0, 0.0, 0), (0, 0.03, 0)], 0.0105, 16)
    block = rounded_box((0.028, 0.034, 0.026), 0.004, 2)
    claws = []
    for z in (-0.0075, 0.0075):
        path = spline([(0, -0.012, z), (-0.004, -0.04, z * 1.1), (-0.024, -0.066, z * 1.25)], 6)
        widths = np.linspace(0.009, 0.003, len(path))
        claws.append(tube(path, np.column_stack([widths, np.full(len(path), 0.0052)]), 10))
    head = merge(block, neck, face.moved((0, 0.028, 0)), *claws).moved((0.02, 0, 0))
    proxies = [
        box_proxy((length, 0.024, 0.02), (-length / 2, 0, 0)),
        box_proxy((0.03, 0.11, 0.028), (0.02, -0.005, 0)),
    ]
    return shape({"body": handle, "head": head}, proxies)


def wrench(rng: Generator) -> Shape:
    """A combination wrench."""
    length = rng.uniform(0.13, 0.18)
    jaw = arc((0, 0), (0.019, 0.017), 42, 318, 16)
    mouth = np.array([(0.013, -0.0085), (-0.004, -0.0085), (-0.004, 0.0085), (0.013, 0.0085)])
    head = extrude(np.vstack([jaw, mouth]), 0.008)
    bar = rounded_box((length, 0.012, 0.006), 0.002, 2).moved((-length / 2 - 0.014, 0, 0.004))
    eye = ring(0.0125, 0.0045, 24).moved((-length - 0.024, 0, 0.004), scale=(1, 1, 0.9))
    return boxed({"body": merge(head, bar, eye)})


def pliers(rng: Generator) -> Shape:
    """Pliers, a little open."""
    spread = rng.uniform(0.016, 0.028)
    length = rng.uniform(0.1, 0.12)
    grips, jaws = [], []
    for sign in (-1, 1):
        path = spline(
            [
                (-0.012, -sign * 0.004, 0),
                (-length * 0.35, -sign * spread * 0.8, 0),
                (-length * 0.75, -sign * spread, 0),
                (-length, -sign * spread * 0.85, 0),
            ],
            5,
        )
        grips.append(tube(path, np.tile([0.0068, 0.0058], (len(path), 1)), 12))
        jaw = np.array(
            [(-0.014, 0.001), (-0.006, 0.011), (0.012, 0.01), (0.045, 0.005), (0.045, 0.0006)]
        )
        jaws.append(extrude(jaw * [1, sign], 0.01).moved((0, 0, -0.005)))
    pivot = cylinder(0.009, 0.014, 0.001, 20).moved((-0.004, 0, -0.007))
    return boxed({"body": merge(*grips), "jaws": merge(pivot, *jaws)})


def scissors(rng: Generator) -> Shape:
    """Scissors, a little open."""
    opening, blade = rng.uniform(6, 14), rng.uniform(0.075, 0.1)
    loops, blades = [], []
    for sign in (-1, 1):
        edge = np.array(
            [
                (-0.02, -0.004),
                (0.0, -0.006),
                (blade, 0.0),
                (blade * 0.9, 0.003),
                (0, 0.007),
                (-0.03, 0.005),
            ]
        )
        turn = rotation_about("z", sign * opening)
        leaf = extrude(edge * [1, -sign], 0.002).moved((0, 0, 0.001 * sign + 0.003))
        blades.append(leaf.moved(rotation=turn))
        loop = ring(0.0175, 0.0042, 26).moved((-0.063, -sign * 0.012, 0.005), scale=(1.35, 0.95, 1))
        arm = tube([(-0.012, 0, 0.004), (-0.043, -sign * 0.006, 0.005)], 0.0048, 10)
        loops.append(merge(loop, arm).moved(rotation=turn))
    pin = cylinder(0.0045, 0.008, 0.001, 16)
    return boxed({"body": merge(*loops), "blades": merge(pin, *blades)})


def key(rng: Generator) -> Shape:
    """A house key."""
    bow = ring(0.011, 0.0035, 24).moved((0, 0, 0.0022), scale=(1, 1, 0.6))
    shank = rounded_box((0.036, 0.0055, 0.0026), 0.0006, 1).moved((0.03, 0, 0.0022))
    teeth = [
        rounded_box((0.0032, float(rng.uniform(0.003, 0.007)), 0.0022), 0.0004, 1).moved(
            (x, -0.0045, 0.0022)
        )
        for x in (0.03, 0.036, 0.042)
    ]
    return boxed({"body": merge(bow, shank, *teeth)})


def bolt(rng: Generator) -> Shape:
    """A hexagon bolt lying on its side."""
    radius, length = rng.uniform(0.006, 0.009), rng.uniform(0.04, 0.065)
    flats = [(0, 0), (radius * 1.9, 0), (radius * 1.9, radius * 1.3), (0, radius * 1.3)]
    head = faceted(revolve(flats, 6))
    pitch = radius * 0.45
    levels = np.arange(radius * 1.3, length, pitch / 2)
    thread = np.column_stack([np.where(np.arange(len(levels)) % 2, radius, radius * 0.84), levels])
    shank = revolve(np.vstack([thread, [(0, levels[-1])]]), 20)
    proxies = [
        rod_proxy(radius, (radius, 0, 0), (length - radius, 0, 0)),
        box_proxy((radius * 1.3, radius * 3.3, radius * 3.3), (radius * 0.65, 0, 0)),
    ]
    return shape({"body": along_x(merge(head, shank))}, proxies)


def nut(rng: Generator) -> Shape:
    """A hexagon nut."""
    radius = rng.uniform(0.014, 0.02)
    profile = [
        (radius * 0.55, 0),
        (radius, 0),
        (radius, radius * 0.85),
        (radius * 0.55, radius * 0.85),
        (radius * 0.55, 0),
    ]
    return shape(
        {"body": faceted(revolve(profile, 6))}, [can_proxy(radius * 0.95, 0, radius * 0.85)]
    )


def tape(rng: Generator) -> Shape:
    """A roll of adhesive tape lying flat."""
    outer, inner = rng.uniform(0.042, 0.052), rng.uniform(0.026, 0.032)
    width = rng.uniform(0.018, 0.03)
    roll = revolve([(inner + 0.003, 0), (outer, 0), (outer, width), (inner + 0.003, width)], 44)
    core = revolve(
        [(inner, 0), (inner + 0.003, 0), (inner + 0.003, width), (inner, width), (inner, 0)], 44
    )
    return shape({"body": roll, "core": core}, [can_proxy(outer, 0, width)])


def flashlight(rng: Generator) -> Shape:
    """A torch lying on its side."""
    length, radius = rng.uniform(0.12, 0.15), rng.uniform(0.013, 0.016)
    line = [
        (0, 0),
        (radius * 0.9, 0),
        (radius, 0.004),
        (radius, length * 0.62),
        (radius * 1.55, length * 0.76),
        (radius * 1.55, length * 0.98),
        (radius * 1.4, length),
    ]
    lens = revolve([(radius * 1.42, length - 0.001), (0, length - 0.003)])
    switch = rounded_box((0.016, 0.008, 0.004), 0.001, 1).moved((length * 0.45, 0, radius))
    proxies = [
        rod_proxy(radius, (radius, 0, -radius * 0.3), (length * 0.7, 0, -radius * 0.3)),
        box_proxy((length * 0.24, radius * 2.4, radius * 3.1), (length * 0.88, 0, 0)),
    ]
    return shape({"body": along_x(revolve(line)), "lens": along_x(lens), "button": switch}, proxies)
