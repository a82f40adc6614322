"""Scenes in motion: a camera that is carried about, and things that somebody moves by hand.

A motion is a function of time, so that it can be filmed at any rate. Nothing is under physics while
it lasts: what is moved goes where it is told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from vlm_ros.simulation.camera import Camera
from vlm_ros.simulation.scene import Pose, SceneObject
from vlm_ros.simulation.tabletop import RenderedFrame, Tabletop

DURATION = 6.0
"""Seconds that each motion lasts."""

_UNSTEADINESS = 0.004
"""By how much a hand moves a camera to and fro, metres."""


@dataclass(frozen=True)
class Moment:
    """Where the camera and the things that are moved are at one time.

    Attributes:
        camera: what is looked with.
        poses: of the objects that are not where they came to rest, by their unique names.
    """

    camera: Camera
    poses: Mapping[str, Pose]


Motion = Callable[[float], Moment]
"""From seconds, 0 to DURATION, to where everything is."""


def film(
    tabletop: Tabletop, motion: Motion, rate: float, width: int = 640, height: int = 480
) -> Iterator[tuple[float, RenderedFrame]]:
    """The pictures of a motion and their times in seconds; afterwards all is where it was.

    Args:
        tabletop: what is filmed.
        motion: of the camera and of things on this table.
        rate: pictures a second.
        width: of the pictures, pixels.
        height: of the pictures, pixels.

    Raises:
        SimulationError: there is no EGL to render with.
    """
    at_rest = {item.name: tabletop.pose(item.name) for item in tabletop.objects}
    try:
        for seconds in np.arange(0.0, DURATION, 1.0 / rate):
            moment = motion(float(seconds))
            for name, pose in moment.poses.items():
                tabletop.move(name, pose)
            yield float(seconds), tabletop.render(moment.camera, width, height)
    finally:
        for name, pose in at_rest.items():
            tabletop.move(name, pose)


def orbit(tabletop: Tabletop, rng: Generator) -> Motion:
    """The camera goes round the table and back, and nearer; nothing else moves."""
    held = _held(tabletop.scene.camera, rng)
    swing = np.deg2rad(rng.choice([-1, 1]) * rng.uniform(30, 55))
    nearing = rng.uniform(0.0, 0.3)

    def motion(seconds: float) -> Moment:
        share = (1 - np.cos(2 * np.pi * seconds / DURATION)) / 2
        return Moment(_around(held(seconds), swing * share, 1 - nearing * share), {})

    return motion


def glance(tabletop: Tabletop, rng: Generator) -> Motion:
    """The camera turns away until most of the table is out of sight, and back."""
    held = _held(tabletop.scene.camera, rng)
    direction = tabletop.scene.camera.rotation()[:, 0] * rng.choice([-1, 1])
    away = rng.uniform(0.6, 1.0)
    lasting = rng.uniform(0.5, 2.0)

    def motion(seconds: float) -> Moment:
        camera = held(seconds)
        turned = _eased(seconds, 1.5, 2.1) - _eased(seconds, 2.1 + lasting, 2.7 + lasting)
        target = np.asarray(camera.target) + direction * away * turned
        return Moment(replace(camera, target=_point(target)), {})

    return motion


def occlusion(tabletop: Tabletop, rng: Generator) -> Motion:
    """Somebody holds the bulkiest thing before the others for up to three seconds."""
    camera = tabletop.scene.camera
    held, items = _held(camera, rng), tabletop.objects
    screen = max(items, key=lambda item: float(np.sort(item.size)[1:].prod()))
    hidden = _any_other(items, screen, rng)
    swing = np.deg2rad(rng.uniform(-12, 12))
    lasting = rng.uniform(1.0, 3.0)
    begin = tabletop.pose(screen.name)
    target = np.asarray(tabletop.pose(hidden.name).position)
    between = target + 0.35 * (np.asarray(camera.position) - target)
    side = camera.rotation()[:, 0] * rng.choice([-1, 1]) * 0.45

    def motion(seconds: float) -> Moment:
        coming = 1 - _eased(seconds, 0.8, 1.6)
        leaving = _eased(seconds, 1.6 + lasting, 2.4 + lasting)
        lifted = _eased(seconds, 0.0, 0.8)
        place = between + side * (coming - leaving)
        at = np.asarray(begin.position) * (1 - lifted) + place * lifted
        moved = replace(begin, position=_point(at))
        return Moment(_around(held(seconds), swing * seconds / DURATION, 1.0), {screen.name: moved})

    return motion


def exchange(tabletop: Tabletop, rng: Generator) -> Motion:
    """Two things, of one kind if there are such, are carried past each other and change places."""
    held, items = _held(tabletop.scene.camera, rng), tabletop.objects
    pairs = [(a, b) for a in items for b in items if a is not b]
    alike = [(a, b) for a, b in pairs if a.kind == b.kind]
    chosen = alike or pairs
    first, second = chosen[int(rng.integers(len(chosen)))]
    ways = {
        item.name: (tabletop.pose(item.name), tabletop.pose(other.name), height)
        for item, other, height in ((first, second, 0.10), (second, first, 0.03))
    }
    begun, lasting = rng.uniform(0.5, 1.5), rng.uniform(1.0, 3.0)

    def carried(way: tuple[Pose, Pose, float], share: float) -> Pose:
        begin, end, height = way
        place = np.asarray(begin.position) * (1 - share) + np.asarray(end.position) * share
        place[2] += height * np.sin(np.pi * share)
        return replace(begin, position=_point(place))

    def motion(seconds: float) -> Moment:
        share = _eased(seconds, begun, begun + lasting)
        return Moment(held(seconds), {name: carried(way, share) for name, way in ways.items()})

    return motion


MOTIONS: Mapping[str, Callable[[Tabletop, Generator], Motion]] = {
    "orbit": orbit,
    "glance": glance,
    "occlusion": occlusion,
    "exchange": exchange,
}
"""The motions, by what happens in them."""


def _any_other(items: tuple[SceneObject, ...], item: SceneObject, rng: Generator) -> SceneObject:
    others = [other for other in items if other is not item]
    return others[int(rng.integers(len(others)))]


def _held(camera: Camera, rng: Generator) -> Callable[[float], Camera]:
    """The camera in a hand that is never quite still."""
    frequencies = rng.uniform(0.4, 2.5, (4, 6))
    phases = rng.uniform(0, 2 * np.pi, (4, 6))

    def at(seconds: float) -> Camera:
        shaken = np.sin(2 * np.pi * frequencies * seconds + phases).mean(axis=0) * _UNSTEADINESS
        position = np.asarray(camera.position) + shaken[:3]
        return replace(
            camera,
            position=_point(position),
            target=_point(np.asarray(camera.target) + 2 * shaken[3:]),
        )

    return at


def _around(camera: Camera, angle: float, nearness: float) -> Camera:
    """The camera turned about the upright through what it looks at, and nearer by a factor."""
    cos, sin = np.cos(angle), np.sin(angle)
    turn = np.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1]])
    arm = turn @ np.subtract(camera.position, camera.target) * nearness
    return replace(camera, position=_point(np.asarray(camera.target) + arm))


def _eased(seconds: float, begin: float, end: float) -> float:
    """0 before `begin`, 1 after `end`, without a jerk between."""
    share = float(np.clip((seconds - begin) / (end - begin), 0.0, 1.0))
    return share * share * (3 - 2 * share)


def _point(values: NDArray[np.float64]) -> tuple[float, float, float]:
    x, y, z = (float(value) for value in values)
    return (x, y, z)
