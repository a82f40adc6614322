from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from vlm_ros.errors import ImageError
from vlm_ros.nodes.rvl import decode_rvl

# What the encoder of compressed_depth_image_transport makes of these values.
VALUES = [0, 0, 0, 1000, 1001, 999, 0, 65535, 1, 0, 0, 500, 0]
STREAM = bytes.fromhex("23f38a33f38c8e1221f3ffbf0010f1ec")


def numbers_of(values: list[int]) -> list[int]:
    """The numbers that the paper's Algorithm 1 writes."""
    numbers, position, previous = [], 0, 0
    while position < len(values):
        begin = position
        while position < len(values) and not values[position]:
            position += 1
        numbers.append(position - begin)
        begin = position
        while position < len(values) and values[position]:
            position += 1
        numbers.append(position - begin)
        for value in values[begin:position]:
            difference, previous = value - previous, value
            numbers.append(2 * difference if difference >= 0 else -2 * difference - 1)
    return numbers


def encoded(numbers: list[int]) -> NDArray[np.uint8]:
    nibbles = []
    for number in numbers:
        while number > 7:
            nibbles.append(number & 7 | 8)
            number >>= 3
        nibbles.append(number)
    nibbles += [0] * (-len(nibbles) % 8)
    words = [
        "".join(f"{nibble:x}" for nibble in nibbles[i : i + 8]) for i in range(0, len(nibbles), 8)
    ]
    return np.frombuffer(b"".join(bytes.fromhex(word)[::-1] for word in words), np.uint8)


def test_the_stream_of_the_transport_is_read() -> None:
    decoded = decode_rvl(np.frombuffer(STREAM, np.uint8), len(VALUES))
    assert decoded.dtype == np.uint16
    assert decoded.tolist() == VALUES
    assert encoded(numbers_of(VALUES)).tobytes() == STREAM


@pytest.mark.parametrize("zeros", [0.0, 0.1, 0.9, 1.0])
@pytest.mark.parametrize("count", [1, 2, 7, 1000])
def test_whatever_is_encoded_is_decoded(count: int, zeros: float) -> None:
    random = np.random.default_rng(count)
    values = random.integers(0, 65536, count).astype(np.uint16)
    values[random.random(count) < zeros] = 0
    stream = encoded(numbers_of(values.tolist()))
    np.testing.assert_array_equal(decode_rvl(stream, count), values)


@pytest.mark.parametrize(
    ("stream", "count", "reason"),
    [
        (STREAM, len(VALUES) + 1, "ends after 13 of 14|does not hold"),
        (STREAM[:8], len(VALUES), "does not hold|ends after"),
        (b"", 4, "ends after 0 of 4"),
        (b"\xff" * 64, 4, "ends after 0 of 4"),
        (b"\xff" * 64 + b"\0" * 4, 4, "far too large"),
        (encoded([5, 0]).tobytes(), 4, "does not hold 4"),
        (encoded([0, 2**29]).tobytes(), 4, "does not hold 4"),
        (encoded([2**29, 2**29]).tobytes(), 2**20, "does not hold"),
    ],
)
def test_a_stream_that_does_not_fit_is_refused(stream: bytes, count: int, reason: str) -> None:
    with pytest.raises(ImageError, match=reason):
        decode_rvl(np.frombuffer(stream, np.uint8), count)
