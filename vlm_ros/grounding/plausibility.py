"""The best guess: how much speaks for each region where nothing fits, or nothing else does.

Noun, attributes, relations and selectors all count, and none of them is a gate: where the model
does not know the noun, the colour, the place and what lies beside it still decide. An anchor is
taken to be in the picture, as whatever is most like it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vlm_ros.geometry.boxes import iou
from vlm_ros.grounding.assignment import is_surface, of_all, strongest
from vlm_ros.grounding.matching import PhraseMatcher, soften
from vlm_ros.grounding.predicates import PREDICATES, Layout, between, distance
from vlm_ros.grounding.scene import Scene
from vlm_ros.grounding.selectors import away_from, order_along, orders, place_degrees
from vlm_ros.grounding.thresholds import Thresholds
from vlm_ros.language.command import Phrase, Relation, Selector

Scores = NDArray[np.float32]
Indices = NDArray[np.intp]

# A place or a relation that does not hold at all weighs no more than this against the words.
_LEAST_DEGREE = 0.05
# So many of the regions most like an anchor are tried.
_ANCHORS = 6
# What did not fit otherwise is neither first nor last in an order.
_OUT_OF_ORDER = 0.2


class Plausibility:
    """What speaks for the regions of one scene."""

    def __init__(self, scene: Scene, matcher: PhraseMatcher, thresholds: Thresholds) -> None:
        self._scene = scene
        self._matcher = matcher
        self._thresholds = thresholds
        self._layout = Layout(scene.boxes, scene.positions)

    def of(self, phrase: Phrase) -> Scores:
        """(N,) above 0; only their order and their ratios mean anything."""
        plausible = self._matcher.match(phrase).plausible
        for relation in phrase.relations:
            degree = self._relation(phrase, relation, plausible)
            plausible = plausible * soften(np.maximum(degree, _LEAST_DEGREE))
        for selector in phrase.selectors:
            degree = self._selector(selector, plausible)
            plausible = plausible * soften(np.maximum(degree, _LEAST_DEGREE))
        return np.asarray(plausible, np.float32)

    def _relation(self, phrase: Phrase, relation: Relation, plausible: Scores) -> Scores:
        ones = np.ones(len(plausible), np.float32)
        if not relation.anchors or is_surface(relation):
            return ones
        anchors = [self._anchor(anchor) for anchor in relation.anchors]
        if not all(len(regions) for regions, _ in anchors):
            return ones
        predicate = relation.predicate.removeprefix("not_")
        regions, weights = anchors[0]
        if predicate == "between":
            seconds, second_weights = anchors[-1]
            joint = between(self._layout, self._layout.take(regions), self._layout.take(seconds))
            joint = joint * self._apart(regions)[:, :, None] * self._apart(seconds)[:, None, :]
            joint = joint * np.where(regions[:, None] == seconds[None, :], 0.0, 1.0)
            joint = joint * np.sqrt(weights[:, None] * second_weights[None, :])
            degree = joint.reshape(len(joint), -1).max(axis=1)
        elif predicate in {"nearest_to", "farthest_from"}:
            degree = self._ranked(relation, regions[0], plausible)
        else:
            degrees = PREDICATES[predicate](self._layout, self._layout.take(regions))
            apart = self._apart(regions)
            if of_all(phrase, relation):
                others = (apart > 0.0) & (weights >= self._thresholds.peer)
                degree = np.where(others, degrees, 1.0).min(axis=1)
            else:
                degree = (degrees * apart * weights).max(axis=1)
        return np.asarray(degree if predicate == relation.predicate else 1.0 - degree, np.float32)

    def _anchor(self, anchor: Phrase) -> tuple[Indices, Scores]:
        """The regions most like it, and how like it they are beside the most like."""
        plausible = self.of(anchor)
        regions = strongest(plausible, _ANCHORS)
        return regions, plausible[regions] / max(float(plausible.max(initial=0.0)), 1e-12)

    def _apart(self, regions: Indices) -> Scores:
        """0 where a region would be its own anchor, 1 elsewhere: (N, M)."""
        overlap = iou(self._scene.boxes, self._scene.boxes[regions])
        apart = np.where(overlap > self._thresholds.duplicate, 0.0, 1.0)
        apart[regions, np.arange(len(regions))] = 0.0
        return np.asarray(apart, np.float32)

    def _ranked(self, relation: Relation, anchor: np.intp, plausible: Scores) -> Scores:
        away = distance(self._layout, self._layout.take(np.array([anchor])))[:, 0]
        peers = self._peers(plausible)
        peers = peers[peers != anchor]
        sign = 1.0 if relation.predicate.endswith("nearest_to") else -1.0
        return self._by_rank(peers[np.argsort(sign * away[peers], kind="stable")], relation.rank)

    def _selector(self, selector: Selector, plausible: Scores) -> Scores:
        peers = self._peers(plausible)
        degree = np.full(len(plausible), _OUT_OF_ORDER, np.float32)
        if selector.axis.startswith("not_"):
            degree[away_from(self._scene, peers, selector.axis)] = 1.0
        elif orders(selector):
            return self._by_rank(order_along(self._scene, peers, selector.axis), selector.count)
        elif selector.kind == "place":
            degree[peers] = place_degrees(self._scene, peers, selector.axis)
        else:
            return np.ones(len(plausible), np.float32)
        return degree

    def _peers(self, plausible: Scores) -> Indices:
        best = self._thresholds.peer * float(plausible.max(initial=0.0))
        return np.flatnonzero((plausible >= best) & (plausible > 0.0))

    def _by_rank(self, ranked: Indices, rank: int) -> Scores:
        """1 for the one of that rank, less for each place before or after it."""
        degree = np.full(len(self._scene.boxes), _OUT_OF_ORDER, np.float32)
        degree[ranked] = 1.0 / (1.0 + np.abs(np.arange(len(ranked)) - (rank - 1)))
        return degree
