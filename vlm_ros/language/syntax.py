"""The syntax tree of a command, as the grammar builds it; words not yet given a meaning."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from lark import Token, Transformer


@dataclass
class Nominal:
    """The words between the determiner and what follows the head.

    Attributes:
        elements: ATTRIBUTE, WORD, ONE, SUPERLATIVE, PLACE, ORDINAL and JOINER tokens as said.
        negated: attributes with "non" before them.
        complement: what follows "of"; None if nothing does.
        count: how many, of a part: "with two handles"; 1 otherwise.
    """

    elements: list[Token]
    negated: list[Token] = field(default_factory=list)
    complement: Nominal | None = None
    count: int = 1


@dataclass
class Qualifier:
    """What follows the head and is no relation.

    Attributes:
        kind: "side", "extreme", "direction", "with", "without", "that_is" or "that_is_not".
        place: the token of a side, an extreme or a direction.
        nominals: what is said otherwise; several for "with a red cap and a blue label".
    """

    kind: str
    place: Token | None = None
    nominals: list[Nominal] = field(default_factory=list)


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
    """What a step is done to, and where to if "to", "into" or "onto" says it."""

    phrase: NounPhrase
    goal: Goal | None


@dataclass
class StepNode:
    """A verb, if there is one, and its objects."""

    verb: Token | None
    objects: list[Object]


class _TreeBuilder(Transformer[Token, list[StepNode]]):
    """Builds the nodes while the parser reduces; one method for each rule of the grammar."""

    def start(self, children: list[Any]) -> list[StepNode]:
        return [child for child in children if isinstance(child, StepNode)]

    def commanded(self, children: list[Any]) -> StepNode:
        return StepNode(children[0], [c for c in children if isinstance(c, Object)])

    def bare(self, children: list[Any]) -> StepNode:
        return StepNode(None, [c for c in children if isinstance(c, Object)])

    def object(self, children: list[Any]) -> Object:
        phrase, goal = children[0], None
        for child in children[1:]:
            if isinstance(child, RelationNode):
                phrase.relations.append(child)
            elif isinstance(child, list):
                phrase.relations += child
            elif isinstance(child, Qualifier):
                phrase.qualifiers.append(child)
            else:
                goal = child
        return Object(phrase, goal)

    def also_relation(self, children: list[Any]) -> RelationNode | list[RelationNode]:
        return children[1]  # type: ignore[no-any-return]

    def also_qualifier(self, children: list[Any]) -> Qualifier:
        return children[1]  # type: ignore[no-any-return]

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
        nominal = Nominal([])
        for child in children:
            if isinstance(child, Nominal):
                nominal.complement = child
            elif isinstance(child, NegatedElement):
                nominal.negated.append(child.attribute)
            elif child.type not in {"OF", "DET", "QUANTITY"}:
                nominal.elements.append(child)
        return nominal

    def element(self, children: list[Any]) -> Token:
        return children[0]  # type: ignore[no-any-return]

    def negated_element(self, children: list[Any]) -> NegatedElement:
        return NegatedElement(children[1])

    def part(self, children: list[Any]) -> Nominal:
        *determiners, nominal = children
        counts = [int(token) for token in determiners if token.type == "QUANTITY"]
        nominal.count = max(counts, default=1)
        return nominal  # type: ignore[no-any-return]

    def qualifier(self, children: list[Any]) -> Qualifier:
        return Qualifier(children[0].type.lower(), place=children[0])

    def with_part(self, children: list[Any]) -> Qualifier:
        return Qualifier("with", nominals=[c for c in children if isinstance(c, Nominal)])

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
