"""Painted things have the pattern that is said, and leave what is around them."""

from __future__ import annotations

import numpy as np

from vlm_ros.models.closer_look import PATTERNS
from vlm_ros.training.patterns import painted


def test_painted_things() -> None:
    ground = np.full((80, 80, 3), (10, 200, 30), np.uint8)
    rng = np.random.default_rng(0)
    found = [painted(ground, rng) for _ in range(80)]
    assert {pattern for _, pattern in found} == set(range(len(PATTERNS)))
    for picture, _ in found:
        assert picture.shape == ground.shape and picture.dtype == np.uint8
        assert 0.1 < (picture == ground).all(axis=-1).mean() < 0.8
        assert (picture[36:44, 36:44] != ground[36:44, 36:44]).any()
    assert (ground == (10, 200, 30)).all()


def test_stripes_vary_in_one_direction_only() -> None:
    """Of what is striped, some direction shows no change; of what is checkered, none does."""
    ground, rng = np.zeros((80, 80, 3), np.uint8), np.random.default_rng(1)
    least: dict[str, list[float]] = {"striped": [], "checkered": []}
    for _ in range(300):
        picture, pattern = painted(ground, rng)
        if PATTERNS[pattern] in least:
            middle = picture[24:56, 24:56].astype(float).mean(axis=-1)
            down, across = np.gradient(middle)
            tensor = np.cov(np.stack([down.ravel(), across.ravel()]))
            weaker, stronger = np.linalg.eigvalsh(tensor)
            least[PATTERNS[pattern]].append(weaker / max(stronger, 1e-6))
    assert np.median(least["striped"]) < 0.3 * np.median(least["checkered"])


def test_the_same_seed_paints_the_same() -> None:
    ground = np.zeros((80, 80, 3), np.uint8)
    first, second = (painted(ground, np.random.default_rng(5)) for _ in range(2))
    assert (first[0] == second[0]).all() and first[1] == second[1]
