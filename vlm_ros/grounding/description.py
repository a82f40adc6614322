"""What a phrase says of one thing, apart: its name, its attributes, its parts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from vlm_ros.language.lexicon import lexicon

# "A pair of pliers", "a roll of tape": what is said is what follows.
_MEASURES = frozenset(
    {"pair", "bunch", "piece", "slice", "set", "stack", "pile", "heap", "couple", "roll", "reel"}
    | {"sheet", "loaf", "bar", "ball", "block", "stick", "strip", "head", "wedge", "chunk", "cube"}
)
# "Half full" is neither full nor empty; what is "almost empty" is called empty.
_PARTLY, _NEARLY = frozenset({"half", "partly"}), frozenset({"almost", "mostly", "slightly"})
# What is half full is neither full nor empty; what is half striped is striped.
_PARTED = frozenset({"content", "opening"})
# Words after an attribute that say nothing more: "floral pattern".
_ATTRIBUTE_NOUNS = frozenset(
    {"pattern", "design", "print", "colour", "color", "coloured", "colored"}
)

# The group and the basic word of what is no listed attribute.
_UNLISTED = ("", "")


@dataclass(frozen=True)
class Description:
    """What a text says of one thing, apart.

    Attributes:
        noun: the name, singular; "" where only attributes are said.
        attributes: listed ones, e.g. ("light blue", "wooden").
        parts: what follows "with".
        name: all that comes before "with", in plain words.
        whole: the noun with attributes that are its own: "orange soda can" of a can of orange soda.
    """

    noun: str
    attributes: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()
    name: str = field(default="", compare=False)
    whole: str = field(default="", compare=False)

    @property
    def head(self) -> str:
        """The noun without its modifiers."""
        return self.noun.rpartition(" ")[2]

    @property
    def modifiers(self) -> frozenset[str]:
        """The words of the noun before its head."""
        return frozenset(self.noun.split()[:-1])


def describe(text: str) -> Description:
    """Sorts the words of a phrase: "light blue coffee mug with red lid"."""
    whole, _, part = plain_words(text).partition(" with ")
    words = whole.split()
    attributes: list[str] = []
    index, free = 0, []
    while index < len(words):
        if index + 1 < len(words) and lexicon().kinds_of(_plain_noun(" ".join(words[index:]))):
            # A listed name is one whole: a "sticky note", "olive oil".
            free += words[index:]
            break
        length = _attribute_length(words, index)
        # The last word names the thing: an orange, a glass.
        if length and index + length < len(words):
            attributes.append(" ".join(words[index : index + length]))
            index += length
        else:
            free.append(words[index])
            index += 1
    while free and free[0] in {"and", "of", "the", "a", "an"}:
        free = free[1:]
    noun = " ".join(word for word in free if word != "and")
    parts = tuple(without_opening(p) for p in part.split(" and ") if p)
    whole_noun = _plain_noun(" ".join(words)) if " of " in noun else ""
    return Description(_plain_noun(noun), tuple(attributes), parts, " ".join(words), whole_noun)


def plain_words(text: str) -> str:
    """Lower case, words parted by single blanks, without numbering: "Red_Cup 2" -> "red cup"."""
    thing, _, rest = text.casefold().partition(",")
    if rest and lexicon().group_of(thing.strip()) is None:
        # "Cup, red" is a red cup; "white, striped towel" is as it should be.
        text = f"{rest} {thing}"
    words = re.sub(r"[_\-/,;:#]+", " ", text.casefold()).split()
    while len(words) > 1 and words[-1].isdigit():
        words = words[:-1]
    return " ".join(words)


def _plain_noun(noun: str) -> str:
    """The noun in the singular, "box of tissues" as "tissue box"."""
    head, of, rest = noun.partition(" of ")
    measured = bool(rest) and (lexicon().singular(head) or head) in _MEASURES
    if measured and lexicon().kinds_of(rest):
        return _plain_noun(rest)
    if lexicon().kinds_of(noun):
        return noun
    if of and head and rest:
        if measured:
            return _plain_noun(rest)
        noun = f"{lexicon().singular(rest) or rest} {head}"
    return lexicon().singular(noun) or noun


def listed_attributes(text: str) -> list[str]:
    """The attributes a text consists of: "black and white", "floral pattern"; or []."""
    words = text.split()
    if words[:2] == ["made", "of"]:
        words = words[2:]
    while len(words) > 1 and words[-1] in _ATTRIBUTE_NOUNS:
        words = words[:-1]
    found: list[str] = []
    index = 0
    while index < len(words):
        length = _attribute_length(words, index)
        if length:
            found.append(" ".join(words[index : index + length]))
        elif words[index] != "and":
            return []
        index += max(length, 1)
    return found


def _attribute_length(words: Sequence[str], index: int) -> int:
    """How many words from `index` on are one listed attribute, at most three."""
    for length in (3, 2, 1):
        if attribute_group(" ".join(words[index : index + length])) != _UNLISTED:
            return length
    return 0


def attribute_group(attribute: str) -> tuple[str, str]:
    """Group and basic word of an attribute; ("", "") where it is not listed."""
    degree, _, rest = attribute.partition(" ")
    if degree in _PARTLY | _NEARLY and (listed := lexicon().group_of(rest)) is not None:
        group, _ = listed
        return (group, "partly") if group in _PARTED and degree in _PARTLY else listed
    return lexicon().group_of(attribute) or _UNLISTED


def without_opening(text: str) -> str:
    """The words of a part without what leads to it: "with a red lid" -> "red lid"."""
    words = text.split()
    while words and words[0] in {"with", "has", "having", "a", "an", "the"}:
        words = words[1:]
    return " ".join(words)
