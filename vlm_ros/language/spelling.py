"""Slips of one letter in listed words, mended: "teh red cup", "lft of the plate".

Only words that are in no list themselves are looked at, and only for listed words with the same
first letter. A real word that merely looks like a slip ("broad" has no bread in it) stays what it
is: such neighbours are listed in `lexicon/neighbours.yaml`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from vlm_ros.language.command import Correction
from vlm_ros.language.lexicon import Lexicon
from vlm_ros.language.words import Word

# A word with fewer letters is too short to be sure of.
_SHORTEST_SAID = 3
_SHORTEST_MEANT = 4
# One letter for another leaves the least of a word: only in words of this length.
_SHORTEST_EXCHANGED = 5


def mended(words: Sequence[Word], known: Lexicon) -> tuple[list[Word], tuple[Correction, ...]]:
    """Words with slips mended, each where it stood, and what was mended."""
    result: list[Word] = []
    corrections = []
    for word in words:
        meant = _meant(word, result, known)
        if meant is not None:
            corrections.append(Correction(word.text, meant, word.start))
            word = replace(word, text=meant)
        result.append(word)
    return result, tuple(corrections)


def _meant(word: Word, before: Sequence[Word], known: Lexicon) -> str | None:
    said = word.text
    if len(said) < _SHORTEST_SAID or word.glued or not said.isalpha() or known.is_word(said):
        return None
    candidates = {c for c in known.similar(said) if _is_slip(said, c)}
    verbs = candidates & known.verb_words
    starts = not before or before[-1].is_mark or before[-1].text in known.before_verbs
    # Where a step begins a verb is rather meant, elsewhere none is: a "slider" is not to slide.
    expected = (verbs or candidates) if starts else candidates - verbs
    return min(expected, key=lambda c: (abs(len(c) - len(said)), c), default=None)


def _is_slip(said: str, meant: str) -> bool:
    """Whether one letter is missing, too much, exchanged, or two have changed places."""
    longer, shorter = (said, meant) if len(said) > len(meant) else (meant, said)
    pairs = zip(longer, shorter, strict=False)
    place = next((i for i, (a, b) in enumerate(pairs) if a != b), len(shorter))
    swapped = said[place + 1 : place + 2] + said[place : place + 1] == meant[place : place + 2]
    if len(said) == len(meant) and swapped:
        return len(meant) >= _SHORTEST_SAID and said[place + 2 :] == meant[place + 2 :]
    if place == 0 or len(meant) < _SHORTEST_MEANT:
        return False
    if len(longer) == len(shorter):
        return len(meant) >= _SHORTEST_EXCHANGED and said[place + 1 :] == meant[place + 1 :]
    return longer[place + 1 :] == shorter[place:]
