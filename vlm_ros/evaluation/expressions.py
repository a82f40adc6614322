"""Expressions about a simulated scene, with their right answers.

Three kinds: *unique* (one object fits), *ambiguous* (several fit) and *absent* (none does). Words
on which people differ, such as "turquoise" of something blue, are never asked about.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vlm_ros.simulation.tabletop import ObjectTruth
from vlm_ros.training.phrases import (
    FALSE,
    TRUE,
    LabelledObject,
    PhraseMeaning,
    compose,
    load_vocabulary,
    truth_table,
)

MIN_VISIBLE = 0.5
MIN_SIDE = 16.0  # pixels


@dataclass(frozen=True)
class Expression:
    """One question about one picture.

    Attributes:
        text: e.g. "the red cup".
        boxes: (G, 4) float32 xyxy pixels of the objects it fits; none where it is absent.
        known: whether the thing it names is a single known answer, several, or none:
            "unique", "ambiguous" or "absent".
    """

    text: str
    boxes: NDArray[np.float32]
    known: str


def label(truth: ObjectTruth) -> LabelledObject:
    """The words that are true of a simulated object."""
    return LabelledObject.rendered(
        truth.name, truth.attributes, (colour for _, colour in truth.parts)
    )


def write_expressions(
    objects: Sequence[ObjectTruth], rng: np.random.Generator, count: int
) -> list[Expression]:
    """Up to `count` expressions of each kind about the objects of one picture."""
    phrases = _phrases([label(o) for o in objects], rng)
    found: dict[str, list[Expression]] = {"unique": [], "ambiguous": [], "absent": []}
    for expression in ask(phrases, objects):
        found[expression.known].append(expression)
    return [e for kind in found.values() for e in kind[:count]]


def ask(phrases: Sequence[PhraseMeaning], objects: Sequence[ObjectTruth]) -> Iterator[Expression]:
    """The expressions of those phrases that have a right answer among the objects."""
    seen = [o for o in objects if o.box[2] > o.box[0]]
    if not seen:
        return
    boxes = np.asarray([o.box for o in seen], np.float32)
    verdicts = truth_table(phrases, [label(o) for o in seen], load_vocabulary())
    clear = np.asarray([_is_clear(o) for o in seen])
    for phrase, column in zip(phrases, verdicts.T, strict=True):
        fits = column == TRUE
        # An unsure object, or one that fits but is hardly visible, has no right answer.
        if ((column == FALSE) | (fits & clear)).all():
            known = ("absent", "unique")[fits.sum()] if fits.sum() < 2 else "ambiguous"
            yield Expression(f"the {phrase.text}", boxes[fits], known)


def _phrases(things: Sequence[LabelledObject], rng: np.random.Generator) -> list[PhraseMeaning]:
    """Every colour and noun of the scene, in every pairing, in random order."""
    colours = sorted({t.attributes["colour"] for t in things if "colour" in t.attributes})
    colours += [c for c in ("red", "green", "blue", "yellow", "white", "black") if c not in colours]
    nouns = sorted({t.name for t in things})
    phrases = [compose(n, {"colour": c}) for n in nouns for c in colours]
    phrases += [compose(n, {}) for n in nouns]
    order = rng.permutation(len(phrases))
    return [phrases[i] for i in order]


def _is_clear(truth: ObjectTruth) -> bool:
    x1, y1, x2, y2 = truth.box
    return truth.visible_fraction >= MIN_VISIBLE and min(x2 - x1, y2 - y1) >= MIN_SIDE
