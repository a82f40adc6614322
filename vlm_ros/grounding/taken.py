"""What the parts of one command have taken: "the other cup" is none of it."""

from __future__ import annotations

from vlm_ros.grounding.result import Grounding
from vlm_ros.language.command import Phrase


class Taken:
    """The regions that each target phrase of a command was found to be."""

    def __init__(self) -> None:
        self._by_phrase: dict[Phrase, set[int]] = {}

    def add(self, phrase: Phrase, grounding: Grounding) -> None:
        """Notes what a target was found to be."""
        self._by_phrase[phrase] = {target.region for target in grounding.targets}

    def before(self, phrase: Phrase) -> frozenset[int]:
        """What phrases other than this one took; the same one again means the same thing."""
        others = (taken for other, taken in self._by_phrase.items() if other != phrase)
        return frozenset().union(*others)
