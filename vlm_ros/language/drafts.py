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
# Where in the image an axis leads that is no place of it: what is near stands low.
_PLACES_OF_AXES = {"near": "bottom", "far": "top"}
# What a side is called as a part of something: "the top of the box".
_SIDE_NAMES = {
    "left": "left side",
    "right": "right side",
    "top": "top",
    "bottom": "bottom",
    "near": "front",
    "far": "back",
}
# What chooses among several things.
CHOOSING = frozenset({"SUPERLATIVE", "PLACE", "ORDINAL", "OTHER", "DIRECTION"})
_SPOKEN = frozenset({"ATTRIBUTE", "WORD", "JOINER"})
_CLAUSE_OPENERS = frozenset(
    {
        "used",
        "that",
        "which",
        "who",
        "you",
        "i",
        "we",
        "people",
        "one",
        "they",
        "somebody",
        "someone",
    }
)
_PARTING = frozenset({"PARTED", "LACKING"})


@dataclass
class Draft:
    """One phrase while its words are sorted.

    Attributes:
        known: the lexicon.
        antecedent: the noun that "one" stands for.
        words: of the text, in natural order.
        noun: the head with its modifiers.
        tail: how many words of the noun stand behind the head: "of", "water".
        attributes, excluded, parts, selectors, any_of: as in `Phrase`.
        plural_is_all: whether a plural without a number means all of them.
        directed: whether "from the left" said from where the ordinal counts.
        several_ones: whether "ones" stands for the noun.
    """

    known: Lexicon
    antecedent: str
    attributes: list[str] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    noun: str = GENERIC_NOUN
    tail: int = 0
    excluded: list[str] = field(default_factory=list)
    parts: list[Phrase] = field(default_factory=list)
    selectors: list[Selector] = field(default_factory=list)
    any_of: list[tuple[str, ...]] = field(default_factory=list)
    plural_is_all: bool = True
    directed: bool = False
    several_ones: bool = False

    def read_nominal(self, nominal: Nominal) -> None:
        """Head, attributes, modifiers and the selectors before the head."""
        elements = self._without_parts(nominal.elements)
        elements = self._without_alternatives(elements)
        head = head_of(elements, self.known)
        self._read_selectors(elements)
        spoken = [e for e in elements if e.type in _SPOKEN or e is head]
        noun_words = [str(e) for e in spoken if e.type == "WORD" or e is head]
        self.attributes += [str(e) for e in spoken if e.type == "ATTRIBUTE" and e is not head]
        self.words = [str(e) for e in spoken]
        if nominal.complement is not None and head is None:
            self._read_partitive(elements, nominal.complement)
            return
        if nominal.complement is not None:
            complement = Draft(self.known, GENERIC_NOUN)
            complement.read_nominal(nominal.complement)
            tail = [str(nominal.joined_by), *complement.phrase().text.split()]
            self.tail = len(tail)
            noun_words += tail
            self.words += tail
        if head is None:
            self.several_ones = elements[-1:] == ["ones"]
            self.noun = self.antecedent
            self.words.append(self.noun)
        else:
            self.noun = " ".join(noun_words)
        self.excluded += [str(token) for token in nominal.negated]

    def _without_parts(self, elements: Sequence[Token]) -> list[Token]:
        """Takes out "red-capped", which is a part, and "lidless", which is none."""
        kept: list[Token] = []
        for element in elements:
            if element.type == "LACKING":
                self.excluded.append(str(element))
            elif element.type == "PARTED":
                attributes: list[str] = []
                while kept and kept[-1].type in {"ATTRIBUTE", "JOINER"}:
                    attributes.insert(0, str(kept.pop()))
                text = " ".join((*attributes, element))
                self.parts.append(
                    Phrase(text, str(element), tuple(a for a in attributes if a != "and"))
                )
            else:
                kept.append(element)
        return kept

    def _without_alternatives(self, elements: Sequence[Token]) -> list[Token]:
        """Takes out the attributes of which one must hold: "red, green or blue"."""
        kept: list[Token] = []
        group: list[Token] = []
        chosen = False
        for element in elements:
            if element.type == "JOINER" and element == "or":
                group = group or self._alternatives_before(kept)
                chosen = True
            elif chosen:
                group.append(element)
                chosen = False
            else:
                kept.append(element)
        if group:
            self.any_of.append(tuple(map(str, group)))
        return kept

    def _alternatives_before(self, kept: list[Token]) -> list[Token]:
        """Takes what stands before "or", with the others of its group before it."""
        group = [kept.pop()]
        kind = self.known.group_of(group[0])
        while kept and kind is not None and kept[-1].type == "ATTRIBUTE":
            before = self.known.group_of(kept[-1])
            if before is None or before[0] != kind[0]:
                break
            group.insert(0, kept.pop())
        return group

    def _read_partitive(self, elements: Sequence[Token], whole: Nominal) -> None:
        """Reads "the largest of the cups", and "the top of the box", which is a part."""
        said = [word for word in self.words if word != "and"]
        self.read_nominal(whole)
        self.words = said + self.words
        last = elements[-1] if elements else None
        several = self.known.singular(self.noun) is not None or self.noun == GENERIC_NOUN
        several |= whole.count > 1  # "the two glasses", which may be one pair by their noun
        if several or last is None or last not in _SIDE_NAMES:
            self.plural_is_all = False
            return
        self.selectors.clear()
        self.words = [*_SIDE_NAMES[last].split(), "of", *self.words]
        self.attributes.clear()
        self.noun = " ".join(self.words)

    def _read_selectors(self, elements: Sequence[Token]) -> None:
        ordinal = next((int(e) for e in elements if e.type == "ORDINAL"), 0)
        for element in elements:
            if element.type == "SUPERLATIVE":
                self._choose_along(str(element), ordinal)
                ordinal = 0
            elif element.type == "DIRECTION":
                self._choose_along(str(element), ordinal)
                self.directed, ordinal = True, 0
            elif element.type == "PLACE":
                self.selectors.append(Selector("place", str(element)))
            elif element.type == "OTHER":
                self.selectors.append(Selector("other", ""))
        if ordinal:
            self.selectors.append(_ordinal("left", ordinal))

    def _choose_along(self, axis: str, ordinal: int) -> None:
        """A superlative, or an ordinal counted along its axis."""
        pending = self.selectors[-1] if self.selectors else None
        counts = pending is not None and pending.kind == "ordinal" and pending.axis == "left"
        if pending is not None and counts and not self.directed:
            self.selectors[-1] = _ordinal(axis, pending.count)
        else:
            selector = _ordinal(axis, ordinal) if ordinal else Selector("superlative", axis)
            if selector != pending:
                self.selectors.append(selector)

    def read_qualifiers(self, node: NounPhrase) -> None:
        """What follows the head, without relations."""
        for qualifier in node.qualifiers:
            if qualifier.kind in {"side", "extreme", "direction"}:
                self._read_place(qualifier.kind, str(qualifier.place))
            elif qualifier.kind == "not_place":
                self._read_negated_place(str(qualifier.place))
            for nominal in qualifier.nominals:
                self._read_description(qualifier.kind, nominal)

    def _read_description(self, kind: str, nominal: Nominal) -> None:
        if kind == "with":
            self.parts.append(self.simple_phrase(nominal))
        elif kind == "without":
            self.excluded.append(self.simple_phrase(nominal).text)
        elif kind == "that_is":
            self._describe(nominal)
        elif kind == "that_is_not":
            self._exclude(nominal)
        elif kind == "counted":
            self._read_selectors(nominal.elements)

    def _read_place(self, kind: str, axis: str) -> None:
        pending = self.selectors[-1] if self.selectors else None
        counted = pending is not None and pending.kind == "ordinal" and not self.directed
        if kind != "side" or (axis in _OPPOSITE_AXIS and (counted or axis not in _SIDES)):
            self._choose_along(axis, 0)
        elif Selector("place", axis) != pending:
            self.selectors.append(Selector("place", axis))
        self.directed |= kind == "direction"

    def _read_negated_place(self, axis: str) -> None:
        place = _PLACES_OF_AXES.get(axis, axis)
        self.selectors.append(Selector("place", f"not_{place}"))

    def _describe(self, nominal: Nominal) -> None:
        """Reads what follows "that is": attributes, a selector, or what "the one" is."""
        elements = self._without_alternatives(self._without_parts(nominal.elements))
        self._read_selectors(elements)
        self.excluded += [str(token) for token in nominal.negated]
        said = {self.known.group_of(attribute) for attribute in self.attributes}
        spoken = [e for e in elements if e.type in _SPOKEN]
        spoken = [e for e in spoken if self.known.group_of(e) not in said or e.type != "ATTRIBUTE"]
        names = [str(e) for e in spoken if e.type == "WORD"]
        self.attributes += [str(e) for e in spoken if e.type == "ATTRIBUTE"]
        if names and self.noun == GENERIC_NOUN:
            self.noun = " ".join(names)
            self.words = self.words[:-1]
            self.words += [str(e) for e in spoken]
        else:
            before = [str(e) for e in spoken if not _is_clause(e)]
            self.words = before + self.words + [str(e) for e in spoken if _is_clause(e)]

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
        if relation.negated or head_of(elements, self.known) is not None:
            return False
        self._describe(anchor.nominal)
        return True

    def _exclude(self, nominal: Nominal) -> None:
        for spoken in (nominal, *nominal.others):
            self.except_phrase(self.simple_phrase(spoken))

    def except_phrase(self, other: Phrase) -> None:
        """Excludes what tells another phrase from this one, or else the other as a whole."""
        alike = other.noun in {GENERIC_NOUN, self.noun}
        if alike and (other.attributes or other.selectors or other.relations):
            self.excluded += other.attributes
            for selector in other.selectors:
                if selector.kind == "place" or selector.axis in _SIDES | {*_PLACES_OF_AXES}:
                    self._read_negated_place(selector.axis)
        elif not alike or self.noun != GENERIC_NOUN:
            self.excluded.append(other.text)

    def simple_phrase(self, nominal: Nominal) -> Phrase:
        """The phrase of a part or of something excluded."""
        draft = Draft(self.known, GENERIC_NOUN, plural_is_all=False)
        draft.read_nominal(nominal)
        draft.read_determiners(())
        if nominal.count > 1:
            draft.selectors.append(Selector("quantity", "", nominal.count))
        return draft.phrase()

    def read_determiners(self, determiners: Sequence[Token]) -> None:
        """Quantities; a plural with none means all of them."""
        counts = [int(token) for token in determiners if token.type == "QUANTITY"]
        nouns = self.noun.split()
        front = len(nouns) - self.tail
        single = self.known.singular(" ".join(nouns[:front]))
        if single is not None:
            place = len(self.words) - 1 - self.tail
            said = len(self.words[place].split())
            self.words[place] = " ".join(single.split()[-said:])
            self.noun = " ".join((single, *nouns[front:]))
        placed = all(selector.kind in {"place", "other"} for selector in self.selectors)
        plural = single is not None or self.several_ones
        if plural and not counts and placed and self.plural_is_all:
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
            any_of=tuple(self.any_of),
        )


def head_of(elements: Sequence[Token], known: Lexicon) -> Token | None:
    """The last word that can name a thing; None for "the red one" and "the leftmost"."""
    spoken = [e for e in elements if e.type not in CHOOSING]
    if not spoken:
        return None
    last = spoken[-1]
    names = last.type == "WORD" or last in known.noun_attributes
    return last if names and last.type != "ONE" else None


def _is_clause(attribute: str) -> bool:
    """Whether an attribute stands behind the noun: "used to cut paper", "you drink from"."""
    return len(attribute.split()) > 1 and attribute.split()[0] in _CLAUSE_OPENERS


def _ordinal(axis: str, number: int) -> Selector:
    if number < 0:
        axis = _OPPOSITE_AXIS.get(axis, axis)
        return Selector("superlative", axis) if number == -1 else Selector("ordinal", axis, -number)
    return Selector("ordinal", axis, number)
