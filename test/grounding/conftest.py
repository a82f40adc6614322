"""Scenes of named objects, and a matcher that knows their names instead of their pixels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

from vlm_ros.grounding.scene import Scene

SYNONYMS = {"mug": "cup", "notebook": "book", "thing": "object"}
EVERYTHING = {"object"}


@dataclass
class NamedMatcher:
    """Scores phrases by words: the head must be the name, every modifier must be known of it.

    Attributes:
        names: what each region is, modifiers first: "red cup".
        calls: how often it was asked.
    """

    names: Sequence[str]
    calls: int = 0

    def scores(self, phrases: Sequence[str]) -> NDArray[np.float32]:
        self.calls += 1
        return np.array([[_score(n, p) for p in phrases] for n in self.names], np.float32)


def _score(name: str, phrase: str) -> float:
    whole, _, part = phrase.partition(" with ")
    name_whole, _, name_part = name.partition(" with ")
    score = _word_score(name_whole.split(), whole.split())
    if part:
        score *= 1.0 if part == name_part or part in name_part.split() else 0.1
    return score


def _word_score(known: list[str], said: list[str]) -> float:
    said = [SYNONYMS.get(word, word) for word in said if word != "and"]
    score = 0.95 if said[-1] == known[-1] or said[-1] in EVERYTHING else 0.02
    for modifier in said[:-1]:
        score *= 1.0 if modifier in known else 0.05
    return score


SceneMaker = Callable[..., Scene]


@pytest.fixture
def make_scene() -> SceneMaker:
    """Scene of 640x480 from (name, box) or (name, box, position) rows."""

    def make(*objects: tuple[object, ...]) -> Scene:
        names = [str(row[0]) for row in objects]
        boxes = np.array([row[1] for row in objects], np.float32).reshape(-1, 4)
        positions = None
        if any(len(row) > 2 for row in objects):
            unknown = (np.nan, np.nan, np.nan)
            rows = [row[2] if len(row) > 2 else unknown for row in objects]
            positions = np.array(rows, np.float32)
        return Scene(boxes, 640, 480, NamedMatcher(names), positions)

    return make
