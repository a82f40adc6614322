"""Whether a relation holds between things on a table: plainly, plainly not, or arguably.

The verdicts come from where the things are in space, never from what a detector would see, and
leave everything on which people differ as UNSURE, so that no question hangs on it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vlm_ros.evaluation.judging import Box
from vlm_ros.evaluation.placement import Solid
from vlm_ros.geometry.boxes import centres
from vlm_ros.training.nouns import FALSE, TRUE, UNSURE

RIGHT, AWAY, UP = 0, 1, 2

HOLDERS = {
    "in": frozenset({"bowl", "basket", "crate", "pan", "bucket"}),
    "on": frozenset({"plate", "saucer", "tray", "box", "book", "notebook", "block"}),
}
"""The kinds people say "in" of when something lies in them, and those they say "on" of."""

# Metres. What is lower than this stands on the table itself.
_RAISED = 0.006
# What is plainly next to something is no farther off; what is farther than the other is not.
_CLOSE, _NOT_CLOSE = 0.035, 0.15
# Footprints whose outlines come this near may overlap.
_TOUCHING = 0.008
# Beyond this nobody would speak of in front or behind.
_FAR_AHEAD = 0.35
# Shares of the half extents of both together, by which their centres lie apart.
_PLAINLY, _HARDLY = 0.8, 0.1


@dataclass(frozen=True)
class Placed:
    """A thing, its place in space and in the picture.

    Attributes:
        kind: its noun.
        solid: in space.
        box: xyxy pixels, what is visible of it.
    """

    kind: str
    solid: Solid
    box: Box

    @property
    def middle(self) -> NDArray[np.float32]:
        """(2,) centre of its box, pixels."""
        return centres(self.box)

    @property
    def sides(self) -> tuple[float, float]:
        """Width and height of its box, pixels."""
        return self.box[2] - self.box[0], self.box[3] - self.box[1]


def verdicts(holds: Callable[[Placed, Placed], int], things: Sequence[Placed]) -> NDArray[np.int8]:
    """(N, N) verdicts: row, is it so to column; nothing is so to itself."""
    table = [[FALSE if a is b else holds(a, b) for b in things] for a in things]
    return np.asarray(table, np.int8).reshape(len(things), len(things))


def left_of(target: Placed, anchor: Placed) -> int:
    """Plainly to the left: no part of one is right of the other's middle, and not far behind."""
    across = anchor.solid.centre[RIGHT] - target.solid.centre[RIGHT]
    ahead = abs(anchor.solid.centre[AWAY] - target.solid.centre[AWAY])
    reach = target.solid.half[RIGHT] + anchor.solid.half[RIGHT]
    pixels = float(anchor.middle[0] - target.middle[0])
    width = (target.sides[0] + anchor.sides[0]) / 2
    if across <= _HARDLY * reach and pixels <= _HARDLY * width:
        return FALSE
    parted = across >= _PLAINLY * reach and pixels >= _PLAINLY * width
    return TRUE if parted and ahead <= across and not _stacked(target, anchor) else UNSURE


def right_of(target: Placed, anchor: Placed) -> int:
    """`left_of` with the roles exchanged."""
    return left_of(anchor, target)


def in_front_of(target: Placed, anchor: Placed) -> int:
    """Plainly between the viewer and the other, not off to one side and not far."""
    ahead = anchor.solid.centre[AWAY] - target.solid.centre[AWAY]
    aside = abs(anchor.solid.centre[RIGHT] - target.solid.centre[RIGHT])
    reach = target.solid.half + anchor.solid.half
    lower = target.box[3] - anchor.box[3]
    if ahead <= _HARDLY * reach[AWAY] and lower <= 0:
        return FALSE
    if aside > 2.5 * reach[RIGHT] and aside > 1.5 * abs(ahead):
        return FALSE
    plainly = _PLAINLY * reach[AWAY] <= ahead <= _FAR_AHEAD + reach[AWAY]
    aligned = aside <= 0.6 * reach[RIGHT] and aside <= 0.6 * ahead
    return TRUE if plainly and aligned and lower > 0 and not _stacked(target, anchor) else UNSURE


def behind(target: Placed, anchor: Placed) -> int:
    """`in_front_of` with the roles exchanged."""
    return in_front_of(anchor, target)


def lies_in(target: Placed, anchor: Placed) -> int:
    """Its middle lies within a container, above the bottom and below the rim."""
    return _held(target, anchor, "in")


def lies_on(target: Placed, anchor: Placed) -> int:
    """It rests on something flat and not on the table."""
    return _held(target, anchor, "on")


def next_to(target: Placed, anchor: Placed) -> int:
    """The gap between the two is small, and neither holds the other."""
    gap = _gap(target.solid, anchor.solid)
    if gap >= _NOT_CLOSE:
        return FALSE
    return TRUE if gap <= _CLOSE and not _stacked(target, anchor) else UNSURE


def between(target: Placed, first: Placed, second: Placed) -> int:
    """It stands on the way from one to the other, near the middle of it; seen and in space."""
    if any(_stacked(target, anchor) for anchor in (first, second)):
        return UNSURE
    things = (target, first, second)
    return min(
        _on_the_way(*(thing.solid.centre[:UP] for thing in things)),
        _on_the_way(*(thing.middle for thing in things)),
    )


def _on_the_way(point: NDArray[Any], start: NDArray[Any], end: NDArray[Any]) -> int:
    way, off = end - start, point - start
    length = float(np.linalg.norm(way))
    if length < 1e-6:
        return UNSURE
    along = float(off @ way) / length**2
    across = abs(float(way[0] * off[1] - way[1] * off[0])) / length**2
    if along <= 0.0 or along >= 1.0 or across >= 0.6:
        return FALSE
    return TRUE if 0.25 <= along <= 0.75 and across <= 0.2 else UNSURE


def distance(first: Placed, second: Placed) -> tuple[float, float]:
    """Metres between the nearest points of two footprints, and between their middles."""
    apart = (first.solid.centre - second.solid.centre)[:UP]
    return _gap(first.solid, second.solid), float(np.linalg.norm(apart))


PREDICATES: dict[str, Callable[[Placed, Placed], int]] = {
    "left_of": left_of,
    "right_of": right_of,
    "in_front_of": in_front_of,
    "behind": behind,
    "in": lies_in,
    "on": lies_on,
    "next_to": next_to,
}


def _held(target: Placed, anchor: Placed, preposition: str) -> int:
    if target.solid.low[UP] < _RAISED or not _stacked(target, anchor):
        return FALSE
    inside = np.abs(target.solid.centre - anchor.solid.centre)[:UP] <= 0.8 * anchor.solid.half[:UP]
    lowest, highest = anchor.solid.low[UP] - 0.002, anchor.solid.high[UP] + 0.01
    supported = lowest <= target.solid.low[UP] <= highest
    fits = target.solid.half[:UP].min() <= anchor.solid.half[:UP].max()
    plainly = inside.all() and supported and fits and anchor.kind in HOLDERS[preposition]
    return TRUE if plainly else UNSURE


def _stacked(first: Placed, second: Placed) -> bool:
    """Whether the footprints overlap, so that one may hold the other."""
    small, large = sorted((first.solid, second.solid), key=lambda s: float(s.half[:UP].max()))
    off = np.abs(small.centre - large.centre)[:UP]
    if (off < large.half[:UP]).all():
        return True
    reach = small.half[:UP] + large.half[:UP]
    return bool((off < reach).all()) and _gap(small, large) < _TOUCHING


def _gap(first: Solid, second: Solid) -> float:
    """Metres between the outlines of two footprints."""
    apart = first.outline[:, None] - second.outline[None, :]
    return float(np.linalg.norm(apart, axis=2).min())
