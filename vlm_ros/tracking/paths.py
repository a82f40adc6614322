"""Where boxes are, how fast they go by themselves, and how sure that is: a robust Kalman filter.

The centre of a box has a velocity of its own, beside what a moving camera does to all. Left alone
it forgets this velocity (an Ornstein-Uhlenbeck process): what a hand moves stops sooner or later,
and a thing that is not seen stays near where it was last seen. Its discretisation is exact, so
that two steps of 30 ms are one of 60 ms.

Boxes are measured by their four edges, each with an error of Student's t distribution: what hides a
part of a thing moves one edge or two of its box far and leaves the others. An edge at the border of
the picture says only that the thing reaches as far. All errors are in sizes of the box, the root of
its area.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from vlm_ros.tracking.affine import AffineMap

Values = NDArray[np.float64]

SPEED = 0.75
"""Usual speed of what moves by itself, sizes a second."""
REMEMBERED_S = 0.5
"""Seconds after which a velocity is mostly forgotten."""
GROWTH = 0.15
"""By how much a side changes in a second, sizes."""
NOISE = 0.06
"""Usual error of an edge, sizes."""
FREEDOM = 1.2
"""Degrees of freedom of that error; the fewer, the more often an edge is far off."""
BORDER = 3.0
"""Pixels from the picture's border in which an edge lies at it."""


@dataclass(frozen=True)
class Paths:
    """The paths of n boxes.

    Attributes:
        centres: (n, 2) pixels.
        sides: (n, 2) width and height, pixels.
        velocities: (n, 2) pixels a second, beside the common motion.
        spreads: (n, 3) variance of a centre, its covariance with the velocity, variance of the
            velocity: the same along both axes; square sizes, and per second.
        side_spreads: (n,) variance of a side, square sizes.
    """

    centres: Values
    sides: Values
    velocities: Values
    spreads: Values
    side_spreads: Values

    @classmethod
    def begun(cls, boxes: Values) -> Paths:
        """Paths of boxes (n, 4) xyxy that are seen for the first time."""
        count = len(boxes)
        return cls(
            centres_of(boxes),
            np.maximum(boxes[:, 2:] - boxes[:, :2], 1.0),
            np.zeros((count, 2)),
            np.tile([NOISE**2 / 2, 0.0, SPEED**2], (count, 1)),
            np.full(count, 2 * NOISE**2),
        )

    @property
    def sizes(self) -> Values:
        """(n,) roots of the areas, pixels."""
        return np.sqrt(self.sides[:, 0] * self.sides[:, 1])

    @property
    def boxes(self) -> Values:
        """(n, 4) xyxy pixels."""
        half = self.sides / 2
        return np.hstack([self.centres - half, self.centres + half])

    def take(self, indices: NDArray[np.intp]) -> Paths:
        """Some of the paths, in the order of their indices."""
        return Paths(*(values[indices] for values in vars(self).values()))

    def joined(self, others: Paths) -> Paths:
        """These paths, then the others."""
        pairs = zip(vars(self).values(), vars(others).values(), strict=True)
        return Paths(*(np.concatenate(pair) for pair in pairs))

    def later(self, seconds: float) -> Paths:
        """The same after so many seconds, as far as nobody looks."""
        tau, kept = REMEMBERED_S, float(np.exp(-seconds / REMEMBERED_S))
        reach = tau * (1 - kept)
        place, both, speed = self.spreads.T
        wander = SPEED**2 * tau**2 * (2 * seconds / tau - 3 + 4 * kept - kept**2)
        spreads = np.stack(
            [
                place + 2 * reach * both + reach**2 * speed + wander,
                kept * (both + reach * speed) + SPEED**2 * tau * (1 - kept) ** 2,
                kept**2 * speed + SPEED**2 * (1 - kept**2),
            ],
            axis=1,
        )
        return Paths(
            self.centres + reach * self.velocities,
            self.sides,
            kept * self.velocities,
            spreads,
            self.side_spreads + GROWTH**2 * seconds,
        )

    def scaled(self, factors: Values) -> Paths:
        """The same in a picture whose width and height are changed by two factors."""
        return replace(
            self,
            centres=self.centres * factors,
            sides=self.sides * factors,
            velocities=self.velocities * factors,
        )

    def carried(self, motion: AffineMap) -> Paths:
        """The same after the camera has moved."""
        spreads = self.spreads.copy()
        spreads[:, 0] += (motion.spread / self.sizes) ** 2
        return replace(
            self, centres=motion(self.centres), sides=self.sides * motion.scale, spreads=spreads
        )

    def shown(self, boxes: Values, size: tuple[int, int]) -> Values:
        """(n, m) share of each thing that is in each box (m, 4), were it this thing, 0..1.

        Less than 1 only for a box that is cut off by the edge of the picture.
        """
        width, height = (boxes[:, 2:] - boxes[:, :2]).T
        cut = (boxes[:, :2] <= BORDER) | (boxes[:, 2:] >= np.asarray(size) - BORDER)
        shares = np.minimum(width * height / (self.sides[:, :1] * self.sides[:, 1:]), 1.0)
        return np.where(cut.any(axis=1), shares, 1.0)

    def errors(self, boxes: Values, size: tuple[int, int]) -> Values:
        """By how much each box (m, 4) xyxy is off each path: (n, m, 4), pixels, edge by edge.

        Args:
            boxes: as seen in the picture.
            size: width and height of the picture, pixels.
        """
        off = boxes[None] - self.boxes[:, None]
        off[..., :2] -= np.where(boxes[:, :2] <= BORDER, np.maximum(off[..., :2], 0.0), 0.0)
        beyond = boxes[:, 2:] >= np.asarray(size) - BORDER
        off[..., 2:] -= np.where(beyond, np.minimum(off[..., 2:], 0.0), 0.0)
        return np.asarray(off)

    def surprise(self, errors: Values) -> Values:
        """(n, m) how unlikely errors (n, m, 4) are: the negative logarithm of their density."""
        variances = self._edge_variances()[:, None]
        distances = (errors / self.sizes[:, None, None]) ** 2 / variances[..., None]
        tails = np.log1p(distances / FREEDOM).sum(axis=2)
        return np.asarray((FREEDOM + 1) / 2 * tails + 2 * np.log(variances))

    def seen(self, at: NDArray[np.intp], errors: Values) -> tuple[Paths, Values]:
        """The same after the paths `at` (k,) have been seen with errors (k, 4).

        Returns:
            the paths, and (k, 4) how much each edge was believed, 0..1.
        """
        sizes = self.sizes[at][:, None]
        distances = (errors / sizes) ** 2 / self._edge_variances()[at][:, None]
        belief = np.minimum(1.0, (FREEDOM + 1) / (FREEDOM + distances))
        off = errors * belief
        place, both, speed = self.spreads[at].T
        total = place + NOISE**2 / 2
        gain, pull = place / total, both / total
        side_gain = self.side_spreads[at] / (self.side_spreads[at] + 2 * NOISE**2)
        middle = (off[:, :2] + off[:, 2:]) / 2
        new = Paths(*(values.copy() for values in vars(self).values()))
        new.centres[at] += gain[:, None] * middle
        new.velocities[at] += pull[:, None] * middle
        new.sides[at] += side_gain[:, None] * (off[:, 2:] - off[:, :2])
        np.maximum(new.sides, 1.0, out=new.sides)
        new.spreads[at] = np.stack([place * (1 - gain), both * (1 - gain), speed - pull * both], 1)
        new.side_spreads[at] *= 1 - side_gain
        return new, belief

    def _edge_variances(self) -> Values:
        """(n,) of the error of an edge, square sizes."""
        return np.asarray(self.spreads[:, 0] + self.side_spreads / 4 + NOISE**2)


def centres_of(boxes: Values) -> Values:
    """Centres (..., 2) of boxes (..., 4) xyxy."""
    return np.asarray((boxes[..., :2] + boxes[..., 2:]) / 2)


def whole(boxes: Values, sides: Values, size: tuple[int, int]) -> Values:
    """Boxes as they would be if the picture did not end at its edges.

    Args:
        boxes: (..., 4) xyxy pixels, as seen in the picture.
        sides: (..., 2) how wide and high the things in them are, pixels.
        size: width and height of the picture, pixels.

    Returns:
        (..., 4) xyxy; a box that is cut off at two opposite edges is left as it is.
    """
    low, high = boxes[..., :2], boxes[..., 2:]
    cut_low, cut_high = low <= BORDER, high >= np.asarray(size) - BORDER
    return np.concatenate(
        [
            np.where(cut_low & ~cut_high, np.minimum(low, high - sides), low),
            np.where(cut_high & ~cut_low, np.maximum(high, low + sides), high),
        ],
        axis=-1,
    )
