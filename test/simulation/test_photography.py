from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vlm_ros.simulation.photography import contact_shade, developed


def tilted_plane() -> NDArray[np.float32]:
    rows = np.linspace(0, 1, 120, dtype=np.float32)[:, None] * np.ones((1, 160), np.float32)
    return (1 / (0.8 + 0.6 * rows)).astype(np.float32)


def test_a_plane_has_no_contact_shade() -> None:
    inside = contact_shade(tilted_plane())[20:-20, 20:-20]
    assert inside.min() > 0.99


def test_the_table_beside_a_box_is_in_its_shade() -> None:
    depth = tilted_plane()
    depth[40:80, 60:100] -= 0.1
    light = contact_shade(depth)
    assert light[60, 55] < 0.95
    assert light[60, 80] > 0.97, "the top of the box is shaded"
    assert light[60, 10] > 0.99


def test_a_photograph_is_a_function_of_its_seed() -> None:
    picture = np.full((120, 160, 3), (180, 60, 40), np.uint8)
    first, again, other = (
        developed(picture, tilted_plane(), np.random.default_rng(seed)) for seed in (1, 1, 2)
    )
    assert first.shape == picture.shape
    assert first.dtype == np.uint8
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_colours_keep_their_order() -> None:
    picture = np.full((120, 160, 3), (180, 60, 40), np.uint8)
    for seed in range(20):
        red, green, blue = (
            developed(picture, tilted_plane(), np.random.default_rng(seed))
            .reshape(-1, 3)
            .mean(axis=0)
        )
        assert red > 1.4 * max(green, blue)


def test_dark_and_bright_views_are_exposed_alike() -> None:
    def mean(level: int) -> float:
        picture = np.full((120, 160, 3), level, np.uint8)
        return float(developed(picture, tilted_plane(), np.random.default_rng(5)).mean())

    assert mean(60) > 75
    assert mean(230) < 1.6 * mean(60)
