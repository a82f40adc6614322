"""The closer look at regions, with the graph that ships."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from vlm_ros.models.closer_look import (
    CELLS,
    PARTS,
    PATTERNS,
    POSTURES,
    SIDE,
    closer_look,
    colour_shares,
    crop,
    part_called,
    shapes,
)
from vlm_ros.models.colours import colour_namer

BOX = np.array([[40, 20, 120, 140]], np.float32)
STRIPE, GROUND = (35, 70, 180), (240, 240, 238)


def _table() -> NDArray[np.uint8]:
    noise = np.random.default_rng(0).normal(150, 4, (160, 160, 3))
    return noise.clip(0, 255).astype(np.uint8)


def _patterned(pattern: str) -> NDArray[np.uint8]:
    """A thing in BOX with a pattern."""
    rows, columns = np.mgrid[20:140, 40:120]
    inked = {
        "none": np.zeros(rows.shape, bool),
        "striped": rows // 10 % 2 == 0,
        "dotted": (rows % 20 - 10) ** 2 + (columns % 20 - 10) ** 2 < 30,
        "checkered": (rows // 10 + columns // 10) % 2 == 0,
    }[pattern]
    image = _table()
    image[20:140, 40:120] = np.where(inked[..., None], STRIPE, GROUND)
    return image


@pytest.mark.parametrize("pattern", PATTERNS)
def test_patterns_are_told_apart(pattern: str) -> None:
    said = closer_look()(_patterned(pattern), BOX).patterns[0]
    assert PATTERNS[int(said.argmax())] == pattern


@pytest.mark.parametrize("colour", ["red", "yellow", "green", "pink"])
def test_a_cap_is_found_whatever_its_colour(colour: str) -> None:
    paints = {
        "red": (190, 30, 35),
        "yellow": (235, 215, 50),
        "green": (40, 140, 60),
        "pink": (240, 140, 180),
    }
    image = _table()
    image[60:140, 50:110] = GROUND
    image[40:60, 65:95] = GROUND
    image[20:40, 67:93] = paints[colour]
    box = np.array([[50, 20, 110, 140]], np.float32)
    said = closer_look()(image, box).part_colours[0, PARTS.index("cap")]
    assert colour_namer().names[int(said.argmax())] == colour


def test_a_bottle_stands_or_lies() -> None:
    image = _table()
    image[60:150, 55:105] = (30, 110, 60)
    image[30:60, 68:92] = (30, 110, 60)
    image[15:30, 70:90] = GROUND
    box = np.array([[55, 15, 105, 150]], np.float32)
    lying = np.ascontiguousarray(np.rot90(image))
    look = closer_look()
    standing, fallen = look(image, box), look(lying, box[:, [1, 0, 3, 2]])
    upright, lies = (POSTURES.index(posture) for posture in ("upright", "lying"))
    assert standing.postures[0, upright] > standing.postures[0, lies]
    assert fallen.postures[0, lies] > fallen.postures[0, upright]


def test_what_is_said_are_probabilities_against_chance() -> None:
    edge = np.array([[0, 0, 30, 20], [130, 100, 160, 160], [5, 5, 6, 90]], np.float32)
    looks = closer_look()(_patterned("striped"), edge)
    for said, count in (
        (looks.patterns, len(PATTERNS)),
        (looks.postures, len(POSTURES)),
        (looks.part_colours, len(colour_namer().names)),
    ):
        assert said.dtype == np.float32
        assert np.exp(said).sum(axis=-1) == pytest.approx(count, rel=1e-3)
    assert looks.part_colours.shape == (3, len(PARTS), len(colour_namer().names))


def test_regions_are_looked_at_one_by_one() -> None:
    """What lies beside a region in the batch is nothing to it."""
    boxes = np.array([[40, 20, 120, 140], [0, 0, 60, 60], [90, 10, 150, 40]], np.float32)
    image = _patterned("checkered")
    together, alone = closer_look()(image, boxes), closer_look()(image, boxes[1:2])
    assert together.patterns[1] == pytest.approx(alone.patterns[0], abs=1e-4)


def test_no_regions() -> None:
    looks = closer_look()(_table(), np.zeros((0, 4), np.float32))
    assert looks.patterns.shape == (0, len(PATTERNS))
    assert looks.postures.shape == (0, len(POSTURES))
    assert looks.part_colours.shape == (0, len(PARTS), len(colour_namer().names))


def test_a_crop_has_its_margin_and_repeats_the_edge() -> None:
    image = np.zeros((100, 100, 3), np.uint8)
    image[:, 50:] = 200
    inside = crop(image, (25, 25, 75, 75), 0.0, 10)
    assert (inside[:, :5] == 0).all() and (inside[:, 5:] == 200).all()
    beyond = crop(image, (80, 80, 100, 100), 0.5, 20)
    assert (beyond == 200).all()
    assert crop(image, (120, 20, 140, 40), 0.1, 8).shape == (8, 8, 3)


def test_the_colours_of_cells() -> None:
    crops = np.zeros((1, SIDE, SIDE, 3), np.uint8)
    crops[0, : SIDE // 2] = (190, 30, 35)
    crops[0, SIDE // 2 :] = (35, 70, 180)
    shares = colour_shares(crops).reshape(CELLS, CELLS, -1)
    names = colour_namer().names
    assert {names[i] for i in shares[: CELLS // 2].argmax(-1).flat} == {"red"}
    assert {names[i] for i in shares[CELLS // 2 :].argmax(-1).flat} == {"blue"}
    assert shares.sum(axis=-1) == pytest.approx(1.0, abs=1e-4)


def test_shapes_of_boxes() -> None:
    boxes = np.array([[0, 0, 20, 10], [0, 0, 10, 20], [5, 5, 5, 5]], np.float32)
    assert shapes(boxes) == pytest.approx([np.log(2), -np.log(2), 0.0])


@pytest.mark.parametrize(
    ("noun", "part"), [("cap", "cap"), ("bottle cap", "cap"), ("grip", "handle"), ("lid", "lid")]
)
def test_names_of_parts(noun: str, part: str) -> None:
    assert part_called(noun) == PARTS.index(part)


def test_a_part_that_is_not_known() -> None:
    assert part_called("antenna") is None
