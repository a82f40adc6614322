"""The picture of an answer."""

from __future__ import annotations

import numpy as np
import pytest

from vlm_ros.drawing import AMBER, BLUE, GREEN, GREY, caption, draw_grounding
from vlm_ros.grounding.result import Evidence, GroundedRegion, Grounding, Status
from vlm_ros.pipeline import StepAnswer

IMAGE = np.full((120, 160, 3), 100, np.uint8)


def _region(left: float) -> GroundedRegion:
    return GroundedRegion(0, "cup", 0.9, (left, 60.0, left + 15.0, 90.0), Evidence(0.9))


FIRST, SECOND, THIRD = _region(10), _region(60), _region(110)


@pytest.mark.parametrize(
    ("role", "grounding", "colours"),
    [
        ("target", Grounding(Status.FOUND, (FIRST,), (SECOND, THIRD), ""), {GREEN}),
        ("destination", Grounding(Status.FOUND, (FIRST,), (), ""), {BLUE}),
        ("target", Grounding(Status.NOT_FOUND, (), (FIRST, SECOND), ""), {GREY}),
        ("target", Grounding(Status.AMBIGUOUS, (), (FIRST, SECOND), "", "which?", 2), {AMBER}),
    ],
)
def test_colours(role: str, grounding: Grounding, colours: set[tuple[int, int, int]]) -> None:
    drawn = draw_grounding(IMAGE, [StepAnswer(0, role, grounding, ())], "the cup")
    shown = {c for c in (AMBER, BLUE, GREEN, GREY) if (drawn == np.asarray(c)).all(axis=-1).any()}
    assert shown == colours
    assert drawn.shape[1] == 160 and drawn.shape[0] > 120
    assert (IMAGE == 100).all(), "the picture itself is not changed"


def test_candidates_alone_are_drawn_of_an_ambiguity() -> None:
    grounding = Grounding(Status.AMBIGUOUS, (), (FIRST, SECOND, THIRD), "", "which?", 2)
    drawn = draw_grounding(IMAGE, [StepAnswer(0, "target", grounding, ())], "the cup")
    amber = (drawn == np.asarray(AMBER)).all(axis=-1)
    assert amber[70:95, 55:80].any() and not amber[70:95, 105:130].any()


def test_caption_is_as_high_as_its_lines() -> None:
    one, long = caption(["a"], 200, 0.5), caption(["a word " * 30], 200, 0.5)
    assert one.shape[1] == long.shape[1] == 200
    assert len(long) > 4 * len(one)


def test_the_outline_of_a_target_is_drawn() -> None:
    mask = np.zeros((120, 160), bool)
    mask[65:80, 12:20] = True
    answer = StepAnswer(
        0, "target", Grounding(Status.FOUND, (FIRST,), (), ""), (None,), masks=(mask,)
    )
    drawn = draw_grounding(IMAGE, [answer], "the cup")[:120]
    green = (drawn == np.asarray(GREEN)).all(axis=-1)
    assert green[65, 12:20].all() and green[65:80, 12].all()
    assert not green[67:78, 14:18].any(), "what is inside stays to be seen"
