"""Sloppy and roundabout wordings, put into the plain ones that the other lists know.

The wordings are those of `lexicon/rewrites.yaml`. Every word that is put in stands where the words
stood that it replaces, so that errors still point into the command as it was given.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from vlm_ros.language.lexicon import Lexicon
from vlm_ros.language.words import Word


def plain(words: Sequence[Word], known: Lexicon) -> list[Word]:
    """The words with every listed wording replaced, the longest first."""
    words = _chosen_from_last(words, known)
    texts = [word.text for word in words]
    result: list[Word] = []
    index = 0
    while index < len(words):
        said, meant = known.rewrite(texts, index)
        named = known.name_length(texts, index)
        if named > said or words[index].quoted:
            result += words[index : index + max(named, 1)]
            index += max(named, 1)
            continue
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


def _chosen_from_last(words: Sequence[Word], known: Lexicon) -> Sequence[Word]:
    """Puts what is chosen from behind what is chosen: "of the two cups, the left one"."""
    texts = [word.text for word in words]
    start = known.fronted_length(texts)
    if start == 0 or len(words) <= start + 1 or texts[start] not in known.before_names:
        return words
    marks = (place for place in range(start, len(words)) if words[place].is_mark)
    again = (place for place in range(start + 2, len(words)) if texts[place] == "the")
    end = next(marks, None) or next(again, None)
    chosen = [word for word in words[end:] if not word.is_mark] if end is not None else []
    if end is None or not chosen or (texts[0] in {"from", "between"} and "and" in texts[:end]):
        return words
    of = replace(words[0], text="of")
    heads = [place for place, word in enumerate(chosen) if word.text in {"one", "ones"}]
    behind = heads[0] + 1 if heads else len(chosen)
    return [*chosen[:behind], of, *words[start:end], *chosen[behind:]]
