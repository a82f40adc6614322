"""Which region of a picture is which thing of the pictures before."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from vlm_ros.tracking.assignment import assign
from vlm_ros.tracking.camera_motion import camera_motion
from vlm_ros.tracking.paths import Paths

Box = tuple[float, float, float, float]

LATE_S = 0.5
"""A picture older than the last by less is only late; by more, the clock was set back."""
LIKENESS = 0.045
"""Usual loss of cosine between two sights of one thing."""
NEW = 12.0
"""The surprise from which on a region is rather a new thing."""
AWAY = 3.0
"""The surprise of seeing a thing that was not in the picture before."""
LEARNED = 0.25
"""Share of the newest sight in what a thing is remembered to look like."""
SETTLED = 2
"""So often must a thing be seen to be remembered for the whole of the memory."""
FAMILIAR = 2
"""So often must it be seen to tell how the camera has moved."""
VOTERS = 24
"""Most things that are asked how the camera has moved."""


@dataclass(frozen=True)
class Observations:
    """What is seen in one picture.

    Attributes:
        boxes: (n, 4) float32 xyxy pixels.
        size: width and height of the picture, pixels.
        looks: (n, D) float32 of unit length, alike for what looks alike; None where the model
            gives none.
    """

    boxes: NDArray[np.float32]
    size: tuple[int, int]
    looks: NDArray[np.float32] | None = None


@dataclass(frozen=True)
class Tracked:
    """A thing that is seen.

    Attributes:
        track_id: from 0; the same for the same thing, and never given twice.
        unseen: seconds since it was last seen; 0 where it was in the picture before, or is new.
    """

    track_id: int
    unseen: float


@dataclass(frozen=True)
class Hidden:
    """A thing that is not seen now.

    Attributes:
        track_id: as in `Tracked`.
        unseen: seconds since it was last seen.
        box: xyxy pixels, where it is thought to be; may lie outside the picture.
    """

    track_id: int
    unseen: float
    box: Box


@dataclass(frozen=True)
class _Things:
    """What is known of n things.

    Attributes:
        paths: where they are.
        looks: (n, D) what they look like, unit length; D is 0 where nobody knows.
        seen_at: (n,) seconds.
        sights: (n,) in how many pictures they were.
        identities: (n,).
    """

    paths: Paths
    looks: NDArray[np.float32]
    seen_at: NDArray[np.float64]
    sights: NDArray[np.int64]
    identities: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.identities)

    def take(self, indices: NDArray[np.intp]) -> _Things:
        """Some of them, in the order of their indices."""
        return _Things(
            self.paths.take(indices),
            self.looks[indices],
            self.seen_at[indices],
            self.sights[indices],
            self.identities[indices],
        )

    def joined(self, others: _Things) -> _Things:
        """These, then the others."""
        return _Things(
            self.paths.joined(others.paths),
            np.concatenate([self.looks, others.looks]),
            np.concatenate([self.seen_at, others.seen_at]),
            np.concatenate([self.sights, others.sights]),
            np.concatenate([self.identities, others.identities]),
        )

    def strangeness(self, looks: NDArray[np.float32]) -> NDArray[np.float64]:
        """(n, m) how unlike them what is seen looks: half the square of what is usual, from 0."""
        if not looks.shape[1]:
            return np.zeros((len(self), len(looks)))
        return np.asarray((1.0 - self.looks @ looks.T) / LIKENESS, np.float64)


class Tracker:
    """Gives the regions in picture after picture of one camera the identities of things.

    A thing is known by where it should be and by what it looks like. What a moving camera does to
    the whole picture is taken out first, so that what is hidden or out of sight moves along. Then
    the cheapest joint pairing of things and regions decides. Pictures may be any time apart, and a
    camera may change its resolution.
    """

    def __init__(self, memory: float) -> None:
        """Begins with nothing.

        Args:
            memory: seconds for which a thing is remembered that is not seen; shorter for one that
                was hardly ever seen.
        """
        self._memory = memory
        self._seconds = -np.inf
        self._next = 0
        self._things: _Things | None = None
        self._size = (0, 0)
        self._restarted = False

    @property
    def restarted(self) -> bool:
        """Whether all was begun anew with the last picture, because the clock was set back."""
        return self._restarted

    def update(self, seconds: float, observations: Observations) -> tuple[Tracked, ...]:
        """Recognises what is seen.

        Args:
            seconds: when the picture was taken. Of a picture that is only late nothing is thought
                to have moved since the newest; one much older begins all anew, for then the clock
                was set back. The same holds where what things look like has another number of
                dimensions than before.
            observations: what is in the picture.

        Returns:
            one for each region, in their order.
        """
        boxes = np.asarray(observations.boxes, np.float64).reshape(-1, 4)
        looks = observations.looks
        if looks is None:
            looks = np.empty((len(boxes), 0), np.float32)
        self._restarted = seconds < self._seconds - LATE_S
        if self._restarted:
            self._things, self._seconds = None, seconds
        last, self._seconds = self._seconds, max(seconds, self._seconds)
        if self._things is None or self._things.looks.shape[1] != looks.shape[1]:
            self._things, self._size = self._begun(boxes, looks), observations.size
            return tuple(Tracked(identity, 0.0) for identity in self._things.identities.tolist())
        things = self._remembered(self._things)
        if observations.size != self._size:
            factors = np.divide(observations.size, self._size)
            things = replace(things, paths=things.paths.scaled(factors))
            self._size = observations.size
        strange = things.strangeness(looks)
        paths = _expected(things, self._seconds - last, boxes, strange, observations.size)
        errors = paths.errors(boxes, observations.size)
        costs = paths.surprise(errors) + strange * paths.shown(boxes, observations.size)
        away = things.seen_at < last
        costs += np.where(away, AWAY, 0.0)[:, None]
        known, regions = assign(costs, NEW)
        unseen = np.zeros(len(boxes))
        unseen[regions] = np.where(away, self._seconds - things.seen_at, 0.0)[known]
        paths, belief = paths.seen(known, errors[known, regions])
        new = np.delete(np.arange(len(boxes)), regions)
        begun = self._begun(boxes[new], looks[new])
        identities = np.empty(len(boxes), np.int64)
        identities[regions], identities[new] = things.identities[known], begun.identities
        things = self._recognised(replace(things, paths=paths), known, looks[regions], belief)
        self._things = things.joined(begun)
        pairs = zip(identities.tolist(), unseen.tolist(), strict=True)
        return tuple(Tracked(identity, gap) for identity, gap in pairs)

    @property
    def hidden(self) -> tuple[Hidden, ...]:
        """The things that are remembered and were not in the last picture."""
        if self._things is None:
            return ()
        away = self._things.take(np.flatnonzero(self._things.seen_at < self._seconds))
        gaps = (self._seconds - away.seen_at).tolist()
        rows = zip(away.identities.tolist(), gaps, away.paths.boxes.tolist(), strict=True)
        return tuple(Hidden(identity, gap, (a, b, c, d)) for identity, gap, (a, b, c, d) in rows)

    def _begun(self, boxes: NDArray[np.float64], looks: NDArray[np.float32]) -> _Things:
        """Things that are seen for the first time."""
        count = len(boxes)
        first, self._next = self._next, self._next + count
        seen_at = np.full(count, self._seconds)
        identities = np.arange(first, self._next, dtype=np.int64)
        return _Things(Paths.begun(boxes), looks, seen_at, np.ones(count, np.int64), identities)

    def _remembered(self, things: _Things) -> _Things:
        """Those that have not been away for too long."""
        patience = self._memory * np.minimum(1.0, things.sights / SETTLED)
        kept = np.flatnonzero(self._seconds - things.seen_at <= patience)
        return things if len(kept) == len(things) else things.take(kept)

    def _recognised(
        self,
        things: _Things,
        known: NDArray[np.intp],
        looks: NDArray[np.float32],
        belief: NDArray[np.float64],
    ) -> _Things:
        """The same after some have been seen; of what is seen in part its looks count less."""
        seen_at, sights = things.seen_at.copy(), things.sights.copy()
        seen_at[known] = self._seconds
        sights[known] += 1
        learned = things.looks.copy()
        share = LEARNED * belief.min(axis=1, initial=1.0)[:, None]
        mixed = (1 - share) * learned[known] + share * looks
        learned[known] = mixed / np.maximum(np.linalg.norm(mixed, axis=1, keepdims=True), 1e-9)
        return replace(things, seen_at=seen_at, sights=sights, looks=learned)


def _expected(
    things: _Things,
    seconds: float,
    boxes: NDArray[np.float64],
    strange: NDArray[np.float64],
    size: tuple[int, int],
) -> Paths:
    """Where things should be so many seconds later, also after the camera has moved."""
    paths = things.paths.later(seconds)
    familiar = np.flatnonzero(things.sights >= FAMILIAR)
    voters = familiar[np.argsort(-things.seen_at[familiar], kind="stable")][:VOTERS]
    if not len(voters) or not len(boxes):
        return paths
    motion = camera_motion(paths.take(voters), boxes, strange[voters], size, seconds)
    return paths.carried(motion)
