"""The naming of colours from pixels."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from vlm_ros.models.colours import colour_cells, colour_namer

PAINTS = {
    "red": (190, 30, 35),
    "orange": (235, 120, 25),
    "yellow": (235, 215, 50),
    "green": (40, 140, 60),
    "blue": (35, 70, 180),
    "purple": (110, 50, 150),
    "pink": (240, 140, 180),
    "brown": (85, 55, 38),  # deep: lighter ones may be an orange in dim light
    "black": (25, 25, 25),
    "white": (240, 240, 238),
}
BOX = np.array([[40, 30, 100, 90]], np.float32)


def _painted(paint: tuple[int, int, int], table: int) -> NDArray[np.uint8]:
    image = np.full((120, 140, 3), table, np.uint8)
    image[30:90, 40:100] = paint
    noise = np.random.default_rng(0).normal(0, 4, image.shape)
    return (image + noise).clip(0, 255).astype(np.uint8)


@pytest.mark.parametrize("table", [120, 180])
@pytest.mark.parametrize("name", PAINTS)
def test_painted_boxes_are_named(name: str, table: int) -> None:
    namer = colour_namer()
    said = namer.named(colour_cells(_painted(PAINTS[name], table), BOX))[0]
    assert namer.names[int(said.argmax())] == name


def test_probabilities_whatever_the_box() -> None:
    boxes = np.array([[0, 0, 140, 120], [130, 110, 140, 120], [5, 5, 5.5, 60]], np.float32)
    said = colour_namer().named(colour_cells(_painted(PAINTS["red"], 90), boxes))
    assert said.shape == (3, len(colour_namer().names))
    assert np.exp(said).sum(axis=1) == pytest.approx(1.0, abs=1e-4)


def test_no_boxes() -> None:
    cells = colour_cells(_painted(PAINTS["red"], 90), np.zeros((0, 4), np.float32))
    assert colour_namer().named(cells).shape == (0, len(colour_namer().names))
    assert colour_namer().traces(cells).shape == (0, len(colour_namer().names))


@pytest.mark.parametrize("name", ["red", "yellow", "green", "blue", "purple", "pink"])
def test_a_small_part_leaves_its_trace(name: str) -> None:
    namer = colour_namer()
    image = _painted((240, 240, 238), 120)
    plain = namer.traces(colour_cells(image, BOX))[0]
    image[30:40, 60:80] = PAINTS[name]  # a cap of 1 in 18 of the box
    capped = namer.traces(colour_cells(image, BOX))[0]
    rose = capped - plain
    assert namer.names[int(rose.argmax())] == name
    assert capped[namer.names.index(name)] > 1.0 > 0.0 > plain[namer.names.index(name)]
    assert namer.named(colour_cells(image, BOX))[0].argmax() == namer.names.index("white")
