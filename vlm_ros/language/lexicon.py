"""The closed-class words and the attributes, read from the data files in `lexicon/`.

Everything not listed there is an open-class word: a noun or a modifier by its position.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

import yaml

FILES = ("attributes", "relations", "selectors", "verbs", "words", "nouns", "neighbours")


@dataclass(frozen=True)
class Entry:
    """One meaning of a listed word or group of words.

    Attributes:
        kind: the class of the words, e.g. "RELATION"; see `Lexicon`.
        value: what they stand for, e.g. "left_of".
        words: the words themselves.
    """

    kind: str
    value: str
    words: tuple[str, ...]


class Lexicon:
    """Every listed phrasing, found by its first word; longer phrasings come first.

    Attributes:
        attribute_groups: group ("colour") -> basic words, which exclude one another.
        surfaces: nouns of what a whole scene stands on.
    """

    def __init__(self, data: Mapping[str, Mapping[str, Any]]) -> None:
        """Indexes the parsed data files, keyed by file name without its ending."""
        attributes, relations, selectors, verbs, words, nouns, neighbours = (
            data[name] for name in FILES
        )
        self._index: dict[str, list[Entry]] = {}
        groups = {k: v for k, v in attributes.items() if k not in _ATTRIBUTE_SETTINGS}
        self.attribute_groups: dict[str, tuple[str, ...]] = {
            group: tuple(members) for group, members in groups.items()
        }
        self._basics = {
            word: (group, basic)
            for group, members in groups.items()
            for basic, others in members.items()
            for word in (basic, *others)
        }
        for word in attributes["others"]:
            self._basics[word] = (word, word)
        self._spellings: dict[str, str] = attributes["spellings"]
        self.shades = frozenset(attributes["shades"])
        self.colour_suffixes = frozenset(attributes["colour_suffixes"])
        self.noun_attributes = frozenset(attributes["also_nouns"])
        self.frame_suffixes = frozenset(_split(p) for p in selectors["frame_suffixes"])
        self.particles = frozenset(verbs["particles"])
        self.noun_verbs = frozenset(verbs["also_nouns"])
        self.verbs_with_destination = frozenset(verbs["with_destination"])
        self.verbs_with_marked_destination = frozenset(verbs["destination_only_with_to"])
        self.moving_verbs = frozenset(verbs["moving"])
        self.only_before_noun = frozenset(relations["only_before_noun"])
        self.surfaces = frozenset(relations["surfaces"])
        self._plural_only = frozenset(words["plural_only"])
        self._irregular_plurals: dict[str, str] = words["irregular_plurals"]
        self._kinds = {
            name: frozenset({kind})
            for kind, others in nouns["kinds"].items()
            for name in (kind, *others)
        }
        self._categories = {word: frozenset(of) for word, of in nouns["categories"].items()}
        self._lookalikes = [frozenset(group) for group in nouns["lookalikes"]]
        for entry in self._entries(relations, selectors, verbs, words):
            self._index.setdefault(entry.words[0], []).append(entry)
        for entries in self._index.values():
            entries.sort(key=lambda entry: -len(entry.words))
        listed = [entry for entries in self._index.values() for entry in entries]
        others = {w for e in listed if e.kind != "VERB" for w in e.words}
        self.verb_words = frozenset(e.words[0] for e in listed if e.kind == "VERB") - others
        self.before_verbs = frozenset(
            w for e in listed if e.kind in {"OPENER", "AND", "SEP"} for w in e.words
        )
        closed = {w for e in listed for w in e.words} | self.shades | self.particles
        self._similar: dict[str, list[str]] = {}
        for word in sorted(closed):
            for key in _deletions(word):
                self._similar.setdefault(key, []).append(word)
        nouns_listed = {w for name in (*self._kinds, *self._categories) for w in name.split()}
        self._real_words = closed | nouns_listed | frozenset(neighbours["words"])

    def _entries(
        self,
        relations: Mapping[str, Any],
        selectors: Mapping[str, Any],
        verbs: Mapping[str, Any],
        words: Mapping[str, Any],
    ) -> Iterator[Entry]:
        for word in self._basics:
            yield Entry("ATTRIBUTE", self._spellings.get(word, word), _split(word))
        yield from _table("RELATION", relations["phrasings"])
        for pair, names in relations["diagonals"].items():
            for form in relations["diagonal_forms"]:
                yield from _list("DIAGONAL", [form.replace("NAME", n) for n in names], pair)
        yield from _list("APART", relations["apart"], "on")
        yield from _table("TO", relations["goals"])
        yield from _list("PARTICIPLE", relations["participles"])
        yield from _table("SUPERLATIVE", selectors["superlatives"])
        yield from _table("EXTREME", selectors["extremes"])
        yield from _list("SIDE", ["left"], "left")
        yield from _list("SIDE", ["right"], "right")
        yield from _table("PLACE", selectors["places"])
        for table in (selectors["sides"], selectors["places"]):
            for value, names in table.items():
                for prefix in selectors["prefixes"]:
                    yield from _list("SIDE", [f"{prefix} {name}" for name in names], value)
        yield from _table("DIRECTION", selectors["directions"])
        yield from _table("QUANTITY", selectors["quantities"])
        for word, number in selectors["ordinals"].items():
            yield Entry("ORDINAL", number, _split(word))
        for verb, phrasings in verbs["phrasings"].items():
            yield from _list("VERB", phrasings, verb)
            # "I can see" and the like are no acts to mind doing.
            acts = (p for p in phrasings if p.partition(" ")[0] not in _NO_ACTS)
            yield from _list("VERB", map(_gerund, acts), verb)
        yield from _table("WORD", words["things"])
        for kind, key in _WORD_CLASSES.items():
            yield from _list(kind, words[key])

    def matches(self, words: Sequence[str], start: int) -> Iterator[Entry]:
        """Entries whose words stand at `start`, longest first."""
        for entry in self._index.get(words[start], ()):
            if entry.words == tuple(words[start : start + len(entry.words)]):
                yield entry

    def group_of(self, attribute: str) -> tuple[str, str] | None:
        """Group and basic word of an attribute, shades included; None where it is not listed."""
        shade, _, colour = attribute.partition(" ")
        if attribute not in self._basics and shade in self.shades:
            return self._basics.get(colour)
        return self._basics.get(attribute)

    def contrasts(self, attribute: str) -> tuple[str, ...]:
        """The basic words that exclude an attribute: red -> orange, yellow, ...; () if unlisted."""
        found = self.group_of(attribute)
        if found is None:
            return ()
        group, basic = found
        return tuple(w for w in self.attribute_groups.get(group, ()) if w != basic)

    def kinds_of(self, noun: str) -> frozenset[str]:
        """The kinds of thing a noun is said of: mug -> {cup}, cutlery -> {fork, ...}; {}."""
        return self._kinds.get(noun) or self._categories.get(noun) or frozenset()

    def other_kinds(self, noun: str) -> tuple[str, ...]:
        """What a thing of a listed kind might be mistaken for: cup -> can, glass, ...; or ()."""
        kinds = self._kinds.get(noun, frozenset())
        alike: frozenset[str] = frozenset().union(*(g for g in self._lookalikes if kinds & g))
        return tuple(sorted(alike - kinds))

    def is_word(self, word: str) -> bool:
        """Whether a word, or its singular, is listed anywhere or a known neighbour of a listed."""
        return word in self._real_words or (self.singular(word) or word) in self._real_words

    def similar(self, word: str) -> frozenset[str]:
        """Listed words that one or two letters tell from a word."""
        found = (self._similar.get(key, ()) for key in _deletions(word))
        return frozenset(listed for words in found for listed in words)

    def singular(self, noun: str) -> str | None:
        """The singular of a plural noun, by its last word; None for what is not a plural."""
        *before, last = noun.split(" ")
        if noun in self._plural_only or last in self._plural_only:
            return None
        single = self._irregular_plurals.get(last) or _regular_singular(last)
        return None if single is None else " ".join((*before, single))


_ATTRIBUTE_SETTINGS = frozenset({"shades", "colour_suffixes", "also_nouns", "spellings", "others"})

# Terminal of the grammar (or class the lexer resolves) -> its list in words.yaml.
_WORD_CLASSES = {
    "DET": "determiners",
    "PRONOUN": "pronouns",
    "ONE": "generic_nouns",
    "AND": "and",
    "SEP": "then",
    "OF": "of",
    "WITH": "with",
    "LABELLED": "labelled",
    "WITHOUT": "without",
    "UNIVERSAL": "universal",
    "EXISTENTIAL": "existential",
    "WHOSE": "whose",
    "THAT_IS": "that_is",
    "THAT_IS_NOT": "that_is_not",
    "NOT": "not",
    "EXCEPT": "except",
    "MADE_OF": "made_of",
    "CHOICE": "choice",
    "OPENER": "openers",
    "FILLER": "fillers",
    "INTENSIFIER": "intensifiers",
}


_NO_ACTS = frozenset(
    {"i", "i'd", "i'm", "can", "could", "may", "do", "are", "is", "there", "here", "what", "what's"}
    | {"where", "where's", "wheres", "which", "gimme"}
)


def _split(phrase: str) -> tuple[str, ...]:
    return tuple(phrase.split())


def _list(kind: str, phrases: Iterable[str], value: str = "") -> Iterator[Entry]:
    for phrase in phrases:
        yield Entry(kind, value or phrase, _split(phrase))


def _table(kind: str, table: Mapping[str, Iterable[str]]) -> Iterator[Entry]:
    for value, phrases in table.items():
        yield from _list(kind, phrases, value)


def _gerund(phrasing: str) -> str:
    """The form after "would you mind": "pick up" -> "picking up"."""
    verb, space, rest = phrasing.partition(" ")
    if verb.endswith("e") and not verb.endswith("ee"):
        verb = verb[:-1]
    elif len(verb) > 2 and verb[-1] in "bgmnpt" and [c in "aeiou" for c in verb].count(True) == 1:
        verb += verb[-1] if verb[-2] in "aeiou" else ""
    return f"{verb}ing{space}{rest}"


def _deletions(word: str) -> Iterator[str]:
    """The word, and the word with each letter left out.

    Words one slip apart share one of these (W. Garbe's symmetric delete spelling correction).
    """
    yield word
    for place in range(len(word)):
        yield word[:place] + word[place + 1 :]


def _regular_singular(word: str) -> str | None:
    if len(word) < 4 or not word.endswith("s") or "'" in word or word.endswith(("ss", "us", "is")):
        return None
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("sses", "shes", "ches", "xes", "zes")):
        return word[:-2]
    return word[:-1]


@lru_cache(maxsize=1)
def lexicon() -> Lexicon:
    """The package's lexicon, read once."""
    # Every scalar stays a string: to YAML 1.1, a bare "on" is a boolean.
    loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
    folder = files(__package__) / "lexicon"
    return Lexicon(
        {name: yaml.load((folder / f"{name}.yaml").read_text("utf-8"), loader) for name in FILES}
    )
