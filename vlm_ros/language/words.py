"""The words of a text, each with the place where it stood."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from vlm_ros.errors import CommandError

MAX_CHARACTERS = 500

_WORD = re.compile(
    r"""
      \b(?:w/out|w/o|b/w|b/t)\b | \bw/              # without, between, with
    | \b(?:dr|mr|mrs|ms|st|jr|vs)\.(?=\s)           # an abbreviation ends no sentence
    | \bno\.(?=\s?\d) | \#(?=\s?\d)                 # a number
    | \d+(?:[.,:/]\d+)+                             # 1.5, 10:30
    | \b[^\W_]&[^\W_](?:['\u2019]?s)?\b             # M&M's
    | [$\u00a3\u20ac]\d+
    | [^\W_]+(?:['\u2019\u00b4`][^\W_]+)*
    | (?<=\s)[-\u2013]+(?=\s)                       # a dash between words
    | (?<=[^\W_])/(?=[^\W_]) | (?<=[^\W_]\s)/(?=\s[^\W_])  # one thing or another
    | [,;.!?&(:)\u2026\u2014]
    """,
    re.VERBOSE | re.IGNORECASE,
)
_QUOTATION = re.compile(
    r"""["\u201c\u201d]([^"\u201c\u201d]+)["\u201c\u201d]|(?<!\w)'([^']+)'(?!\w)"""
)
_ITEM = re.compile(r"\s*\d{1,2}[.)]\s")
_MARKS = {"!": ".", "?": ".", "\u2026": ".", "(": ",", ")": ",", ":": ",", "\u2014": ","}
_NUMBER_SIGNS = frozenset({"#", "no."})
_HYPHENS = frozenset("-\u2010\u2011")
_DASHES = frozenset("-\u2013")
_APOSTROPHES = str.maketrans(dict.fromkeys("\u2019\u00b4`", "'"))


@dataclass(frozen=True)
class Word:
    """A word or a mark.

    Attributes:
        text: in lower case with plain apostrophes; "." for every mark that ends a sentence, "," for
            every mark that may part a sentence.
        start: 0-based offset of its first character in the command.
        end: offset after its last character.
        glued: whether a hyphen joins it to the word before.
        quoted: the number of the quotation it stands in, counted from 1; 0 outside.
    """

    text: str
    start: int
    end: int
    glued: bool = False
    quoted: int = 0

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
    quotations = [match.span() for match in _QUOTATION.finditer(text)]
    item = _ITEM.match(text)
    for match in _WORD.finditer(text, item.end() if item else 0):
        start, end = match.span()
        word = match.group().casefold().translate(_APOSTROPHES)
        glued = bool(words) and words[-1].end == start - 1 and text[start - 1] in _HYPHENS
        quoted = next((n for n, (a, b) in enumerate(quotations, 1) if a <= start < b), 0)
        words.append(Word(_spelled(word), start, end, glued, quoted))
    if all(word.is_mark for word in words):
        raise CommandError('the command is empty; name a thing, for example "the red cup"', text, 0)
    return words


def _spelled(word: str) -> str:
    """The word or mark that stands for what was matched."""
    if word in _NUMBER_SIGNS:
        return "number"
    if word[0] in _DASHES:
        return ","
    if word.endswith(".") and len(word) > 1:
        return word[:-1]
    return _MARKS.get(word, word)
