"""Gives every word of a command its class, by the lexicon and by the words around it.

Longest phrasing first. Where a phrasing has several classes ("second", "on top", "open"), what
stands before and after it decides; `_FITS` holds one rule for each such class.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from lark import Token
from lark.lexer import Lexer

from vlm_ros.errors import CommandError
from vlm_ros.language.lexicon import Entry, Lexicon, lexicon
from vlm_ros.language.words import Word

_NOMINAL = frozenset({"WORD", "ONE", "ATTRIBUTE", "SUPERLATIVE", "PLACE", "ORDINAL"})
_HEAD = frozenset({"WORD", "ONE", "ATTRIBUTE", "PRONOUN"})
_SPECIFIER = frozenset({"DET", "QUANTITY", "ORDINAL"})
_QUALIFYING = frozenset(
    {
        "RELATION",
        "APART",
        "DIAGONAL",
        "SIDE",
        "EXTREME",
        "WITH",
        "WITHOUT",
        "THAT_IS",
        "THAT_IS_NOT",
        "NOT",
        "MADE_OF",
        "EXCEPT",
    }
)
_CLAUSE = frozenset({"THAT_IS", "THAT_IS_NOT", "RELATION", "BETWEEN", "WITH", "WITHOUT"})
_OPENING = frozenset({"DET", "QUANTITY", "PRONOUN", "UNIVERSAL", "EXISTENTIAL"})
# Pronouns that are determiners before a noun.
_DEMONSTRATIVES = frozenset({"this", "that", "these", "those", "both"})


class ListedTokens(Lexer):
    """Feeds lark with tokens that are classified already."""

    __future_interface__ = 1

    def __init__(self, _configuration: Any) -> None:
        """Lark hands its lexer configuration to every lexer; nothing in it is needed."""

    def lex(self, lexer_state: Any, parser_state: Any) -> Iterator[Token]:
        """The tokens given to `Lark.parse`."""
        yield from lexer_state.text


def classify(words: Sequence[Word], text: str) -> list[Token]:
    """Tokens of the grammar for the words of one command.

    Raises:
        CommandError: a word offers a choice ("or"), or only fillers are left.
    """
    return _Classifier(words, text, lexicon()).run()


class _Classifier:
    """Walks the words once from left to right."""

    def __init__(self, words: Sequence[Word], text: str, known: Lexicon) -> None:
        self.words = words
        self.text = text
        self.known = known
        self.texts = [word.text for word in words]
        self.tokens: list[Token] = []
        self.step_starts = True
        self._leading: dict[int, str] = {}

    def run(self) -> list[Token]:
        """Classifies all words."""
        # What a word leads into depends on the words after it only; from the end, none of these
        # look-ups has to look further than one word.
        for index in reversed(range(len(self.words))):
            self._leading_kind(index)
        index = 0
        while index < len(self.words):
            index = self._start_step(index) if self.step_starts else self._advance(index)
        while self.tokens and self.tokens[-1].type == "SEP":
            self.tokens.pop()
        if not self.tokens:
            raise CommandError(
                'no thing is named; say what is meant, for example "the red cup"',
                self.text,
                len(self.text),
            )
        return _mark_among(self.tokens)

    # Steps

    def _start_step(self, index: int) -> int:
        """Skips politeness, reads the verb if there is one."""
        index = self._skip_openers(index)
        self.step_starts = False
        verb = self._verb_at(index)
        if verb is not None:
            self._emit("VERB", verb.value, index, len(verb.words))
            return self._skip_repetition(verb, index + len(verb.words))
        unknown = self._unknown_verb_length(index)
        if unknown:
            self._emit("VERB", "_".join(self.texts[index : index + unknown]), index, unknown)
        return index + unknown

    def _skip_repetition(self, verb: Entry, index: int) -> int:
        while True:
            again = self._verb_at(index)
            if again is None or again.value != verb.value or verb.words != again.words:
                return index
            index += len(again.words)

    def _skip_openers(self, index: int) -> int:
        while index < len(self.words):
            if self.words[index].is_mark:
                index += 1
                continue
            opener = next((e for e in self._entries(index) if e.kind == "OPENER"), None)
            verb = self._verb_at(index)
            if opener is None or (verb is not None and len(verb.words) >= len(opener.words)):
                return index
            index += len(opener.words)
        return index

    def _verb_at(self, index: int) -> Entry | None:
        if index >= len(self.words):
            return None
        verb = next((e for e in self._entries(index) if e.kind == "VERB"), None)
        if verb is None:
            return None
        after = index + len(verb.words)
        phrasing = " ".join(verb.words)
        if phrasing in self.known.noun_verbs and not self._opens_phrase(after):
            return None
        return verb

    def _unknown_verb_length(self, index: int) -> int:
        """Words before a determiner at the start of a step must be a verb: "juggle the cup"."""
        for length in (1, 2):
            last = index + length - 1
            if last >= len(self.words) or self.words[last].is_mark:
                return 0
            particle = length == 2 and self.texts[last] in self.known.particles
            if not particle and self._leading_kind(last) != "WORD":
                return 0
            if self._leading_kind(last + 1) in {"DET", "PRONOUN"}:
                return length
        return 0

    def _opens_phrase(self, index: int) -> bool:
        return self._leading_kind(index) in _NOMINAL | _OPENING

    # Words within a step

    def _advance(self, index: int) -> int:
        if self.words[index].is_mark:
            return self._mark(index)
        if self.texts[index] in self.known.particles and self._is_particle(index):
            return index + 1
        for kind, value, length in self._readings(index):
            if self._fits(kind, index, length):
                return self._take(kind, value, index, length)
        return self._open_class(index)

    def _take(self, kind: str, value: str, index: int, length: int) -> int:
        after = index + length
        if kind in {"FILLER", "PARTICIPLE", "INTENSIFIER"}:
            return after
        if kind == "THAT_IS" and self._ends_step(after):
            return after
        if kind == "CHOICE" and self._among_exclusions():
            kind = "JOINER"
        if kind == "CHOICE":
            start = self.words[index].start
            raise CommandError(
                f'"{self.texts[index]}" at position {start} leaves a choice; name one thing',
                self.text,
                start,
            )
        if kind == "SEP":
            return self._separate(index, length)
        if kind == "AND":
            return self._join(index, length)
        if kind == "QUANTITY" and self._previous() == "ORDINAL":
            # "The first two cups": two cups from the first on.
            ordinal = self.tokens.pop()
            self._emit(kind, value, index, length)
            self.tokens.append(ordinal)
            return after
        if kind == "DET" and self._previous() in {"DET", "QUANTITY"} and value == "the":
            return after
        if kind == "RELATION" and value in {"between", "between_or_in"}:
            kind = "BETWEEN"
        if kind == "ATTRIBUTE" and self._stands_behind(value, after):
            self._emit("THAT_IS", "", index, length)
        if kind in {"UNIVERSAL", "EXISTENTIAL"}:
            self._emit("QUANTITY", "0" if kind == "UNIVERSAL" else "1", index, length)
            kind = "ONE"
        if kind in _CLAUSE and self._asks():
            self._emit("ONE", "one", index, 1)
        if kind == "DIAGONAL":
            kind = "RELATION"
            first, value = value.split()
            self._emit(kind, first, index, length)
            self._emit("ALSO", "and", index, length)
        if kind == "APART":
            if all(token.type != "VERB" for token in self.tokens):
                self._emit("THAT_IS_NOT", "not", index, length)
            kind = "RELATION"
        if kind == "NOT":
            kind = self._negation(after)
        if self._texts_are(index, after, "but") and self._previous() == "ATTRIBUTE":
            kind = "JOINER" if self._begins_nominal(after) else kind
        if kind in {"TO", "RELATION"} and self._texts_are(index, after, "to", "from"):
            kind, value = self._distance_relation(kind, value)
        self._emit(kind, value, index, length)
        return after

    def _asks(self) -> bool:
        """Whether a question names no thing: "what is in the bowl"."""
        return self._previous() == "VERB" and self.tokens[-1] == "find"

    def _stands_behind(self, attribute: str, after: int) -> bool:
        """Whether an attribute follows the thing it is said of: "the cup upside down"."""
        if self._previous() not in {"WORD", "ONE"} or attribute in self.known.noun_attributes:
            return False
        return not self._begins_nominal(after)

    def _texts_are(self, index: int, after: int, *options: str) -> bool:
        return after - index == 1 and self.texts[index] in options

    def _distance_relation(self, kind: str, value: str) -> tuple[str, str]:
        """Turns "the closest cup to ..." into "the cup closest to ..."."""
        place = self._pending_distance()
        if place is None:
            return kind, value
        near = self.tokens.pop(place) == "near"
        return "RELATION", "nearest_to" if near else "farthest_from"

    def _pending_distance(self) -> int | None:
        """Where "closest" or "farthest" stands in the noun phrase being read."""
        for place in range(len(self.tokens) - 1, -1, -1):
            token = self.tokens[place]
            if token.type == "SUPERLATIVE" and token in {"near", "far"}:
                return place
            if token.type not in _NOMINAL:
                return None
        return None

    def _negation(self, after: int) -> str:
        following = self._leading_kind(after)
        before_head = self._previous() in _SPECIFIER | {"", "VERB", "SEP", "AND"}
        if following == "ATTRIBUTE" and before_head:
            return "NOT"
        return "EXCEPT" if following in {"DET", "PRONOUN"} else "THAT_IS_NOT"

    def _join(self, index: int, length: int) -> int:
        """Decides what "and" joins: steps, colours, qualifiers or things."""
        after = index + length
        start = self._skip_openers(after)
        if start < len(self.words) and self._verb_at(start) is not None:
            return self._separate(index, length)
        following = self._leading_kind(after)
        if following == "SEP":
            return after
        if following in _QUALIFYING:
            self._emit("ALSO", "and", index, length)
        elif following == "ATTRIBUTE" and self._previous() == "ATTRIBUTE":
            self._emit("JOINER", "and", index, length)
        elif self._lists_parts():
            self._emit("WITH_ALSO", "and", index, length)
        else:
            self._emit("AND", "and", index, length)
        return after

    def _among_exclusions(self) -> bool:
        """Whether "or" joins what something is not: "that is not red or blue"."""
        for token in reversed(self.tokens):
            if token.type not in {"ATTRIBUTE", "JOINER"}:
                return token.type == "THAT_IS_NOT"
        return False

    def _lists_parts(self) -> bool:
        """Whether "and" in a phrase without a verb goes on with parts: "with a cap and a label"."""
        for token in reversed(self.tokens):
            if token.type in {"WITH", "WITH_ALSO"}:
                return all(token.type != "VERB" for token in self.tokens)
            if token.type not in _NOMINAL | _SPECIFIER:
                return False
        return False

    def _separate(self, index: int, length: int) -> int:
        if self.tokens and self.tokens[-1].type != "SEP":
            self._emit("SEP", "then", index, length)
        self.step_starts = True
        return index + length

    def _mark(self, index: int) -> int:
        if self.texts[index] == ".":
            return self._separate(index, 1)
        if self._goes_on(index + 1):
            self._emit("ALSO", ",", index, 1)
            return index + 1
        start = self._skip_openers(index + 1)
        if start < len(self.words) and self._verb_at(start) is not None:
            return self._separate(index, 1)
        if self._is_apposition(index + 1):
            if any(token.type == "RELATION" for token in self.tokens):
                self._emit("ALSO", ",", index, 1)
            self._emit("THAT_IS", ",", index, 1)
            return index + 1
        listed = self._leading_kind(index + 1) in {"DET", "QUANTITY"}
        if listed and self._previous() in _HEAD and self._and_follows(index):
            self._emit("AND", ",", index, 1)
        return index + 1

    def _goes_on(self, index: int) -> bool:
        """Whether what follows a comma says more of the thing: ", which is red, next to ...".

        After a verb that needs a destination it rather is that.
        """
        if self._previous() not in _HEAD | {"SIDE", "EXTREME"}:
            return False
        verb = next((t for t in reversed(self.tokens) if t.type in {"VERB", "SEP"}), None)
        placed = verb is not None and verb in self.known.verbs_with_destination
        return not placed and self._leading_kind(index) in _CLAUSE

    def _is_apposition(self, index: int) -> bool:
        """Whether "the small one" after a comma describes the thing before it again."""
        if self._previous() not in _HEAD | {"SIDE", "EXTREME"}:
            return False
        described = self._leading_kind(index) == "ATTRIBUTE" and self._previous() != "ATTRIBUTE"
        if self._leading_kind(index) == "DET":
            index += 1
        elif not described:
            return False
        while self._leading_kind(index) in {"ATTRIBUTE", "SUPERLATIVE"}:
            index += 1
        return self._leading_kind(index) in ({None} if described else {"ONE"})

    def _and_follows(self, index: int) -> bool:
        rest = self.texts[index + 1 :]
        return "and" in rest

    def _open_class(self, index: int) -> int:
        """A word outside the lexicon; a hyphenated group with such a word in it stays whole."""
        end = index + 1
        while end < len(self.words) and self.words[end].glued:
            end += 1
        self._emit("WORD", "-".join(self.texts[index:end]), index, end - index)
        return end

    def _ends_step(self, index: int) -> bool:
        """Whether nothing follows, so that "are" in "where the keys are" says nothing."""
        return index >= len(self.words) or self.texts[index] == "."

    # Readings of the words at one place

    def _readings(self, index: int) -> Iterator[tuple[str, str, int]]:
        """(class, value, number of words) of every phrasing at `index`, longest first."""
        readings = [self._extended(entry, index) for entry in self._entries(index)]
        shaded = self._shaded_colour(index)
        if shaded is not None:
            readings.append(shaded)
        group = self._glued_length(index)
        readings = [r for r in readings if r[2] >= group or self._group_is_known(index, group)]
        readings.sort(key=lambda reading: -reading[2])
        yield from readings

    def _entries(self, index: int) -> Iterator[Entry]:
        return self.known.matches(self.texts, index)

    def _extended(self, entry: Entry, index: int) -> tuple[str, str, int]:
        length = len(entry.words)
        after = index + length
        if entry.kind == "SIDE" and "the" in entry.words:
            for suffix in self.known.frame_suffixes:
                if tuple(self.texts[after : after + len(suffix)]) == suffix:
                    return entry.kind, entry.value, length + len(suffix)
        if entry.kind == "ATTRIBUTE" and self._is_colour_suffix(after):
            return entry.kind, entry.value, length + 1
        return entry.kind, entry.value, length

    def _is_colour_suffix(self, index: int) -> bool:
        return index < len(self.words) and self.texts[index] in self.known.colour_suffixes

    def _shaded_colour(self, index: int) -> tuple[str, str, int] | None:
        if self.texts[index] not in self.known.shades or index + 1 >= len(self.words):
            return None
        for entry in self._entries(index + 1):
            group = self.known.group_of(entry.value) if entry.kind == "ATTRIBUTE" else None
            if group is not None and group[0] == "colour":
                kind, value, length = self._extended(entry, index + 1)
                return kind, f"{self.texts[index]} {value}", length + 1
        return None

    def _glued_length(self, index: int) -> int:
        end = index + 1
        while end < len(self.words) and self.words[end].glued:
            end += 1
        return end - index

    def _group_is_known(self, index: int, length: int) -> bool:
        """Whether every word of a hyphenated group is listed as an attribute or a place."""
        return all(
            any(e.kind in _NOMINAL or e.kind == "NOT" for e in self._entries(i))
            or self.texts[i] in self.known.shades
            or self.texts[i] == "and"
            for i in range(index, index + length)
        )

    def _leading_kind(self, index: int) -> str | None:
        """Class of the longest phrasing at `index`, skipping fillers; None at the end."""
        if index >= len(self.words) or self.words[index].is_mark:
            return None
        if index not in self._leading:
            self._leading[index] = self._look_up_kind(index)
        return self._leading[index] or None

    def _look_up_kind(self, index: int) -> str:
        if self.texts[index] in self.known.particles:
            following = self._leading_kind(index + 1)
            if following is None or following not in _NOMINAL | _OPENING:
                return "PARTICLE"
        for kind, _, length in self._readings(index):
            if kind in {"VERB", "OPENER"}:
                continue
            if kind in {"FILLER", "PARTICIPLE", "INTENSIFIER"}:
                return self._leading_kind(index + length) or ""
            if kind == "PRONOUN" and not _fits_pronoun(self, index, index + length):
                return "DET"
            if kind == "QUANTITY" and not self._opens_phrase(index + length):
                continue
            if self.texts[index] in self.known.only_before_noun and length == 1:
                before_noun = self._leading_kind(index + 1) in _OPENING
                return "RELATION" if before_noun else "SUPERLATIVE"
            if kind in {"SIDE", "EXTREME"} and length == 1:
                continue
            return kind
        return "WORD"

    def _begins_nominal(self, index: int) -> bool:
        return self._leading_kind(index) in _NOMINAL

    # Context rules

    def _previous(self) -> str:
        return self.tokens[-1].type if self.tokens else ""

    def _fits(self, kind: str, index: int, length: int) -> bool:
        rule = _FITS.get(kind)
        return rule is None or rule(self, index, index + length)

    def _is_particle(self, index: int) -> bool:
        """Whether it only completes the verb: "up" in "pick the cup up"."""
        commanded = any(token.type == "VERB" for token in self.tokens)
        if not commanded or self._previous() == "VERB":
            return False
        follows_goal = self._longest_reading(index) > 1
        following = self._leading_kind(index + 1)
        return not follows_goal and following not in _NOMINAL | _OPENING

    def _longest_reading(self, index: int) -> int:
        return max((length for _, _, length in self._readings(index)), default=1)

    def _emit(self, kind: str, value: str, index: int, length: int) -> None:
        first, last = self.words[index], self.words[index + length - 1]
        self.tokens.append(
            Token(kind, value, start_pos=first.start, end_pos=last.end, column=first.start + 1)
        )


def _fits_superlative(at: _Classifier, index: int, after: int) -> bool:
    alone = at._previous() in {"", "VERB", "SEP"} and at._leading_kind(after) is None
    return alone or at._begins_nominal(after) or at._previous() in _SPECIFIER


def _fits_side(at: _Classifier, index: int, after: int) -> bool:
    if at._previous() in {"VERB", "", "SEP", "RELATION"} | _SPECIFIER:
        return False
    # "on the top shelf" and "the cup nearest the plate" are relations.
    following = at._leading_kind(after)
    return following not in _NOMINAL and (after - index > 1 or following not in _OPENING)


def _fits_relation(at: _Classifier, index: int, after: int) -> bool:
    if at._previous() in _SPECIFIER:
        return False
    if after - index == 1 and at.texts[index] in at.known.only_before_noun:
        return at._previous() in _HEAD | {"THAT_IS"} and at._opens_phrase(after)
    return True


def _fits_goal(at: _Classifier, index: int, after: int) -> bool:
    if at._pending_distance() is not None:
        return True
    for token in reversed(at.tokens):
        if token.type == "SEP":
            return False
        if token.type == "VERB":
            return after - index == 1 or str(token) in at.known.verbs_with_destination
    return False


def _fits_quantity(at: _Classifier, index: int, after: int) -> bool:
    return at._opens_phrase(after) and at._previous() not in _NOMINAL - {"ORDINAL"}


def _fits_ordinal(at: _Classifier, index: int, after: int) -> bool:
    return (
        at._previous() in {"DET", "QUANTITY"}
        or at._begins_nominal(after)
        or at._leading_kind(after) == "DIRECTION"
    )


def _fits_pronoun(at: _Classifier, index: int, after: int) -> bool:
    return at.texts[index] not in _DEMONSTRATIVES or not at._begins_nominal(after)


def _fits_determiner(at: _Classifier, index: int, after: int) -> bool:
    return at.texts[index] not in {"this", "that", "these", "those"} or at._opens_phrase(after)


def _fits_participle(at: _Classifier, index: int, after: int) -> bool:
    following = at._leading_kind(after)
    return (
        following in {"RELATION", "APART", "DIAGONAL", "SIDE", "EXTREME", "BETWEEN"}
        and at._previous() not in _SPECIFIER
    )


def _fits_intensifier(at: _Classifier, index: int, after: int) -> bool:
    return at._leading_kind(after) in {"ATTRIBUTE", "SUPERLATIVE"}


def _fits_separator(at: _Classifier, index: int, after: int) -> bool:
    return at.texts[index:after] != ["next"] or at._previous() not in _SPECIFIER


def _fits_labelled(at: _Classifier, index: int, after: int) -> bool:
    return at._previous() in _HEAD and at._begins_nominal(after)


def _fits_never(at: _Classifier, index: int, after: int) -> bool:
    return False


def _fits_filler(at: _Classifier, index: int, after: int) -> bool:
    if at.texts[index] == "from" or at.texts[index : index + 2] == ["to", "the"]:
        # "The closest cup to the camera", but not "bring it to the robot".
        return at._pending_distance() is not None
    return at._previous() not in _SPECIFIER


_FITS: dict[str, Callable[[_Classifier, int, int], bool]] = {
    "VERB": _fits_never,
    "OPENER": _fits_never,
    "SUPERLATIVE": _fits_superlative,
    "PLACE": _fits_superlative,
    "SIDE": _fits_side,
    "EXTREME": _fits_side,
    "RELATION": _fits_relation,
    "APART": _fits_relation,
    "DIAGONAL": _fits_relation,
    "QUANTITY": _fits_quantity,
    "ORDINAL": _fits_ordinal,
    "PRONOUN": _fits_pronoun,
    "DET": _fits_determiner,
    "TO": _fits_goal,
    "PARTICIPLE": _fits_participle,
    "INTENSIFIER": _fits_intensifier,
    "SEP": _fits_separator,
    "LABELLED": _fits_labelled,
    "FILLER": _fits_filler,
}


def _mark_among(tokens: list[Token]) -> list[Token]:
    """Without an "and" after it, "between" stands before one plural phrase: "between the cups".

    "In the middle of" then means "in".
    """
    pairs = 0
    for position in range(len(tokens) - 1, -1, -1):
        token = tokens[position]
        if token.type == "AND":
            pairs += 1
        elif token.type == "SEP":
            pairs = 0
        elif token.type == "BETWEEN" and pairs:
            pairs -= 1
            tokens[position] = Token.new_borrow_pos("BETWEEN", "between", token)
        elif token.type == "BETWEEN" and token == "between":
            tokens[position] = Token.new_borrow_pos("AMONG", "between", token)
        elif token.type == "BETWEEN":
            tokens[position] = Token.new_borrow_pos("RELATION", "in", token)
    return tokens
