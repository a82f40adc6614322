"""Affine maps of the picture's plane: shifts, turns, growth and shear."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]

_ROUNDS = 3
# A residual of so many times the usual one counts half.
_USUAL = 1.5
_LEAST_USUAL = 1.0  # pixels
# By how much a picture usually turns, grows or is sheared from one to the next.
_USUAL_BEND = 0.08


@dataclass(frozen=True)
class AffineMap:
    """Where points of the picture go.

    Attributes:
        linear: (2, 2).
        shift: (2,) pixels.
        spread: how far off it usually is where it was measured, pixels.
    """

    linear: Values
    shift: Values
    spread: float

    def __call__(self, points: Values) -> Values:
        """Where (n, 2) points go, pixels."""
        return np.asarray(points @ self.linear.T + self.shift)

    @property
    def scale(self) -> float:
        """The factor by which lengths grow."""
        (a, b), (c, d) = self.linear
        return float(np.sqrt(max(a * d - b * c, 1e-6)))


STILL = AffineMap(np.eye(2), np.zeros(2), 0.0)


def fitted(before: Values, after: Values, trust: Values) -> AffineMap:
    """The affine map that most points follow; those that move on their own hardly count.

    Least squares, reweighted by the residuals (Cauchy's weights; Holland and Welsch 1977), and
    with a pull towards a mere shift, so that few points do not bend the picture.

    Args:
        before: (n, 2) pixels, at least one.
        after: (n, 2) where each of them went.
        trust: (n,) how much each counts; not all 0.
    """
    moved, total = after - before, trust.sum()
    middle, linear = before.mean(axis=0), np.zeros((2, 2))
    shift = trust @ moved / total
    residuals, weights = moved - shift, trust / total
    for _ in range(_ROUNDS):
        far = np.hypot(residuals[:, 0], residuals[:, 1])
        usual = _USUAL * max(float(weights @ far), _LEAST_USUAL)
        stiff = (usual / _USUAL_BEND) ** 2 / total
        weights = trust / (1.0 + (far / usual) ** 2)
        weights /= weights.sum()
        middle, shift = weights @ before, weights @ moved
        offsets = before - middle
        weighted = offsets * weights[:, None]
        square = weighted.T @ offsets + stiff * np.eye(2)
        linear = (_inverse(square) @ weighted.T @ (moved - shift)).T
        residuals = moved - shift - offsets @ linear.T
    spread = float(np.sqrt(weights @ (residuals**2).sum(axis=1) / 2))
    return AffineMap(np.eye(2) + linear, shift - linear @ middle, spread)


def _inverse(square: Values) -> Values:
    """Of a (2, 2) matrix; several times faster than the general way."""
    (a, b), (c, d) = square.tolist()
    return np.asarray(np.array([[d, -b], [-c, a]]) / (a * d - b * c))
