"""Identities for the answers to a command, frame after frame."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from vlm_ros.geometry.camera import Intrinsics, deproject, project
from vlm_ros.geometry.position import Position
from vlm_ros.grounding.result import GroundedRegion
from vlm_ros.pipeline import StepAnswer
from vlm_ros.regions import EmbeddedRegions, Regions
from vlm_ros.tracking.tracker import Box, Hidden, Observations, Tracked, Tracker

# Regions that are less surely things come and go from picture to picture, and lead astray.
_LEAST_OBJECTNESS = 0.2


@dataclass(frozen=True)
class LostTarget:
    """A target of the command that was seen before and is not in the picture.

    Attributes:
        step: which step of the command, 0-based.
        role: "target" or "destination".
        label: the phrase it answered.
        score: 0..1, when it was last found.
        track_id: its identity.
        unseen: seconds since it was last seen.
        box: xyxy pixels, where it is thought to be; may lie outside the picture.
        position: where it is thought to be, in the camera's optical frame; None where it never had
            a position, or nothing is known of the camera.
    """

    step: int
    role: str
    label: str
    score: float
    track_id: int
    unseen: float
    box: Box
    position: Position | None


@dataclass(frozen=True)
class FrameTracks:
    """Who is who in one frame.

    Attributes:
        seen: of every target and alternative, by `GroundedRegion.region`.
        lost: targets of the same command that were found before and are not seen now.
        restarted: the clock was set back, and nothing that was known before is known any more.
    """

    seen: Mapping[int, Tracked] = field(default_factory=dict)
    lost: tuple[LostTarget, ...] = ()
    restarted: bool = False


@dataclass(frozen=True)
class _Found:
    """A target as it was found last; without its answer, which holds on to masks and the model."""

    step: int
    role: str
    region: GroundedRegion
    position: Position | None
    size: tuple[int, int]


class TargetTracker:
    """Follows what one camera's answers point at, and all else that is surely there.

    That it follows so much keeps a thing from being taken for its neighbour.
    """

    def __init__(self, memory: float = 5.0) -> None:
        """Begins with nothing.

        Args:
            memory: seconds for which a thing is remembered that is not seen.
        """
        self._tracker = Tracker(memory)
        self._command_id = ""
        self._found: dict[int, _Found] = {}

    def update(
        self,
        seconds: float,
        command_id: str,
        answers: Sequence[StepAnswer],
        size: tuple[int, int],
        camera: Intrinsics | None = None,
    ) -> FrameTracks:
        """Recognises the things in one frame.

        Args:
            seconds: when its picture was taken; see `Tracker.update`.
            command_id: of the command that was answered; what another one found is not lost.
            answers: to the phrases of the command, all about the same regions.
            size: width and height of the picture, pixels.
            camera: to say where in space lost targets are.
        """
        regions = next((answer.regions for answer in answers), None)
        if regions is None:
            return FrameTracks()
        groundings = [answer.grounding for answer in answers]
        spoken_of = {r.region for g in groundings for r in (*g.targets, *g.alternatives)}
        followed = worth_following(regions, spoken_of)
        known = self._tracker.update(seconds, observations(regions, followed, size))
        tracked = dict(zip(followed.tolist(), known, strict=True))
        if command_id != self._command_id:
            self._command_id, self._found = command_id, {}
        seen: dict[int, Tracked] = {}
        for answer in answers:
            grounding = answer.grounding
            for region in (*grounding.targets, *grounding.alternatives):
                seen[region.region] = tracked[region.region]
            for region, position in zip(grounding.targets, answer.positions, strict=True):
                found = _Found(answer.step, answer.role, region, position, size)
                self._found[tracked[region.region].track_id] = found
        hidden = self._tracker.hidden
        alive = {thing.track_id for thing in known} | {thing.track_id for thing in hidden}
        self._found = {track: found for track, found in self._found.items() if track in alive}
        lost = tuple(
            _lost(thing, self._found[thing.track_id], size, camera)
            for thing in hidden
            if thing.track_id in self._found
        )
        return FrameTracks(seen, lost, self._tracker.restarted)


def worth_following(regions: Regions, spoken_of: Collection[int] = ()) -> NDArray[np.intp]:
    """Indices, in order, of the regions that are surely things or that an answer speaks of."""
    worth = np.asarray(regions.objectness >= _LEAST_OBJECTNESS)
    worth[list(spoken_of)] = True
    return np.flatnonzero(worth)


def observations(regions: Regions, chosen: NDArray[np.intp], size: tuple[int, int]) -> Observations:
    """What a tracker is told of some of the regions of a picture of `size`."""
    looks = regions.embeddings[chosen] if isinstance(regions, EmbeddedRegions) else None
    return Observations(regions.boxes[chosen], size, looks)


def _lost(
    thing: Hidden, found: _Found, size: tuple[int, int], camera: Intrinsics | None
) -> LostTarget:
    position = None
    if camera is not None and found.position is not None:
        before = np.reshape(found.region.box, (2, 2)) * np.divide(size, found.size)
        after = np.reshape(thing.box, (2, 2))
        position = _moved(found.position, before, after, camera)
    return LostTarget(
        found.step,
        found.role,
        found.region.label,
        found.region.score,
        thing.track_id,
        thing.unseen,
        thing.box,
        position,
    )


def _moved(
    position: Position, old: NDArray[np.float64], new: NDArray[np.float64], camera: Intrinsics
) -> Position:
    """A position after its box (2, 2) has moved in the picture: what looks larger is nearer."""
    growth = float(np.sqrt(np.prod(new[1] - new[0]) / np.prod(old[1] - old[0])))
    surface = np.asarray(position.surface)
    pixel = (project(surface, camera) - old.mean(axis=0)) * growth + new.mean(axis=0)
    moved = deproject(pixel, surface[2] / growth, camera)
    x, y, z = (float(value) for value in moved)
    cx, cy, cz = (float(value) for value in moved + np.asarray(position.centre) - surface)
    return replace(position, surface=(x, y, z), centre=(cx, cy, cz))
