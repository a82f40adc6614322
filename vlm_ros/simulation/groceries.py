"""Shapes of further fruit, vegetables and baked things."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from vlm_ros.simulation.meshes import (
    Mesh,
    arc,
    cylinder,
    ellipsoid,
    extrude,
    merge,
    revolve,
    rotation_about,
    spline,
    tube,
)
from vlm_ros.simulation.shapes import (
    Proxy,
    Shape,
    boxed,
    can_proxy,
    hull_proxy,
    rod_proxy,
    shape,
)


def _lumpy(rng: Generator, mesh: Mesh, share: float) -> Mesh:
    """The mesh with soft dents and bumps of a share of its size."""
    points = mesh.vertices
    low, high = mesh.bounds
    unit = (points - (low + high) / 2) / (high - low).max() * 2
    swell = np.zeros(len(points))
    for _ in range(5):
        way = rng.normal(size=3) * 1.6
        swell += np.sin(unit @ way * 2 + rng.uniform(0, 6))
    middle = (low + high) / 2
    moved = middle + (points - middle) * (1 + share * swell / 3)[:, None]
    return Mesh(moved, mesh.normals, mesh.texcoords, mesh.faces)


def _smooth_profile(points: list[tuple[float, float]], steps: int = 6) -> NDArray[np.float64]:
    """A curve to revolve, never left of the axis."""
    line = spline(points, steps)
    line[:, 0] = np.maximum(line[:, 0], 0.0)
    return line


def onion(rng: Generator) -> Shape:
    """An onion with its dry neck and roots."""
    r = rng.uniform(0.028, 0.037)
    h = r * rng.uniform(1.5, 1.8)
    body = revolve(
        _smooth_profile(
            [
                (0, 0),
                (r * 0.6, h * 0.07),
                (r, h * 0.45),
                (r * 0.62, h * 0.85),
                (r * 0.2, h),
                (r * 0.1, h * 1.16),
                (0, h * 1.2),
            ]
        ),
        36,
    )
    top = tube(
        spline([(0, 0, h * 1.1), (0.001, 0, h * 1.25), (0.006, 0.002, h * 1.4)], 4),
        np.linspace(0.004, 0.0012, 9),
        8,
    )
    roots = [
        tube([(0, 0, 0.002), (0.006 * np.cos(a), 0.006 * np.sin(a), 0.0005)], 0.0006, 5)
        for a in np.linspace(0, 6, 8)
    ]
    parts = {"body": _lumpy(rng, body, 0.02), "neck": merge(top, *roots)}
    return shape(parts, [Proxy("ellipsoid", (r, r, h / 2), (0, 0, h / 2))])


def garlic(rng: Generator) -> Shape:
    """A bulb of garlic, its cloves showing."""
    r = rng.uniform(0.022, 0.028)
    h = r * 1.35
    body = revolve(
        _smooth_profile(
            [
                (0, 0),
                (r * 0.7, h * 0.06),
                (r, h * 0.42),
                (r * 0.6, h * 0.8),
                (r * 0.2, h * 1.1),
                (r * 0.16, h * 1.45),
            ]
        ),
        54,
    )
    points = body.vertices.copy()
    angle = np.arctan2(points[:, 1], points[:, 0])
    points[:, :2] *= (1 - 0.13 * np.abs(np.cos(4.5 * angle)) ** 5)[:, None]
    points[:, 0] += 0.15 * np.maximum(points[:, 2] - h, 0)
    parts = {"body": Mesh(points, body.normals, body.texcoords, body.faces)}
    root = cylinder(r * 0.3, 0.002, 0, 18).moved((0, 0, -0.001))
    parts["root"] = root
    return shape(
        parts, [Proxy("ellipsoid", (r, r, h / 2), (0, 0, h / 2)), can_proxy(r * 0.5, 0, h)]
    )


def potato(rng: Generator) -> Shape:
    """A potato."""
    radii = (rng.uniform(0.034, 0.048), rng.uniform(0.025, 0.031), rng.uniform(0.021, 0.026))
    body = _lumpy(rng, ellipsoid(radii, 36), 0.07)
    eyes = [
        ellipsoid((0.0022, 0.0022, 0.0012), 8).moved(body.vertices[int(i)] * 0.985)
        for i in rng.integers(60, len(body.vertices) - 60, 9)
    ]
    return shape({"body": body, "eyes": merge(*eyes)}, [hull_proxy(body.vertices)])


def mushroom(rng: Generator) -> Shape:
    """A button mushroom, upright or lying on its cap's edge."""
    r, h = rng.uniform(0.019, 0.028), rng.uniform(0.018, 0.026)
    stalk = revolve([(0, 0), (r * 0.42, 0.001), (r * 0.36, h * 0.5), (r * 0.4, h), (0, h)], 24)
    gills = revolve([(r * 0.38, h * 0.9), (r * 0.92, h * 0.85)], 36)
    top = revolve(
        np.vstack(
            [
                [(r * 0.86, h * 0.86), (r, h * 0.95)],
                _smooth_profile([(r, h * 0.95), (r * 0.85, h * 1.5), (0, h * 1.85)], 8)[1:],
            ]
        ),
        36,
    )
    parts = {"body": top, "stem": merge(stalk, gills)}
    if rng.random() < 0.5:
        tip = rotation_about("x", 115.0)
        parts = {name: mesh.moved(rotation=tip) for name, mesh in parts.items()}
    return shape(parts, [hull_proxy(merge(*parts.values()).vertices)])


def grapes(rng: Generator) -> Shape:
    """A bunch of grapes lying on the table."""
    berry = rng.uniform(0.0085, 0.011)
    length = rng.uniform(0.08, 0.11)
    placed: list[NDArray[np.float64]] = []
    for _ in range(900):
        t = rng.uniform(0, 1)
        reach = 0.032 * (1 - t) ** 0.6 + 0.006
        angle, out = rng.uniform(0, np.pi), np.sqrt(rng.uniform(0.1, 1))
        place = np.array(
            [
                length * t,
                reach * out * np.cos(angle) * 1.1,
                berry + reach * out * np.sin(angle) * 0.8,
            ]
        )
        if all(np.linalg.norm(place - other) > 1.55 * berry for other in placed):
            placed.append(place)
    grape = ellipsoid((berry * 1.12, berry, berry), 14, 9)
    balls = [
        grape.moved(place, rotation_about("z", float(rng.uniform(-40, 40)))) for place in placed
    ]
    path = spline(
        [(length * 0.6, 0, 0.012), (0, 0, 0.02), (-0.02, 0.004, 0.018), (-0.04, 0.002, 0.01)], 5
    )
    parts = {"body": merge(*balls), "stem": tube(path, 0.0018, 8)}
    return shape(parts, [hull_proxy(parts["body"].vertices)])


def kiwi(rng: Generator) -> Shape:
    """A whole kiwi."""
    long, r = rng.uniform(0.03, 0.036), rng.uniform(0.022, 0.026)
    knob = ellipsoid((0.003, 0.004, 0.004), 10).moved((long * 0.98, 0, 0))
    parts = {"body": ellipsoid((long, r, r), 30), "end": knob}
    return shape(parts, [Proxy("ellipsoid", (long, r, r))])


def kiwi_half(rng: Generator) -> Shape:
    """Half a kiwi, its cut face up: seeds around a pale core."""
    r, stretch = rng.uniform(0.022, 0.026), rng.uniform(1.0, 1.4)
    wide = (stretch, 1, 1)
    bowl = revolve(arc((0, 0), (r, r), -90, 0, 12), 36).moved(scale=wide)
    disc = cylinder(r * 0.95, 0.001, 0, 36).moved(scale=wide)
    core = cylinder(r * 0.24, 0.0006, 0, 24).moved((0, 0, 0.001), scale=(stretch * 1.1, 1, 1))
    seeds = [
        ellipsoid((0.0019, 0.0009, 0.0005), 8)
        .moved((r * (0.42 + 0.1 * (i % 2)), 0, 0.0012))
        .moved(rotation=rotation_about("z", float(turn)))
        .moved(scale=wide)
        for i, turn in enumerate(np.linspace(0, 360, 22, endpoint=False))
    ]
    rim = revolve([(r * 0.94, -0.0003), (r, 0.0), (r * 0.94, 0.0003)], 36).moved(scale=wide)
    parts = {"body": disc, "skin": merge(bowl, rim), "core": core, "seeds": merge(*seeds)}
    return shape(parts, [hull_proxy(merge(bowl, disc).vertices)])


def avocado(rng: Generator) -> Shape:
    """Half an avocado with its stone, or a whole one."""
    r = rng.uniform(0.03, 0.036)
    profile = [
        (0, -r * 1.05),
        (r * 0.7, -r * 0.8),
        (r, -r * 0.1),
        (r * 0.72, r * 0.8),
        (r * 0.36, r * 1.5),
        (0, r * 1.75),
    ]
    if rng.random() < 0.4:
        body = revolve(_smooth_profile(profile), 36).moved(rotation=rotation_about("y", 90))
        proxies = [Proxy("ellipsoid", (r * 1.3, r * 0.95, r * 0.95), (r * 0.25, 0, 0))]
        return shape({"body": body}, proxies)
    line = _smooth_profile(profile)
    outline = np.column_stack(
        [np.concatenate([line[:, 1], line[::-1, 1]]), np.concatenate([line[:, 0], -line[::-1, 0]])]
    )
    outline = outline[
        np.concatenate([[True], np.linalg.norm(np.diff(outline, axis=0), axis=1) > 1e-5])
    ][:-1]
    # The lower half of the turned fruit: its flesh looks up.
    shell = revolve(line, 36).moved(rotation=rotation_about("y", 90))
    points = shell.vertices.copy()
    points[:, 2] = np.minimum(points[:, 2], 0.0) * 0.95
    skin = Mesh(points, shell.normals, shell.texcoords, shell.faces)
    rim = extrude(outline * 0.985, 0.0008).moved((0, 0, -0.0002))
    flesh = extrude(outline * 0.9, 0.001).moved((r * 0.02, 0, 0.0002))
    stone = ellipsoid((r * 0.47, r * 0.45, r * 0.3), 24).moved((-r * 0.12, 0, 0.001))
    parts = {"body": skin, "rind": rim, "flesh": flesh, "stone": stone}
    return shape(parts, [hull_proxy(merge(skin, flesh).vertices)])


def citrus_half(rng: Generator) -> Shape:
    """Half an orange or lemon, its segments up."""
    r = rng.uniform(0.026, 0.037)
    bowl = revolve(arc((0, 0), (r, r * 0.92), -90, 0, 12), 40)
    pith = cylinder(r * 0.985, 0.0008, 0, 40)
    wedges = []
    count = 9
    for i in range(count):
        a, b = np.deg2rad(360 / count * i + 3.5), np.deg2rad(360 / count * (i + 1) - 3.5)
        mid = (a + b) / 2
        tip = (0.13 * r * np.cos(mid), 0.13 * r * np.sin(mid))
        rim = [(0.86 * r * np.cos(t), 0.86 * r * np.sin(t)) for t in np.linspace(a, b, 6)]
        wedges.append(extrude(np.array([tip, *rim]), 0.0008).moved((0, 0, 0.0006)))
    parts = {"body": bowl, "pith": pith, "flesh": merge(*wedges)}
    return shape(parts, [hull_proxy(merge(bowl, pith).vertices)])


def corn(rng: Generator) -> Shape:
    """A cob of corn with rows of kernels, some leaves at its end."""
    length, r = rng.uniform(0.13, 0.17), rng.uniform(0.02, 0.024)
    rows, rings = 14, 26
    kernel = ellipsoid((1.0, 1.0, 1.0), 6, 6)
    kernels = []
    for j in range(rings):
        t = j / (rings - 1)
        radius = r * float(np.interp(t, [0, 0.12, 0.6, 0.92, 1], [0.85, 1, 0.95, 0.6, 0.25]))
        for i in range(rows):
            angle = 2 * np.pi * (i + 0.5 * (j % 2)) / rows
            kernels.append(
                kernel.moved(
                    (length * t, 0, radius * 0.92),
                    scale=(length / rings * 0.56, radius * 0.21, radius * 0.2),
                ).moved(rotation=rotation_about("x", float(np.rad2deg(angle))))
            )
    leaves = []
    for angle in (30, 150, 220, 330):
        path = spline(
            [
                (-0.035, 0, 0.002),
                (0.0, 0, r * 1.05),
                (0.035, 0, r * 1.25),
                (0.075, 0, r * rng.uniform(1.15, 1.6)),
            ],
            5,
        )
        widths = np.column_stack(
            [
                np.interp(np.linspace(0, 1, 16), [0, 0.4, 1], [0.005, 0.016, 0.002]),
                np.full(16, 0.0006),
            ]
        )
        leaves.append(tube(path, widths, 8).moved(rotation=rotation_about("x", float(angle))))
    parts = {"body": merge(*kernels), "leaves": merge(*leaves)}
    return shape(parts, [hull_proxy(merge(*parts.values()).vertices)])


def broccoli(rng: Generator) -> Shape:
    """A floret of broccoli lying on its side."""
    r = rng.uniform(0.03, 0.042)
    stalk = tube([(0, 0, 0), (0, 0, r * 0.9)], np.array([r * 0.4, r * 0.45]), 16)
    arms, buds = [], []
    for i in range(34):
        height = 1 - (i + 0.5) / 34 * 0.95
        angle = i * 2.39996
        flat = np.sqrt(1 - height**2)
        way = np.array([flat * np.cos(angle), flat * np.sin(angle), height])
        place = way * r * rng.uniform(0.85, 1.0) * [1, 1, 0.75] + [0, 0, r * 0.95]
        size = r * rng.uniform(0.24, 0.33)
        buds.append(_lumpy(rng, ellipsoid((size, size, size * 0.85), 12, 8), 0.2).moved(place))
        if i % 4 == 3:
            arms.append(tube(np.array([(0, 0, r * 0.6), place]), np.array([r * 0.22, r * 0.14]), 8))
    lay = rotation_about("x", 78.0) if rng.random() < 0.7 else np.eye(3)
    parts = {"body": merge(*buds), "stalk": merge(stalk, *arms)}
    parts = {name: mesh.moved(rotation=lay) for name, mesh in parts.items()}
    return shape(parts, [hull_proxy(parts["body"].vertices), hull_proxy(parts["stalk"].vertices)])


def watermelon_slice(rng: Generator) -> Shape:
    """A wedge of watermelon: red flesh, black seeds, green rind."""
    r, thick = rng.uniform(0.075, 0.1), rng.uniform(0.02, 0.03)
    stand = rotation_about("x", 90) if rng.random() < 0.3 else np.eye(3)
    half = rng.uniform(38, 90)

    def sector(radius: float, high: float) -> Mesh:
        rim = arc((0, 0), (radius, radius), -90 - half, -90 + half, 21)
        outline = rim if half > 88 else np.vstack([rim, [(0, 0)]])
        return extrude(outline, high).moved((0, 0, -high / 2))

    def shell(inner: float, outer: float, high: float) -> Mesh:
        first = arc((0, 0), (outer, outer), -90 - half, -90 + half, 21)
        last = arc((0, 0), (inner, inner), -90 + half, -90 - half, 21)
        return extrude(np.vstack([first, last]), high).moved((0, 0, -high / 2))

    flesh = sector(r * 0.88, thick)
    pale = shell(r * 0.875, r * 0.94, thick * 1.002)
    rind = shell(r * 0.935, r, thick * 1.004)
    seeds = []
    for _ in range(16):
        reach, turn = r * rng.uniform(0.4, 0.8), np.deg2rad(-90 + rng.uniform(-0.85, 0.85) * half)
        for side in (-1, 1):
            seeds.append(
                ellipsoid((0.0026, 0.0017, 0.0008), 8)
                .moved((0, 0, side * thick / 2), rotation_about("z", float(np.rad2deg(turn))))
                .moved((reach * np.cos(turn), reach * np.sin(turn), 0))
            )
    parts = {"body": flesh, "pith": pale, "rind": rind, "seeds": merge(*seeds)}
    parts = {name: mesh.moved(rotation=stand) for name, mesh in parts.items()}
    return shape(parts, [hull_proxy(merge(parts["body"], parts["rind"]).vertices)])


def croissant(rng: Generator) -> Shape:
    """A croissant: a crescent of thick rolled layers."""
    bend, thick = rng.uniform(0.042, 0.052), rng.uniform(0.02, 0.026)
    sweep = rng.uniform(165, 205)
    count = 57
    angles = np.deg2rad(np.linspace(90 - sweep / 2, 90 + sweep / 2, count))
    path = np.column_stack([bend * np.cos(angles), bend * np.sin(angles), np.zeros(count)])
    t = np.linspace(-1, 1, count)
    swell = thick * (1 - np.abs(t) ** 1.8) ** 0.7 + 0.005
    layer = np.mod(np.abs(t) * 4.5, 1.0)
    radii = swell * (1.05 - 0.2 * layer)
    body = tube(path, np.column_stack([radii, radii * 0.86]), 22)
    creases = []
    for k in np.arange(1, 5) / 4.5:
        for sign in (-1, 1):
            i = int(np.argmin(np.abs(t - sign * k)))
            turn = rotation_about("z", float(np.rad2deg(angles[i])))
            a = np.linspace(-0.4, np.pi + 0.4, 15)
            line = np.column_stack([np.cos(a) * radii[i], 0 * a, np.sin(a) * radii[i] * 0.87])
            creases.append(tube(line, 0.0009, 6).moved(path[i], turn))
    parts = {"body": body, "creases": merge(*creases)}
    third = count // 3
    proxies = [
        hull_proxy(tube(path[a:b], radii[a:b] * 0.93, 12).vertices)
        for a, b in ((0, third + 2), (third, 2 * third + 2), (2 * third, count))
    ]
    return shape(parts, proxies)


def bread_roll(rng: Generator) -> Shape:
    """A round or long bread roll with cuts on its crust."""
    x, y, z = rng.uniform(0.042, 0.075), rng.uniform(0.036, 0.042), rng.uniform(0.038, 0.05)
    dome = revolve(
        np.vstack(
            [
                [(0, 0)],
                arc((0.82, 0.22), (0.18, 0.22), -90, -10, 5),
                arc((0, 0.25), (1, 0.75), 0, 89, 10),
            ]
        ),
        36,
    )
    body = _lumpy(rng, dome.moved(scale=(x, y, z)), 0.025)
    cuts = []
    for place in np.linspace(-0.5, 0.5, int(rng.integers(2, 5))):
        line = np.linspace(-0.62, 0.62, 9)
        px, py = place * x + 0.2 * line * x * 0.5, line * y
        pz = z * (0.25 + 0.75 * np.sqrt(np.maximum(1 - (px / x) ** 2 - (py / y) ** 2, 0)))
        widths = np.column_stack([0.0035 * (1.05 - line**2 * 2.2), np.full(9, 0.0013)])
        cuts.append(tube(np.column_stack([px, py, pz]), np.maximum(widths, 0.0005), 8))
    return shape({"body": body, "cuts": merge(*cuts)}, [hull_proxy(body.vertices)])


def cookie(rng: Generator) -> Shape:
    """A round biscuit with chocolate chips, or a plain one with holes."""
    r, h = rng.uniform(0.026, 0.038), rng.uniform(0.009, 0.013)
    disc = revolve(
        np.vstack(
            [
                [(0, 0)],
                arc((r - h * 0.5, h * 0.45), (h * 0.5, h * 0.45), -90, 45, 6),
                [(r * 0.6, h * 0.93), (0, h)],
            ]
        ),
        36,
    )
    body = _lumpy(rng, disc, 0.03)
    chips = []
    for i in range(int(rng.integers(8, 16))):
        reach, turn = r * 0.85 * np.sqrt((i + 0.5) / 16), 2.4 * i + rng.uniform(0, 0.6)
        size = rng.uniform(0.002, 0.0042)
        place = (reach * np.cos(turn), reach * np.sin(turn), h * 0.94)
        chips.append(_lumpy(rng, ellipsoid((size, size * 0.9, size * 0.6), 8), 0.2).moved(place))
    return shape({"body": body, "chips": merge(*chips)}, [can_proxy(r * 0.97, 0, h)])


def muffin(rng: Generator) -> Shape:
    """A muffin in its paper case."""
    r, h = rng.uniform(0.026, 0.031), rng.uniform(0.034, 0.042)
    case = revolve([(0, 0), (r * 0.72, 0), (r, h)], 60)
    points = case.vertices.copy()
    angle = np.arctan2(points[:, 1], points[:, 0])
    points[:, :2] *= (1 + 0.035 * np.sign(np.sin(30 * angle)))[:, None]
    paper = Mesh(points, case.normals, case.texcoords, case.faces)
    top = revolve(
        np.vstack(
            [
                arc((r * 0.95, h * 1.02), (r * 0.28, h * 0.16), -80, 60, 8),
                _smooth_profile([(r * 1.08, h * 1.15), (r * 0.7, h * 1.5), (0, h * 1.62)], 6)[1:],
            ]
        ),
        36,
    )
    crown = _lumpy(rng, top, 0.025)
    bits = [
        ellipsoid((0.0034, 0.0034, 0.003), 8).moved(crown.vertices[int(i)] * [0.97, 0.97, 1])
        for i in rng.integers(len(crown.vertices) // 3, len(crown.vertices), 10)
    ]
    parts = {"body": crown, "case": paper, "bits": merge(*bits)}
    proxies = [can_proxy(r * 0.8, 0, h * 0.6), can_proxy(r * 1.15, h * 0.6, h * 1.5)]
    return shape(parts, proxies)


def pizza_slice(rng: Generator) -> Shape:
    """A slice of pizza with salami and a thick crust."""
    r, half = rng.uniform(0.13, 0.16), rng.uniform(17, 24)
    rim = arc((0, 0), (r, r), -half, half, 11)
    base = extrude(np.vstack([[(0, 0)], rim]), 0.007)
    sauce = extrude(np.vstack([[(0.004, 0)], rim * [0.93, 0.9]]), 0.0095)
    edge = np.column_stack([rim * 0.975, np.full(len(rim), 0.009)])
    crust = tube(edge, np.tile([0.0105, 0.009], (len(rim), 1)), 12)
    tops = []
    for reach, turn in ((0.5, 0.1), (0.75, -0.55), (0.76, 0.6), (0.3, -0.1)):
        angle = np.deg2rad(turn * half)
        place = (r * reach * np.cos(angle), r * reach * np.sin(angle), 0.0092)
        tops.append(cylinder(min(0.014, r * reach * 0.2), 0.0018, 0.0006, 22).moved(place))
    parts = {"body": sauce, "crust": merge(base, crust), "salami": merge(*tops)}
    return boxed(parts)


def sandwich(rng: Generator) -> Shape:
    """Half a sandwich cut from corner to corner, its filling to be seen."""
    side = rng.uniform(0.095, 0.115)
    triangle = np.array([(0, 0), (side, 0), (0, side)]) - side / 3
    layers = {
        "body": (0.0, 0.013),
        "ham": (0.0125, 0.004),
        "cheese": (0.0165, 0.003),
        "lettuce": (0.0195, 0.003),
    }
    parts = {}
    for name, (low, high) in layers.items():
        wide = 1.0 if name == "body" else rng.uniform(1.0, 1.06)
        parts[name] = extrude(triangle * wide, high).moved((rng.normal(0, 0.001), 0, low))
    parts["body"] = merge(parts["body"], extrude(triangle, 0.013).moved((0, 0, 0.0225)))
    outer = np.array(
        [(0, 0), (side, 0), (side, -0.004), (-0.004, -0.004), (-0.004, side), (0, side)]
    )
    crusts = [extrude(outer - side / 3, 0.0132).moved((0, 0, low)) for low in (0.0, 0.0224)]
    parts["crust"] = merge(*crusts)
    return shape(parts, [hull_proxy(merge(*parts.values()).vertices)])


def strawberry(rng: Generator) -> Shape:
    """A strawberry lying on its side, with seeds and leaves."""
    r, h = rng.uniform(0.014, 0.018), rng.uniform(0.034, 0.042)
    line = _smooth_profile(
        [
            (0, 0),
            (r * 0.5, h * 0.1),
            (r * 0.95, h * 0.55),
            (r * 0.95, h * 0.8),
            (r * 0.5, h * 0.97),
            (0, h),
        ]
    )
    seed = ellipsoid((0.0008, 0.0008, 0.0011), 6, 5)
    seeds = []
    for i in range(60):
        t = (i + 2) / 66
        at = float(np.interp(t * h, line[:, 1], line[:, 0]))
        angle = i * 2.39996
        seeds.append(seed.moved((at * np.cos(angle), at * np.sin(angle), t * h)))
    star = []
    for turn in range(0, 360, 45):
        path = spline([(0, 0, h), (r * 0.6, 0, h * 1.02), (r * 1.05, 0, h * 0.93)], 4)
        widths = np.column_stack(
            [np.linspace(0.0035, 0.0006, len(path)), np.full(len(path), 0.0006)]
        )
        star.append(tube(path, widths, 8).moved(rotation=rotation_about("z", float(turn))))
    stalk = tube(
        spline([(0, 0, h * 0.98), (0.001, 0, h * 1.15), (0.005, 0, h * 1.3)], 4), 0.0011, 8
    )
    lay = rotation_about("y", 80)
    parts = {"body": revolve(line, 30), "seeds": merge(*seeds), "leaves": merge(stalk, *star)}
    parts = {name: mesh.moved(rotation=lay) for name, mesh in parts.items()}
    return shape(parts, [hull_proxy(parts["body"].vertices)])


def mango(rng: Generator) -> Shape:
    """A mango lying on its side."""
    radii = (rng.uniform(0.048, 0.056), rng.uniform(0.034, 0.039), rng.uniform(0.03, 0.035))
    body = ellipsoid(radii, 36)
    points = body.vertices.copy()
    points[:, 1] += 0.008 * (points[:, 0] / radii[0]) ** 2
    points[:, 1:] *= (1 - 0.14 * points[:, 0] / radii[0])[:, None]
    skin = Mesh(points, body.normals, body.texcoords, body.faces)
    knob = cylinder(0.0022, 0.007, 0.0005, 10).moved(
        (-radii[0] * 0.98, 0.007, 0), rotation_about("y", -90)
    )
    return shape({"body": skin, "stem": knob}, [hull_proxy(skin.vertices)])


def ripe_banana(rng: Generator) -> Shape:
    """A banana with five edges, a long stalk at one end and a dark tip at the other."""
    bend, r = rng.uniform(0.075, 0.11), rng.uniform(0.0165, 0.0195)
    sweep = rng.uniform(95, 120)
    count = 34
    t = np.linspace(0, 1, count)
    angles = np.deg2rad((t - 0.5) * sweep)
    path = np.column_stack([bend * np.sin(angles), bend * np.cos(angles), 0 * t])
    path[-6:, 1] += np.linspace(0, 0.012, 6)
    knots = [0.0, 0.025, 0.06, 0.16, 0.32, 0.6, 0.78, 0.86, 0.93, 1.0]
    widths = [0.22, 0.3, 0.48, 0.86, 1.0, 0.98, 0.72, 0.42, 0.28, 0.26]
    ridged = tube(path, r * np.interp(t, knots, widths), 20)
    points = ridged.vertices.copy()
    around = np.linspace(0, 2 * np.pi, 21)
    edge = 1 + 0.06 * np.cos(5 * around)
    wall = points[: count * 21].reshape(count, 21, 3)
    points[: count * 21] = (path[:, None] + (wall - path[:, None]) * edge[None, :, None]).reshape(
        -1, 3
    )
    body = Mesh(points, ridged.normals, ridged.texcoords, ridged.faces)
    dark = tube(path[:2], r * 0.3, 10)
    cut = tube(path[-2:], r * 0.29, 10)
    proxies = []
    for start, stop in ((3, 11), (11, 19), (19, 27)):
        a, b = path[start], path[stop]
        proxies.append(rod_proxy(r * 0.95, (a[0], a[1], 0.0), (b[0], b[1], 0.0)))
    return shape({"body": body, "tip": merge(dark, cut)}, proxies)


def tea_bag(rng: Generator) -> Shape:
    """A tea bag with its string and tag."""
    x, y = rng.uniform(0.045, 0.055), rng.uniform(0.055, 0.065)
    cushion = ellipsoid((x * 0.46, y * 0.44, 0.0055), 20).moved((0, 0, 0.003))
    sheet = extrude([(-x / 2, -y / 2), (x / 2, -y / 2), (x / 2, y / 2), (-x / 2, y / 2)], 0.001)
    string = spline(
        [
            (0, y / 2, 0.001),
            (0.01, y / 2 + 0.02, 0.001),
            (rng.uniform(-0.03, 0.03), y / 2 + 0.045, 0.001),
            (0.02, y / 2 + 0.075, 0.001),
        ],
        6,
    )
    end = string[-1]
    tag = extrude([(-0.012, 0), (0.012, 0), (0.012, 0.024), (-0.012, 0.024)], 0.0008).moved(end)
    return boxed({"body": merge(sheet, cushion), "string": tube(string, 0.0006, 6), "tag": tag})
