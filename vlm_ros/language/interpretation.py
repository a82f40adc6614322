"""From the syntax tree to the steps of a `Command`: pronouns, "one", destinations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from vlm_ros.errors import CommandError
from vlm_ros.language.command import Phrase, Relation, Step
from vlm_ros.language.drafts import GENERIC_NOUN, Draft
from vlm_ros.language.lexicon import Lexicon
from vlm_ros.language.syntax import NounPhrase, Object, RelationNode, StepNode

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
_SHARED_PREDICATES = frozenset({"next_to", "near", "touching", "far_from"})
_RESTING_PREDICATES = frozenset({"in", "on"})


def interpret(nodes: Sequence[StepNode], text: str, known: Lexicon) -> tuple[Step, ...]:
    """Steps of a command, each with one target.

    Args:
        nodes: as `syntax.TREE_BUILDER` gives them.
        text: the command, for errors.
        known: the lexicon the words were classified with.

    Raises:
        CommandError: a pronoun refers to nothing named before.
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
        before = len(self.steps)
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
            place = self._phrase(spoken.goal.place)
            destination = Relation(str(spoken.goal.predicate), (place,))
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
        host.relations.remove(relation)
        return relation

    def _says_whereto(self, node: RelationNode) -> bool:
        """Whether it is "to the left of" after a verb of movement."""
        said = self.text[node.predicate.start_pos : node.predicate.end_pos].casefold()
        return self.verb in self.known.moving_verbs and said.startswith("to ")

    def _side_movement(self, phrase: NounPhrase, target: Phrase) -> Relation | None:
        """Where to, in "push the box to the left": that side of where it is now."""
        if not phrase.qualifiers:
            return None
        if self.verb not in self.known.moving_verbs and phrase.pronoun is None:
            return None
        place = phrase.qualifiers[-1].place
        if place is None:
            return None
        said = self.text[place.start_pos : place.end_pos].casefold().split()
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
        draft.read_qualifiers(node)
        node.relations = [r for r in node.relations if not draft.read_colours(r)]
        draft.read_determiners(node.determiners)
        phrase = draft.phrase()
        # "the bowl with an apple in it": the part already says so.
        if any(qualifier.kind in {"with", "without"} for qualifier in node.qualifiers):
            node.relations = [r for r in node.relations if r.anchors[0].pronoun is None]
        outer = self.noun
        if phrase.noun != GENERIC_NOUN:
            self.noun = phrase.noun
        relations = self._relations(node.relations)
        self.noun = outer
        return replace(phrase, relations=relations)

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
            anchors.append(self._phrase(anchor))
            # "Between the red cup and the blue one": another cup.
            self.noun = anchors[-1].noun
        self.noun = outer
        return Relation(prefix + str(node.predicate), tuple(anchors))

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


def _without_last_selector(phrase: Phrase) -> Phrase:
    return replace(phrase, selectors=phrase.selectors[:-1])


def _relation_chain(phrase: NounPhrase) -> list[tuple[NounPhrase, RelationNode]]:
    """Relations from the outermost noun phrase inwards that no "that is" ties down."""
    chain = []
    host = phrase
    while host.relations:
        relation = host.relations[0]
        if not relation.clause:
            chain.append((host, relation))
        host = relation.anchors[-1]
    return chain
