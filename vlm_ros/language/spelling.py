"""Slips of one letter in listed words, mended: "teh red cup", "lft of the plate", "bananna".

Only words that are in no list themselves are looked at, and only for listed words with the same
first letter. Of several listed words, the one with the likelier slip is meant, and of those the
one that fits its place: "secnd" before "bottle" is no verb. A real word that merely looks like a
slip ("broad" has no bread in it) stays what it is: such neighbours are listed in
`lexicon/neighbours.yaml`.
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
# Nothing in its lists tells a name from a slip of another, unless the word is longer.
_SHORTEST_NAME = 4

# How likely a slip is, the likeliest first.
_SWAPPED_OR_DOUBLED, _MISSING, _ADDED, _EXCHANGED = range(4)
_NO_SLIP = 9
_IMPOSSIBLE = 9


def mended(words: Sequence[Word], known: Lexicon) -> tuple[list[Word], tuple[Correction, ...]]:
    """Words with slips mended, each where it stood, and what was mended."""
    result: list[Word] = []
    corrections = []
    for index, word in enumerate(words):
        meant = _meant(word, result, words[index + 1 : index + 2], known)
        if meant is not None:
            corrections.append(Correction(word.text, meant, word.start))
            word = replace(word, text=meant)
        result.append(word)
    return result, tuple(corrections)


def _meant(word: Word, before: Sequence[Word], after: Sequence[Word], known: Lexicon) -> str | None:
    said = word.text
    if (
        len(said) < _SHORTEST_SAID
        or word.glued
        or word.quoted
        or not said.isalpha()
        or known.is_word(said)
    ):
        return None
    starts = not before or before[-1].is_mark or before[-1].text in known.before_verbs
    ranked: dict[tuple[int, int], list[str]] = {}
    for candidate in _candidates(said, known):
        slip = _slip(said, candidate)
        # Where no step begins no verb is meant: a "slider" is not to slide.
        if slip == _NO_SLIP or (candidate in known.verb_words and not starts):
            continue
        misfit = _misfit(candidate, before, after, known, starts)
        if misfit < _IMPOSSIBLE:
            ranked.setdefault((slip, misfit), []).append(candidate)
    if not ranked:
        return None
    best = min(ranked)
    fitting = ranked[best]
    unsure = best[0] == _EXCHANGED and len(said) < _SHORTEST_EXCHANGED
    if len(fitting) > 1 and (unsure or all(c not in known.closed_words for c in fitting)):
        return None
    return min(fitting, key=lambda c: (c[0] != said[0], abs(len(c) - len(said)), c))


def _candidates(said: str, known: Lexicon) -> set[str]:
    """Listed words that may be meant, the plural of a name among them."""
    found = set(known.similar(said))
    if len(said) >= _SHORTEST_NAME:
        found |= known.similar_names(said)
        if said.endswith("s") and len(said) > _SHORTEST_NAME:
            found |= {f"{name}s" for name in known.similar_names(said[:-1])}
    return found


def _misfit(
    meant: str, before: Sequence[Word], after: Sequence[Word], known: Lexicon, starts: bool
) -> int:
    """How badly a word would stand there: from 0 to `_IMPOSSIBLE`."""
    following = after[0].text if after and not after[0].is_mark else ""
    named = meant not in known.closed_words or meant in known.noun_attributes
    if before and before[-1].text in known.determiners and not known.names_or_describes(meant):
        return _IMPOSSIBLE
    if following in known.determiners and not starts and meant not in known.closed_words:
        return _IMPOSSIBLE  # no name stands before "the"
    if following and (following in known.before_names or following in known.particles):
        return int((meant in known.verb_words) != starts)
    if following and known.may_be_named(following):
        # A name comes before a name less often than what is said of it.
        return 2 if meant in known.verb_words else int(named)
    if before and not starts and before[-1].text not in known.closed_words:
        return int(named)  # "the cup lft of"
    return int(not named)


def _slip(said: str, meant: str) -> int:
    """What kind of slip parts two words; `_NO_SLIP` for words with more than one between them."""
    longer, shorter = (said, meant) if len(said) > len(meant) else (meant, said)
    pairs = zip(longer, shorter, strict=False)
    place = next((i for i, (a, b) in enumerate(pairs) if a != b), len(shorter))
    if len(said) == len(meant):
        swapped = said[place + 1 : place + 2] + said[place : place + 1] == meant[place : place + 2]
        if swapped and said[place + 2 :] == meant[place + 2 :]:
            return _SWAPPED_OR_DOUBLED if len(meant) >= _SHORTEST_SAID else _NO_SLIP
        fits = place > 0 and len(meant) >= _SHORTEST_MEANT
        return _EXCHANGED if fits and said[place + 1 :] == meant[place + 1 :] else _NO_SLIP
    if place == 0 or len(longer) - len(shorter) > 1 or longer[place + 1 :] != shorter[place:]:
        return _NO_SLIP
    if longer[place] == longer[place - 1]:
        return _SWAPPED_OR_DOUBLED
    if len(meant) < _SHORTEST_MEANT:
        return _NO_SLIP
    return _MISSING if meant == longer else _ADDED
