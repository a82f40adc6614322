"""Spatial relations as degrees in 0..1, in the viewer's frame of reference.

Every predicate takes the layouts of N targets and M anchors and gives an (N, M) array; `between`
takes two sets of anchors. Boxes decide in the image; where both have a position, depth decides
what boxes cannot: what is in front, and whether what overlaps in the image also does in space.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vlm_ros.geometry.boxes import centres, coverage

Degrees = NDArray[np.float32]

# Two surfaces this far apart along the optical axis (metres) may still touch or hold each other.
_TOUCHING_DEPTH_M = 0.15
# How quickly a degree falls when the depths differ by more than that.
_DEPTH_FALL_M = 0.10
# A difference in depth (metres) from which one thing is plainly in front of another.
_PLAINLY_IN_FRONT_M = 0.05
# Off-axis angles (degrees): a direction holds fully up to the first, not at all from the second.
_ON_AXIS, _OFF_AXIS = 35.0, 80.0
# How far a direction holds for boxes that it parts, however much they are off the axis.
_PARTED = 0.6


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
    dx, dy = _offsets(target, anchor)
    clear = anchor.boxes[None, :, 0] - target.boxes[:, None, 2]
    return _directed(-dx, dy, _mean_sides(target, anchor)[0], clear)


def right_of(target: Layout, anchor: Layout) -> Degrees:
    """`left_of` with the roles exchanged."""
    return left_of(anchor, target).T


def above(target: Layout, anchor: Layout) -> Degrees:
    """The target's centre lies higher in the image, more up than across."""
    dx, dy = _offsets(target, anchor)
    clear = anchor.boxes[None, :, 1] - target.boxes[:, None, 3]
    return _directed(-dy, dx, _mean_sides(target, anchor)[1], clear)


def below(target: Layout, anchor: Layout) -> Degrees:
    """`above` with the roles exchanged."""
    return above(anchor, target).T


def on(target: Layout, anchor: Layout) -> Degrees:
    """The target's lower edge rests within the anchor, and not much of it hangs over.

    Depth rules out what only seems so because one stands behind the other.
    """
    t, a = target.boxes[:, None, :], anchor.boxes[None, :, :]
    anchor_height = np.maximum(a[..., 3] - a[..., 1], 1e-6)
    foot = (t[..., 3] - a[..., 1]) / anchor_height
    # 0 is the anchor's upper edge, 1 its lower edge.
    rests = _ramp(foot, -0.15, 0.05) * _ramp(-foot, -1.6, -1.0)
    width = np.maximum(t[..., 2] - t[..., 0], 1e-6)
    shared = np.minimum(t[..., 2], a[..., 2]) - np.maximum(t[..., 0], a[..., 0])
    supported = _ramp(shared / width, 0.3, 0.7)
    top = (t[..., 1] - a[..., 1]) / anchor_height
    covers = _ramp(-coverage(anchor.boxes, target.boxes).T, -0.95, -0.7)
    not_hanging = _ramp(-top, -0.9, -0.6)
    return _degrees(rests * supported * covers * not_hanging * _same_depth(target, anchor))


def under(target: Layout, anchor: Layout) -> Degrees:
    """The anchor is on the target, or the target is straight below the anchor and close."""
    lower = below(target, anchor) * _column_overlap(target, anchor) * near(target, anchor)
    return _degrees(np.maximum(on(anchor, target).T, lower))


def inside(target: Layout, anchor: Layout) -> Degrees:
    """Most of the target's box lies in the anchor's larger box; the rest may stick out.

    Something long that stands in something short ("the spoon in the cup") counts too, but less:
    in the image it could also stand on it.
    """
    held = _ramp(coverage(target.boxes, anchor.boxes), 0.35, 0.75)
    smaller = _ramp(-coverage(anchor.boxes, target.boxes).T, -0.95, -0.7)
    top, foot = target.boxes[:, None, 1], target.boxes[:, None, 3]
    upper, lower = anchor.boxes[None, :, 1], anchor.boxes[None, :, 3]
    height = np.maximum(lower - upper, 1e-6)
    within = _ramp((foot - upper) / height, 0.1, 0.3) * _ramp((lower - foot) / height, -0.1, 0.0)
    width = np.maximum(_sides(target)[0][:, None], 1e-6)
    narrow = _ramp(-width / np.maximum(_sides(anchor)[0][None, :], 1e-6), -1.0, -0.6)
    standing = 0.6 * within * narrow * _ramp(_column_overlap(target, anchor), 0.5, 0.9)
    standing = np.where(top < upper, standing, 0.0)
    contained = held * smaller * _ramp((lower - foot) / height, -0.25, -0.1)
    return _degrees(np.maximum(contained, standing) * _same_depth(target, anchor))


def in_front_of(target: Layout, anchor: Layout) -> Degrees:
    """The target is closer to the viewer and not off to one side.

    Without depth, what stands on the same support is the closer the lower its lower edge is.
    """
    dx, _ = _offsets(target, anchor)
    width, height = _mean_sides(target, anchor)
    lower = target.boxes[:, None, 3] - anchor.boxes[None, :, 3]
    closer = _ramp(lower / height, 0.0, 0.3)
    depth = _depth_difference(target, anchor)
    by_depth = _ramp(-depth, 0.0, _PLAINLY_IN_FRONT_M)
    closer = np.where(np.isfinite(depth), by_depth, closer)
    aligned = _ramp(-np.abs(dx) / width, -1.5, -0.5)
    return _degrees(closer * aligned)


def behind(target: Layout, anchor: Layout) -> Degrees:
    """`in_front_of` with the roles exchanged."""
    return in_front_of(anchor, target).T


def next_to(target: Layout, anchor: Layout) -> Degrees:
    """The gap between the two is small beside their size, and neither holds the other."""
    apart = 1.0 - np.maximum(
        coverage(target.boxes, anchor.boxes), coverage(anchor.boxes, target.boxes).T
    )
    close = np.exp(-np.square(_relative_gap(target, anchor) / 1.2))
    return _degrees(close * _ramp(apart, 0.2, 0.6) * _same_depth(target, anchor))


def touching(target: Layout, anchor: Layout) -> Degrees:
    """The boxes meet or overlap, and the depths allow it."""
    close = np.exp(-np.square(_relative_gap(target, anchor) / 0.15))
    return _degrees(close * _same_depth(target, anchor))


def near(target: Layout, anchor: Layout) -> Degrees:
    """The gap between the two is of the order of their size."""
    close = np.exp(-np.square(_relative_gap(target, anchor) / 1.8))
    return _degrees(close * _same_depth(target, anchor))


def far_from(target: Layout, anchor: Layout) -> Degrees:
    """The opposite of `near`."""
    return _degrees(1.0 - near(target, anchor))


def distance(target: Layout, anchor: Layout) -> Degrees:
    """How far apart, for "nearest to": the gap between boxes in their own size plus a little.

    Returns:
        (N, M) float32, at least 0; not a degree.
    """
    dx, dy = _offsets(target, anchor)
    width, height = _mean_sides(target, anchor)
    gap = _relative_gap(target, anchor)
    depth = np.abs(_depth_difference(target, anchor))
    away = np.where(np.isfinite(depth), depth / _DEPTH_FALL_M, 0.0)
    return np.asarray(gap + 0.1 * np.hypot(dx, dy) / np.maximum(width, height) + away, np.float32)


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
    "in_front_of": in_front_of,
    "behind": behind,
    "next_to": next_to,
    "touching": touching,
    "near": near,
    "far_from": far_from,
}


def _ramp(values: NDArray[np.floating[Any]], low: float, high: float) -> Degrees:
    """0 up to `low`, 1 from `high`, straight between."""
    return np.asarray(np.clip((values - low) / (high - low), 0.0, 1.0), np.float32)


def _degrees(values: NDArray[np.floating[Any]]) -> Degrees:
    return np.nan_to_num(np.clip(values, 0.0, 1.0), nan=0.0).astype(np.float32)


def _sides(layout: Layout) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    boxes = layout.boxes
    return boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]


def _mean_sides(target: Layout, anchor: Layout) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Mean width and mean height of each pair, (N, M) pixels, never 0."""
    (tw, th), (aw, ah) = _sides(target), _sides(anchor)
    width = np.maximum((tw[:, None] + aw[None, :]) / 2.0, 1e-6)
    height = np.maximum((th[:, None] + ah[None, :]) / 2.0, 1e-6)
    return width, height


def _offsets(target: Layout, anchor: Layout) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """From the anchor's centre to the target's: right and down, (N, M) pixels."""
    offset = centres(target.boxes)[:, None, :] - centres(anchor.boxes)[None, :, :]
    return offset[..., 0], offset[..., 1]


def _directed(
    along: NDArray[np.float32],
    across: NDArray[np.float32],
    size: NDArray[np.float32],
    clear: NDArray[np.float32],
) -> Degrees:
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


def _relative_gap(target: Layout, anchor: Layout) -> NDArray[np.float32]:
    """Gap between the boxes over their mean size; 0 where they touch or overlap."""
    t, a = target.boxes[:, None, :], anchor.boxes[None, :, :]
    gap = np.maximum(np.maximum(t[..., :2] - a[..., 2:], a[..., :2] - t[..., 2:]), 0.0)
    width, height = _mean_sides(target, anchor)
    return np.asarray(np.hypot(gap[..., 0], gap[..., 1]) / np.sqrt(width * height), np.float32)


def _column_overlap(target: Layout, anchor: Layout) -> NDArray[np.float32]:
    """Share of the narrower of the two that lies in the columns of the other."""
    t, a = target.boxes[:, None, :], anchor.boxes[None, :, :]
    shared = np.minimum(t[..., 2], a[..., 2]) - np.maximum(t[..., 0], a[..., 0])
    (tw, _), (aw, _) = _sides(target), _sides(anchor)
    narrower = np.maximum(np.minimum(tw[:, None], aw[None, :]), 1e-6)
    return np.asarray(np.clip(shared / narrower, 0.0, 1.0), np.float32)


def _depth_difference(target: Layout, anchor: Layout) -> NDArray[np.float32]:
    """Target's depth less the anchor's, (N, M) metres; NaN where either is unknown."""
    if target.positions is None or anchor.positions is None:
        return np.full((len(target.boxes), len(anchor.boxes)), np.nan, np.float32)
    return np.asarray(target.positions[:, None, 2] - anchor.positions[None, :, 2], dtype=np.float32)


def _same_depth(target: Layout, anchor: Layout) -> NDArray[np.float32]:
    """1 where the depths allow the two to touch or are unknown, falling as they part."""
    beyond = np.abs(_depth_difference(target, anchor)) - _TOUCHING_DEPTH_M
    fall = np.exp(-np.maximum(beyond, 0.0) / _DEPTH_FALL_M)
    return np.where(np.isfinite(beyond), fall, 1.0).astype(np.float32)
