"""Sloppy and roundabout wordings, put into the plain ones that the other lists know.

The wordings are those of `lexicon/rewrites.yaml`. Every word that is put in stands where the words
stood that it replaces, so that errors still point into the command as it was given.
"""

from __future__ import annotations

from collections.abc import Sequence

from vlm_ros.language.lexicon import Lexicon
from vlm_ros.language.words import Word


def plain(words: Sequence[Word], known: Lexicon) -> list[Word]:
    """The words with every listed wording replaced, the longest first."""
    texts = [word.text for word in words]
    result: list[Word] = []
    index = 0
    while index < len(words):
        said, meant = known.rewrite(texts, index)
        glued = index + said < len(words) and words[index + said].glued
        if said == 0 or glued:  # "u-shaped" is no "you".
            result.append(words[index])
            index += 1
            continue
        first, last = words[index], words[index + said - 1]
        for place, text in enumerate(meant):
            result.append(Word(text, first.start, last.end, first.glued and place == 0))
        index += said
    return result
