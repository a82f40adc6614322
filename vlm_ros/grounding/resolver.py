"""From a phrase and the regions of a frame to an honest answer."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from vlm_ros.geometry.boxes import coverage, iou
from vlm_ros.grounding.assignment import Assignment, RelationDegrees
from vlm_ros.grounding.matching import Match, PhraseMatcher
from vlm_ros.grounding.questions import plain_colours, which_question
from vlm_ros.grounding.result import Evidence, GroundedRegion, Grounding, Status
from vlm_ros.grounding.scene import Scene
from vlm_ros.grounding.selectors import decides, on_side, order_along, orders, place_degrees
from vlm_ros.grounding.thresholds import Thresholds
from vlm_ros.language.command import Phrase, Selector

Indices = NDArray[np.intp]
Scores = NDArray[np.float32]

_MAX_ALTERNATIVES = 5
_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


def resolve(phrase: Phrase, scene: Scene, thresholds: Thresholds | None = None) -> Grounding:
    """Chooses the regions a phrase refers to, or says why there is no such choice.

    Args:
        phrase: as `language.parse_command` gives it.
        scene: the frame's regions and a matcher that scores texts on them.
        thresholds: what is enough; the defaults where omitted.

    Returns:
        FOUND with targets best first; AMBIGUOUS with the candidates and a question; NOT_FOUND
        with the nearest miss and what failed.
    """
    limits = thresholds or Thresholds()
    if not len(scene.boxes):
        return _not_found(f"nothing was seen that could be {_named(phrase)}")
    return _Resolution(phrase, scene, limits).answer()


class _Resolution:
    """One phrase in one frame."""

    def __init__(self, phrase: Phrase, scene: Scene, limits: Thresholds) -> None:
        self.phrase = phrase
        self.scene = scene
        self.limits = limits
        matcher = PhraseMatcher(phrase, scene, limits)
        self.match: Match = matcher.match(phrase)
        self.relations = Assignment(scene, matcher, limits).relations(phrase)
        score = self.match.score.astype(np.float64)
        for relation in self.relations:
            score = score * np.sqrt(relation.score)
        self.score: Scores = score.astype(np.float32)

    def answer(self) -> Grounding:
        """Follows the phrase: the thing, its relations, then the choice among several."""
        fitting = np.flatnonzero(self.match.score >= self.limits.match)
        if not len(fitting):
            return self._nothing_matches()
        for relation in self.relations:
            holding = fitting[relation.degree[fitting] >= self.limits.relation]
            if not len(holding):
                return self._relation_fails(relation, fitting)
            fitting = holding
        candidates = self._distinct(fitting)
        strongest = self.score[candidates].max()
        return self._choose(candidates[self.score[candidates] >= self.limits.peer * strongest])

    # What failed

    def _nothing_matches(self) -> Grounding:
        nearest = int(np.argmax(self.match.score))
        if self.match.score[nearest] <= 0:
            nearest = int(np.argmax(self.match.noun))
        noun = self.phrase.noun
        if self.match.noun.max() < self.limits.match:
            return self._missed(f"no {noun} is seen", [nearest])
        nearest = int(np.argmax(self.match.noun))
        failing = [
            name
            for name, degree in self.match.attributes.items()
            if degree[nearest] < max(self.limits.attribute, 0.5)
        ]
        if failing:
            return self._missed(f"there is a {noun}, but it is not {_listed(failing)}", [nearest])
        return self._missed(f"there is a {noun}, but none that is a {self.phrase.text}", [nearest])

    def _relation_fails(self, relation: RelationDegrees, fitting: Indices) -> Grounding:
        predicate, _, anchor = relation.key.partition(" ")
        best = self._distinct(fitting)[:1].tolist()
        if not relation.anchor_found:
            return self._missed(
                f"there is {_named(self.phrase)}, but no {anchor} for it to be"
                f" {_spoken(predicate)}",
                best,
            )
        return self._missed(
            f"there is {_named(self.phrase)}, but none is {_spoken(predicate)} {_the(anchor)}", best
        )

    # Choosing among several

    def _choose(self, candidates: Indices) -> Grounding:
        selectors = self.phrase.selectors
        quantity = next((s.count for s in selectors if s.kind == "quantity"), None)
        # "The largest cup on the left" is the largest of those on the left.
        ordered = sorted(filter(orders, selectors), key=decides)
        for selector in (s for s in selectors if s.kind == "place" and not orders(s)):
            degrees = place_degrees(self.scene, candidates, selector.axis)
            there = degrees >= self.limits.relation
            if not there.any():
                where = selector.axis.replace("-", " ")
                return self._missed(
                    f"there is {_named(self.phrase)}, but none at the {where} of the image",
                    self._ranked(candidates)[:1].tolist(),
                )
            if quantity is None:
                return self._found(candidates[[int(np.argmax(degrees))]])
            candidates = candidates[there]
        if ordered:
            return self._along(candidates, ordered, quantity)
        if quantity is not None:
            return self._counted(self._ranked(candidates), quantity)
        return self._single(self._ranked(candidates))

    def _along(
        self, candidates: Indices, ordered: Sequence[Selector], quantity: int | None
    ) -> Grounding:
        selector = ordered[-1]
        for earlier in ordered[:-1]:
            candidates = on_side(self.scene, candidates, earlier.axis)
            if not len(candidates):
                return self._missed(f"no {self.phrase.text} is on that side", [])
        if quantity == 0:
            return self._counted(on_side(self.scene, candidates, selector.axis), 0)
        ranked = order_along(self.scene, candidates, selector.axis)
        if selector.kind != "ordinal":
            return self._counted(ranked, quantity or 1)
        if selector.count > len(ranked):
            return self._missed(
                f"there are only {_number(len(ranked))} that could be {_named(self.phrase)},"
                f" so there is no number {selector.count}",
                ranked.tolist(),
            )
        first = selector.count - 1
        return self._found(ranked[first : first + (quantity or 1)])

    def _counted(self, ranked: Indices, quantity: int) -> Grounding:
        if quantity > len(ranked) or not len(ranked):
            return self._missed(
                f"{_number(quantity)} that fit {_named(self.phrase)} were asked for, but"
                f" {_number(len(ranked))} seen",
                ranked.tolist(),
            )
        return self._found(ranked[:quantity] if quantity else ranked)

    def _single(self, ranked: Indices) -> Grounding:
        best = self.score[ranked[0]]
        rivals = ranked[self.score[ranked] >= (1.0 - self.limits.margin) * best]
        if len(rivals) == 1:
            return self._found(rivals)
        boxes = self.scene.boxes[rivals]
        colours = plain_colours(self.phrase, rivals, self.scene.matcher, self.limits)
        return Grounding(
            Status.AMBIGUOUS,
            targets=(),
            alternatives=tuple(self._region(i) for i in rivals[:_MAX_ALTERNATIVES]),
            reason=f"{_number(len(rivals))} regions fit {_named(self.phrase)} equally well",
            question=which_question(self.phrase.text, boxes, colours),
        )

    def _distinct(self, regions: Indices) -> Indices:
        """Best first, without the weaker of boxes that show one thing."""
        ranked = self._ranked(regions)
        boxes = self.scene.boxes[ranked]
        inner = coverage(boxes, boxes)
        same = iou(boxes, boxes) >= self.limits.duplicate
        same |= np.maximum(inner, inner.T) >= self.limits.contained
        kept: list[int] = []
        for position in range(len(ranked)):
            if not same[position, kept].any():
                kept.append(position)
        return ranked[kept]

    def _ranked(self, regions: Indices) -> Indices:
        return regions[np.argsort(-self.score[regions], kind="stable")]

    # Answers

    def _found(self, regions: Indices) -> Grounding:
        what = _named(self.phrase)
        reason = f"found {what}" if len(regions) == 1 else f"found {len(regions)} that fit {what}"
        assumed = [r.key.partition(" ")[2] for r in self.relations if r.assumed]
        if assumed:
            reason += f"; the {_listed(assumed)} itself is not seen and taken for granted"
        return Grounding(Status.FOUND, tuple(self._region(i) for i in regions), (), reason)

    def _missed(self, reason: str, nearest: Sequence[int]) -> Grounding:
        regions = tuple(self._region(i) for i in nearest[:_MAX_ALTERNATIVES])
        return Grounding(Status.NOT_FOUND, (), regions, reason)

    def _region(self, index: int | np.intp) -> GroundedRegion:
        x_min, y_min, x_max, y_max = (float(value) for value in self.scene.boxes[index])
        return GroundedRegion(
            region=int(index),
            label=self.phrase.text,
            score=float(self.score[index]),
            box=(x_min, y_min, x_max, y_max),
            evidence=Evidence(
                noun=float(self.match.noun[index]),
                attributes={k: float(v[index]) for k, v in self.match.attributes.items()},
                relations={r.key: float(r.degree[index]) for r in self.relations if not r.assumed},
            ),
        )


def _not_found(reason: str) -> Grounding:
    return Grounding(Status.NOT_FOUND, (), (), reason)


def _named(phrase: Phrase) -> str:
    article = "an" if phrase.text[:1] in "aeiou" else "a"
    return f"{article} {phrase.text}"


def _the(anchor: str) -> str:
    return " and ".join(f"the {name}" for name in anchor.split(" and "))


def _spoken(predicate: str) -> str:
    return predicate.replace("_", " ")


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _number(count: int) -> str:
    return _NUMBERS[count] if count < len(_NUMBERS) else str(count)
