"""What was taken back while speaking: "the red cup, no, the blue one" becomes the blue cup.

Of what was said first, everything stays that was not said anew: the noun behind "the blue one",
other attributes, the place. A new noun takes the place of the last thing that it can stand for:
the tray rather than the cup after "the cup on the tray, no, the shelf".
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from lark import Token

from vlm_ros.language.drafts import CHOOSING, head_of
from vlm_ros.language.lexicon import Lexicon
from vlm_ros.language.syntax import Nominal, NounPhrase, Object, Qualifier, RelationNode

_PLACES = frozenset({"side", "extreme", "direction", "not_place"})
_NEGATED = {"without": "with", "that_is_not": "that_is"}


def repair(spoken: Object, verb: str | None, known: Lexicon) -> None:
    """Makes what a step is done to what was meant at last.

    Args:
        spoken: the object; its repairs are worked in, one after the other.
        verb: of the step.
        known: the lexicon the words were classified with.
    """
    for said in spoken.repairs:
        _Repair(spoken, said, verb, known).work_in()
    spoken.repairs = []


@dataclass
class _Place:
    """Where something was said to be.

    Attributes:
        position: of the words in the command.
        host: the noun phrase it is said of.
        siblings: the list of the host that holds it.
        said: the relation, the qualifier or the word before the noun.
    """

    position: int
    host: NounPhrase
    siblings: list[Any]
    said: RelationNode | Qualifier | Token


@dataclass
class _Described:
    """A thing that may be the one to be repaired.

    Attributes:
        nominal: its words.
        phrase: its noun phrase; None for a part.
        predicate: how something else is said to relate to it; "" for what the step is done to.
    """

    nominal: Nominal
    phrase: NounPhrase | None
    predicate: str


@dataclass
class _Repair:
    """One object and what was said instead of it."""

    spoken: Object
    said: Object
    verb: str | None
    known: Lexicon

    def work_in(self) -> None:
        """Changes the object."""
        phrase = self.said.phrase
        nominal = phrase.nominal
        if nominal is None:
            self.spoken.phrase = phrase
        elif all(token.type == "PLACE" for token in nominal.elements):
            # "On the left, no, the right"
            sides = [Qualifier("side", place=token) for token in nominal.elements]
            phrase.qualifiers[:0] = sides
            self._replace_place()
        elif nominal.elements == ["one"] and not phrase.determiners:
            self._replace_place()
        else:
            self._replace_thing(nominal)
        if self.said.goal is not None:
            self.spoken.goal = self.said.goal

    # Places

    def _replace_place(self) -> None:
        """Puts what was said of no thing in the place of the place that was said last."""
        new = self.said.phrase
        host = self.spoken.phrase
        if _is_placed(new) or self.said.goal is not None:
            if self.spoken.goal is not None:
                self.spoken.goal = None
            else:
                last = max(_places(host), key=lambda place: place.position, default=None)
                if last is not None:
                    host = last.host
                    last.siblings[:] = [s for s in last.siblings if s is not last.said]
                    _name_again(new, last.said)
        self._say_of(host, new)

    def _say_of(self, host: NounPhrase, new: NounPhrase) -> None:
        """Adds what is said of the new phrase; what is said in the same way goes."""
        kinds = {_way(qualifier) for qualifier in new.qualifiers} - _PLACES
        host.qualifiers = [q for q in host.qualifiers if _way(q) not in kinds] + new.qualifiers
        host.relations += new.relations

    # Things

    def _replace_thing(self, nominal: Nominal) -> None:
        new = self.said.phrase
        head = head_of(nominal.elements, self.known)
        described = [*_described(self.spoken.phrase, "")]
        if self.spoken.goal is not None:
            described += _described(self.spoken.goal.place, str(self.spoken.goal.predicate))
        alike = self._alike(described, nominal, head)
        if alike is not None:
            self._describe_anew(alike, nominal)
            return
        last = described[-1] if described else None
        if last is None or last.phrase is None or not self._may_stand(str(head), last.predicate):
            placed = self.verb in self.known.verbs_that_need_place
            if placed and not new.relations and not _is_placed(new):
                new.relations = self.spoken.phrase.relations
            self.spoken.phrase = new
            return
        _become(last.phrase, new)

    def _alike(
        self, described: list[_Described], nominal: Nominal, head: Token | None
    ) -> _Described | None:
        """The thing of which the new words say something else; None for another thing."""
        if head is not None:
            same = (d for d in described if self._same_name(d.nominal, nominal))
            nameless = (d for d in described if head_of(d.nominal.elements, self.known) is None)
            return next(same, None) or next(nameless, None)
        groups = {self._group(token) for token in nominal.elements} - {"", "name"}
        for thing in described:
            if groups & {self._group(token) for token in thing.nominal.elements}:
                return thing
        return described[0] if described else None

    def _same_name(self, one: Nominal, other: Nominal) -> bool:
        heads = [head_of(nominal.elements, self.known) for nominal in (one, other)]
        names = [self.known.singular(head) or str(head) for head in heads if head is not None]
        return len(names) == len(heads) and names[0] == names[1]

    def _may_stand(self, noun: str, predicate: str) -> bool:
        """Whether something can be there: on a shelf, in a box, next to anything."""
        if predicate == "on":
            return self.known.bears(noun)
        return self.known.holds(noun) if predicate == "in" else predicate != ""

    def _describe_anew(self, thing: _Described, nominal: Nominal) -> None:
        thing.nominal.elements = self._merged(thing.nominal.elements, nominal.elements)
        thing.nominal.negated += nominal.negated
        if nominal.complement is not None:
            thing.nominal.complement, thing.nominal.joined_by = (
                nominal.complement,
                nominal.joined_by,
            )
        new = self.said.phrase
        if thing.phrase is None:
            thing.nominal.determiners = new.determiners or thing.nominal.determiners
            return
        thing.phrase.determiners = new.determiners or thing.phrase.determiners
        placed = _is_placed(new)
        if placed:
            thing.phrase.relations = []
        if placed or any(token.type == "PLACE" for token in nominal.elements):
            thing.phrase.qualifiers = [q for q in thing.phrase.qualifiers if q.kind not in _PLACES]
        self._say_of(thing.phrase, new)

    def _merged(self, old: list[Token], new: list[Token]) -> list[Token]:
        """The new words, with those of the old that say something else."""
        named = new if head_of(new, self.known) is not None else old
        names = [token for token in named if self._group(token, named) == "name"]
        said = {self._group(token, new) for token in new}
        kept: list[Token] = []
        for token in old:
            group = self._group(token, old)
            joins = token.type == "JOINER" and bool(kept) and kept[-1].type == "ATTRIBUTE"
            if joins or (token.type == "ATTRIBUTE" and group != "name" and group not in said):
                kept.append(token)
        while kept and kept[-1].type == "JOINER":
            kept.pop()
        return [*kept, *(token for token in new if self._group(token, new) != "name"), *names]

    def _group(self, token: Token, phrase: list[Token] | None = None) -> str:
        """What a word of a noun phrase says: "colour", "size", ..., "choice" or "name"."""
        if token.type in {"WORD", "ONE"} or (phrase and token is head_of(phrase, self.known)):
            return "name"
        if token.type in CHOOSING:
            return "choice"
        found = self.known.group_of(token) if token.type == "ATTRIBUTE" else None
        return found[0] if found is not None else ""


def _described(phrase: NounPhrase, predicate: str) -> Iterator[_Described]:
    """The things that a noun phrase names, in the order said."""
    if phrase.nominal is not None:
        yield _Described(phrase.nominal, phrase, predicate)
    for qualifier in phrase.qualifiers:
        if qualifier.kind == "with":
            yield from (_Described(nominal, None, "with") for nominal in qualifier.nominals)
    for relation in phrase.relations:
        for anchor in relation.anchors:
            yield from _described(anchor, str(relation.predicate))


def _places(phrase: NounPhrase) -> Iterator[_Place]:
    """Where a noun phrase, and every one in it, says that something is."""
    elements = phrase.nominal.elements if phrase.nominal is not None else []
    for token in elements:
        if token.type == "PLACE":
            yield _Place(token.start_pos or 0, phrase, elements, token)
    for qualifier in phrase.qualifiers:
        if qualifier.kind in _PLACES and qualifier.place is not None:
            start = qualifier.place.start_pos or 0
            yield _Place(start, phrase, phrase.qualifiers, qualifier)
    for relation in phrase.relations:
        start = relation.predicate.start_pos or 0
        yield _Place(start, phrase, phrase.relations, relation)
        for anchor in relation.anchors:
            yield from _places(anchor)


def _way(qualifier: Qualifier) -> str:
    """How a qualifier says more of a thing: "without a lid" in the same way as "with a lid"."""
    return _NEGATED.get(qualifier.kind, qualifier.kind)


def _is_placed(phrase: NounPhrase) -> bool:
    return bool(phrase.relations) or any(q.kind in _PLACES for q in phrase.qualifiers)


def _name_again(phrase: NounPhrase, before: RelationNode | Qualifier | Token) -> None:
    """In "left of the plate, no, right of it" it is the plate."""
    for relation in phrase.relations:
        if isinstance(before, RelationNode) and relation.anchors[0].pronoun is not None:
            relation.anchors = before.anchors


def _become(phrase: NounPhrase, other: NounPhrase) -> None:
    """Makes a noun phrase another where it stands."""
    phrase.pronoun, phrase.nominal = other.pronoun, other.nominal
    phrase.determiners, phrase.qualifiers = other.determiners, other.qualifiers
    phrase.relations = other.relations
