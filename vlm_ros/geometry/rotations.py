"""Quaternions in ROS order (x, y, z, w) and rotation matrices."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Quaternion = tuple[float, float, float, float]


def matrix(quaternion: ArrayLike) -> NDArray[np.float64]:
    """(3, 3) rotation matrix of a unit quaternion xyzw."""
    x, y, z, w = np.asarray(quaternion, np.float64)
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
        ]
    )


def quaternion(rotation: NDArray[np.float64]) -> Quaternion:
    """Unit quaternion xyzw, w >= 0, of a (3, 3) rotation matrix (Shepperd 1978)."""
    trace = float(np.trace(rotation))
    squares = np.array([*(2 * np.diag(rotation) - trace), trace]) + 1.0
    largest = int(np.argmax(squares))
    if largest == 3:
        value = np.array(
            [
                rotation[2, 1] - rotation[1, 2],
                rotation[0, 2] - rotation[2, 0],
                rotation[1, 0] - rotation[0, 1],
                squares[3],
            ]
        )
    else:
        i, j, k = largest, (largest + 1) % 3, (largest + 2) % 3
        value = np.empty(4)
        value[i] = squares[i]
        value[j] = rotation[i, j] + rotation[j, i]
        value[k] = rotation[i, k] + rotation[k, i]
        value[3] = rotation[k, j] - rotation[j, k]
    value /= np.linalg.norm(value)
    if value[3] < 0:
        value = -value
    x, y, z, w = (float(part) for part in value)
    return (x, y, z, w)
