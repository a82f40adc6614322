"""Scans of real objects: textured meshes from a folder, and what people call them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.resources import files
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.random import Generator
from numpy.typing import NDArray

from vlm_ros.errors import SimulationError
from vlm_ros.simulation.colours import RANGES
from vlm_ros.simulation.finishes import MATERIALS
from vlm_ros.simulation.kind import postures
from vlm_ros.simulation.meshes import Mesh
from vlm_ros.simulation.shapes import Proxy, Shape, hull_proxy, shape, vessel_proxies
from vlm_ros.simulation.simplify import simplified

MESH_FILE = "textured.obj"
TEXTURE_FILE = "texture_map.png"
LABELS_FILE = "labels.yaml"
WHOLE = "whole"
FORMS = ("hull", "slices", "ball", "vessel")
RESTS = ("up", "down", "side", "face", "any")
SLICES = 5
FACES = 5000
"""More cannot be told in a picture of 640 pixels."""


@dataclass(frozen=True)
class ScanLabel:
    """What people call a scanned object, and how it may lie.

    Attributes:
        kind: the noun.
        colour: its main colour.
        names: other nouns that are true of this very object.
        second: other colours it clearly shows.
        parts: colours of the parts people speak of.
        split: heights in metres at which parts begin that are painted on their own.
        material: a key of `finishes.MATERIALS`, for how it shines.
        spoken: the material people say; "" where it cannot be told.
        pattern: as in the simulator's own attributes; "" where there is print on it.
        paints: colours it may be painted in; () for none, ("any",) for all.
        paint: what may be painted: "whole", or the colour that is replaced.
        rests: how it may lie (see `RESTS`), and how often.
        form: what it collides with, one of `FORMS`.
        size: "small" or "large" where people say so of it by itself.
        weight: how often it is drawn.
    """

    kind: str
    colour: str
    names: tuple[str, ...] = ()
    second: tuple[str, ...] = ()
    parts: Mapping[str, str] = field(default_factory=dict)
    split: Mapping[str, float] = field(default_factory=dict)
    material: str = "plastic scan"
    spoken: str = ""
    pattern: str = ""
    paints: tuple[str, ...] = ()
    paint: tuple[str, ...] = ()
    rests: Mapping[str, float] = field(default_factory=lambda: {"up": 1.0})
    form: str = "hull"
    size: str = ""
    weight: float = 1.0

    @property
    def postures(self) -> frozenset[str]:
        """How it may be found; see `kind.postures`."""
        return postures("side" in self.rests, "down" in self.rests)


@dataclass(frozen=True)
class Scan:
    """A scanned object.

    Attributes:
        name: of its folder.
        folder: holds `textured.obj` (metres, z up) and `texture_map.png`.
        label: what people call it.
    """

    name: str
    folder: Path
    label: ScanLabel = field(hash=False)

    @property
    def texture(self) -> Path:
        """The picture its surface is covered with."""
        return self.folder / TEXTURE_FILE

    @property
    def shape(self) -> Shape:
        """Its shape; read from its file on first use.

        Raises:
            SimulationError: the file is not a textured triangle mesh.
        """
        return _shape(self.folder / MESH_FILE, self.label.form, tuple(self.label.split.items()))


def load_scans(folder: Path) -> tuple[Scan, ...]:
    """The labelled scans in a folder, by name.

    The labels of the YCB objects are built in; a `labels.yaml` in the folder adds to them and
    takes precedence. Objects that have no label, or weight 0, are left out.

    Raises:
        SimulationError: no such object is there, or a label is wrong.
    """
    labels = _labels((files("vlm_ros.simulation") / "scans.yaml").read_text("utf-8"), "scans.yaml")
    own = folder / LABELS_FILE
    if own.is_file():
        labels |= _labels(own.read_text("utf-8"), str(own))
    found = [
        Scan(path.parent.name, path.parent, labels[path.parent.name])
        for path in sorted(folder.glob(f"*/{MESH_FILE}"))
        if path.parent.name in labels and path.with_name(TEXTURE_FILE).is_file()
    ]
    usable = tuple(scan for scan in found if scan.label.weight > 0)
    if not usable:
        raise SimulationError(
            f"{folder} holds no object that has a label; it needs folders like "
            f"mug/{MESH_FILE} with {TEXTURE_FILE}, and {LABELS_FILE} for objects other than YCB's."
        )
    return usable


def _labels(text: str, source: str) -> dict[str, ScanLabel]:
    entries = yaml.safe_load(text) or {}
    return {name: _label(entry, f"{source}, {name}") for name, entry in entries.items()}


def _label(entry: Mapping[str, Any], where: str) -> ScanLabel:
    try:
        values: dict[str, Any] = {
            k: tuple(v) if isinstance(v, list) else v for k, v in entry.items()
        }
        label = ScanLabel(**values)
    except (AttributeError, TypeError) as error:
        raise SimulationError(f"{where}: not a label of a scan ({error}).") from error
    _check(label.form, FORMS, f"{where}: form")
    _check(label.material, MATERIALS, f"{where}: material")
    for rest in label.rests:
        _check(rest, RESTS, f"{where}: rests")
    for colour in (label.colour, *label.second, *label.parts.values()):
        _check(colour, RANGES, f"{where}: colour")
    for colour in label.paints:
        _check(colour, ("any", *RANGES), f"{where}: paints")
    for colour in label.paint:
        _check(colour, (WHOLE, *RANGES), f"{where}: paint")
    return label


def _check(word: str, known: Iterable[str], where: str) -> None:
    if word not in known:
        raise SimulationError(f"{where} is {word!r}, not one of {', '.join(known)}.")


@lru_cache(maxsize=256)
def _shape(path: Path, form: str, split: tuple[tuple[str, float], ...]) -> Shape:
    mesh = simplified(read_mesh(path), FACES)
    parts, rest = {}, mesh
    for name, height in split:
        parts[name], rest = _cut(rest, height)
    parts = {"body": rest, **parts}
    return shape(parts, _proxies(mesh.vertices, form), hollow=form == "vessel")


def read_mesh(path: Path) -> Mesh:
    """A textured triangle mesh from a Wavefront OBJ file.

    Raises:
        SimulationError: the file is missing, or its faces are not triangles with texture
            coordinates and normals.
    """
    rows: dict[str, list[str]] = {"v": [], "vt": [], "vn": [], "f": []}
    try:
        with path.open(encoding="utf-8") as lines:
            for line in lines:
                key, _, values = line.partition(" ")
                if key in rows:
                    rows[key].append(values)
        places, coordinates, normals = (
            np.array(" ".join(rows[key]).split(), np.float64).reshape(len(rows[key]), -1)
            for key in ("v", "vt", "vn")
        )
        corners = " ".join(rows["f"]).replace("/", " ").split()
        indices = np.array(corners, np.int64).reshape(-1, 3) - 1
        if len(indices) != 3 * len(rows["f"]) or not len(indices):
            raise ValueError("a face that is not a triangle of position/texture/normal")
        count = len(coordinates)
        unique, faces = np.unique(indices[:, 0] * count + indices[:, 1], return_inverse=True)
        # Corners that share a place on the surface and in the picture share their normals' mean.
        directions = np.zeros((len(unique), 3))
        np.add.at(directions, faces.ravel(), normals[indices[:, 2]])
        directions /= np.maximum(np.linalg.norm(directions, axis=1, keepdims=True), 1e-12)
        texcoords = coordinates[unique % count, :2]
        return Mesh(
            places[unique // count, :3],
            directions,
            # OBJ counts v from the bottom of the picture, MuJoCo from its top.
            np.column_stack([texcoords[:, 0], 1 - texcoords[:, 1]]),
            faces.reshape(-1, 3).astype(np.int32),
        )
    except (OSError, ValueError, IndexError) as error:
        raise SimulationError(f"{path} is not a textured triangle mesh: {error}.") from error


def _cut(mesh: Mesh, height: float) -> tuple[Mesh, Mesh]:
    """The faces above a height, and those below."""
    above = mesh.vertices[mesh.faces, 2].mean(axis=1) > height
    return _with_faces(mesh, mesh.faces[above]), _with_faces(mesh, mesh.faces[~above])


def _with_faces(mesh: Mesh, faces: NDArray[np.int32]) -> Mesh:
    used, numbered = np.unique(faces, return_inverse=True)
    return Mesh(
        mesh.vertices[used],
        mesh.normals[used],
        mesh.texcoords[used],
        numbered.reshape(-1, 3).astype(np.int32),
    )


def _proxies(points: NDArray[np.float64], form: str) -> list[Proxy]:
    low, high = points.min(axis=0), points.max(axis=0)
    if form == "ball":
        x, y, z = (float(value) for value in (low + high) / 2)
        return [Proxy("sphere", (float((high - low).mean()) / 2,), (x, y, z))]
    if form == "vessel":
        return _vessel(points)
    if form == "slices":
        axis = int(np.argmax(high - low))
        edges = np.linspace(low[axis], high[axis], SLICES + 1)
        margin = (high[axis] - low[axis]) / SLICES * 0.15
        pieces = [
            points[(points[:, axis] >= a - margin) & (points[:, axis] <= b + margin)]
            for a, b in pairwise(edges)
        ]
        return [hull_proxy(piece) for piece in pieces if len(piece) >= 4]
    return [hull_proxy(points)]


def _vessel(points: NDArray[np.float64]) -> list[Proxy]:
    """An open vessel around the middle of the rim, which a handle does not reach."""
    low, high = points[:, 2].min(), points[:, 2].max()
    height = high - low
    rim = points[points[:, 2] > high - 0.06 * height]
    centre = (rim[:, :2].min(axis=0) + rim[:, :2].max(axis=0)) / 2
    distance = np.hypot(*(points[:, :2] - centre).T)
    top = float(np.percentile(distance[points[:, 2] > high - 0.06 * height], 90))
    bottom = float(np.percentile(distance[points[:, 2] < low + 0.06 * height], 95))
    x, y = (float(value) for value in centre)
    wall = min(0.006, 0.25 * float(height))
    return [
        Proxy(
            p.form,
            p.size,
            (p.position[0] + x, p.position[1] + y, p.position[2] + float(low)),
            p.quaternion,
        )
        for p in vessel_proxies(bottom, max(top, bottom), float(height), wall)
    ]


def resting(rng: Generator, label: ScanLabel) -> str:
    """How a scan is put down, drawn by its label."""
    names = list(label.rests)
    weights = np.array([label.rests[name] for name in names], np.float64)
    return names[int(rng.choice(len(names), p=weights / weights.sum()))]
