"""Shapes of things that hold things: cups, bowls, bottles, pans."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator
from numpy.typing import ArrayLike, NDArray

from vlm_ros.simulation.meshes import (
    Mesh,
    arc,
    cylinder,
    ellipsoid,
    extrude,
    merge,
    revolve,
    ring,
    rotation_about,
    rounded_rectangle,
    spline,
    tube,
)
from vlm_ros.simulation.shapes import (
    Proxy,
    Shape,
    box_proxy,
    can_proxy,
    rod_proxy,
    shape,
    vessel_proxies,
)


def open_vessel(outer: ArrayLike, wall: float, floor: float) -> dict[str, Mesh]:
    """Body and inside of a hollow vessel from its outer profile, bottom to rim."""
    line = np.asarray(outer, np.float64)
    body = revolve(np.vstack([[(0.0, line[0, 1])], line]))
    at_floor = float(np.interp(floor, line[:, 1], line[:, 0]))
    inner = np.vstack([[(at_floor, floor)], line[line[:, 1] > floor]]) - [wall, 0.0]
    rim, lip = line[-1], inner[-1]
    edge = arc((float(rim[0] + lip[0]) / 2, float(rim[1])), (wall / 2, wall / 2), 0, 180, 5)
    inside = revolve(np.vstack([edge, inner[::-1], [(0.0, floor)]]))
    return {"body": body, "inside": inside}


def c_handle(radius: float, low: float, high: float, reach: float, thickness: float) -> Mesh:
    """A handle in the xz plane that leaves a wall at `radius` between two heights."""
    middle, half = (low + high) / 2, (high - low) / 2
    angles = np.deg2rad(np.linspace(-90, 90, 15))
    path = np.column_stack(
        [
            radius - thickness * 0.5 + reach * np.cos(angles) ** 0.8,
            np.zeros(15),
            middle + half * np.sin(angles),
        ]
    )
    return tube(path, np.tile([thickness * 1.25, thickness * 0.8], (15, 1)), 12)


def cup(rng: Generator) -> Shape:
    """A tapered drinking cup without a handle."""
    top = rng.uniform(0.036, 0.044)
    bottom = top * rng.uniform(0.66, 0.9)
    height = rng.uniform(0.085, 0.115)
    line = np.vstack([arc((bottom - 0.006, 0.006), (0.006, 0.006), -90, -15, 5), [(top, height)]])
    parts = open_vessel(line, 0.003, 0.007)
    return shape(parts, vessel_proxies(bottom, top, height), hollow=False)


def mug(rng: Generator) -> Shape:
    """A straight mug with a handle."""
    radius = rng.uniform(0.038, 0.044)
    height = rng.uniform(0.085, 0.105)
    belly = rng.uniform(-0.002, 0.005)
    curve = spline([(radius, 0.01), (radius + belly, height * 0.5), (radius, height)], 8)
    line = np.vstack([arc((radius - 0.008, 0.008), (0.008, 0.008), -90, -10, 6), curve])
    parts = open_vessel(line, 0.004, 0.008)
    parts["handle"] = c_handle(
        radius, height * 0.22, height * 0.82, rng.uniform(0.026, 0.034), 0.0055
    )
    proxies = vessel_proxies(radius, radius, height)
    proxies.append(box_proxy((0.028, 0.012, height * 0.6), (radius + 0.014, 0.0, height * 0.52)))
    return shape(parts, proxies)


def bowl(rng: Generator) -> Shape:
    """A wide round bowl."""
    radius = rng.uniform(0.068, 0.085)
    height = radius * rng.uniform(0.62, 0.82)
    foot = radius * rng.uniform(0.4, 0.5)
    flare = rng.uniform(0.72, 0.84)
    line = spline(
        [
            (foot, 0.0),
            (foot * 1.02, 0.006),
            (radius * flare, height * 0.36),
            (radius * 0.95, height * 0.7),
            (radius, height),
        ],
        7,
    )
    parts = open_vessel(line, 0.004, 0.009)
    return shape(parts, vessel_proxies(foot * 1.3, radius, height, sides=12), hollow=True)


def plate(rng: Generator) -> Shape:
    """A flat dinner plate with a raised rim."""
    radius, height = rng.uniform(0.092, 0.118), rng.uniform(0.02, 0.026)
    well = radius * rng.uniform(0.6, 0.68)
    body = _dish(radius, height, well, well + 0.011, height * 0.62)
    return shape({"body": body}, vessel_proxies(well, radius, height, 0.005, 12), hollow=True)


def saucer(rng: Generator) -> Shape:
    """A small plate with a ring for the cup."""
    radius, height = rng.uniform(0.062, 0.072), rng.uniform(0.018, 0.022)
    well = radius * 0.4
    body = _dish(radius, height, well, well + 0.005, height * 0.42)
    return shape({"body": body}, vessel_proxies(well, radius, height, 0.005), hollow=True)


def _dish(radius: float, height: float, well: float, shoulder: float, step: float) -> Mesh:
    """A plate: flat well, steep step up to the shoulder, sloping rim with a bead."""
    outer = [(well * 0.9, 0.0), (well, 0.002), (shoulder, step * 0.9), (radius, height - 0.003)]
    bead = arc((radius - 0.001, height - 0.0015), (0.0022, 0.0015), -60, 170, 7)
    inner = [(shoulder + 0.002, step + 0.002), (well, 0.0065), (well * 0.97, 0.0055), (0.0, 0.005)]
    return revolve(np.vstack([[(0.0, 0.0)], outer, bead, inner]), 48)


def bottle(rng: Generator) -> Shape:
    """A bottle with shoulder, neck and cap."""
    radius = rng.uniform(0.029, 0.037)
    height = rng.uniform(0.19, 0.25)
    neck = rng.uniform(0.010, 0.014)
    shoulder = height * rng.uniform(0.55, 0.68)
    neck_low, neck_top = height * rng.uniform(0.74, 0.8), height * 0.93
    curve = spline(
        [(radius, shoulder), (radius * 0.85, (shoulder + neck_low) / 2), (neck, neck_low)], 6
    )
    base = arc((radius - 0.006, 0.006), (0.006, 0.006), -90, 0, 5)
    line = np.vstack([[(0, 0)], base, curve, [(neck, neck_top), (0, neck_top)]])
    cap_radius = neck * 1.25
    cap = cylinder(cap_radius, height * 0.1, 0.0015, 24).moved((0, 0, height * 0.9))
    parts = {"body": revolve(line), "cap": cap}
    label = rng.random() < 0.6
    if label:
        parts["label"] = _band(radius + 0.0006, shoulder * 0.25, shoulder * 0.85)
    return shape(parts, [can_proxy(radius, 0.0, shoulder), can_proxy(neck * 1.3, shoulder, height)])


def _band(radius: float, low: float, high: float) -> Mesh:
    """A thin label around a vessel."""
    return revolve([(radius - 0.001, low), (radius, low), (radius, high), (radius - 0.001, high)])


def can(rng: Generator) -> Shape:
    """A drinks or food can with metal ends."""
    slim = rng.random() < 0.6
    radius = 0.033 if slim else rng.uniform(0.036, 0.042)
    height = rng.uniform(0.112, 0.125) if slim else rng.uniform(0.085, 0.115)
    neck = radius * (0.82 if slim else 0.985)
    low, high = (0.010, height - 0.012) if slim else (0.002, height - 0.003)
    body = revolve([(radius, low), (radius, high)])
    bottom = revolve([(0, 0.002), (neck * 0.9, 0.0), (neck, 0.001), (radius, low)])
    top = revolve(
        [
            (radius, high),
            (neck, height - 0.002),
            (neck, height),
            (neck - 0.002, height),
            (neck - 0.003, height - 0.004),
            (0, height - 0.004),
        ]
    )
    lid = merge(bottom, top)
    if slim:
        tab = extrude(rounded_rectangle(0.014, 0.022, 0.006), 0.0012)
        lid = merge(lid, tab.moved((0, 0.004, height - 0.004)))
    return shape({"body": body, "lid": lid}, [can_proxy(radius, 0.0, height)])


def jar(rng: Generator) -> Shape:
    """A wide jar with a screw lid."""
    radius = rng.uniform(0.036, 0.046)
    height = rng.uniform(0.085, 0.125)
    neck = radius * rng.uniform(0.84, 0.93)
    lid_low = height * rng.uniform(0.8, 0.85)
    base = arc((radius - 0.007, 0.007), (0.007, 0.007), -90, 0, 5)
    top = spline([(radius, lid_low - 0.014), (radius * 0.97, lid_low - 0.006), (neck, lid_low)], 4)
    body = revolve(np.vstack([[(0, 0)], base, top, [(neck, height * 0.95), (0, height * 0.95)]]))
    lid = cylinder(neck * 1.06, height - lid_low, 0.002).moved((0, 0, lid_low))
    parts = {"body": body, "lid": lid}
    if rng.random() < 0.4:
        parts["label"] = _band(radius + 0.0006, height * 0.2, height * 0.6)
    return shape(parts, [can_proxy(radius, 0.0, height)])


def glass(rng: Generator) -> Shape:
    """A straight drinking glass."""
    top = rng.uniform(0.031, 0.037)
    bottom = top * rng.uniform(0.78, 0.95)
    height = rng.uniform(0.11, 0.145)
    parts = open_vessel([(bottom - 0.003, 0.0), (bottom, 0.003), (top, height)], 0.0025, 0.012)
    return shape(parts, vessel_proxies(bottom, top, height))


def wine_glass(rng: Generator) -> Shape:
    """A stemmed glass."""
    radius = rng.uniform(0.034, 0.04)
    stem, height = rng.uniform(0.07, 0.085), rng.uniform(0.16, 0.19)
    foot = [(0, 0), (0.034, 0.0), (0.034, 0.002), (0.008, 0.006), (0.004, 0.015), (0.004, stem)]
    goblet = spline(
        [
            (0.004, stem),
            (radius * 0.75, stem + (height - stem) * 0.18),
            (radius, stem + (height - stem) * 0.5),
            (radius * 0.82, height),
        ],
        7,
    )
    inner = (goblet[1:] - [0.002, 0.0])[::-1]
    inner = inner[inner[:, 0] > 0.004]
    body = revolve(np.vstack([foot, goblet]))
    inside = revolve(np.vstack([goblet[-1:], inner, [(0.0, stem + 0.006)]]))
    proxies = [
        can_proxy(0.034, 0.0, 0.006),
        can_proxy(0.006, 0.006, stem),
        can_proxy(radius, stem, height),
    ]
    return shape({"body": body, "inside": inside}, proxies)


def vase(rng: Generator) -> Shape:
    """A bellied vase."""
    radius = rng.uniform(0.042, 0.055)
    height = rng.uniform(0.16, 0.22)
    neck = radius * rng.uniform(0.4, 0.55)
    belly = rng.uniform(0.3, 0.45)
    line = spline(
        [
            (radius * 0.6, 0.0),
            (radius * 0.92, height * belly * 0.5),
            (radius, height * belly),
            (neck * 1.1, height * 0.76),
            (neck, height * 0.86),
            (neck * 1.45, height),
        ],
        7,
    )
    throat = line[line[:, 1] > height * 0.7] - [0.003, 0.0]
    body = revolve(np.vstack([[(0, 0)], line]))
    inside = revolve(np.vstack([line[-1:], throat[::-1], [(0, height * 0.7)]]))
    proxies = [
        can_proxy(radius * 0.9, 0.0, height * 0.65),
        can_proxy(neck * 1.2, height * 0.65, height),
    ]
    return shape({"body": body, "inside": inside}, proxies)


def flower_pot(rng: Generator) -> Shape:
    """A pot of earth with a plant in it."""
    top, height = rng.uniform(0.045, 0.055), rng.uniform(0.075, 0.095)
    line = [
        (top * 0.68, 0.0),
        (top * 0.9, height * 0.76),
        (top, height * 0.765),
        (top * 1.02, height),
    ]
    parts = open_vessel(line, 0.005, 0.01)
    parts["earth"] = revolve([(top * 0.93, height * 0.86), (0.0, height * 0.9)])
    leaves = [_leaf(rng, height * 0.88, turn) for turn in np.linspace(0, 320, 9)]
    parts["plant"] = merge(*leaves)
    return shape(
        parts, [can_proxy(top * 0.8, 0.0, height * 0.5), can_proxy(top, height * 0.5, height)]
    )


def _leaf(rng: Generator, base: float, turn: float) -> Mesh:
    reach, rise = rng.uniform(0.03, 0.055), rng.uniform(0.03, 0.07)
    path = spline([(0, 0, base), (reach * 0.4, 0, base + rise), (reach, 0, base + rise * 0.9)], 5)
    span = np.linspace(0, 1, len(path))
    width = 0.002 + 0.013 * np.sin(np.pi * span**0.8) ** 1.0
    blade = tube(path, np.column_stack([width, np.full(len(path), 0.0012)]), 8)
    return blade.moved(rotation=rotation_about("z", turn + rng.uniform(-15, 15)))


def bucket(rng: Generator) -> Shape:
    """A small pail with a wire handle."""
    top, height = rng.uniform(0.055, 0.065), rng.uniform(0.09, 0.11)
    line = [(top * 0.72, 0.0), (top * 0.97, height * 0.96), (top, height * 0.965), (top, height)]
    parts = open_vessel(line, 0.003, 0.005)
    angles = np.deg2rad(np.linspace(0, 180, 19))
    fall = rng.uniform(0.15, 0.9)
    path = np.column_stack(
        [
            top * 1.01 * np.cos(angles),
            top * 1.1 * np.sin(angles) * np.sin(fall),
            height * 0.94 + top * 1.1 * np.sin(angles) * np.cos(fall),
        ]
    )
    parts["handle"] = tube(path, 0.002, 8)
    return shape(parts, vessel_proxies(top * 0.75, top, height), hollow=False)


def teapot(rng: Generator) -> Shape:
    """A round teapot with spout, handle and lid."""
    radius = rng.uniform(0.058, 0.068)
    height = radius * rng.uniform(1.45, 1.65)
    line = spline(
        [
            (radius * 0.62, 0.0),
            (radius * 0.95, height * 0.28),
            (radius, height * 0.5),
            (radius * 0.8, height * 0.82),
            (radius * 0.5, height * 0.95),
        ],
        7,
    )
    body = revolve(np.vstack([[(0, 0)], line, [(0, height * 0.95)]]))
    path = spline(
        [
            (-radius * 0.8, 0, height * 0.3),
            (-radius * 1.25, 0, height * 0.45),
            (-radius * 1.5, 0, height * 0.75),
            (-radius * 1.75, 0, height * 0.92),
        ],
        5,
    )
    spout = tube(path, np.linspace(radius * 0.26, radius * 0.12, len(path)), 16)
    dome = arc((0.0, height * 0.93), (radius * 0.54, height * 0.14), 0, 88, 9)
    lid = merge(
        revolve(np.vstack([dome, [(0, height * 1.07)]])),
        ellipsoid((0.009, 0.009, 0.009)).moved((0, 0, height * 1.12)),
    )
    handle = c_handle(radius * 0.92, height * 0.22, height * 0.8, radius * 0.62, 0.0055)
    proxies = [can_proxy(radius * 0.95, 0.0, height * 0.85), can_proxy(radius * 0.5, 0.0, height)]
    return shape({"body": merge(body, spout), "lid": lid, "handle": handle}, proxies)


def pitcher(rng: Generator) -> Shape:
    """A tall jug with a handle and a lip."""
    radius, height = rng.uniform(0.048, 0.056), rng.uniform(0.15, 0.19)
    line = spline(
        [
            (radius * 0.85, 0.0),
            (radius, height * 0.25),
            (radius * 0.9, height * 0.6),
            (radius * 0.72, height * 0.85),
            (radius * 0.8, height),
        ],
        7,
    )
    parts = {
        name: _with_lip(mesh, height, radius)
        for name, mesh in open_vessel(line, 0.004, 0.008).items()
    }
    parts["handle"] = c_handle(radius * 0.84, height * 0.25, height * 0.86, radius * 0.75, 0.006)
    proxies = [can_proxy(radius, 0.0, height)]
    proxies.append(box_proxy((0.03, 0.014, height * 0.55), (radius * 1.2, 0, height * 0.55)))
    return shape(parts, proxies)


def _with_lip(mesh: Mesh, height: float, radius: float) -> Mesh:
    """A vessel pulled outwards at -x near its rim."""
    points = mesh.vertices.copy()
    angle = np.arctan2(points[:, 1], -points[:, 0])
    rise = np.clip((points[:, 2] / height - 0.8) / 0.2, 0, 1) ** 2
    points[:, 0] -= 0.35 * radius * rise * np.exp(-((angle / 0.45) ** 2))
    return Mesh(points, mesh.normals, mesh.texcoords, mesh.faces)


def pan(rng: Generator) -> Shape:
    """A frying pan with a long handle."""
    radius, height = rng.uniform(0.085, 0.105), rng.uniform(0.028, 0.036)
    line = [(radius * 0.8, 0.0), (radius * 0.85, 0.003), (radius, height)]
    parts = open_vessel(line, 0.003, 0.004)
    reach = rng.uniform(0.13, 0.16)
    path = spline(
        [
            (radius * 0.95, 0, height * 0.75),
            (radius + reach * 0.3, 0, height * 1.15),
            (radius + reach, 0, height * 1.3),
        ],
        6,
    )
    widths = np.column_stack([np.linspace(0.008, 0.0125, len(path)), np.full(len(path), 0.006)])
    parts["handle"] = tube(path, widths, 14)
    proxies = vessel_proxies(radius * 0.85, radius, height, 0.005, 12)
    proxies.append(rod_proxy(0.006, (radius, 0, height * 0.9), (radius + reach, 0, height * 1.25)))
    return shape(parts, proxies, hollow=True)


def pot(rng: Generator) -> Shape:
    """A cooking pot with two handles and a lid with a knob."""
    radius, height = rng.uniform(0.068, 0.08), rng.uniform(0.075, 0.095)
    base = arc((radius - 0.01, 0.01), (0.01, 0.01), -90, 0, 5)
    body = revolve(np.vstack([[(0, 0)], base, [(radius, height), (0, height)]]))
    dome = arc((0.0, height), (radius * 1.02, height * 0.22), 0, 89, 10)
    edge = [(radius * 1.02, height - 0.002)]
    knob = [(0.006, 0), (0.006, 0.008), (0.014, 0.014), (0.012, 0.02), (0, 0.021)]
    lid = revolve(np.vstack([edge, dome, [(0, height * 1.22)]]))
    top = revolve(knob).moved((0, 0, height * 1.2))
    loop = c_handle(radius, 0.0, 0.045, 0.026, 0.005).moved(
        rotation=rotation_about("x", 90), translation=(0, 0.0225, height * 0.75)
    )
    other = loop.moved(rotation=rotation_about("z", 180))
    proxies = [can_proxy(radius, 0.0, height * 1.05), can_proxy(0.015, height, height * 1.4)]
    return shape({"body": body, "lid": lid, "handle": merge(loop, other, top)}, proxies)


def basket(rng: Generator) -> Shape:
    """A woven oval basket."""
    radius, height = rng.uniform(0.075, 0.09), rng.uniform(0.055, 0.07)
    line: NDArray[np.float64] = np.array([(radius * 0.78, 0.0), (radius, height)])
    parts = open_vessel(line, 0.005, 0.006)
    parts["rim"] = ring(radius, 0.005, 36).moved((0, 0, height))
    squash = (1.0, rng.uniform(0.72, 0.85), 1.0)
    parts = {name: mesh.moved(scale=squash) for name, mesh in parts.items()}
    width = radius * squash[1]
    proxies: list[Proxy] = [box_proxy((radius * 1.5, width * 1.5, 0.006), (0, 0, 0.003))]
    for sign in (-1, 1):
        proxies.append(
            box_proxy((radius * 1.5, 0.008, height), (0, sign * width * 0.88, height / 2))
        )
        proxies.append(
            box_proxy((0.008, width * 1.5, height), (sign * radius * 0.88, 0, height / 2))
        )
    return shape(parts, proxies, hollow=True)


def tray(rng: Generator) -> Shape:
    """A shallow rectangular tray."""
    length, width, height = rng.uniform(0.2, 0.26), rng.uniform(0.14, 0.17), 0.02
    outline = rounded_rectangle(length, width, 0.02)
    floor = extrude(outline, 0.004)
    wall = np.vstack([outline, outline[:1]])
    path = np.column_stack([wall, np.full(len(wall), height * 0.5)])
    rim = tube(path * [0.98, 0.98, 1.0], np.tile([0.0035, height * 0.5], (len(path), 1)), 10)
    proxies = [box_proxy((length, width, 0.005), (0, 0, 0.0025))]
    for sign in (-1, 1):
        proxies.append(box_proxy((length, 0.007, height), (0, sign * width * 0.49, height / 2)))
        proxies.append(box_proxy((0.007, width, height), (sign * length * 0.49, 0, height / 2)))
    return shape({"body": merge(floor, rim)}, proxies, hollow=True)
