"""How far the walk over a command has come: its words, the tokens so far, what both tell."""

from __future__ import annotations

from collections.abc import Sequence

from lark import Token

from vlm_ros.errors import CommandError
from vlm_ros.language.lexicon import Lexicon
from vlm_ros.language.readings import (
    HEAD,
    NOMINAL,
    OPENING,
    RELATING,
    SPECIFIER,
    VANISHING,
    Readings,
)
from vlm_ros.language.words import Word

# Classes that say more of what was named before.
QUALIFYING = RELATING | {
    *("SIDE", "EXTREME", "WITH", "WITHOUT", "THAT_IS", "THAT_IS_NOT", "NOT", "MADE_OF", "EXCEPT"),
    *("BESIDE_IT", "MUTUAL"),
}
_SUPERLATIVES = frozenset({"SUPERLATIVE", "EXTREME"})
CLAUSE_KINDS = frozenset({"THAT_IS", "THAT_IS_NOT", "RELATION", "BETWEEN", "WITH", "WITHOUT"})
# How far ahead the relation may stand that ends a clause: "the tray that the mug stands on".
CLAUSE_WORDS = 8


class Walk:
    """The words of a command and the tokens made of those that were passed.

    Attributes:
        words, texts, text: the words, what they read, and the command they are from.
        readings: what the words can be.
        tokens: so far.
        step_starts: whether the next word begins a step.
        clause_open: whether a clause like "that the cup is on" waits for its relation.
        passed_filler: whether the word before said nothing: "thanks" before "mate".
    """

    def __init__(self, words: Sequence[Word], text: str, known: Lexicon) -> None:
        """Stands before the first word.

        Args:
            words: of the command.
            text: the command.
            known: the lexicon.
        """
        self.words = words
        self.text = text
        self.known = known
        self.readings = Readings(words, known)
        self.texts = self.readings.texts
        self.tokens: list[Token] = []
        self.step_starts = True
        self.clause_open = False
        self.passed_filler = False

    def previous(self) -> str:
        """Class of the newest token; "" before the first."""
        return self.tokens[-1].type if self.tokens else ""

    def said_last(self) -> str:
        """The words of the newest token as they were said."""
        return self.text[self.tokens[-1].start_pos : self.tokens[-1].end_pos].casefold()

    def texts_at(self, index: int) -> str:
        """The word at `index`; "" behind the last."""
        return self.texts[index] if index < len(self.texts) else ""

    def texts_are(self, index: int, after: int, *options: str) -> bool:
        """Whether one word, and one of these, stands from `index` to `after`."""
        return after - index == 1 and self.texts[index] in options

    def pending_distance(self) -> int | None:
        """Where "closest" or "farthest" stands in the noun phrase being read."""
        for place in range(len(self.tokens) - 1, -1, -1):
            token = self.tokens[place]
            if token.type == "SUPERLATIVE" and token in {"near", "far"}:
                return place
            if token.type not in NOMINAL:
                return None
        return None

    def among_exclusions(self) -> bool:
        """Whether "or" joins what something is not: "that is not red or blue"."""
        for token in reversed(self.tokens):
            if token.type not in {"ATTRIBUTE", "JOINER"}:
                return token.type == "THAT_IS_NOT"
        return False

    def goes_on_excluding(self) -> bool:
        """Whether "nor on the right", or "or" after "not on the left", excludes another place."""
        for token in reversed(self.tokens):
            if token.type in {"VERB", "SEP", "EXCEPT", "ALSO"}:
                return False
            if token.type == "THAT_IS_NOT":
                return True
        return False

    def names_thing(self) -> bool:
        """Whether the newest token names a thing."""
        return self.previous() in {"WORD", "ONE"} or (
            self.previous() == "ATTRIBUTE" and self.tokens[-1] in self.known.noun_attributes
        )

    def names_part(self) -> bool:
        """Whether the newest token names what belongs to a thing: "lid", not "edge"."""
        name = str(self.tokens[-1]).rpartition(" ")[2] if self.previous() == "WORD" else ""
        return name in self.known.part_names - self.known.unowned

    def is_postposed(self, index: int) -> bool:
        """Whether a superlative at `index` is said of the noun before: "the plate the most big"."""
        if self.previous() not in HEAD or self.readings.is_end(index):
            return False
        superlatives = [n for k, _, n in self.readings.at(index) if k in _SUPERLATIVES]
        if not superlatives:
            most = self.texts[index : index + 1] == ["most"]
            superlatives = [2] if most and self.readings.leading_kind(index) == "ATTRIBUTE" else []
        if not superlatives:
            return False
        return self.readings.leading_kind(index + superlatives[0]) not in NOMINAL | OPENING

    def lists_parts(self) -> bool:
        """Whether "and" in a phrase without a verb goes on with parts: "with a cap and a label"."""
        for token in reversed(self.tokens):
            if token.type in {"WITH", "WITH_ALSO"}:
                return all(token.type != "VERB" for token in self.tokens)
            if token.type not in NOMINAL | SPECIFIER:
                return False
        return False

    def rejects(self) -> bool:
        """Whether the step began with what is not meant: "not the red one, the blue one"."""
        for place in reversed(range(len(self.tokens))):
            token = self.tokens[place]
            if token.type in {"SEP", "VERB", "INSTEAD"}:
                return False
            if token.type == "EXCEPT":
                return place == 0 or self.tokens[place - 1].type in {"SEP", "VERB"}
        return False

    def within_with(self) -> bool:
        """Whether the noun phrase before is what something is with: "with a cup"."""
        if self.previous() not in {"WORD", "ATTRIBUTE", "ONE"}:
            return False
        for token in reversed(self.tokens):
            if token.type not in NOMINAL | SPECIFIER | {"WITH_ALSO", "JOINER", "OF"}:
                return token.type in {"WITH", "WITHOUT"}
        return False

    def needs_place(self) -> bool:
        """Whether "put the apple on" waits for what it is put on; "turn the lamp on" does not."""
        verb = next((t for t in reversed(self.tokens) if t.type in {"VERB", "SEP"}), None)
        return verb is not None and verb in self.known.verbs_that_need_place

    def opens_clause(self, index: int) -> bool:
        """Whether a noun phrase right behind a noun is the clause of "the thing the cup is on"."""
        return self.previous() in {"WORD", "ONE"} and self.clause_ahead(index)

    def clause_ahead(self, index: int) -> bool:
        """Whether a relation that nothing follows ends the clause that begins at `index`."""
        if self.readings.leading_kind(index) not in NOMINAL | {"DET", "QUANTITY"}:
            return False
        for place in range(index + 1, min(index + CLAUSE_WORDS, len(self.words))):
            if self.words[place].is_mark:
                return False
            if self.stranded_relation(place):
                return True
            if any(kind in VANISHING | {"THAT_IS"} for kind, _, _ in self.readings.at(place)):
                continue
            if self.readings.leading_kind(place) in {"AND", "SEP", "TO", "OF"} | QUALIFYING:
                return False
        return False

    def stranded_relation(self, index: int) -> tuple[str, int] | None:
        """Predicate and length of a relation at `index` that no noun phrase follows."""
        if self.readings.is_end(index):
            return None
        for kind, value, length in self.readings.at(index):
            after = index + length
            if kind == "PARTICIPLE" and self.stranded_relation(after):
                return None
            if self.readings.opens_phrase(after):
                return None
            if kind == "RELATION" and value not in {"nearest_to", "farthest_from"}:
                return value, length
            if kind == "APART":
                return "off", length
            if kind in {"SIDE", "EXTREME"}:
                whole = [*self.texts[index:after], "of"]
                entries = self.known.matches(whole, 0)
                of = next((e for e in entries if len(e.words) == len(whole)), None)
                if of is not None and of.value in {"on", "in_front_of"}:
                    return of.value, length
                return None
        return None

    def stands_behind(self, attribute: str, after: int) -> bool:
        """Whether an attribute follows the thing it is said of: "the cup upside down"."""
        if not self.names_thing() or attribute in self.known.noun_attributes:
            return False
        while self.joins_attributes(after) or self.readings.leading_kind(after) == "ATTRIBUTE":
            after += self.readings.longest(after)
        return not self.readings.begins_nominal(after)

    def joins_attributes(self, index: int) -> bool:
        """Whether "and" or "or" and an attribute follow: "two-tone red and black shoe"."""
        return self.readings.leading_kind(index) in {"AND", "CHOICE"} and (
            self.readings.leading_kind(index + 1) == "ATTRIBUTE"
        )

    def is_colour_prefix(self, index: int) -> bool:
        """Whether it is the needless word of "colour red cup"."""
        after = index + 1
        return (
            self.texts[index] in self.known.colour_prefixes
            and self.readings.leading_kind(after) == "ATTRIBUTE"
        )

    def asks(self) -> bool:
        """Whether a question names no thing: "what is in the bowl"."""
        return self.previous() == "VERB" and self.tokens[-1] == "find"

    def is_particle(self, index: int) -> bool:
        """Whether it only completes the verb: "up" in "pick the cup up"."""
        closes = self.texts[index] in self.known.closing_particles and self.readings.is_end(
            index + 1
        )
        closes &= not self.needs_place()
        if self.texts[index] not in self.known.particles and not closes:
            return False
        commanded = any(token.type == "VERB" for token in self.tokens)
        if not commanded or self.previous() == "VERB":
            return False
        follows_goal = self.readings.longest(index) > 1
        following = self.readings.leading_kind(index + 1)
        return not follows_goal and following not in NOMINAL | OPENING

    def goes_on(self, index: int) -> bool:
        """Whether what follows a comma says more of the thing: ", which is red, next to ...".

        After a verb that needs a destination it rather is that.
        """
        if self.previous() not in HEAD | {"SIDE", "EXTREME"}:
            return False
        verb = next((t for t in reversed(self.tokens) if t.type in {"VERB", "SEP"}), None)
        placed = verb is not None and verb in self.known.verbs_with_destination
        return not placed and self.readings.leading_kind(index) in CLAUSE_KINDS

    def is_apposition(self, index: int) -> bool:
        """Whether "the small one" after a comma describes the thing before it again."""
        if self.previous() not in HEAD | {"SIDE", "EXTREME"}:
            return False
        described = (
            self.readings.leading_kind(index) == "ATTRIBUTE" and self.previous() != "ATTRIBUTE"
        )
        if self.readings.leading_kind(index) == "DET":
            index += 1
        elif not described:
            return False
        while self.readings.leading_kind(index) in {"ATTRIBUTE", "SUPERLATIVE"}:
            index += 1
        return self.readings.leading_kind(index) in ({None} if described else {"ONE"})

    def is_attribute(self, index: int, end: int) -> bool:
        """Whether the last of several words makes an attribute of them: "heart shaped"."""
        suffixed = end - index > 1 and self.texts[end - 1] in self.known.open_suffixes
        suffixed &= self.readings.longest(end - 1) == 1  # not "shaped like"
        return suffixed and self.readings.begins_nominal(end)

    def bare_number(self, index: int) -> int:
        """Where "the three" at `index` ends, if no noun follows; 0 otherwise."""
        if index < len(self.texts) and self.texts[index] in {"the", "these", "those"}:
            index += 1
        if self.readings.is_end(index):
            return 0
        numbers = (
            n for k, v, n in self.readings.at(index) if k == "QUANTITY" and v not in {"0", "1"}
        )
        after = index + next(numbers, 0)
        return 0 if after == index or self.readings.opens_phrase(after) else after

    def emit(self, kind: str, value: str, index: int, length: int) -> None:
        """Adds a token for `length` words at `index`."""
        first, last = self.words[index], self.words[index + length - 1]
        self.tokens.append(
            Token(kind, value, start_pos=first.start, end_pos=last.end, column=first.start + 1)
        )

    def refuse(self, index: int, length: int, why: str) -> CommandError:
        """The error that says what is wrong with `length` words at `index`."""
        start, end = self.words[index].start, self.words[index + length - 1].end
        return CommandError(f'"{self.text[start:end]}" at position {start} {why}', self.text, start)
