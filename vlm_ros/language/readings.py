"""What the words at one place can be, by the lexicon alone: classes, lengths, what they lead into.

The longest phrasing comes first. Which of several readings is right depends on the words before;
that is for `lexer` to say.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from vlm_ros.language.lexicon import Entry, Lexicon
from vlm_ros.language.words import Word

# Classes of which a noun phrase without its determiner is made.
NOMINAL = frozenset(
    {"WORD", "ONE", "ATTRIBUTE", "SUPERLATIVE", "PLACE", "ORDINAL", "OTHER", "OTHERS", "PARTED"}
    | {"LACKING"}
)
OPENING = frozenset({"DET", "QUANTITY", "PAIR", "PRONOUN", "UNIVERSAL", "EXISTENTIAL", "UNNAMED"})
HEAD = frozenset({"WORD", "ONE", "ATTRIBUTE", "PRONOUN"})
SPECIFIER = frozenset({"DET", "QUANTITY", "ORDINAL"})
RELATING = frozenset({"RELATION", "APART", "DIAGONAL", "BETWEEN"})
# What a participle such as "sitting" stands before.
PLACING = RELATING | {"SIDE", "EXTREME"}
# What a step begins behind; "" is the start of the command.
START = frozenset({"", "VERB", "SEP", "RATHER"})
VANISHING = frozenset({"FILLER", "PARTICIPLE", "INTENSIFIER"})
# Classes that are told by the walk alone.
_NOT_LEADING = frozenset(
    {"VERB", "OPENER", "FORBIDDING", "NO_THING", "INSTEAD", "ADDRESS", "CONDITION", "PURPOSE"}
    | {"REPAIR"}
)
# What the "no" of "no lid" does not stand before: a determiner, a place, a step.
_NOT_LACKED = RELATING | {"SIDE", "EXTREME", "TO", "STEP", "PRONOUN", "DET"}
# What may follow where something is taken back.
_REPAIRING = NOMINAL | OPENING | _NOT_LACKED | {"WITH", "WITHOUT"}
# Pronouns that are determiners before a noun.
DEMONSTRATIVES = frozenset({"this", "that", "these", "those", "both"})

Reading = tuple[str, str, int]


class Readings:
    """The words of one command and all that the lexicon knows of them."""

    def __init__(self, words: Sequence[Word], known: Lexicon) -> None:
        """Looks every place up once.

        Args:
            words: of the command.
            known: the lexicon.
        """
        self.words = words
        self.known = known
        self.texts = [word.text for word in words]
        self._readings: dict[int, list[Reading]] = {}
        self._leading: dict[int, str] = {}
        # What a word leads into depends on the words after it only; from the end, none of these
        # look-ups has to look further than one word.
        for index in reversed(range(len(words))):
            self.leading_kind(index)

    def at(self, index: int) -> list[Reading]:
        """(class, value, number of words) of every phrasing at `index`, longest first."""
        if index not in self._readings:
            self._readings[index] = self._look_up(index)
        return self._readings[index]

    def _look_up(self, index: int) -> list[Reading]:
        readings = [self._extended(entry, index) for entry in self.entries(index)]
        shaded = self._shaded_colour(index)
        if shaded is not None:
            readings.append(shaded)
        group = self.glued_length(index)
        if group > 1:
            known = self._group_is_known(index, group)
            readings = [reading for reading in readings if known or reading[2] >= group]
        readings.sort(key=lambda reading: -reading[2])
        return readings

    def entries(self, index: int) -> Iterator[Entry]:
        """The listed phrasings that stand at `index`, longest first."""
        return self.known.matches(self.texts, index)

    def longest(self, index: int) -> int:
        """Number of words of the longest phrasing at `index`; 1 where none is listed."""
        readings = self.at(index)
        return readings[0][2] if readings else 1

    def is_end(self, index: int) -> bool:
        """Whether a mark or the end stands at `index`."""
        return index >= len(self.words) or self.words[index].is_mark

    def glued_length(self, index: int) -> int:
        """Number of words that hyphens join to the one at `index`, itself included."""
        end = index + 1
        while end < len(self.words) and self.words[end].glued:
            end += 1
        return end - index

    def leading_kind(self, index: int) -> str | None:
        """Class of the longest phrasing at `index`, skipping fillers; None at the end."""
        if self.is_end(index):
            return None
        if index not in self._leading:
            self._leading[index] = self._look_up_kind(index)
        return self._leading[index] or None

    def begins_nominal(self, index: int) -> bool:
        """Whether a noun or what stands before one follows."""
        return self.leading_kind(index) in NOMINAL

    def opens_phrase(self, index: int) -> bool:
        """Whether a noun phrase follows."""
        return self.leading_kind(index) in NOMINAL | OPENING

    def is_suffixed(self, index: int) -> bool:
        """Whether an attribute with a needless word stands at `index`: "red colour"."""
        if self.is_end(index):
            return False
        listed = {len(entry.words) for entry in self.entries(index)}
        return any(kind == "ATTRIBUTE" and n not in listed for kind, _, n in self.at(index))

    def verb_at(self, index: int) -> Entry | None:
        """The verb at `index`, if its words are one there and do not name a thing."""
        if index >= len(self.words):
            return None
        verb = next((e for e in self.entries(index) if e.kind == "VERB"), None)
        if verb is None:
            return None
        after = index + len(verb.words)
        phrasing = " ".join(verb.words)
        if phrasing in self.known.determined_verbs and self.leading_kind(after) not in OPENING:
            return None
        if phrasing in self.known.noun_verbs and not self.opens_phrase(after):
            return None
        # "See-through cup", "stop sign" and "open-ended spanner" are things.
        names = any(k in NOMINAL and n > len(verb.words) for k, _, n in self.at(index))
        return None if names or self._is_tool(verb, index) else verb

    def _is_tool(self, verb: Entry, index: int) -> bool:
        """Whether what something is for names it: "cutting board", "rolling pin"."""
        if not verb.words[-1].endswith("ing"):
            return False
        named = " ".join(self.texts[index : index + len(verb.words) + 1])
        return named != verb.words[-1] and bool(self.known.kinds_of(named))

    def _extended(self, entry: Entry, index: int) -> Reading:
        length = len(entry.words)
        after = index + length
        if entry.kind == "NAME":
            return "WORD", entry.value, length
        if entry.kind in {"SIDE", "PLACE", "DIRECTION"}:
            tail = self.known.place_tail(entry, self.texts, after)
            return entry.kind, entry.value, length + tail
        if entry.kind == "ATTRIBUTE" and after < len(self.texts):
            suffixed = self.known.is_suffix(self.texts[after], entry.value)
            return entry.kind, entry.value, length + suffixed
        return entry.kind, entry.value, length

    def _shaded_colour(self, index: int) -> Reading | None:
        if self.texts[index] not in self.known.shades or index + 1 >= len(self.words):
            return None
        for entry in self.entries(index + 1):
            group = self.known.group_of(entry.value) if entry.kind == "ATTRIBUTE" else None
            if group is not None and group[0] == "colour":
                kind, value, length = self._extended(entry, index + 1)
                return kind, f"{self.texts[index]} {value}", length + 1
        return None

    def _group_is_known(self, index: int, length: int) -> bool:
        """Whether every word of a hyphenated group is listed as an attribute or a place."""
        return all(
            any(e.kind in NOMINAL or e.kind in {"NOT", "INTENSIFIER"} for e in self.entries(i))
            or self.texts[i] in self.known.shades
            or self.texts[i] == "and"
            for i in range(index, index + length)
        )

    def begins_step(self, index: int) -> bool:
        """Whether a verb stands at `index` and what something is done to: "put it"."""
        verb = self.verb_at(index)
        if verb is None or verb.value == "find" or verb.words[0] in self.known.gerunds:
            return False
        return self.leading_kind(index + len(verb.words)) in {"DET", "PRONOUN", "QUANTITY"}

    def repair_end(self, index: int) -> int:
        """Where the words and marks end that take back what was said before `index`; 0 for none."""
        place = end = begin = self._past_marks(index)
        said: list[Entry] = []
        while not self.is_end(place):
            entry = self._repair_at(place)
            if entry is None and self.texts[place] not in self.known.hesitations:
                break
            said += [entry] if entry is not None else []
            end = place + (1 if entry is None else len(entry.words))
            place = self._past_marks(end)
        if not said:
            return 0
        clear = len(said) > 1 or said[0].value == "anywhere"
        following = self.leading_kind(place)
        if following is None:
            filler = any(e.kind == "FILLER" for e in self.entries(begin))  # "the cup I mean"
            return place if clear and not filler else 0
        apart = place > end or following in _NOT_LACKED
        return place if (clear or apart) and following in _REPAIRING else 0

    def _repair_at(self, index: int) -> Entry | None:
        """What takes something back at `index`, unless its words rather are part of others."""
        if self.words[index].quoted:
            return None
        entry = next((e for e in self.entries(index) if e.kind == "REPAIR"), None)
        if entry is None or len(entry.words) < self.longest(index):
            return None
        after = index + len(entry.words)
        return None if after < len(self.words) and self.words[after].glued else entry

    def _past_marks(self, index: int) -> int:
        while index < len(self.words) and self.words[index].is_mark:
            index += 1
        return index

    def _look_up_kind(self, index: int) -> str:
        if self.repair_end(index):
            return "REPAIR"
        if self.begins_step(index):
            return "STEP"
        if self.texts[index] in self.known.particles:
            following = self.leading_kind(index + 1)
            if following is None or following not in NOMINAL | OPENING:
                return "PARTICLE"
        for kind, _, length in self.at(index):
            after = index + length
            if kind in _NOT_LEADING:
                continue
            if kind in VANISHING:
                following = self.leading_kind(after)
                if kind == "PARTICIPLE" and following not in PLACING:
                    continue
                return following or ""
            if kind == "PRONOUN" and not self.stands_alone(index, after):
                return "DET"
            if kind == "QUANTITY" and not self.opens_phrase(after):
                continue
            if kind in {"CLAUSE", "PLACE_CLAUSE", "PARTED", "LACKING", "ELSE", "LABELLED"}:
                continue
            if self.texts[index] in self.known.only_before_noun and length == 1:
                before_noun = self.leading_kind(after) in OPENING
                return "RELATION" if before_noun else "SUPERLATIVE"
            if kind in {"SIDE", "EXTREME"} and length == 1:
                continue
            return kind
        return "WORD"

    def stands_alone(self, index: int, after: int) -> bool:
        """Whether a pronoun is no determiner of a noun after it."""
        return self.texts[index] not in DEMONSTRATIVES or not self.begins_nominal(after)
