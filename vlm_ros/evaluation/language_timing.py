"""How long parsing and resolving take, apart from any model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from vlm_ros.evaluation.timing import Times, timed
from vlm_ros.grounding.resolver import resolve
from vlm_ros.grounding.scene import Scene
from vlm_ros.language import parse_command

_NOUNS = ("cup", "plate", "bottle", "fork", "notebook", "tennis ball")
_COLOURS = ("red", "light blue", "black and white", "")
_FORMS = (
    "the {a}",
    "pick up the {a} left of the {b}",
    "could you please put the second {a} from the left in the {b}",
    "the {a} next to the {b} on the tray",
    "the {a} with a pink cap that is not on the {b}",
    "take the largest {a} between the {b} and the box, then put it on the tray",
)
_CHAINS = (
    "the cup next to the cup left of the cup behind the cup",
    "the cup on the cup near the cup above the cup",
    "the cup in front of the cup right of the cup under the cup",
)


class _EmbeddedMatcher:
    """Scores by embeddings, as those of a model: one product for all phrases."""

    def __init__(self, count: int, random: np.random.Generator) -> None:
        self._random = random
        self._regions = _units(random, count)
        self._known: dict[str, NDArray[np.float32]] = {}

    def scores(self, phrases: Sequence[str]) -> NDArray[np.float32]:
        for phrase in phrases:
            if phrase not in self._known:
                # Some region is what is asked for, so that no answer ends early.
                likes = self._regions[self._random.integers(len(self._regions), size=8)]
                self._known[phrase] = likes.sum(axis=0) / np.linalg.norm(likes.sum(axis=0))
        texts = np.stack([self._known[p] for p in phrases])
        # Not by BLAS: on a busy machine, waiting for its threads would be all that is measured.
        logits = np.einsum("nd,pd->np", self._regions, texts)
        return np.asarray(1.0 / (1.0 + np.exp(2.0 - 14.0 * logits)), np.float32)


def expressions() -> list[str]:
    """Many different commands: every form with every pair of things."""
    things = [f"{colour} {noun}".strip() for colour in _COLOURS for noun in _NOUNS]
    pairs = [(a, b) for a in things for b in things[::5] if a != b]
    return [form.format(a=a, b=b) for a, b in pairs for form in _FORMS]


def time_parsing(rounds: int) -> Times:
    """Parses every expression `rounds` times."""
    parse_command("the cup")  # the grammar is built once
    return timed(parse_command, expressions() * rounds)


def time_resolving(rounds: int, regions: int, seed: int = 0) -> Times:
    """Resolves phrases with two relations in a scene of random boxes."""
    random = np.random.default_rng(seed)
    scene = Scene(_boxes(random, regions), 640, 480, _EmbeddedMatcher(regions, random))
    texts = [
        f"the {colour} {noun} next to the white plate left of the {other}".replace("  ", " ")
        for colour in _COLOURS
        for noun in _NOUNS
        for other in _NOUNS
    ]
    phrases = [parse_command(text).steps[0].target for text in islice(texts, 0, None, 6)]
    for phrase in phrases:  # a model keeps the embeddings of phrases it has seen
        resolve(phrase, scene)
    return timed(lambda phrase: resolve(phrase, scene), phrases * rounds)


def time_nested(rounds: int, regions: int, seed: int = 0) -> Times:
    """Resolves chains of three relations where every region fits every phrase of them."""
    random = np.random.default_rng(seed)
    scene = Scene(_boxes(random, regions), 640, 480, _EverythingFits(regions))
    phrases = [parse_command(text).steps[0].target for text in _CHAINS]
    return timed(lambda phrase: resolve(phrase, scene), phrases * rounds)


@dataclass(frozen=True)
class _EverythingFits:
    """Scores every phrase alike on every region."""

    count: int

    def scores(self, phrases: Sequence[str]) -> NDArray[np.float32]:
        return np.full((self.count, len(phrases)), 0.9, np.float32)


def _boxes(random: np.random.Generator, count: int) -> NDArray[np.float32]:
    corners = random.uniform(0, (560, 400), (count, 2))
    sides = random.uniform(20, 80, (count, 2))
    return np.asarray(np.hstack([corners, corners + sides]), np.float32)


def _units(random: np.random.Generator, count: int) -> NDArray[np.float32]:
    vectors = random.normal(size=(count, 128))
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)
