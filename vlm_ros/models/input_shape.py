"""How large a vision graph's input is for an image."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from typing import TypeAlias

from vlm_ros.errors import ModelError
from vlm_ros.models.folder import VisionSpec

# Sides are whole cells of a network's coarsest features.
STEP = 32
# An image still longer than this many times its height (or the other way round) is padded.
_LONGEST = 4.0

# The width and height of an image to those of the input.
InputShape: TypeAlias = Callable[[int, int], tuple[int, int]]


def input_shape_of(spec: VisionSpec, declared: Sequence[int | str | None]) -> InputShape:
    """The input's size for each size of image.

    Args:
        spec: of the graph.
        declared: the shape (1, 3, H, W) of the graph's input; H and W are numbers where they are
            fixed.

    Returns:
        One size for all where the graph has one. Otherwise that of an input shaped like the image
        with no more pixels than `spec` has: it costs no more, and hardly any are lost to padding.

    Raises:
        ModelError: `spec` has a size that no input can have.
    """
    if all(isinstance(side, int) for side in declared):
        return one_size(spec)
    if spec.width % STEP or spec.height % STEP:
        raise ModelError(
            f"model.yaml says that {spec.graph} takes {spec.width}x{spec.height} pixels; "
            f"both must be multiples of {STEP}."
        )
    return partial(_shaped_like, pixels=spec.width * spec.height)


def one_size(spec: VisionSpec) -> InputShape:
    """The input's size where it is that of `spec` for every image."""
    return lambda width, height: (spec.width, spec.height)


@lru_cache(maxsize=64)
def _shaped_like(width: int, height: int, pixels: int) -> tuple[int, int]:
    """Of inputs of so many pixels the one in which an image is largest; the smallest of several."""
    longest = int((pixels * _LONGEST) ** 0.5)
    shapes = (
        (columns, pixels // columns // STEP * STEP) for columns in range(STEP, longest + 1, STEP)
    )
    usable = [(w, h) for w, h in shapes if h and h <= longest]
    return max(
        usable, key=lambda shape: (min(shape[0] / width, shape[1] / height), -math.prod(shape))
    )
