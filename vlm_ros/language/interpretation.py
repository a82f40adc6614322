"""From the syntax tree to the steps of a `Command`: pronouns, "one", destinations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from lark import Token

from vlm_ros.errors import CommandError
from vlm_ros.language.command import Phrase, Relation, Selector, Step
from vlm_ros.language.drafts import GENERIC_NOUN, Draft
from vlm_ros.language.lexicon import Lexicon
from vlm_ros.language.repairs import repair
from vlm_ros.language.syntax import (
    Nominal,
    NounPhrase,
    Object,
    Qualifier,
    RelationNode,
    StepNode,
)

_PLURAL_PRONOUNS = frozenset(
    {"them", "these", "those", "they", "both", "all", "both of them", "all of them"}
)
_SIDE_MOVEMENTS = {
    "left": "left_of",
    "right": "right_of",
    "top": "above",
    "bottom": "below",
    "near": "in_front_of",
    "far": "behind",
}
# Of these, one thing can be near to several: "next to the plate and the bowl".
_SHARED_PREDICATES = frozenset({"next_to", "near", "touching", "far_from", "contains", "supports"})
_RESTING_PREDICATES = frozenset({"in", "on"})
_RANKED_PREDICATES = frozenset({"nearest_to", "farthest_from"})
_PLACED = frozenset({"side", "extreme", "direction"})
_ALL = Selector("quantity", "", 0)


def interpret(nodes: Sequence[StepNode], text: str, known: Lexicon) -> tuple[Step, ...]:
    """Steps of a command, each with one target.

    Args:
        nodes: as `syntax.TREE_BUILDER` gives them.
        text: the command, for errors.
        known: the lexicon the words were classified with.

    Raises:
        CommandError: a pronoun refers to nothing named before, or a side of a thing is a goal.
    """
    reader = _Interpreter(text, known)
    for node in nodes:
        reader.read_step(node)
    return tuple(reader.steps)


@dataclass
class _Interpreter:
    """Remembers what was named, for pronouns and for "one"."""

    text: str
    known: Lexicon
    steps: list[Step] = field(default_factory=list)
    begun: int = 0
    verb: str | None = None
    recent: tuple[Phrase, ...] = ()
    places: tuple[Phrase, ...] = ()
    noun: str | None = None
    coming_noun: str | None = None

    def read_step(self, node: StepNode) -> None:
        if node.verb is not None:
            self.verb = str(node.verb)
        else:
            _share_anchors(node.objects)
        if node.instead:
            del self.steps[self.begun :]
        before = self.begun = len(self.steps)
        for spoken in node.objects:
            repair(spoken, self.verb, self.known)
        for position, spoken in enumerate(node.objects):
            self.coming_noun = self._noun_after(node.objects[position + 1 :], spoken)
            self._read_object(spoken)
        added = self.steps[before:]
        destination = added[-1].destination
        if destination is not None:
            added = [replace(s, destination=s.destination or destination) for s in added]
            self.steps[before:] = added
        self.recent = tuple(step.target for step in added)

    def _noun_after(self, following: Sequence[Object], spoken: Object) -> str | None:
        """The noun that "the green" waits for in "the green and the red cup"."""
        nominal = spoken.phrase.nominal
        after = following[0].phrase.nominal if following else None
        if nominal is None or after is None:
            return None
        if not nominal.elements or nominal.elements[-1].type in {"WORD", "ONE"}:
            return None
        draft = Draft(self.known, GENERIC_NOUN)
        draft.read_nominal(after)
        return draft.noun

    def _read_object(self, spoken: Object) -> None:
        goal = None
        if spoken.goal is None:
            goal = self._detach_destination(spoken.phrase)
        before = self.recent
        targets = self._targets(spoken.phrase)
        destination = self._side_movement(spoken.phrase, targets[0])
        if destination is not None and spoken.phrase.pronoun is None:
            targets = tuple(_without_last_selector(target) for target in targets)
            destination = Relation(destination.predicate, (targets[0],))
        self.noun = targets[-1].noun
        if spoken.phrase.pronoun is None:
            # Nothing is put next to itself: "it" is what was named before.
            self.recent = self.places or before
        if goal is not None:
            destination = self._relation(self._beyond_surface(goal))
        elif spoken.goal is not None:
            place = self._anchor(spoken.goal.place)
            predicate = str(spoken.goal.predicate)
            if predicate == "next_to" and self._says_wherefrom(spoken.phrase):
                predicate = "in" if self.known.holds(place.noun) else "on"
            destination = Relation(predicate, (place,))
        self.recent = targets
        self.places = destination.anchors if destination is not None else ()
        self.steps.extend(Step(self.verb, target, destination) for target in targets)

    # Destinations

    def _detach_destination(self, phrase: NounPhrase) -> RelationNode | None:
        """Takes the relation that says where to out of "put the cup in the bowl"."""
        if self.verb not in self.known.verbs_with_destination:
            return None
        chain = _relation_chain(phrase)
        marked_only = self.verb in self.known.verbs_with_marked_destination
        if marked_only and phrase.pronoun is None:
            chain = [(host, node) for host, node in chain if self._says_whereto(node)]
        if not chain:
            return None
        choice = 0
        if phrase.pronoun is None:
            resting = [i for i, (_, r) in enumerate(chain) if r.predicate in _RESTING_PREDICATES]
            # "In the bowl on the table": a surface rather says where the bowl is.
            things = [i for i in resting if not self._is_surface(chain[i][1].anchors[-1])]
            choice = (things or resting or [0])[-1]
        host, relation = chain[choice]
        if self._said(relation.predicate) == "of":
            position = relation.predicate.start_pos or 0
            raise CommandError(
                f'before "of" at position {position} stands the side of a thing, where nothing can'
                " be put yet; name the thing alone",
                self.text,
                position,
            )
        host.relations.remove(relation)
        return relation

    def _says_whereto(self, node: RelationNode) -> bool:
        """Whether it is "to the left of" after a verb of movement."""
        said = self._said(node.predicate)
        return self.verb in self.known.moving_verbs and said.startswith("to ")

    def _says_wherefrom(self, phrase: NounPhrase) -> bool:
        """Whether a thing goes "from the bowl", so that "to the plate" is onto or into it."""
        return any(self._said(r.predicate).startswith("from") for r in phrase.relations)

    def _said(self, token: Token) -> str:
        return self.text[token.start_pos : token.end_pos].casefold()

    def _side_movement(self, phrase: NounPhrase, target: Phrase) -> Relation | None:
        """Where to, in "push the box to the left": that side of where it is now."""
        if not phrase.qualifiers:
            return None
        if self.verb not in self.known.moving_verbs and phrase.pronoun is None:
            return None
        place = phrase.qualifiers[-1].place
        if place is None or phrase.qualifiers[-1].kind not in _PLACED:
            return None
        said = self._said(place).split()
        moves = phrase.pronoun is not None or said[0] == "to" or len(said) == 1
        predicate = _SIDE_MOVEMENTS.get(place) if moves else None
        return None if predicate is None else Relation(predicate, (target,))

    # Phrases

    def _targets(self, phrase: NounPhrase) -> tuple[Phrase, ...]:
        if phrase.pronoun is not None and phrase.pronoun in _PLURAL_PRONOUNS and self.recent:
            relations = self._relations(phrase.relations)
            return tuple(replace(p, relations=p.relations + relations) for p in self.recent)
        return (self._phrase(phrase),)

    def _phrase(self, node: NounPhrase) -> Phrase:
        if node.nominal is None:
            return self._antecedent(node)
        self._lift_from_surface(node)
        draft = Draft(self.known, self.noun or self.coming_noun or GENERIC_NOUN)
        draft.read_nominal(node.nominal)
        inverted = self._take_inverted(node, draft)
        draft.read_qualifiers(node)
        node.relations = [r for r in node.relations if not draft.read_colours(r)]
        draft.read_determiners(node.determiners)
        outer = self.noun
        if draft.noun != GENERIC_NOUN:
            self.noun = draft.noun
        relations = inverted + self._relations(node.relations) + self._exceptions(node, draft)
        self.noun = outer
        phrase = self._with_alternatives(draft.phrase(), node.nominal)
        if any(qualifier.kind == "mutual" for qualifier in node.qualifiers):
            phrase = _several(phrase)
            relations += (Relation("nearest_to_each_other", ()),)
        phrase = replace(phrase, relations=relations)
        return phrase if draft.directed else _ranked(phrase)

    def _take_inverted(self, node: NounPhrase, draft: Draft) -> tuple[Relation, ...]:
        """Relations said from their other end: "the plate with an apple on it".

        They leave the qualifiers of the node; what is rather a part of the thing stays there.
        """
        inverted: list[tuple[str, Nominal]] = []
        kept: list[Qualifier] = []
        for qualifier in node.qualifiers:
            if qualifier.kind == "around":
                inverted.append((str(qualifier.place), qualifier.nominals[0]))
                continue
            if qualifier.kind == "with":
                where = self._where_within(node, qualifier)
                parts = [n for n in qualifier.nominals if self._is_part(n, where)]
                inverted += [(where, n) for n in qualifier.nominals if n not in parts]
                kind = "without" if where == "off" else "with"
                qualifier = replace(qualifier, kind=kind, nominals=parts)
            kept.append(qualifier)
        if any(qualifier.kind in {"with", "without"} for qualifier in kept):
            node.relations = [r for r in node.relations if r.anchors[0].pronoun is None]
        node.qualifiers = kept
        return tuple(self._inverted(where, nominal, draft.noun) for where, nominal in inverted)

    @staticmethod
    def _where_within(node: NounPhrase, qualifier: Qualifier) -> str:
        """The predicate of "on it" in "with an apple on it"; "" if nothing like it is said."""
        if qualifier.place is not None:
            return str(qualifier.place)
        last = qualifier is node.qualifiers[-1]
        if last and node.relations and node.relations[0].anchors[0].pronoun is not None:
            return str(node.relations[0].predicate)
        return ""

    def _is_part(self, nominal: Nominal, where: str) -> bool:
        """Whether what a thing is with is a part of it, and nothing on it or in it."""
        if not where:
            return True
        names = self.known.parts_inside if where == "in" else self.known.part_names
        head = Draft(self.known, GENERIC_NOUN).simple_phrase(nominal).noun
        first = head.split(" of ")[0].split(" ")[-1]
        return head in names or first in names

    def _inverted(self, where: str, nominal: Nominal, noun: str) -> Relation:
        anchor = self._anchor(NounPhrase(determiners=nominal.determiners, nominal=nominal))
        if not nominal.determiners:
            anchor = _some(anchor)
        if where == "where":
            where = "on" if self.known.bears(noun) else "in"
        return Relation(self.known.inverses.get(where, "near"), (anchor,))

    def _exceptions(self, node: NounPhrase, draft: Draft) -> tuple[Relation, ...]:
        """Reads "not the one next to the plate"; gives the relations that must not hold."""
        relations: list[Relation] = []
        for qualifier in node.qualifiers:
            if qualifier.phrase is None or qualifier.phrase.nominal is None:
                continue
            other = self._phrase(qualifier.phrase)
            draft.except_phrase(other)
            if other.noun in {GENERIC_NOUN, draft.noun}:
                relations += [replace(r, predicate=f"not_{r.predicate}") for r in other.relations]
        return tuple(relations)

    def _with_alternatives(self, phrase: Phrase, nominal: Nominal) -> Phrase:
        """Reads "the cup or the mug", and "the red cup or the blue one"."""
        for spoken in nominal.others:
            other = Draft(self.known, phrase.noun).simple_phrase(spoken)
            plain = not (other.parts or other.excluded or other.selectors or other.any_of)
            alike = other.attributes == phrase.attributes and other.noun != phrase.noun
            # "The green cup or the bowl": any bowl.
            described = spoken.determiners and phrase.attributes
            if plain and (alike or not (other.attributes or described)):
                phrase = replace(phrase, or_nouns=(*phrase.or_nouns, other.noun))
                continue
            same = other.noun in {GENERIC_NOUN, phrase.noun}
            if not (plain and same and len(phrase.attributes) == len(other.attributes) == 1):
                raise self._unclear_choice(spoken)
            choice = (*phrase.attributes, *other.attributes)
            phrase = replace(phrase, attributes=(), text=phrase.noun, any_of=(choice,))
        return phrase

    def _unclear_choice(self, nominal: Nominal) -> CommandError:
        position = next((t.start_pos or 0 for t in nominal.elements), 0)
        return CommandError(
            f'"or" before position {position} leaves a choice of more than names; name one thing',
            self.text,
            position,
        )

    def _anchor(self, node: NounPhrase) -> Phrase:
        """The phrase of an anchor: "the other cup" is any but the thing itself anyway."""
        phrase = self._phrase(node)
        selectors = tuple(s for s in phrase.selectors if s.kind != "other")
        return replace(phrase, selectors=selectors)

    def _antecedent(self, node: NounPhrase) -> Phrase:
        pronoun = node.pronoun
        assert pronoun is not None
        if not self.recent:
            position = pronoun.start_pos or 0
            raise CommandError(
                f'"{pronoun}" at position {position} refers to nothing named before; name the'
                " thing instead",
                self.text,
                position,
            )
        relations = self._relations(node.relations)
        antecedent = self.recent[-1]
        return replace(antecedent, relations=antecedent.relations + relations)

    def _lift_from_surface(self, node: NounPhrase) -> None:
        """In "the cup on the table next to the plate" the cup, not the table, is next to it."""
        for relation in list(node.relations):
            anchor = relation.anchors[-1]
            if not self._is_surface(anchor):
                continue
            lifted = [r for r in anchor.relations if not r.clause]
            anchor.relations = [r for r in anchor.relations if r.clause]
            node.relations += lifted
            node.qualifiers += [q for q in anchor.qualifiers if q.place is not None]
            anchor.qualifiers = [q for q in anchor.qualifiers if q.place is None]

    def _relations(self, nodes: Sequence[RelationNode]) -> tuple[Relation, ...]:
        return tuple(self._relation(node) for node in nodes)

    def _relation(self, node: RelationNode) -> Relation:
        if node.predicate == "between" and len(node.anchors) == 1:
            self._check_several(node)
        prefix = "not_" if node.negated else ""
        outer, anchors = self.noun, []
        for anchor in node.anchors:
            anchors.append(self._anchor(anchor))
            # "Between the red cup and the blue one": another cup.
            self.noun = anchors[-1].noun
        self.noun = outer
        predicate = str(node.predicate)
        wherefrom = predicate == "on" and self._said(node.predicate).startswith("from")
        if wherefrom and self._comes_out(anchors[0]):
            predicate = "in"
        if predicate in {"contains", "supports"} and not node.anchors[0].determiners:
            anchors[0] = _some(anchors[0])
        return Relation(prefix + predicate, tuple(anchors))

    def _comes_out(self, anchor: Phrase) -> bool:
        """Whether what is "from the jar" was in it; a lid was on it."""
        return self.known.holds(anchor.noun) and self.noun not in self.known.part_names

    def _beyond_surface(self, node: RelationNode) -> RelationNode:
        """In "put it on the table next to the plate", next to the plate is where to."""
        anchor = node.anchors[-1]
        if self._is_surface(anchor) and anchor.relations:
            return anchor.relations[0]
        return node

    def _is_surface(self, node: NounPhrase) -> bool:
        elements = node.nominal.elements if node.nominal is not None else []
        return bool(elements) and elements[-1] in self.known.surfaces

    def _check_several(self, node: RelationNode) -> None:
        """Checks that "between" with one anchor stands before several things."""
        anchor = node.anchors[0]
        phrase = replace(self._phrase(anchor), relations=())
        if any(s.kind == "quantity" and s.count != 1 for s in phrase.selectors):
            return
        if phrase.noun.endswith("s"):  # "between the glasses"
            return
        if anchor.pronoun is not None and anchor.pronoun in _PLURAL_PRONOUNS:
            return
        position = node.predicate.start_pos or 0
        raise CommandError(
            f'"between" at position {position} needs two things, such as "between the plate and'
            ' the bowl"',
            self.text,
            position,
        )


def _share_anchors(objects: list[Object]) -> None:
    """Without a verb one thing is meant: "the cup next to the plate and the bowl"."""
    host = objects[0].phrase
    if len(host.relations) != 1 or host.relations[0].predicate not in _SHARED_PREDICATES:
        return
    relation = host.relations[0]
    others = [o.phrase for o in objects[1:]]
    if relation.anchors[0].relations or any(o.relations or o.qualifiers for o in others):
        return
    host.relations += [replace(relation, anchors=[other]) for other in others]
    del objects[1:]


def _some(phrase: Phrase) -> Phrase:
    """Some apples, not all there are: "with apples in it"."""
    return replace(phrase, selectors=tuple(s for s in phrase.selectors if s != _ALL))


def _several(phrase: Phrase) -> Phrase:
    """A phrase for things that are said of one another: two, if nothing else is said."""
    if any(s.kind == "quantity" and s.count > 1 for s in phrase.selectors):
        return phrase
    others = tuple(s for s in phrase.selectors if s.kind != "quantity")
    return replace(phrase, selectors=(*others, Selector("quantity", "", 2)))


def _ranked(phrase: Phrase) -> Phrase:
    """In "the second closest cup to the plate" the ordinal counts by that distance."""
    counted = [s for s in phrase.selectors if s.kind == "ordinal" and s.axis == "left"]
    ranked = [r for r in phrase.relations if r.predicate in _RANKED_PREDICATES]
    if not counted or not ranked:
        return phrase
    relation = replace(ranked[0], rank=counted[0].count)
    return replace(
        phrase,
        selectors=tuple(s for s in phrase.selectors if s != counted[0]),
        relations=tuple(relation if r is ranked[0] else r for r in phrase.relations),
    )


def _without_last_selector(phrase: Phrase) -> Phrase:
    return replace(phrase, selectors=phrase.selectors[:-1])


def _relation_chain(phrase: NounPhrase) -> list[tuple[NounPhrase, RelationNode]]:
    """Relations from the outermost noun phrase inwards that no "that is" ties down."""
    chain = []
    host = phrase
    while True:
        if not host.relations and host.qualifiers and host.qualifiers[-1].phrase is not None:
            # "Everything except the knife in the drawer" after "put"
            host = host.qualifiers[-1].phrase
        if not host.relations:
            break
        relation = host.relations[0]
        if not relation.clause:
            chain.append((host, relation))
        host = relation.anchors[-1]
    return chain
