"""Where an object is: the oriented box around its body, and its pixels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vlm_ros.geometry.camera import Intrinsics, project
from vlm_ros.geometry.completion import hidden, likely_axes
from vlm_ros.geometry.footprint import least_rectangle
from vlm_ros.geometry.rotations import Quaternion, quaternion
from vlm_ros.geometry.segmentation import Segment, segment

# Of the heights, the share that may be stray at the top.
_TOP_PERCENTILE = 98.0
# Points of a surface are no farther apart than so many pixels, on ground seen at a slant.
_PIXELS_APART = 2.5
# So many points of a surface tell its outline.
_MOST_POINTS = 1500

Vector = tuple[float, float, float]


@dataclass(frozen=True)
class Position:
    """Where an object is, in the camera's optical frame (x right, y down, z forward).

    Attributes:
        centre: of its oriented box, metres: the middle of the body from its support up, not of
            the side that is seen.
        orientation: x, y, z, w of the box's axes: z away from the surface the object stands on, x
            along its longest horizontal side, to the right of the picture. Where no flat surface is
            seen around the object, z points to the camera.
        size: of the box along its axes, metres.
        surface: the component-wise median of the surface that is seen, metres.
    """

    centre: Vector
    orientation: Quaternion
    size: Vector
    surface: Vector


@dataclass(frozen=True)
class Located:
    """An object found in a box.

    Attributes:
        position: in space.
        mask: (H, W) bool, its pixels in the image.
    """

    position: Position
    mask: NDArray[np.bool_]


def locate(depth: NDArray[np.float32], box: Sequence[float], camera: Intrinsics) -> Located | None:
    """The object in a box, apart from what lies behind, below, before and on it.

    Args:
        depth: (H, W) float32 metres, registered to the image; 0, negative and non-finite are
            holes.
        box: xyxy, pixels of the image.
        camera: the depth is registered to.

    Returns:
        None where the box holds too few valid depth pixels.
    """
    found = segment(depth, tuple(box), camera)
    if found is None:
        return None
    height, width = depth.shape
    return Located(_Body(found, camera).position(), found.crop.full(found.pixels, width, height))


class _Body:
    """What is seen of an object, over its support."""

    def __init__(self, found: Segment, camera: Intrinsics) -> None:
        self._found = found
        self._camera = camera
        seen = found.crop.points()[:, found.measured].T.astype(np.float64)
        self._seen = seen[:: max(len(seen) // _MOST_POINTS, 1)]
        self._surface = np.median(self._seen, axis=0)
        forward = self._surface / np.linalg.norm(self._surface)
        if found.support is None:
            self._normal, self._foot = -forward, float((self._seen @ -forward).min())
        else:
            self._normal, self._foot = found.support.normal, -found.support.offset
        away = forward - self._normal * (forward @ self._normal)
        if np.linalg.norm(away) < 0.05:  # seen from right above: up in the picture is away
            away = -np.eye(3)[1] + self._normal * self._normal[1]
        self._away = away / np.linalg.norm(away)
        self._right = np.cross(self._away, self._normal)

    def position(self) -> Position:
        """The oriented box around what is seen, and what must be behind it."""
        heights = self._seen @ self._normal - self._foot
        ground = self._seen @ np.stack([self._right, self._away], axis=1)
        top = max(float(np.percentile(heights, _TOP_PERCENTILE)), 0.0)
        whole = ground
        if self._found.support is not None:
            far = list(self._far_sides(ground, heights, top))
            whole = np.concatenate([ground, *far])
        pixel = self._found.crop.step * self._surface[2] / self._camera.fx
        rectangle = least_rectangle(whole, _PIXELS_APART * float(pixel))
        along = rectangle.along if rectangle.along[0] >= 0 else -rectangle.along
        x = self._right * along[0] + self._away * along[1]
        axes = np.stack([x, np.cross(self._normal, x), self._normal], axis=1)
        centre = self._at(rectangle.centre[None], np.array([top / 2]))[0]
        return Position(
            centre=_vector(centre),
            orientation=quaternion(axes),
            size=(rectangle.length, rectangle.width, top),
            surface=_vector(self._surface),
        )

    def _far_sides(
        self, ground: NDArray[np.float64], heights: NDArray[np.float64], top: float
    ) -> Iterator[NDArray[np.float64]]:
        """Places (N, 2) on the support that the object covers unseen."""
        for axis in likely_axes(ground, heights, top):
            turned = 2.0 * axis - ground
            points = self._at(turned, heights)
            behind = hidden(points, self._distances(points))
            if behind is not None:
                yield turned[behind]

    def _at(self, ground: NDArray[np.float64], heights: NDArray[np.float64]) -> NDArray[np.float64]:
        """Points (N, 3) over places (N, 2) of the support."""
        up = (heights + self._foot)[:, None] * self._normal
        return np.asarray(ground @ np.stack([self._right, self._away]) + up, np.float64)

    def _distances(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Of the object's surface (N,), where points (N, 3) are seen; NaN where it is not."""
        part = self._found.crop
        pixels = np.nan_to_num(project(points, self._camera), nan=-1.0)
        columns, rows = np.floor((pixels - (part.left, part.top)) / part.step + 0.5).T
        high, wide = part.z.shape
        inside = (columns >= 0) & (columns < wide) & (rows >= 0) & (rows < high)
        distances = np.full(len(points), np.nan)
        places = rows[inside].astype(np.intp), columns[inside].astype(np.intp)
        own = np.where(self._found.pixels[places], part.z[places], np.nan)
        distances[inside] = own
        return distances


def _vector(values: NDArray[np.float64]) -> Vector:
    x, y, z = (float(value) for value in values)
    return (x, y, z)
