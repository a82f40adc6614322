from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from vlm_ros.grounding.described import read_scene
from vlm_ros.grounding.description import Description, describe


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("cup", Description("cup")),
        ("red cup", Description("cup", ("red",))),
        ("light blue coffee mugs", Description("coffee mug", ("light blue",))),
        ("orange", Description("orange")),
        ("orange plate", Description("plate", ("orange",))),
        ("black and white pen", Description("pen", ("black", "white"))),
        ("bottle with a red cap", Description("bottle", (), ("red cap",))),
        ("see through glass", Description("glass", ("see through",))),
    ],
)
def test_describe(text: str, expected: Description) -> None:
    assert describe(text) == expected


# Words on a circle, by degrees: how far apart they are is how little they have in common.
ANGLES = {"widget": 0.0, "gadget": 20.0, "contraption": 70.0}


def embed(phrases: Sequence[str]) -> NDArray[np.float32]:
    angles = np.radians([ANGLES.get(phrase, 180.0) for phrase in phrases])
    return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)


def score(name: str, phrase: str, *attributes: str) -> float:
    row: dict[str, Any] = {"name": name, "box": [0, 0, 9, 9], "attributes": list(attributes)}
    scene = read_scene({"width": 10, "height": 10, "objects": [row]}, embed)
    return float(scene.matcher.scores([phrase])[0, 0])


@pytest.mark.parametrize(
    ("name", "attributes", "better", "worse"),
    [
        ("cup", (), "cup", "mug"),
        ("cup", (), "mug", "plate"),
        ("cup", (), "mug", "fork"),
        ("coffee mug", (), "mug", "beer glass"),
        ("wrench", (), "spanner", "screwdriver"),
        ("apple", (), "fruit", "vegetable"),
        ("widget", (), "widget", "gadget"),
        ("widget", (), "gadget", "contraption"),
        ("cup", ("red",), "red cup", "blue cup"),
        ("red cup", (), "crimson cup", "pink cup"),
        ("cup", ("dark blue",), "blue cup", "light blue cup"),
        ("cup", ("dark blue",), "light blue cup", "red cup"),
        ("bottle", ("red cap",), "bottle with red cap", "bottle with blue cap"),
        ("bottle", ("with a red lid",), "bottle with red cap", "bottle with blue cap"),
        ("spoon", ("wooden",), "wooden spoon", "metal spoon"),
        ("cup", (), "object", "red object"),
    ],
)
def test_scores_rank_what_fits(
    name: str, attributes: tuple[str, ...], better: str, worse: str
) -> None:
    assert score(name, better, *attributes) > 1.5 * score(name, worse, *attributes)


def test_a_synonym_is_enough_for_a_match_and_another_kind_is_not() -> None:
    assert score("cup", "mug") > 0.3
    assert score("spoon", "fork") == 0.0


def test_positions_are_unknown_where_they_are_not_given() -> None:
    rows: list[dict[str, Any]] = [
        {"name": "cup", "box": [0, 0, 9, 9], "position": [0.1, 0.2, 0.7]},
        {"name": "cup", "box": [0, 0, 9, 9]},
    ]
    scene = read_scene({"width": 10, "height": 10, "objects": rows}, embed)
    assert scene.positions is not None
    assert scene.positions[0] == pytest.approx([0.1, 0.2, 0.7])
    assert np.isnan(scene.positions[1]).all()
    assert read_scene({"width": 10, "height": 10, "objects": rows[1:]}, embed).positions is None
