"""Resampling pictures as the libraries do that models were trained with.

A separable filter is a matrix for each axis, with few entries beside its diagonal. On a device its
rows are what a kernel needs (`taps`); on a CPU it is fastest as products of blocks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

_BLOCK = 16  # outputs a block: enough for a fast product, few enough to leave out most zeros
# OpenBLAS shares larger products among threads, which wait for each other on a busy machine.
_LARGEST_PRODUCT = 64**3
_KNOWN_AXES = 32

Planes = NDArray[np.float32]
Matrix = NDArray[np.float64]


class Resampler(Protocol):
    """Brings pictures of one size to another."""

    def __call__(self, image: NDArray[Any], out: Planes) -> None:
        """Resamples a picture.

        Args:
            image: (H, W, 3) uint8.
            out: (3, height, width), is filled with values on the scale 0..255.
        """
        ...


class AreaResampler:
    """Means of areas where it shrinks, linear interpolation where it grows; the fastest."""

    def __init__(self, width: int, height: int) -> None:
        self._size = (width, height)

    def __call__(self, image: NDArray[Any], out: Planes) -> None:
        """Resamples a picture; see `Resampler`."""
        if image.shape[1::-1] != self._size:
            shrinking = self._size[0] < image.shape[1]
            method = cv2.INTER_AREA if shrinking else cv2.INTER_LINEAR
            image = cv2.resize(image, self._size, interpolation=method)
        # Plane by plane is twice as fast as a transposed copy.
        for plane, values in zip(out, cv2.split(np.ascontiguousarray(image)), strict=True):
            np.copyto(plane, values)


class MatrixResampler:
    """A filter of MATRICES. One thread at a time."""

    def __init__(
        self,
        name: str,
        picture: tuple[int, int],
        padded: tuple[int, int],
        target: tuple[int, int],
        pad: float,
    ) -> None:
        """Prepares for pictures of one size; sizes are (width, height) in pixels.

        Args:
            name: of the filter.
            picture: size of the pictures.
            padded: size to which they are padded first, at the right and the bottom.
            target: size to which that is brought.
            pad: grey value of the padding.
        """
        self._columns = _axis(name, padded[0], target[0], picture[0])
        self._rows = _axis(name, padded[1], target[1], picture[1])
        self._pad = np.float32(pad)
        self._settle = _whole if name in PILLOW else _as_it_is
        # The order of Pillow's passes (since 13); it matters only to what it rounds between them.
        self._rows_first = target[0] > padded[0] and target[1] < padded[1]
        self._planes = np.empty((3, picture[1], picture[0]), np.float32)
        between = (target[1], picture[0]) if self._rows_first else (picture[1], target[0])
        self._between = np.empty((3, *between), np.float32)

    def __call__(self, image: NDArray[Any], out: Planes) -> None:
        """Resamples a picture; see `Resampler`."""
        # Above the value of the padding: then the padding is zero and need not be there.
        np.subtract(image.transpose(2, 0, 1), self._pad, out=self._planes)
        if self._rows_first:
            self._rows.along_rows(self._planes, self._between)
            self._settle(self._between, self._pad)
            self._columns.along_columns(self._between, out)
        else:
            self._columns.along_columns(self._planes, self._between)
            self._settle(self._between, self._pad)
            self._rows.along_rows(self._between, out)
        self._settle(out, self._pad)
        if self._pad:
            np.add(out, self._pad, out=out)


def _whole(values: Planes, pad: np.float32) -> None:
    """Rounds to whole grey values and clips to 0..255, as pictures of 8 bits do."""
    np.add(values, np.float32(0.5), out=values)
    np.floor(values, out=values)
    np.clip(values, -pad, np.float32(255) - pad, out=values)


def _as_it_is(values: Planes, pad: np.float32) -> None:
    """Leaves fractions as they are."""


@dataclass(frozen=True)
class Taps:
    """One axis of a filter: output i is the sum over k of `weights[i, k] * input[first[i] + k]`.

    Attributes:
        first: (n,) int32.
        weights: (n, K) float32.
    """

    first: NDArray[np.int32]
    weights: NDArray[np.float32]


def taps(name: str, source: int, target: int) -> Taps:
    """The taps of a filter that brings an axis from one length to another.

    Args:
        name: a key of MATRICES.
        source: length of the axis, pixels.
        target: length that it gets, pixels.
    """
    matrix = MATRICES[name](source, target)
    used = matrix != 0
    first = used.argmax(axis=1)
    count = int((source - used[:, ::-1].argmax(axis=1) - first).max())
    first = np.minimum(first, source - count)
    weights = np.take_along_axis(matrix, first[:, None] + np.arange(count), axis=1)
    return Taps(first.astype(np.int32), weights.astype(np.float32))


@dataclass(frozen=True)
class _Block:
    """Outputs [begin, end) of an axis from inputs [low, high)."""

    begin: int
    end: int
    low: int
    high: int
    weights: NDArray[np.float32]

    def parts(self, size: int) -> Iterator[slice]:
        """The other axis, cut so that no product is too large."""
        step = max(_LARGEST_PRODUCT // max(self.weights.size, 1), 1)
        for begin in range(0, size, step):
            yield slice(begin, begin + step)


class _Axis:
    """A filter along one axis of planes."""

    def __init__(self, axis: Taps, known: int) -> None:
        self._blocks = tuple(_blocks(axis, known))

    def along_rows(self, planes: Planes, out: Planes) -> None:
        """(C, known, W) to (C, n, W)."""
        for block in self._blocks:
            inputs, outputs = planes[:, block.low : block.high], out[:, block.begin : block.end]
            for part in block.parts(planes.shape[2]):
                np.matmul(block.weights, inputs[:, :, part], out=outputs[:, :, part])

    def along_columns(self, planes: Planes, out: Planes) -> None:
        """(C, H, known) to (C, H, n)."""
        for block in self._blocks:
            inputs = planes[:, :, block.low : block.high]
            outputs = out[:, :, block.begin : block.end]
            for part in block.parts(planes.shape[1]):
                np.matmul(inputs[:, part], block.weights.T, out=outputs[:, part])


@lru_cache(maxsize=_KNOWN_AXES)
def _axis(name: str, source: int, target: int, known: int) -> _Axis:
    """The filter of an axis whose inputs beyond so many are zero and are not given."""
    return _Axis(taps(name, source, target), known)


def _blocks(axis: Taps, known: int) -> Iterator[_Block]:
    count = axis.weights.shape[1]
    for begin in range(0, len(axis.first), _BLOCK):
        first = axis.first[begin : begin + _BLOCK].astype(np.intp)
        low, high = int(first.min()), int(first.max()) + count
        weights = np.zeros((len(first), high - low), np.float32)
        columns = first[:, None] - low + np.arange(count)
        np.put_along_axis(weights, columns, axis.weights[begin : begin + _BLOCK], axis=1)
        low, high = min(low, known), min(high, known)
        given = np.ascontiguousarray(weights[:, : high - low])
        yield _Block(begin, begin + len(first), low, high, given)


def _pillow(kernel: Callable[[Matrix], Matrix], support: float) -> Callable[[int, int], Matrix]:
    """A filter of Pillow's, widened where it shrinks (Resample.c, `precompute_coeffs`)."""

    def matrix(source: int, target: int) -> Matrix:
        scale = source / target
        widened = max(scale, 1.0)
        centre = (np.arange(target)[:, None] + 0.5) * scale
        reach = support * widened
        low = np.maximum((centre - reach + 0.5).astype(np.int64), 0)
        high = np.minimum((centre + reach + 0.5).astype(np.int64), source)
        places = np.arange(source)[None]
        weights = kernel((places - centre + 0.5) / widened)
        weights = np.where((places >= low) & (places < high), weights, 0.0)
        weights = weights / weights.sum(axis=1, keepdims=True)
        # Pillow calculates with whole numbers; float32 holds them all.
        return np.asarray(np.rint(weights * 2**22) / 2**22, np.float64)

    return matrix


def _triangle(places: Matrix) -> Matrix:
    return np.maximum(1.0 - np.abs(places), 0.0)


def _cubic(places: Matrix) -> Matrix:
    """Keys 1981, "Cubic convolution interpolation", with a = -0.5."""
    x = np.abs(places)
    near = (1.5 * x - 2.5) * x * x + 1.0
    far = ((-0.5 * x + 2.5) * x - 4.0) * x + 2.0
    return np.where(x < 1.0, near, np.where(x < 2.0, far, 0.0))


def _gaussian(source: int, target: int) -> Matrix:
    """Linear interpolation, after a Gaussian blur where it shrinks; edges are mirrored.

    What OWLv2 was trained with (`skimage.transform.resize` with its anti-aliasing): scipy's
    `gaussian_filter`, cut at 4 sigma, and `zoom(order=1, grid_mode=True)`, both in mode "mirror".
    """
    place = (np.arange(target) + 0.5) * source / target - 0.5
    left = np.floor(place).astype(np.int64)
    share = place - left
    sigma = max(0.0, (source / target - 1.0) / 2.0)
    radius = int(4.0 * sigma + 0.5)
    offsets = np.arange(-radius, radius + 1)
    blur = np.exp(-0.5 * np.square(offsets / sigma)) if radius else np.ones(1)
    blur = blur / blur.sum()
    matrix = np.zeros((target, source))
    rows = np.arange(target)[:, None]
    for side, weight in ((left, 1.0 - share), (left + 1, share)):
        # The interpolation mirrors what has been blurred, and the blur what was there.
        columns = _mirrored(_mirrored(side, source)[:, None] + offsets, source)
        np.add.at(matrix, (rows, columns), weight[:, None] * blur)
    return matrix


def _mirrored(places: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    """Places beyond the edges, mirrored about the pixels at the edges."""
    if size == 1:
        return np.zeros_like(places)
    period = 2 * size - 2
    wrapped = np.abs(places) % period
    return np.asarray(np.minimum(wrapped, period - wrapped), np.int64)


# Filters that round to whole grey values after each pass.
PILLOW: dict[str, Callable[[int, int], Matrix]] = {
    "bilinear": _pillow(_triangle, 1.0),
    "bicubic": _pillow(_cubic, 2.0),
}
# How each filter weighs the pixels of a source for those of a target: (target, source).
MATRICES = {**PILLOW, "gaussian": _gaussian}
FILTERS = ("area", *MATRICES)
