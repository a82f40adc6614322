"""Shapes of further kitchen things, and more makes of cutlery, bottles and cups."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from vlm_ros.simulation.meshes import (
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
    rod_proxy,
    shape,
    vessel_proxies,
)
from vlm_ros.simulation.tools import grip
from vlm_ros.simulation.vessels import open_vessel


def whisk(rng: Generator) -> Shape:
    """A balloon whisk lying on its side."""
    length, radius = rng.uniform(0.1, 0.13), rng.uniform(0.024, 0.032)
    handle = grip(rng.uniform(0.09, 0.12), 0.019, 0.018)
    profile = spline(
        [
            (0.0, 0.004),
            (length * 0.45, radius * 0.7),
            (length * 0.8, radius),
            (length * 0.97, radius * 0.55),
            (length, 0.0),
        ],
        5,
    )
    loop = np.vstack([profile, (profile * [1, -1])[::-1][1:]])
    flat = np.column_stack([loop[:, 0], loop[:, 1], 0 * loop[:, 0]])
    wires = [
        tube(flat, 0.0009, 6).moved(rotation=rotation_about("x", float(turn)))
        for turn in np.arange(0, 180, 36)
    ]
    collar = along_x(cylinder(0.0055, 0.014, 0.001, 16)).moved((-0.006, 0, 0))
    parts = {"body": handle, "wires": merge(collar, *wires)}
    proxies = [
        rod_proxy(0.009, (-0.09, 0, -radius * 0.4), (0, 0, -radius * 0.2)),
        Proxy("ellipsoid", (length * 0.42, radius * 0.9, radius * 0.95), (length * 0.62, 0, 0)),
    ]
    return shape(parts, proxies)


def soup_ladle(rng: Generator) -> Shape:
    """A ladle lying on its bowl, the handle rising to a hook."""
    radius, length = rng.uniform(0.034, 0.042), rng.uniform(0.17, 0.2)
    outer = arc((0, 0), (1.0, 0.8), -90, 0, 9)
    inner = arc((0, 0.04), (0.94, 0.76), 0, -90, 9)
    dish = revolve(np.vstack([outer, inner]), 34).moved((0, 0, radius * 0.8), scale=radius)
    path = spline(
        [
            (-radius * 0.95, 0, radius * 0.82),
            (-radius * 1.3, 0, radius * 1.1),
            (-radius - length * 0.5, 0, radius * 0.75),
            (-radius - length, 0, 0.012),
            (-radius - length - 0.014, 0, 0.006),
        ],
        7,
    )
    span = np.linspace(0, 1, len(path))
    widths = np.interp(span, [0, 0.1, 0.5, 0.9, 1], [4.5, 3.6, 4.5, 8, 5]) / 1e3
    stem = tube(path, np.column_stack([widths, np.full(len(span), 0.002)]), 12)
    proxies = [can_proxy(radius * 0.85, 0, radius * 0.8)]
    proxies.append(rod_proxy(0.004, (-radius, 0, radius * 0.8), (-radius - length, 0, 0.008)))
    return shape({"body": merge(dish, stem)}, proxies)


def peeler(rng: Generator) -> Shape:
    """A vegetable peeler: a handle, a fork and a swivelling blade."""
    handle = grip(rng.uniform(0.085, 0.1), 0.022, 0.015)
    width = rng.uniform(0.022, 0.028)
    bows = [
        tube(
            spline([(-0.002, 0, 0), (0.012, s * width, 0), (0.05, s * width * 1.1, 0.001)], 6),
            np.tile([0.0024, 0.0034], (13, 1)),
            10,
        )
        for s in (-1, 1)
    ]
    blade = rounded_box((0.011, width * 2.2, 0.0016), 0.0006, 1).moved((0.047, 0, 0.001))
    slot = rounded_box((0.0035, width * 1.7, 0.0018), 0.0003, 1).moved((0.047, 0, 0.0012))
    return boxed({"body": merge(handle, *bows), "blade": blade, "slot": slot})


def tongs(rng: Generator) -> Shape:
    """Kitchen tongs, a little open, lying flat."""
    length, spread = rng.uniform(0.19, 0.24), rng.uniform(0.02, 0.035)
    arms, tips = [], []
    for sign in (-1, 1):
        path = spline(
            [
                (0, sign * 0.004, 0),
                (length * 0.3, sign * spread * 0.65, 0),
                (length * 0.75, sign * spread, 0),
                (length, sign * spread * 0.55, 0),
            ],
            6,
        )
        widths = np.tile([0.0016, 0.0085], (len(path), 1))
        arms.append(tube(path, widths, 12))
        end = path[-1]
        tip = ellipsoid((0.022, 0.0045, 0.015), 18)
        turn = rotation_about("z", sign * -24.0)
        tips.append(tip.moved(np.add(end, (0.012, -sign * 0.006, 0)), turn))
    bend = tube(
        np.column_stack([arc((0, 0), (0.007, 0.0045), 90, 270, 9), np.zeros(9)]),
        np.tile([0.0016, 0.0085], (9, 1)),
        12,
    )
    loop = ring(0.008, 0.0012, 18).moved((-0.013, 0, 0))
    return boxed({"body": merge(bend, loop, *arms), "tips": merge(*tips)})


def cutting_board(rng: Generator) -> Shape:
    """A cutting board with a hole, or a handle with a hole."""
    x, y, z = rng.uniform(0.18, 0.24), rng.uniform(0.13, 0.17), rng.uniform(0.009, 0.018)
    body = extrude(rounded_rectangle(x, y, 0.014), z)
    hole = revolve([(0.0085, z * 1.005), (0, z * 1.005)], 22)
    groove_line = rounded_rectangle(x * 0.9, y * 0.86, 0.01)
    groove = tube(
        np.column_stack(
            [np.vstack([groove_line, groove_line[:1]]), np.full(len(groove_line) + 1, z)]
        ),
        np.tile([0.0024, 0.0004], (len(groove_line) + 1, 1)),
        8,
    )
    if rng.random() < 0.5:
        reach = rng.uniform(0.05, 0.07)
        neck = extrude(rounded_rectangle(reach, 0.04, 0.012), z).moved((x / 2 + reach * 0.35, 0, 0))
        place = (x / 2 + reach * 0.55, 0, 0)
        parts = {"body": merge(body, neck), "hole": hole.moved(place)}
        proxies = [
            box_proxy((x, y, z), (0, 0, z / 2)),
            box_proxy((reach, 0.04, z), (x / 2 + reach * 0.35, 0, z / 2)),
        ]
        return shape(parts, proxies)
    parts = {"body": merge(body, groove), "hole": hole.moved((x * 0.42, y * 0.38, 0))}
    return shape(parts, [box_proxy((x, y, z), (0, 0, z / 2))])


def corkscrew(rng: Generator) -> Shape:
    """A T-shaped corkscrew lying on its side."""
    width = rng.uniform(0.075, 0.095)
    bar = grip(width, 0.019, 0.019).moved((width / 2, 0, 0)).moved(rotation=rotation_about("z", 90))
    turns, reach, radius = 5, 0.05, 0.0042
    t = np.linspace(0, 1, turns * 14)
    fade = np.minimum(1, 8 * (1 - t))
    worm = np.column_stack(
        [
            0.035 + reach * t,
            radius * fade * np.cos(2 * np.pi * turns * t),
            radius * fade * np.sin(2 * np.pi * turns * t),
        ]
    )
    shank = tube([(0, 0, 0), (0.024, 0, 0), (0.035, radius, 0)], 0.0026, 10)
    parts = {"body": bar, "screw": merge(shank, tube(worm, 0.0013, 8))}
    proxies = [
        rod_proxy(0.009, (0, -width * 0.4, 0), (0, width * 0.4, 0)),
        box_proxy((0.085, 0.008, 0.008), (0.043, 0, -0.004)),
    ]
    return shape(parts, proxies)


def rolling_pin(rng: Generator) -> Shape:
    """A rolling pin."""
    length, radius = rng.uniform(0.17, 0.2), rng.uniform(0.02, 0.026)
    roll = along_x(cylinder(radius, length, 0.003, 36)).moved((-length / 2, 0, 0))
    ends = []
    for sign in (-1, 1):
        line = spline([(0.006, 0), (0.009, 0.012), (0.012, 0.035), (0.011, 0.052), (0.0, 0.06)], 5)
        line[:, 0] = np.maximum(line[:, 0], 0)
        knob = revolve(line, 24).moved((0, 0, length / 2 - 0.002))
        ends.append(along_x(knob).moved(rotation=rotation_about("z", 0.0 if sign > 0 else 180.0)))
    half = length / 2 - radius
    return shape(
        {"body": roll, "handles": merge(*ends)}, [rod_proxy(radius, (-half, 0, 0), (half, 0, 0))]
    )


def chopsticks(rng: Generator) -> Shape:
    """A pair of chopsticks lying side by side."""
    length = rng.uniform(0.2, 0.24)
    sticks, bands = [], []
    for i, turn in enumerate((0.0, rng.uniform(-6, 6))):
        widths = np.array([[0.0035, 0.0035], [0.0034, 0.0034], [0.0016, 0.0016]])
        path = [(-length / 2, 0, 0), (-length * 0.1, 0, 0), (length / 2, 0, 0)]
        move = ((0.0, i * rng.uniform(0.009, 0.018), 0.0), rotation_about("z", turn))
        sticks.append(tube(path, widths, 10).moved(*move))
        ends = [(-length / 2 - 0.0005, 0, 0), (-length * 0.36, 0, 0)]
        bands.append(tube(ends, 0.0037, 10).moved(*move))
    return boxed({"body": merge(*sticks), "ends": merge(*bands)})


def dish_brush(rng: Generator) -> Shape:
    """A washing-up brush lying flat, its bristles to one side."""
    length = rng.uniform(0.16, 0.19)
    path = spline(
        [(-length, 0, 0.004), (-length * 0.5, 0, 0.002), (0, 0, 0.004), (0.04, 0, 0.0)], 6
    )
    span = np.linspace(0, 1, len(path))
    widths = np.interp(span, [0, 0.05, 0.4, 0.7, 1], [5, 7.5, 8, 6, 6]) / 1e3
    handle = tube(path, np.column_stack([widths, widths * 0.7]), 12)
    lay = rotation_about("x", 90)
    head = cylinder(0.022, 0.014, 0.004, 30).moved((0, 0, -0.007)).moved((0.055, 0, 0), lay)
    hair = []
    for turn in np.linspace(0, 2 * np.pi, 18, endpoint=False):
        for reach, lean in ((0.017, 1.35), (0.009, 1.2)):
            x, z = reach * np.cos(turn), reach * np.sin(turn)
            strand = [(0.055 + x, -0.006, z), (0.055 + x * lean, -0.034, z * lean)]
            hair.append(tube(strand, np.array([0.0024, 0.0032]), 6))
    turned = rotation_about("x", rng.uniform(55, 90))
    parts = {"body": merge(handle, head), "bristles": merge(*hair)}
    return boxed({name: mesh.moved(rotation=turned) for name, mesh in parts.items()})


def thermos(rng: Generator) -> Shape:
    """A vacuum flask: a steel body, a shoulder and a cup for a lid."""
    radius, height = rng.uniform(0.031, 0.038), rng.uniform(0.15, 0.19)
    lid_height = rng.uniform(0.045, 0.06)
    body = cylinder(radius, height, 0.003, 36)
    shoulder = revolve([(radius, height), (radius * 0.8, height + 0.014), (0, height + 0.014)], 36)
    lid = revolve(
        np.vstack(
            [
                [
                    (radius * 0.84, height + 0.008),
                    (radius * 0.8, height + 0.008 + lid_height - 0.004),
                ],
                [(radius * 0.75, height + 0.008 + lid_height), (0, height + 0.008 + lid_height)],
            ]
        ),
        36,
    )
    base = revolve(
        [(0, -0.001), (radius * 1.02, -0.001), (radius * 1.02, 0.014), (radius, 0.014)], 36
    )
    parts = {"body": merge(body, shoulder), "lid": lid, "base": base}
    top = height + 0.008 + lid_height
    return shape(
        parts, [can_proxy(radius * 1.02, -0.001, height), can_proxy(radius * 0.82, height, top)]
    )


def paper_cup(rng: Generator) -> Shape:
    """A takeaway cup with a lid, perhaps a sleeve or a straw."""
    top, height = rng.uniform(0.039, 0.045), rng.uniform(0.095, 0.14)
    bottom = top * rng.uniform(0.68, 0.75)
    body = revolve([(0, 0.003), (bottom, 0), (top, height)], 40)
    lid = revolve(
        np.vstack(
            [
                [(top * 1.03, height - 0.004), (top * 1.05, height), (top * 1.03, height + 0.003)],
                [
                    (top * 0.93, height + 0.004),
                    (top * 0.88, height + 0.014),
                    (top * 0.8, height + 0.014),
                ],
                [(top * 0.76, height + 0.009), (0, height + 0.009)],
            ]
        ),
        40,
    )
    parts = {"body": body, "lid": lid}
    if rng.random() < 0.5:
        path = spline(
            [
                (0.005, 0, height),
                (0.012, 0.004, height + 0.055),
                (0.016, 0.005, height + 0.07),
                (0.045, 0.008, height + 0.085),
            ],
            5,
        )
        parts["straw"] = tube(path, 0.0032, 10)
    if rng.random() < 0.5:
        low, high = height * 0.28, height * 0.72
        at = np.interp([low, high], [0, height], [bottom, top]) * 1.015
        parts["sleeve"] = revolve([(at[0], low), (at[1], high)], 40)
    proxies = [can_proxy(bottom, 0, height * 0.5), can_proxy(top, height * 0.5, height + 0.01)]
    return shape(parts, proxies)


def salt_shaker(rng: Generator) -> Shape:
    """A salt shaker with holes in its cap."""
    radius, height = rng.uniform(0.017, 0.022), rng.uniform(0.05, 0.065)
    sides = int(rng.choice([8, 36]))
    waist = rng.uniform(0.72, 0.95)
    body = revolve(
        [(0, 0), (radius, 0), (radius, height * 0.2), (radius * waist, height), (0, height)], sides
    )
    cap = revolve(
        np.vstack(
            [
                [(radius * waist * 1.04, height), (radius * waist * 1.04, height * 1.14)],
                arc((0, height * 1.14), (radius * waist, height * 0.12), 0, 89, 8),
            ]
        ),
        32,
    )
    holes = [
        ellipsoid((0.0012, 0.0012, 0.0008), 8).moved(
            (0.0055 * np.cos(a), 0.0055 * np.sin(a), height * 1.255)
        )
        for a in np.linspace(0, 2 * np.pi, 6, endpoint=False)
    ]
    parts = {"body": body, "cap": cap, "holes": merge(*holes)}
    return shape(parts, [can_proxy(radius * 0.98, 0, height * 1.2)])


def table_knife(rng: Generator) -> Shape:
    """A knife of one piece of steel or of coloured plastic, with a rounded blade."""
    blade, depth = rng.uniform(0.095, 0.115), rng.uniform(0.0085, 0.0105)
    outline = np.vstack(
        [
            [(0.0, -0.004), (0.012, -depth * 0.9)],
            spline(
                [
                    (blade * 0.55, -depth * 1.05),
                    (blade * 0.88, -depth * 0.75),
                    (blade, depth * 0.15),
                    (blade * 0.94, depth * 0.85),
                ],
                5,
            ),
            [(0.0, depth * 0.75)],
        ]
    )
    handle = rng.uniform(0.085, 0.105)
    span = np.linspace(0, 1, 12)
    path = np.column_stack([0.004 - handle * span, 0.001 + 0 * span, 0 * span])
    widths = np.interp(span, [0, 0.1, 0.5, 0.9, 1], [4, 5, 6.5, 9, 6]) / 1e3
    hold = tube(path, np.column_stack([widths, np.full(12, 0.0026)]), 12)
    return boxed({"body": merge(hold, extrude(outline, 0.0018).moved((0, 0, -0.0009)))})


def kitchen_knife(rng: Generator) -> Shape:
    """A cook's or paring knife: a pointed blade, a bolster, a handle with rivets."""
    blade = rng.uniform(0.08, 0.17)
    depth = rng.uniform(0.14, 0.24) * blade + 0.008
    outline = np.vstack(
        [
            [(0.0, -depth)],
            spline([(blade * 0.5, -depth * 0.98), (blade * 0.85, -depth * 0.55), (blade, 0.0)], 6),
            spline([(blade, 0.0), (blade * 0.7, depth * 0.07), (0.0, depth * 0.08)], 4)[1:],
        ]
    )
    leaf = extrude(outline, 0.002).moved((0, 0, -0.001))
    reach = rng.uniform(0.095, 0.115)
    handle = np.vstack(
        [
            spline(
                [
                    (0.002, 0.0025),
                    (-reach * 0.5, 0.004),
                    (-reach, 0.001),
                    (-reach * 1.01, -0.018),
                    (-reach * 0.85, -0.019),
                    (-reach * 0.4, -0.0165),
                    (0.002, -0.02),
                ],
                5,
            )
        ]
    )
    scales = extrude(handle, 0.014).moved((0, 0, -0.007))
    collar = rounded_box((0.006, 0.021, 0.0125), 0.002, 1).moved((0.001, -0.0085, 0))
    rivets = [
        cylinder(0.0026, 0.0144, 0, 14).moved((-reach * k, -0.008, -0.0072))
        for k in (0.22, 0.5, 0.78)
    ]
    parts = {"body": scales, "blade": leaf, "rivets": merge(collar, *rivets)}
    return boxed(parts)


def one_piece_kitchen_knife(rng: Generator) -> Shape:
    """A kitchen knife whose blade and handle share one coat of colour."""
    knife = kitchen_knife(rng)
    return boxed({"body": merge(knife.parts["body"], knife.parts["blade"])})


def handled_fork(rng: Generator) -> Shape:
    """A fork or a spoon's companion: steel tines in a coloured handle."""
    handle = grip(rng.uniform(0.085, 0.1), 0.015, 0.009).moved((0.002, 0, 0))
    neck = tube([(0, 0, 0), (0.035, 0, 0.003)], np.array([[0.0032, 0.002], [0.0045, 0.0016]]), 10)
    palm = spline([(0.03, 0.003), (0.04, 0.0105), (0.058, 0.0115)], 4)
    outline = np.vstack([palm, (palm * [1, -1])[::-1]])
    pieces = [neck, extrude(outline, 0.0018).moved((0, 0, 0.002))]
    for place in (-1.5, -0.5, 0.5, 1.5):
        y = place * 0.0064
        path = spline([(0.056, y, 0.003), (0.078, y, 0.001), (0.1, y * 0.96, 0.006)], 5)
        tine = np.column_stack([np.linspace(0.002, 0.0011, len(path)), np.full(len(path), 0.001)])
        pieces.append(tube(path, tine, 8))
    return boxed({"handle": handle, "body": merge(*pieces)})


def handled_spoon(rng: Generator) -> Shape:
    """A spoon: a steel bowl in a coloured handle."""
    handle = grip(rng.uniform(0.085, 0.1), 0.015, 0.009).moved((0.002, 0, 0.002))
    neck = tube(
        [(0, 0, 0.002), (0.035, 0, 0.007)], np.array([[0.0032, 0.002], [0.003, 0.0018]]), 10
    )
    half = rng.uniform(0.024, 0.03)
    outer = arc((0, 0.0), (1.0, 1.0), -90, 0, 9)
    inner = arc((0, 0.04), (0.93, 0.92), 0, -90, 9)
    dish = revolve(np.vstack([outer, inner]), 32).moved(
        (0.033 + half, 0, 0.008), scale=(half, half * 0.68, 0.008)
    )
    return boxed({"handle": handle, "body": merge(neck, dish)})


def water_bottle(rng: Generator) -> Shape:
    """A clear drink bottle with ribs, a band of label and a screw cap."""
    radius, height = rng.uniform(0.029, 0.036), rng.uniform(0.15, 0.19)
    ribs = int(rng.integers(3, 7))
    levels = np.linspace(0.02, 0.34, 4 * ribs + 1)
    wave = 1 - 0.05 * (np.sin(np.linspace(0, 2 * np.pi * ribs, len(levels))) > 0.3)
    line = np.vstack(
        [
            [(0, 0), (radius * 0.8, 0), (radius * 0.97, height * 0.012)],
            np.column_stack([radius * wave, height * levels]),
            [(radius, height * 0.62)],
            spline(
                [
                    (radius, height * 0.66),
                    (radius * 0.9, height * 0.76),
                    (radius * 0.5, height * 0.9),
                    (0.0125, height * 0.96),
                    (0.0125, height),
                ],
                5,
            ),
        ]
    )
    cap = cylinder(0.0148, 0.015, 0.0012, 28).moved((0, 0, height - 0.002))
    collar = ring(0.0145, 0.0018, 24).moved((0, 0, height - 0.006))
    label = revolve([(radius * 1.012, height * 0.37), (radius * 1.012, height * 0.61)], 36)
    parts = {"body": revolve(line, 36), "cap": merge(cap, collar), "label": label}
    proxies = [
        can_proxy(radius, 0, height * 0.7),
        can_proxy(radius * 0.62, height * 0.7, height * 0.88),
        can_proxy(0.0148, height * 0.88, height + 0.013),
    ]
    return shape(parts, proxies)


def wine_bottle(rng: Generator) -> Shape:
    """A wine or beer bottle with a long neck, a label and a foil or crown cap."""
    radius = rng.uniform(0.029, 0.037)
    height = radius * rng.uniform(6.6, 7.6)
    shoulder, neck = height * rng.uniform(0.58, 0.66), radius * 0.4
    line = np.vstack(
        [
            [(0, 0.004)],
            arc((radius - 0.005, 0.005), (0.005, 0.005), -90, 0, 4),
            spline(
                [
                    (radius, shoulder * 0.5),
                    (radius, shoulder),
                    (radius * 0.78, shoulder + radius * 0.85),
                    (neck * 1.1, shoulder + radius * 1.5),
                    (neck, height * 0.97),
                ],
                6,
            ),
            [(neck * 1.2, height * 0.975), (neck * 1.2, height), (0, height)],
        ]
    )
    sleeve = revolve(
        [
            (neck * 1.12, height * rng.uniform(0.84, 0.9)),
            (neck * 1.05, height * 0.968),
            (neck * 1.28, height * 0.973),
            (neck * 1.28, height * 1.004),
            (0, height * 1.005),
        ],
        28,
    )
    label = revolve([(radius * 1.01, shoulder * 0.2), (radius * 1.01, shoulder * 0.85)], 36)
    parts = {"body": revolve(line, 36), "cap": sleeve, "label": label}
    proxies = [
        can_proxy(radius, 0, shoulder + radius * 0.4),
        can_proxy(neck * 1.3, shoulder + radius * 0.4, height),
    ]
    return shape(parts, proxies)


def sauce_bottle(rng: Generator) -> Shape:
    """A squeeze or shampoo bottle: oval, with a flip top of its own colour and a printed label."""
    x, y = rng.uniform(0.028, 0.036), rng.uniform(0.018, 0.024)
    height = rng.uniform(0.12, 0.17)
    line = np.vstack(
        [
            [(0, 0)],
            arc((0.88, 0.05), (0.12, 0.05), -90, 0, 5),
            spline([(1.0, 0.4), (rng.uniform(0.85, 1.0), 0.72), (0.72, 0.92), (0.45, 1.0)], 6),
            [(0, 1.0)],
        ]
    )
    body = revolve(line, 40).moved(scale=(x, y, height))
    cap_height = rng.uniform(0.02, 0.035)
    wide = rng.random() < 0.5
    cap = cylinder(1.0, 1.0, 0.08, 32).moved(
        (0, 0, height - 0.001),
        scale=(x * 0.62, y * 0.75, cap_height) if wide else (0.013, 0.013, cap_height),
    )
    label = revolve([(1.012, 0.16), (1.012, 0.55)], 40).moved(scale=(x, y, height))
    parts = {"body": body, "cap": cap, "label": label}
    proxies = [
        box_proxy((x * 1.8, y * 1.8, height * 0.95), (0, 0, height * 0.475)),
        can_proxy(0.013, height * 0.9, height + cap_height),
    ]
    return shape(parts, proxies)


def sports_bottle(rng: Generator) -> Shape:
    """A bottle for the gym: plain body, wide lid with a spout and a loop."""
    radius, height = rng.uniform(0.032, 0.038), rng.uniform(0.15, 0.19)
    line = np.vstack(
        [
            [(0, 0)],
            arc((radius - 0.005, 0.005), (0.005, 0.005), -90, 0, 4),
            [(radius, height * 0.52)],
            spline(
                [
                    (radius * 0.9, height * 0.58),
                    (radius * 0.9, height * 0.66),
                    (radius, height * 0.74),
                ],
                4,
            ),
            [(radius * 0.99, height * 0.9), (radius * 0.84, height)],
        ]
    )
    lid = revolve(
        np.vstack(
            [
                [(radius * 0.9, height - 0.003), (radius * 0.9, height + 0.018)],
                [(radius * 0.5, height + 0.026), (0.0, height + 0.026)],
            ]
        ),
        36,
    )
    spout = cylinder(0.0105, 0.022, 0.003, 24).moved((0, 0, height + 0.024))
    loop = ring(0.014, 0.0028, 20).moved(
        (radius * 0.75, 0, height + 0.022), rotation_about("x", 90)
    )
    parts = {"body": revolve(line, 36), "cap": merge(lid, loop), "spout": spout}
    proxies = [can_proxy(radius, 0, height + 0.015), can_proxy(0.012, height, height + 0.045)]
    return shape(parts, proxies)


def espresso_cup(rng: Generator) -> Shape:
    """A wide tea or coffee cup with a small handle and something to drink in it."""
    radius, height = rng.uniform(0.036, 0.048), rng.uniform(0.05, 0.066)
    foot = radius * rng.uniform(0.48, 0.6)
    line = spline(
        [
            (foot, 0.0),
            (foot * 1.05, 0.004),
            (radius * 0.86, height * 0.4),
            (radius * 0.98, height * 0.8),
            (radius, height),
        ],
        7,
    )
    parts = open_vessel(line, 0.003, 0.006)
    turns = np.deg2rad(np.linspace(-80, 80, 15))
    path = np.column_stack(
        [
            radius * 0.9 + 0.024 * np.cos(turns),
            0 * turns,
            height * 0.58 + height * 0.28 * np.sin(turns),
        ]
    )
    parts["handle"] = tube(path, np.tile([0.0045, 0.0032], (15, 1)), 12)
    level = height * rng.uniform(0.65, 0.85)
    at = float(np.interp(level, line[:, 1], line[:, 0])) - 0.0025
    parts["drink"] = revolve([(at, level), (0, level)], 36)
    proxies = [*vessel_proxies(foot, radius, height), can_proxy(foot, 0, level)]
    proxies.append(box_proxy((0.022, 0.01, height * 0.5), (radius + 0.008, 0, height * 0.58)))
    return shape(parts, proxies)
