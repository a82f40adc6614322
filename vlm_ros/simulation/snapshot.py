"""Scenes that look like somebody's phone photograph of a table with things on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from vlm_ros.geometry.rotations import quaternion
from vlm_ros.simulation import colours
from vlm_ros.simulation.camera import Camera, Point
from vlm_ros.simulation.finishes import Finish, Repaint, Surface, finish
from vlm_ros.simulation.kinds import SNAPSHOT_KINDS
from vlm_ros.simulation.meshes import rotation_about
from vlm_ros.simulation.scans import WHOLE, Scan, ScanLabel, resting
from vlm_ros.simulation.scene import (
    Light,
    Mat,
    PartLook,
    Pose,
    Room,
    SceneDescription,
    SceneObject,
    ShadowMap,
    Table,
    background,
    generated_object,
    resting_turn,
    table_top,
)
from vlm_ros.simulation.shapes import Shape

Thing = tuple[Point, float]

OBJECT_COUNTS = (0.08, 0.12, 0.16, 0.17, 0.16, 0.12, 0.09, 0.06, 0.04)
"""Chances of one, two, ... nine objects on a table that is not crowded."""

CROWDED = 0.4
"""Share of the tables that are."""

CROWD = (8, 14)
"""The fewest and the most objects on a crowded table."""

CLOSE = 0.25
"""Share of the pictures taken from so close by that some things reach beyond their edges."""

HEAP = 0.4
"""Share of scenes in which things lie on each other."""

REPAINTED = 0.7
"""Share of the scans that may be painted in another colour which are."""

SOFTNESS = 2
"""Lamps that stand in for one large lamp, each with its own shadow."""


SHADOWS = ShadowMap(1024, 0.75)


@dataclass(frozen=True, kw_only=True)
class ScannedObject(SceneObject):
    """A scanned object before it has settled.

    Attributes:
        scan: where its shape comes from.
    """

    scan: Scan

    @property
    def shape(self) -> Shape:
        """Its shape at natural size."""
        return self.scan.shape

    @property
    def postures(self) -> frozenset[str]:
        """How it may be found; see `kind.postures`."""
        return self.scan.label.postures


def generate_snapshot(
    seed: int, scans: Sequence[Scan], generated: float, photographs: Sequence[Path] = ()
) -> SceneDescription:
    """The snapshot of a seed: the same in every process.

    Args:
        seed: non-negative.
        scans: objects to draw from.
        generated: share of the objects that are the simulator's own, 0..1.
        photographs: pictures that some walls and floors are covered with.
    """
    rng = np.random.default_rng([seed, 2])
    objects = _Pile(rng, scans, generated).arranged()
    size = (float(rng.uniform(1.0, 2.4)), float(rng.uniform(0.8, 1.8)), 0.03)
    shine = float(rng.choice([0.0, 0.05, 0.15, 0.35]))
    table = Table(size, Finish(quiet_table_top(rng), shine, 0.6), float(rng.integers(2, 5)))
    room = Room(
        float(rng.uniform(1.6, 2.8)),
        float(rng.uniform(-0.9, -0.5)),
        _surroundings(rng, photographs),
        _surroundings(rng, photographs),
    )
    lights, ambient = _lights(rng)
    mats = tuple(_mat(rng) for _ in range(int(rng.choice(3, p=[0.6, 0.28, 0.12]))))
    camera = Camera((0.0, -0.6, 0.6), (0.0, 0.0, 0.0))
    return SceneDescription(seed, table, room, lights, ambient, camera, objects, SHADOWS, mats)


def snapshot_camera(rng: Generator, things: Sequence[Thing], width: int, height: int) -> Camera:
    """A viewpoint of somebody with a phone: the things fill much of the picture.

    Args:
        rng: where the randomness comes from.
        things: where each lies and how far it extends from there, metres, world frame.
        width: of the picture, pixels.
        height: of the picture, pixels.
    """
    places = np.array([place for place, _ in things]).reshape(-1, 3)
    middle = places.mean(axis=0) if things else np.zeros(3)
    reach = max((float(np.linalg.norm(p - middle)) + radius for p, radius in things), default=0.1)
    focal = rng.uniform(0.95, 1.5)  # of the shorter side
    fill = rng.uniform(1.5, 2.4) if rng.random() < CLOSE else rng.uniform(0.75, 1.5)
    distance = float(np.clip(2 * reach * focal / fill, 0.25, 1.2))
    azimuth = np.deg2rad(-90 + rng.normal(0, 60))
    elevation = np.deg2rad(float(rng.choice([rng.uniform(28, 60), rng.uniform(50, 89)])))
    shift = 0.07 * distance / focal
    target = (
        float(middle[0] + rng.normal(0, shift)),
        float(middle[1] + rng.normal(0, shift)),
        float(max(0.0, middle[2] * rng.uniform(0.3, 1.0))),
    )
    ground = distance * np.cos(elevation)
    position = (
        float(target[0] + ground * np.cos(azimuth)),
        float(target[1] + ground * np.sin(azimuth)),
        float(target[2] + distance * np.sin(elevation)),
    )
    roll = float(np.deg2rad(rng.normal(0, 6)))
    return Camera(position, target, roll, float(focal * min(width, height) / height))


QUIET = ("white", "white", "paper", "grey", "black", "dark grey", "beige", "pale wood")
"""Colours of most table cloths, desks and walls."""

TIMBER = ("brown", "pale wood", "cardboard", "beige", "chocolate", "dark grey", "grey", "paper")


def quiet_table_top(rng: Generator) -> Surface:
    """Wood, cloth, plain white or dark; less often patterned or of a strong colour."""
    chance = rng.random()
    if chance < 0.42:
        texture = str(rng.choice(["wood", "planks"]))
        return Surface(
            texture, colours.sample(rng, str(rng.choice(TIMBER))), seed=int(rng.integers(2**31))
        )
    if chance < 0.82:
        texture = str(rng.choice(["plain", "plain", "cloth", "clouds", "marble", "speckle"]))
        return _toned(rng, texture)
    return table_top(rng)


def _surroundings(rng: Generator, photographs: Sequence[Path]) -> Surface:
    """A floor or wall."""
    if photographs and rng.random() < 0.4:
        return background(rng, photographs)
    texture = str(rng.choice(["plain", "plain", "cloth", "planks", "clouds", "tiles"]))
    return _toned(rng, texture)


def _mat(rng: Generator) -> Mat:
    """A place mat, a sheet of paper, a cloth or a board."""
    texture = str(rng.choice(["plain", "plain", "cloth", "stripes", "gingham", "wood", "clouds"]))
    chance = rng.random()
    if texture == "wood":
        surface = Surface(
            texture, colours.sample(rng, str(rng.choice(TIMBER))), seed=int(rng.integers(2**31))
        )
    elif chance < 0.6:
        surface = _toned(rng, texture)
    else:
        first = colours.sample(rng, colours.random_paint(rng))
        surface = Surface(texture, first, colours.sample(rng, "white"), int(rng.integers(2**31)))
    size = (float(rng.uniform(0.12, 0.5)), float(rng.uniform(0.12, 0.35)))
    place = (float(rng.normal(0, 0.12)), float(rng.normal(0, 0.12)))
    return Mat(size, place, float(rng.uniform(0, np.pi)), Finish(surface, 0.0, 0.2))


def _toned(rng: Generator, texture: str) -> Surface:
    """A quiet colour with a second that is a little darker or brighter."""
    first = colours.sample(rng, str(rng.choice(QUIET)))
    r, g, b = (float(np.clip(value * rng.uniform(0.85, 1.1), 0, 1)) for value in first)
    return Surface(texture, first, (r, g, b), int(rng.integers(2**31)))


def _lights(rng: Generator) -> tuple[tuple[Light, ...], tuple[float, float, float]]:
    """A large lamp or window with soft shadows, perhaps a second one, and light from around."""
    warmth = rng.normal(0, 0.07)
    tint = np.array([1 + warmth, 1.0, 1 - 1.4 * warmth])
    exposure = rng.uniform(0.6, 0.85)
    hard = rng.uniform(0.25, 0.62)  # share of the light that comes from the large lamp
    second = rng.uniform(0.0, 0.3)

    def lamp(azimuth: float, elevation: float, strength: float, shadows: bool) -> Light:
        flat = np.cos(elevation)
        direction = (-flat * np.cos(azimuth), -flat * np.sin(azimuth), -np.sin(elevation))
        x, y, z = (float(value) for value in direction)
        r, g, b = (float(value) for value in tint * strength)
        return Light((x, y, z), (r, g, b), shadows)

    azimuth, elevation = rng.uniform(0, 2 * np.pi), np.deg2rad(rng.uniform(30, 78))
    width = np.deg2rad(rng.uniform(1.5, 7))
    # What a lamp at this height gives a table is its strength times the sine.
    strength = exposure * hard * 1.15
    lights = [
        lamp(
            float(azimuth + rng.normal(0, width) / max(0.3, np.cos(elevation))),
            float(np.clip(elevation + rng.normal(0, width), 0.4, 1.5)),
            float(strength / SOFTNESS),
            True,
        )
        for _ in range(SOFTNESS)
    ]
    lights.append(
        lamp(
            float(azimuth + rng.uniform(1.5, 4.8)),
            float(np.deg2rad(rng.uniform(25, 70))),
            float(exposure * second),
            bool(rng.random() < 0.4),
        )
    )
    ambient = tint * exposure * max(0.2, 1.0 - hard * 0.9 - 0.6 * second)
    r, g, b = (float(value) for value in ambient)
    return tuple(lights), (r, g, b)


@dataclass
class _Pile:
    """Draws objects and lets them go above the table: beside each other, or in a heap."""

    rng: Generator
    scans: Sequence[Scan]
    generated: float
    objects: list[SceneObject] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    taken: list[tuple[NDArray[np.float64], float]] = field(default_factory=list)

    def arranged(self) -> tuple[SceneObject, ...]:
        rng = self.rng
        if rng.random() < CROWDED:
            count = int(rng.integers(CROWD[0], CROWD[1] + 1))
        else:
            count = 1 + int(rng.choice(len(OBJECT_COUNTS), p=OBJECT_COUNTS))
        heap = rng.random() < HEAP
        spread = float(rng.uniform(0.25, 0.6) if heap else rng.uniform(0.85, 1.2))
        weights = np.array([scan.label.weight for scan in self.scans])
        weights /= weights.sum()
        makes = list(SNAPSHOT_KINDS)
        make_weights = np.array([SNAPSHOT_KINDS[make].weight for make in makes])
        make_weights /= make_weights.sum()
        again = float(rng.choice([0.0, 0.35, 0.6]))
        drawn: list[SceneObject] = []
        for _ in range(count):
            if drawn and rng.random() < again:
                drawn.append(self._alike(drawn[int(rng.integers(len(drawn)))]))
            elif rng.random() < self.generated:
                make = makes[int(rng.choice(len(makes), p=make_weights))]
                drawn.append(generated_object(rng, make))
            else:
                drawn.append(_scanned(rng, self.scans[int(rng.choice(len(self.scans), p=weights))]))
        # Vessels and wide things first, so that others fall on or into them.
        drawn.sort(key=lambda item: -float(item.shape.hollow) - item.size[0] * item.size[1])
        for item in drawn:
            self._put(item, spread)
        return tuple(self.objects)

    def _alike(self, item: SceneObject) -> SceneObject:
        """Another of the same kind."""
        if isinstance(item, ScannedObject):
            same = [scan for scan in self.scans if scan.label.kind == item.kind]
            return _scanned(self.rng, same[int(self.rng.integers(len(same)))])
        return generated_object(self.rng, item.make)

    def _put(self, item: SceneObject, spread: float) -> None:
        """Finds a place: free if `spread` is 1 or more, on others if it is less."""
        rng = self.rng
        turn = rotation_about("z", float(rng.uniform(0, 360))) @ _turn(rng, item)
        extent = np.abs(turn) @ np.array(item.size)
        radius = float(np.hypot(extent[0], extent[1])) / 2 * 0.8
        place, base = self._place(radius, spread)
        self.taken.append((np.array([*place, base + extent[2]]), radius))
        number = self.counts[item.kind] = self.counts.get(item.kind, 0) + 1
        word = item.kind.replace(" ", "_").replace("'", "")
        pose = Pose(
            (float(place[0]), float(place[1]), float(base + extent[2] / 2)), quaternion(turn)
        )
        self.objects.append(replace(item, name=f"{word}_{number}", pose=pose))

    def _place(self, radius: float, spread: float) -> tuple[NDArray[np.float64], float]:
        """Where, and at what height it is let go."""
        rng = self.rng
        if not self.taken:
            return rng.normal(0, 0.02, 2), 0.003
        best, best_overlap = rng.normal(0, 0.02, 2), np.inf
        for _ in range(24):
            other, other_radius = self.taken[int(rng.integers(len(self.taken)))]
            angle = rng.uniform(0, 2 * np.pi)
            reach = (other_radius + radius) * spread * rng.uniform(0.9, 1.3)
            place = other[:2] + reach * np.array([np.cos(angle), np.sin(angle)])
            if np.abs(place).max() > 0.33:
                continue
            overlap = max(
                (r + radius) * min(spread, 1.0) - float(np.hypot(*(place - t[:2])))
                for t, r in self.taken
            )
            if overlap < best_overlap:
                best, best_overlap = place, overlap
            if overlap <= 0:
                break
        below = [t[2] for t, r in self.taken if float(np.hypot(*(best - t[:2]))) < r + radius]
        return best, float(max(below, default=0.0)) + 0.004


def _turn(rng: Generator, item: SceneObject) -> NDArray[np.float64]:
    """How it is put down, before its turn about the vertical."""
    if not isinstance(item, ScannedObject):
        return resting_turn(rng, SNAPSHOT_KINDS[item.make])
    rest = resting(rng, item.scan.label)
    if rest == "down":
        return rotation_about("x", 180.0)
    if rest == "side":
        return rotation_about("x", 90.0) @ rotation_about("z", float(rng.uniform(0, 360)))
    if rest == "face":
        axis = str(rng.choice(["x", "y"]))
        return rotation_about(axis, float(rng.choice([90, 180, 270])))
    if rest == "any":
        turn, _ = np.linalg.qr(rng.normal(size=(3, 3)))
        return np.asarray(turn * np.linalg.det(turn))
    return np.eye(3)


def _scanned(rng: Generator, scan: Scan) -> ScannedObject:
    """A scan in its own colours or others, of about its own size; not placed yet."""
    label = scan.label
    repaint: Repaint | None = None
    if label.paints and rng.random() < REPAINTED:
        label, repaint = _painted(rng, label)
    attributes = {"colour": label.colour}
    if label.spoken:
        attributes["material"] = label.spoken
    if label.pattern:
        attributes["pattern"] = label.pattern
    if label.size:
        attributes["size"] = label.size
    if label.second:
        attributes["second_colour"] = label.second[0]
    surface = Surface("plain", (0.5, 0.5, 0.5), photograph=scan.texture, repaint=repaint)
    looks = [PartLook("body", label.colour, finish(label.material, surface), False)]
    parts = dict(label.parts)
    for name in scan.shape.parts:
        if name == "body":
            continue
        own = surface
        if rng.random() < REPAINTED:
            colour = colours.random_paint(rng)
            parts[name] = colour
            own = replace(surface, repaint=Repaint("", colours.sample(rng, colour)))
        looks.append(
            PartLook(name, parts.pop(name, label.colour), finish(label.material, own), True)
        )
    return ScannedObject(
        name="",
        kind=label.kind,
        variant=0,
        scale=float(rng.uniform(0.88, 1.15)),
        attributes=attributes,
        parts=tuple(looks),
        pose=Pose((0.0, 0.0, 0.0), (0.0, 0.0, 0.0, 1.0)),
        names=label.names,
        printed=tuple(parts.items()),
        accents=label.second,
        scan=scan,
    )


def _painted(rng: Generator, label: ScanLabel) -> tuple[ScanLabel, Repaint]:
    """Another colour for a scan, and its label with that colour."""
    source = label.paint[int(rng.integers(len(label.paint)))]
    if label.paints == ("any",):
        colour = colours.random_paint(rng)
    else:
        colour = label.paints[int(rng.integers(len(label.paints)))]
    repaint = Repaint("" if source == WHOLE else source, colours.sample(rng, colour))
    if source == WHOLE:
        parts = dict.fromkeys(label.parts, colour)
        spoken = "plastic" if label.spoken == "metal" else label.spoken
        return replace(label, colour=colour, second=(), parts=parts, spoken=spoken), repaint

    def renamed(name: str) -> str:
        return colour if name == source else name

    return (
        replace(
            label,
            colour=renamed(label.colour),
            second=tuple(renamed(name) for name in label.second),
            parts={part: renamed(name) for part, name in label.parts.items()},
        ),
        repaint,
    )
