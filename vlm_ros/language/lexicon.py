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

FILES = (
    "attributes",
    "relations",
    "selectors",
    "verbs",
    "words",
    "nouns",
    "neighbours",
    "rewrites",
)


# Classes of which a noun phrase behind its determiner is made.
_NAMING = frozenset({"ATTRIBUTE", "ONE", "WORD", "NAME"})
_DESCRIBING = frozenset({"SUPERLATIVE", "PLACE", "ORDINAL", "QUANTITY", "OTHER", "INTENSIFIER"})
# Names with fewer letters are no slip of anything.
_SHORTEST_NAME = 3
# Two words written as one, such as "nextto", that a slip may be of.
_SHORTEST_MERGED = 6

_Rewrite = tuple[tuple[str, ...], tuple[str, ...]]


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
        containers: kinds that hold things, what is called by its contents apart.
        longest_name: how many words the longest name of a kind has.
    """

    def __init__(self, data: Mapping[str, Mapping[str, Any]]) -> None:
        """Indexes the parsed data files, keyed by file name without its ending."""
        attributes, relations, selectors, verbs, words, nouns, neighbours, rewrites = (
            data[name] for name in FILES
        )
        self._index: dict[tuple[str, ...], list[Entry]] = {}
        self._lengths: dict[str, list[int]] = {}
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
        self._suffixes = {
            "colour": frozenset(attributes["colour_suffixes"]),
            "size": frozenset(attributes["size_suffixes"]),
            "shape": frozenset(attributes["shape_suffixes"]),
        }
        self._look_suffixes = frozenset(attributes["look_suffixes"])
        self.open_suffixes = self._look_suffixes | frozenset(attributes["open_suffixes"])
        self.colour_prefixes = frozenset(attributes["colour_prefixes"])
        self.part_names = frozenset(nouns["parts"])
        self.parts_inside = frozenset(nouns["parts_inside"])
        self.unowned = frozenset(nouns["unowned"])
        self.inverses: dict[str, str] = relations["inverses"]
        self._hollow = frozenset(relations["hollow"])
        self._flat = frozenset(relations["flat"])
        self.units = frozenset(selectors["units"])
        self.noun_attributes = frozenset(attributes["also_nouns"])
        self._frame_suffixes = _longest_first(selectors["frame_suffixes"])
        self._surface_suffixes = _longest_first(selectors["surface_suffixes"])
        self._place_nouns = _longest_first(selectors["place_nouns"])
        self.particles = frozenset(verbs["particles"])
        self.closing_particles = frozenset(verbs["closing_particles"])
        self.noun_verbs = frozenset(verbs["also_nouns"])
        self.determined_verbs = frozenset(verbs["before_determiner"])
        self.gerunds = frozenset(
            gerund.partition(" ")[0]
            for phrasings in verbs["phrasings"].values()
            for gerund in _gerunds(phrasings)
        )
        self.verbs_with_destination = frozenset(verbs["with_destination"])
        self.verbs_with_marked_destination = frozenset(verbs["destination_only_with_to"])
        self.verbs_that_need_place = (
            self.verbs_with_destination - self.verbs_with_marked_destination
        )
        self.verbs_with_receiver = frozenset(verbs["with_receiver"])
        self.speakers = frozenset(verbs["speakers"])
        self.receivers = frozenset(verbs["receivers"])
        self.moving_verbs = frozenset(verbs["moving"])
        self.only_before_noun = frozenset(relations["only_before_noun"])
        self.surfaces = frozenset(relations["surfaces"])
        self.plural_only = frozenset(words["plural_only"])
        self.fronted = _longest_first(words["fronted"])
        self.hesitations = frozenset(words["hesitations"])
        self.users = frozenset(words["users"])
        self.modals = frozenset(words["modals"])
        self.preambles = frozenset(words["preambles"])
        self.hinges = _longest_first(words["hinges"])
        self._irregular_plurals: dict[str, str] = words["irregular_plurals"]
        self._plural_names: dict[str, str] = {f"{name}s": name for name in words["names"]}
        senses: dict[str, set[str]] = {}
        for kind, others in nouns["kinds"].items():
            for name in (kind, *others):
                senses.setdefault(name, set()).add(kind)
        self._kinds = {name: frozenset(kinds) for name, kinds in senses.items()}
        categories: Mapping[str, Sequence[str]] = nouns["categories"]
        self._categories = {
            word: frozenset(_members(word, categories, nouns["kinds"])) for word in categories
        }
        self.longest_name = max(len(name.split()) for name in (*self._kinds, *self._categories))
        self._packed = frozenset(nouns["packed"])
        self.containers = (self.kinds_of("container") | self.kinds_of("vessel")) - self._packed
        self._lookalikes = [frozenset(group) for group in nouns["lookalikes"]]
        # Once each, in the order that decides between readings of the same length.
        listed = list(dict.fromkeys(self._entries(attributes, relations, selectors, verbs, words)))
        for entry in listed:
            self._index.setdefault(entry.words, []).append(entry)
        for first, *rest in self._index:
            self._lengths.setdefault(first, []).append(1 + len(rest))
        self._lengths = {w: sorted({*n}, reverse=True) for w, n in self._lengths.items()}
        others = {w for e in listed if e.kind != "VERB" for w in e.words}
        self.verb_words = frozenset(e.words[0] for e in listed if e.kind == "VERB") - others
        self.before_verbs = frozenset(
            e.words[-1] for e in listed if e.kind in {"OPENER", "AND", "SEP"}
        )
        closed = {w for e in listed if e.kind != "NAME" for w in e.words}
        closed |= self.shades | self.particles
        merged = {said for said in rewrites if len(said) >= _SHORTEST_MERGED and said.isalpha()}
        self.closed_words = frozenset(closed | merged)
        self.before_names = frozenset(
            e.words[0] for e in listed if e.kind in {"DET", "PRONOUN", "QUANTITY"}
        )
        self.determiners = frozenset(
            e.words[0] for e in listed if e.kind == "DET" and len(e.words) == 1
        )
        self._named = frozenset(w for e in listed if e.kind in _NAMING for w in e.words)
        self._describing = self._named.union(
            *(e.words for e in listed if e.kind in _DESCRIBING), self.shades
        )
        self._similar = _by_deletion(self.closed_words)
        self._rewrites = _by_first_word(rewrites)
        names = (*self.part_names, *self._kinds, *self._categories, *self._hollow, *self._flat)
        phrasings = (*names, *rewrites, *words["names"], *self.plural_only)
        real = {w for phrasing in phrasings for w in phrasing.split()} | self._suffix_words()
        spelled = {w for name in names for w in name.split() if w.isalpha()} - closed
        self._similar_names = _by_deletion(w for w in spelled if len(w) >= _SHORTEST_NAME)
        self._real_words = closed | real | frozenset(neighbours["words"])

    def _entries(
        self,
        attributes: Mapping[str, Any],
        relations: Mapping[str, Any],
        selectors: Mapping[str, Any],
        verbs: Mapping[str, Any],
        words: Mapping[str, Any],
    ) -> Iterator[Entry]:
        yield from _list("PARTICIPLE", relations["participles"])
        yield from _list("PARTICIPLE", relations["events"])
        for head in relations["event_heads"]:
            yield from _list("PARTICIPLE", [f"{head} {verb}" for verb in relations["event_verbs"]])
        for word in self._basics:
            yield Entry("ATTRIBUTE", self._spellings.get(word, word), _split(word))
        yield from _table("RELATION", relations["phrasings"])
        for pair, names in relations["diagonals"].items():
            for form in relations["diagonal_forms"]:
                yield from _list("DIAGONAL", [form.replace("NAME", n) for n in names], pair)
        yield from _table("APART", relations["apart"])
        yield from _table("BESIDE_IT", relations["beside_it"])
        yield from _list("CLAUSE", relations["clause_openers"])
        yield from _list("PLACE_CLAUSE", relations["place_clause_openers"])
        yield from _list("MUTUAL", relations["mutual"])
        yield from _table("TO", relations["goals"])
        yield from _table("SUPERLATIVE", selectors["superlatives"])
        yield from _table("EXTREME", selectors["extremes"])
        yield from self._sides(selectors)
        yield from _table("DIRECTION", selectors["directions"])
        yield from _table("QUANTITY", selectors["quantities"])
        yield from _list("PAIR", selectors["pairs"], "2")
        for word, number in selectors["ordinals"].items():
            yield Entry("ORDINAL", number, _split(word))
        for verb, phrasings in verbs["phrasings"].items():
            yield from _list("VERB", phrasings, verb)
            gerunds = _gerunds(phrasings)
            yield from _list("VERB", gerunds, verb)
            for moment in ("before", "after", "while", "when"):
                yield from _list("CONDITION", [f"{moment} {gerund}" for gerund in gerunds])
        yield from _table("WORD", words["things"])
        for name in words["names"]:
            yield Entry("NAME", name, _split(name))
            yield Entry("NAME", f"{name}s", _split(f"{name}s"))
        yield from _table("OTHER", words["other"])
        yield from _table("REPAIR", words["repairs"])
        yield from _table("PURPOSE", words["purposes"])
        yield from _list("FILLER", words["hesitations"])
        yield from _table("PARTED", attributes["parted"])
        yield from _table("LACKING", attributes["lacking"])
        for kind, key in _WORD_CLASSES.items():
            yield from _list(kind, words[key])
        for head in words["courtesy_heads"]:
            courtesies = [f"{head} {tail}" for tail in words["courtesy_tails"]]
            yield from _list("OPENER", courtesies)
            yield from _list("FILLER", courtesies)

    @staticmethod
    def _sides(selectors: Mapping[str, Any]) -> Iterator[Entry]:
        """Places of the image, before the noun (PLACE) and after it (SIDE)."""
        trailing = frozenset(selectors["trailing"])
        for axis, names in selectors["sides"].items():
            yield from _list("SIDE", names, axis)
            for prefix in selectors["prefixes"]:
                yield from _list("SIDE", [f"{prefix} {name}" for name in names], axis)
        for axis, names in selectors["adverbs"].items():
            yield from _list("SIDE", names, axis)
        for axis, forms in selectors["viewer_forms"].items():
            for form in forms:
                viewers = selectors["viewers"]
                yield from _list("EXTREME", [form.replace("VIEWER", v) for v in viewers], axis)
        for place, names in selectors["places"].items():
            yield from _list("SIDE", [n for n in names if _trails(n, trailing)], place)
            yield from _list("PLACE", names, place)
            for prefix in selectors["prefixes"]:
                yield from _list("SIDE", [f"{prefix} {name}" for name in names], place)

    def _suffix_words(self) -> frozenset[str]:
        return self._look_suffixes.union(self.colour_prefixes, *self._suffixes.values())

    def rewrite(self, words: Sequence[str], start: int) -> tuple[int, tuple[str, ...]]:
        """How many words at `start` are a wording to be replaced, and by what; 0 for none."""
        for said, meant in self._rewrites.get(words[start], ()):
            if said == tuple(words[start : start + len(said)]):
                return len(said), meant
        return 0, ()

    def matches(self, words: Sequence[str], start: int) -> Iterator[Entry]:
        """Entries whose words stand at `start`, longest first."""
        for length in self._lengths.get(words[start], ()):
            if start + length <= len(words):
                yield from self._index.get(tuple(words[start : start + length]), ())

    def group_of(self, attribute: str) -> tuple[str, str] | None:
        """Group and basic word of an attribute, shades included; None where it is not listed."""
        shade, _, colour = attribute.partition(" ")
        if attribute not in self._basics and shade in self.shades:
            return self._basics.get(colour)
        return self._basics.get(attribute)

    def name_length(self, words: Sequence[str], start: int) -> int:
        """Number of words of the listed name that stands at `start`; 0 for none."""
        names = (len(e.words) for e in self.matches(words, start) if e.kind == "NAME")
        return next(names, 0)

    def fronted_length(self, words: Sequence[str]) -> int:
        """Number of words that begin what is chosen from: "of" in "of the two, the left one"."""
        return _length_at(self.fronted, words, 0)

    def hinge_length(self, words: Sequence[str], start: int) -> int:
        """Number of words at `start` that end the preamble of a request; 0 for none."""
        return _length_at(self.hinges, words, start)

    def place_tail(self, place: Entry, words: Sequence[str], start: int) -> int:
        """Number of words at `start` that say no more of a place: "corner of the image"."""
        noun = _length_at(self._place_nouns, words, start)
        frame = _length_at(self._frame_suffixes, words, start + noun)
        on_it = place.value == "top" and place.words[0] == "on"
        if not (frame or on_it) and (noun or "the" in place.words or "-" in place.value):
            # "Left of the table" is beside it, "on top of the table" on it.
            frame = _length_at(self._surface_suffixes, words, start + noun)
        after = start + noun + frame
        # "At the bottom of the stack of plates"
        return noun if tuple(words[after : after + 1]) == ("of",) else noun + frame

    def is_suffix(self, word: str, attribute: str) -> bool:
        """Whether a word after an attribute says nothing more: "red coloured", "odd looking"."""
        group = self.group_of(attribute)
        kind = "colour" if attribute in self.shades else group[0] if group is not None else ""
        return word in self._look_suffixes or word in self._suffixes.get(kind, ())

    def holds(self, noun: str) -> bool:
        """Whether things are rather in than on what a noun names: a drawer, a bowl."""
        return self._among(noun, self._hollow)

    def bears(self, noun: str) -> bool:
        """Whether things are rather on than in what a noun names: a plate, a table."""
        return self._among(noun, self._flat)

    def _among(self, noun: str, names: frozenset[str]) -> bool:
        return noun in names or noun.split(" ")[-1] in names or bool(self.kinds_of(noun) & names)

    def contrasts(self, attribute: str) -> tuple[str, ...]:
        """The basic words that exclude an attribute: red -> orange, yellow, ...; () if unlisted."""
        found = self.group_of(attribute)
        if found is None:
            return ()
        group, basic = found
        return tuple(w for w in self.attribute_groups.get(group, ()) if w != basic)

    def kinds_of(self, noun: str) -> frozenset[str]:
        """The kinds of thing a noun is said of: cutlery -> {fork, ...}, knife -> {knife, ...}; {}.

        Narrower kinds that go by the name are among them: a cleaver is a knife.
        """
        return self.named_kinds(noun) | self._categories.get(noun, frozenset())

    def named_kinds(self, noun: str) -> frozenset[str]:
        """The kinds a noun is a name of: mug -> {cup}, nut -> {nut, peanut}, cutlery -> {}."""
        return self._kinds.get(noun, frozenset())

    def is_packed(self, noun: str) -> bool:
        """Whether a listed noun is mostly seen as its pack, as milk is as its carton."""
        return bool(self.named_kinds(noun) & self._packed)

    def other_kinds(self, noun: str) -> tuple[str, ...]:
        """What a thing of a listed kind might be mistaken for: cup -> can, glass, ...; or ()."""
        kinds = self._kinds.get(noun, frozenset())
        alike: frozenset[str] = frozenset().union(*(g for g in self._lookalikes if kinds & g))
        return tuple(sorted(alike - kinds))

    def is_word(self, word: str) -> bool:
        """Whether a word, or its singular, is listed anywhere or a known neighbour of a listed."""
        return word in self._real_words or (self.singular(word) or word) in self._real_words

    def may_be_named(self, word: str) -> bool:
        """Whether a word may be of a noun phrase, behind its determiner."""
        return word not in self.closed_words or word in self._named

    def names_or_describes(self, word: str) -> bool:
        """Whether a word may follow a determiner."""
        return word not in self.closed_words or word in self._describing

    def similar(self, word: str) -> frozenset[str]:
        """Listed words, names aside, that one or two letters tell from a word."""
        return _found(self._similar, word)

    def similar_names(self, word: str) -> frozenset[str]:
        """Words of listed names of things that one or two letters tell from a word."""
        return _found(self._similar_names, word)

    def singular(self, noun: str) -> str | None:
        """The singular of a plural noun, by its last word; None for what is not a plural."""
        if noun in self._plural_names:
            return self._plural_names[noun]
        *before, last = noun.split(" ")
        if before and (whole := _regular_singular(last)) is not None:
            compound = " ".join((*before, whole))
            if compound in self._kinds:  # "wine glasses"
                return compound
        if noun in self.plural_only or last in self.plural_only:
            return None
        single = self._irregular_plurals.get(last)
        if single is None and last.endswith("ses") and last[:-2] in self._kinds:
            single = last[:-2]  # "thermoses"
        single = single or _regular_singular(last)
        if (
            last in self._kinds
            and last not in self._irregular_plurals
            and single not in self._kinds
        ):
            return None  # "thermos", "headphones"
        return None if single is None else " ".join((*before, single))


# "Fuses" and "excuses" lose one letter only.
_SHORTEST_LATIN = 7

_ATTRIBUTE_SETTINGS = frozenset(
    {"shades", "colour_suffixes", "size_suffixes", "shape_suffixes", "look_suffixes"}
    | {"open_suffixes"}
    | {"colour_prefixes", "parted", "lacking", "also_nouns", "spellings", "others"}
)

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
    "UNNAMED": "unnamed",
    "WHOSE": "whose",
    "THAT_IS": "that_is",
    "THAT_IS_NOT": "that_is_not",
    "NOT": "not",
    "INSTEAD": "instead",
    "EXCEPT": "except",
    "MADE_OF": "made_of",
    "CHOICE": "choice",
    "FORBIDDING": "forbidding",
    "NO_THING": "no_things",
    "THAN": "than",
    "OTHERS": "others",
    "ELSE": "else",
    "OPENER": "openers",
    "FILLER": "fillers",
    "VIEWER": "viewer",
    "ADDRESS": "addresses",
    "CONDITION": "conditions",
    "INTENSIFIER": "intensifiers",
}


_NO_ACTS = frozenset(
    {"i", "i'd", "i'm", "can", "could", "may", "do", "are", "is", "there", "here", "what", "what's"}
    | {"where", "where's", "wheres", "which", "gimme"}
)


def _members(
    word: str, categories: Mapping[str, Sequence[str]], kinds: Mapping[str, Sequence[str]]
) -> Iterator[str]:
    """The kinds of a category, those of the categories in it included."""
    for member in categories[word]:
        if member in kinds:
            yield member
        if member in categories:
            yield from _members(member, categories, kinds)


def _longest_first(phrases: Iterable[str]) -> tuple[tuple[str, ...], ...]:
    return tuple(sorted(map(_split, phrases), key=lambda words: -len(words)))


def _length_at(phrases: Sequence[tuple[str, ...]], words: Sequence[str], start: int) -> int:
    """Length of the longest of the phrases that stands at `start`; 0 for none."""
    found = (p for p in phrases if p == tuple(words[start : start + len(p)]))
    return len(next(found, ()))


def _trails(name: str, trailing: frozenset[str]) -> bool:
    """Whether a place may stand right behind a noun: "cup bottom left", "cup left"."""
    return name in trailing or name in {"left", "right"} or len(name.split()) > 1


def _split(phrase: str) -> tuple[str, ...]:
    return tuple(phrase.split())


def _list(kind: str, phrases: Iterable[str], value: str = "") -> Iterator[Entry]:
    for phrase in phrases:
        yield Entry(kind, value or phrase, _split(phrase))


def _table(kind: str, table: Mapping[str, Iterable[str]]) -> Iterator[Entry]:
    for value, phrases in table.items():
        yield from _list(kind, phrases, value)


def _gerunds(phrasings: Iterable[str]) -> list[str]:
    """The gerunds of verbs; "I can see" and the like are no acts to mind doing."""
    return [_gerund(p) for p in phrasings if p.partition(" ")[0] not in _NO_ACTS]


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


def _by_deletion(words: Iterable[str]) -> dict[str, list[str]]:
    """The words behind each of their deletions."""
    found: dict[str, list[str]] = {}
    for word in sorted(words):
        for key in _deletions(word):
            found.setdefault(key, []).append(word)
    return found


def _found(words: Mapping[str, Iterable[str]], word: str) -> frozenset[str]:
    """What stands behind a word and behind each of its deletions."""
    return frozenset(listed for key in _deletions(word) for listed in words.get(key, ()))


def _by_first_word(rewrites: Mapping[str, str]) -> dict[str, list[_Rewrite]]:
    """Wordings and what they stand for behind their first word, the longest first."""
    found: dict[str, list[_Rewrite]] = {}
    for said in sorted(rewrites, key=lambda said: -len(said.split())):
        words = _split(said)
        found.setdefault(words[0], []).append((words, _split(rewrites[said])))
    return found


def _regular_singular(word: str) -> str | None:
    if len(word) < 4 or not word.endswith("s") or "'" in word or word.endswith(("ss", "us", "is")):
        return None
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if len(word) > _SHORTEST_LATIN and word.endswith("uses") and word[-5] not in "aeiou":
        return word[:-2]  # "cactuses"
    if word.endswith(("sses", "shes", "ches", "xes", "zes")):
        return word[:-2]
    return word[:-1]


@lru_cache(maxsize=1)
def lexicon() -> Lexicon:
    """The package's lexicon, read once."""
    # Every scalar stays a string: to YAML 1.1, a bare "on" is a boolean.
    base_loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
    folder = files(__package__) / "lexicon"
    return Lexicon(
        {
            name: yaml.load((folder / f"{name}.yaml").read_text("utf-8"), base_loader)
            for name in FILES
        }
    )
