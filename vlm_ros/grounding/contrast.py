"""Judging an attribute against the other words of its group.

That a region fits "red cup" with 0.6 says little alone: an orange cup may too. That it fits
better than "orange cup", "pink cup" and every other colour says that it is red.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from vlm_ros.language.command import Phrase
from vlm_ros.language.lexicon import lexicon

Scores = NDArray[np.float32]


def contrast_texts(text: str, attribute: str, others: tuple[str, ...] = ()) -> tuple[str, ...]:
    """The phrase with the attribute exchanged for each word that excludes it.

    Args:
        text: e.g. "red coffee mug".
        attribute: as it stands in the text, e.g. "red".
        others: further attributes of the phrase, never used as a contrast.

    Returns:
        ("orange coffee mug", "yellow coffee mug", ...); () where the lexicon has no contrast.
    """
    pattern = re.compile(rf"\b{re.escape(attribute)}\b")
    taken = {basic for _, basic in filter(None, map(lexicon().group_of, others))}
    words = (word for word in lexicon().contrasts(attribute) if word not in taken)
    return tuple(pattern.sub(word, text, count=1) for word in words)


def contrast_degree(text: str, rivals: tuple[str, ...], scores: Mapping[str, Scores]) -> Scores:
    """How much better a phrase fits each region than the best of its rivals.

    Args:
        text: the phrase.
        rivals: as from `contrast_texts`.
        scores: (N,) for every text.

    Returns:
        (N,) in 0..1: 0.5 where the best rival fits as well, 1 where none fits at all; 0 where
        nothing fits. Without rivals, the phrase's own score.
    """
    own = scores[text]
    if not rivals:
        return own
    rival = np.max([scores[other] for other in rivals], axis=0)
    total = own + rival
    ratio = np.divide(own, total, out=np.zeros_like(own), where=total > 0)
    return np.asarray(ratio, np.float32)


def is_size(attribute: str) -> bool:
    """Whether it compares extents, which boxes tell better than a picture of one thing."""
    found = lexicon().group_of(attribute)
    return found is not None and found[0] == "size"


def matched_text(phrase: Phrase) -> str:
    """What is matched against the picture: the phrase without its words for size."""
    text = phrase.text
    for attribute in filter(is_size, phrase.attributes):
        text = re.sub(rf"\b{re.escape(attribute)} ", "", text, count=1)
        text = re.sub(rf"^and |\band (?={re.escape(phrase.noun)}$)", "", text)
    return text
