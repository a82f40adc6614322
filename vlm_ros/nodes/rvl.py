"""RVL, a lossless compression of depth images.

A. D. Wilson, "Fast Lossless Depth Image Compression", ISS 2017, as compressed_depth_image_transport
writes it. The stream is nibbles, of which eight fill a little-endian word from its high end. A
number takes one nibble for each three of its bits, lowest first; the high bit of a nibble says that
more follow. The numbers are, in turns, how many zeros come, how many other values come, and these:
the difference to the one before, with its sign in the lowest bit.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vlm_ros.errors import ImageError

_LONGEST_NUMBER = 10  # nibbles; a count of 2**30 values, while a difference takes six


def decode_rvl(data: NDArray[np.uint8], count: int) -> NDArray[np.uint16]:
    """Decompress values.

    Args:
        data: (n,) the bytes of the stream.
        count: how many values it holds.

    Returns:
        (count,) values.

    Raises:
        ImageError: the stream does not hold so many values.
    """
    numbers = _numbers(data)
    is_other, is_difference = _runs(numbers, count)
    signed = numbers[is_difference]
    differences = (signed >> 1) ^ -(signed & 1)
    values = np.zeros(count, np.uint16)
    values[is_other] = np.cumsum(differences, dtype=np.int32).astype(np.uint16)
    return values


def _numbers(data: NDArray[np.uint8]) -> NDArray[np.int32]:
    """Every number of the stream, and a few zeros that fill its last word."""
    from_high_end = data[: data.size - data.size % 4].reshape(-1, 4)[:, ::-1].reshape(-1)
    nibbles = np.empty(2 * from_high_end.size, np.uint8)
    nibbles[0::2], nibbles[1::2] = from_high_end >> 4, from_high_end & 0xF
    has_more = nibbles > 7
    ends = np.flatnonzero(~has_more)
    starts = np.zeros_like(ends)
    starts[1:] = ends[:-1] + 1
    numbers = (nibbles[starts] & 7).astype(np.int32)
    # One turn for each further nibble, with the numbers that have so many.
    longer = np.flatnonzero(has_more[starts])
    at = starts[longer]
    for place in range(1, _LONGEST_NUMBER):
        at = at + 1
        numbers[longer] |= (nibbles[at] & 7).astype(np.int32) << (3 * place)
        more = has_more[at]
        longer, at = longer[more], at[more]
    if longer.size:
        raise ImageError("The RVL stream is corrupt: it holds a number that is far too large.")
    return numbers


def _runs(numbers: NDArray[np.int32], count: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which values are not zero, and which numbers say what they are."""
    zeros_end, others_end = [], []
    position, written, counts = 0, 0, []
    while written < count:
        if position + 1 >= numbers.size:
            raise ImageError(f"The RVL stream ends after {written} of {count} values.")
        zeros, others = int(numbers[position]), int(numbers[position + 1])
        counts.append(position)
        zeros_end.append(written + zeros)
        written += zeros + others
        others_end.append(written)
        position += 2 + others
    if written > count or position > numbers.size:
        raise ImageError(f"The RVL stream is corrupt: it does not hold {count} values.")
    changes = np.zeros(count + 1, np.int8)
    np.add.at(changes, zeros_end, 1)
    np.subtract.at(changes, others_end, 1)
    is_difference = np.zeros(numbers.size, np.bool_)
    is_difference[:position] = True
    is_difference[counts] = False
    is_difference[np.add(counts, 1)] = False
    return np.cumsum(changes[:count], dtype=np.int8) > 0, is_difference
