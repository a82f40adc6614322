"""Choosing among several regions that fit: order along an axis, places of the image, counts."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vlm_ros.geometry.boxes import centres
from vlm_ros.grounding.matching import extent
from vlm_ros.grounding.scene import Scene
from vlm_ros.language.command import Selector

Indices = NDArray[np.intp]

_EXTENTS = {
    "large": ("area", 1.0),
    "small": ("area", -1.0),
    "tall": ("height", 1.0),
    "short": ("height", -1.0),
    "wide": ("width", 1.0),
    "narrow": ("width", -1.0),
    "long": ("length", 1.0),
}
_IMAGE_AXES = {"left": (0, -1.0), "right": (0, 1.0), "top": (1, -1.0), "bottom": (1, 1.0)}
_CORNERS = {
    "top-left": (0.0, 0.0),
    "top-right": (1.0, 0.0),
    "bottom-left": (0.0, 1.0),
    "bottom-right": (1.0, 1.0),
}


def orders(selector: Selector) -> bool:
    """Whether it chooses by an order: "the largest", "the second", but also "on the left"."""
    return selector.kind in {"superlative", "ordinal"} or (
        selector.kind == "place" and selector.axis in _IMAGE_AXES
    )


def decides(selector: Selector) -> int:
    """Rank among several: a place only narrows, an extent or a number has the last word."""
    if selector.kind == "place":
        return 0
    return 3 if selector.kind == "ordinal" else 1 + (selector.axis in _EXTENTS)


def order_along(scene: Scene, candidates: Indices, axis: str) -> Indices:
    """Candidates from the most to the least along an axis.

    Args:
        scene: the frame.
        candidates: (K,) region indices.
        axis: "left", "right", "top", "bottom" and, along a diagonal, "top-left", "top-right",
            "bottom-left", "bottom-right" by box centres; "near", "far" by depth, or by the lower
            edge in the image where a depth is unknown; "large", "small", "tall", "short", "wide",
            "narrow", "long" by extent.

    Returns:
        (K,) region indices; equal ones keep their order.

    Raises:
        ValueError: the axis is not one of these.
    """
    order = np.argsort(-_keys(scene, candidates, axis), kind="stable")
    return np.asarray(candidates[order], np.intp)


def on_side(scene: Scene, candidates: Indices, axis: str) -> Indices:
    """Candidates in one half of the image ("all the cups on the left").

    For "near" and "far" they are the nearer or farther ones, for a corner those nearer to it than
    to the opposite one; for other axes, all.
    """
    if axis in {"near", "far", *_CORNERS} and len(candidates):
        keys = _keys(scene, candidates, axis)
        return np.asarray(candidates[keys >= (keys.min() + keys.max()) / 2.0], np.intp)
    if axis not in _IMAGE_AXES:
        return candidates
    dimension, sign = _IMAGE_AXES[axis]
    middle = (scene.width, scene.height)[dimension] / 2.0
    offsets = (centres(scene.boxes)[candidates, dimension] - middle) * sign
    return np.asarray(candidates[offsets > 0], np.intp)


def away_from(scene: Scene, candidates: Indices, place: str) -> Indices:
    """Candidates that are not at a place ("the cup not on the left").

    Where all of several candidates are there, or none is, the one that is most so is meant to be
    left out.

    Args:
        scene: the frame.
        candidates: (K,) region indices.
        place: "not_left", "not_middle" and so on.

    Returns:
        Region indices in the order of `candidates`.
    """
    name = place.removeprefix("not_")
    if name in _IMAGE_AXES:
        at_place = np.isin(candidates, on_side(scene, candidates, name))
        most = order_along(scene, candidates, name)[:1]
    else:
        degrees = place_degrees(scene, candidates, name)
        at_place = degrees >= 0.5
        most = candidates[np.argsort(-degrees, kind="stable")][:1]
    if len(candidates) > 1 and (at_place.all() or not at_place.any()):
        at_place = np.isin(candidates, most)
    return np.asarray(candidates[~at_place], np.intp)


def place_degrees(scene: Scene, candidates: Indices, place: str) -> NDArray[np.float32]:
    """How well each candidate is at a place.

    The middle of three or more candidates is theirs ("the middle cup"); of fewer, the image's.

    Args:
        scene: the frame.
        candidates: (K,) region indices.
        place: "middle", "top-left", "top-right", "bottom-left", "bottom-right" or "corner".

    Returns:
        (K,) float32 in 0..1.

    Raises:
        ValueError: the place is not one of these.
    """
    size = np.array([scene.width, scene.height], np.float32)
    at = centres(scene.boxes)[candidates] / size
    if place == "middle":
        return _middle_degrees(at)
    if place == "corner":
        corners = np.array(list(_CORNERS.values()), np.float32)
        distances = np.linalg.norm(at[:, None, :] - corners[None], axis=-1).min(axis=1)
    elif place in _CORNERS:
        distances = np.linalg.norm(at - np.array(_CORNERS[place], np.float32), axis=-1)
    else:
        raise ValueError(f'there is no place "{place}" in an image')
    return np.asarray(np.clip(1.25 - 1.5 * distances, 0.0, 1.0), np.float32)


def _middle_degrees(at: NDArray[np.float32]) -> NDArray[np.float32]:
    middle = np.array([0.5, 0.5], np.float32)
    reach = 0.35
    if len(at) >= 3:
        low, high = at.min(axis=0), at.max(axis=0)
        middle = (low + high) / 2.0
        reach = max(float(np.linalg.norm(high - low)) / 2.0, 1e-6)
    distances = np.linalg.norm(at - middle, axis=-1)
    return np.asarray(np.exp(-np.square(distances / (0.7 * reach))), np.float32)


def _keys(scene: Scene, candidates: Indices, axis: str) -> NDArray[np.float64]:
    if axis in _IMAGE_AXES:
        dimension, sign = _IMAGE_AXES[axis]
        return np.asarray(centres(scene.boxes[candidates])[:, dimension] * sign, np.float64)
    if axis in _CORNERS:
        down, across = (_keys(scene, candidates, side) for side in axis.split("-"))
        return np.asarray(down + across, np.float64)
    if axis in _EXTENTS:
        measure, sign = _EXTENTS[axis]
        return np.asarray(extent(scene, candidates, measure) * sign, np.float64)
    if axis in {"near", "far"}:
        nearness = _nearness(scene, candidates)
        return nearness if axis == "near" else -nearness
    raise ValueError(f'regions cannot be ordered along "{axis}"')


def _nearness(scene: Scene, candidates: Indices) -> NDArray[np.float64]:
    if scene.positions is not None:
        depth = scene.positions[candidates, 2].astype(np.float64)
        if np.isfinite(depth).all():
            return np.asarray(-depth, np.float64)
    return np.asarray(scene.boxes[candidates, 3], np.float64)
