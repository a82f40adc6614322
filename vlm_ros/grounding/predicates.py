"""Spatial relations as degrees in 0..1, in the viewer's frame of reference.

Every predicate takes the layouts of N targets and M anchors and gives an (N, M) array; `between`
takes two sets of anchors. Boxes decide in the image; where both have a position, depth decides
what boxes cannot: what is in front, and whether what overlaps in the image also does in space.

The shapes of `on` and `under` were chosen on simulated heaps and tables, where what rests on what
is known from the forces between bodies.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vlm_ros.geometry.boxes import centres

Degrees = NDArray[np.float32]
# Operations on float32 arrays give float32, which the type checker cannot always tell.
Values = Any

# Two surfaces this far apart along the optical axis (metres) may still touch or hold each other.
_TOUCHING_DEPTH_M = 0.15
# How quickly a degree falls when the depths differ by more than that.
_DEPTH_FALL_M = 0.10
# A difference in depth (metres) from which one thing is plainly in front of another.
_PLAINLY_IN_FRONT_M = 0.10
# Off-axis angles (degrees): a direction holds fully up to the first, not at all from the second.
_ON_AXIS, _OFF_AXIS = 35.0, 80.0
# How far a direction holds for boxes that it parts, however much they are off the axis.
_PARTED = 0.55
# Gaps in mean sizes at which two things are half as much next to, or near, each other as those
# that touch.
_BESIDE, _NEAR = 0.8, 1.5
# What less certain signs of a relation count for.
_STANDING, _STICKING_OUT, _BENEATH, _ATTACHED = 0.8, 0.6, 0.5, 0.6
# What stands on a thing may end this share of its height above it, boxes being what they are.
_FLOATING = 0.1
_TINY = np.float32(1e-6)


@dataclass(frozen=True)
class Layout:
    """Where some regions are.

    Attributes:
        boxes: (N, 4) float32, xyxy pixels.
        positions: (N, 3) metres in the optical frame, NaN where unknown; None without depth.
    """

    boxes: NDArray[np.float32]
    positions: NDArray[np.float32] | None = None

    def take(self, indices: NDArray[np.intp]) -> Layout:
        """The layout of some of the regions."""
        positions = None if self.positions is None else self.positions[indices]
        return Layout(self.boxes[indices], positions)


def left_of(target: Layout, anchor: Layout) -> Degrees:
    """The target's centre lies to the left of the anchor's, more across than up or down."""
    pairs = _Pairs(target, anchor)
    return _directed(-pairs.dx, pairs.dy, pairs.mean_width, -pairs.shared_width)


def right_of(target: Layout, anchor: Layout) -> Degrees:
    """`left_of` with the roles exchanged."""
    return left_of(anchor, target).T


def above(target: Layout, anchor: Layout) -> Degrees:
    """The target's centre lies higher in the image, more up than across."""
    pairs = _Pairs(target, anchor)
    return _directed(-pairs.dy, pairs.dx, pairs.mean_height, -pairs.shared_height)


def below(target: Layout, anchor: Layout) -> Degrees:
    """`above` with the roles exchanged."""
    return above(anchor, target).T


def on(target: Layout, anchor: Layout) -> Degrees:
    """The target lies on the anchor, or stands on it.

    Seen from above at a slant, what lies on another overlaps it in both directions of the image,
    whichever of the two is higher: in a heap, overlap tells far more than up and down. Of two that
    overlap, the one that fills more of the other's box is below, since what lies on top is smaller
    more often than not. What reaches far below the anchor stands in front of it, and what begins
    near the anchor's lower edge only touches it.

    Seen from the side, what stands on another has its lower edge within it and rises above it.

    Depth rules out what only seems so because one stands behind the other.
    """
    pairs = _Pairs(target, anchor)
    meeting = pairs.meeting
    degrees = np.zeros(meeting.shape, np.float32)
    degrees[meeting] = _resting(pairs.only(meeting))
    return degrees


def _resting(pairs: _Pairs) -> Degrees:
    """`on` for pairs of which no other can hold."""
    # What sticks out as far above as below, over something as wide, lies across it.
    across = _ramp(-pairs.upper / np.maximum(pairs.lower, _TINY), 0.5, 1.0)
    across = across * _ramp(pairs.shared_width / pairs.target_width, 0.8, 1.0)
    beyond = pairs.lower / pairs.mean_height
    crossing = _ramp(pairs.shared_width / pairs.least_width, 0.1, 0.95)
    crossing = crossing * _ramp(pairs.shared_height / pairs.least_height, 0.0, 0.9)
    smaller = _ramp(pairs.covered - pairs.covering, -0.9, 0.0)
    not_before = 1.0 - 0.75 * _ramp(beyond, 0.0, 0.6) * (1.0 - across)
    hanging = _ramp(pairs.upper / pairs.anchor_height, 0.6, 1.0) * (1.0 - pairs.covered)
    lying = np.sqrt(crossing * smaller) * not_before * (1.0 - 0.7 * hanging)
    foot = pairs.lower / pairs.anchor_height + 1.0
    rising = _ramp(foot, -_FLOATING, 0.2) * _ramp(-beyond, -0.35, 0.0)
    rising = rising * _ramp(-pairs.upper / pairs.mean_height, -0.05, 0.15)
    standing = rising * _ramp(pairs.shared_width / pairs.target_width, 0.5, 0.9)
    return _degrees(np.maximum(lying, _STANDING * standing) * pairs.same_depth)


def under(target: Layout, anchor: Layout) -> Degrees:
    """The anchor is on the target; or the target is lower down in the anchor's columns.

    The second is "the shoe under the chair" and "the cup under the shelf", and counts less.
    """
    pairs = _Pairs(target, anchor)
    lower = _ramp(pairs.lower / pairs.least_height, -0.4, 0.0)
    lower = lower * _ramp(pairs.upper / pairs.anchor_height, 0.2, 0.5)
    beneath = lower * _ramp(pairs.shared_width / pairs.least_width, 0.3, 0.8) * pairs.near
    return _degrees(np.maximum(on(anchor, target).T, _BENEATH * beneath))


def inside(target: Layout, anchor: Layout) -> Degrees:
    """Most of the target's box lies in the anchor's larger box; the rest may stick out.

    Something long that stands in something short ("the spoon in the cup") counts too, but less:
    in the image it could also stand on it.
    """
    pairs = _Pairs(target, anchor)
    room = -pairs.lower / pairs.anchor_height
    smaller = _ramp(-pairs.covering, -0.95, -0.7)
    contained = _ramp(pairs.covered, 0.35, 0.75) * smaller * _ramp(room, -0.25, -0.1)
    within = _ramp(1.0 - room, 0.1, 0.3) * _ramp(room, -0.1, 0.0)
    narrow = _ramp(-pairs.target_width / pairs.anchor_width, -1.0, -0.6)
    standing = within * narrow * _ramp(pairs.shared_width / pairs.least_width, 0.5, 0.9)
    standing = _STICKING_OUT * np.where(pairs.upper < 0.0, standing, 0.0)
    return _degrees(np.maximum(contained, standing) * pairs.same_depth)


def supports(target: Layout, anchor: Layout) -> Degrees:
    """The anchor is `on` the target."""
    return on(anchor, target).T


def contains(target: Layout, anchor: Layout) -> Degrees:
    """The anchor is `inside` the target."""
    return inside(anchor, target).T


def in_front_of(target: Layout, anchor: Layout) -> Degrees:
    """The target is closer to the viewer and not off to one side.

    What stands on the same support is the closer the lower its lower edge is in the image. Depth
    overrules that as far as it tells the two apart; looking straight down it hardly does.
    """
    pairs = _Pairs(target, anchor)
    lower = np.clip(pairs.lower / (0.3 * pairs.mean_height), -1.0, 1.0)
    nearer = np.clip(-pairs.depth / _PLAINLY_IN_FRONT_M, -1.0, 1.0)
    nearer = np.where(np.isfinite(nearer), nearer, 0.0)
    closer = nearer + (1.0 - np.abs(nearer)) * lower
    aligned = _ramp(-np.abs(pairs.dx) / pairs.mean_width, -1.5, -0.5)
    stacked = np.maximum(on(target, anchor), on(anchor, target).T)
    return _degrees(closer * aligned * (1.0 - 0.6 * stacked))


def behind(target: Layout, anchor: Layout) -> Degrees:
    """`in_front_of` with the roles exchanged."""
    return in_front_of(anchor, target).T


def next_to(target: Layout, anchor: Layout) -> Degrees:
    """The gap between the two is small beside their size, and neither holds the other.

    It falls quickly at first and slowly later, so that the closer of two is meant, and one alone
    may be farther away.
    """
    pairs = _Pairs(target, anchor)
    close = 1.0 / (1.0 + np.square(pairs.gap / _BESIDE))
    apart = _ramp(1.0 - np.maximum(pairs.covered, pairs.covering), 0.2, 0.6)
    return _degrees(close * apart * pairs.same_depth)


def touching(target: Layout, anchor: Layout) -> Degrees:
    """The boxes meet or overlap, and the depths allow it."""
    pairs = _Pairs(target, anchor)
    return _degrees(np.exp(-np.square(pairs.gap / 0.15)) * pairs.same_depth)


def part_of(target: Layout, anchor: Layout) -> Degrees:
    """Most of the target's smaller box lies in the anchor's, at whichever end.

    A cap that the bottle's box leaves out touches it, and counts less: so may what is no part.
    """
    pairs = _Pairs(target, anchor)
    share = pairs.target_width * pairs.target_height / (pairs.anchor_width * pairs.anchor_height)
    contained = _ramp(pairs.covered, 0.2, 0.7)
    meeting = np.float32(_ATTACHED) * np.exp(-np.square(pairs.gap / 0.15))
    return _degrees(np.maximum(contained, meeting) * _ramp(-share, -0.9, -0.6) * pairs.same_depth)


def near(target: Layout, anchor: Layout) -> Degrees:
    """The gap between the two is of the order of their size."""
    pairs = _Pairs(target, anchor)
    return _degrees(pairs.near)


def far_from(target: Layout, anchor: Layout) -> Degrees:
    """The opposite of `near`."""
    return _degrees(1.0 - near(target, anchor))


def distance(target: Layout, anchor: Layout) -> Degrees:
    """How far apart, for "nearest to": the gap between boxes in their own size plus a little.

    Returns:
        (N, M) float32, at least 0; not a degree.
    """
    pairs = _Pairs(target, anchor)
    away = np.where(np.isfinite(pairs.depth), np.abs(pairs.depth) / _DEPTH_FALL_M, 0.0)
    size = np.maximum(pairs.mean_width, pairs.mean_height)
    between_centres = np.hypot(pairs.dx, pairs.dy) / size
    return np.asarray(pairs.gap + 0.1 * between_centres + away, np.float32)


def between(target: Layout, first: Layout, second: Layout) -> Degrees:
    """The target lies on the way from one anchor to the other.

    Returns:
        (N, M, K) float32 for N targets, M first and K second anchors.
    """
    t = centres(target.boxes)[:, None, None, :]
    a = centres(first.boxes)[None, :, None, :]
    b = centres(second.boxes)[None, None, :, :]
    way = b - a
    length_squared = np.maximum((way**2).sum(axis=-1), 1e-6)
    along = ((t - a) * way).sum(axis=-1) / length_squared
    across = np.abs(way[..., 0] * (t - a)[..., 1] - way[..., 1] * (t - a)[..., 0])
    across = across / length_squared
    centred = np.clip(4.0 * along * (1.0 - along), 0.0, 1.0)
    return _degrees(np.sqrt(centred) * np.exp(-np.square(across / 0.4)))


PREDICATES: dict[str, Callable[[Layout, Layout], Degrees]] = {
    "left_of": left_of,
    "right_of": right_of,
    "above": above,
    "below": below,
    "on": on,
    "under": under,
    "in": inside,
    "supports": supports,
    "contains": contains,
    "in_front_of": in_front_of,
    "behind": behind,
    "next_to": next_to,
    "touching": touching,
    "part_of": part_of,
    "near": near,
    "far_from": far_from,
}


def _ramp(values: Values, low: float, high: float) -> Degrees:
    """0 up to `low`, 1 from `high`, straight between."""
    risen = values - np.float32(low)
    risen *= np.float32(1.0 / (high - low))
    np.maximum(risen, np.float32(0.0), out=risen)
    return np.asarray(np.minimum(risen, np.float32(1.0), out=risen), np.float32)


def _degrees(values: Values) -> Degrees:
    """Within 0..1; 0 where it is not a number."""
    return np.asarray(np.fmin(np.fmax(values, 0.0), 1.0), np.float32)


class _Pairs:
    """What boxes and positions say of pairs of a target and an anchor.

    Arrays are (N, M) for every target with every anchor (or to be broadcast to that), and (K,)
    for a choice of those pairs. Each measure is taken when it is first asked for.
    """

    def __init__(self, target: Layout, anchor: Layout) -> None:
        self._t: list[Values] = [edge[:, None] for edge in target.boxes.T]
        self._a: list[Values] = [edge[None, :] for edge in anchor.boxes.T]
        # Target's depth less the anchor's, metres; NaN where either is unknown.
        self.depth: Values = np.full((1, 1), np.nan, np.float32)
        if target.positions is not None and anchor.positions is not None:
            self.depth = target.positions[:, None, 2] - anchor.positions[None, :, 2]

    def only(self, chosen: NDArray[np.bool_]) -> _Pairs:
        """The K pairs where (N, M) `chosen` is true."""
        rows, columns = np.nonzero(chosen)
        pairs = _Pairs.__new__(_Pairs)
        pairs._t = [edge[rows, 0] for edge in self._t]
        pairs._a = [edge[0, columns] for edge in self._a]
        pairs.depth = np.broadcast_to(self.depth, chosen.shape)[rows, columns]
        return pairs

    @cached_property
    def meeting(self) -> NDArray[np.bool_]:
        """Where the boxes overlap, or all but do with the target above."""
        close = -np.float32(_FLOATING) * self.anchor_height
        return np.asarray((self.shared_width > 0.0) & (self.shared_height > close), bool)

    @cached_property
    def target_width(self) -> Values:
        """Pixels, above 0, as are the next three."""
        return np.maximum(self._t[2] - self._t[0], _TINY)

    @cached_property
    def target_height(self) -> Values:
        return np.maximum(self._t[3] - self._t[1], _TINY)

    @cached_property
    def anchor_width(self) -> Values:
        return np.maximum(self._a[2] - self._a[0], _TINY)

    @cached_property
    def anchor_height(self) -> Values:
        return np.maximum(self._a[3] - self._a[1], _TINY)

    @cached_property
    def mean_width(self) -> Values:
        """Of the two, pixels."""
        return (self.target_width + self.anchor_width) / np.float32(2.0)

    @cached_property
    def mean_height(self) -> Values:
        """Of the two, pixels."""
        return (self.target_height + self.anchor_height) / np.float32(2.0)

    @cached_property
    def least_width(self) -> Values:
        """Of the narrower, pixels."""
        return np.minimum(self.target_width, self.anchor_width)

    @cached_property
    def least_height(self) -> Values:
        """Of the lower, pixels."""
        return np.minimum(self.target_height, self.anchor_height)

    @cached_property
    def dx(self) -> Values:
        """From the anchor's centre to the target's, to the right, pixels."""
        return ((self._t[0] + self._t[2]) - (self._a[0] + self._a[2])) / np.float32(2.0)

    @cached_property
    def dy(self) -> Values:
        """From the anchor's centre to the target's, down, pixels."""
        return ((self._t[1] + self._t[3]) - (self._a[1] + self._a[3])) / np.float32(2.0)

    @cached_property
    def upper(self) -> Values:
        """From the anchor's upper edge to the target's, down, pixels."""
        return self._t[1] - self._a[1]

    @cached_property
    def lower(self) -> Values:
        """From the anchor's lower edge to the target's, down, pixels."""
        return self._t[3] - self._a[3]

    @cached_property
    def shared_width(self) -> Values:
        """Overlap across, pixels; the gap between the two where it is negative."""
        return np.minimum(self._t[2], self._a[2]) - np.maximum(self._t[0], self._a[0])

    @cached_property
    def shared_height(self) -> Values:
        """Overlap down, pixels; the gap between the two where it is negative."""
        return np.minimum(self._t[3], self._a[3]) - np.maximum(self._t[1], self._a[1])

    @cached_property
    def _shared(self) -> Values:
        return np.maximum(self.shared_width, 0.0) * np.maximum(self.shared_height, 0.0)

    @cached_property
    def covered(self) -> Values:
        """Share of the target's box in the anchor's."""
        return self._shared / (self.target_width * self.target_height)

    @cached_property
    def covering(self) -> Values:
        """Share of the anchor's box in the target's."""
        return self._shared / (self.anchor_width * self.anchor_height)

    @cached_property
    def gap(self) -> Values:
        """Between the boxes, over their mean size; 0 where they touch or overlap."""
        across, down = np.minimum(self.shared_width, 0.0), np.minimum(self.shared_height, 0.0)
        size = self.mean_width * self.mean_height
        return np.sqrt((across * across + down * down) / size)

    @cached_property
    def same_depth(self) -> Values:
        """1 where the depths allow the two to touch or are unknown, falling as they part."""
        beyond = np.maximum(np.abs(self.depth) - np.float32(_TOUCHING_DEPTH_M), 0.0)
        fall = np.exp(-beyond / np.float32(_DEPTH_FALL_M))
        return np.where(np.isfinite(self.depth), fall, np.float32(1.0))

    @cached_property
    def near(self) -> Values:
        """1 where they touch, a half where the gap is once and a half their size."""
        return self.same_depth / (1.0 + np.square(self.gap / np.float32(_NEAR)))


def _directed(along: Values, across: Values, size: Values, clear: Values) -> Degrees:
    """Degree to which an offset points along an axis, and by more than a fraction of the size.

    Args:
        along: (N, M) offset of the centres along the axis, pixels.
        across: (N, M) offset across it, pixels.
        size: (N, M) mean size along the axis, pixels.
        clear: (N, M) gap between the boxes along the axis, pixels; people say "left of" of what
            is wholly to the left even where it is farther up.
    """
    angle = np.degrees(np.arctan2(np.abs(across), along))
    pointing = _ramp(-angle, -_OFF_AXIS, -_ON_AXIS)
    parted = _ramp(clear, -1.0, 0.0) * _ramp(-angle, -_OFF_AXIS, -_OFF_AXIS + 10.0)
    pointing = np.maximum(pointing, _PARTED * parted)
    return _degrees(pointing * _ramp(along / size, 0.0, 0.5))
