from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from vlm_ros.grounding.resolver import resolve
from vlm_ros.grounding.result import Grounding, Status
from vlm_ros.grounding.scene import Scene
from vlm_ros.grounding.thresholds import Thresholds
from vlm_ros.language import parse_command
from vlm_ros.language.command import Phrase, Relation, Selector

SceneMaker = Callable[..., Scene]

# A table from above: name, box. Names are unique but for the first word of a duplicate.
TABLE = (
    ("red cup", (100, 200, 160, 260)),  # 0, left
    ("blue cup", (200, 200, 260, 260)),  # 1
    ("red cup", (400, 210, 460, 270)),  # 2, right of the plate
    ("white plate", (270, 220, 390, 270)),  # 3
    ("green bottle", (500, 100, 540, 260)),  # 4
    ("yellow banana", (290, 225, 360, 255)),  # 5, on the plate
    ("large blue box", (60, 330, 200, 460)),  # 6
    ("small blue box", (480, 390, 530, 440)),  # 7
    ("green ball", (250, 390, 290, 430)),  # 8, between the boxes
    ("green apple", (100, 300, 140, 345)),  # 9, on the large box
    ("bottle with red cap", (580, 120, 620, 270)),  # 10
    ("wooden spoon", (20, 60, 120, 80)),  # 11, top left
    ("wooden bowl", (300, 40, 400, 110)),  # 12, top middle
    ("lemon", (330, 45, 370, 80)),  # 13, in the bowl
)

FOUND, AMBIGUOUS, NOT_FOUND = Status.FOUND, Status.AMBIGUOUS, Status.NOT_FOUND

CASES: list[tuple[str, Status, tuple[int, ...]]] = [
    ("the blue cup", FOUND, (1,)),
    ("the cup that is blue", FOUND, (1,)),
    ("the blue mug", FOUND, (1,)),
    ("the red cup", AMBIGUOUS, (0, 2)),
    ("red cup", AMBIGUOUS, (0, 2)),
    ("the cup", AMBIGUOUS, (0, 1, 2)),
    ("the box", AMBIGUOUS, (6, 7)),
    ("the bottle", AMBIGUOUS, (4, 10)),
    ("a red cup", FOUND, (0,)),
    ("any cup", FOUND, (0,)),
    ("one of the boxes", FOUND, (6,)),
    ("the red cup left of the plate", FOUND, (0,)),
    ("the red cup to the right of the plate", FOUND, (2,)),
    ("the cup left of the plate", AMBIGUOUS, (0, 1)),
    ("the cup right of the plate", FOUND, (2,)),
    ("the cup next to the bottle", FOUND, (2,)),
    ("the cup nearest to the banana", FOUND, (1,)),
    ("the cup closest to the green bottle", FOUND, (2,)),
    ("the cup farthest from the bottle", FOUND, (0,)),
    ("the cup between the red cup and the plate", FOUND, (1,)),
    ("the ball between the two boxes", FOUND, (8,)),
    ("the ball under the lamp between the boxes", NOT_FOUND, (8,)),  # no lamp
    ("the ball between the large box and the small box", FOUND, (8,)),
    ("the cup on the left", FOUND, (0,)),
    ("the leftmost cup", FOUND, (0,)),
    ("the rightmost cup", FOUND, (2,)),
    ("the right red cup", FOUND, (2,)),
    ("the second cup from the left", FOUND, (1,)),
    ("the third cup from the left", FOUND, (2,)),
    ("the second cup from the right", FOUND, (1,)),
    ("the last cup", FOUND, (2,)),
    ("the fourth cup", NOT_FOUND, (0, 1, 2)),
    ("the middle cup", FOUND, (1,)),
    ("the largest box", FOUND, (6,)),
    ("the smallest box", FOUND, (7,)),
    ("the big box", FOUND, (6,)),
    ("the small blue box", FOUND, (7,)),
    ("the small ball", FOUND, (8,)),
    ("the second largest box", FOUND, (7,)),
    ("all the cups", FOUND, (0, 1, 2)),
    ("the cups", FOUND, (0, 1, 2)),
    ("both boxes", FOUND, (6, 7)),
    ("the two red cups", FOUND, (0, 2)),
    ("the two leftmost cups", FOUND, (0, 1)),
    ("three red cups", NOT_FOUND, (0, 2)),
    ("both balls", NOT_FOUND, (8,)),
    ("all the cups on the left", FOUND, (0, 1)),
    ("the cup that is not red", FOUND, (1,)),
    ("the non-red cup", FOUND, (1,)),
    ("all the cups except the blue one", FOUND, (0, 2)),
    ("the bottle that is not green", FOUND, (10,)),
    ("the bottle with a red cap", FOUND, (10,)),
    ("the banana on the plate", FOUND, (5,)),
    ("the apple on the box", FOUND, (9,)),
    ("the plate under the banana", FOUND, (3,)),
    ("the plate with the banana on it", FOUND, (3,)),
    ("the box under the apple", FOUND, (6,)),
    ("the box that is not under the apple", FOUND, (7,)),
    ("the lemon in the bowl", FOUND, (13,)),
    ("the red cup on the table", AMBIGUOUS, (0, 2)),
    ("the blue cup on the table", FOUND, (1,)),
    ("the blue cup on the table left of the plate", FOUND, (1,)),
    ("the cup right of the plate with the banana on it", FOUND, (2,)),
    ("the cup right of the plate under the banana", FOUND, (2,)),
    ("the cup next to the plate right of the blue cup", FOUND, (2,)),
    ("the spoon in the top left corner", FOUND, (11,)),
    ("the ball in the top left", NOT_FOUND, (8,)),
    ("the bowl at the top", FOUND, (12,)),
    ("the red cup left of the blue cup", FOUND, (0,)),
    ("the red cup right of the blue one", FOUND, (2,)),
    ("the blue thing above the ball", FOUND, (1,)),
    ("the one in the bowl", FOUND, (13,)),
    ("the red one on the right", FOUND, (2,)),
    ("the blue or green cup", FOUND, (1,)),
    ("the red or blue cup", AMBIGUOUS, (0, 1, 2)),
    ("all the red or blue cups", FOUND, (0, 1, 2)),
    ("the plate or the ball", AMBIGUOUS, (3, 8)),
    ("the lemon or the screwdriver", FOUND, (13,)),
    ("the red cup that is not on the left", FOUND, (2,)),
    ("the bowl with a lemon in it", FOUND, (12,)),
    ("the bowl with two lemons in it", NOT_FOUND, (12,)),
    ("the box with an apple on it", FOUND, (6,)),
    ("the thing the banana is on", FOUND, (3,)),
    ("the two cups closest to each other", FOUND, (0, 1)),
    ("the green cup", NOT_FOUND, (0,)),
    ("the purple bottle", NOT_FOUND, (10,)),
    ("the screwdriver", NOT_FOUND, (0,)),
    ("the banana on the box", NOT_FOUND, (5,)),
    ("the cup left of the screwdriver", NOT_FOUND, (0,)),
    ("the bottle left of the plate", NOT_FOUND, (4,)),
    ("the plate in the bowl", NOT_FOUND, (3,)),
]


def indices(grounding: Grounding) -> tuple[int, ...]:
    """The targets, or else the candidates, or else the best guess."""
    others = grounding.alternatives[: max(grounding.candidates, 1)]
    return tuple(region.region for region in grounding.targets or others)


@pytest.mark.parametrize(("text", "status", "regions"), CASES, ids=[case[0] for case in CASES])
def test_table(text: str, status: Status, regions: tuple[int, ...], make_scene: SceneMaker) -> None:
    scene = make_scene(*TABLE)
    grounding = resolve(parse_command(text).steps[0].target, scene)
    assert grounding.status is status, grounding.reason
    if status is NOT_FOUND and "screwdriver" in text:
        assert grounding.alternatives
    elif status is NOT_FOUND:
        assert set(indices(grounding)) <= set(regions), grounding.reason
    else:
        assert sorted(indices(grounding)) == sorted(regions), grounding.reason
    assert (status is FOUND) == bool(grounding.targets)
    assert (status is AMBIGUOUS) == bool(grounding.question)
    assert grounding.reason


@pytest.mark.parametrize(
    ("text", "target", "destination"),
    [
        ("put the lemon in the bowl", 13, 12),
        ("put the blue cup on the plate", 1, 3),
        ("pick up the banana and put it in the wooden bowl", 5, 12),
        ("move the green ball next to the small box", 8, 7),
    ],
)
def test_destination_is_a_phrase_of_its_own(
    text: str, target: int, destination: int, make_scene: SceneMaker
) -> None:
    step = parse_command(text).steps[-1]
    assert step.destination is not None
    scene = make_scene(*TABLE)
    assert indices(resolve(step.target, scene)) == (target,)
    place = resolve(step.destination.anchors[0], scene)
    assert place.status is FOUND
    assert indices(place) == (destination,)


def phrase_in(scene: Scene, text: str) -> Grounding:
    return resolve(parse_command(text).steps[0].target, scene)


def test_the_other_leaves_out_what_is_taken(make_scene: SceneMaker) -> None:
    other = Phrase("cup", "cup", selectors=(Selector("other", ""),))
    scene = make_scene(*TABLE)
    assert indices(resolve(other, scene, taken={0, 2})) == (1,)
    assert resolve(other, scene, taken={0, 1, 2}).status is NOT_FOUND
    assert sorted(indices(resolve(other, scene))) == [0, 1, 2], "nothing taken, nothing left out"
    plain = Phrase("cup", "cup")
    assert sorted(indices(resolve(plain, scene, taken={0, 2}))) == [0, 1, 2]


def test_rank_of_nearness(make_scene: SceneMaker) -> None:
    scene = make_scene(
        ("plate", (300, 200, 380, 260)), *(("cup", (x, 200, x + 40, 260)) for x in (20, 240, 480))
    )
    plate = Phrase("plate", "plate")
    for predicate, order in (("nearest_to", (2, 3, 1)), ("farthest_from", (1, 3, 2))):
        for rank, region in enumerate(order, start=1):
            relation = Relation(predicate, (plate,), rank)
            found = resolve(Phrase("cup", "cup", relations=(relation,)), scene)
            assert indices(found) == (region,), (predicate, rank)
    fourth = Phrase("cup", "cup", relations=(Relation("nearest_to", (plate,), 4),))
    assert resolve(fourth, scene).status is NOT_FOUND


def test_evidence_says_what_the_score_is_made_of(make_scene: SceneMaker) -> None:
    target = phrase_in(make_scene(*TABLE), "the red cup left of the plate").targets[0]
    assert target.label == "red cup"
    assert target.box == pytest.approx((100, 200, 160, 260))
    assert target.evidence.noun == pytest.approx(0.95)
    assert target.evidence.attributes["red"] > 0.9
    assert target.evidence.relations["left_of plate"] > 0.9
    assert 0.8 < target.score <= 1


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("the green cup", "not green"),
        ("the screwdriver", "no screwdriver"),
        ("the bottle left of the plate", "left of the plate"),
        ("the cup left of the fork", "no fork"),
        ("three red cups", "only two are seen"),
        ("the fourth cup", "only three"),
        ("the ball in the top left", "top left"),
    ],
)
def test_reason_names_what_failed(text: str, part: str, make_scene: SceneMaker) -> None:
    assert part in phrase_in(make_scene(*TABLE), text).reason


@pytest.mark.parametrize(
    ("boxes", "question"),
    [
        (((0, 0, 50, 50), (300, 0, 350, 50)), "Which cup: the left one or the right one?"),
        (((0, 0, 50, 50), (0, 300, 50, 350)), "Which cup: the upper one or the lower one?"),
        (
            ((0, 0, 50, 50), (100, 0, 150, 50), (300, 0, 350, 50)),
            "Which cup: the left one, the middle one or the right one?",
        ),
        (tuple((x, 0, x + 50, 50) for x in range(0, 400, 100)), "Which of the four cups?"),
    ],
)
def test_question_tells_the_candidates_apart(
    boxes: Sequence[tuple[int, ...]], question: str, make_scene: SceneMaker
) -> None:
    grounding = phrase_in(make_scene(*(("cup", box) for box in boxes)), "the cup")
    assert grounding.status is AMBIGUOUS
    assert grounding.question.startswith(question)


def test_boxes_of_one_thing_count_once(make_scene: SceneMaker) -> None:
    scene = make_scene(
        ("cup", (100, 100, 200, 200)),
        ("cup", (102, 101, 203, 199)),
        ("cup", (110, 140, 160, 190)),
    )
    assert phrase_in(scene, "the cup").status is FOUND
    assert len(phrase_in(scene, "all the cups").targets) == 1


def test_an_anchor_is_never_the_target(make_scene: SceneMaker) -> None:
    alone = make_scene(("cup", (100, 100, 200, 200)), ("plate", (400, 100, 500, 200)))
    assert phrase_in(alone, "the cup next to the cup").status is NOT_FOUND
    near = make_scene(("cup", (100, 100, 200, 200)), ("plate", (220, 100, 320, 200)))
    assert phrase_in(near, "the cup next to the plate next to the cup").status is NOT_FOUND
    assert phrase_in(near, "the cup next to the plate").status is FOUND


def test_a_part_is_that_of_its_own_thing(make_scene: SceneMaker) -> None:
    scene = make_scene(
        ("green bottle", (100, 100, 140, 300)),
        ("white bottle", (300, 100, 340, 200)),
        ("cap", (108, 95, 132, 120)),
        ("cap", (308, 95, 332, 115)),
        ("cap", (500, 300, 524, 320)),
    )
    for text, cap in (("green", 2), ("tallest", 2), ("white", 3), ("shortest", 3)):
        grounding = resolve(parse_command(f"the cap of the {text} bottle").steps[0].target, scene)
        assert grounding.status is FOUND, grounding.reason
        assert indices(grounding) == (cap,)
    target = parse_command("the cap of the jar").steps[0].target
    assert resolve(target, scene).reason == "there is a cap, but no jar is seen"


@pytest.mark.timeout(30)  # without sharing work between branches it would take years
def test_deep_nesting_ends(make_scene: SceneMaker) -> None:
    scene = make_scene(*(("cup", (x, 100, x + 20, 130)) for x in range(0, 600, 25)))
    nested = "the cup" + " next to the cup" * 28
    assert phrase_in(scene, nested).status is AMBIGUOUS


def test_one_call_of_the_matcher(make_scene: SceneMaker) -> None:
    scene = make_scene(*TABLE)
    phrase_in(scene, "the large red cup left of the plate on the wooden box that is not blue")
    assert scene.matcher.calls == 1  # type: ignore[attr-defined]


def test_no_regions(make_scene: SceneMaker) -> None:
    grounding = phrase_in(make_scene(), "the red cup left of the plate")
    assert grounding.status is NOT_FOUND
    assert grounding.alternatives == ()


class FixedMatcher:
    """The same row of scores for every phrase."""

    def __init__(self, row: Sequence[float]) -> None:
        self.row = row

    def scores(self, phrases: Sequence[str]) -> NDArray[np.float32]:
        return np.repeat(np.array(self.row, np.float32)[:, None], len(phrases), axis=1)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, -3.0])
def test_scores_that_are_no_numbers_never_win(bad: float) -> None:
    boxes = np.array([[0, 0, 50, 50], [100, 0, 150, 50]], np.float32)
    grounding = phrase_in(Scene(boxes, 640, 480, FixedMatcher([bad, 0.9])), "the cup")
    assert indices(grounding) == (1,)
    assert phrase_in(Scene(boxes, 640, 480, FixedMatcher([bad, bad])), "cup").status is NOT_FOUND


def test_boxes_that_are_no_boxes_never_win() -> None:
    boxes = np.array([[0, 0, np.nan, 50], [50, 50, 20, 20], [100, 0, 150, 50]], np.float32)
    scene = Scene(boxes, 640, 480, FixedMatcher([0.99, 0.99, 0.5]))
    assert indices(phrase_in(scene, "the leftmost cup")) == (2,)


def test_a_colour_that_fits_worse_than_another_is_refused() -> None:
    class Orange:
        def scores(self, phrases: Sequence[str]) -> NDArray[np.float32]:
            known = {"orange cup": 0.95, "red cup": 0.45, "cup": 0.95}
            return np.array([[known.get(phrase, 0.05) for phrase in phrases]], np.float32)

    scene = Scene(np.array([[0, 0, 50, 50]], np.float32), 640, 480, Orange())
    assert phrase_in(scene, "the orange cup").status is FOUND
    refused = phrase_in(scene, "the red cup")
    assert refused.status is NOT_FOUND
    assert "not red" in refused.reason


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        ("the cup", "nothing is surely a cup"),
        ("the scissors", "nothing is surely scissors"),
        ("the cup or the mug", "nothing is surely a cup or mug"),
        ("the red cup", "there is a cup, but none that is a red cup"),
    ],
)
def test_what_is_hardly_a_thing_is_not_said_to_be_there(command: str, reason: str) -> None:
    boxes = np.array([[0, 0, 50, 50]], np.float32)
    scene = Scene(boxes, 640, 480, FixedMatcher([0.7]), objectness=np.array([0.3], np.float32))
    grounding = phrase_in(scene, command)
    assert grounding.status is NOT_FOUND
    assert grounding.reason == reason


def test_margin_decides_between_found_and_ambiguous() -> None:
    boxes = np.array([[0, 0, 50, 50], [100, 0, 150, 50]], np.float32)
    scene = Scene(boxes, 640, 480, FixedMatcher([0.9, 0.7]))
    phrase = parse_command("the cup").steps[0].target
    assert resolve(phrase, scene, Thresholds(margin=0.3)).status is AMBIGUOUS
    assert resolve(phrase, scene, Thresholds(margin=0.1)).status is FOUND
    assert resolve(phrase, scene, Thresholds(match=0.95)).status is NOT_FOUND


@pytest.mark.parametrize(
    ("faint", "status"),
    [(0.45, AMBIGUOUS), (0.35, FOUND)],
    ids=["half hidden", "hardly a thing"],
)
def test_a_fainter_thing_that_fits_as_well_is_asked_about(faint: float, status: Status) -> None:
    boxes = np.array([[0, 0, 50, 50], [100, 0, 150, 50]], np.float32)
    objectness = np.array([0.9, faint], np.float32)
    # Its score, with what is unsure about it as a thing, is 0.54 or 0.47 beside 0.81.
    scene = Scene(boxes, 640, 480, FixedMatcher([0.85, 0.8]), objectness=objectness)
    assert phrase_in(scene, "the cup").status is status
    both = phrase_in(scene, "all the cups")
    assert len(both.targets) == (2 if status is AMBIGUOUS else 1)


def test_a_thing_that_is_plainly_there_is_needed_for_a_fainter_one_to_count() -> None:
    boxes = np.array([[0, 0, 50, 50], [100, 0, 150, 50]], np.float32)
    objectness = np.array([0.45, 0.45], np.float32)
    scene = Scene(boxes, 640, 480, FixedMatcher([0.7, 0.7]), objectness=objectness)
    assert phrase_in(scene, "the cup").status is NOT_FOUND


@pytest.mark.parametrize(
    ("text", "fit", "objectness", "region"),
    [
        ("the rightmost cup", 0.4, 0.9, 1),
        ("the cup on the right", 0.4, 0.9, 1),
        ("the largest cup", 0.4, 0.9, 1),
        ("the leftmost cup", 0.4, 0.9, 0),
        ("the cup on the left", 0.4, 0.9, 0),
        ("the cup", 0.4, 0.9, 0),
        ("the rightmost cup", 0.2, 0.9, 0),  # something else
        ("the rightmost cup", 0.4, 0.3, 0),  # hardly a thing
    ],
)
def test_a_comparison_presupposes_several(
    text: str, fit: float, objectness: float, region: int
) -> None:
    boxes = np.array([[0, 0, 50, 50], [400, 0, 500, 100]], np.float32)
    sure = np.array([0.9, objectness], np.float32)
    grounding = phrase_in(Scene(boxes, 640, 480, FixedMatcher([0.9, fit]), objectness=sure), text)
    assert grounding.status is FOUND
    assert indices(grounding) == (region,)


@pytest.mark.parametrize("text", ["the cup on the right", "the right cup", "the cup at the bottom"])
def test_what_is_on_the_other_side_is_not_what_is_asked_for(
    make_scene: SceneMaker, text: str
) -> None:
    grounding = phrase_in(
        make_scene(("cup", (0, 0, 50, 50)), ("plate", (400, 300, 500, 400))), text
    )
    assert grounding.status is NOT_FOUND
    assert re.fullmatch(
        "there is a cup, but none at the (right|bottom) of the image", grounding.reason
    )


def test_depth_decides_in_front_and_behind(make_scene: SceneMaker) -> None:
    scene = make_scene(
        ("cup", (300, 200, 360, 260), (0.0, 0.0, 0.9)),
        ("cup", (310, 240, 380, 310), (0.0, 0.05, 0.5)),
        ("box", (290, 180, 400, 300), (0.0, 0.0, 0.7)),
    )
    assert indices(phrase_in(scene, "the cup in front of the box")) == (1,)
    assert indices(phrase_in(scene, "the cup behind the box")) == (0,)
    assert indices(phrase_in(scene, "the cup closest to me")) == (1,)
    assert indices(phrase_in(scene, "the farthest cup")) == (0,)


def test_depth_tells_on_from_in_front_of(make_scene: SceneMaker) -> None:
    box = ("box", (200, 200, 400, 330), (0.0, 0.0, 1.0))
    on_it = make_scene(box, ("ball", (280, 160, 330, 215), (0.0, -0.05, 0.97)))
    assert phrase_in(on_it, "the ball on the box").status is FOUND
    before_it = make_scene(box, ("ball", (280, 240, 330, 300), (0.0, 0.0, 0.4)))
    assert phrase_in(before_it, "the ball on the box").status is NOT_FOUND


def test_size_is_judged_in_space_where_depth_is_known(make_scene: SceneMaker) -> None:
    scene = make_scene(
        ("box", (0, 0, 100, 100), (0.0, 0.0, 0.3)),
        ("box", (200, 0, 280, 80), (0.0, 0.0, 1.2)),
    )
    assert indices(phrase_in(scene, "the large box")) == (1,)
    assert indices(phrase_in(scene, "the largest box")) == (1,)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("the screw in the upper left corner of the tray", (1,)),
        ("the screw in the lower right corner of the tray", (3,)),
        ("the two screws in the upper right corner of the tray", (2, 3)),
        ("all the screws in the lower right corner of the tray", (2, 3)),
    ],
)
def test_the_corner_of_a_thing_is_not_that_of_the_image(
    text: str, expected: tuple[int, ...], make_scene: SceneMaker
) -> None:
    scene = make_scene(
        ("tray", (400, 100, 620, 420)),
        ("screw", (420, 250, 440, 270)),
        ("screw", (560, 260, 580, 280)),
        ("screw", (580, 380, 600, 400)),
        ("screw", (20, 20, 40, 40)),  # in the corner of the image
    )
    grounding = resolve(parse_command(text).steps[0].target, scene)
    assert tuple(target.region for target in grounding.targets) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("the cup left of the others", 0),
        ("the cup right of the others", 2),
        ("the one left of all the others", 4),
    ],
)
def test_what_is_left_of_the_others_is_left_of_all_of_them(
    text: str, expected: int, make_scene: SceneMaker
) -> None:
    cups = [("cup", (x, 200, x + 40, 240)) for x in (150, 260, 370)]
    spoons = [("spoon", (x, 205, x + 40, 235)) for x in (205, 60, 500)]
    grounding = resolve(parse_command(text).steps[0].target, make_scene(*cups, *spoons))
    assert [target.region for target in grounding.targets] == [expected]


def test_relations_tell_rivals_apart_by_a_margin_of_their_own(make_scene: SceneMaker) -> None:
    lower, upper = ("book", (100, 150, 300, 300)), ("book", (105, 120, 305, 270))
    scene = make_scene(lower, upper, ("apple", (170, 130, 230, 190)))
    phrase = parse_command("the book under the apple").steps[0].target
    assert resolve(phrase, scene, Thresholds(margin=0.9)).status is FOUND
    assert resolve(phrase, scene, Thresholds(relation_margin=0.9)).status is AMBIGUOUS


def test_same_answer_every_time(make_scene: SceneMaker) -> None:
    scene = make_scene(*TABLE)
    text = "the red cup next to the plate with the banana on it"
    assert phrase_in(scene, text) == phrase_in(scene, text)


def test_next_to_is_the_plainly_nearest_of_several(make_scene: SceneMaker) -> None:
    plate = ("plate", (200, 110, 260, 150))
    near, far = ("cup", (100, 100, 140, 150)), ("cup", (420, 100, 460, 150))
    phrase = parse_command("the cup next to the plate").steps[0].target
    assert [t.region for t in resolve(phrase, make_scene(far, near, plate)).targets] == [1]
    # One alone has nothing to be compared with, and of two as far neither is nearer.
    alone = resolve(phrase, make_scene(near, ("plate", (330, 110, 390, 150))))
    even = resolve(phrase, make_scene(near, ("cup", (320, 100, 360, 150)), plate))
    assert alone.status == even.status == NOT_FOUND


@pytest.mark.parametrize("text", ["the book under the apple", "the book with an apple on it"])
def test_the_uppermost_of_a_stack_bears_what_is_on_it(make_scene: SceneMaker, text: str) -> None:
    lower, upper = ("book", (100, 150, 300, 300)), ("book", (105, 120, 305, 270))
    scene = make_scene(lower, upper, ("apple", (170, 130, 230, 190)))
    grounding = resolve(parse_command(text).steps[0].target, scene)
    assert [target.region for target in grounding.targets] == [1]


@pytest.mark.parametrize(
    ("tray", "expected"),
    [((90, 140, 300, 260), [0]), ((190, 140, 285, 240), []), ((20, 400, 80, 440), [])],
)
def test_a_place_of_the_anchor_may_be_the_targets(
    make_scene: SceneMaker, tray: tuple[int, ...], expected: list[int]
) -> None:
    scene = make_scene(
        ("cup", (120, 160, 160, 210)),
        ("cup", (310, 160, 350, 210)),
        ("jug", (200, 110, 270, 220)),
        ("tray", tray),
    )
    phrase = parse_command("the cup next to the jug on the tray").steps[0].target
    assert [target.region for target in resolve(phrase, scene).targets] == expected
