"""How well each region is what a phrase says of the thing itself, without relations."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vlm_ros.geometry.boxes import area, coverage
from vlm_ros.grounding.contrast import contrast_degree, contrast_texts, is_size, matched_text
from vlm_ros.grounding.scene import Scene
from vlm_ros.grounding.thresholds import Thresholds
from vlm_ros.grounding.variants import variants
from vlm_ros.language.command import Phrase
from vlm_ros.language.lexicon import lexicon

Scores = NDArray[np.float32]

# A part lies in its whole's box by at least this share.
_PART_COVERAGE = 0.7
# However little one word fits, it weighs no more than this against the others in a best guess.
_LEAST_DEGREE = 0.002
# A noun that fits less than this hardly fits: of things that are none of what was asked for, it
# tells more where they are, and whether they are things at all, than which is a shade more like it.
_DOUBT = 0.01
# About as much one word as another; a contrast is seldom exactly even.
_EVEN = 0.45
# The degree from which a part is plainly there.
_PLAIN_PART = 0.65
# Areas that differ by less than this factor do not tell a large thing from a small one.
_CLEAR_SIZE_RATIO = 1.3
# Size words by what they compare and whether more is meant.
_SIZE_MEASURES = {
    "large": ("area", 1),
    "small": ("area", -1),
    "tall": ("height", 1),
    "short": ("height", -1),
    "wide": ("width", 1),
    "narrow": ("width", -1),
    "thick": ("area", 1),
    "thin": ("area", -1),
    "long": ("length", 1),
}


@dataclass(frozen=True)
class Match:
    """Degrees of one phrase on N regions.

    Attributes:
        score: (N,) noun, attributes, parts and exclusions together, less where it is unsure that
            there is a thing at all.
        noun: (N,) the head noun alone.
        attributes: (N,) for each attribute, "with <part>", "not <excluded>" and "red or blue".
        plausible: (N,) all of them softened, for a best guess; above 0, and no probability.
    """

    score: Scores
    noun: Scores
    attributes: dict[str, Scores]
    plausible: Scores


class PhraseMatcher:
    """Matches a phrase and all phrases within it, asking the model once."""

    def __init__(self, phrase: Phrase, scene: Scene, thresholds: Thresholds) -> None:
        """Scores every text the phrase needs in one call of the scene's matcher.

        Args:
            phrase: with its anchors and parts.
            scene: the frame.
            thresholds: for the gate on attributes.
        """
        self._scene = scene
        self._thresholds = thresholds
        texts = list(dict.fromkeys(_texts(phrase)))
        scores = np.asarray(scene.matcher.scores(texts), np.float32)
        usable = np.isfinite(scene.boxes).all(axis=1) & (area(scene.boxes) > 0)
        scores = np.where(np.isfinite(scores) & usable[:, None], scores, 0.0)
        scores = np.clip(scores, 0.0, 1.0).astype(np.float32)
        self._scores = dict(zip(texts, scores.T, strict=True))
        objectness = np.ones(len(usable)) if scene.objectness is None else scene.objectness
        self._objectness = np.where(usable, np.sqrt(np.clip(objectness, 0.0, 1.0)), 0.0)
        self.surely_things: NDArray[np.bool_] = usable & (objectness >= thresholds.thing)
        self._matches: dict[Phrase, Match] = {}

    def fit(self, scores: Scores) -> Scores:
        """What scores (N,) would be were the regions surely things; 0 of what is not usable."""
        sure = np.where(self._objectness > 0.0, self._objectness, np.inf)
        return np.asarray(scores / sure, np.float32)

    def match(self, phrase: Phrase) -> Match:
        """Degrees of the phrase, or of one within it, on every region."""
        if phrase not in self._matches:
            self._matches[phrase] = self._measure(phrase)
        return self._matches[phrase]

    def _measure(self, phrase: Phrase) -> Match:
        choices = variants(phrase)
        if len(choices) == 1:
            return self._measure_plain(choices[0])
        matches = [self._measure_plain(choice) for choice in choices]
        best = np.argmax([match.score for match in matches], axis=0)[None]

        def chosen(degrees: Sequence[Scores]) -> Scores:
            return np.asarray(np.take_along_axis(np.stack(degrees), best, axis=0)[0], np.float32)

        attributes = {
            " or ".join(group): np.max(
                [
                    match.attributes[attribute]
                    for match in matches
                    for attribute in group
                    if attribute in match.attributes
                ],
                axis=0,
            )
            for group in phrase.any_of
        }
        in_choice = {attribute for group in phrase.any_of for attribute in group}
        for name in matches[0].attributes:
            if name not in in_choice:
                attributes[name] = chosen([match.attributes[name] for match in matches])
        return Match(
            score=chosen([match.score for match in matches]),
            noun=chosen([match.noun for match in matches]),
            attributes=attributes,
            plausible=np.max([match.plausible for match in matches], axis=0),
        )

    def _measure_plain(self, phrase: Phrase) -> Match:
        """Degrees of a phrase that leaves no choice."""
        text = matched_text(phrase)
        score = self._scores[text] * self._objectness
        noun = self._scores[phrase.noun]
        plausible = self._objectness * soften(np.maximum(noun, _DOUBT))
        degrees = self._degrees(phrase, text)
        others = _other_things(phrase, text)
        if others:
            score = score * self._factor("", contrast_degree(text, others, self._scores))
        for name, degree in degrees.items():
            score = score * self._factor(name, degree)
            plausible = plausible * soften(degree)
        for attribute in filter(is_size, phrase.attributes):
            fits = (score >= self._thresholds.match) & self._as_good(score)
            degree = self._size(attribute, fits)
            degrees[attribute] = degree
            score = score * (0.25 + 0.75 * np.square(degree))
            plausible = plausible * soften(self._size(attribute, self._as_good(plausible)))
        return Match(
            np.asarray(score, np.float32), noun, degrees, np.asarray(plausible, np.float32)
        )

    def _as_good(self, score: Scores) -> NDArray[np.bool_]:
        return np.asarray(score >= self._thresholds.peer * score.max(initial=0.0), bool)

    def _degrees(self, phrase: Phrase, text: str) -> dict[str, Scores]:
        """Degrees of all that is said beside the noun, but for its size."""
        degrees: dict[str, Scores] = {}
        for attribute in phrase.attributes:
            if not is_size(attribute):
                rivals = _rivals(phrase, text, attribute)
                degrees[attribute] = contrast_degree(text, rivals, self._scores)
        for other in phrase.excluded:
            degrees[f"not {other}"] = self._absence(phrase, text, other)
        for part in phrase.parts:
            degrees[f"with {part.text}"] = self._part(phrase, text, part)
        return degrees

    def _factor(self, name: str, degree: Scores) -> Scores:
        """What a degree does to the score: 1 where nothing contradicts, 0 below the threshold.

        What another word fits as well is not denied ("not red"), and a part that cannot be told
        from others of its kind counts less than one that can.
        """
        least = self._thresholds.attribute
        if name.startswith("not "):
            least = max(least, _EVEN)
        if name.startswith("with "):
            factor = np.square(np.clip(degree / _PLAIN_PART, 0.0, 1.0))
        else:
            factor = np.clip(degree / 0.5, 0.0, 1.0)
        return np.where(degree >= least, factor, 0.0).astype(np.float32)

    def _absence(self, phrase: Phrase, text: str, other: str) -> Scores:
        excluded = _excluded_text(phrase, other)
        rivals = contrast_texts(excluded, other)
        present = contrast_degree(excluded, rivals or (text,), self._scores)
        if not rivals:
            # A bottle with a cap is as much a bottle, an apple as much a thing: to be neither, it
            # must fit what is excluded worse than evenly.
            fit = np.maximum(self._scores[_with(phrase, other)], self._scores[excluded])
            fit = fit / np.maximum(self._scores[text], 1e-6)
            present = np.maximum(present, np.square(fit) / (np.square(fit) + 0.5))
        return np.asarray(1.0 - present, np.float32)

    def _part(self, phrase: Phrase, text: str, part: Phrase) -> Scores:
        """The part seen as a region of its own within the whole, or told by contrast."""
        boxes = self._scene.boxes
        within = coverage(boxes, boxes).T >= _PART_COVERAGE
        within &= area(boxes)[None, :] < 0.5 * area(boxes)[:, None]
        seen = np.where(within, self._scores[part.text][None, :], 0.0)
        count = next((s.count for s in part.selectors if s.kind == "quantity"), 1)
        if count > 1:
            # "With two handles": as good as the second best of them.
            padded = np.pad(seen, ((0, 0), (0, count)))
            return np.asarray(np.sort(padded, axis=1)[:, -count], np.float32)
        seen = seen.max(axis=1, initial=0.0)
        whole = f"{text} with {part.text}"
        rivals = _part_rivals(whole, part) or (text,)
        told = contrast_degree(whole, rivals, self._scores)
        # A contrast between two texts that both do not fit says nothing.
        fit = np.clip(2.0 * self._scores[whole] / np.maximum(self._scores[text], 1e-6), 0.0, 1.0)
        told = told * fit
        return np.asarray(np.maximum(seen, told), np.float32)

    def _size(self, attribute: str, fits: NDArray[np.bool_]) -> Scores:
        """Rank of the extent among the regions that fit otherwise; 1 where there is but one."""
        degree = np.ones(len(fits), np.float32)
        peers = np.flatnonzero(fits)
        found = lexicon().group_of(attribute)
        if len(peers) < 2 or found is None:
            return degree
        measure, sign = _SIZE_MEASURES[found[1]]
        extents = np.log(np.maximum(extent(self._scene, peers, measure), 1e-9)) * sign
        low, high = extents.min(), extents.max()
        spread = abs(high - low)
        if spread >= np.log(_CLEAR_SIZE_RATIO):
            degree[peers] = (extents - low) / spread
        return degree


def soften(degree: Scores) -> Scores:
    """A degree with the square root of its odds: little says no, but does not end the matter.

    Args:
        degree: (N,) in 0..1.

    Returns:
        (N,) from 0.04 to 0.96, in the same order; 0.5 stays.
    """
    bounded = np.clip(degree, _LEAST_DEGREE, 1.0 - _LEAST_DEGREE)
    root, other = np.sqrt(bounded), np.sqrt(1.0 - bounded)
    return np.asarray(root / (root + other), np.float32)


def extent(scene: Scene, regions: NDArray[np.intp], measure: str) -> Scores:
    """Sizes of regions that can be compared with each other.

    Args:
        scene: the frame.
        regions: (K,) indices.
        measure: "area", "width", "height" or "length" (the longer side).

    Returns:
        (K,) float32: in metres (square metres) times the focal length (squared) where the depth
        of all of them is known, in pixels (square pixels) otherwise.
    """
    boxes = scene.boxes[regions]
    sides = np.maximum(boxes[:, 2:] - boxes[:, :2], 0.0)
    if scene.positions is not None and np.isfinite(scene.positions[regions, 2]).all():
        sides = sides * scene.positions[regions, 2:3]
    if measure == "width":
        return np.asarray(sides[:, 0], np.float32)
    if measure == "height":
        return np.asarray(sides[:, 1], np.float32)
    if measure == "length":
        return np.asarray(sides.max(axis=1), np.float32)
    return np.asarray(sides[:, 0] * sides[:, 1], np.float32)


def named_texts(phrase: Phrase) -> Iterator[str]:
    """What a phrase and all phrases within it name, without what they are contrasted with.

    "The red or blue cup on the tray" -> "red cup", "cup", "blue cup", "cup", "tray", "tray".
    """
    for variant in variants(phrase):
        yield matched_text(variant)
        yield variant.noun
    for part in phrase.parts:
        yield part.text
    for relation in phrase.relations:
        for anchor in relation.anchors:
            yield from named_texts(anchor)


def _texts(phrase: Phrase) -> Iterator[str]:
    """Every text that matching the phrase will look at."""
    for variant in variants(phrase):
        yield from _own_texts(variant)
    for relation in phrase.relations:
        for anchor in relation.anchors:
            yield from _texts(anchor)


def _own_texts(phrase: Phrase) -> Iterator[str]:
    text = matched_text(phrase)
    yield text
    yield phrase.noun
    yield from _other_things(phrase, text)
    for attribute in phrase.attributes:
        if not is_size(attribute):
            yield from _rivals(phrase, text, attribute)
    for other in phrase.excluded:
        excluded = _excluded_text(phrase, other)
        yield excluded
        yield _with(phrase, other)
        yield from contrast_texts(excluded, other)
    for part in phrase.parts:
        whole = f"{text} with {part.text}"
        yield part.text
        yield whole
        yield from _part_rivals(whole, part)


def _other_things(phrase: Phrase, text: str) -> tuple[str, ...]:
    """The phrase said of other kinds of thing: "red bowl", "red glass" for a red cup."""
    others = lexicon().other_kinds(phrase.noun)
    return tuple(text.replace(phrase.noun, other) for other in others)


def _rivals(phrase: Phrase, text: str, attribute: str) -> tuple[str, ...]:
    return contrast_texts(text, attribute, tuple(a for a in phrase.attributes if a != attribute))


def _part_rivals(whole: str, part: Phrase) -> tuple[str, ...]:
    """The whole with a part of another kind of the first attribute said of it."""
    for attribute in part.attributes:
        head, _, tail = whole.rpartition(f"with {part.text}")
        rivals = contrast_texts(part.text, attribute)
        if rivals:
            return tuple(f"{head}with {rival}{tail}" for rival in rivals)
    return ()


def _excluded_text(phrase: Phrase, other: str) -> str:
    """What an excluded word is matched as: an attribute needs the noun."""
    return f"{other} {phrase.noun}" if lexicon().group_of(other) is not None else other


def _with(phrase: Phrase, other: str) -> str:
    """An excluded thing as a part of what is meant."""
    return f"{phrase.noun} with {other}"
