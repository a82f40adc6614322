"""What a shape is: named parts to look at, and simple bodies to collide with."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from vlm_ros.simulation.meshes import Mesh, merge

HULL_DIRECTIONS = 64


@dataclass(frozen=True)
class Proxy:
    """A convex body that stands in for a shape under physics.

    Attributes:
        form: "box" (half extents), "cylinder" or "capsule" (radius, half length along its z),
            "sphere" (radius), "ellipsoid" (radii) or "hull" (x, y, z of each of its points);
            metres.
        size: as the form asks.
        position: of its centre, metres, in the shape's frame.
        quaternion: xyzw, in the shape's frame.
    """

    form: str
    size: tuple[float, ...]
    position: tuple[float, float, float] = (0.0, 0.0, 0.0)
    quaternion: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 1.0)


@dataclass(frozen=True)
class Shape:
    """A shape about the centre of its own bounding box.

    Attributes:
        parts: part name -> mesh; "body" is always there.
        proxies: what it collides with.
        size: extent along its own axes, metres.
        hollow: whether a smaller thing may lie in it.
    """

    parts: dict[str, Mesh]
    proxies: tuple[Proxy, ...]
    size: tuple[float, float, float]
    hollow: bool = False


def shape(parts: dict[str, Mesh], proxies: list[Proxy], hollow: bool = False) -> Shape:
    """A shape moved to the centre of its bounding box."""
    low, high = merge(*parts.values()).bounds
    centre = (low + high) / 2
    x, y, z = (float(extent) for extent in high - low)
    return Shape(
        {name: mesh.moved(-centre) for name, mesh in parts.items()},
        tuple(replace(p, position=_minus(p.position, centre)) for p in proxies),
        (x, y, z),
        hollow,
    )


def _minus(
    point: tuple[float, float, float], centre: NDArray[np.float64]
) -> tuple[float, float, float]:
    return (point[0] - centre[0], point[1] - centre[1], point[2] - centre[2])


def box_proxy(
    size: tuple[float, float, float], centre: tuple[float, float, float] = (0.0, 0.0, 0.0)
) -> Proxy:
    """A box of full extents `size`."""
    return Proxy("box", (size[0] / 2, size[1] / 2, size[2] / 2), centre)


def boxed(parts: dict[str, Mesh]) -> Shape:
    """A flat shape whose only proxy is the box around it."""
    low, high = merge(*parts.values()).bounds
    size, middle = high - low, (high + low) / 2
    proxy = box_proxy(
        (float(size[0]), float(size[1]), max(float(size[2]), 0.006)),
        (float(middle[0]), float(middle[1]), float(low[2]) + max(float(size[2]), 0.006) / 2),
    )
    return shape(parts, [proxy])


def hulled(parts: dict[str, Mesh], *pieces: Mesh) -> Shape:
    """A shape that collides with the convex hulls of its pieces; of all of it if none is given."""
    solids = pieces or (merge(*parts.values()),)
    return shape(parts, [hull_proxy(piece.vertices) for piece in solids])


def hull_proxy(points: NDArray[np.float64]) -> Proxy:
    """About the convex hull of points (N, 3): of the outermost in each of many directions."""
    index = np.arange(HULL_DIRECTIONS) + 0.5
    height = 1 - 2 * index / HULL_DIRECTIONS
    turn = np.pi * (1 + 5**0.5) * index  # the golden angle spreads them evenly
    ring = np.sqrt(1 - height**2)
    directions = np.column_stack([ring * np.cos(turn), ring * np.sin(turn), height])
    axes = np.vstack([directions, np.eye(3), -np.eye(3)])
    chosen = np.unique(np.argmax(points @ axes.T, axis=0))
    return Proxy("hull", tuple(float(value) for value in points[chosen].ravel()))


def can_proxy(radius: float, bottom: float, top: float) -> Proxy:
    """A cylinder about the z axis between two heights."""
    return Proxy("cylinder", (radius, (top - bottom) / 2), (0.0, 0.0, (top + bottom) / 2))


def rod_proxy(
    radius: float, start: tuple[float, float, float], stop: tuple[float, float, float]
) -> Proxy:
    """A capsule whose axis runs between two points."""
    a, b = np.asarray(start, np.float64), np.asarray(stop, np.float64)
    middle, span = (a + b) / 2, b - a
    length = float(np.linalg.norm(span))
    x, y, z = span / length
    # The rotation that takes +z to the direction of the rod.
    quaternion = np.array([-y, x, 0.0, 1.0 + z]) if z > -0.999 else np.array([1.0, 0, 0, 0])
    quaternion = quaternion / np.linalg.norm(quaternion)
    return Proxy(
        "capsule",
        (radius, length / 2),
        (float(middle[0]), float(middle[1]), float(middle[2])),
        (float(quaternion[0]), float(quaternion[1]), float(quaternion[2]), float(quaternion[3])),
    )


def vessel_proxies(
    bottom_radius: float, top_radius: float, height: float, wall: float = 0.006, sides: int = 10
) -> list[Proxy]:
    """A floor and a ring of boxes: an open vessel that things can lie in."""
    slope = np.arctan2(top_radius - bottom_radius, height)
    length = float(np.hypot(top_radius - bottom_radius, height))
    middle = (bottom_radius + top_radius) / 2 - wall / 2
    width = 2 * top_radius * np.tan(np.pi / sides)
    proxies = [can_proxy(bottom_radius, 0.0, wall)]
    for i in range(sides):
        turn = 2 * np.pi * i / sides
        # Lean outwards about y, then turn about z.
        sy, cy, sz, cz = (
            np.sin(slope / 2),
            np.cos(slope / 2),
            np.sin(turn / 2),
            np.cos(turn / 2),
        )
        proxies.append(
            Proxy(
                "box",
                (wall / 2, float(width) / 2, length / 2),
                (float(middle * np.cos(turn)), float(middle * np.sin(turn)), height / 2),
                (float(-sz * sy), float(cz * sy), float(sz * cy), float(cz * cy)),
            )
        )
    return proxies
