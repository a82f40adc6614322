"""Tables and records say the same."""

from __future__ import annotations

import json

import pytest

from vlm_ros.evaluation.judging import Box, Item, Question, judge
from vlm_ros.evaluation.reports import record, table
from vlm_ros.grounding.result import Evidence, GroundedRegion, Grounding, Status

RIGHT: Box = (0, 0, 10, 10)
WRONG: Box = (50, 50, 60, 60)


def _item(status: Status, boxes: tuple[Box, ...], *given: Box, colour: str = "red") -> Item:
    regions = tuple(GroundedRegion(0, "x", 0.87654, box, Evidence(0.9)) for box in given)
    found = status is Status.FOUND
    grounding = Grounding(status, regions if found else (), () if found else regions, "because")
    category = "present" if boxes else "absent"
    return judge(
        Question("1.jpg", f"the {colour} x", boxes, category, (("colour", colour),)), grounding
    )


ITEMS = [
    _item(Status.FOUND, (RIGHT,), RIGHT),
    _item(Status.NOT_FOUND, (RIGHT,), WRONG, RIGHT, colour="blue"),
    _item(Status.NOT_FOUND, ()),
    _item(Status.FOUND, (), WRONG),
]


def test_record() -> None:
    made = json.loads(json.dumps(record(ITEMS)))
    assert made["n"] == 4 and made["n_present"] == 2
    assert made["p_at_1"] == 0.5 and made["recall_at_5"] == 1.0 and made["answered"] == 0.5
    assert made["categories"]["absent"]["p_at_1"] is None
    assert made["categories"]["absent"]["answered"] == 0.5
    assert made["statuses"] == {"FOUND": 2, "NOT_FOUND": 2}
    assert made["by"]["colour"]["blue"]["p_at_1"] == 0.0
    assert made["items"][1] == {
        "image": "1.jpg",
        "expression": "the blue x",
        "category": "present",
        "right_boxes": [[0, 0, 10, 10]],
        "status": "NOT_FOUND",
        "box": [50, 50, 60, 60],
        "score": 0.8765,
        "iou": 0.0,
        "iou_of_five": [0.0, 1.0],
        "answered": False,
        "reason": "because",
    }
    assert made["items"][2]["box"] is None and made["items"][2]["iou"] is None


def test_table() -> None:
    lines = table(ITEMS).splitlines()
    assert [line.split()[:2] for line in lines[1:4]] == [
        ["present", "2"],
        ["absent", "2"],
        ["all", "4"],
    ]
    assert "0.500 (1 of 2)" in lines[1] and "1.000 (2 of 2)" in lines[1]


@pytest.mark.parametrize("items", [[], ITEMS[:1]])
def test_few_items(items: list[Item]) -> None:
    assert "P@1" in table(items)
    assert record(items)["n"] == len(items)
