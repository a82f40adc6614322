"""Gives every word of a command its class, by the lexicon and by the words around it.

Longest phrasing first. Where a phrasing has several classes ("second", "on top", "open"), what
stands before and after it decides; `FITS` holds one rule for each such class.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from lark import Token
from lark.lexer import Lexer

from vlm_ros.errors import CommandError
from vlm_ros.language.contexts import BEFORE_NUMBER, FITS
from vlm_ros.language.drafts import GENERIC_NOUN
from vlm_ros.language.lexicon import Entry, lexicon
from vlm_ros.language.listing import Listing
from vlm_ros.language.readings import (
    HEAD,
    NOMINAL,
    OPENING,
    RELATING,
    SPECIFIER,
    VANISHING,
)
from vlm_ros.language.syntax import INSTEAD
from vlm_ros.language.walk import CLAUSE_KINDS, QUALIFYING
from vlm_ros.language.words import Word

_PLACED = frozenset({"SIDE", "EXTREME", "DIRECTION"})
_NEGATIONS = frozenset({"NOT", "EXCEPT", "THAT_IS_NOT"})
# What is said besides with "but": "behind the cup but left of the plate".
_CONTRASTED = RELATING | {"SIDE", "EXTREME", "MUTUAL", "MADE_OF"}
# What cannot be the last word of a thing: "on the, no, in the box".
_WAITING = (
    SPECIFIER
    | RELATING
    | {"WITH", "WITHOUT", "THAT_IS", "AND", "ALSO", "JOINER", "OF", "TO", "NOT"}
)
_RELATIVE = frozenset({"that", "which", "who"})


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
        CommandError: a word offers a choice of more than nouns and attributes, says what not to
            do, or only fillers are left.
    """
    return Classifier(words, text, lexicon()).run()


class Classifier(Listing):
    """Walks the words once from left to right."""

    def run(self) -> list[Token]:
        """Classifies all words."""
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

    def _start_step(self, index: int) -> int:
        """Skips politeness, reads the verb if there is one."""
        index = self.skip_openers(index)
        self.step_starts = False
        self.clause_open = False
        if index >= len(self.words):
            return index
        self._refuse_condition(index)
        verb = self.readings.verb_at(index)
        after_nothing = self._past_nothing(index, 0 if verb is None else len(verb.words))
        if after_nothing > index:
            return self._start_step(after_nothing)
        if verb is not None:
            goes_on = bool(self.tokens)
            self.emit("VERB", verb.value, index, len(verb.words))
            after = self._skip_repetition(verb, index + len(verb.words))
            if goes_on and self.leaves_out(verb, after):
                self.emit("PRONOUN", "it", index, 1)  # "take the cup and put on the table"
            return after
        unknown = self._unknown_verb_length(index)
        if unknown:
            self.emit("VERB", "_".join(self.texts[index : index + unknown]), index, unknown)
            return index + unknown
        return self._start_without_noun(index)

    def _refuse_condition(self, index: int) -> None:
        """Refuses "if the cup is empty, ..." and "before you open it, ..."."""
        for entry in self.readings.entries(index):
            if entry.kind == "CONDITION" and self._fits("CONDITION", index, len(entry.words)):
                raise self._conditional(index, len(entry.words))

    def _conditional(self, index: int, length: int) -> CommandError:
        return self.refuse(
            index, length, "sets a condition, which is not judged; say what to do, step by step"
        )

    def _past_nothing(self, index: int, verb: int) -> int:
        """Passes over "wait, then" before a verb; `verb` is the length of a verb at `index`.

        Raises:
            CommandError: what stands there is no more than "wait", or says what not to do.
        """
        for entry in self.readings.entries(index):
            length = len(entry.words)
            after = index + length
            if entry.kind == "FORBIDDING":
                raise self.refuse(index, length, "says what not to do; say what to do instead")
            named = verb >= length or (
                verb and self.readings.leading_kind(after) in {"DET", "PRONOUN"}
            )
            if entry.kind != "NO_THING" or named or length < self.readings.longest(index):
                continue
            start = self.skip_openers(after)
            if start > after and self.readings.verb_at(start) is not None:
                return start
            raise self.refuse(index, length, 'names no thing; expected one, as in "the cup"')
        return index

    def _start_without_noun(self, index: int) -> int:
        """Something is meant by "left of the plate" and by "on the left" alone."""
        negated = next((e for e in self.readings.entries(index) if e.kind in _NEGATIONS), None)
        if negated is not None:
            after = index + len(negated.words)
            if self.readings.leading_kind(after) in {"DET", "PRONOUN"}:
                self.emit("EXCEPT", "not", index, after - index)
                return after
            if negated.words == ("neither",):
                self.emit("ONE", "one", index, 1)
        readings = self.readings.at(index)
        longest = self.readings.longest(index)
        kinds = {kind for kind, _, length in readings if length == longest}
        named = any(self._fits(kind, index, longest) for kind in kinds & (NOMINAL | OPENING))
        if not named and any(self._qualifies(kind, index, longest) for kind in kinds):
            self.emit("ONE", "one", index, longest)
        return index

    def _qualifies(self, kind: str, index: int, length: int) -> bool:
        """Whether words at the start of a step say more of a thing that is not named."""
        after = index + length
        if kind in _PLACED:
            return length > 1 and not self.readings.begins_nominal(after)
        if length == 1 and self.texts[index] in self.known.only_before_noun:
            return self.readings.leading_kind(after) in OPENING
        described = kind == "THAT_IS" and length > 1
        return (described or kind in RELATING | {"WITH", "WITHOUT"}) and self.readings.opens_phrase(
            after
        )

    def _skip_repetition(self, verb: Entry, index: int) -> int:
        while True:
            again = self.readings.verb_at(index)
            if again is None or again.value != verb.value or verb.words != again.words:
                return index
            index += len(again.words)

    def _unknown_verb_length(self, index: int) -> int:
        """Words before a determiner at the start of a step must be a verb: "juggle the cup"."""
        if self.readings.longest(index) > 1 or self.known.kinds_of(self.texts[index]):
            return 0
        for length in (1, 2):
            last = index + length - 1
            if self.readings.is_end(last):
                return 0
            particle = length == 2 and self.texts[last] in self.known.particles
            if not particle and self.readings.leading_kind(last) != "WORD":
                return 0
            if self.clause_ahead(last + 1):
                return 0
            if self.readings.leading_kind(last + 1) in {"DET", "PRONOUN"}:
                return length
        return 0

    # Words within a step

    def _advance(self, index: int) -> int:
        repaired = self.readings.repair_end(index)
        if repaired and self.previous() != "LABELLED":
            return self._take_back(index, repaired)
        if self.words[index].is_mark:
            return self._mark(index)
        stranded = self._stranded(index)
        if stranded:
            return index + stranded
        if self.is_particle(index):
            return index + 1
        if self.is_colour_prefix(index):
            return index + 1
        if self.runs_on(index):
            return self._separate("then", index, 0)
        purpose = self._purpose_length(index)
        if purpose:
            return self._take_purpose(index, purpose)
        if self.lists_on(index):
            self.emit("AND", "and", index, 1)
        if self.words[index].quoted and self._is_title(index):
            return self._take_title(index)
        for kind, value, length in self.readings.at(index):
            if self._fits(kind, index, length):
                return self._take(kind, value, index, length)
        return self._open_class(index)

    def _take_back(self, index: int, end: int) -> int:
        """Puts the thing or the step that follows at `end` in the place of what was said."""
        self.clause_open = False
        said = [place for place in range(index, end) if not self.words[place].is_mark]
        if end == len(self.words):
            length = said[-1] - said[0] + 1
            why = "takes back what was said; say what is meant instead"
            raise self.refuse(said[0], length, why)
        while self.previous() in _WAITING:
            self.tokens.pop()
        start = self.skip_openers(end)
        verb = start < len(self.words) and self.readings.verb_at(start) is not None
        nothing_yet = self.previous() in {"", "SEP"}
        if verb and self.previous() == "VERB":
            self.tokens.pop()
        elif verb and not nothing_yet:
            self.emit("SEP", INSTEAD, said[0], 1)
        elif not nothing_yet and self.previous() != "VERB":
            self.emit("RATHER", "rather", said[0], 1)
            if self.readings.leading_kind(end) == "TO":
                self.emit("ONE", "one", said[0], 1)
            return self._start_without_noun(end)
        self.step_starts = verb or nothing_yet
        return start if verb else end

    def _purpose_length(self, index: int) -> int:
        """Words that begin to say what a thing is for or what it does: "used to", "that"."""
        if self.clause_open or not self.names_thing():
            return 0
        listed = next((e for e in self.readings.entries(index) if e.kind == "PURPOSE"), None)
        if listed is not None and not self.readings.is_end(index + len(listed.words)):
            return len(listed.words)
        if self.readings.is_end(index + 1):
            return 0
        fitting = {
            (kind, length)
            for kind, _, length in self.readings.at(index)
            if self._fits(kind, index, length)
        }
        following = self.texts[index + 1]
        if self.texts[index] in _RELATIVE:
            if any(length > 1 for _, length in fitting):
                return 0
            if following in self.known.users | self.known.modals:
                return 1
            does = following.endswith("s") and following not in self.known.closed_words
            return int(does and fitting <= {("DET", 1), ("PRONOUN", 1)})
        if fitting:
            return 0
        for_an_act = self.texts[index] == "to" and self.tokens[-1] == GENERIC_NOUN
        acts = any(entry.kind == "VERB" for entry in self.readings.entries(index + 1))
        return int(self.texts[index] in self.known.users or (for_an_act and acts))

    def _take_purpose(self, index: int, length: int) -> int:
        """Makes one attribute of the words up to what says where the thing is."""
        end = index + length + 1
        while end < len(self.words) and not self._ends_purpose(end):
            end += 1
        listed = next((e for e in self.readings.entries(index) if e.kind == "PURPOSE"), None)
        said = self.texts[index : index + length]
        said = [listed.value] if listed is not None else ["used to"] if said == ["to"] else said
        words = [*said, *self.texts[index + length : end]]
        if self.previous() == "ONE":
            self.tokens[-1] = Token.new_borrow_pos("WORD", GENERIC_NOUN, self.tokens[-1])
        self.emit("THAT_IS", "", index, length)
        self.emit("ATTRIBUTE", " ".join(words), index, end - index)
        return end

    def _ends_purpose(self, index: int) -> bool:
        if self.words[index].is_mark or self.readings.leading_kind(index) is None:
            return True
        for kind, _, length in self.readings.at(index):
            after = index + length
            if kind == "FILLER" and self.readings.is_end(after):
                return True
            if kind in RELATING and self.readings.leading_kind(after) == "DET":
                return True
            if kind in {"AND", "SEP"} and self.readings.begins_step(after):
                return True
            if kind in {"SIDE", "EXTREME"} and length > 1:
                return True
        return self.readings.begins_step(index)

    def _is_title(self, index: int) -> bool:
        """Whether quoted words are what is written on a thing: 'the book "Moby Dick"'."""
        first = index == 0 or self.words[index - 1].quoted != self.words[index].quoted
        return first and self.previous() in {"WORD", "ONE", "LABELLED", "WITH"}

    def _take_title(self, index: int) -> int:
        quotation = self.words[index].quoted
        end = index
        while end < len(self.words) and self.words[end].quoted == quotation:
            end += 1
        if self.previous() == "WITH":
            self.tokens.pop()
        if self.previous() != "LABELLED":
            self.emit("LABELLED", "called", index, 1)
        title = [word.text for word in self.words[index:end] if not word.is_mark]
        self.emit("WORD", " ".join(title), index, end - index)
        if self.texts[end : end + 1] == ["label"]:
            return end + 1  # "with 'water' written on it"
        return end + 2 if self.texts[end : end + 2] == ["on", "it"] else end

    def _take(self, kind: str, value: str, index: int, length: int) -> int:
        after = index + length
        if kind in VANISHING or kind in {"VIEWER", "ADDRESS"}:
            self.passed_filler = kind == "FILLER"
            return after
        self.passed_filler = False
        handler = _TAKES.get(kind)
        if handler is not None:
            return handler(self, value, index, length)
        if kind == "DET" and self.previous() in {"DET", "QUANTITY"} and value == "the":
            return after
        if kind == "DET" and self.previous() in HEAD and self.rejects():
            self.emit("INSTEAD", "but", index, length)
        elif kind == "DET" and self.is_postposed(after):
            self.emit("THAT_IS", "", index, length)
            return after
        if kind == "SUPERLATIVE" and self.previous() in HEAD and self.is_postposed(index):
            self.emit("THAT_IS", "", index, length)
        if kind in {"DET", "QUANTITY"} and self.opens_clause(index):
            self.emit("WHICH", "that", index, length)
            self.clause_open = True
        if kind == "ATTRIBUTE" and self.stands_behind(value, after):
            if self.within_with():
                # "With the handle pointing left": said of the handle.
                named = self.tokens.pop()
                self.emit(kind, value, index, length)
                self.tokens.append(named)
                return after
            self.emit("THAT_IS", "", index, length)
        if kind in CLAUSE_KINDS and self.asks():
            self.emit("ONE", "one", index, 1)
        if kind == "SIDE" and self.texts[index] == "to" and self.pending_distance() is not None:
            self.tokens.pop(self.pending_distance() or 0)  # "the closest cup to the left edge"
        if kind == "NOT":
            kind = self._negation(after)
        if kind == "EXCEPT" and self.tokens:
            kind = self._contrast(index, after)
        if self.texts_are(index, after, "but") and self.previous() == "ATTRIBUTE":
            kind = "JOINER" if self.readings.begins_nominal(after) else kind
        if kind in {"TO", "RELATION"} and self.texts_are(index, after, "to", "from"):
            kind, value = self._distance_relation(kind, value)
        self.emit(kind, value, index, length)
        return after

    def _take_that_is(self, value: str, index: int, length: int) -> int:
        after = index + length
        # "Where the keys are" and "in which the keys are": "are" says nothing.
        if self.readings.leading_kind(after) is None:
            return after
        if self.previous() == "VERB" and self.texts[index] == "what":
            self._take_unnamed(value, index, 1)
        elif self.asks():
            self.emit("ONE", "one", index, 1)
        self.emit("THAT_IS", value, index, length)
        return after

    def _take_relation(self, value: str, index: int, length: int) -> int:
        after = index + length
        if self.asks():
            self.emit("ONE", "one", index, 1)
        if after < len(self.texts) and self.texts[after] in {"which", "whom"}:
            self.emit("INVERSE", value, index, length + 1)
            self.clause_open = True
            return after + 1
        if self.previous() == "THAT_IS" and self.readings.is_end(after) and value == "on":
            self.emit("ATTRIBUTE", f"switched {self.texts[index]}", index, length)
            return after
        kind = "BETWEEN" if value in {"between", "between_or_in"} else "RELATION"
        if self.previous() == "ORDINAL" and self.texts_are(index, after, "from"):
            value = "nearest_to"  # "the mug second from the kettle"
        elif self.texts_are(index, after, "to", "from") or self.texts[index] == "away":
            kind, value = self._distance_relation(kind, value)
        self.emit(kind, value, index, length)
        return after

    def _take_place_clause(self, value: str, index: int, length: int) -> int:
        if self.needs_place():
            self.emit("RELATION", "next_to", index, length)  # "put the cup where the plate is"
            return index + length
        self.emit("INVERSE", "where", index, length)
        self.clause_open = True
        return index + length

    def _take_clause(self, value: str, index: int, length: int) -> int:
        self.emit("WHICH", value, index, length)
        self.clause_open = True
        return index + length

    def _take_beside_it(self, value: str, index: int, length: int) -> int:
        self.emit("RELATION", value, index, length)
        self.emit("PRONOUN", "it", index, length)
        return index + length

    def _take_diagonal(self, value: str, index: int, length: int) -> int:
        first, second = value.split()
        self.emit("RELATION", first, index, length)
        self.emit("ALSO", "and", index, length)
        self.emit("RELATION", second, index, length)
        return index + length

    def _take_apart(self, value: str, index: int, length: int) -> int:
        counted = self.bare_number(index + length)
        if counted:
            return counted  # "the middle cup out of the three"
        if self.previous() == "THAT_IS":
            if self.readings.is_end(index + length):
                self.emit("ATTRIBUTE", f"switched {self.texts[index]}", index, length)
                return index + length
            self.tokens.pop()
        if all(token.type != "VERB" for token in self.tokens):
            self.emit("THAT_IS_NOT", "not", index, length)
        self.emit("RELATION", value, index, length)
        return index + length

    def _take_everything(self, value: str, index: int, length: int) -> int:
        self.emit("QUANTITY", "0", index, length)
        self.emit("WORD", GENERIC_NOUN, index, length)
        return index + length

    def _take_anything(self, value: str, index: int, length: int) -> int:
        self.emit("QUANTITY", "1", index, length)
        self.emit("WORD", GENERIC_NOUN, index, length)
        return index + length

    def _lists_two(self, index: int) -> bool:
        """Whether "both" is followed by one thing and another: "both the plate and the bowl"."""
        for place in range(index, len(self.words)):
            if self.readings.is_end(place):
                return False
            if self.texts[place] == "and":
                one = self.known.singular(self.texts[place - 1]) is None
                return one and self.readings.leading_kind(place + 1) == "DET"
        return False

    def _take_quantity(self, value: str, index: int, length: int) -> int:
        after = index + length
        if self.texts[index] == "both" and self._lists_two(after):
            return after
        if self.texts[index] == "either" and "or" in self.texts[after:]:
            return after
        if self.opens_clause(index):
            self.emit("WHICH", "that", index, length)
            self.clause_open = True
        alone = not self.readings.opens_phrase(after)
        if alone and self.previous() == "VERB" and any(t.type == "SEP" for t in self.tokens):
            self.emit("PRONOUN", "them", index, length)
            return after
        if self.previous() == "QUANTITY" and self.said_last().endswith(("of", "the")):
            return after  # "one of the two cups"
        # "The first two cups", "the other two": two cups, from the first on, of the others.
        moved = []
        while self.previous() in BEFORE_NUMBER:
            moved.append(self.tokens.pop())
        self.emit("QUANTITY", value, index, length)
        self.tokens += reversed(moved)
        if alone:
            self.emit("ONE", "one", index, length)
        return after

    def _take_other(self, value: str, index: int, length: int) -> int:
        if value.isdigit() and self.previous() != "QUANTITY":
            self.emit("QUANTITY", value, index, length)
        self.emit("OTHER", "other", index, length)
        return index + length

    def _take_others(self, value: str, index: int, length: int) -> int:
        if self.previous() != "QUANTITY":
            self.emit("QUANTITY", "0", index, length)
        self.emit("OTHER", "other", index, length)
        self.emit("ONE", "one", index, length)
        return index + length

    def _take_unnamed(self, value: str, index: int, length: int) -> int:
        """Reads "whatever is in the box" as the thing in it."""
        self.emit("ONE", "one", index, length)
        return index + length

    def _take_of(self, value: str, index: int, length: int) -> int:
        """Tells "a cup of red colour" from "a cup of coffee"."""
        after = index + length
        counted = self.bare_number(after)
        if counted and self.previous() == "WORD":
            return counted  # "the shortest pencil of the three"
        self.emit("THAT_IS" if self.readings.is_suffixed(after) else "OF", value, index, length)
        return after

    def _take_pair(self, value: str, index: int, length: int) -> int:
        """Two things, but one "pair of black scissors"."""
        place = index + length
        last = ""
        while self.readings.begins_nominal(place):
            place += self.readings.longest(place)
            last = self.texts[place - 1]
        if last not in self.known.plural_only:
            self.emit("QUANTITY", value, index, length)
        return index + length

    def _take_choice(self, value: str, index: int, length: int) -> int:
        """Decides what "or" joins: attributes or names of things; no more than that."""
        after = index + length
        following = self.readings.leading_kind(after)
        if value == "/" and (self.previous() != "WORD" or following != "WORD"):
            return after  # "red/white"
        attributes = self.previous() == "ATTRIBUTE" == following
        if self.among_exclusions():
            self.emit("JOINER", "and", index, length)
        elif self.goes_on_excluding() and following in _CONTRASTED | {"PLACE"}:
            self.emit("ALSO", "nor", index, length)
            self.emit("THAT_IS_NOT", "nor", index, length)
        elif self.rejects() and value in {"nor", "or"} and following in {"DET", "PRONOUN"}:
            self.emit("ALSO", "nor", index, length)
            self.emit("EXCEPT", "nor", index, length)
        elif attributes:
            self.emit("JOINER", "or", index, length)
        elif self.previous() in HEAD and following in NOMINAL | {"DET", "QUANTITY"}:
            self.emit("OR", "or", index, length)
        else:
            raise self.refuse(index, length, "leaves a choice; name one thing")
        return after

    def _take_condition(self, value: str, index: int, length: int) -> int:
        raise self._conditional(index, length)

    def _stranded(self, index: int) -> int:
        """Takes the relation that ends a clause, or says where in a thing a part is."""
        if not self.clause_open and not self.within_with():
            return 0
        found = self.stranded_relation(index)
        if found is None:
            return 0
        self.emit("STRANDED", found[0], index, found[1])
        self.clause_open = False
        return found[1]

    def _distance_relation(self, kind: str, value: str) -> tuple[str, str]:
        """Turns "the closest cup to ..." into "the cup closest to ..."."""
        place = self.pending_distance()
        if place is None:
            return kind, value
        near = self.tokens.pop(place) == "near"
        if self.previous() in SPECIFIER | {"", "VERB", "SEP"}:
            self.tokens.append(Token("ONE", "one", start_pos=0, end_pos=0))
        return "RELATION", "nearest_to" if near else "farthest_from"

    def _contrast(self, index: int, after: int) -> str:
        """Tells "behind the cup but left of the plate" from "but not the red one"."""
        if self.texts[index] == "but" and self.readings.leading_kind(after) in _CONTRASTED:
            if after - index == 1:
                return "ALSO"
            self.emit("ALSO", "but", index, 1)
            return "THAT_IS_NOT"
        related = any(token.type == "RELATION" for token in self.tokens)
        everything = any(token.type == "QUANTITY" and token == "0" for token in self.tokens)
        last = self.words[index - 1].is_mark or everything
        if related and last and self.previous() not in {"VERB", "SEP"}:
            self.emit("ALSO", "but", index, 1)
        return "EXCEPT"

    def _negation(self, after: int) -> str:
        following = self.readings.leading_kind(after)
        before_head = self.previous() in SPECIFIER | {"", "VERB", "SEP", "AND"}
        if following == "ATTRIBUTE" and before_head:
            return "NOT"
        return "EXCEPT" if following in {"DET", "PRONOUN"} else "THAT_IS_NOT"

    def _join(self, value: str, index: int, length: int) -> int:
        """Decides what "and" joins: steps, colours, qualifiers or things."""
        after = index + length
        start = self.skip_openers(after)
        if start < len(self.words) and self.readings.verb_at(start) is not None:
            return self._separate(value, index, length)
        following = self.readings.leading_kind(after)
        if following == "SEP":
            return after
        if following in QUALIFYING:
            self.emit("ALSO", "and", index, length)
        elif following == "ATTRIBUTE" and self.previous() == "ATTRIBUTE":
            self.emit("JOINER", "and", index, length)
        elif self.lists_parts():
            self.emit("WITH_ALSO", "and", index, length)
        else:
            self.emit("AND", "and", index, length)
        return after

    def _separate(self, value: str, index: int, length: int) -> int:
        if self.tokens and self.tokens[-1].type != "SEP":
            self.emit("SEP", "then", index, max(length, 1))
        self.step_starts = True
        return index + length

    def _mark(self, index: int) -> int:
        self.clause_open = False
        if self.texts[index] == ".":
            return self._separate(".", index, 1)
        if self.rejects() and self.readings.opens_phrase(index + 1):
            self.emit("INSTEAD", "but", index, 1)
            return index + 1
        if self.goes_on(index + 1):
            self.emit("ALSO", ",", index, 1)
            return index + 1
        start = self.skip_openers(index + 1)
        if start < len(self.words) and self.readings.verb_at(start) is not None:
            return self._separate(",", index, 1)
        if self.is_apposition(index + 1):
            if any(token.type == "RELATION" for token in self.tokens):
                self.emit("ALSO", ",", index, 1)
            self.emit("THAT_IS", ",", index, 1)
            return index + 1
        if self.lists_after_comma(index + 1):
            self.emit("AND", ",", index, 1)
        return index + 1

    def _open_class(self, index: int) -> int:
        """A word outside the lexicon; a hyphenated group with such a word in it stays whole."""
        if self.texts[index] in {"a", "an"} and self.readings.is_end(index + 1):
            # A name, as in "block A", or the beginning of one that is missing.
            self.emit("WORD" if self.previous() in HEAD | {"LABELLED"} else "DET", "a", index, 1)
            return index + 1
        end = index + self.readings.glued_length(index)
        if end < len(self.words) and self.is_attribute(index, end + 1):
            end += 1
        words = self.words[index:end]
        joined = "".join(("-" if w.glued else " ") + w.text for w in words)
        kind = "ATTRIBUTE" if self.is_attribute(index, end) else "WORD"
        self.emit(kind, joined.strip(" -"), index, end - index)
        return end

    def _fits(self, kind: str, index: int, length: int) -> bool:
        rule = FITS.get(kind)
        return rule is None or rule(self, index, index + length)


_TAKES: dict[str, Callable[[Classifier, str, int, int], int]] = {
    "THAT_IS": Classifier._take_that_is,
    "RELATION": Classifier._take_relation,
    "PLACE_CLAUSE": Classifier._take_place_clause,
    "CLAUSE": Classifier._take_clause,
    "BESIDE_IT": Classifier._take_beside_it,
    "DIAGONAL": Classifier._take_diagonal,
    "APART": Classifier._take_apart,
    "UNIVERSAL": Classifier._take_everything,
    "EXISTENTIAL": Classifier._take_anything,
    "UNNAMED": Classifier._take_unnamed,
    "QUANTITY": Classifier._take_quantity,
    "OTHER": Classifier._take_other,
    "ELSE": Classifier._take_other,
    "OTHERS": Classifier._take_others,
    "OF": Classifier._take_of,
    "PAIR": Classifier._take_pair,
    "CHOICE": Classifier._take_choice,
    "CONDITION": Classifier._take_condition,
    "AND": Classifier._join,
    "SEP": Classifier._separate,
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
        elif token.type in {"SEP", "RATHER"}:
            pairs = 0
        elif token.type == "BETWEEN" and pairs:
            pairs -= 1
            tokens[position] = Token.new_borrow_pos("BETWEEN", "between", token)
        elif token.type == "BETWEEN" and (token == "between" or _several(tokens, position + 1)):
            tokens[position] = Token.new_borrow_pos("AMONG", "between", token)
        elif token.type == "BETWEEN":
            tokens[position] = Token.new_borrow_pos("RELATION", "in", token)
    return tokens


def _several(tokens: Sequence[Token], position: int) -> bool:
    """Whether a number above one follows: "in the middle of the two cups"."""
    following = tokens[position : position + 2]
    return any(token.type == "QUANTITY" and token not in {"0", "1"} for token in following)
