"""Noun phrases: head, attributes, selectors, parts and exclusions, but no relations yet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from lark import Token

from vlm_ros.language.command import Phrase, Selector
from vlm_ros.language.lexicon import Lexicon
from vlm_ros.language.syntax import Nominal, NounPhrase, RelationNode

GENERIC_NOUN = "object"

_OPPOSITE_AXIS = {
    "left": "right",
    "right": "left",
    "top": "bottom",
    "bottom": "top",
    "near": "far",
    "far": "near",
    "large": "small",
    "small": "large",
}
# Axes that are places of the image as well: "on the left".
_SIDES = frozenset({"left", "right", "top", "bottom"})
# What a side is called as a part of something: "the top of the box".
_SIDE_NAMES = {
    "left": "left side",
    "right": "right side",
    "top": "top",
    "bottom": "bottom",
    "near": "front",
    "far": "back",
}


@dataclass
class Draft:
    """One phrase while its words are sorted.

    Attributes:
        known: the lexicon.
        antecedent: the noun that "one" stands for.
        words: of the text, in natural order.
        noun: the head with its modifiers.
        attributes, excluded, parts, selectors: as in `Phrase`.
        plural_is_all: whether a plural without a number means all of them.
        directed: whether "from the left" said from where the ordinal counts.
    """

    known: Lexicon
    antecedent: str
    attributes: list[str] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    noun: str = GENERIC_NOUN
    excluded: list[str] = field(default_factory=list)
    parts: list[Phrase] = field(default_factory=list)
    selectors: list[Selector] = field(default_factory=list)
    plural_is_all: bool = True
    directed: bool = False

    def read_nominal(self, nominal: Nominal) -> None:
        """Head, attributes, modifiers and the selectors before the head."""
        elements = list(nominal.elements)
        head = self._head(elements)
        self._read_selectors(elements)
        spoken = [e for e in elements if e.type in {"ATTRIBUTE", "WORD", "JOINER"} or e is head]
        noun_words = [str(e) for e in spoken if e.type == "WORD" or e is head]
        self.attributes += [str(e) for e in spoken if e.type == "ATTRIBUTE" and e is not head]
        self.words = [str(e) for e in spoken]
        if nominal.complement is not None and head is None:
            self._read_partitive(elements, nominal.complement)
            return
        if nominal.complement is not None:
            complement = Draft(self.known, GENERIC_NOUN)
            complement.read_nominal(nominal.complement)
            tail = ["of", *complement.phrase().text.split()]
            noun_words += tail
            self.words += tail
        if head is None:
            self.noun = self.antecedent
            self.words.append(self.noun)
        else:
            self.noun = " ".join(noun_words)
        self.excluded += [str(token) for token in nominal.negated]

    def _read_partitive(self, elements: Sequence[Token], whole: Nominal) -> None:
        """Reads "the largest of the cups", and "the top of the box", which is a part."""
        self.read_nominal(whole)
        last = elements[-1] if elements else None
        several = self.known.singular(self.noun) is not None
        if several or last is None or last not in _SIDE_NAMES:
            self.plural_is_all = False
            return
        self.selectors.clear()
        self.words = [*_SIDE_NAMES[last].split(), "of", *self.words]
        self.attributes.clear()
        self.noun = " ".join(self.words)

    def _head(self, elements: Sequence[Token]) -> Token | None:
        """The last word that can name a thing; None for "the red one" and "the leftmost"."""
        spoken = [e for e in elements if e.type not in {"SUPERLATIVE", "PLACE", "ORDINAL"}]
        if not spoken:
            return None
        last = spoken[-1]
        names = last.type == "WORD" or last in self.known.noun_attributes
        return last if names and last.type != "ONE" else None

    def _read_selectors(self, elements: Sequence[Token]) -> None:
        ordinal = next((int(e) for e in elements if e.type == "ORDINAL"), 0)
        for element in elements:
            if element.type == "SUPERLATIVE":
                self._choose_along(str(element), ordinal)
                ordinal = 0
            elif element.type == "PLACE":
                self.selectors.append(Selector("place", str(element)))
        if ordinal:
            self.selectors.append(_ordinal("left", ordinal))

    def _choose_along(self, axis: str, ordinal: int) -> None:
        """A superlative, or an ordinal counted along its axis."""
        pending = self.selectors[-1] if self.selectors else None
        if pending is not None and pending.kind == "ordinal" and pending.axis == "left":
            self.selectors[-1] = _ordinal(axis, pending.count)
        else:
            selector = _ordinal(axis, ordinal) if ordinal else Selector("superlative", axis)
            if selector != pending:
                self.selectors.append(selector)

    def read_qualifiers(self, node: NounPhrase) -> None:
        """What follows the head, without relations."""
        for qualifier in node.qualifiers:
            if qualifier.place is not None:
                self._read_place(qualifier.kind, str(qualifier.place))
            for nominal in qualifier.nominals:
                self._read_description(qualifier.kind, nominal)

    def _read_description(self, kind: str, nominal: Nominal) -> None:
        if kind == "with":
            self.parts.append(self._simple_phrase(nominal))
        elif kind == "without":
            self.excluded.append(self._simple_phrase(nominal).text)
        elif kind == "that_is":
            self._describe(nominal)
        else:
            self._exclude(nominal)

    def _read_place(self, kind: str, axis: str) -> None:
        pending = self.selectors[-1] if self.selectors else None
        counted = pending is not None and pending.kind == "ordinal" and not self.directed
        self.directed |= kind == "direction"
        if kind != "side" or (axis in _OPPOSITE_AXIS and (counted or axis not in _SIDES)):
            self._choose_along(axis, 0)
        elif Selector("place", axis) != pending:
            self.selectors.append(Selector("place", axis))

    def _describe(self, nominal: Nominal) -> None:
        """Reads what follows "that is": attributes, a selector, or what "the one" is."""
        self._read_selectors(nominal.elements)
        self.excluded += [str(token) for token in nominal.negated]
        said = {self.known.group_of(attribute) for attribute in self.attributes}
        spoken = [e for e in nominal.elements if e.type in {"ATTRIBUTE", "WORD", "JOINER"}]
        spoken = [e for e in spoken if self.known.group_of(e) not in said or e.type != "ATTRIBUTE"]
        names = [str(e) for e in spoken if e.type == "WORD"]
        self.attributes += [str(e) for e in spoken if e.type == "ATTRIBUTE"]
        if names and self.noun == GENERIC_NOUN:
            self.noun = " ".join(names)
            self.words = self.words[:-1]
            self.words += [str(e) for e in spoken]
        else:
            self.words = [str(e) for e in spoken] + self.words

    def read_colours(self, relation: RelationNode) -> bool:
        """Takes "in red" as what it is: an attribute; tells whether it was one."""
        anchor = relation.anchors[0]
        if relation.predicate != "in" or anchor.nominal is None or anchor.determiners:
            return False
        elements = anchor.nominal.elements
        if anchor.qualifiers or anchor.relations or not elements:
            return False
        if any(e.type not in {"ATTRIBUTE", "JOINER"} for e in elements):
            return False
        if relation.negated or self._head(elements) is not None:
            return False
        self._describe(anchor.nominal)
        return True

    def _exclude(self, nominal: Nominal) -> None:
        other = self._simple_phrase(nominal)
        if other.noun in {GENERIC_NOUN, self.noun} and other.attributes:
            self.excluded += other.attributes
        else:
            self.excluded.append(other.text)

    def _simple_phrase(self, nominal: Nominal) -> Phrase:
        draft = Draft(self.known, GENERIC_NOUN, plural_is_all=False)
        draft.read_nominal(nominal)
        draft.read_determiners(())
        if nominal.count > 1:
            draft.selectors.append(Selector("quantity", "", nominal.count))
        return draft.phrase()

    def read_determiners(self, determiners: Sequence[Token]) -> None:
        """Quantities; a plural with none means all of them."""
        counts = [int(token) for token in determiners if token.type == "QUANTITY"]
        head, of, complement = self.noun.partition(" of ")
        single = self.known.singular(head)
        if single is not None:
            place = len(self.words) - 1 - len((of + complement).split())
            self.words[place] = single.split()[-1]
            self.noun = single + of + complement
            placed = all(selector.kind == "place" for selector in self.selectors)
            if not counts and placed and self.plural_is_all:
                counts = [0]
        if counts:
            self.selectors.append(Selector("quantity", "", counts[-1]))

    def phrase(self) -> Phrase:
        """The phrase as read so far."""
        return Phrase(
            text=" ".join(self.words),
            noun=self.noun,
            attributes=tuple(dict.fromkeys(self.attributes)),
            excluded=tuple(dict.fromkeys(self.excluded)),
            parts=tuple(self.parts),
            selectors=tuple(self.selectors),
        )


def _ordinal(axis: str, number: int) -> Selector:
    if number < 0:
        axis = _OPPOSITE_AXIS.get(axis, axis)
        return Selector("superlative", axis) if number == -1 else Selector("ordinal", axis, -number)
    return Selector("ordinal", axis, number)
