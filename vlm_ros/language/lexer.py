"""Gives every word of a command its class, by the lexicon and by the words around it.

Longest phrasing first. Where a phrasing has several classes ("second", "on top", "open"), what
stands before and after it decides; `contexts` holds one rule for each such class.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from lark import Token
from lark.lexer import Lexer

from vlm_ros.errors import CommandError
from vlm_ros.language.between import mark_among
from vlm_ros.language.contexts import fits
from vlm_ros.language.lexicon import lexicon
from vlm_ros.language.purposes import purpose_length, take_purpose
from vlm_ros.language.readings import HEAD
from vlm_ros.language.steps import Stepping
from vlm_ros.language.takes import take
from vlm_ros.language.words import Word


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


class Classifier(Stepping):
    """Walks the words once from left to right."""

    def run(self) -> list[Token]:
        """Classifies all words."""
        index = 0
        while index < len(self.words):
            index = self.start_step(index) if self.step_starts else self._advance(index)
        while self.tokens and self.tokens[-1].type == "SEP":
            self.tokens.pop()
        if not self.tokens:
            raise CommandError(
                'no thing is named; say what is meant, for example "the red cup"',
                self.text,
                len(self.text),
            )
        return mark_among(self.tokens)

    def _advance(self, index: int) -> int:
        repaired = self.readings.repair_end(index)
        if repaired and self.previous() != "LABELLED":
            return self.take_back(index, repaired)
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
            return self.separate("then", index, 0)
        purpose = purpose_length(self, index)
        if purpose:
            return take_purpose(self, index, purpose)
        if self.lists_on(index):
            self.emit("AND", "and", index, 1)
        if self.words[index].quoted and self._is_title(index):
            return self._take_title(index)
        for kind, value, length in self.readings.at(index):
            if fits(self, kind, index, length):
                return take(self, kind, value, index, length)
        return self._open_class(index)

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

    def _mark(self, index: int) -> int:
        self.clause_open = False
        if self.texts[index] == ".":
            return self.separate(".", index, 1)
        if self.rejects() and self.readings.opens_phrase(index + 1):
            self.emit("INSTEAD", "but", index, 1)
            return index + 1
        if self.goes_on(index + 1):
            self.emit("ALSO", ",", index, 1)
            return index + 1
        start = self.skip_openers(index + 1)
        if start < len(self.words) and self.readings.verb_at(start) is not None:
            return self.separate(",", index, 1)
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
