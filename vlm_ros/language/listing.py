"""Where another thing or another step begins though no word says so: "take cup put on table"."""

from __future__ import annotations

from collections.abc import Iterator

from lark import Token

from vlm_ros.language.lexicon import Entry
from vlm_ros.language.openings import Opening
from vlm_ros.language.readings import HEAD, NOMINAL, RELATING, SPECIFIER

# What a noun phrase may end with.
_ENDING = HEAD | {"SIDE", "EXTREME", "DIRECTION", "STRANDED", "MUTUAL"}
# Determiners that rather say more of the thing before: "the cup that ...", "the pen, its cap off".
_SAYING_MORE = frozenset({"that", "its"})
# Of which parts of a noun phrase that is no name it may consist besides.
_BEFORE_NAMES = SPECIFIER | (NOMINAL - {"WORD", "ONE"})


class Listing(Opening):
    """A walk that knows where things and steps are said one after the other."""

    # Things

    def lists_on(self, index: int) -> bool:
        """Whether another thing begins at `index`: by its article, or by what is said of it."""
        if self.previous() not in _ENDING or self.clause_open:
            return False
        kind = self.readings.leading_kind(index)
        value = next((v for k, v, _ in self.readings.at(index) if k == kind), None)
        if value is None:
            return False
        if kind in {"DET", "QUANTITY"}:
            return self._lists_determined(index) and not self.opens_clause(index)
        return kind == "ATTRIBUTE" and self._lists_described(value, index)

    def lists_after_comma(self, index: int) -> bool:
        """Whether the comma before `index` parts one thing from another."""
        kind = self.readings.leading_kind(index)
        more = "and" in self.texts[index + 1 :]
        if kind in {"DET", "QUANTITY"}:
            return self.previous() in HEAD and (more or self._lists_determined(index))
        addressed = any(
            e.kind == "ADDRESS" and self.readings.is_end(index + len(e.words))
            for e in (self.readings.entries(index) if kind is not None else ())
        )
        if self.previous() != "WORD" or kind not in {"WORD", "ATTRIBUTE"} or addressed:
            return False
        return self._names_listed() and self._listed_name(index) not in {"", *self.known.part_names}

    def _lists_determined(self, index: int) -> bool:
        if self.previous() in HEAD and not self._names_listed():
            return False  # "the man carries the cup"
        if self.texts[index] in _SAYING_MORE or self.is_apposition(index):
            return False
        if self.readings.leading_kind(index) == "QUANTITY" and not self._counts_on(index):
            return False
        if self.is_postposed(index + 1) or not self.readings.opens_phrase(index + 1):
            return False
        end = self._name_end(index)
        says_more = end < len(self.words) and self.readings.leading_kind(end) == "THAT_IS"
        if says_more and self.texts[end] not in {"that", "which", "who"}:
            return False  # "the cup the man is holding"
        more = "and" in self.texts[index + 1 :]
        verb = next((t for t in reversed(self.tokens) if t.type == "VERB"), None)
        if verb is not None and self._waits_for_receiver(verb):
            # "Give the man the cup" names who gets it.
            received = any(
                self.known.kinds_of(n) & self.known.receivers for n in self._names_said()
            )
            return more and not received
        return more or bool(self._listed_name(index))

    def _waits_for_receiver(self, verb: Token) -> bool:
        """Whether who gets the thing may come first: after "give", but not after "give me"."""
        said = self.text[verb.start_pos : verb.end_pos].casefold().split()
        return verb in self.known.verbs_with_receiver and said[-1] not in self.known.speakers

    def _counts_on(self, index: int) -> bool:
        """Whether "a knife" goes on after "a fork"; no "letter A block", no "size 2 battery"."""
        counted = any(token.type == "QUANTITY" for token in self._phrase_before())
        several = self.known.singular(self._listed_name(index)) is not None
        return counted and (several or self.texts[index] in {"a", "an"})

    def _phrase_before(self) -> Iterator[Token]:
        """The tokens of the noun phrase before, from the newest to its determiner."""
        for token in reversed(self.tokens):
            if token.type not in _BEFORE_NAMES | {"WORD", "ONE"}:
                return
            yield token

    def _lists_described(self, value: str, index: int) -> bool:
        """Whether "blue bowl" behind "red cup" is another thing: no "toy red car"."""
        name = self._listed_name(index)
        if not name or name in self.known.part_names or not self._names_listed():
            return False
        if value in self.known.noun_attributes:
            return False
        if any(self.known.kinds_of(f"{said} {name}") for said in self._names_said()):
            return False
        group = self.known.group_of(value)
        for token in self._phrase_before():
            said = self.known.group_of(token) if token.type == "ATTRIBUTE" else None
            if said is not None and group is not None and said[0] == group[0]:
                return True
        return self._is_telegraphic()

    def _names_said(self) -> list[str]:
        """The name that the newest tokens end with, the longest first: "coffee cup", "cup"."""
        words: list[str] = []
        for token in reversed(self.tokens):
            named = token.type == "WORD" or (not words and token in self.known.noun_attributes)
            if not named or len(words) >= self.known.longest_name:
                break
            words = [*token.split(), *words]
        return [" ".join(words[place:]) for place in range(len(words))]

    def _names_listed(self) -> bool:
        """Whether the newest token ends what a listed thing is called, or stands for a thing."""
        return self.previous() in {"ONE", "PRONOUN"} or any(
            map(self._is_listed, self._names_said())
        )

    def _is_listed(self, name: str) -> bool:
        return bool(self.known.kinds_of(self.known.singular(name) or name))

    def _name_end(self, index: int) -> int:
        """Where the words of the noun phrase that begins at `index` end, a verb at the latest."""
        place = index
        while self.readings.leading_kind(place) in _BEFORE_NAMES | {"WORD", "ONE"}:
            if place > index and self.readings.verb_at(place) is not None:
                break
            place += self.readings.longest(place)
        return place

    def _listed_name(self, index: int) -> str:
        """The listed name that ends the noun phrase at `index`; "" if none does."""
        end = self._name_end(index)
        begin = max(index, end - self.known.longest_name)
        names = (" ".join(self.texts[place:end]) for place in range(begin, end))
        return next(filter(self._is_listed, names), "")

    # Steps

    def runs_on(self, index: int) -> bool:
        """Whether the next step begins without a word between: "take the cup put it ..."."""
        if self.previous() not in _ENDING or self.clause_open:
            return False
        step = next((t for t in reversed(self.tokens) if t.type in {"VERB", "SEP"}), None)
        commanded = step is not None and step.type == "VERB"
        if self.texts[index] == "to" and commanded and self.readings.begins_step(index + 1):
            return True  # "use the sponge to wipe the table"
        verb = self.readings.verb_at(index)
        if verb is None:
            return False
        named = self.texts_at(index + len(verb.words)) in {"it", "them"}
        if (commanded or named) and self.readings.begins_step(index):
            return True
        return commanded and self._begins_bare_step(verb, index)

    def leaves_out(self, verb: Entry, after: int) -> bool:
        """Whether a step does not say what it is done to: what was named before is meant."""
        if self._ends_step(after):
            return verb.value != "find" and (len(verb.words) > 1 or not self.needs_place())
        following = self.readings.leading_kind(after)
        return (self.needs_place() and following in RELATING) or (
            verb.value in self.known.verbs_with_destination and following == "TO"
        )

    def _begins_bare_step(self, verb: Entry, index: int) -> bool:
        """Whether a verb goes on as in a telegram, with no article: "put on table", "give me"."""
        after = index + len(verb.words)
        first = verb.words[0]
        if first in self.known.noun_verbs | self.known.determined_verbs | self.known.gerunds:
            return False
        if self.previous() in HEAD and not self._names_listed():
            return False
        if any(self._is_listed(f"{name} {first}") for name in self._names_said()):
            return False
        if self.bare_number(after):
            return True  # "put both in the box"
        placed = any(kind == "PARTICIPLE" for kind, _, _ in self.readings.at(index))
        if placed and not self._is_telegraphic():
            return False  # "take the cup put on the table"
        if self._ends_step(after):
            return len(verb.words) > 1
        if self.readings.leading_kind(after) in RELATING | {"TO"}:
            places = verb.value in self.known.verbs_that_need_place
            return places or self.readings.leading_kind(after) == "TO"
        only_verb = all(entry.kind == "VERB" for entry in self.readings.entries(index))
        return only_verb and self._is_telegraphic() and bool(self._listed_name(after))

    def _ends_step(self, index: int) -> bool:
        """Whether nothing more is said of a step: "find the ball, pick up, put in the bin"."""
        return self.readings.is_end(index) or self.readings.verb_at(index) is not None

    def _is_telegraphic(self) -> bool:
        """Whether the step so far has a verb and no article behind it."""
        behind = ""
        for token in reversed(self.tokens):
            if token.type in {"VERB", "SEP"}:
                return token.type == "VERB" and behind not in SPECIFIER
            behind = token.type
        return False
