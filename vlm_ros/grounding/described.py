"""Scenes described in words, and a matcher that knows names instead of pixels.

What an object is called and said to be stands in for what a model would see, so that language and
relations can be tried, and measured, apart from any picture.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vlm_ros.errors import SceneError
from vlm_ros.grounding.scene import Scene
from vlm_ros.language.lexicon import lexicon

Scores = NDArray[np.float32]
# Unit embeddings (n, D) of n phrases.
Embed = Callable[[Sequence[str]], NDArray[np.float32]]

# Another word for a thing counts, but never as much as the word it was described with.
_OTHER_WORD = 0.45
# What is not said of an object is taken not to be so.
_NOT_SAID = 0.03
_OTHER_SHADE = 0.25
# Cosine of two phrases' embeddings at which they are as likely as not to mean the same, and how
# steeply that changes; measured on pairs of names for household things.
_EVEN_COSINE, _STEEPNESS = 0.83, 40.0


@dataclass(frozen=True)
class Description:
    """What a text says of one thing, apart.

    Attributes:
        noun: the name, singular; "" where only attributes are said.
        attributes: listed ones, e.g. ("light blue", "wooden").
        parts: what follows "with".
    """

    noun: str
    attributes: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()

    @property
    def head(self) -> str:
        """The noun without its modifiers and without what follows "of"."""
        return self.noun.partition(" of ")[0].rpartition(" ")[2]


@dataclass
class DescribedObject:
    """One object of a described scene.

    Attributes:
        name: as given.
        box: xyxy, pixels.
        attributes: as given, e.g. ["red", "with a blue lid"].
        position: x, y, z in metres in the camera's optical frame, where it is known.
    """

    name: str
    box: tuple[float, float, float, float]
    attributes: tuple[str, ...] = ()
    position: tuple[float, float, float] | None = None
    said: Description = field(init=False)

    def __post_init__(self) -> None:
        """Sorts name and attributes into one description."""
        named = describe(self.name)
        attributes, parts = list(named.attributes), list(named.parts)
        for text in map(str.casefold, self.attributes):
            if lexicon().group_of(text) is not None:
                attributes.append(text)
            else:
                parts.append(_without_opening(text))
        self.said = Description(named.noun, tuple(attributes), tuple(parts))


def read_scene(data: Any, embed: Embed) -> Scene:
    """A scene from its description.

    Args:
        data: `{"width": W, "height": H, "objects": [{"name": "cup", "box": [x1, y1, x2, y2],
            "attributes": ["red"], "position": [x, y, z]}, ...]}` as read from JSON; attributes
            and position may be missing.
        embed: a text encoder, asked for names that are not known to be the same or different.

    Raises:
        SceneError: something is missing or not what it must be; the message says what and where.
    """
    if not isinstance(data, dict):
        raise SceneError("the scene must be a JSON object with width, height and objects")
    width, height = (_size(data, key) for key in ("width", "height"))
    rows = data.get("objects")
    if not isinstance(rows, list):
        raise SceneError('the scene lacks the list "objects"')
    objects = [_object(row, f"object {index}") for index, row in enumerate(rows)]
    positions = None
    if any(o.position is not None for o in objects):
        unknown = (np.nan, np.nan, np.nan)
        positions = np.array([o.position or unknown for o in objects], np.float32)
    boxes = np.array([o.box for o in objects], np.float32).reshape(-1, 4)
    return Scene(boxes, width, height, DescriptionMatcher(objects, embed), positions)


class DescriptionMatcher:
    """Scores phrases against the descriptions of objects."""

    def __init__(self, objects: Sequence[DescribedObject], embed: Embed) -> None:
        self._objects = [o.said for o in objects]
        self._embed = embed
        self._columns: dict[tuple[str, str], Scores] = {}

    def scores(self, phrases: Sequence[str]) -> Scores:
        """See `scene.Matcher.scores`."""
        columns = [self._phrase(phrase) for phrase in phrases]
        if not columns:
            return np.zeros((len(self._objects), 0), np.float32)
        return np.stack(columns, axis=1)

    def _phrase(self, text: str) -> Scores:
        said = describe(text)
        score = self._column("noun", said.noun, self._noun).copy()
        for attribute in said.attributes:
            score *= self._column("attribute", attribute, self._attribute)
        for part in said.parts:
            score *= self._column("part", part, self._part)
        return score

    def _column(self, kind: str, text: str, degree: Callable[[str, Description], float]) -> Scores:
        """A degree for every object; rivals share most of theirs, so each is kept."""
        key = (kind, text)
        if key not in self._columns:
            degrees = [degree(text, thing) for thing in self._objects]
            self._columns[key] = np.array(degrees, np.float32)
        return self._columns[key]

    def _noun(self, noun: str, thing: Description) -> float:
        if not noun or noun == thing.noun or noun == "object":
            return 1.0
        said = Description(noun)
        if said.head == thing.head:
            modifiers = set(noun.split()[:-1])
            if modifiers <= {*thing.noun.split(), *thing.attributes, *thing.parts}:
                return 1.0
            if thing.noun == thing.head:
                return _OTHER_WORD
            return _OTHER_WORD * self._alike(noun, thing.noun)
        kinds, others = _kinds(said), _kinds(thing)
        if kinds and others:
            return _OTHER_WORD if kinds & others else 0.0
        return _OTHER_WORD * self._alike(noun, thing.noun)

    def _attribute(self, attribute: str, thing: Description) -> float:
        group, basic = lexicon().group_of(attribute) or ("", "")
        best = _NOT_SAID
        for other in thing.attributes:
            if lexicon().group_of(other) == (group, basic):
                shades = _shade(attribute), _shade(other)
                same = "" in shades or shades[0] == shades[1]
                best = max(best, 1.0 if same else _OTHER_SHADE)
        return best

    def _part(self, part: str, thing: Description) -> float:
        said = describe(part)
        best = _NOT_SAID
        for other in map(describe, thing.parts):
            wanted = {lexicon().group_of(a) for a in said.attributes}
            known = {lexicon().group_of(a) for a in other.attributes}
            if wanted <= known:
                best = max(best, self._noun(said.noun, other))
        if not said.attributes and thing.attributes:
            # "with stripes" of what is striped.
            best = max(best, *(self._alike(part, a) for a in thing.attributes))
        return best

    def _alike(self, first: str, second: str) -> float:
        """How likely two texts mean the same, by the angle of their embeddings."""
        if not first or not second:
            return 0.0
        a, b = self._embed([first, second])
        return float(1.0 / (1.0 + np.exp(-_STEEPNESS * (float(a @ b) - _EVEN_COSINE))))


def describe(text: str) -> Description:
    """Sorts the words of a phrase: "light blue coffee mug with red lid"."""
    whole, _, part = text.casefold().partition(" with ")
    words = whole.split()
    attributes: list[str] = []
    index, free = 0, []
    while index < len(words):
        length = _attribute_length(words, index)
        # The last word names the thing: an orange, a glass.
        if length and index + length < len(words):
            attributes.append(" ".join(words[index : index + length]))
            index += length
        else:
            free.append(words[index])
            index += 1
    noun = " ".join(word for word in free if word != "and")
    noun = lexicon().singular(noun) or noun
    parts = tuple(_without_opening(p) for p in part.split(" and ") if p)
    return Description(noun, tuple(attributes), parts)


def _attribute_length(words: Sequence[str], index: int) -> int:
    """How many words from `index` on are one listed attribute, at most three."""
    for length in (3, 2, 1):
        if lexicon().group_of(" ".join(words[index : index + length])) is not None:
            return length
    return 0


def _kinds(said: Description) -> frozenset[str]:
    return lexicon().kinds_of(said.noun) or lexicon().kinds_of(said.head)


def _shade(attribute: str) -> str:
    first = attribute.partition(" ")[0]
    return first if first in lexicon().shades else ""


def _without_opening(text: str) -> str:
    words = text.split()
    while words and words[0] in {"with", "has", "having", "a", "an", "the"}:
        words = words[1:]
    return " ".join(words)


def _size(data: dict[str, Any], key: str) -> int:
    value: Any = data.get(key)
    if not _is_number(value) or value <= 0:
        raise SceneError(f'the scene\'s "{key}" must be a positive number of pixels, not {value!r}')
    return int(value)


def _object(row: Any, where: str) -> DescribedObject:
    if not isinstance(row, dict):
        raise SceneError(f"{where} must be a JSON object with name and box, not {row!r}")
    name = row.get("name")
    if not isinstance(name, str) or not name.strip():
        raise SceneError(f'{where} needs a "name" in words, not {name!r}')
    where = f"{where} ({name})"
    attributes = row.get("attributes") or []
    if not isinstance(attributes, list) or not all(isinstance(a, str) for a in attributes):
        raise SceneError(f'{where}: "attributes" must be a list of words, not {attributes!r}')
    x_min, y_min, x_max, y_max = _numbers(row.get("box"), 4, f'{where}: "box"')
    if x_max <= x_min or y_max <= y_min:
        raise SceneError(f'{where}: "box" must be [x1, y1, x2, y2] with x1 < x2 and y1 < y2')
    position = None
    if row.get("position") is not None:
        x, y, z = _numbers(row["position"], 3, f'{where}: "position"')
        position = (x, y, z)
    return DescribedObject(name, (x_min, y_min, x_max, y_max), tuple(attributes), position)


def _numbers(values: Any, count: int, where: str) -> tuple[float, ...]:
    if not isinstance(values, list) or len(values) != count or not all(map(_is_number, values)):
        raise SceneError(f"{where} must be a list of {count} numbers, not {values!r}")
    return tuple(float(value) for value in values)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and np.isfinite(value)
