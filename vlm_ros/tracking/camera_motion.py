"""How a moving camera has shifted, turned and scaled all that is at rest.

Found from the things themselves: every pair of a known thing and a region that look alike votes for
a shift, and round the shift that most agree with an affine map is fitted. So a camera that turned
away and back is found again by the constellation of things, and nothing needs the pixels.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vlm_ros.tracking.affine import STILL, AffineMap, fitted
from vlm_ros.tracking.paths import Paths, centres_of, whole

Values = NDArray[np.float64]

UNLIKE = 4.5
"""Strangeness from which a thing and a region are no pair that votes."""
SHAPE = 0.2
"""Usual change of the logarithm of a side."""
NEAR = 0.75
"""In sizes of a thing: how near two places must be to agree."""
PAN = 2.0
"""Widths of the picture by which a camera may turn in a second; a faster turn is less likely."""

_LEAST_TRUST = 0.05


def camera_motion(
    paths: Paths, boxes: Values, strangeness: Values, size: tuple[int, int], seconds: float
) -> AffineMap:
    """What most of the things agree on.

    Args:
        paths: of n known things, where they would be if the camera had not moved.
        boxes: (m, 4) xyxy pixels, what is seen.
        strangeness: (n, m) how unlike each thing and each region look, from 0.
        size: width and height of the picture, pixels.
        seconds: since the picture before.
    """
    seen = whole(boxes, paths.sides[:, None], size)
    sides = np.maximum(seen[..., 2:] - seen[..., :2], 1.0)
    shape = np.log(sides / paths.sides[:, None]) / SHAPE
    strange = strangeness + (shape**2).sum(axis=2)
    things, regions = np.nonzero(strange < UNLIKE)
    if not len(things):
        return STILL
    strange = strange[things, regions]
    before, after = paths.centres[things], centres_of(seen[things, regions])
    reach = NEAR * paths.sizes[things]
    # That it has not moved at all is one of the hypotheses.
    shifts = np.vstack([np.zeros(2), after - before])
    votes = _trust(before + shifts[:, None] - after, reach, strange)
    usual = PAN * size[0] * seconds + 1.0
    likely = 1.0 / (1.0 + np.hypot(shifts[:, 0], shifts[:, 1]) / usual)
    motion = fitted(before, after, votes[np.argmax(votes.sum(axis=1) * likely)])
    trust = _trust(motion(before) - after, reach / 2, strange)
    return motion if trust.max() < _LEAST_TRUST else fitted(before, after, trust)


def _trust(off: Values, reach: Values, strange: Values) -> Values:
    """How far pairs that are off by (..., n, 2) pixels agree, 0..1."""
    return np.asarray(np.exp(-0.5 * ((off**2).sum(axis=-1) / reach**2 + strange)))
