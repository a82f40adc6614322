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
from vlm_ros.grounding.selectors import order_along, orders, place_degrees
from vlm_ros.grounding.thresholds import Thresholds
from vlm_ros.language.command import Phrase, Relation
from vlm_ros.language.lexicon import lexicon

Scores = NDArray[np.float32]

# How sharply "nearest" falls off for what is only near.
_SUPERLATIVE_POWER = 6
# Regions looked at where the work grows with the square of their number.
_MAX_STRONGEST = 16


@dataclass(frozen=True)
class RelationDegrees:
    """How well one relation holds for each region as its target.

    Attributes:
        key: "left_of plate", as in the evidence.
        degree: (N,) of the predicate, with the best anchor.
        score: (N,) of predicate and anchor together.
        anchor_found: whether any region can be each anchor.
        assumed: whether it is taken for granted, as "on the table" is when the model does not
            see the table.
    """

    key: str
    degree: Scores
    score: Scores
    anchor_found: bool = True
    assumed: bool = False


class Assignment:
    """Scores targets together with their anchors in one scene."""

    def __init__(self, scene: Scene, matcher: PhraseMatcher, thresholds: Thresholds) -> None:
        """Prepares the layout; no phrase is looked at yet."""
        self._matcher = matcher
        self._thresholds = thresholds
        self._scene = scene
        self._layout = Layout(scene.boxes, scene.positions)
        self._same = iou(scene.boxes, scene.boxes) >= thresholds.duplicate
        np.fill_diagonal(self._same, True)
        self._open = np.ones(len(scene.boxes), bool)

    def relations(self, phrase: Phrase) -> list[RelationDegrees]:
        """Every relation of a phrase, for every region as the target."""
        return [self._relation(phrase, relation) for relation in phrase.relations]

    def _relation(self, phrase: Phrase, relation: Relation) -> RelationDegrees:
        measured = self._measure(phrase, relation)
        degree, score = measured.degree.copy(), measured.score.copy()
        for target in self._contested(phrase, relation):
            before = self._open
            self._open = before & ~self._same[target]
            alone = self._measure(phrase, relation)
            self._open = before
            degree[target], score[target] = alone.degree[target], alone.score[target]
        return replace(measured, degree=degree, score=score)

    def _contested(self, phrase: Phrase, relation: Relation) -> NDArray[np.intp]:
        """Targets that an anchor's own anchor could take: "the cup by the plate by the cup"."""
        deeper = [a for anchor in relation.anchors for a in _anchors_of(anchor)]
        if not deeper:
            return np.empty(0, np.intp)
        as_anchor = np.max([self._matcher.match(a).score for a in deeper], axis=0)
        as_target = self._matcher.match(phrase).score
        joint = np.where(self._open, np.minimum(as_anchor, as_target), 0.0)
        return _strongest(np.where(joint >= self._thresholds.match, joint, 0.0))

    def _measure(self, phrase: Phrase, relation: Relation) -> RelationDegrees:
        key = f"{relation.predicate} {' and '.join(a.text for a in relation.anchors)}"
        anchors = [self._anchor_scores(anchor) for anchor in relation.anchors]
        found = all(float(scores.max(initial=0.0)) > 0.0 for scores in anchors)
        negated = relation.predicate.startswith("not_")
        if not found and not negated and _is_surface(relation):
            ones = np.ones(len(self._open), np.float32)
            return RelationDegrees(key, ones, ones, assumed=True)
        predicate = relation.predicate.removeprefix("not_")
        if predicate == "between":
            degree, score = self._between(anchors)
        else:
            degree, score = self._with_anchor(phrase, predicate, anchors[0])
        if negated:
            return RelationDegrees(key, 1.0 - degree, 1.0 - degree)
        return RelationDegrees(key, degree, score, found)

    def _anchor_scores(self, anchor: Phrase) -> Scores:
        """Score of each region as the anchor, its own relations and selectors included."""
        score = self._matcher.match(anchor).score
        score = np.where(self._open & (score >= self._thresholds.match), score, 0.0)
        for relation in (self._measure(anchor, inner) for inner in anchor.relations):
            holds = relation.degree >= self._thresholds.relation
            score = np.where(holds, score * np.sqrt(relation.score), 0.0)
        for selector in anchor.selectors:
            if not score.any():
                break
            if orders(selector):
                peers = np.flatnonzero(score >= self._thresholds.peer * score.max())
                ranked = order_along(self._scene, peers, selector.axis)
                chosen = ranked[selector.count - 1 : selector.count]
                keep = np.zeros(len(score), bool)
                keep[chosen] = True
                score = np.where(keep, score, 0.0)
            elif selector.kind == "place":
                held = np.flatnonzero(score)
                score[held] *= place_degrees(self._scene, held, selector.axis)
        return np.asarray(score, np.float32)

    def _with_anchor(self, phrase: Phrase, predicate: str, anchor: Scores) -> tuple[Scores, Scores]:
        """Degree and score with the best anchor of each target."""
        possible = np.flatnonzero(anchor > 0)
        if not len(possible):
            nothing = np.zeros(len(anchor), np.float32)
            return nothing, nothing
        anchors = self._layout.take(possible)
        same = self._same[:, possible]
        if predicate in {"nearest_to", "farthest_from"}:
            away = np.where(same, np.nan, distance(self._layout, anchors) + 1e-3)
            degrees = self._by_distance(phrase, predicate, away)
        else:
            degrees = PREDICATES[predicate](self._layout, anchors)
        degrees = np.where(same, 0.0, degrees)
        joint = degrees * anchor[possible]
        best = joint.argmax(axis=1)
        rows = np.arange(len(joint))
        return (
            degrees[rows, best].astype(np.float32),
            joint[rows, best].astype(np.float32),
        )

    def _by_distance(self, phrase: Phrase, predicate: str, away: Scores) -> Scores:
        """1 for the nearest (or farthest) of the regions that fit the target's own words.

        Args:
            phrase: of the target.
            predicate: "nearest_to" or "farthest_from".
            away: (N, M) distances, NaN from a region to itself.
        """
        score = self._matcher.match(phrase).score
        fits = self._open & (score >= self._thresholds.match)
        fits &= score >= self._thresholds.peer * score.max(initial=0.0)
        rivals = np.where(fits[:, None], away, np.nan)
        if predicate == "nearest_to":
            limit = np.where(np.isnan(rivals), np.inf, rivals).min(axis=0)
            ratio = limit / away
        else:
            limit = np.where(np.isnan(rivals), 0.0, rivals).max(axis=0)
            ratio = away / np.maximum(limit, 1e-3)
        ratio = np.nan_to_num(np.clip(ratio, 0.0, 1.0), nan=0.0)
        return np.asarray(ratio**_SUPERLATIVE_POWER, np.float32)

    def _between(self, anchors: list[Scores]) -> tuple[Scores, Scores]:
        first = _strongest(anchors[0])
        second = _strongest(anchors[-1])
        if not len(first) or not len(second):
            nothing = np.zeros(len(anchors[0]), np.float32)
            return nothing, nothing
        degrees = between(self._layout, self._layout.take(first), self._layout.take(second))
        clash = (
            self._same[:, first][:, :, None]
            | self._same[:, second][:, None, :]
            | self._same[np.ix_(first, second)][None]
        )
        degrees = np.where(clash, 0.0, degrees)
        weights = np.sqrt(anchors[0][first][:, None] * anchors[-1][second][None, :])
        flat = degrees.reshape(len(degrees), -1)
        joint = flat * weights.reshape(1, -1)
        best = joint.argmax(axis=1)
        rows = np.arange(len(joint))
        return flat[rows, best].astype(np.float32), joint[rows, best].astype(np.float32)


def _anchors_of(phrase: Phrase) -> Iterator[Phrase]:
    for relation in phrase.relations:
        for anchor in relation.anchors:
            yield anchor
            yield from _anchors_of(anchor)


def _strongest(scores: Scores) -> NDArray[np.intp]:
    order = np.argsort(-scores, kind="stable")[:_MAX_STRONGEST]
    return order[scores[order] > 0]


def _is_surface(relation: Relation) -> bool:
    """Whether it says that something stands on what the whole scene stands on."""
    anchor = relation.anchors[0]
    if anchor.selectors or anchor.relations or relation.predicate not in {"on", "above"}:
        return False
    return anchor.noun.rpartition(" ")[2] in lexicon().surfaces
