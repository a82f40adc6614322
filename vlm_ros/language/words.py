"""The words of a text, each with the place where it stood."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from vlm_ros.errors import CommandError

MAX_CHARACTERS = 500

_WORD = re.compile(r"[^\W_]+(?:['\u2019][^\W_]+)*|[,;.!?&(:]")
_MARKS = {"!": ".", "?": ".", "(": ",", ":": ","}
_HYPHENS = frozenset("-\u2010\u2011")


@dataclass(frozen=True)
class Word:
    """A word or a mark.

    Attributes:
        text: in lower case with plain apostrophes; "." for every mark that ends a sentence, "," for
            every mark that may part a sentence.
        start: 0-based offset of its first character in the command.
        end: offset after its last character.
        glued: whether a hyphen joins it to the word before.
    """

    text: str
    start: int
    end: int
    glued: bool = False

    @property
    def is_mark(self) -> bool:
        """Whether it is a comma or a full stop rather than a word."""
        return self.text in {",", "."}


def split_words(text: str) -> list[Word]:
    """Words and marks of a command; other punctuation and any white space only separate.

    Raises:
        CommandError: the text is too long, holds a control character, or holds no word.
    """
    if len(text) > MAX_CHARACTERS:
        raise CommandError(
            f"the command has {len(text)} characters; at most {MAX_CHARACTERS} are read",
            text,
            MAX_CHARACTERS,
        )
    for position, character in enumerate(text):
        if unicodedata.category(character) in {"Cc", "Cs"} and not character.isspace():
            raise CommandError(
                f"the command holds the control character U+{ord(character):04X} at position"
                f" {position}; remove it",
                text,
                position,
            )
    words: list[Word] = []
    for match in _WORD.finditer(text):
        start, end = match.span()
        word = match.group().casefold().replace("\u2019", "'")
        glued = bool(words) and words[-1].end == start - 1 and text[start - 1] in _HYPHENS
        words.append(Word(_MARKS.get(word, word), start, end, glued))
    if all(word.is_mark for word in words):
        raise CommandError('the command is empty; name a thing, for example "the red cup"', text, 0)
    return words
