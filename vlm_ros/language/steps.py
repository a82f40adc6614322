"""With what a step begins: a verb, a thing, or more about one that is not named."""

from __future__ import annotations

from vlm_ros.errors import CommandError
from vlm_ros.language.contexts import fits
from vlm_ros.language.lexicon import Entry
from vlm_ros.language.listing import Listing
from vlm_ros.language.readings import NOMINAL, OPENING, RELATING, SPECIFIER
from vlm_ros.language.syntax import INSTEAD

_PLACED = frozenset({"SIDE", "EXTREME", "DIRECTION"})
_NEGATIONS = frozenset({"NOT", "EXCEPT", "THAT_IS_NOT"})
# What cannot be the last word of a thing: "on the, no, in the box".
_WAITING = (
    SPECIFIER
    | RELATING
    | {"WITH", "WITHOUT", "THAT_IS", "AND", "ALSO", "JOINER", "OF", "TO", "NOT"}
)


class Stepping(Listing):
    """A walk that begins steps."""

    def start_step(self, index: int) -> int:
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
            return self.start_step(after_nothing)
        if verb is not None:
            goes_on = bool(self.tokens)
            self.emit("VERB", verb.value, index, len(verb.words))
            after = self._skip_repetition(verb, index + len(verb.words))
            if goes_on and self.leaves_out(verb, after):
                # "Take the cup and the plate and put on the table"
                self.emit("PRONOUN", "them", index, 1)
            return after
        unknown = self._unknown_verb_length(index)
        if unknown:
            self.emit("VERB", "_".join(self.texts[index : index + unknown]), index, unknown)
            return index + unknown
        return self._start_without_noun(index)

    def take_back(self, index: int, end: int) -> int:
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

    def separate(self, value: str, index: int, length: int) -> int:
        """Ends a step at `length` words, or before `index` where there are none."""
        if self.tokens and self.tokens[-1].type != "SEP":
            self.emit("SEP", "then", index, max(length, 1))
        self.step_starts = True
        return index + length

    def _refuse_condition(self, index: int) -> None:
        """Refuses "if the cup is empty, ..." and "before you open it, ..."."""
        for entry in self.readings.entries(index):
            if entry.kind == "CONDITION" and fits(self, "CONDITION", index, len(entry.words)):
                raise self.conditional(index, len(entry.words))

    def conditional(self, index: int, length: int) -> CommandError:
        """The error that says that `length` words at `index` set a condition."""
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
        named = any(fits(self, kind, index, longest) for kind in kinds & (NOMINAL | OPENING))
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
