"""How well the regions of a picture fit phrases.

The model's match counts, what colour the pixels are, and what a detector of fixed classes is sure
of.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vlm_ros.grounding.description import describe
from vlm_ros.language.lexicon import lexicon
from vlm_ros.models.colours import colour_cells, colour_namer
from vlm_ros.regions import Regions

Scores = NDArray[np.float32]

# What the colour of the pixels counts beside the model's logit. Both were fitted together, by
# logistic regression, to pictures that neither was trained on.
_COLOUR_WEIGHT = 0.64
# What the pixels of a part's colour count; chosen on phrases about parts of rendered things that
# were not trained on.
_PART_COLOUR_WEIGHT = 0.5
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
        if colours := _part_colours(phrase):
            yield _PART_COLOUR_WEIGHT * self._traces[:, colours].min(axis=1)
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
    def _cells(self) -> NDArray[np.int64]:
        return colour_cells(self._image, self._regions.boxes)


@lru_cache(maxsize=_KNOWN_PHRASES)
def _colours(phrase: str) -> tuple[int, ...]:
    """The colours a phrase names, as columns of the namer; those of parts are not its own."""
    return _columns(describe(phrase).attributes)


@lru_cache(maxsize=_KNOWN_PHRASES)
def _part_colours(phrase: str) -> tuple[int, ...]:
    """The colours of the parts a phrase names, as columns of the namer."""
    return _columns([a for part in describe(phrase).parts for a in describe(part).attributes])


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
