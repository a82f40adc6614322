"""Triangle meshes made with numpy: surfaces of revolution, rounded boxes, tubes, extrusions.

All lengths are metres. Normals point out of the solid, faces turn counter-clockwise seen from
outside.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

SHARP_COSINE = float(np.cos(np.deg2rad(40.0)))


@dataclass(frozen=True)
class Mesh:
    """A triangle mesh.

    Attributes:
        vertices: (N, 3) float64 metres.
        normals: (N, 3) float64, unit length, outward.
        texcoords: (N, 2) float64, 0..1 over the surface.
        faces: (M, 3) int32 indices into the vertices.
    """

    vertices: NDArray[np.float64]
    normals: NDArray[np.float64]
    texcoords: NDArray[np.float64]
    faces: NDArray[np.int32]

    def moved(
        self,
        translation: ArrayLike = (0.0, 0.0, 0.0),
        rotation: NDArray[np.float64] | None = None,
        scale: ArrayLike = (1.0, 1.0, 1.0),
    ) -> Mesh:
        """The mesh scaled along its axes, then rotated by a (3, 3) matrix, then translated."""
        factors = np.broadcast_to(np.asarray(scale, np.float64), (3,))
        turn = np.eye(3) if rotation is None else rotation
        normals = (self.normals / factors) @ turn.T
        normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)
        vertices = (self.vertices * factors) @ turn.T + np.asarray(translation, np.float64)
        return Mesh(vertices, normals, self.texcoords, self.faces)

    @property
    def area(self) -> float:
        """Of its surface, square metres."""
        a, b, c = (self.vertices[self.faces[:, i]] for i in range(3))
        return float(np.linalg.norm(np.cross(b - a, c - a), axis=1).sum() / 2)

    @property
    def bounds(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Smallest and largest corner of the axis-aligned box around the mesh, (3,) each."""
        return self.vertices.min(axis=0), self.vertices.max(axis=0)


def merge(*meshes: Mesh) -> Mesh:
    """One mesh of several, each keeping its texture coordinates."""
    offsets = np.cumsum([0, *(len(mesh.vertices) for mesh in meshes[:-1])])
    return Mesh(
        np.concatenate([mesh.vertices for mesh in meshes]),
        np.concatenate([mesh.normals for mesh in meshes]),
        np.concatenate([mesh.texcoords for mesh in meshes]),
        np.concatenate(
            [mesh.faces + offset for mesh, offset in zip(meshes, offsets, strict=True)]
        ).astype(np.int32),
    )


def rotation_about(axis: str, degrees: float) -> NDArray[np.float64]:
    """(3, 3) right-handed rotation about the "x", "y" or "z" axis."""
    angle = np.deg2rad(degrees)
    cos, sin = np.cos(angle), np.sin(angle)
    i = "xyz".index(axis)
    j, k = (i + 1) % 3, (i + 2) % 3
    matrix = np.eye(3)
    matrix[j, j] = matrix[k, k] = cos
    matrix[k, j], matrix[j, k] = sin, -sin
    return matrix


def along_x(mesh: Mesh) -> Mesh:
    """A mesh that stands along z, laid along x."""
    return mesh.moved(rotation=rotation_about("y", 90))


def spline(points: ArrayLike, steps: int = 6) -> NDArray[np.float64]:
    """A Catmull-Rom curve through points (n, d), `steps` samples to a span (Catmull, Rom 1974)."""
    knots = np.asarray(points, np.float64)
    ends = np.vstack([2 * knots[0] - knots[1], knots, 2 * knots[-1] - knots[-2]])
    t = np.linspace(0.0, 1.0, steps, endpoint=False)[:, None]
    spans = []
    for a, b, c, d in zip(ends[:-3], ends[1:-2], ends[2:-1], ends[3:], strict=True):
        spans.append(
            0.5
            * (
                2 * b
                + (c - a) * t
                + (2 * a - 5 * b + 4 * c - d) * t**2
                + (3 * b - a - 3 * c + d) * t**3
            )
        )
    return np.vstack([*spans, knots[-1:]])


def arc(
    centre: tuple[float, float],
    radii: tuple[float, float],
    start: float,
    stop: float,
    count: int = 8,
) -> NDArray[np.float64]:
    """(count, 2) points on an ellipse from angle `start` to `stop`, degrees."""
    angles = np.deg2rad(np.linspace(start, stop, count))
    return np.column_stack(
        [centre[0] + radii[0] * np.cos(angles), centre[1] + radii[1] * np.sin(angles)]
    )


def _profile_rows(
    profile: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], list[tuple[int, int]]]:
    """Points, normals and arc lengths of a profile, doubled at sharp corners, and its spans."""
    tangents = np.diff(profile, axis=0)
    lengths = np.linalg.norm(tangents, axis=1)
    tangents = tangents / lengths[:, None]
    normals = np.column_stack([tangents[:, 1], -tangents[:, 0]])
    travelled = np.concatenate([[0.0], np.cumsum(lengths)])
    points, directions, distances, spans = [profile[0]], [normals[0]], [0.0], []
    last = len(normals) - 1
    for i in range(len(normals)):
        smooth = i < last and normals[i] @ normals[i + 1] > SHARP_COSINE
        end = normals[i] + normals[i + 1] if smooth else normals[i]
        points.append(profile[i + 1])
        directions.append(end / np.linalg.norm(end))
        distances.append(travelled[i + 1])
        spans.append((len(points) - 2, len(points) - 1))
        if not smooth and i < last:
            points.append(profile[i + 1])
            directions.append(normals[i + 1])
            distances.append(travelled[i + 1])
    return np.array(points), np.array(directions), np.array(distances), spans


def revolve(profile: ArrayLike, segments: int = 36) -> Mesh:
    """The surface a profile sweeps about the z axis.

    Args:
        profile: (n, 2) points (radius, height), from the bottom outwards and up; walking it, the
            solid lies on the left. Corners sharper than 40 degrees get an edge.
        segments: sides of the approximated circle.
    """
    line = np.asarray(profile, np.float64)
    keep = np.concatenate([[True], np.linalg.norm(np.diff(line, axis=0), axis=1) > 1e-7])
    points, directions, distances, spans = _profile_rows(line[keep])
    angles = np.linspace(0.0, 2 * np.pi, segments + 1)
    cos, sin = np.cos(angles), np.sin(angles)
    rows, columns = len(points), segments + 1

    def swept(radius: NDArray[np.float64], height: NDArray[np.float64]) -> NDArray[np.float64]:
        grid = np.empty((rows, columns, 3))
        grid[..., 0] = radius[:, None] * cos
        grid[..., 1] = radius[:, None] * sin
        grid[..., 2] = height[:, None]
        return grid.reshape(-1, 3)

    texcoords = np.empty((rows, columns, 2))
    texcoords[..., 0] = angles / (2 * np.pi)
    texcoords[..., 1] = (distances / distances[-1])[:, None]
    lower = np.array([low for low, _ in spans])[:, None] * columns + np.arange(segments)
    upper = np.array([high for _, high in spans])[:, None] * columns + np.arange(segments)
    faces = np.stack(
        [
            np.stack([lower, lower + 1, upper + 1], axis=-1),
            np.stack([lower, upper + 1, upper], axis=-1),
        ]
    ).reshape(-1, 3)
    return _without_slivers(
        Mesh(
            swept(points[:, 0], points[:, 1]),
            swept(directions[:, 0], directions[:, 1]),
            texcoords.reshape(-1, 2),
            faces.astype(np.int32),
        )
    )


def _without_slivers(mesh: Mesh) -> Mesh:
    """The mesh without faces of no area, such as those at the pole of a revolution."""
    a, b, c = (mesh.vertices[mesh.faces[:, i]] for i in range(3))
    area = np.linalg.norm(np.cross(b - a, c - a), axis=1)
    return Mesh(mesh.vertices, mesh.normals, mesh.texcoords, mesh.faces[area > 1e-11])


def ellipsoid(radii: tuple[float, float, float], segments: int = 28, rows: int = 15) -> Mesh:
    """An ellipsoid about the origin, of `segments` sides and as many `rows` from pole to pole."""
    return revolve(arc((0.0, 0.0), (1.0, 1.0), -90, 90, rows), segments).moved(scale=radii)


def cylinder(radius: float, height: float, bevel: float = 0.0, segments: int = 36) -> Mesh:
    """A cylinder standing on z = 0, its rims rounded by `bevel`."""
    if bevel <= 0:
        return revolve([(0, 0), (radius, 0), (radius, height), (0, height)], segments)
    low = arc((radius - bevel, bevel), (bevel, bevel), -90, 0, 5)
    high = arc((radius - bevel, height - bevel), (bevel, bevel), 0, 90, 5)
    return revolve(np.vstack([[(0, 0)], low, high, [(0, height)]]), segments)


def rounded_box(size: tuple[float, float, float], radius: float, steps: int = 3) -> Mesh:
    """A box about the origin with rounded edges; its faces carry the texture once each."""
    half = np.asarray(size, np.float64) / 2
    radius = float(min(radius, half.min() * 0.999))
    ramp = np.sin(np.linspace(0, np.pi / 4, steps + 1)) / np.sin(np.pi / 4)
    lines = []
    for extent in half:
        outer = extent - radius * (1 - ramp)
        lines.append(np.concatenate([-outer[::-1], outer]))
    sides = []
    for axis in range(3):
        u, v = (axis + 1) % 3, (axis + 2) % 3
        for sign in (-1.0, 1.0):
            sides.append(_box_side(half, radius, lines, (axis, u, v), sign))
    return merge(*sides)


def _box_side(
    half: NDArray[np.float64],
    radius: float,
    lines: Sequence[NDArray[np.float64]],
    axes: tuple[int, int, int],
    sign: float,
) -> Mesh:
    axis, u, v = axes
    grid_u, grid_v = np.meshgrid(lines[u], lines[v], indexing="ij")
    points = np.empty((grid_u.size, 3))
    points[:, axis] = sign * half[axis]
    points[:, u], points[:, v] = grid_u.ravel(), grid_v.ravel()
    inner = np.clip(points, -(half - radius), half - radius)
    normals = points - inner
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    texcoords = np.column_stack(
        [points[:, u] / (2 * half[u]) + 0.5, points[:, v] / (2 * half[v]) + 0.5]
    )
    faces = _grid_faces(len(lines[u]), len(lines[v]))
    if sign < 0:
        faces = faces[:, ::-1]
    return Mesh(inner + normals * radius, normals, texcoords, faces.astype(np.int32))


def _grid_faces(rows: int, columns: int) -> NDArray[np.int32]:
    """Faces of a grid of vertices, row-major; counter-clockwise for (row, column) = (x, y)."""
    first = (np.arange(rows - 1)[:, None] * columns + np.arange(columns - 1)).reshape(-1)
    faces = np.concatenate(
        [
            np.column_stack([first, first + columns, first + columns + 1]),
            np.column_stack([first, first + columns + 1, first + 1]),
        ]
    )
    return np.asarray(faces, np.int32)


def tube(path: ArrayLike, radii: ArrayLike, segments: int = 16) -> Mesh:
    """A tube with round or elliptic section along a path, closed at both ends.

    Args:
        path: (n, 3) points.
        radii: a number, (n,) or (n, 2): the section's radii along the path; with two, the second
            is along the direction that starts closest to +z.
        segments: sides of the section.
    """
    line = np.asarray(path, np.float64)
    widths = np.asarray(radii, np.float64)
    if widths.ndim < 2:
        widths = np.repeat(np.broadcast_to(widths, len(line))[:, None], 2, axis=1)
    tangents = np.gradient(line, axis=0)
    tangents /= np.linalg.norm(tangents, axis=1, keepdims=True)
    side, up = _transported_frames(tangents)
    angles = np.linspace(0.0, 2 * np.pi, segments + 1)
    cos, sin = np.cos(angles)[None, :, None], np.sin(angles)[None, :, None]
    width, height = widths[:, :1, None], widths[:, 1:, None]
    vertices = line[:, None] + width * cos * side[:, None] + height * sin * up[:, None]
    outward = height * cos * side[:, None] + width * sin * up[:, None]
    outward /= np.maximum(np.linalg.norm(outward, axis=-1, keepdims=True), 1e-12)
    travelled = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))])
    texcoords = np.empty((len(line), segments + 1, 2))
    texcoords[..., 0] = angles / (2 * np.pi)
    texcoords[..., 1] = (travelled / travelled[-1])[:, None]
    wall = Mesh(
        vertices.reshape(-1, 3),
        outward.reshape(-1, 3),
        texcoords.reshape(-1, 2),
        _grid_faces(len(line), segments + 1)[:, ::-1].astype(np.int32),
    )
    start = _fan(vertices[0, :-1], line[0], -tangents[0])
    stop = _fan(vertices[-1, :-1], line[-1], tangents[-1])
    return _without_slivers(merge(wall, start, stop))


def _transported_frames(
    tangents: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Frames along a curve that do not twist about it."""
    reference = np.array([0.0, 0.0, 1.0])
    if abs(tangents[0] @ reference) > 0.95:
        reference = np.array([0.0, 1.0, 0.0])
    sides, ups = [], []
    up = reference
    for tangent in tangents:
        up = up - (up @ tangent) * tangent
        up = up / np.linalg.norm(up)
        ups.append(up)
        sides.append(np.cross(up, tangent))
    return np.array(sides), np.array(ups)


def _fan(
    ring: NDArray[np.float64], centre: NDArray[np.float64], normal: NDArray[np.float64]
) -> Mesh:
    """A flat lid over a ring of points, facing along `normal`."""
    count = len(ring)
    index = np.arange(count)
    faces = np.column_stack([np.full(count, count), index, (index + 1) % count])
    a, b = ring[0] - centre, ring[1] - centre
    if np.cross(a, b) @ normal < 0:
        faces = faces[:, ::-1]
    return Mesh(
        np.vstack([ring, centre]),
        np.tile(normal, (count + 1, 1)),
        np.full((count + 1, 2), 0.5),
        faces.astype(np.int32),
    )


def ring(radius: float, thickness: float, segments: int = 28) -> Mesh:
    """A torus about the z axis: `radius` to the middle of a tube of radius `thickness`."""
    circle = arc((radius, 0.0), (thickness, thickness), -180, 180, 13)
    return revolve(circle, segments)


def extrude(outline: ArrayLike, height: float) -> Mesh:
    """A flat solid between z = 0 and `height` with a simple polygon (n, 2) as outline."""
    polygon = np.asarray(outline, np.float64)
    following = np.roll(polygon, -1, axis=0)
    if np.sum(polygon[:, 0] * following[:, 1] - following[:, 0] * polygon[:, 1]) < 0:
        polygon = polygon[::-1]
        following = np.roll(polygon, -1, axis=0)
    count = len(polygon)
    triangles = _triangulate(polygon)
    low, high = polygon.min(axis=0), polygon.max(axis=0)
    flat = (polygon - low) / (high - low)
    top = Mesh(
        np.column_stack([polygon, np.full(count, height)]),
        np.tile([0.0, 0.0, 1.0], (count, 1)),
        flat,
        triangles,
    )
    bottom = Mesh(
        np.column_stack([polygon, np.zeros(count)]),
        np.tile([0.0, 0.0, -1.0], (count, 1)),
        flat,
        triangles[:, ::-1].astype(np.int32),
    )
    edges = following - polygon
    outward = np.column_stack([edges[:, 1], -edges[:, 0], np.zeros(count)])
    outward /= np.linalg.norm(outward, axis=1, keepdims=True)
    corners = np.stack([polygon, following, following, polygon], axis=1)
    levels = np.tile([0.0, 0.0, height, height], (count, 1))
    first = np.arange(count)[:, None] * 4
    sides = Mesh(
        np.concatenate([corners, levels[..., None]], axis=-1).reshape(-1, 3),
        np.repeat(outward, 4, axis=0),
        np.tile([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]], (count, 1)),
        np.concatenate([first + np.array(corner) for corner in ((0, 1, 2), (0, 2, 3))]).astype(
            np.int32
        ),
    )
    return _without_slivers(merge(top, bottom, sides))


def _triangulate(polygon: NDArray[np.float64]) -> NDArray[np.int32]:
    """Triangles of a simple counter-clockwise polygon, by clipping ears (Meisters 1975)."""

    def turn(a: int, b: int, c: int) -> float:
        (ax, ay), (bx, by), (cx, cy) = polygon[a], polygon[b], polygon[c]
        return float((bx - ax) * (cy - ay) - (by - ay) * (cx - ax))

    remaining = list(range(len(polygon)))
    triangles: list[tuple[int, int, int]] = []
    while len(remaining) > 3:
        for place in range(len(remaining)):
            a, b, c = (
                remaining[place - 1],
                remaining[place],
                remaining[(place + 1) % len(remaining)],
            )
            if turn(a, b, c) <= 0:
                continue
            others = (p for p in remaining if p not in (a, b, c))
            if any(
                turn(a, b, p) >= 0 and turn(b, c, p) >= 0 and turn(c, a, p) >= 0 for p in others
            ):
                continue
            triangles.append((a, b, c))
            del remaining[place]
            break
        else:
            break
    triangles.append((remaining[0], remaining[1], remaining[2]))
    return np.array(triangles, np.int32)


def faceted(mesh: Mesh) -> Mesh:
    """The mesh with a normal to each face instead of each vertex."""
    corners = mesh.vertices[mesh.faces]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    return Mesh(
        corners.reshape(-1, 3),
        np.repeat(normals, 3, axis=0),
        mesh.texcoords[mesh.faces].reshape(-1, 2),
        np.arange(len(corners) * 3, dtype=np.int32).reshape(-1, 3),
    )


def rounded_rectangle(width: float, depth: float, radius: float) -> NDArray[np.float64]:
    """(n, 2) outline about the origin, counter-clockwise."""
    x, y = width / 2 - radius, depth / 2 - radius
    both = (radius, radius)
    return np.vstack(
        [
            arc((x, -y), both, -90, 0, 5),
            arc((x, y), both, 0, 90, 5),
            arc((-x, y), both, 90, 180, 5),
            arc((-x, -y), both, 180, 270, 5),
        ]
    )
