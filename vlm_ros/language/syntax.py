"""The syntax tree of a command, as the grammar builds it; words not yet given a meaning."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from lark import Token, Transformer

# The value of the separator before a step that takes the place of the one before.
INSTEAD = "instead"


@dataclass
class Nominal:
    """The words between the determiner and what follows the head.

    Attributes:
        elements: tokens of what is said of the thing and of its name, in the order said.
        negated: attributes with "non" before them.
        complement: what follows "of"; None if nothing does.
        joined_by: the token of "of" or "for"; None if there is no complement.
        determiners: of a part, a choice or a complement: "with two handles", "or the mug", "of the
            two glasses"; those of a noun phrase are its own.
        others: what will do as well: "the cup or the mug".
    """

    elements: list[Token]
    negated: list[Token] = field(default_factory=list)
    complement: Nominal | None = None
    joined_by: Token | None = None
    determiners: list[Token] = field(default_factory=list)
    others: list[Nominal] = field(default_factory=list)

    @property
    def count(self) -> int:
        """How many: 2 in "with two handles"; 1 where no number is said."""
        return max((int(t) for t in self.determiners if t.type == "QUANTITY"), default=1)


@dataclass
class Qualifier:
    """What follows the head and is no relation.

    Attributes:
        kind: "side", "extreme", "direction", "mutual", "not_place", "with", "without", "that_is",
            "that_is_not", "counted", "except", "compared" or "around".
        place: the token of a side, an extreme or a direction; of a relation whose other end is
            named first ("the thing the cup is on", "with an apple on top"), its predicate.
        nominals: what is said otherwise; several for "with a red cap and a blue label".
        phrase: what is excepted.
    """

    kind: str
    place: Token | None = None
    nominals: list[Nominal] = field(default_factory=list)
    phrase: NounPhrase | None = None


@dataclass
class NegatedElement:
    """An attribute with "non" before it."""

    attribute: Token


@dataclass
class RelationNode:
    """A relation as said.

    Attributes:
        predicate: its token.
        anchors: one noun phrase, two for "between".
        clause: whether "that is" introduces it, which ties it to the noun phrase before.
        negated: whether it must not hold.
    """

    predicate: Token
    anchors: list[NounPhrase]
    clause: bool = False
    negated: bool = False


@dataclass
class NounPhrase:
    """A noun phrase; `pronoun` and `nominal` exclude one another."""

    pronoun: Token | None = None
    determiners: list[Token] = field(default_factory=list)
    nominal: Nominal | None = None
    qualifiers: list[Qualifier] = field(default_factory=list)
    relations: list[RelationNode] = field(default_factory=list)


@dataclass
class Goal:
    """Where to, introduced by "to", "into" or "onto"."""

    predicate: Token
    place: NounPhrase


@dataclass
class Object:
    """What a step is done to.

    Attributes:
        phrase: what it is.
        goal: where to, if "to", "into" or "onto" says it.
        repairs: what was said instead, one after the other: "the mug, no, the bowl".
    """

    phrase: NounPhrase
    goal: Goal | None
    repairs: list[Object] = field(default_factory=list)


@dataclass
class StepNode:
    """A verb, if there is one, and its objects.

    Attributes:
        verb: its token; None if there is none.
        objects: at least one.
        instead: whether it takes the place of the step before.
    """

    verb: Token | None
    objects: list[Object]
    instead: bool = False


class _TreeBuilder(Transformer[Token, list[StepNode]]):
    """Builds the nodes while the parser reduces; one method for each rule of the grammar."""

    def start(self, children: list[Any]) -> list[StepNode]:
        for separator, step in zip(children[1::2], children[2::2], strict=True):
            step.instead = separator == INSTEAD
        return children[::2]

    def commanded(self, children: list[Any]) -> StepNode:
        return StepNode(children[0], [c for c in children if isinstance(c, Object)])

    def bare(self, children: list[Any]) -> StepNode:
        return StepNode(None, [c for c in children if isinstance(c, Object)])

    def object(self, children: list[Any]) -> Object:
        first, *repairs = (child for child in children if isinstance(child, Object))
        first.repairs = repairs
        return first

    def said(self, children: list[Any]) -> Object:
        phrase, goal = children[0], None
        for child in children[1:]:
            if isinstance(child, Goal):
                goal = child
            else:
                phrase.qualifiers += child.qualifiers
                phrase.relations += child.relations
        return Object(phrase, goal)

    def contrasted(self, children: list[Any]) -> Object:
        """What is not meant, and what is."""
        _, rejected, _, phrase, *more = children
        phrase.qualifiers.append(Qualifier("except", phrase=rejected))
        return self.said([phrase, *more])

    def rejected(self, children: list[Any]) -> Object:
        """What is not meant, alone: something else of its kind is."""
        _, rejected, *more = children
        nominal = rejected.nominal
        head = nominal.elements[-1:] if nominal is not None else []
        names = [token for token in head if token.type in {"WORD", "ONE"}]
        kind = Nominal(names or [Token("ONE", "one")])
        phrase = NounPhrase(nominal=kind, qualifiers=[Qualifier("except", phrase=rejected)])
        return self.said([phrase, *more])

    def also(self, children: list[Any]) -> NounPhrase:
        """What is said besides, to be added to a noun phrase."""
        return self.noun_phrase(children[1:])

    def goal(self, children: list[Any]) -> Goal:
        return Goal(children[0], children[1])

    def noun_phrase(self, children: list[Any]) -> NounPhrase:
        phrase = NounPhrase()
        for child in children:
            if isinstance(child, Nominal):
                phrase.nominal = child
            elif isinstance(child, Qualifier):
                phrase.qualifiers.append(child)
            elif isinstance(child, RelationNode):
                phrase.relations.append(child)
            elif isinstance(child, list):
                phrase.relations += child
            elif child.type == "PRONOUN":
                phrase.pronoun = child
            elif child.type == "SIDE":
                phrase.qualifiers.append(Qualifier("side", place=child))
            else:
                phrase.determiners.append(child)
        return phrase

    def determiner(self, children: list[Any]) -> Token:
        return children[0]  # type: ignore[no-any-return]

    def nominal(self, children: list[Any]) -> Nominal:
        nominal: Nominal = children[0]
        determiners: list[Token] = []
        for child in children[1:]:
            if isinstance(child, Nominal):
                child.determiners = determiners
                nominal.others.append(child)
                determiners = []
            elif child.type != "OR":
                determiners.append(child)
        return nominal

    def named(self, children: list[Any]) -> Nominal:
        nominal = Nominal([])
        determiners: list[Token] = []
        for child in children:
            if isinstance(child, Nominal):
                nominal.complement = child
                child.determiners = determiners
            elif isinstance(child, NegatedElement):
                nominal.negated.append(child.attribute)
            elif isinstance(child, list):
                nominal.elements += child
            elif child.type == "OF":
                nominal.joined_by = child
            elif child.type in {"DET", "QUANTITY"}:
                determiners.append(child)
            else:
                nominal.elements.append(child)
        return nominal

    def element(self, children: list[Any]) -> Token:
        return children[0]  # type: ignore[no-any-return]

    def counted_element(self, children: list[Any]) -> list[Token]:
        """Reads "third from the left" before a noun."""
        return children

    def negated_element(self, children: list[Any]) -> NegatedElement:
        return NegatedElement(children[1])

    def part(self, children: list[Any]) -> Nominal:
        *determiners, nominal = children
        nominal.determiners = determiners
        return nominal  # type: ignore[no-any-return]

    def qualifier(self, children: list[Any]) -> Qualifier:
        return Qualifier(children[0].type.lower(), place=children[0])

    def counted(self, children: list[Any]) -> Qualifier:
        return Qualifier("counted", nominals=[Nominal(children)])

    def with_part(self, children: list[Any]) -> Qualifier:
        last = children[-1]
        where = None if isinstance(last, Nominal) else last
        nominals = [c for c in children if isinstance(c, Nominal)]
        return Qualifier("with", place=where, nominals=nominals)

    def whose(self, children: list[Any]) -> Qualifier:
        _, part, _, description = children
        words = Nominal(description.elements + part.elements, description.negated)
        return Qualifier("with", nominals=[words])

    def labelled(self, children: list[Any]) -> Qualifier:
        words = Nominal([*children[1].elements, Token("WORD", "label")])
        return Qualifier("with", nominals=[words])

    def without_part(self, children: list[Any]) -> Qualifier:
        return Qualifier("without", nominals=[children[1]])

    def that_is(self, children: list[Any]) -> Qualifier:
        return Qualifier("that_is", nominals=[children[-1]])

    def that_is_not(self, children: list[Any]) -> Qualifier:
        return Qualifier("that_is_not", nominals=[children[-1]])

    def that_is_side(self, children: list[Any]) -> Qualifier:
        return Qualifier(children[1].type.lower(), place=children[1])

    def that_is_not_side(self, children: list[Any]) -> Qualifier:
        return Qualifier("not_place", place=children[1])

    def except_thing(self, children: list[Any]) -> Qualifier:
        return Qualifier("except", phrase=children[1])

    def compared(self, children: list[Any]) -> Qualifier:
        """Drops "than the plate": the comparative before it chooses."""
        return Qualifier("compared")

    def clause_around(self, children: list[Any]) -> Qualifier:
        return Qualifier("around", place=children[-1], nominals=[children[1]])

    def inverse_clause(self, children: list[Any]) -> Qualifier:
        return Qualifier("around", place=children[0], nominals=[children[1]])

    def joint_relation(self, children: list[Any]) -> list[RelationNode]:
        """Two relations to one thing: "above and to the left of the plate"."""
        *words, anchor = children
        predicates = [word for word in words if word.type == "RELATION"]
        return [RelationNode(predicate, [anchor]) for predicate in predicates]

    def plain_relation(self, children: list[Any]) -> RelationNode:
        return RelationNode(children[0], [children[1]])

    def between(self, children: list[Any]) -> RelationNode:
        return RelationNode(children[0], [children[1], children[3]])

    def among(self, children: list[Any]) -> RelationNode:
        return RelationNode(children[0], [children[1]])

    def clause_relation(self, children: list[Any]) -> RelationNode:
        return RelationNode(children[1], [children[2]], clause=True)

    def clause_between(self, children: list[Any]) -> RelationNode:
        return RelationNode(children[1], [children[2], children[4]], clause=True)

    def clause_among(self, children: list[Any]) -> RelationNode:
        return RelationNode(children[1], [children[2]], clause=True)

    def negated_relation(self, children: list[Any]) -> RelationNode:
        return RelationNode(children[1], [children[2]], clause=True, negated=True)


TREE_BUILDER = _TreeBuilder()
