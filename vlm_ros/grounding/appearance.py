"""How well the regions of a picture fit phrases.

The model's match counts, what colour the pixels are, what a closer look shows, and what a detector
of fixed classes is sure of.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vlm_ros.grounding.description import attribute_group, describe
from vlm_ros.language.lexicon import lexicon
from vlm_ros.models.closer_look import PATTERNS, POSTURES, Looks, closer_look, part_called
from vlm_ros.models.colours import colour_cells, colour_namer
from vlm_ros.regions import Regions

Scores = NDArray[np.float32]

# What the colour of the pixels counts beside the model's logit. Both were fitted together, by
# logistic regression, to pictures that neither was trained on.
_COLOUR_WEIGHT = 0.64
# What the pixels of a part's colour count, of a part that a closer look does not know; chosen on
# phrases about parts of rendered things that were not trained on.
_PART_COLOUR_WEIGHT = 0.5
# What a closer look counts, and the least that it may say; chosen on rendered scenes that were not
# trained on.
_LOOK_WEIGHT, _LOOK_LEAST = 1.0, -2.5
# What a detector of fixed classes counts, and between which of its logits: only what it is sure of
# is evidence, and only so much. Its doubts say nothing, for it knows few of the things there are.
# Chosen on photographs and rendered pictures together; see the model's README.md.
_CLASS_WEIGHT, _CLASS_LEAST, _CLASS_MOST = 1.0, -1.5, 1.0
# Kinds that COCO's annotators put under the name of another.
_LABELLED_AS = {
    "glass": "cup",
    "magazine": "book",
    "monitor": "tv",
    "stool": "chair",
    "thermos": "bottle",
}
_KNOWN_PHRASES = 4096


class PictureMatcher:
    """Scores phrases against the regions of one picture; see `scene.Matcher`."""

    def __init__(self, image: NDArray[Any], regions: Regions, threshold: float = 0.5) -> None:
        """Keeps what is needed; nothing is computed before it is asked for.

        Args:
            image: (H, W, 3) uint8 RGB.
            regions: of the image.
            threshold: the score of the regions that is to count as even odds; see
                `Model.threshold`.
        """
        self._image = image
        self._regions = regions
        self._even = np.float32(np.log(threshold / (1.0 - threshold)))

    def scores(self, phrases: Sequence[str]) -> Scores:
        """(N, len(phrases)) probabilities that each region is what each phrase says."""
        scores = self._regions.scores(phrases)
        if self._even:
            scores = _shifted(scores, -self._even)
        for column, phrase in enumerate(phrases):
            for evidence in self._evidence(phrase):
                scores[:, column] = _shifted(scores[:, column], evidence)
        return scores

    def _evidence(self, phrase: str) -> Iterator[Scores]:
        """What speaks for each region (N,) beside the model's match, as logarithms of odds."""
        if colours := _colours(phrase):
            yield _COLOUR_WEIGHT * self._colours[:, colours].max(axis=1)
        for part, colours in _part_colours(phrase):
            if part is None:
                yield _PART_COLOUR_WEIGHT * self._traces[:, colours].min(axis=1)
            else:
                # A thing that is red all over shows no more of a red cap for it.
                whole = np.maximum(self._colours[:, colours].max(axis=1), 0.0)
                yield _looked(self._looks.part_colours[:, part, colours].max(axis=1) - whole)
        if (pattern := _among(PATTERNS[1:], phrase)) is not None:
            yield _looked(self._looks.patterns[:, 1 + pattern])
        if (posture := _among(POSTURES, phrase)) is not None:
            yield _looked(self._looks.postures[:, posture])
        classes = self._regions.classes
        if classes is not None and (meant := _classes(phrase, classes.names)):
            sure = classes.values[:, meant].max(axis=1)
            yield _CLASS_WEIGHT * (np.clip(sure, _CLASS_LEAST, _CLASS_MOST) - _CLASS_LEAST)

    @cached_property
    def _colours(self) -> Scores:
        """(N, C) how many times likelier than by chance each colour is, as a logarithm."""
        namer = colour_namer()
        return np.asarray(namer.named(self._cells) + np.log(len(namer.names)), np.float32)

    @cached_property
    def _traces(self) -> Scores:
        """(N, C) how many times more of each colour is seen than usual, as a logarithm."""
        return colour_namer().traces(self._cells)

    @cached_property
    def _looks(self) -> Looks:
        return closer_look()(self._image, self._regions.boxes)

    @cached_property
    def _cells(self) -> NDArray[np.int64]:
        return colour_cells(self._image, self._regions.boxes)


@lru_cache(maxsize=_KNOWN_PHRASES)
def _colours(phrase: str) -> tuple[int, ...]:
    """The colours a phrase names, as columns of the namer; those of parts are not its own."""
    return _columns(describe(phrase).attributes)


@lru_cache(maxsize=_KNOWN_PHRASES)
def _part_colours(phrase: str) -> tuple[tuple[int | None, tuple[int, ...]], ...]:
    """For each part with a colour in a phrase its index, see `part_called`, and its colours."""
    parts = [describe(part) for part in describe(phrase).parts]
    coloured = ((part_called(part.noun), _columns(part.attributes)) for part in parts)
    return tuple((part, colours) for part, colours in coloured if colours)


@lru_cache(maxsize=_KNOWN_PHRASES)
def _among(values: tuple[str, ...], phrase: str) -> int | None:
    """Which of some basic attributes a phrase says first, in the lexicon's words."""
    groups = map(attribute_group, describe(phrase).attributes)
    return next((values.index(basic) for _, basic in groups if basic in values), None)


def _looked(says: Scores) -> Scores:
    return np.asarray(_LOOK_WEIGHT * np.maximum(says, _LOOK_LEAST), np.float32)


def _columns(attributes: Sequence[str]) -> tuple[int, ...]:
    names = colour_namer().names
    groups = (lexicon().group_of(attribute) for attribute in attributes)
    basic = (word for group, word in filter(None, groups) if group == "colour")
    return tuple(names.index(word) for word in basic if word in names)


@lru_cache(maxsize=_KNOWN_PHRASES)
def _classes(phrase: str, names: tuple[str, ...]) -> tuple[int, ...]:
    """The classes a phrase's noun means, as indices of their names: "mug" is a "cup".

    A drinking glass is one too, for who labelled the photographs.
    """
    noun = describe(phrase).noun
    if noun in names:
        return (names.index(noun),)
    kinds = lexicon().kinds_of(noun)
    kinds |= {_LABELLED_AS[kind] for kind in kinds & _LABELLED_AS.keys()}
    return tuple(i for i, name in enumerate(names) if kinds & lexicon().kinds_of(name))


def _shifted(probabilities: Scores, logits: Scores | np.float32) -> Scores:
    """Probabilities with something added to their logits."""
    odds = probabilities / np.maximum(1.0 - probabilities, 1e-7) * np.exp(logits)
    return np.asarray(odds / (1.0 + odds), np.float32)
