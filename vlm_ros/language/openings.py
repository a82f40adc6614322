"""What is said before a step begins and is no part of it: politeness, names, preambles."""

from __future__ import annotations

from vlm_ros.language.lexicon import Entry
from vlm_ros.language.walk import Walk

# What no opener has to be longer than.
_UNSAID = frozenset({"FILLER", "PARTICIPLE", "PURPOSE"})
# How many words the preamble of a request may have: "it would be really nice if you could".
_PREAMBLE_WORDS = 10


class Opening(Walk):
    """A walk that knows where a step really begins."""

    def skip_openers(self, index: int) -> int:
        """Where the words begin that say what to do or what is meant."""
        while index < len(self.words):
            if self.words[index].is_mark:
                index += 1
                continue
            repaired = self.readings.repair_end(index)
            if repaired and repaired < len(self.words):
                index = repaired
                continue
            opener = next((e for e in self.readings.entries(index) if e.kind == "OPENER"), None)
            addressed = self._address_length(index)
            if opener is not None and self._is_opener(opener, index):
                index += max(addressed, len(opener.words))
            elif addressed or self._preamble_length(index):
                index += addressed or self._preamble_length(index)
            else:
                return index
        return index

    def _address_length(self, index: int) -> int:
        """Words that name who is spoken to, before a mark or before what is to be done."""
        for entry in self.readings.entries(index):
            after = index + len(entry.words)
            if entry.kind != "ADDRESS":
                continue
            if after == len(self.words):
                name = " ".join(entry.words)
                return 0 if self.known.kinds_of(name) else len(entry.words)
            begins = self.words[after].is_mark or self.readings.verb_at(after) is not None
            opens = any(e.kind in {"OPENER", "DET"} for e in self.readings.entries(after))
            if begins or opens:
                return len(entry.words)
        return 0

    def _preamble_length(self, index: int) -> int:
        """Words of "I was hoping you could" before a verb and what it is done to."""
        named = self.readings.verb_at(index) is not None
        if named or self.texts[index] not in self.known.preambles:
            return 0
        for place in range(index, min(index + _PREAMBLE_WORDS, len(self.words))):
            if self.words[place].is_mark or self.texts[place] == "the":
                return 0
            after = place + self.known.hinge_length(self.texts, place)
            if after == place or after >= len(self.words):
                continue
            if self.readings.begins_step(after):
                return after - index
        return 0

    def _is_opener(self, opener: Entry, index: int) -> bool:
        length = len(opener.words)
        verb = self.readings.verb_at(index)
        if verb is not None and len(verb.words) >= length:
            return False
        counts = any(
            e.kind == "ORDINAL" and len(e.words) >= length for e in self.readings.entries(index)
        )
        begins = self.readings.verb_at(index + length) is not None
        if counts and not begins and self.readings.leading_kind(index + length) != "DET":
            return False
        readings = self.readings.at(index)
        return all(n <= length for kind, _, n in readings if kind not in _UNSAID)
