"""The picture of the failures."""

from __future__ import annotations

import numpy as np
import pytest

from vlm_ros.drawing import AMBER, GREEN, RED
from vlm_ros.evaluation.contact_sheet import KINDS, MOST_TILES, ContactSheet, failure
from vlm_ros.evaluation.judging import Box, Item, Question, judge
from vlm_ros.grounding.result import Evidence, GroundedRegion, Grounding, Status

RIGHT: Box = (20, 20, 60, 60)
WRONG: Box = (90, 70, 140, 110)
IMAGE = np.full((120, 160, 3), 128, np.uint8)


def _item(status: Status, boxes: tuple[Box, ...], given: Box, image: str = "1.png") -> Item:
    region = (GroundedRegion(0, "x", 0.9, given, Evidence(0.9)),)
    found = status is Status.FOUND
    grounding = Grounding(status, region if found else (), () if found else region, "")
    return judge(Question(image, "the x", boxes, "present"), grounding)


ERROR = Item(Question("1.png", "the the", (RIGHT,), "present"), Status.ERROR, (), (), "no noun")


@pytest.mark.parametrize(
    ("item", "kind"),
    [
        (_item(Status.FOUND, (RIGHT,), RIGHT), None),
        (_item(Status.FOUND, (RIGHT,), WRONG), 0),
        (_item(Status.FOUND, (), WRONG), 1),
        (_item(Status.FOUND, (RIGHT, WRONG), RIGHT), 2),
        (_item(Status.NOT_FOUND, (RIGHT,), WRONG), 3),
        (_item(Status.AMBIGUOUS, (RIGHT,), RIGHT), 4),
        (_item(Status.AMBIGUOUS, (), WRONG), 5),
        (_item(Status.NOT_FOUND, (RIGHT, WRONG), RIGHT), 6),
        (_item(Status.NOT_FOUND, (), WRONG), None),
        (ERROR, 7),
    ],
)
def test_kinds_of_failure(item: Item, kind: int | None) -> None:
    assert failure(item) == (None if kind is None else KINDS[kind])


def _holds(sheet: np.ndarray[tuple[int, ...], np.dtype[np.uint8]], colour: tuple[int, ...]) -> bool:
    return bool((sheet == np.asarray(colour, np.uint8)).all(axis=-1).any())


@pytest.mark.parametrize(
    ("item", "shown", "not_shown"),
    [
        (_item(Status.FOUND, (RIGHT,), WRONG), [GREEN, RED], [AMBER]),
        (_item(Status.AMBIGUOUS, (RIGHT,), RIGHT), [AMBER], [RED]),
        (_item(Status.FOUND, (), WRONG), [RED], [GREEN, AMBER]),
        (ERROR, [GREEN], [RED, AMBER]),
    ],
)
def test_boxes(item: Item, shown: list[tuple[int, ...]], not_shown: list[tuple[int, ...]]) -> None:
    sheet = ContactSheet()
    sheet.add(item, IMAGE)
    drawn = sheet.drawn()
    assert all(_holds(drawn, colour) for colour in shown)
    assert not any(_holds(drawn, colour) for colour in not_shown)


def _height(*items: Item) -> int:
    sheet = ContactSheet()
    for item in items:
        sheet.add(item, IMAGE)
    return len(sheet.drawn())


def test_right_answers_are_not_drawn() -> None:
    assert _height(_item(Status.FOUND, (RIGHT,), RIGHT)) == _height()


def test_no_more_tiles_than_fit_and_each_kind_has_its_part() -> None:
    many = [_item(Status.FOUND, (RIGHT,), WRONG)] * (2 * MOST_TILES)
    assert _height(*many) == _height(*many[:MOST_TILES])
    with_another = _height(*many, _item(Status.FOUND, (), WRONG))
    assert with_another > _height(*many), "the rarer kind is shown too"


@pytest.mark.parametrize("shape", [(3000, 40, 3), (40, 3000, 3), (1, 1, 3)])
def test_pictures_of_any_shape(shape: tuple[int, int, int]) -> None:
    sheet = ContactSheet()
    item = _item(Status.FOUND, ((0, 0, 1, 1),), (0, 0, 1, 1))
    wrong = _item(Status.FOUND, (), (0, 0, 1, 1))
    for each in (item, wrong):
        sheet.add(each, np.zeros(shape, np.uint8))
    assert sheet.drawn().shape[1] > 1000
