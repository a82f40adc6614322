"""What is in a scene, as plain data, and how a seed becomes one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from vlm_ros.geometry.rotations import Quaternion, quaternion
from vlm_ros.simulation import colours
from vlm_ros.simulation.camera import Camera, Point, random_camera
from vlm_ros.simulation.colours import Rgb
from vlm_ros.simulation.finishes import MATERIALS, Finish, Surface, finish
from vlm_ros.simulation.kind import Kind, PartStyle
from vlm_ros.simulation.kinds import KINDS, SNAPSHOT_KINDS, VARIANTS, shape_of
from vlm_ros.simulation.meshes import rotation_about
from vlm_ros.simulation.shapes import Shape

WORK_AREA = (0.36, 0.25)
"""Half extents of the part of the table that objects are put on, metres."""

CLEARLY_LARGER = 1.35
"""Two things of a kind are "large" and "small" when their sizes differ by this factor."""


STANDING, LYING = 0.9, 0.35
"""Cosines of the angle between an object's own upward axis and the world's: from the first on it
stands, up to the second it lies."""

ACCENT_SHARE = 0.1
"""Of an object's surface: a part with more of it lends the object its colour beside the body's."""

SPARE_KINDS = 12
"""How many more objects are tried when some find no room."""


@dataclass(frozen=True)
class Pose:
    """Position in metres and orientation xyzw, in the world frame."""

    position: Point
    quaternion: Quaternion


@dataclass(frozen=True)
class PartLook:
    """How a part of an object looks.

    Attributes:
        name: "body" or the part's own name.
        colour: what people call its colour.
        finish: what it looks like.
        named: whether people speak of the part.
    """

    name: str
    colour: str
    finish: Finish
    named: bool


@dataclass(frozen=True)
class SceneObject:
    """An object before it has settled.

    Attributes:
        name: unique in its scene, e.g. "cup_2".
        kind: the noun people say.
        variant: which of the kind's shapes.
        scale: factor on the shape's natural size.
        attributes: what people may call it: "colour", and where it can be told "material",
            "pattern" and "second_colour".
        parts: looks of its parts; the first is the body.
        pose: where it is let go, the centre of its bounding box.
        names: other nouns that are true of it.
        printed: (name, colour) of parts that are part of its picture.
        accents: other colours it clearly shows, the clearest first.
        make: the key of `kinds.SNAPSHOT_KINDS` whose shape it has; "" where that is its kind.
    """

    name: str
    kind: str
    variant: int
    scale: float
    attributes: Mapping[str, str]
    parts: tuple[PartLook, ...]
    pose: Pose
    names: tuple[str, ...] = ()
    printed: tuple[tuple[str, str], ...] = ()
    accents: tuple[str, ...] = ()
    make: str = ""

    @property
    def shape(self) -> Shape:
        """Its shape at natural size."""
        return shape_of(self.make or self.kind, self.variant)

    @property
    def postures(self) -> frozenset[str]:
        """How it may be found; see `kind.postures`."""
        return SNAPSHOT_KINDS[self.make or self.kind].postures

    @property
    def size(self) -> Point:
        """Extent along its own axes, metres."""
        x, y, z = (extent * self.scale for extent in self.shape.size)
        return (x, y, z)


@dataclass(frozen=True)
class Light:
    """A distant lamp.

    Attributes:
        direction: of its rays, world frame, unit length.
        colour: RGB, 0..1, strength included.
        shadows: whether it casts them.
    """

    direction: Point
    colour: Rgb
    shadows: bool


@dataclass(frozen=True)
class ShadowMap:
    """The picture that a lamp's shadows are found with.

    Attributes:
        pixels: along its side.
        reach: from the table's middle to its side, metres; there are no shadows further out.
    """

    pixels: int
    reach: float


@dataclass(frozen=True)
class Table:
    """A table whose top is the plane z = 0.

    Attributes:
        size: extent of the top along x and y, and its thickness, metres.
        finish: of the top.
        repeat: how often its texture is laid side by side each way.
    """

    size: Point
    finish: Finish
    repeat: float = 1.0


@dataclass(frozen=True)
class Mat:
    """A cloth, a sheet or a board that lies flat on the table; nothing to be asked for.

    Attributes:
        size: extent along its own x and y, metres.
        place: of its middle on the table, metres.
        yaw: how far it is turned, radians.
        finish: of its surface.
    """

    size: tuple[float, float]
    place: tuple[float, float]
    yaw: float
    finish: Finish


@dataclass(frozen=True)
class Room:
    """Floor and walls around the table.

    Attributes:
        half_width: distance of each wall from the middle, metres.
        floor_height: z of the floor, metres.
        floor: its surface.
        walls: their surface.
    """

    half_width: float
    floor_height: float
    floor: Surface
    walls: Surface


@dataclass(frozen=True)
class SceneDescription:
    """A scene, independent of what renders it.

    Attributes:
        seed: it is a function of this number (and of the photographs it was given).
        table: what the objects stand on.
        room: what is behind the table.
        lights: the lamps.
        ambient: light from everywhere, RGB 0..1.
        camera: a random viewpoint.
        objects: before settling, supports before what stands on them.
        shadows: how the lamps' shadows are found.
        mats: what lies under the objects, the lowest first.
    """

    seed: int
    table: Table
    room: Room
    lights: tuple[Light, ...]
    ambient: Rgb
    camera: Camera
    objects: tuple[SceneObject, ...]
    shadows: ShadowMap = ShadowMap(2048, 1.6)
    mats: tuple[Mat, ...] = ()


def generate_scene(seed: int, photographs: Sequence[Path] = ()) -> SceneDescription:
    """The scene of a seed: the same in every process.

    Args:
        seed: non-negative.
        photographs: pictures that some tables, floors and walls are covered with.
    """
    rng = np.random.default_rng([seed, 0])
    table = _table(rng, photographs)
    room = Room(
        float(rng.uniform(1.6, 2.8)),
        float(rng.uniform(-0.9, -0.5)),
        background(rng, photographs),
        background(rng, photographs),
    )
    lights, ambient = _lights(rng)
    objects = _Layout(rng).arranged()
    camera = random_camera(rng, _middle(objects))
    return SceneDescription(seed, table, room, lights, ambient, camera, objects)


def view_camera(scene: SceneDescription, view: int) -> Camera:
    """A random viewpoint of a scene; view 0 is its own camera, any other number another."""
    if view == 0:
        return scene.camera
    rng = np.random.default_rng([scene.seed, 1, view])
    return random_camera(rng, _middle(scene.objects))


def _middle(objects: Sequence[SceneObject]) -> Point:
    """The middle of all objects, metres, world frame."""
    return _point(np.mean([item.pose.position for item in objects], axis=0))


def size_words(objects: Sequence[SceneObject]) -> list[str]:
    """Gives "large", "small" or "" for each object, among the others of its kind."""
    bulks = [float(np.prod(item.size)) ** (1 / 3) for item in objects]
    words = []
    for item, bulk in zip(objects, bulks, strict=True):
        ratios = [
            bulk / other_bulk
            for other, other_bulk in zip(objects, bulks, strict=True)
            if other.kind == item.kind and other is not item
        ]
        largest, smallest = max(ratios, default=1.0), min(ratios, default=1.0)
        if largest >= CLEARLY_LARGER and smallest > 0.9:
            words.append("large")
        elif smallest <= 1 / CLEARLY_LARGER and largest < 1.1:
            words.append("small")
        else:
            words.append("")
    return words


def posture_word(item: SceneObject, turn: NDArray[np.float64]) -> str | None:
    """The posture an object is found in.

    Args:
        item: the object.
        turn: (3, 3) from its own axes to the world's.

    Returns:
        "upright", "lying" or "upside down"; None where it leans or has but one.
    """
    upward = float(turn[2, 2])
    if abs(upward) <= LYING:
        word = "lying"
    elif abs(upward) >= STANDING:
        word = "upright" if upward > 0 else "upside down"
    else:
        return None
    return word if word in item.postures else None


def _seed(rng: Generator) -> int:
    return int(rng.integers(2**31))


def _pick(rng: Generator, names: Sequence[str]) -> str:
    return names[int(rng.integers(len(names)))]


def _muted(rng: Generator) -> Rgb:
    """A colour that tables, floors and walls have."""
    if rng.random() < 0.3:
        return colours.sample(rng, colours.random_paint(rng))
    return colours.sample(
        rng, _pick(rng, ("beige", "white", "grey", "brown", "pale wood", "light blue", "paper"))
    )


def _table(rng: Generator, photographs: Sequence[Path]) -> Table:
    size = (float(rng.uniform(0.86, 1.0)), float(rng.uniform(0.62, 0.72)), 0.03)
    if photographs and rng.random() < 0.2:
        surface = _photographed(rng, photographs)
    else:
        surface = table_top(rng)
    shine = float(rng.choice([0.0, 0.1, 0.3]))
    return Table(size, Finish(surface, shine, 0.6))


def table_top(rng: Generator) -> Surface:
    """A table top of any make."""
    texture = _pick(
        rng,
        (
            *("wood", "wood", "planks", "planks", "plain", "plain", "marble", "cloth"),
            *("gingham", "speckle", "tiles", "clouds", "checks", "stripes"),
        ),
    )
    if texture in ("wood", "planks"):
        name = _pick(rng, ("brown", "pale wood", "cardboard", "beige", "pale wood", "dark grey"))
        return Surface(texture, colours.sample(rng, name), seed=_seed(rng))
    first, second = _muted(rng), _muted(rng)
    if texture in ("checks", "stripes", "gingham"):
        second = colours.sample(rng, "white")
    return Surface(texture, first, second, _seed(rng))


def _photographed(rng: Generator, photographs: Sequence[Path]) -> Surface:
    path = photographs[int(rng.integers(len(photographs)))]
    return Surface("plain", (0.5, 0.5, 0.5), photograph=path)


def background(rng: Generator, photographs: Sequence[Path]) -> Surface:
    """A floor or wall: a photograph, or a plain or patterned one."""
    if photographs and rng.random() < 0.6:
        return _photographed(rng, photographs)
    texture = _pick(
        rng, ("plain", "clouds", "tiles", "planks", "cloth", "speckle", "marble", "checks")
    )
    return Surface(texture, _muted(rng), _muted(rng), _seed(rng))


def _lights(rng: Generator) -> tuple[tuple[Light, ...], Rgb]:
    warmth = rng.normal(0, 0.035)
    tint = np.array([1 + warmth, 1.0, 1 - 1.3 * warmth])
    exposure = rng.uniform(0.82, 0.99)
    ambient_share = rng.uniform(0.48, 0.6)

    def lamp(azimuth: float, strength: float, shadows: bool) -> Light:
        elevation = np.deg2rad(rng.uniform(40, 75))
        flat = np.cos(elevation)
        direction = (-flat * np.cos(azimuth), -flat * np.sin(azimuth), -np.sin(elevation))
        return Light(_point(np.array(direction)), _point(tint * strength), shadows)

    key = lamp(
        float(rng.uniform(0, 2 * np.pi)),
        float(exposure * rng.uniform(0.28, 0.44)),
        bool(rng.random() < 0.9),
    )
    # From the viewer's side, so that what faces the camera is never in the dark.
    fill = lamp(
        float(-np.pi / 2 + rng.normal(0, 0.6)), float(exposure * rng.uniform(0.16, 0.28)), False
    )
    return (key, fill), _point(tint * exposure * ambient_share)


def _point(values: NDArray[np.float64]) -> Point:
    x, y, z = (float(value) for value in values)
    return (x, y, z)


@dataclass
class _Placed:
    """Where an object is put: its footprint and the height of its top."""

    index: int
    centre: NDArray[np.float64]
    half: NDArray[np.float64]
    yaw: float
    base: float
    top: float
    loaded: bool = False

    def corners(self, margin: float) -> NDArray[np.float64]:
        cos, sin = np.cos(self.yaw), np.sin(self.yaw)
        signs = np.array([(1, 1), (-1, 1), (-1, -1), (1, -1)])
        local = signs * (self.half + margin)
        turned: NDArray[np.float64] = local @ np.array([[cos, sin], [-sin, cos]])
        return turned + self.centre


def _apart(first: _Placed, second: _Placed, margin: float) -> bool:
    """Whether two footprints do not overlap (separating axis theorem)."""
    a, b = first.corners(margin / 2), second.corners(margin / 2)
    for yaw in (first.yaw, first.yaw + np.pi / 2, second.yaw, second.yaw + np.pi / 2):
        axis = np.array([np.cos(yaw), np.sin(yaw)])
        u, v = a @ axis, b @ axis
        if u.max() < v.min() or v.max() < u.min():
            return True
    return False


@dataclass
class _Layout:
    """Draws objects one after another and finds room for each."""

    rng: Generator
    objects: list[SceneObject] = field(default_factory=list)
    placed: list[_Placed] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)

    def arranged(self) -> tuple[SceneObject, ...]:
        rng = self.rng
        wanted = int(rng.integers(4, 15))
        names = list(KINDS)
        weights = np.array([KINDS[name].weight for name in names])
        weights /= weights.sum()

        def any_kind() -> str:
            return names[int(rng.choice(len(names), p=weights))]

        shared_kinds = [any_kind() for _ in range(int(rng.integers(1, 3)))]
        kind_chance = rng.choice([0.0, 0.3, 0.55], p=[0.25, 0.45, 0.3])
        shared_colour = colours.random_paint(rng)
        colour_chance = rng.choice([0.0, 0.4], p=[0.5, 0.5])
        contrast = rng.random() < 0.5
        kinds = [
            _pick(rng, shared_kinds) if rng.random() < kind_chance else any_kind()
            for _ in range(wanted)
        ]
        # Supports first, so that what stands on them finds them.
        kinds.sort(key=lambda name: -_support_rank(KINDS[name]))
        kinds += [any_kind() for _ in range(SPARE_KINDS)]
        for name in kinds:
            if len(self.objects) == wanted:
                break
            colour = shared_colour if rng.random() < colour_chance else None
            scale = float(rng.uniform(0.9, 1.12))
            if contrast and name in shared_kinds:
                scale = float(rng.choice([rng.uniform(0.72, 0.8), rng.uniform(1.12, 1.25)]))
            self._add(name, scale, colour)
        return tuple(self.objects)

    def _add(self, kind_name: str, scale: float, colour: str | None) -> None:
        rng, kind = self.rng, KINDS[kind_name]
        variant = int(rng.integers(VARIANTS))
        turn = resting_turn(rng, kind)
        shape = shape_of(kind_name, variant)
        extent = np.abs(turn) @ np.array(shape.size) * scale
        spot = self._spot(extent)
        if spot is None:
            return
        number = self.counts[kind_name] = self.counts.get(kind_name, 0) + 1
        rotation = rotation_about("z", float(np.rad2deg(spot.yaw))) @ turn
        height = spot.base + extent[2] / 2
        pose = Pose(
            (float(spot.centre[0]), float(spot.centre[1]), float(height)), quaternion(rotation)
        )
        attributes, parts = _looks(rng, kind, shape, colour)
        upright = turn[2, 2] > 0.9
        spot.loaded = not (upright and (kind.flat or shape.hollow))
        if shape.hollow and upright and extent[2] > 0.03:
            spot.top = spot.base + 0.012
        self.placed.append(spot)
        self.objects.append(
            SceneObject(
                f"{kind_name.replace(' ', '_')}_{number}",
                kind_name,
                variant,
                scale,
                attributes,
                parts,
                pose,
            )
        )

    def _spot(self, extent: NDArray[np.float64]) -> _Placed | None:
        """A free place on the table, or on something."""
        rng, half = self.rng, extent[:2] / 2
        index = len(self.placed)
        if rng.random() < 0.4:
            supports = [
                item
                for item in self.placed
                if not item.loaded and np.hypot(*half) < 0.85 * float(item.half.min())
            ]
            if supports:
                support = supports[int(rng.integers(len(supports)))]
                support.loaded = True
                slack = np.maximum(support.half.min() * 0.8 - np.hypot(*half), 0.0)
                centre = support.centre + rng.uniform(-1, 1, 2) * slack * 0.6
                base = support.top + 0.004
                yaw = float(rng.uniform(0, 2 * np.pi))
                return _Placed(index, centre, half, yaw, base, base + extent[2], True)
        near = rng.random() < 0.6
        for _ in range(60):
            yaw = float(rng.uniform(0, 2 * np.pi))
            spot = _Placed(index, self._point(near, half), half, yaw, 0.002, float(extent[2]))
            room = np.maximum(np.array(WORK_AREA) + 0.03, 0.05)
            if np.any(np.abs(spot.corners(0.0)) > room):
                continue
            on_table = [item for item in self.placed if item.base < 0.01]
            margin = float(rng.uniform(0.004, 0.02))
            if all(_apart(spot, item, margin) for item in on_table):
                return spot
        return None

    def _point(self, near: bool, half: NDArray[np.float64]) -> NDArray[np.float64]:
        """A random place: anywhere, or close to something."""
        rng = self.rng
        if near and self.placed:
            other = self.placed[int(rng.integers(len(self.placed)))]
            reach = float(np.hypot(*other.half) + np.hypot(*half)) * rng.uniform(0.6, 1.2)
            angle = rng.uniform(0, 2 * np.pi)
            return np.asarray(other.centre + reach * np.array([np.cos(angle), np.sin(angle)]))
        return rng.uniform(-1, 1, 2) * WORK_AREA


def _support_rank(kind: Kind) -> int:
    if kind.flat or kind.name in ("plate", "bowl", "tray", "crate", "basket", "pan"):
        return 1
    return 0


def resting_turn(rng: Generator, kind: Kind) -> NDArray[np.float64]:
    """How it is put down, before its turn about the vertical: a (3, 3) rotation."""
    chance = rng.random()
    if chance < kind.lying:
        return rotation_about("x", 90.0) @ rotation_about("z", float(rng.choice([0, 90, 180])))
    if chance < kind.lying + kind.upturned:
        return rotation_about("x", 180.0)
    return np.eye(3)


def generated_object(rng: Generator, make: str) -> SceneObject:
    """An object with random proportions and looks, which has no place or name yet.

    Args:
        rng: where the randomness comes from.
        make: a key of `kinds.SNAPSHOT_KINDS`.
    """
    kind = SNAPSHOT_KINDS[make]
    variant = int(rng.integers(VARIANTS))
    shape = shape_of(make, variant)
    attributes, parts = _looks(rng, kind, shape, None)
    return SceneObject(
        name="",
        kind=kind.name,
        variant=variant,
        scale=float(rng.uniform(0.88, 1.15)),
        attributes=attributes,
        parts=parts,
        pose=Pose((0.0, 0.0, 0.0), (0.0, 0.0, 0.0, 1.0)),
        names=kind.names,
        accents=_accents(shape, parts),
        make=make,
    )


def _accents(shape: Shape, parts: Sequence[PartLook]) -> tuple[str, ...]:
    """Colours unlike the body's of parts that make up much of the surface, the largest first."""
    whole = sum(mesh.area for mesh in shape.parts.values())
    shares = {part: shape.parts[part.name].area / whole for part in parts[1:]}
    large = [part for part in shares if shares[part] > ACCENT_SHARE]
    large.sort(key=lambda part: -shares[part])
    return tuple(dict.fromkeys(p.colour for p in large if p.colour != parts[0].colour))


def _looks(
    rng: Generator, kind: Kind, shape: Shape, wanted: str | None
) -> tuple[dict[str, str], tuple[PartLook, ...]]:
    """Spoken attributes and the looks of all parts."""
    material = _pick(rng, kind.materials)
    colour = _body_colour(rng, kind, material, wanted)
    material = _material_of(colour, material)
    attributes = {"colour": colours.spoken(colour)}
    spoken_material = MATERIALS[material].spoken
    if spoken_material:
        attributes["material"] = spoken_material
    rgb = colours.sample(rng, colour)
    texture = MATERIALS[material].texture
    second = rgb
    if kind.second:
        second = colours.sample(rng, _pick(rng, kind.second))
    elif texture in ("mottled", "speckle"):
        second = _point(np.array(rgb) * 0.75)
    if kind.patterned and material not in ("glass", "wooden"):
        pattern = "plain"
        if rng.random() < 0.35:
            texture = _pick(rng, ("stripes", "bands", "dots", "checks"))
            pattern = {"dots": "dotted", "checks": "checked"}.get(texture, "striped")
            other = "white"
            if colours.alike(colour, "white") or rng.random() < 0.5:
                other = colours.random_paint(rng, without=(colour,))
            second = colours.sample(rng, other)
            attributes["second_colour"] = colours.spoken(other)
        attributes["pattern"] = pattern
    body = finish(material, Surface(texture, rgb, second, _seed(rng)))
    looks = [PartLook("body", colours.spoken(colour), body, False)]
    for name in shape.parts:
        if name != "body":
            style = kind.parts.get(name, PartStyle(named=False))
            looks.append(_part_look(rng, name, style, colour, body))
    return attributes, tuple(looks)


def _body_colour(rng: Generator, kind: Kind, material: str, wanted: str | None) -> str:
    choices: tuple[str, ...] = kind.colours
    if material == "cardboard":
        choices = ("cardboard", "cardboard", "cardboard", "white", "beige")
    elif material == "wooden" and not (kind.colours and rng.random() < 0.5):
        choices = ("brown", "pale wood", "pale wood", "brown", "red", "blue", "green")
    elif material == "metal" and not kind.colours and rng.random() < 0.4:
        choices = ("silver", "silver", "gold", "copper")
    elif material == "glass" and not kind.colours:
        choices = ("green", "brown", "light blue", "white", "blue", "dark green", "red")
    if wanted is not None and (not choices or wanted in choices):
        return wanted
    return _pick(rng, choices) if choices else colours.random_paint(rng)


def _material_of(colour: str, material: str) -> str:
    """The material a colour asks for: silver plastic spoons are metal."""
    if colour in ("silver", "gold", "copper"):
        return "metal"
    if colour == "pale wood" and material != "wicker":
        return "wooden"
    if material == "cardboard" and colour not in ("cardboard", "white", "beige"):
        return "paper"
    return material


def _part_look(
    rng: Generator, name: str, style: PartStyle, body_colour: str, body: Finish
) -> PartLook:
    choice = _pick(rng, style.colours)
    if choice == "body":
        return PartLook(name, colours.spoken(body_colour), body, style.named)
    if choice == "other":
        choice = colours.random_paint(rng, without=(body_colour,))
    material = "metal" if choice in ("silver", "gold", "copper") else style.material
    rgb = colours.sample(rng, choice)
    texture = MATERIALS[material].texture
    darker = _point(np.array(rgb) * 0.75)
    look = finish(material, Surface(texture, rgb, darker, _seed(rng)))
    return PartLook(name, colours.spoken(choice), look, style.named)
