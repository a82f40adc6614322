"""Which nouns may be said of what: other names, broader words, and words that are fair to use.

A thing's label is only one of its names: a trainer that takes every other noun to be false teaches
that a mayonnaise bottle is no bottle. The table has a line for each noun that things are called in
rendered scenes and in the photographs that the bundled model was trained on, and for many that no
picture shows.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from functools import lru_cache
from importlib.resources import files

# Ordered so that the truth of several claims together is the least of them.
FALSE, UNSURE, TRUE = 0, 1, 2
# What may be said of everything.
ANYTHING = ("object", "thing", "item")


class Nouns:
    """The table of nouns.

    A noun is TRUE of what is called by another if that one's line says so. It is UNSURE if the line
    of either says that it may be, or if it is a narrower word: a bottle may be a water bottle. All
    else is FALSE. A noun without a line of its own stands for those of which it is a name.
    """

    def __init__(
        self,
        lines: Iterable[tuple[str, Iterable[str], Iterable[str]]],
        pictured: AbstractSet[str] | None = None,
    ) -> None:
        """Reads the table.

        Args:
            lines: (noun, names, perhaps): what is true of all that a noun is said of, and of some.
            pictured: all that things are called in the pictures that will be judged; where omitted
                a noun is nowhere taken for another, see `stand_ins`.
        """
        self._lines = {noun: (tuple(names), frozenset(perhaps)) for noun, names, perhaps in lines}
        self._owners: dict[str, set[str]] = {}
        for noun, (names, _) in self._lines.items():
            for name in names:
                self._owners.setdefault(name, set()).add(noun)
        self._stand_ins: dict[str, tuple[str, ...]] = {}
        if pictured is not None:
            self._take_for_others(pictured)
        self._verdicts: dict[tuple[str, str], int] = {}

    def for_pictures(self, pictured: AbstractSet[str]) -> Nouns:
        """The same table for pictures in which things are called by these nouns only."""
        return Nouns(((n, *line) for n, line in self._lines.items()), pictured)

    def names(self, noun: str) -> tuple[str, ...]:
        """Other nouns that are true of all that this one is said of."""
        return self._lines[noun][0] if noun in self._lines else ()

    def stand_ins(self, noun: str) -> tuple[str, ...]:
        """Narrower nouns that no picture shows, of which this one is the narrowest shown name.

        Of them pictures would only tell what they are not. So they are taken to be true of this:
        a model that has seen sauce bottles, but none of vinegar, looks for vinegar there.
        """
        return self._stand_ins.get(noun, ())

    def truth(self, called: str, noun: str) -> int:
        """Whether `noun` may be said of what is rightly called `called`."""
        key = called, noun
        if key not in self._verdicts:
            self._verdicts[key] = self._judge(called, noun)
        return self._verdicts[key]

    def truth_of_thing(self, called: Sequence[str], noun: str) -> int:
        """Whether `noun` may be said of a thing that is rightly called each of `called`.

        What one of its names leaves open another may settle: a bottle may be a ketchup bottle, but
        not one that is called a mayonnaise bottle too. So only its narrowest names are asked.
        """
        if any(self._is_name(noun, of=name) for name in called):
            return TRUE
        return max(self.truth(name, noun) for name in self.narrowest(called))

    def narrowest(self, called: Sequence[str]) -> list[str]:
        """Those of a thing's names that are not broader words for another of them."""

        def broader(name: str, other: str) -> bool:
            return name in self.names(other) and other not in self.names(name)

        narrow = [n for n in called if not any(broader(n, other) for other in called)]
        return narrow or list(called)  # names that are each broader than the next, in a ring

    def _is_name(self, noun: str, of: str) -> bool:
        return noun == of or noun in ANYTHING or noun in self.names(of)

    def _judge(self, called: str, noun: str) -> int:
        if self._is_name(noun, of=called) or noun in self.stand_ins(called):
            return TRUE
        meant = {noun} if noun in self._lines else self._owners.get(noun, set()) | {noun}
        for other in meant:
            narrower = called in self.names(other)
            if narrower or other in self._perhaps(called) or called in self._perhaps(other):
                return UNSURE
        return FALSE

    def _perhaps(self, noun: str) -> frozenset[str]:
        return self._lines[noun][1] if noun in self._lines else frozenset()

    def _take_for_others(self, pictured: AbstractSet[str]) -> None:
        standing: dict[str, list[str]] = {}
        for noun, (names, _) in self._lines.items():
            if noun in pictured or self._owners.get(noun, set()) & pictured:
                continue
            for name in self.narrowest([name for name in names if name in pictured]):
                standing.setdefault(name, []).append(noun)
        self._stand_ins = {name: tuple(nouns) for name, nouns in standing.items()}


@lru_cache(maxsize=1)
def load_nouns() -> Nouns:
    """The packaged table."""
    text = (files("vlm_ros.training") / "nouns.jsonl").read_text(encoding="utf-8")
    records = (json.loads(line) for line in text.splitlines())
    return Nouns((r["noun"], r["names"], r["perhaps"]) for r in records)
