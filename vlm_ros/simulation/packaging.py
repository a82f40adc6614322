"""Shapes of what food and drink is sold in: bottles, bars, rolls, tins, cartons, bags."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from vlm_ros.simulation.meshes import (
    Mesh,
    along_x,
    arc,
    cylinder,
    merge,
    revolve,
    rotation_about,
    rounded_box,
    spline,
)
from vlm_ros.simulation.shapes import Shape, box_proxy, can_proxy, shape


def drinks_bottle(rng: Generator) -> Shape:
    """A plastic bottle of a drink: waisted, with a wide printed label and a small screw cap."""
    radius = rng.uniform(0.031, 0.04)
    height = rng.uniform(0.2, 0.27)
    neck = rng.uniform(0.0105, 0.013)
    low, high = rng.uniform(0.3, 0.4), rng.uniform(0.55, 0.64)
    waist = radius * rng.uniform(0.86, 1.0)
    base = arc((radius - 0.008, 0.008), (0.008, 0.008), -90, 0, 5)
    curve = spline(
        [
            (radius, height * low * 0.5),
            (waist, height * low),
            (waist, height * high),
            (radius * 0.97, height * (high + 0.06)),
            (radius * 0.72, height * 0.8),
            (neck, height * 0.91),
        ],
        6,
    )
    body = revolve(np.vstack([[(0, 0)], base, curve, [(neck, height * 0.96), (0, height * 0.96)]]))
    cap = cylinder(neck * 1.22, height * 0.065, 0.0015, 24).moved((0, 0, height * 0.935))
    around = waist + 0.0008
    label = revolve(
        [
            (around - 0.001, height * low),
            (around, height * low),
            (around, height * high),
            (around - 0.001, height * high),
        ]
    )
    parts = {"body": body, "cap": cap, "label": label}
    return shape(
        parts,
        [can_proxy(radius, 0.0, height * 0.7), can_proxy(neck * 1.3, height * 0.7, height)],
    )


def pillow(rng: Generator, size: tuple[float, float, float], wrinkles: float) -> tuple[Mesh, Mesh]:
    """A sealed bag about the origin: its two sheets, and the crimped seams at both ends of x.

    Args:
        rng: crumples it.
        size: x, y and z, metres.
        wrinkles: how deep its folds are, metres.
    """
    x, y, z = size
    count = 33
    grid = np.linspace(-1, 1, count)
    u, v = np.meshgrid(grid, grid, indexing="ij")
    full = (1 - np.abs(u) ** rng.uniform(3, 6)) * (1 - np.abs(v) ** rng.uniform(2.5, 6))
    height = z / 2 * np.sqrt(np.clip(full, 0, 1))
    crumple: NDArray[np.float64] = np.zeros_like(u)
    for _ in range(7):
        way, phase = rng.normal(size=2) * 5, rng.uniform(0, 6)
        crumple += np.sin(u * way[0] + v * way[1] + phase)
    # Folds run into the seams.
    crumple += 1.5 * np.abs(u) ** 3 * np.sin(v * rng.uniform(14, 24) + rng.uniform(0, 6))
    sheets = []
    for sign in (1, -1):
        lift = sign * (height + 0.0004) + wrinkles / 3 * crumple * np.clip(1.02 - u**8, 0, 1)
        points = np.stack([u * x / 2, v * y / 2 * (1 + 0.02 * np.sin(7 * u)), lift], axis=-1)
        slope_u = np.gradient(lift, grid, axis=0) / (x / 2)
        slope_v = np.gradient(lift, grid, axis=1) / (y / 2)
        normals = np.stack([-slope_u, -slope_v, np.ones_like(u)], axis=-1) * sign
        normals /= np.linalg.norm(normals, axis=-1, keepdims=True)
        first = (np.arange(count - 1)[:, None] * count + np.arange(count - 1)).reshape(-1)
        corners = [[first, first + count, first + count + 1], [first, first + count + 1, first + 1]]
        faces = np.concatenate([np.column_stack(c) for c in corners])[:, ::sign]
        flat = np.column_stack([u.ravel(), v.ravel()]) / 2 + 0.5
        sheets.append(
            Mesh(points.reshape(-1, 3), normals.reshape(-1, 3), flat, faces.astype(np.int32))
        )
    seams = [
        rounded_box((0.009, y * 0.97, 0.0014), 0.0005, 1).moved((side * (x / 2 + 0.002), 0, 0))
        for side in (-1, 1)
    ]
    return merge(*sheets), merge(*seams)


def _packet(rng: Generator, size: tuple[float, float, float], wrinkles: float) -> Shape:
    body, seams = pillow(rng, size, wrinkles)
    x, y, z = size
    proxies = [box_proxy((x * 0.9, y * 0.85, z * 0.6)), box_proxy((x * 0.6, y * 0.6, z))]
    return shape({"body": body, "seams": seams}, proxies)


def wrapped_bar(rng: Generator) -> Shape:
    """A bar of chocolate or muesli in its wrapper: flat and broad, or a stick."""
    if rng.random() < 0.5:
        size = (rng.uniform(0.09, 0.13), rng.uniform(0.055, 0.075), rng.uniform(0.01, 0.014))
    else:
        size = (rng.uniform(0.1, 0.14), rng.uniform(0.026, 0.036), rng.uniform(0.014, 0.02))
    return _packet(rng, size, 0.0008)


def crisp_bag(rng: Generator) -> Shape:
    """A full, crumpled bag of crisps."""
    size = (rng.uniform(0.16, 0.24), rng.uniform(0.12, 0.18), rng.uniform(0.04, 0.075))
    return _packet(rng, size, 0.003)


def sachet(rng: Generator) -> Shape:
    """A small flat packet: sugar, sauce, seeds, soup."""
    x = rng.uniform(0.06, 0.14)
    return _packet(rng, (x, x * rng.uniform(0.5, 0.8), rng.uniform(0.006, 0.012)), 0.0012)


def biscuit_packet(rng: Generator) -> Shape:
    """A long packet of biscuits: a roll or a slab, its film gathered at both ends."""
    length = rng.uniform(0.16, 0.24)
    if rng.random() < 0.5:
        radius = rng.uniform(0.026, 0.034)
        width = depth = radius * 1.8
        body = along_x(cylinder(radius, length, 0.006, 24)).moved((-length / 2, 0, 0))
        end = along_x(cylinder(radius * 0.75, 0.004, 0.001, 18))
        ends = [end.moved((place, 0, 0)) for place in (-length / 2 - 0.003, length / 2 - 0.001)]
    else:
        width, depth = rng.uniform(0.05, 0.065), rng.uniform(0.035, 0.05)
        body = rounded_box((length, width, depth), 0.008, 3)
        end = rounded_box((0.012, width * 0.9, 0.0014), 0.0005, 1)
        ends = [end.moved((side * length / 2, 0, 0)) for side in (-1, 1)]
    parts = {"body": body, "ends": merge(*ends)}
    return shape(parts, [box_proxy((length * 0.98, width, depth))])


def printed_tin(rng: Generator) -> Shape:
    """A canister or tub with a printed wall and a lid: cocoa, coffee, baby milk, ice cream."""
    top = rng.uniform(0.036, 0.06)
    bottom = top * (1.0 if rng.random() < 0.6 else rng.uniform(0.75, 0.92))
    height = top * rng.uniform(1.4, 3.0)
    body = revolve([(0, 0), (bottom - 0.001, 0.0), (bottom, 0.002), (top, height), (0, height)])
    lid = cylinder(top * 1.03, rng.uniform(0.008, 0.016), 0.002).moved((0, 0, height - 0.004))
    return shape({"body": body, "lid": lid}, [can_proxy(top, 0.0, height + 0.006)])


def drinks_carton(rng: Generator) -> Shape:
    """A carton of milk or juice: a gable or a flat top, often with a screw cap."""
    x, y = rng.uniform(0.055, 0.075), rng.uniform(0.055, 0.075)
    height = x * rng.uniform(1.6, 2.7)
    pieces = [rounded_box((x, y, height), 0.002, 1).moved((0, 0, height / 2))]
    gable = rng.random() < 0.5
    if gable:
        rise = x * 0.42
        roof = np.array(
            [(-x / 2, -y / 2), (x / 2, -y / 2), (x / 2, y / 2), (-x / 2, y / 2)], np.float64
        )
        pieces.append(_gable(roof, height, rise))
        pieces.append(
            rounded_box((x * 0.98, 0.003, x * 0.18), 0.001, 1).moved((0, 0, height + rise))
        )
    parts = {"body": merge(*pieces)}
    if rng.random() < 0.7:
        cap = cylinder(0.013, 0.014, 0.001, 20)
        if gable:
            tilt = np.arctan2(x * 0.42, y / 2)
            turned = cap.moved((0, 0, 0), rotation_about("x", float(np.degrees(tilt))))
            parts["cap"] = turned.moved((0, -y / 4, height + x * 0.2))
        else:
            parts["cap"] = cap.moved((x * 0.18, 0, height))
    return shape(parts, [box_proxy((x, y, height), (0, 0, height / 2))])


def _gable(corners: NDArray[np.float64], low: float, rise: float) -> Mesh:
    """A roof with a ridge along x over a rectangle (4, 2)."""
    a, b, c, d = (np.array([*corner, low]) for corner in corners)
    left = np.array([corners[0, 0], 0.0, low + rise])
    right = np.array([corners[1, 0], 0.0, low + rise])
    meshes = []
    for face in ((a, b, right, left), (c, d, left, right), (b, c, right), (d, a, left)):
        points = np.array(face)
        normal = np.cross(points[1] - points[0], points[2] - points[0])
        normal /= np.linalg.norm(normal)
        fan = np.array([[0, k, k + 1] for k in range(1, len(points) - 1)], np.int32)
        flat = np.array([(0, 0), (1, 0), (1, 1), (0, 1)], np.float64)[: len(points)]
        meshes.append(Mesh(points, np.tile(normal, (len(points), 1)), flat, fan))
    return merge(*meshes)
