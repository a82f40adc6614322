"""How the camera has moved, from things that mostly rest."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from vlm_ros.tracking.affine import STILL
from vlm_ros.tracking.camera_motion import UNLIKE, camera_motion
from vlm_ros.tracking.paths import Paths

SIZE = (640, 480)


def things(seed: int, count: int) -> NDArray[np.float64]:
    """Boxes of different shapes somewhere in the picture."""
    rng = np.random.default_rng(seed)
    centres = rng.uniform((100, 100), (540, 380), (count, 2))
    half = rng.uniform(15, 45, (count, 2))
    return np.hstack([centres - half, centres + half])


@pytest.mark.parametrize("shift", [(0.0, 0.0), (12.0, -4.0), (190.0, 60.0), (-260.0, 0.0)])
@pytest.mark.parametrize("seed", range(4))
def test_a_shift_is_found_whatever_its_length(shift: tuple[float, float], seed: int) -> None:
    """Without a look at the things, but for one that is carried elsewhere."""
    boxes = things(seed, 9)
    seen = boxes + np.array([*shift, *shift])
    seen[0] += 50.0
    inside = (seen[:, :2] > 5).all(axis=1) & (seen[:, 2:] < np.array(SIZE) - 5).all(axis=1)
    if inside.sum() < 4:
        pytest.skip("too little is left in the picture")
    order = np.random.default_rng(seed).permutation(np.flatnonzero(inside))
    strangeness = np.zeros((9, len(order)))
    motion = camera_motion(Paths.begun(boxes), seen[order], strangeness, SIZE, 0.2)
    middle = np.array([[320.0, 240.0]])
    assert motion(middle)[0] - middle[0] == pytest.approx(shift, abs=6.0)


def test_looks_tell_what_shapes_cannot() -> None:
    """Equal boxes in a row, shifted by one place: only looks say which is which."""
    boxes = np.array([[50.0 + 60 * i, 200.0, 90.0 + 60 * i, 240.0] for i in range(8)])
    seen = boxes[2:] - [60.0, 0, 60.0, 0]
    strangeness = np.where(np.eye(8)[:, 2:] > 0, 0.0, UNLIKE)
    motion = camera_motion(Paths.begun(boxes), seen, strangeness, SIZE, 0.2)
    assert motion.shift == pytest.approx([-60.0, 0.0], abs=1.0)


def test_a_thing_cut_off_at_the_edge_still_says_where_it_is() -> None:
    boxes = np.array([[100.0, 100.0, 160.0, 180.0]])
    seen = np.array([[0.0, 100.0, 30.0, 180.0]])
    motion = camera_motion(Paths.begun(boxes), seen, np.zeros((1, 1)), SIZE, 0.2)
    assert motion.shift == pytest.approx([-130.0, 0.0])


def test_where_nothing_is_alike_nothing_is_said() -> None:
    boxes = things(0, 3)
    assert camera_motion(Paths.begun(boxes), boxes, np.full((3, 3), 99.0), SIZE, 0.2) is STILL
