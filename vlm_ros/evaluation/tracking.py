"""How well things keep their identity while cameras and things move."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from vlm_ros.errors import SimulationError
from vlm_ros.evaluation.appearance import is_clear
from vlm_ros.evaluation.judging import RIGHT_IOU, Box
from vlm_ros.evaluation.shares import Share
from vlm_ros.evaluation.simulated import FEWEST, FIRST_TRAINED_SEED, HEIGHT, MOST, WIDTH
from vlm_ros.geometry.boxes import iou
from vlm_ros.models import Model
from vlm_ros.simulation.motion import MOTIONS, film
from vlm_ros.simulation.scene import generate_scene
from vlm_ros.simulation.tabletop import Tabletop
from vlm_ros.tracking.assignment import assign
from vlm_ros.tracking.target_tracker import observations, worth_following
from vlm_ros.tracking.tracker import Observations, Tracker

MEMORY = 5.0
"""Seconds for which the trackers that are measured remember what they do not see."""
AWAY = 0.5
"""Seconds after which a thing that is seen again counts as found again."""

LEGEND = (
    "switches: a thing got another identity than it had. right identity: share of the sightings\n"
    f"with the identity that is its own. found again: kept it over {AWAY:g} s or more unseen.\n"
    "us: median microseconds of an update."
)


@dataclass(frozen=True)
class WatchedFrame:
    """What the model proposes in one picture of a motion, and what is true.

    Attributes:
        seconds: when it was taken.
        observations: the model's regions.
        things: identity and box (xyxy pixels) of each thing of which anything is seen.
    """

    seconds: float
    observations: Observations
    things: Mapping[str, Box]


@dataclass(frozen=True)
class Watched:
    """One motion as the model sees it.

    Attributes:
        seed: of the scene.
        motion: a key of `simulation.motion.MOTIONS`.
        rate: pictures a second.
        frames: in the order of time.
    """

    seed: int
    motion: str
    rate: float
    frames: Sequence[WatchedFrame]

    def at(self, rate: float) -> Watched:
        """The same with fewer pictures a second."""
        step = max(1, round(self.rate / rate))
        return Watched(self.seed, self.motion, self.rate / step, self.frames[::step])

    def dropping(self, share: float) -> Watched:
        """The same without a random share (0..1) of the pictures."""
        kept = np.random.default_rng(self.seed).random(len(self.frames)) >= share
        frames = [frame for frame, keep in zip(self.frames, kept, strict=True) if keep]
        return Watched(self.seed, self.motion, self.rate, frames)


def watch(model: Model, first: int, scenes: int, rate: float) -> Iterator[Watched]:
    """Films `scenes` unseen scenes for each motion, from a seed on.

    Raises:
        SimulationError: nothing can be rendered, or there are not so many scenes below
            FIRST_TRAINED_SEED.
        ModelError: the model failed.
    """
    seed = first
    for motion in list(MOTIONS) * scenes:
        watched = None
        while watched is None:
            if seed >= FIRST_TRAINED_SEED:
                raise SimulationError(
                    f"From seed {first} on there are not {scenes} scenes for each motion below "
                    f"{FIRST_TRAINED_SEED}; begin lower or ask for fewer."
                )
            watched = _watched(model, seed, motion, rate)
            seed += 1
        yield watched


def _watched(model: Model, seed: int, motion: str, rate: float) -> Watched | None:
    """One scene in motion; None where there is too little or too much in it."""
    scene = generate_scene(seed)
    with Tabletop(scene) as tabletop:
        still = tabletop.render(scene.camera, WIDTH, HEIGHT)
        if not FEWEST <= sum(map(is_clear, still.objects)) <= MOST:
            return None
        frames = []
        moving = MOTIONS[motion](tabletop, np.random.default_rng([seed, 3]))
        for seconds, frame in film(tabletop, moving, rate, WIDTH, HEIGHT):
            regions = model.regions(frame.rgb, ())
            things = {t.identity: t.box for t in frame.objects if t.box[2] > t.box[0]}
            observed = observations(regions, worth_following(regions), (WIDTH, HEIGHT))
            frames.append(WatchedFrame(seconds, observed, things))
    return Watched(seed, motion, rate, frames)


class Follower(Protocol):
    """What gives identities to the regions of picture after picture."""

    def follow(self, frame: WatchedFrame) -> Sequence[int]:
        """The identity of each region."""
        ...


class TrackerFollower:
    """The tracker of this package."""

    def __init__(self) -> None:
        self._tracker = Tracker(MEMORY)

    def follow(self, frame: WatchedFrame) -> Sequence[int]:
        """See `Follower`."""
        tracked = self._tracker.update(frame.seconds, frame.observations)
        return [thing.track_id for thing in tracked]


class BlindFollower(TrackerFollower):
    """The same without a look at what things look like, as for models without embeddings."""

    def follow(self, frame: WatchedFrame) -> Sequence[int]:
        """See `Follower`."""
        blind = Observations(frame.observations.boxes, frame.observations.size)
        return super().follow(WatchedFrame(frame.seconds, blind, frame.things))


class OverlapFollower:
    """What is simplest: a region is the thing whose last box it overlaps most."""

    def __init__(self) -> None:
        self._boxes: NDArray[np.float32] = np.empty((0, 4), np.float32)
        self._seen_at: NDArray[np.float64] = np.empty(0)
        self._identities: NDArray[np.intp] = np.empty(0, np.intp)
        self._next = 0

    def follow(self, frame: WatchedFrame) -> Sequence[int]:
        """See `Follower`."""
        kept = frame.seconds - self._seen_at <= MEMORY
        boxes = np.asarray(frame.observations.boxes, np.float32)
        overlaps = iou(self._boxes[kept], boxes).astype(np.float64)
        tracks, regions = assign(-overlaps, -0.3)
        identities = np.full(len(boxes), -1, np.intp)
        identities[regions] = self._identities[kept][tracks]
        new = np.flatnonzero(identities < 0)
        identities[new] = np.arange(self._next, self._next + len(new))
        self._next += len(new)
        rest = np.flatnonzero(kept)
        rest = np.delete(rest, tracks)
        self._boxes = np.vstack([self._boxes[rest], boxes])
        self._seen_at = np.append(self._seen_at[rest], np.full(len(boxes), frame.seconds))
        self._identities = np.append(self._identities[rest], identities)
        return identities.tolist()


FOLLOWERS: Mapping[str, type[Follower]] = {
    "tracker": TrackerFollower,
    "tracker, boxes only": BlindFollower,
    "overlap": OverlapFollower,
}
"""What is measured side by side."""


@dataclass
class Identities:
    """What came of following things through some motions.

    Attributes:
        switches: how often a thing got another identity than it had when it was seen last.
        right: sightings with the identity that is right by the best pairing of things with
            identities over a motion, among all sightings (the recall of IDF1, Ristani et al.
            2016, over what the model has found).
        again: things that had their old identity after they had not been seen for AWAY or more,
            among all of those.
        times: seconds that each update took.
    """

    switches: int = 0
    right: Share = field(default_factory=lambda: Share(0, 0))
    again: Share = field(default_factory=lambda: Share(0, 0))
    times: list[float] = field(default_factory=list)

    @property
    def microseconds(self) -> float:
        """Median of the updates."""
        return float(np.median(self.times)) * 1e6 if self.times else 0.0

    def add(self, watched: Watched, follower: Follower) -> None:
        """Follows the things of one motion."""
        last: dict[str, tuple[int, float]] = {}
        counts: Counter[tuple[str, int]] = Counter()
        returned = []
        for frame in watched.frames:
            begun = time.perf_counter()
            identities = follower.follow(frame)
            self.times.append(time.perf_counter() - begun)
            for name, identity in sighted(frame, identities, last).items():
                counts[name, identity] += 1
                if name in last:
                    known, seen_at = last[name]
                    self.switches += identity != known
                    if frame.seconds - seen_at >= AWAY + 1.0 / watched.rate:
                        returned.append(identity == known)
                last[name] = identity, frame.seconds
        self.again = _sum(self.again, Share.among(returned))
        self.right = _sum(self.right, _rightly(counts))


def sighted(
    frame: WatchedFrame, identities: Sequence[int], last: Mapping[str, tuple[int, float]]
) -> dict[str, int]:
    """The identity of each thing that one of the regions shows.

    Of several regions that show a thing, the one with the identity it had counts, as in the CLEAR
    MOT metrics (Bernardin and Stiefelhagen 2008).
    """
    names = list(frame.things)
    boxes = np.asarray([frame.things[name] for name in names], np.float32).reshape(-1, 4)
    overlaps = iou(boxes, frame.observations.boxes).astype(np.float64)
    known = np.asarray([last[name][0] if name in last else -1 for name in names])
    same = known.reshape(-1, 1) == np.asarray(identities).reshape(1, -1)
    gains = np.where(overlaps >= RIGHT_IOU, overlaps + same, 0.0)
    rows, columns = assign(-gains, 0.0)
    return {names[row]: int(identities[column]) for row, column in zip(rows, columns, strict=True)}


def _rightly(together: Mapping[tuple[str, int], int]) -> Share:
    """How many sightings agree with the best pairing of things with identities."""
    if not together:
        return Share(0, 0)
    names, identities = (sorted(set(side)) for side in zip(*together, strict=True))
    counts = np.zeros((len(names), len(identities)))
    for (name, identity), count in together.items():
        counts[names.index(name), identities.index(identity)] = count
    return Share(int(counts[assign(-counts, 0.0)].sum()), int(counts.sum()))


def _sum(first: Share, second: Share) -> Share:
    return Share(first.right + second.right, first.of + second.of)


Results = Mapping[tuple[str, float], Mapping[str, Identities]]
"""By follower and rate, then by motion."""


def measure(filmed: Sequence[Watched], rates: Sequence[float], drop: float) -> Results:
    """Follows all that was filmed with every follower, at every rate.

    Args:
        filmed: the motions.
        rates: pictures a second.
        drop: share of the pictures that get lost, 0..1.
    """
    results: dict[tuple[str, float], dict[str, Identities]] = {}
    for name, rate in product(FOLLOWERS, rates):
        of_motion = results[name, rate] = {}
        for watched in filmed:
            identities = of_motion.setdefault(watched.motion, Identities())
            identities.add(watched.at(rate).dropping(drop), FOLLOWERS[name]())
    return results


def together(parts: Iterable[Identities]) -> Identities:
    """The sum of some measurements."""
    whole = Identities()
    for part in parts:
        whole.switches += part.switches
        whole.right = _sum(whole.right, part.right)
        whole.again = _sum(whole.again, part.again)
        whole.times += part.times
    return whole


def table(results: Results) -> str:
    """What was measured, for people."""
    rows: list[tuple[str, ...]] = [
        ("", "switches", "right identity", "found again", "us an update")
    ]
    for (name, rate), of_motion in results.items():
        whole = together(of_motion.values())
        rows.append((f"{name}, {rate:g} Hz", *_cells(whole)))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = (
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )
    return "\n".join([*lines, "", LEGEND])


def record(results: Results) -> dict[str, Any]:
    """What was measured, ready for JSON."""
    return {
        "results": [
            {
                "follower": name,
                "rate": rate,
                **_measures(together(of_motion.values())),
                "motions": {motion: _measures(part) for motion, part in of_motion.items()},
            }
            for (name, rate), of_motion in results.items()
        ]
    }


def _cells(whole: Identities) -> tuple[str, ...]:
    again = f"{whole.again.right} of {whole.again.of}"
    return str(whole.switches), _spoken(whole.right), again, f"{whole.microseconds:.0f}"


def _spoken(share: Share) -> str:
    return "-" if share.value is None else f"{share.value:.4f}"


def _measures(part: Identities) -> dict[str, Any]:
    return {
        "switches": part.switches,
        "sightings": part.right.of,
        "right_identity": part.right.value,
        "away": part.again.of,
        "found_again": part.again.right,
        "updates": len(part.times),
        "microseconds": part.microseconds,
    }
