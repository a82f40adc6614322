"""From a phrase and the regions of a frame to an honest answer."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import NDArray

from vlm_ros.geometry.boxes import area, intersection, iou
from vlm_ros.grounding.assignment import Assignment, RelationDegrees, first_of_each
from vlm_ros.grounding.matching import Match, PhraseMatcher
from vlm_ros.grounding.plausibility import Plausibility
from vlm_ros.grounding.questions import plain_colours, which_question
from vlm_ros.grounding.result import Evidence, GroundedRegion, Grounding, Status
from vlm_ros.grounding.scene import Scene
from vlm_ros.grounding.selectors import (
    away_from,
    decides,
    on_side,
    order_along,
    orders,
    place_degrees,
)
from vlm_ros.grounding.thresholds import Thresholds
from vlm_ros.grounding.wording import (
    indefinite,
    it_is,
    listed,
    named,
    none_seen,
    number,
    several,
    there_is,
)
from vlm_ros.language.command import Phrase, Selector

Indices = NDArray[np.intp]
Scores = NDArray[np.float32]

_MAX_ALTERNATIVES = 5


def resolve(
    phrase: Phrase,
    scene: Scene,
    thresholds: Thresholds | None = None,
    taken: Collection[int] = (),
) -> Grounding:
    """Chooses the regions a phrase refers to, or says why there is no such choice.

    Args:
        phrase: as `language.parse_command` gives it.
        scene: the frame's regions and a matcher that scores texts on them.
        thresholds: what is enough; the defaults where omitted.
        taken: regions that "the other cup" and "another cup" leave out.

    Returns:
        FOUND with targets best first; AMBIGUOUS with the candidates and a question; NOT_FOUND
        with what failed. The alternatives begin with the best guess.
    """
    limits = thresholds or Thresholds()
    if not len(scene.boxes):
        return _nothing_seen(phrase)
    left_out = taken if any(s.kind == "other" for s in phrase.selectors) else ()
    return _Resolution(phrase, scene, limits, left_out).answer()


class _Resolution:
    """One phrase in one frame."""

    def __init__(
        self, phrase: Phrase, scene: Scene, limits: Thresholds, left_out: Collection[int]
    ) -> None:
        self.phrase = phrase
        self.scene = scene
        self.limits = limits
        self.matcher = PhraseMatcher(phrase, scene, limits)
        self.match: Match = self.matcher.match(phrase)
        self.assignment: Assignment | None = None
        self.relations: list[RelationDegrees] = []
        if phrase.relations:
            self.assignment = Assignment(phrase, scene, self.matcher, limits)
            self.relations = self.assignment.relations()
        self.free = np.ones(len(scene.boxes), bool)
        gone = np.array(sorted(left_out), np.intp)
        self.free &= ~(iou(scene.boxes, scene.boxes[gone]) > limits.duplicate).any(axis=1)
        self.free[gone] = False
        self.holding: Scores = np.ones(len(scene.boxes), np.float32)
        for relation in self.relations:
            self.holding = self.holding * relation.weight
        self.score: Scores = (self.match.score * self.free * self.holding).astype(np.float32)

    def answer(self) -> Grounding:
        """Follows the phrase: the thing, its relations, then the choice among several."""
        fitting = np.flatnonzero((self.match.score >= self.limits.match) & self.free)
        if not len(fitting):
            return self._nothing_matches()
        fainter = self.matcher.surely_things & self.free
        fainter &= self.matcher.fit(self.match.score) >= self.limits.match
        fitting = np.union1d(fitting, np.flatnonzero(fainter))
        for relation in self.relations:
            holding = fitting[relation.holds(self.limits.relation)[fitting]]
            if not len(holding):
                return self._relation_fails(relation)
            fitting = holding
        return self._choose(self._as_good(self._distinct(fitting), self.limits.peer))

    # What failed

    def _nothing_matches(self) -> Grounding:
        phrase = self.phrase
        if not self.free.all() and self.match.score.max() >= self.limits.match:
            return self._missed(none_seen(phrase, f"other {named(phrase)}"))
        noun = " or ".join((phrase.noun, *phrase.or_nouns))
        nearest = int(np.argmax(self.match.noun))
        if self.match.noun[nearest] < self.limits.match:
            return self._missed(none_seen(phrase, noun))
        failing = [
            name
            for name, degree in self.match.attributes.items()
            if degree[nearest] < max(self.limits.attribute, 0.5)
        ]
        there = there_is(Phrase(noun, phrase.noun))
        if failing:
            return self._missed(f"{there}, but {it_is(phrase)} not {listed(failing)}")
        if named(phrase) == noun:
            # Another kind fits as well, or it is unsure that there is a thing at all.
            return self._missed(f"nothing is surely {indefinite(phrase)}")
        return self._missed(f"{there}, but none that is {indefinite(phrase)}")

    def _relation_fails(self, relation: RelationDegrees) -> Grounding:
        there = there_is(self.phrase)
        if not relation.anchor_found:
            anchor = relation.relation.anchors[0]
            nouns = " or ".join(named(anchor) for anchor in relation.relation.anchors)
            return self._missed(f"{there}, but {none_seen(anchor, nouns)}")
        return self._missed(f"{there}, but none {relation.spoken}")

    # Choosing among several

    def _choose(self, candidates: Indices) -> Grounding:
        selectors = self.phrase.selectors
        quantity = next((s.count for s in selectors if s.kind == "quantity"), None)
        for selector in (s for s in selectors if s.axis.startswith("not_")):
            candidates = away_from(self.scene, candidates, selector.axis)
            if not len(candidates):
                where = selector.axis.removeprefix("not_").replace("-", " ")
                return self._missed(f"{there_is(self.phrase)}, but at the {where} of the image")
        # "The largest cup on the left" is the largest of those on the left.
        ordered = sorted(filter(orders, selectors), key=decides)
        if len(candidates) == 1 and self._compares(candidates, ordered):
            candidates = self._with_companions(candidates)
            elsewhere = self._not_where_it_is_said(candidates, ordered)
            if len(candidates) == 1 and elsewhere:
                return self._missed(
                    f"{there_is(self.phrase)}, but none at the {elsewhere[0]} of the image"
                )
        for selector in (s for s in selectors if s.kind == "place" and not orders(s)):
            if selector.axis.startswith("not_"):
                continue
            degrees = place_degrees(self.scene, candidates, selector.axis)
            there = degrees >= self.limits.relation
            if not there.any():
                where = selector.axis.replace("-", " ")
                return self._missed(
                    f"{there_is(self.phrase)}, but none at the {where} of the image"
                )
            if quantity is None:
                return self._found(candidates[[int(np.argmax(degrees))]])
            candidates = candidates[there]
        if ordered:
            return self._along(candidates, ordered, quantity)
        if quantity is not None:
            return self._counted(self._ranked(candidates), quantity)
        return self._single(self._ranked(candidates))

    def _compares(self, only: Indices, ordered: Sequence[Selector]) -> bool:
        """Whether the only candidate is said to be one of several.

        A comparison presupposes what it compares (Strawson 1950, On referring). What is on the
        left may be alone there.
        """
        superlative = any(s.kind == "superlative" for s in ordered)
        return superlative or bool(self._not_where_it_is_said(only, ordered))

    def _not_where_it_is_said(self, only: Indices, ordered: Sequence[Selector]) -> list[str]:
        """The sides of the image that are named and on which the only candidate is not."""
        sides = [s.axis for s in ordered if s.kind == "place" and not s.axis.startswith("not_")]
        return [side for side in sides if not len(on_side(self.scene, only, side))]

    def _with_companions(self, only: Indices) -> Indices:
        """The only candidate and what is surely a thing and may be another."""
        more = self.matcher.surely_things & self.free
        more &= self.matcher.fit(self.match.score) >= self.limits.companion
        for relation in self.relations:
            more &= relation.holds(self.limits.relation)
        return self._distinct(np.union1d(only, np.flatnonzero(more)))

    def _along(
        self, candidates: Indices, ordered: Sequence[Selector], quantity: int | None
    ) -> Grounding:
        selector = ordered[-1]
        for earlier in ordered[:-1]:
            candidates = on_side(self.scene, candidates, earlier.axis)
            if not len(candidates):
                return self._missed(f"no {named(self.phrase)} is on that side")
        if quantity == 0:
            return self._counted(on_side(self.scene, candidates, selector.axis), 0)
        ranked = order_along(self.scene, candidates, selector.axis)
        if selector.kind != "ordinal":
            return self._counted(ranked, quantity or 1)
        if selector.count > len(ranked):
            return self._missed(
                f"there {_only(len(ranked))} that could be {indefinite(self.phrase)},"
                f" so there is no number {selector.count}"
            )
        first = selector.count - 1
        return self._found(ranked[first : first + (quantity or 1)])

    def _counted(self, ranked: Indices, quantity: int) -> Grounding:
        if quantity > len(ranked) or not len(ranked):
            return self._missed(
                f"{_asked(quantity)} {several(self.phrase)} were asked for,"
                f" but {_seen(len(ranked))}"
            )
        return self._found(ranked[:quantity] if quantity else ranked)

    def _single(self, ranked: Indices) -> Grounding:
        rivals = self._rivals(ranked)
        if len(rivals) > 1:
            rivals = self._reattached(rivals)
        if len(rivals) == 1:
            return self._found(rivals)
        boxes = self.scene.boxes[rivals]
        colours = plain_colours(self.phrase, rivals, self.scene.matcher, self.limits)
        shown = rivals[:_MAX_ALTERNATIVES].tolist()
        return Grounding(
            Status.AMBIGUOUS,
            targets=(),
            alternatives=self._regions([*shown, *self._guesses(rivals)][:_MAX_ALTERNATIVES]),
            reason=f"{number(len(rivals))} {several(self.phrase)} fit equally well",
            question=which_question(self.phrase, boxes, colours),
            candidates=len(shown),
        )

    def _reattached(self, rivals: Indices) -> Indices:
        """Those of several for which an anchor's own relation holds, if that leaves just one.

        "The cup by the jug on the tray" may be a cup on the tray.
        """
        anchors = (a for relation in self.phrase.relations for a in relation.anchors)
        for relation in [anchor.relations[-1] for anchor in anchors if anchor.relations]:
            if self.assignment is None:
                break
            degrees = self.assignment.among(relation, rivals)
            holding = np.sort(rivals)[degrees.holds(self.limits.relation)]
            if len(holding) == 1 and degrees.anchor_found and not degrees.assumed:
                return holding
        return rivals

    def _distinct(self, regions: Indices) -> Indices:
        """Best first, without the weaker of boxes that show one thing."""
        ranked = self._ranked(regions)
        boxes = self.scene.boxes[ranked]
        shared, sizes = intersection(boxes, boxes), area(boxes)
        least = np.minimum(sizes[:, None], sizes[None, :])
        same = shared > self.limits.contained * least
        union = sizes[:, None] + sizes[None, :] - shared
        same |= shared > self.limits.duplicate * union
        return ranked[first_of_each(same)]

    def _as_good(self, ranked: Indices, share: float) -> Indices:
        """Those that reach a share of what the first has, in score or in how well they fit."""
        kept: Indices = ranked[self._reach(share, self.score, ranked[0])[ranked]]
        return kept

    def _rivals(self, ranked: Indices) -> Indices:
        """Those that may be meant as well as the first.

        What things are is seen less exactly than where they are, so it tells them apart less.
        """
        first = ranked[0]
        rival = self._reach(1.0 - self.limits.margin, self.match.score, first)
        rival &= self.holding >= (1.0 - self.limits.relation_margin) * self.holding[first]
        kept: Indices = ranked[rival[ranked]]
        return kept

    def _reach(self, share: float, score: Scores, first: np.intp) -> NDArray[np.bool_]:
        """Which regions (N,) have a share of the first one's score, or fit by as much of it."""
        fit = self.matcher.fit(score)
        near = score >= share * score[first]
        near |= self.matcher.surely_things & (fit >= share * fit[first])
        return np.asarray(near, bool)

    def _ranked(self, regions: Indices) -> Indices:
        return regions[np.argsort(-self.score[regions], kind="stable")]

    def _guesses(self, known: Indices) -> list[int]:
        """What it most plausibly is beside the regions already known, best first, things once."""
        boxes = self.scene.boxes
        plausible = Plausibility(self.scene, self.matcher, self.limits).of(self.phrase)
        plausible = np.where(self.free, plausible, 0.0)
        shown: list[int] = known.tolist()
        guesses: list[int] = []
        for index in np.argsort(-plausible, kind="stable").tolist():
            if len(guesses) == _MAX_ALTERNATIVES or plausible[index] <= 0.0:
                break
            again = iou(boxes[[index]], boxes[shown]) > self.limits.duplicate
            if index not in shown and not again.any():
                shown.append(index)
                guesses.append(index)
        return guesses

    # Answers

    def _found(self, regions: Indices) -> Grounding:
        what = indefinite(self.phrase)
        if len(regions) > 1:
            what = f"{number(len(regions))} {several(self.phrase)}"
        reason = f"found {what}"
        assumed = [r.relation.anchors[0].text for r in self.relations if r.assumed]
        if assumed:
            reason += f"; the {listed(assumed)} itself is not seen and taken for granted"
        runners_up = self._regions(self._guesses(regions))
        return Grounding(Status.FOUND, self._regions(regions.tolist()), runners_up, reason)

    def _missed(self, reason: str) -> Grounding:
        nothing = np.empty(0, np.intp)
        return Grounding(Status.NOT_FOUND, (), self._regions(self._guesses(nothing)), reason)

    def _regions(self, indices: Sequence[int]) -> tuple[GroundedRegion, ...]:
        return tuple(self._region(index) for index in indices)

    def _region(self, index: int) -> GroundedRegion:
        x_min, y_min, x_max, y_max = (float(value) for value in self.scene.boxes[index])
        return GroundedRegion(
            region=index,
            label=named(self.phrase),
            score=float(self.score[index]),
            box=(x_min, y_min, x_max, y_max),
            evidence=Evidence(
                noun=float(self.match.noun[index]),
                attributes={k: float(v[index]) for k, v in self.match.attributes.items()},
                relations={r.key: float(r.degree[index]) for r in self.relations if not r.assumed},
            ),
        )


def _nothing_seen(phrase: Phrase) -> Grounding:
    reason = f"nothing was seen that could be {indefinite(phrase)}"
    return Grounding(Status.NOT_FOUND, (), (), reason)


def _only(count: int) -> str:
    return f"is only {number(count)}" if count == 1 else f"are only {number(count)}"


def _seen(count: int) -> str:
    if count == 0:
        return "none is seen"
    return f"only {number(count)} {'is' if count == 1 else 'are'} seen"


def _asked(quantity: int) -> str:
    return number(quantity) if quantity else "all"
