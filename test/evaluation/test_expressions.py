"""Expressions about a scene have the answers a person would give."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from vlm_ros.evaluation.expressions import write_postures, write_questions
from vlm_ros.evaluation.judging import Question
from vlm_ros.simulation.tabletop import ObjectTruth

MakeThing = Callable[..., ObjectTruth]


def _written(*things: ObjectTruth) -> dict[str, Question]:
    written = write_questions(things, np.random.default_rng(0), 1000, "1.png")
    return {question.expression: question for question in written}


def test_categories(make_thing: MakeThing) -> None:
    asked = _written(
        make_thing("cup", "red", 0), make_thing("cup", "blue", 100), make_thing("box", "red", 200)
    )
    assert asked["the red cup"].category == "attributes"
    assert asked["the red cup"].boxes == ((0.0, 10.0, 50.0, 60.0),)
    assert asked["the box"].category == "nouns"
    assert asked["the cup"].category == "ambiguous" and len(asked["the cup"].boxes) == 2
    assert asked["the green cup"].category == "absent" and not asked["the green cup"].boxes
    assert asked["the red cup"].tags == (("noun", "cup"), ("colour", "red"))


def test_words_people_differ_on_are_not_asked(make_thing: MakeThing) -> None:
    asked = _written(make_thing("cup", "turquoise", 0), make_thing("box", "blue", 100))
    assert "the blue cup" not in asked
    assert "the turquoise cup" in asked


def test_hardly_visible_things_are_not_asked_about(make_thing: MakeThing) -> None:
    asked = _written(make_thing("cup", "red", 0, visible=0.2), make_thing("box", "red", 100))
    assert "the red cup" not in asked and "the cup" not in asked
    assert "the red box" in asked


def test_what_hides_makes_its_twin_no_single_answer(make_thing: MakeThing) -> None:
    asked = _written(make_thing("cup", "red", 0), make_thing("cup", "red", 100, visible=0.2))
    assert "the red cup" not in asked


def test_kinds_that_are_not_there_are_asked_for(make_thing: MakeThing) -> None:
    asked = _written(make_thing("cup", "red", 0), make_thing("box", "blue", 100))
    absent = {dict(q.tags)["noun"] for q in asked.values() if q.category == "absent"}
    assert absent - {"cup", "box"}


def test_count_limits_each_category(make_thing: MakeThing) -> None:
    things = [make_thing("cup", "red", 0), make_thing("cup", "blue", 100)]
    written = write_questions(things, np.random.default_rng(0), 2, "1.png")
    categories = [question.category for question in written]
    assert categories.count("absent") == 2 and max(map(categories.count, categories)) == 2


def test_nothing_in_sight_gives_no_questions() -> None:
    assert _written() == {}


def test_parts_are_asked_for_where_they_are_in_sight(make_thing: MakeThing) -> None:
    cap = replace(make_thing("bottle", "white", 0), parts=(("cap", "orange"),))
    hidden = replace(make_thing("bottle", "white", 100, visible=0.7), parts=(("cap", "blue"),))
    asked = _written(cap, hidden)
    assert asked["the bottle with an orange cap"].boxes == (cap.box,)
    assert dict(asked["the bottle with an orange cap"].tags)["part"] == "cap"
    assert "the bottle with a blue cap" not in asked


def test_parts_of_the_body_s_colour_and_plurals(make_thing: MakeThing) -> None:
    mug = replace(make_thing("mug", "red", 0), parts=(("handle", "red"),))
    car = replace(make_thing("toy car", "red", 100), parts=(("wheels", "black"),))
    asked = _written(mug, car)
    assert "the mug with a red handle" not in asked
    assert "the toy car with black wheels" in asked


def test_how_things_lie_is_asked_where_it_tells_them_apart(make_thing: MakeThing) -> None:
    things = [
        replace(make_thing("can", "red", 0), posture="upright"),
        replace(make_thing("can", "red", 100), posture="lying"),
        replace(make_thing("cup", "blue", 200), posture="upside down"),
        replace(make_thing("jar", "blue", 300), posture="upright"),
        make_thing("pen", "black", 400),
    ]
    asked = write_postures(things, np.random.default_rng(0), 10, "1.png")
    assert {(dict(q.tags)["noun"], dict(q.tags)["posture"]): q.boxes for q in asked} == {
        ("can", "upright"): (things[0].box,),
        ("can", "lying"): (things[1].box,),
        ("cup", "upside down"): (things[2].box,),
    }
    assert {q.category for q in asked} == {"postures"}


def test_what_may_lie_either_way_is_not_asked_about(make_thing: MakeThing) -> None:
    leaning = make_thing("can", "red", 0)
    lying = replace(make_thing("can", "red", 100), posture="lying")
    assert write_postures([leaning, lying], np.random.default_rng(0), 10, "1.png") == []


def test_other_questions_do_not_say_how_things_lie(make_thing: MakeThing) -> None:
    lying = replace(make_thing("can", "red", 0), posture="lying")
    asked = _written(lying, make_thing("cup", "blue", 100))
    assert asked == _written(replace(lying, posture=None), make_thing("cup", "blue", 100))
