"""Phrases that leave a choice, as the plain phrases of which any will do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import product

from vlm_ros.language.command import Phrase

# "The red or blue, striped or plain cup or mug" is eight; nobody asks for many more.
_MOST = 16


def variants(phrase: Phrase) -> Sequence[Phrase]:
    """One phrase for each choice: "the red or blue cup" -> "red cup", "blue cup".

    Returns:
        At most 16 phrases without alternatives; the phrase itself where it has none.
    """
    if not phrase.any_of and not phrase.or_nouns:
        return (phrase,)
    nouns = (phrase.noun, *phrase.or_nouns)
    choices = product(nouns, product(*phrase.any_of))
    return [_chosen(phrase, noun, attributes) for noun, attributes in choices][:_MOST]


def _chosen(phrase: Phrase, noun: str, attributes: tuple[str, ...]) -> Phrase:
    text = phrase.text.replace(phrase.noun, noun) if noun != phrase.noun else phrase.text
    return replace(
        phrase,
        text=" ".join((*attributes, text)),
        noun=noun,
        attributes=(*attributes, *phrase.attributes),
        any_of=(),
        or_nouns=(),
    )
