"""The best guess where nothing fits: noun, attributes, relations and places all count."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from vlm_ros.grounding.resolver import resolve
from vlm_ros.grounding.result import Grounding, Status
from vlm_ros.grounding.scene import Scene
from vlm_ros.language import parse_command

SceneMaker = Callable[..., Scene]

THINGS = (
    ("red cup", (40, 200, 100, 260)),  # 0, left
    ("blue cup", (200, 210, 260, 270)),  # 1
    ("white plate", (340, 220, 460, 280)),  # 2
    ("yellow banana", (360, 225, 440, 255)),  # 3, on the plate
    ("black box", (520, 180, 620, 280)),  # 4, right
)


def guesses(scene: Scene, text: str) -> Grounding:
    return resolve(parse_command(text).steps[0].target, scene)


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("the black gizmo", 4),
        ("the yellow gizmo", 3),
        ("the gizmo on the plate", 3),
        ("the gizmo left of the blue cup", 0),
        ("the leftmost gizmo", 0),
        ("the gizmo on the right", 4),
        ("the rightmost green cup", 1),
        ("the red gizmo next to the blue cup", 0),
        ("the cup right of the plate", 1),
        ("the fourth cup from the left", 1),
    ],
)
def test_what_is_known_decides_where_the_rest_is_not(
    text: str, first: int, make_scene: SceneMaker
) -> None:
    grounding = guesses(make_scene(*THINGS), text)
    assert grounding.status is Status.NOT_FOUND
    assert grounding.alternatives[0].region == first
    assert len(grounding.alternatives) == 5


def test_an_anchor_that_is_not_sure_still_leads(make_scene: SceneMaker) -> None:
    class Unsure:
        """Knows the remote a little and the banana not at all."""

        def scores(self, phrases: Sequence[str]) -> NDArray[np.float32]:
            known = {"remote": [0.02, 0.2, 0.01]}
            return np.array([known.get(p, [0.01] * 3) for p in phrases], np.float32).T

    boxes = np.array([[0, 0, 60, 60], [300, 200, 400, 260], [280, 190, 420, 280]], np.float32)
    grounding = guesses(Scene(boxes, 640, 480, Unsure()), "the banana under the remote")
    assert grounding.status is Status.NOT_FOUND
    assert grounding.alternatives[0].region == 2


def test_objectness_decides_where_nothing_else_does() -> None:
    class Nothing:
        def scores(self, phrases: Sequence[str]) -> NDArray[np.float32]:
            return np.full((2, len(phrases)), 0.01, np.float32)

    boxes = np.array([[0, 0, 60, 60], [300, 200, 400, 260]], np.float32)
    scene = Scene(boxes, 640, 480, Nothing(), objectness=np.array([0.1, 0.8], np.float32))
    assert [r.region for r in guesses(scene, "the gizmo").alternatives] == [1, 0]


def test_what_is_plainly_there_is_guessed_before_what_is_a_shade_more_like_it() -> None:
    class Hardly:
        def scores(self, phrases: Sequence[str]) -> NDArray[np.float32]:
            return np.array([[0.01] * len(phrases), [0.001] * len(phrases)], np.float32)

    boxes = np.array([[0, 0, 60, 60], [300, 200, 400, 260]], np.float32)
    scene = Scene(boxes, 640, 480, Hardly(), objectness=np.array([0.1, 0.8], np.float32))
    assert [r.region for r in guesses(scene, "the gizmo").alternatives] == [1, 0]


def test_runners_up_follow_what_was_found(make_scene: SceneMaker) -> None:
    grounding = guesses(make_scene(*THINGS), "the red cup")
    assert [t.region for t in grounding.targets] == [0]
    assert grounding.alternatives[0].region == 1
    assert 0 not in [r.region for r in grounding.alternatives]


def test_candidates_come_first_and_are_counted(make_scene: SceneMaker) -> None:
    grounding = guesses(make_scene(*THINGS), "the cup")
    assert grounding.status is Status.AMBIGUOUS
    assert grounding.candidates == 2
    assert sorted(r.region for r in grounding.alternatives[:2]) == [0, 1]
    assert len(grounding.alternatives) == 5


def test_evidence_of_a_guess_is_true(make_scene: SceneMaker) -> None:
    guess = guesses(make_scene(*THINGS), "the black gizmo left of the plate").alternatives
    box = next(r for r in guess if r.region == 4)
    assert box.score == 0.0
    assert box.evidence.noun == pytest.approx(0.02)
    assert box.evidence.relations["left_of plate"] == 0.0
