"""Phrases, relations and numbers in words, for reasons and questions."""

from __future__ import annotations

from collections.abc import Sequence

from vlm_ros.language.command import Phrase
from vlm_ros.language.lexicon import lexicon

_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
# Words that begin like these begin with a consonant when spoken.
_SPOKEN_YOU = ("us", "ut", "uk", "uni")
# What is said of a thing that stands in a relation, where the name of the relation is no words.
_RELATIONS = {
    "supports": "with {} on it",
    "contains": "with {} in it",
    "part_of": "that is part of {}",
    "nearest_to_each_other": "close to each other",
}


def named(phrase: Phrase) -> str:
    """What a phrase names: "red cup", "red or blue cup", "cup or mug"."""
    groups = [" or ".join(group) for group in phrase.any_of]
    return " or ".join([" ".join([*groups, phrase.text]), *phrase.or_nouns])


def several(phrase: Phrase) -> str:
    """What a phrase names, said of several: "red cups", "bottles of water"."""
    nouns = [phrase.noun, *phrase.or_nouns]
    name = named(phrase)
    for noun in nouns:
        name = name.replace(noun, _plural(noun)) if _has_singular(phrase) else name
    return name


def indefinite(phrase: Phrase) -> str:
    """What a phrase names, with its article where it takes one: "an apple", "scissors"."""
    name = named(phrase)
    if not _has_singular(phrase):
        return name
    vowel = name[:1] in "aeiou" and not name.startswith(_SPOKEN_YOU)
    return f"an {name}" if vowel else f"a {name}"


def related(predicate: str, anchors: Sequence[str]) -> str:
    """A relation said of a thing: "left of the plate", "with the apple on it"."""
    plain = predicate.removeprefix("not_")
    words = _RELATIONS.get(plain, f"{plain.replace('_', ' ')} {{}}").format(" and ".join(anchors))
    return words if plain == predicate else f"not {words}"


def definite(anchor: Phrase) -> str:
    """What an anchor is called: "the red cup", "the three eggs" as "three eggs"."""
    count = max([1, *(s.count for s in anchor.selectors if s.kind == "quantity")])
    if count == 1:
        return f"the {named(anchor)}"
    return f"{number(count)} {several(anchor)}"


def there_is(phrase: Phrase) -> str:
    """Says "there is a cup", "there are scissors"."""
    return f"there {_is(phrase)} {indefinite(phrase)}"


def it_is(phrase: Phrase) -> str:
    """Says "it is", of scissors "they are"."""
    return "it is" if _has_singular(phrase) else "they are"


def none_seen(phrase: Phrase, noun: str) -> str:
    """Says "no cup is seen", "no scissors are seen"."""
    return f"no {noun} {_is(phrase)} seen"


def listed(words: Sequence[str]) -> str:
    """Words in a row: "red, blue and green"."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def number(count: int) -> str:
    """A small number in words."""
    return _NUMBERS[count] if count < len(_NUMBERS) else str(count)


def _plural(noun: str) -> str:
    head, of, rest = noun.partition(" of ")
    if head.endswith(("fe", "lf", "af")):
        plural = head.removesuffix("e")[:-1] + "ves"
    elif head.endswith("y") and head[-2:-1] not in "aeiou":
        plural = head[:-1] + "ies"
    else:
        plural = head + ("es" if head.endswith(("s", "x", "ch", "sh", "z")) else "s")
    return plural + of + rest


def _is(phrase: Phrase) -> str:
    return "is" if _has_singular(phrase) else "are"


def _has_singular(phrase: Phrase) -> bool:
    """Whether it names one thing: "cup", not "scissors" or "glasses"."""
    last = phrase.noun.rpartition(" ")[2]
    return not last.endswith("s") or last.endswith("ss") or lexicon().singular(last) is not None
