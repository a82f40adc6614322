from __future__ import annotations

import colorsys

import numpy as np
import pytest

from vlm_ros.simulation.colours import NAMED, PAINTS, RANGES, alike, random_paint, sample, spoken


@pytest.mark.parametrize("name", RANGES)
def test_samples_vary_within_the_range_of_their_name(name: str) -> None:
    rng = np.random.default_rng(0)
    hsv = np.array([colorsys.rgb_to_hsv(*sample(rng, name)) for _ in range(50)])
    _, saturation, value = RANGES[name]
    assert np.all((hsv[:, 1] >= saturation[0] - 1e-6) & (hsv[:, 1] <= saturation[1] + 1e-6))
    assert np.all((hsv[:, 2] >= value[0] - 1e-6) & (hsv[:, 2] <= value[1] + 1e-6))
    assert len(np.unique(hsv[:, 2])) > 10


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("blue", "dark blue", True),
        ("light green", "dark green", True),
        ("banana", "yellow", True),
        ("red", "green", False),
        ("grey", "dark grey", True),
        ("orange", "orange fruit", True),
    ],
)
def test_alike_colours_share_their_basic_term(first: str, second: str, expected: bool) -> None:
    assert alike(first, second) is expected


def test_another_paint_is_never_like_the_given_one() -> None:
    rng = np.random.default_rng(0)
    for colour in (*PAINTS, *NAMED):
        assert not any(alike(random_paint(rng, without=(colour,)), colour) for _ in range(20)), (
            colour
        )


def test_every_name_said_is_a_name_people_use() -> None:
    said = {spoken(name) for name in RANGES}
    assert said <= {*PAINTS, "silver", "gold", "copper", "dark grey"}
