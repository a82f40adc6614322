"""Which pixels of a box are the object's, and what it stands on.

The box is a detector's word for where the object ends. So of all readings of the depth around it -
which plane is the support, which of the parts that rise from it is the object - the one whose own
outline fits the box best is taken.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from vlm_ros.geometry.camera import Intrinsics
from vlm_ros.geometry.components import Components, Edges, components, fits, together
from vlm_ros.geometry.crop import Crop, crop
from vlm_ros.geometry.load import without_load
from vlm_ros.geometry.sampling import surroundings, windows_of
from vlm_ros.geometry.support import dominant_planes

# Larger windows are looked at more coarsely.
_MOST_PIXELS = 150 * 150
# Fewer depth pixels than this say nothing reliable.
MIN_PIXELS = 12
_LEAST_PLANE_PIXELS = 48
# A surface rising less than this from its support cannot be told from it: so many times the noise
# of the support, within limits.
_RISE_PER_NOISE = 4.0
_LEAST_RISE_M, _MOST_RISE_M = 0.0025, 0.010
# Where the noise is larger than the least rise, heights of what may be the support are means over
# so many pixels a side.
_SMOOTHED_PIXELS = 7
_NEAR_SUPPORT_M = 0.02
# The support is looked for first among what is as near as the box's diagonal, but not less.
_LEAST_REACH_M = 0.08
# A second surface that the object may stand on holds this share of what rises around it.
_LEAST_SECOND_SHARE = 0.2
_PARALLEL = 0.9
# The middle of a box is more likely the object's than its edges: deviation, of its sides.
_MIDDLE = 0.2
# Parts with less than this share of the middle count less.
_LEAST_MIDDLE_SHARE = 0.15
# A reading that fits better by less than this is no better.
_PLAINLY_BETTER = 0.05
# With a worse fit than this, nothing that rises has the shape of the box.
_LEAST_FIT = 0.6
# Things torn apart by noise: pieces of about one height that fit the box better together.
_PIECES, _LEAST_PIECE_FIT, _BETTER_TOGETHER, _SAME_HEIGHT_M = 6, 0.02, 0.03, 0.015
# What is so many times as high as the least that rises, noise does not tear down to its support.
_TALL = 3.0
_WHOLE = 0.85
# In a heap, where no support is found, a surface apart from all others must fit this well.
_LEAST_LOOSE_FIT = 0.5
# Where nothing has the shape of the box, this share of it rises, or is no higher than this.
_LEAST_RISING_SHARE = 0.3
_FLAT_M, _LEAST_FLAT_SHARE = 0.015, 0.2
# And a larger step in depth separates it from what is before or behind it.
_LAYER_GAP_M, _LAYER_GAP_PER_M = 0.02, 0.01


@dataclass(frozen=True)
class Support:
    """The plane an object stands on: points p with normal . p + offset = 0, in metres.

    Attributes:
        normal: (3,) unit length, towards the camera.
        offset: the camera's distance from the plane.
        heights: (h, w) float32, of the crop's points above the plane.
        rise: the least height that can be told from the plane.
    """

    normal: NDArray[np.float64]
    offset: float
    heights: NDArray[np.float32]
    rise: float


@dataclass(frozen=True)
class Segment:
    """The object in a box.

    Attributes:
        crop: the box and what is around it.
        pixels: (h, w) of the crop that are the object's, holes in the depth included.
        support: what it stands on; None where nothing around it is flat.
    """

    crop: Crop
    pixels: NDArray[np.bool_]
    support: Support | None

    @property
    def measured(self) -> NDArray[np.bool_]:
        """(h, w) the object's pixels with depth of their own."""
        return np.asarray(self.pixels & self.crop.measured)


@dataclass(frozen=True)
class _Reading:
    """One way to read the depth around a box: how well it fits, what would be the object's."""

    fit: float
    pixels: NDArray[np.bool_]
    support: Support | None


def segment(
    depth: NDArray[np.float32], box: tuple[float, ...], camera: Intrinsics
) -> Segment | None:
    """The object in a box.

    Args:
        depth: (H, W) float32 metres, registered to the image; 0, negative and non-finite are
            holes.
        box: xyxy, pixels of the image.
        camera: the depth is registered to.

    Returns:
        None where the box holds too few depth pixels.
    """
    height, width = depth.shape
    windows, usable = windows_of([box], width, height)
    if not usable[0]:
        return None
    view = _View(
        crop(depth, surroundings(windows, width, height)[0], _MOST_PIXELS, camera), windows[0]
    )
    if np.count_nonzero(view.crop.measured & view.inside) < MIN_PIXELS:
        return None
    best = view.best_reading()
    pixels = best.pixels & view.inside
    if best.support is not None:
        pixels = without_load(pixels, best.support.heights)
    if np.count_nonzero(pixels & view.crop.measured) < MIN_PIXELS:
        pixels = view.inside & view.crop.known
    return Segment(view.crop, pixels, best.support)


class _View:
    """A box and its surroundings."""

    def __init__(self, part: Crop, window: NDArray[np.intp]) -> None:
        self.crop = part
        corner = np.array([part.left, part.top] * 2)
        left, top, right, bottom = ((window - corner) / part.step).tolist()
        self.box: Edges = (left, top, right, bottom)
        high, wide = part.z.shape
        columns, rows = np.arange(wide), np.arange(high)
        across = (columns >= left) & (columns < right)
        down = (rows >= top) & (rows < bottom)
        self.inside = down[:, None] & across[None, :]
        self._middle = (
            _bell(rows, top, bottom)[:, None] * _bell(columns, left, right)[None, :] * self.inside
        )

    def best_reading(self) -> _Reading:
        """That with the best fit; where none fits, that the object is flat."""
        best: _Reading | None = None
        first: Support | None = None
        for support, rising in self._risings():
            first = first or support
            reading = self._read(support, rising)
            if reading is not None and (best is None or reading.fit > best.fit + _PLAINLY_BETTER):
                best = reading
        if best is not None and best.fit >= _LEAST_FIT:
            return best
        return self._unshaped(first)

    def _risings(self) -> Iterator[tuple[Support, NDArray[np.bool_]]]:
        """What the object may stand on, each with the pixels that rise from it."""
        for ring in self._rings():
            support = self._plane(ring)
            if support is None:
                continue
            rising = self.crop.known & (support.heights > support.rise)
            yield support, rising
            above = ring & (support.heights > 2.0 * support.rise)
            if np.count_nonzero(above) >= _LEAST_SECOND_SHARE * np.count_nonzero(ring):
                second = self._plane(above)
                if second is not None and second.normal @ support.normal > _PARALLEL:
                    yield second, rising & (second.heights > second.rise)

    def _rings(self) -> list[NDArray[np.bool_]]:
        """The measured surroundings of the box: the near ones, then all."""
        ring = self.crop.measured & ~self.inside
        middle = self.crop.z[self.crop.measured & (self._middle > 0.5)]
        if len(middle) < MIN_PIXELS:
            return [ring]
        distance = float(np.median(middle))
        slope = np.ptp(self.crop.across) / self.crop.z.shape[1]
        diagonal = float(np.hypot(self.box[2] - self.box[0], self.box[3] - self.box[1]))
        reach = max(diagonal * slope * distance, _LEAST_REACH_M)
        near = ring & (np.abs(self.crop.z - distance) < reach)
        return [near, ring] if near.sum() < ring.sum() else [ring]

    def _plane(self, pixels: NDArray[np.bool_]) -> Support | None:
        points = self.crop.points().reshape(3, 1, -1)
        planes = dominant_planes(points, pixels.reshape(1, -1), _LEAST_PLANE_PIXELS)
        if not planes.found[0]:
            return None
        part, normal, offset = self.crop, planes.normals[0], float(planes.offsets[0])
        heights = (normal[0] * part.across + normal[1] * part.down + normal[2]) * part.z + offset
        noise = float(planes.noise[0])
        if _RISE_PER_NOISE * noise > _LEAST_RISE_M:
            heights = _smoothed(heights, part.known)
            on = heights[pixels & (np.abs(heights) < _MOST_RISE_M)]
            if len(on):
                noise = 1.4826 * float(np.median(np.abs(on - np.median(on))))
        rise = float(np.clip(_RISE_PER_NOISE * noise, _LEAST_RISE_M, _MOST_RISE_M))
        return Support(normal.astype(np.float64), offset, heights, rise)

    def _read(self, support: Support, rising: NDArray[np.bool_]) -> _Reading | None:
        """The part that is the object if this is its support; None where nothing rises."""
        parts = components(rising, self.crop.z)
        if len(parts) < 2:
            return None
        overlaps, chosen, fit = self._best_part(parts)
        if fit >= _WHOLE:
            return _Reading(fit, parts.labels == chosen, support)
        return self._pieced(parts, overlaps, chosen, fit, support)

    def _best_part(self, parts: Components) -> tuple[NDArray[np.float64], int, float]:
        """How well the parts fit the box, (n,), which does best in its middle, and how well."""
        overlaps = fits(parts.edges, self.box)
        overlaps[0] = 0.0
        shares = np.bincount(parts.labels.ravel(), self._middle.ravel(), len(parts))
        shares = shares / self._middle.sum()
        scores = overlaps * np.clip(shares / _LEAST_MIDDLE_SHARE, 0.0, 1.0)
        chosen = int(scores[1:].argmax()) + 1
        return overlaps, chosen, float(scores[chosen])

    def _pieced(
        self,
        parts: Components,
        overlaps: NDArray[np.float64],
        chosen: int,
        fit: float,
        support: Support,
    ) -> _Reading:
        """A part with what noise has torn from it."""
        pixels, edges = parts.labels == chosen, parts.edges[chosen]
        height = np.median(support.heights[pixels])
        for piece in np.argsort(-overlaps)[:_PIECES]:
            joined = together(edges, parts.edges[piece])
            better = float(fits(joined, self.box))
            if piece == chosen or overlaps[piece] < _LEAST_PIECE_FIT:
                continue
            if better < fit + _BETTER_TOGETHER:
                continue
            more = parts.labels == piece
            if abs(np.median(support.heights[more]) - height) >= _SAME_HEIGHT_M:
                continue
            if not self._support_between(pixels, more, support):
                pixels, edges, fit = pixels | more, joined, better
        return _Reading(fit, pixels, support)

    def _support_between(
        self, first: NDArray[np.bool_], second: NDArray[np.bool_], support: Support
    ) -> bool:
        """Whether the support is seen where two parts are nearest, so that they are two things.

        Noise tears no such gap into what is much higher than it.
        """
        if min(np.median(support.heights[part]) for part in (first, second)) < _TALL * support.rise:
            return False
        apart, nearest = cv2.distanceTransformWithLabels(
            (~first).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
        )
        row, column = np.unravel_index(np.where(second, apart, np.inf).argmin(), apart.shape)
        other_row, other_column = np.argwhere(first & (nearest == nearest[row, column]))[0]
        steps = int(np.ceil(apart[row, column])) + 1
        rows = np.linspace(row, other_row, steps).round().astype(np.intp)
        columns = np.linspace(column, other_column, steps).round().astype(np.intp)
        seen = self.crop.known[rows, columns]
        return bool((seen & (np.abs(support.heights[rows, columns]) < support.rise)).any())

    def _unshaped(self, support: Support | None) -> _Reading:
        """Where nothing has the shape of the box: what rises in it, or else lies in it."""
        known = self.inside & self.crop.known
        parts = components(self.crop.measured, self.crop.z)
        _, chosen, fit = self._best_part(parts)
        if fit >= _LEAST_LOOSE_FIT:
            return _Reading(fit, parts.labels == chosen, None)
        if support is None:
            return _Reading(0.0, self._layer(known), None)
        rising = known & (support.heights > support.rise)
        low = known & (np.abs(support.heights) < _FLAT_M)
        for pixels, share in ((self._layer(rising), _LEAST_RISING_SHARE), (low, _LEAST_FLAT_SHARE)):
            if np.count_nonzero(pixels) >= share * np.count_nonzero(known):
                return _Reading(0.0, pixels, support)
        return _Reading(0.0, known, support)

    def _layer(self, pixels: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Those pixels in the run of depths without a gap that fills most of the middle."""
        z = self.crop.z[pixels]
        if not len(z):
            return pixels
        order = np.argsort(z)
        runs = np.zeros(len(z), np.intp)
        gaps = np.diff(z[order]) > _LAYER_GAP_M + _LAYER_GAP_PER_M * z[order][1:]
        runs[order[1:]] = np.cumsum(gaps)
        best = np.bincount(runs, self._middle[pixels]).argmax()
        layer = np.zeros_like(pixels)
        layer[pixels] = runs == best
        return layer


def _bell(places: NDArray[np.intp], low: float, high: float) -> NDArray[np.float64]:
    """1 in the middle of a range, little at its ends."""
    offsets = (places - (low + high) / 2) / (high - low)
    return np.asarray(np.exp(-0.5 * (offsets / _MIDDLE) ** 2))


def _smoothed(heights: NDArray[np.float32], known: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Heights (h, w), those near the support as means over others near it."""
    near = known & (np.abs(heights) < _NEAR_SUPPORT_M)
    size = (_SMOOTHED_PIXELS, _SMOOTHED_PIXELS)
    totals = cv2.boxFilter(np.where(near, heights, np.float32(0.0)), -1, size, normalize=False)
    counts = cv2.boxFilter(near.astype(np.float32), -1, size, normalize=False)
    return np.asarray(np.where(near, totals / np.maximum(counts, 1.0), heights), np.float32)
