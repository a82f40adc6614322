"""What a depth camera would have measured where the simulator knows the depth."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from vlm_ros.geometry.camera import Intrinsics

Sensor = Callable[[NDArray[np.float32], Intrinsics, Generator], NDArray[np.float32]]
"""Depth (H, W) float32 metres, its camera, and randomness -> depth as measured."""

# A RealSense D435 at 640 x 480 (its data sheet, and Intel's tuning guide for the noise).
_BASELINE_M = 0.05
_FOCAL_PIXELS = 385.0
_STEPS_PER_PIXEL = 32.0
_DISPARITY_NOISE_PIXELS = 0.08
# Block matching smears: edges waver, and the noise of neighbours is alike.
_EDGE_PIXELS = 0.5
_CORRELATED_PIXELS = 1.5
# Where matching fails altogether: 1.4 % of the picture, in blots.
_BLOT_PIXELS, _BLOT_DEVIATIONS = 2.0, 2.2


def exact(depth: NDArray[np.float32], camera: Intrinsics, rng: Generator) -> NDArray[np.float32]:
    """The depth itself."""
    return depth


def stereo(depth: NDArray[np.float32], camera: Intrinsics, rng: Generator) -> NDArray[np.float32]:
    """As a RealSense D435 measures it; 0 where it measures nothing.

    Disparity with noise, in whole steps, at wavering edges (as Barron and Malik 2013 and Handa et
    al. 2014 model the Kinect); what the second imager does not see, and blots, are holes. At 1 m
    the noise is 4 mm and a step 1.6 mm; both grow with the square of the distance.
    """
    columns, rows = np.meshgrid(np.arange(camera.width), np.arange(camera.height))
    wavering = rng.normal(0.0, _EDGE_PIXELS, (2, *depth.shape))
    moved = cv2.remap(
        depth,
        (columns + wavering[0]).astype(np.float32),
        (rows + wavering[1]).astype(np.float32),
        cv2.INTER_NEAREST,
        borderMode=cv2.BORDER_REPLICATE,
    ).astype(np.float64)
    seen = moved > 0
    disparity = _FOCAL_PIXELS * _BASELINE_M / np.where(seen, moved, np.inf)
    noise = _DISPARITY_NOISE_PIXELS * _unit_noise(depth.shape, _CORRELATED_PIXELS, rng)
    steps = np.rint((disparity + noise) * _STEPS_PER_PIXEL)
    seen &= ~_shadowed(moved, columns, camera) & (steps > 0)
    seen &= _unit_noise(depth.shape, _BLOT_PIXELS, rng) < _BLOT_DEVIATIONS
    scale = _FOCAL_PIXELS * _BASELINE_M * _STEPS_PER_PIXEL
    return np.where(seen, scale / np.maximum(steps, 1.0), 0.0).astype(np.float32)


def torn(depth: NDArray[np.float32], camera: Intrinsics, rng: Generator) -> NDArray[np.float32]:
    """The depth itself with a quarter of the pixels missing, as NaN, infinity or 0."""
    missing = rng.choice(np.array([np.nan, np.inf, 0.0], np.float32), depth.shape)
    return np.where(rng.uniform(size=depth.shape) < 0.25, missing, depth)


SENSORS: dict[str, Sensor] = {"exact": exact, "stereo": stereo, "torn": torn}


def _unit_noise(shape: tuple[int, ...], correlated: float, rng: Generator) -> NDArray[np.float64]:
    noise = cv2.GaussianBlur(rng.normal(size=shape), (0, 0), correlated)
    return np.asarray(noise / noise.std())


def _shadowed(
    depth: NDArray[np.float64], columns: NDArray[np.intp], camera: Intrinsics
) -> NDArray[np.bool_]:
    """What a second imager to the right does not see: something nearer moves before it."""
    shifts = camera.fx * _BASELINE_M / np.where(depth > 0, depth, np.inf)
    there = columns - shifts
    first = np.minimum.accumulate(there[:, ::-1], axis=1)[:, ::-1]
    hidden = np.zeros(depth.shape, bool)
    hidden[:, :-1] = first[:, 1:] < there[:, :-1] - 1.0
    return hidden
