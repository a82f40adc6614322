"""The best joint choice of a target and of the anchors its relations name.

The phrases of an expression form a tree, so the best choice for every possible target follows
from its branches upwards (max-product; Pearl 1988). A region already used as the target is
closed to its anchors.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from vlm_ros.geometry.boxes import iou
from vlm_ros.grounding.matching import PhraseMatcher
from vlm_ros.grounding.predicates import PREDICATES, Layout, between, distance
from vlm_ros.grounding.scene import Scene
from vlm_ros.grounding.selectors import away_from, order_along, orders, place_degrees
from vlm_ros.grounding.thresholds import Thresholds
from vlm_ros.grounding.wording import definite, related
from vlm_ros.language.command import Phrase, Relation, Selector
from vlm_ros.language.lexicon import lexicon

Scores = NDArray[np.float32]
Indices = NDArray[np.intp]

# How sharply "nearest" falls off for what is only near.
_SUPERLATIVE_POWER = 6
# Relations that many things may have to one, though only the closest of them is spoken of so.
_CLOSEST_MEANT = frozenset({"next_to", "touching"})
# Relations that order things: what is left of the others is left of each of them.
_OF_ALL = frozenset({"left_of", "right_of", "in_front_of", "behind", "above", "below"})
# Of things too far from another to be next to it, one is meant that is nearer than the next by this
# factor and no farther than so many sizes; and how much that counts for.
_PLAINLY_NEARER, _WITHIN, _BY_COMPARISON = 1.5, 3.0, 0.55
# What lies under another of its kind, which lies on it by so much more than the reverse, bears less
# of what is on both.
_STACKED, _LOWER_IN_STACK = 0.15, 0.55
# Nobody compares more things than so many by looking.
_MOST_COMPARED = 32
# Relations of what bears something to what it bears.
_BEARING = frozenset({"supports", "under"})
# Regions looked at where the work grows with the square of their number.
_MAX_STRONGEST = 16


@dataclass(frozen=True)
class RelationDegrees:
    """How well one relation holds for some regions as its target.

    Attributes:
        relation: as said.
        degree: (K,) of the predicate, with the best anchor.
        score: (K,) of predicate and anchor together.
        anchor_found: whether any region can be each anchor.
        assumed: whether it is taken for granted, as "on the table" is when the model does not
            see the table.
    """

    relation: Relation
    degree: Scores
    score: Scores
    anchor_found: bool = True
    assumed: bool = False

    def holds(self, least: float) -> NDArray[np.bool_]:
        """(K,) where the relation holds; what is denied must be more so than not."""
        negated = self.relation.predicate.startswith("not_")
        return np.asarray(self.degree >= (max(least, 0.5) if negated else least), bool)

    @property
    def weight(self) -> Scores:
        """(K,) what it does to a score: of several things next to another, the closest is meant."""
        if self.relation.predicate in _CLOSEST_MEANT:
            return self.score
        return np.sqrt(self.score)

    @property
    def key(self) -> str:
        """As in the evidence: "left_of plate"."""
        anchors = " and ".join(anchor.text for anchor in self.relation.anchors)
        return f"{self.relation.predicate} {anchors}".rstrip()

    @property
    def spoken(self) -> str:
        """As in a reason: "left of the plate"."""
        return related(self.relation.predicate, [definite(a) for a in self.relation.anchors])


class Assignment:
    """Scores targets together with their anchors in one scene."""

    def __init__(
        self, phrase: Phrase, scene: Scene, matcher: PhraseMatcher, thresholds: Thresholds
    ) -> None:
        """Prepares the layout; nothing is compared yet.

        Args:
            phrase: the target.
            scene: the frame.
            matcher: of the same phrase.
            thresholds: what is enough for an anchor.
        """
        self._target = phrase
        self._matcher = matcher
        self._thresholds = thresholds
        self._scene = scene
        self._layout = Layout(scene.boxes, scene.positions)
        self._same = iou(scene.boxes, scene.boxes) > thresholds.duplicate
        np.fill_diagonal(self._same, True)
        self._everywhere = np.ones(len(scene.boxes), bool)
        self._open = self._everywhere
        self._product: Scores = np.empty(len(scene.boxes) ** 2, np.float32)
        self._everything: Indices = np.arange(len(scene.boxes))
        self._known_fitting: dict[Phrase, Indices] = {}
        self._known_pairs: dict[tuple[str, Phrase, Phrase], Scores] = {}

    def relations(self) -> list[RelationDegrees]:
        """Every relation of the target, for every region."""
        return [self._relation(relation) for relation in self._target.relations]

    def among(self, relation: Relation, regions: Indices) -> RelationDegrees:
        """One relation of an anchor of the target, said of some regions as its target instead."""
        return self._measure(self._target, relation, np.sort(regions))

    def _relation(self, relation: Relation) -> RelationDegrees:
        if relation.predicate == "nearest_to_each_other":
            return self._together(relation)
        measured = self._measure(self._target, relation, self._everything)
        degree, score = measured.degree.copy(), measured.score.copy()
        for target in self._contested(relation):
            before = self._open
            self._open = before & ~self._same[target]
            alone = self._measure(self._target, relation, np.array([target]))
            self._open = before
            degree[target], score[target] = alone.degree[0], alone.score[0]
        return replace(measured, degree=degree, score=score)

    def _contested(self, relation: Relation) -> Indices:
        """Targets that an anchor's own anchor could take: "the cup by the plate by the cup"."""
        deeper = [a for anchor in relation.anchors for a in _anchors_of(anchor)]
        if not deeper:
            return np.empty(0, np.intp)
        as_anchor = np.max([self._matcher.match(a).score for a in deeper], axis=0)
        as_target = self._matcher.match(self._target).score
        joint = np.minimum(as_anchor, as_target)
        return strongest(np.where(joint >= self._thresholds.match, joint, 0.0), _MAX_STRONGEST)

    def _measure(self, phrase: Phrase, relation: Relation, rows: Indices) -> RelationDegrees:
        """One relation of the target, or of an anchor, for the regions `rows`."""
        anchors = [self._anchor_scores(anchor) for anchor in relation.anchors]
        found = all(float(scores.max(initial=0.0)) > 0.0 for scores in anchors)
        predicate = relation.predicate.removeprefix("not_")
        negated = predicate != relation.predicate
        if not found and not negated and is_surface(relation):
            ones = np.ones(len(rows), np.float32)
            return RelationDegrees(relation, ones, ones, assumed=True)
        if predicate == "between":
            degree, score = self._between(anchors, rows)
        else:
            degree, score = self._with_anchor(phrase, relation, anchors[0], rows)
        if negated:
            return RelationDegrees(relation, 1.0 - degree, 1.0 - degree)
        return RelationDegrees(relation, degree, score, found)

    def _fitting(self, phrase: Phrase) -> Indices:
        """Regions that fit a phrase's own words."""
        if phrase not in self._known_fitting:
            fits = self._matcher.match(phrase).score >= self._thresholds.match
            self._known_fitting[phrase] = np.flatnonzero(fits)
        return self._known_fitting[phrase]

    def _anchor_scores(self, anchor: Phrase) -> Scores:
        """Score of each region as the anchor, its own relations and selectors included."""
        fitting = self._fitting(anchor)
        own = self._matcher.match(anchor).score
        score: Scores = np.zeros(len(own), np.float32)
        score[fitting] = np.where(self._open[fitting], own[fitting], 0.0)
        for inner in anchor.relations:
            if not inner.anchors:
                continue
            relation = self._measure(anchor, inner, fitting)
            holds = relation.holds(self._thresholds.relation)
            score[fitting] = np.where(holds, score[fitting] * relation.weight, 0.0)
        for selector in anchor.selectors:
            if not score.any():
                break
            score = np.asarray(score * self._selected(selector, score), np.float32)
        return score

    def _selected(self, selector: Selector, score: Scores) -> Scores:
        """How well each region is what a selector chooses among those with a score."""
        held = np.flatnonzero(score)
        keep = np.zeros(len(score), np.float32)
        if selector.axis.startswith("not_"):
            keep[away_from(self._scene, held, selector.axis)] = 1.0
        elif orders(selector):
            peers = np.flatnonzero(score >= self._thresholds.peer * score.max())
            ranked = order_along(self._scene, peers, selector.axis)
            keep[ranked[selector.count - 1 : selector.count]] = 1.0
        elif selector.kind == "place":
            keep[held] = place_degrees(self._scene, held, selector.axis)
        else:
            keep[held] = 1.0
        return keep

    def _with_anchor(
        self, phrase: Phrase, relation: Relation, anchor: Scores, rows: Indices
    ) -> tuple[Scores, Scores]:
        """Degree and score with the best anchor of each target."""
        columns = self._fitting(relation.anchors[0])
        if not anchor[columns].any():
            nothing = np.zeros(len(rows), np.float32)
            return nothing, nothing
        predicate = relation.predicate.removeprefix("not_")
        if predicate in {"nearest_to", "farthest_from"}:
            degrees = self._by_distance(phrase, relation, columns)[rows]
        else:
            degrees = self._pairs(predicate, phrase, relation.anchors[0])
            if len(rows) < len(degrees):
                degrees = degrees[np.searchsorted(self._rows(phrase), rows)]
        # The same branch is measured again and again; a fresh array each time would cost more
        # than the product.
        joint = self._product[: degrees.size].reshape(degrees.shape)
        np.multiply(degrees, anchor[columns], out=joint)
        wanted = _wanted(relation.anchors[0])
        if wanted > joint.shape[1]:
            return np.zeros(len(joint), np.float32), np.zeros(len(joint), np.float32)
        if of_all(phrase, relation):
            held = anchor[columns]
            others = np.flatnonzero(held >= self._thresholds.peer * held.max())
            itself = self._same[np.ix_(rows, columns[others])]
            best = others[np.where(itself, np.inf, degrees[:, others]).argmin(axis=1)]
        elif wanted == 1:
            best = joint.argmax(axis=1)
        else:
            best = np.argsort(-joint, axis=1, kind="stable")[:, wanted - 1]
        each = np.arange(len(joint))
        return degrees[each, best], joint[each, best]

    def _rows(self, phrase: Phrase) -> Indices:
        """The target is compared in every region, for the evidence; an anchor where it fits."""
        return self._everything if phrase is self._target else self._fitting(phrase)

    def _pairs(self, predicate: str, phrase: Phrase, anchor: Phrase) -> Scores:
        """Degrees of a predicate, (rows of the phrase, fitting of the anchor)."""
        key = (predicate, phrase, anchor)
        if key not in self._known_pairs:
            rows, columns = self._rows(phrase), self._fitting(anchor)
            degrees = PREDICATES[predicate](self._layout.take(rows), self._layout.take(columns))
            degrees[self._same[np.ix_(rows, columns)]] = 0.0
            comparable = len(self._fitting(phrase)) <= _MOST_COMPARED
            if comparable and predicate == "next_to":
                self._raise_nearest(phrase, columns, degrees)
            if comparable and predicate in _BEARING:
                self._lower_what_is_stacked(phrase, degrees)
            self._known_pairs[key] = degrees
        return self._known_pairs[key]

    def _raise_nearest(self, phrase: Phrase, columns: Indices, degrees: Scores) -> None:
        """Makes `next_to` at least _BY_COMPARISON for the plainly nearest of several."""
        rows = self._rows(phrase)
        rivals = np.intersect1d(self._distinct_peers(phrase, self._everywhere), rows)
        if len(rivals) < 2 or not len(columns):
            return
        away = distance(self._layout.take(rivals), self._layout.take(columns))
        away = np.where(self._same[np.ix_(rivals, columns)], np.inf, away)
        nearest, second = np.partition(away, 1, axis=0)[:2]
        plainly = (nearest <= _WITHIN) & (second >= _PLAINLY_NEARER * nearest) & np.isfinite(second)
        chosen = np.flatnonzero(plainly)
        places = np.searchsorted(rows, rivals[away.argmin(axis=0)[chosen]])
        degrees[places, chosen] = np.maximum(degrees[places, chosen], _BY_COMPARISON)

    def _lower_what_is_stacked(self, phrase: Phrase, degrees: Scores) -> None:
        """Lessens how far something bears what it bears only through another of its kind."""
        rows = self._rows(phrase)
        bearing = degrees >= self._thresholds.relation
        peers = self._distinct_peers(phrase, self._everywhere)
        peers = np.intersect1d(peers, rows[bearing.any(axis=1)])
        if len(peers) < 2:
            return
        layout = self._layout.take(peers)
        resting = PREDICATES["on"](layout, layout)
        upon = (resting - resting.T >= _STACKED).astype(np.float32)
        places = np.searchsorted(rows, peers)
        borne = bearing[places]
        through = borne & (upon.T @ borne.astype(np.float32) > 0.0)
        degrees[places] *= np.where(through, np.float32(_LOWER_IN_STACK), np.float32(1.0))

    def _by_distance(self, phrase: Phrase, relation: Relation, columns: Indices) -> Scores:
        """1 for the nearest (or farthest) of the regions that fit the target's own words.

        Args:
            phrase: of the target.
            relation: "nearest_to" or "farthest_from", with its rank.
            columns: (M,) the regions it may be near to.

        Returns:
            (N, M) degrees; 0 for a region and itself.
        """
        anchors = self._layout.take(columns)
        away = distance(self._layout, anchors) + np.float32(1e-3)
        away = np.where(self._same[:, columns], np.nan, away)
        rivals = self._distinct_peers(phrase, self._open)
        sign = 1.0 if relation.predicate.endswith("nearest_to") else -1.0
        # NaN comes last, so that an anchor with too few others beside it has no limit.
        ordered = sign * np.sort(sign * away[rivals], axis=0)
        if relation.rank > len(ordered):
            return np.zeros_like(away, np.float32)
        limit = ordered[relation.rank - 1]
        ratio = np.minimum(limit / away, away / limit)
        if relation.rank == 1:
            ratio = limit / away if sign > 0 else away / limit
        ratio = np.nan_to_num(np.clip(ratio, 0.0, 1.0), nan=0.0)
        return np.asarray(ratio**_SUPERLATIVE_POWER, np.float32)

    def _distinct_peers(self, phrase: Phrase, among: NDArray[np.bool_]) -> Indices:
        """Regions (of some) that fit a phrase about as well as the best, each thing once."""
        score = self._matcher.match(phrase).score
        peers = score >= max(
            self._thresholds.match, self._thresholds.peer * float(score.max(initial=0.0))
        )
        ranked = strongest(np.where(peers & among, score, 0.0), len(score))
        kept = first_of_each(self._same[np.ix_(ranked, ranked)])
        return np.asarray(np.sort(ranked[kept]), np.intp)

    def _together(self, relation: Relation) -> RelationDegrees:
        """1 for the members of the group that lies closest together."""
        counts = [s.count for s in self._target.selectors if s.kind == "quantity"]
        size = max(2, *counts) if counts else 2
        peers = self._distinct_peers(self._target, self._open)
        degree = np.zeros(len(self._everything), np.float32)
        if len(peers) >= size:
            layout = self._layout.take(peers)
            away = distance(layout, layout)
            groups = np.argsort(away, axis=1, kind="stable")[:, :size]
            spans = [away[np.ix_(group, group)].sum() for group in groups]
            degree[peers[groups[int(np.argmin(spans))]]] = 1.0
        return RelationDegrees(relation, degree, degree)

    def _between(self, anchors: list[Scores], rows: Indices) -> tuple[Scores, Scores]:
        first = strongest(anchors[0], _MAX_STRONGEST)
        second = strongest(anchors[-1], _MAX_STRONGEST)
        if not len(first) or not len(second):
            nothing = np.zeros(len(rows), np.float32)
            return nothing, nothing
        take = self._layout.take
        degrees = between(take(rows), take(first), take(second))
        clash = (
            self._same[np.ix_(rows, first)][:, :, None]
            | self._same[np.ix_(rows, second)][:, None, :]
            | self._same[np.ix_(first, second)][None]
        )
        degrees = np.where(clash, 0.0, degrees)
        weights = np.sqrt(anchors[0][first][:, None] * anchors[-1][second][None, :])
        flat = degrees.reshape(len(degrees), weights.size)
        joint = flat * weights.reshape(1, -1)
        best = joint.argmax(axis=1)
        each = np.arange(len(joint))
        return flat[each, best].astype(np.float32), joint[each, best].astype(np.float32)


def strongest(scores: Scores, most: int) -> Indices:
    """Regions with a score above 0, best first, at most so many."""
    order = np.argsort(-scores, kind="stable")[:most]
    return order[scores[order] > 0]


def first_of_each(same: NDArray[np.bool_]) -> list[int]:
    """Places of a ranking that show a thing none before them shows.

    Args:
        same: (K, K) whether two of them show the same thing.
    """
    kept: list[int] = []
    shown = np.zeros(len(same), bool)
    for place in range(len(same)):
        if not shown[place]:
            kept.append(place)
            shown |= same[place]
    return kept


def is_surface(relation: Relation) -> bool:
    """Whether it says that something stands on what the whole scene stands on."""
    if relation.predicate not in {"on", "above"}:
        return False
    anchor = relation.anchors[0]
    if anchor.selectors or anchor.relations:
        return False
    return anchor.noun.rpartition(" ")[2] in lexicon().surfaces


def _wanted(anchor: Phrase) -> int:
    """How many anchors the relation must hold for: two in "with two lemons in it"."""
    return max([1, *(s.count for s in anchor.selectors if s.kind == "quantity")])


def of_all(phrase: Phrase, relation: Relation) -> bool:
    """Whether it is to hold for every anchor: "the cup left of the others", but not "of the jars".

    Of another kind several are spoken of as one place.
    """
    anchor = relation.anchors[0]
    everyone = any(s.kind == "quantity" and s.count == 0 for s in anchor.selectors)
    ordering = relation.predicate.removeprefix("not_") in _OF_ALL
    return everyone and ordering and anchor.noun == phrase.noun


def _anchors_of(phrase: Phrase) -> Iterator[Phrase]:
    for relation in phrase.relations:
        for anchor in relation.anchors:
            yield anchor
            yield from _anchors_of(anchor)
