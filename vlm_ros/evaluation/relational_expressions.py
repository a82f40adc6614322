"""Expressions about a simulated scene by where things are, with their right answers.

Each is true of one thing by its place in space, and plainly untrue of every other thing the words
could mean; its anchors are each the only thing of their name.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, combinations

import numpy as np
from numpy.typing import NDArray

from vlm_ros.evaluation.appearance import certain_claims, is_clear, seen, verdicts
from vlm_ros.evaluation.expressions import tags
from vlm_ros.evaluation.judging import Question
from vlm_ros.evaluation.placement import Solid
from vlm_ros.evaluation.spatial_truth import PREDICATES, Placed, between, distance
from vlm_ros.evaluation.spatial_truth import verdicts as spatial_verdicts
from vlm_ros.simulation.tabletop import ObjectTruth
from vlm_ros.training.nouns import FALSE, TRUE
from vlm_ros.training.phrases import PhraseMeaning, compose

RELATIONS = "relations"

WORDS = {
    "left_of": ("left of", "to the left of", "on the left side of"),
    "right_of": ("right of", "to the right of", "on the right side of"),
    "in_front_of": ("in front of",),
    "behind": ("behind",),
    "in": ("in", "inside"),
    "on": ("on", "on top of"),
    "next_to": ("next to", "beside"),
    "nearest_to": ("closest to", "nearest to"),
}

# What is farther by this factor, and by these metres, is plainly farther.
_FARTHER, _FARTHER_BY = 1.4, 0.03
# Things in a row have middles so far apart: metres and pixels.
_APART, _APART_PIXELS = 0.04, 25.0
# What is larger by this factor in space, and covers so much more of the picture, is plainly larger.
_LARGER, _LARGER_AREA = 1.3, 1.4
_ORDINALS = ("second", "third")


@dataclass(frozen=True)
class _Described:
    """Things of a picture under one description.

    Attributes:
        meaning: e.g. "red cup".
        verdicts: (N,) whether each thing is one.
    """

    meaning: PhraseMeaning
    verdicts: NDArray[np.int8]

    @property
    def fitting(self) -> NDArray[np.intp]:
        return np.flatnonzero(self.verdicts == TRUE)

    @property
    def certain(self) -> bool:
        """Whether everybody would agree what it may be said of."""
        return bool(((self.verdicts == TRUE) | (self.verdicts == FALSE)).all())


def write_relations(
    objects: Sequence[ObjectTruth],
    places: Sequence[Solid],
    rng: np.random.Generator,
    count: int,
    image: str,
) -> list[Question]:
    """Up to `count` questions about one picture, of as many predicates as there are.

    Those in which the relation is needed to tell things of one description apart come first.

    Args:
        objects: the truth.
        places: where each of them is.
        rng: decides which of all there are.
        count: how many.
        image: the picture's name.
    """
    visible = seen(objects)
    scene = _Scene([objects[i] for i in visible], [places[i] for i in visible], image)
    by_predicate: dict[str, list[Question]] = {}
    written = list(chain(scene.related(rng), scene.between(), scene.ranked()))
    for index in rng.permutation(len(written)):
        by_predicate.setdefault(dict(written[index].tags)["predicate"], []).append(written[index])
    for questions in by_predicate.values():
        questions.sort(key=lambda question: dict(question.tags)["needed"] != "yes")
    chosen: list[Question] = []
    predicates = [str(p) for p in rng.permutation(sorted(by_predicate))]
    while len(chosen) < count and any(by_predicate.values()):
        for predicate in predicates:
            if by_predicate[predicate] and len(chosen) < count:
                chosen.append(by_predicate[predicate].pop(0))
    return chosen


class _Scene:
    """The visible things of one picture, and everything that can be asked about their places."""

    def __init__(self, things: Sequence[ObjectTruth], places: Sequence[Solid], image: str) -> None:
        self._image = image
        self._things = things
        self._placed = [
            Placed(thing.name, place, thing.box)
            for thing, place in zip(things, places, strict=True)
        ]
        self._clear = np.asarray([is_clear(thing) for thing in things], bool)
        meanings = list({m.text: m for thing in things for m in _names(thing)}.values())
        table = verdicts(meanings, things) if things else np.zeros((0, 0), np.int8)
        self._described = [_Described(m, c) for m, c in zip(meanings, table.T, strict=True)]
        self._anchors = [
            (d.meaning, int(d.fitting[0]))
            for d in self._described
            if d.certain and len(d.fitting) == 1 and self._clear[d.fitting[0]]
        ]

    def related(self, rng: np.random.Generator) -> Iterator[Question]:
        """As in "the cup left of the plate", "the cup closest to the plate"."""
        tables = {p: spatial_verdicts(holds, self._placed) for p, holds in PREDICATES.items()}
        for described in self._described:
            for anchor, place in self._anchors:
                for predicate, table in tables.items():
                    both = np.minimum(described.verdicts, table[:, place])
                    text = f"{_pick(WORDS[predicate], rng)} the {anchor.text}"
                    yield from self._if_one(described, both, predicate, text)
                nearest = self._nearest(described, place)
                text = f"{_pick(WORDS['nearest_to'], rng)} the {anchor.text}"
                yield from self._if_one(described, nearest, "nearest_to", text)

    def between(self) -> Iterator[Question]:
        """As in "the cup between the plate and the box"."""
        for (first, one), (second, other) in combinations(self._anchors, 2):
            if one == other:
                continue
            a, b = self._placed[one], self._placed[other]
            held = np.asarray([between(thing, a, b) for thing in self._placed], np.int8)
            held[[one, other]] = FALSE
            text = f"between the {first.text} and the {second.text}"
            for described in self._described:
                if not described.verdicts[[one, other]].any():
                    both = np.minimum(described.verdicts, held)
                    yield from self._if_one(described, both, "between", text)

    def ranked(self) -> Iterator[Question]:
        """As in "the leftmost cup", "the second cup from the right", "the largest box"."""
        for described in self._described:
            fitting = described.fitting
            if not described.certain or len(fitting) < 2 or not self._clear[fitting].all():
                continue
            noun = described.meaning.text
            row = self._row(fitting)
            if row is not None:
                yield from self._in_row(described, row, noun)
            for index, text in (*self._nearest_viewer(fitting), *self._largest(fitting)):
                yield self._question(described, index, "superlative", text.format(noun))

    def _in_row(
        self, described: _Described, row: NDArray[np.intp], noun: str
    ) -> Iterator[Question]:
        for ordered, side in ((row, "left"), (row[::-1], "right")):
            for text in (f"{side}most {noun}", f"{noun} on the {side}", f"{side} {noun}"):
                # Of three cups, which is "the left" one is less plain than which is leftmost.
                if len(row) == 2 or "most" in text:
                    yield self._question(described, ordered[0], "superlative", text)
            for ordinal, index in zip(_ORDINALS, ordered[1:-1], strict=False):
                text = f"{ordinal} {noun} from the {side}"
                yield self._question(described, index, "ordinal", text)

    def _row(self, fitting: NDArray[np.intp]) -> NDArray[np.intp] | None:
        """From left to right, where neighbours are plainly apart in space and in the picture."""
        places = np.asarray([self._placed[i].solid.centre[0] for i in fitting])
        pixels = np.asarray([self._placed[i].middle[0] for i in fitting])
        order = np.argsort(places)
        apart = np.diff(places[order]).min() >= _APART
        return fitting[order] if apart and np.diff(pixels[order]).min() >= _APART_PIXELS else None

    def _nearest_viewer(self, fitting: NDArray[np.intp]) -> Iterator[tuple[int, str]]:
        places = np.asarray([self._placed[i].solid.centre[1] for i in fitting])
        feet = -np.asarray([self._placed[i].box[3] for i in fitting])
        order = np.argsort(places)
        plainly = places[order[1]] - places[order[0]] >= 2 * _APART
        if plainly and feet[order[1:]].min() - feet[order[0]] >= _APART_PIXELS:
            yield int(fitting[order[0]]), "{} closest to me"

    def _largest(self, fitting: NDArray[np.intp]) -> Iterator[tuple[int, str]]:
        bulks = np.asarray([self._placed[i].solid.bulk for i in fitting])
        areas = np.asarray([np.prod(self._placed[i].sides) for i in fitting])
        for sign, words in ((1, ("largest {}", "biggest {}")), (-1, ("smallest {}",))):
            ratios = [np.sort(sign * np.log(values))[::-1] for values in (bulks, areas)]
            best = int(np.argmax(sign * bulks))
            plainly = all(
                ratio[0] - ratio[1] >= np.log(least)
                for ratio, least in zip(ratios, (_LARGER, _LARGER_AREA), strict=True)
            )
            if plainly and best == int(np.argmax(sign * areas)):
                yield from ((int(fitting[best]), text) for text in words)

    def _nearest(self, described: _Described, anchor: int) -> NDArray[np.int8]:
        """TRUE of the one that is plainly nearest to the anchor; all FALSE where none is."""
        found = np.full(len(self._things), FALSE, np.int8)
        rivals = [i for i in np.flatnonzero(described.verdicts != FALSE) if i != anchor]
        if len(rivals) < 2 or not described.certain:
            return found
        away = np.asarray([distance(self._placed[i], self._placed[anchor]) for i in rivals])
        best = int(np.argmin(away[:, 1]))
        others = np.delete(away, best, axis=0)
        if (others >= np.maximum(away[best] * _FARTHER, away[best] + _FARTHER_BY)).all():
            found[rivals[best]] = TRUE
        return found

    def _if_one(
        self,
        described: _Described,
        both: NDArray[np.int8],
        predicate: str,
        place: str,
    ) -> Iterator[Question]:
        """The question, where exactly one clear thing fits and no other arguably does."""
        fitting = np.flatnonzero(both != FALSE)
        if len(fitting) == 1 and both[fitting[0]] == TRUE and self._clear[fitting[0]]:
            text = f"{described.meaning.text} {place}"
            yield self._question(described, fitting[0], predicate, text)

    def _question(self, described: _Described, index: int, predicate: str, text: str) -> Question:
        rivals = int((described.verdicts != FALSE).sum())
        said = (
            *tags(described.meaning),
            ("predicate", predicate),
            ("needed", "yes" if rivals > 1 else "no"),
        )
        box = self._things[int(index)].box
        return Question(self._image, f"the {text}", (box,), RELATIONS, said)


def _names(thing: ObjectTruth) -> Iterator[PhraseMeaning]:
    """What a target or an anchor may be called: its noun, with and without its colour."""
    yield compose(thing.name, {})
    colour = certain_claims(thing).get("colour")
    if colour is not None:
        yield compose(thing.name, {"colour": colour})


def _pick(options: Sequence[str], rng: np.random.Generator) -> str:
    return options[int(rng.integers(len(options)))]
