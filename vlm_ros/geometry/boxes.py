"""Axis-aligned boxes: overlap, suppression, and the way from one image size to another.

A box is xyxy: left, top, right, bottom edge in pixels, where (0, 0) is the corner of the image,
so a box around the whole image is (0, 0, width, height). The centre of the top-left pixel lies
at (0.5, 0.5) in this system and at (0, 0) in that of `camera.Intrinsics`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Boxes = NDArray[np.float32]


def area(boxes: ArrayLike) -> NDArray[np.float32]:
    """Areas in square pixels; a box with crossed edges has none.

    Args:
        boxes: (..., 4) xyxy.

    Returns:
        (...) float32.
    """
    values = np.asarray(boxes, np.float32)
    sides = np.maximum(values[..., 2:] - values[..., :2], 0.0)
    return np.asarray(sides[..., 0] * sides[..., 1], np.float32)


def centres(boxes: ArrayLike) -> NDArray[np.float32]:
    """Centres (x, y): (..., 4) xyxy -> (..., 2) float32."""
    values = np.asarray(boxes, np.float32)
    return np.asarray((values[..., :2] + values[..., 2:]) / 2.0, np.float32)


def intersection(first: ArrayLike, second: ArrayLike) -> NDArray[np.float32]:
    """Areas of overlap of every box with every other.

    Args:
        first: (N, 4) xyxy.
        second: (M, 4) xyxy.

    Returns:
        (N, M) float32, square pixels.
    """
    a = np.asarray(first, np.float32).reshape(-1, 4).T[..., None]
    b = np.asarray(second, np.float32).reshape(-1, 4).T[:, None, :]
    # One axis at a time: an (N, M, 2) array would be several times slower.
    widths = np.minimum(a[2], b[2]) - np.maximum(a[0], b[0])
    heights = np.minimum(a[3], b[3]) - np.maximum(a[1], b[1])
    shared = np.maximum(widths, 0.0) * np.maximum(heights, 0.0)
    return np.asarray(shared, np.float32)


def iou(first: ArrayLike, second: ArrayLike) -> NDArray[np.float32]:
    """Intersection over union of every box with every other; 0 where both are empty.

    Args:
        first: (N, 4) xyxy.
        second: (M, 4) xyxy.

    Returns:
        (N, M) float32 in 0..1.
    """
    shared = intersection(first, second)
    union = area(first).reshape(-1, 1) + area(second).reshape(1, -1) - shared
    ratio = np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)
    return np.asarray(ratio, np.float32)


def coverage(inner: ArrayLike, outer: ArrayLike) -> NDArray[np.float32]:
    """Share of each inner box that lies in each outer box; 0 for an empty inner box.

    Args:
        inner: (N, 4) xyxy.
        outer: (M, 4) xyxy.

    Returns:
        (N, M) float32 in 0..1.
    """
    shared = intersection(inner, outer)
    whole = np.broadcast_to(area(inner).reshape(-1, 1), shared.shape)
    ratio = np.divide(shared, whole, out=np.zeros_like(shared), where=whole > 0)
    return np.asarray(ratio, np.float32)


def clip(boxes: ArrayLike, width: int, height: int) -> Boxes:
    """Boxes cut at the edges of an image.

    Args:
        boxes: (..., 4) xyxy.
        width: of the image, pixels.
        height: of the image, pixels.

    Returns:
        (..., 4) float32; a box wholly outside comes back with no area.
    """
    limits = np.array([width, height, width, height], np.float32)
    return np.asarray(np.clip(np.asarray(boxes, np.float32), 0.0, limits), np.float32)


def nms(boxes: ArrayLike, scores: ArrayLike, iou_threshold: float) -> NDArray[np.intp]:
    """Non-maximum suppression, whatever the class: of boxes that overlap, the best stays.

    Args:
        boxes: (N, 4) xyxy.
        scores: (N,); a box whose score is not finite is dropped.
        iou_threshold: boxes that overlap a better one by more than this are dropped.

    Returns:
        (K,) indices of the boxes kept, best score first; equal scores keep their order.
    """
    corners = np.asarray(boxes, np.float64).reshape(-1, 4)
    ranks = np.asarray(scores, np.float64).reshape(-1)
    usable = np.flatnonzero(np.isfinite(ranks) & np.isfinite(corners).all(axis=1))
    if not len(usable):
        return usable
    order = usable[np.argsort(-ranks[usable], kind="stable")]
    overlaps = iou(corners[order], corners[order]) > iou_threshold
    kept = np.ones(len(order), bool)
    for index in range(len(order)):
        if kept[index]:
            kept[index + 1 :] &= ~overlaps[index, index + 1 :]
    return np.asarray(order[kept], np.intp)


@dataclass(frozen=True)
class Letterbox:
    """How a whole image was fitted into another size: scaled, then padded.

    Attributes:
        source_width: of the source image, pixels.
        source_height: of the source image, pixels.
        width: of the fitted image in the model's input, without padding, pixels; a whole number
            but where the image was padded first (`square`).
        height: likewise.
        left: padding at the left, pixels.
        top: padding at the top, pixels.
    """

    source_width: int
    source_height: int
    width: float
    height: float
    left: int = 0
    top: int = 0

    @classmethod
    def fit(
        cls, source_width: int, source_height: int, model_width: int, model_height: int
    ) -> Letterbox:
        """The largest centred fit that keeps the aspect ratio (to a whole pixel).

        Args:
            source_width: of the source image, pixels.
            source_height: of the source image, pixels.
            model_width: of the model's input, pixels.
            model_height: of the model's input, pixels.

        Raises:
            ValueError: a size is not positive.
        """
        _check_sides(source_width, source_height, model_width, model_height)
        scale = min(model_width / source_width, model_height / source_height)
        width = min(max(round(source_width * scale), 1), model_width)
        height = min(max(round(source_height * scale), 1), model_height)
        left, top = (model_width - width) // 2, (model_height - height) // 2
        return cls(source_width, source_height, width, height, left, top)

    @classmethod
    def corner(
        cls, source_width: int, source_height: int, model_width: int, model_height: int
    ) -> Letterbox:
        """As `fit`, but at the top left; arguments as there."""
        box = cls.fit(source_width, source_height, model_width, model_height)
        return cls(source_width, source_height, box.width, box.height)

    @classmethod
    def stretch(
        cls, source_width: int, source_height: int, model_width: int, model_height: int
    ) -> Letterbox:
        """The whole of the model's input, whatever the aspect ratio; arguments as for `fit`."""
        _check_sides(source_width, source_height, model_width, model_height)
        return cls(source_width, source_height, model_width, model_height)

    @classmethod
    def square(
        cls, source_width: int, source_height: int, model_width: int, model_height: int
    ) -> Letterbox:
        """Padded to a square at the right or the bottom, then stretched; arguments as for `fit`."""
        _check_sides(source_width, source_height, model_width, model_height)
        side = max(source_width, source_height)
        width, height = source_width * model_width / side, source_height * model_height / side
        return cls(source_width, source_height, width, height)

    @property
    def scale(self) -> tuple[float, float]:
        """Model pixels per source pixel along x and y; they differ only by rounding."""
        return self.width / self.source_width, self.height / self.source_height

    def to_model(self, boxes: ArrayLike) -> Boxes:
        """Boxes of the source image, (..., 4) xyxy, as boxes in the model's input."""
        return np.asarray(np.asarray(boxes, np.float32) * self._scales + self._offsets, np.float32)

    def to_source(self, boxes: ArrayLike) -> Boxes:
        """Boxes in the model's input, (..., 4) xyxy, as boxes of the source image, clipped."""
        values = (np.asarray(boxes, np.float32) - self._offsets) / self._scales
        return clip(values, self.source_width, self.source_height)

    @property
    def _scales(self) -> NDArray[np.float32]:
        return np.array(self.scale * 2, np.float32)

    @property
    def _offsets(self) -> NDArray[np.float32]:
        return np.array((self.left, self.top) * 2, np.float32)


# The ways to fit an image into another size, as model folders name them.
FITS = {
    "letterbox": Letterbox.fit,
    "corner": Letterbox.corner,
    "stretch": Letterbox.stretch,
    "pad_square": Letterbox.square,
}


def _check_sides(width: int, height: int, model_width: int, model_height: int) -> None:
    if min(width, height, model_width, model_height) < 1:
        raise ValueError(
            f"cannot fit an image of {width}x{height} pixels into"
            f" {model_width}x{model_height}: every side must be at least 1 pixel"
        )
