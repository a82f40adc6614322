"""Scenes described in words, and a matcher that knows names instead of pixels.

What an object is called and said to be stands in for what a model would see, so that language and
relations can be tried, and measured, apart from any picture.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vlm_ros.errors import SceneError
from vlm_ros.grounding.description import (
    Description,
    attribute_group,
    describe,
    listed_attributes,
    plain_words,
    without_opening,
)
from vlm_ros.grounding.scene import Scene
from vlm_ros.grounding.thresholds import Thresholds
from vlm_ros.language.lexicon import lexicon

# Each object is listed once, however much their boxes overlap, and a word its annotator did not
# use is not held against it. Words are read more exactly than pictures.
DESCRIBED = Thresholds(match=0.2, margin=0.3, duplicate=1.0, contained=1.0)

# Another word for a thing counts, but never as much as the word it was described with.
_OTHER_WORD = 0.45
# A word that says more than the description did, what each further one counts for, and a word
# that says less.
_SAYS_MORE, _AND_MORE, _SAYS_LESS = 0.48, 0.8, 0.65
# What contradicts the description, another shade of the colour said, and a neighbouring word.
_CONTRADICTED, _OTHER_SHADE, _NEXT_WORD = 0.03, 0.25, 0.6
# Words that many say for each other. Of the colours the first of each pair is no basic colour term
# (Berlin and Kay 1969), as pink and purple are.
_NEXT_WORDS = frozenset(
    frozenset(pair)
    for pair in (
        ("cyan", "blue"),
        ("cyan", "green"),
        ("silver", "grey"),
        ("gold", "yellow"),
        ("lying", "upside down"),  # "Overturned" is said of both.
    )
)
# What colours are those of metal, and what such a thing may be made of all the same.
_METALLIC, _LIKE_METAL = frozenset({"silver", "gold"}), frozenset({"plastic"})
# Cosines of two names' embeddings at which they are as likely as not to mean the same, and how
# steeply that changes; measured on pairs of names for household things. Names with the same last
# word are always alike.
_EVEN_COSINE, _STEEPNESS = 0.85, 40.0
_EVEN_COSINE_SAME_HEAD, _STEEPNESS_SAME_HEAD = 0.9, 40.0
# Fewer letters at the end of another word are no word of it: "pen" in "open".
_COMPOUND_LETTERS = 4
Scores = NDArray[np.float32]
# Unit embeddings (n, D) of n phrases.
Embed = Callable[[Sequence[str]], NDArray[np.float32]]


@dataclass(frozen=True)
class _Kinds:
    """What kinds of thing a noun is said of.

    Attributes:
        named: those it is a name of.
        all: these, and those it is said of in general.
    """

    named: frozenset[str]
    all: frozenset[str]

    def meet(self, other: _Kinds) -> bool:
        """Whether one thing may be called both.

        That water and milk come in a bottle does not make a bottle of water one of milk, and a
        bottle of beer is no can of it.
        """
        if not self.named and not other.named:
            return bool(self.all & other.all)
        containers = lexicon().containers
        holders, others = self.named & containers, other.named & containers
        if holders and others and not (holders & other.all or others & self.all):
            return False
        return bool(self.named & other.all or other.named & self.all)


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
        for text in self.attributes:
            listed = listed_attributes(plain_words(text))
            if listed:
                attributes += listed
            else:
                parts.append(without_opening(plain_words(text)))
        self.said = replace(named, attributes=tuple(attributes), parts=tuple(parts))


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
        score = self._column("noun", said.noun, partial(self._noun, said.noun))
        if said.attributes:
            degrees = np.stack([self._attributes(a, said.attributes) for a in said.attributes])
            score = score * _all_of(degrees)
            contradicted = degrees.min(axis=0) < np.float32(_SAYS_MORE)
            called = self._column("name", said.name, partial(_called, said.name))
            score = np.maximum(score, np.where(contradicted, 0.0, called))
        if said.parts:
            parts = [self._column("part", part, partial(self._part, part)) for part in said.parts]
            score = score * _all_of(np.stack(parts))
        return np.asarray(score, np.float32)

    def _attributes(self, attribute: str, said: Sequence[str]) -> Scores:
        beside = tuple(
            other for other in said if attribute_group(other)[0] == attribute_group(attribute)[0]
        )
        degree = partial(_attribute, attribute, beside)
        return self._column("attribute", f"{attribute} of {' '.join(beside)}", degree)

    def _column(self, kind: str, text: str, degree: Callable[[Description], float]) -> Scores:
        """A degree for every object; rivals share most of theirs, so each is kept."""
        key = (kind, text)
        if key not in self._columns:
            self._columns[key] = np.array([degree(thing) for thing in self._objects], np.float32)
        return self._columns[key]

    def _noun(self, noun: str, thing: Description) -> float:
        """How likely a thing is what a noun says.

        Words decide where they can: the same noun, one of its modifiers, a listed kind. Only then
        the text encoder is asked.
        """
        if noun in {"", "object", thing.noun} or _squashed(noun) == _squashed(thing.noun):
            return 1.0
        holding = max(_holding(noun, thing.noun), _holding(thing.noun, noun))
        if holding:
            return holding
        said = Description(noun)
        kinds, others = _kinds(said), _kinds(thing)
        listed = bool(kinds.all and others.all)
        other_kind = listed and not kinds.meet(others)
        if said.head == thing.head:
            if any(kind.endswith(f" {said.head}") for kind in kinds.named & others.named):
                # Two names of what has no plainer one: "dish towel" and "tea towel".
                return _OTHER_WORD
            one_kind = not listed or not kinds.named.isdisjoint(others.named)
            return self._same_head(said, thing, one_kind, other_kind)
        if listed:
            return 0.0 if other_kind or _holds_other(noun, thing.noun) else _OTHER_WORD
        if len(noun) >= _COMPOUND_LETTERS and thing.head.endswith(noun):
            return _OTHER_WORD
        return _OTHER_WORD * self._alike(noun, thing.noun, _EVEN_COSINE, _STEEPNESS)

    def _same_head(
        self, said: Description, thing: Description, one_kind: bool, other_kind: bool
    ) -> float:
        """Of "paper cup", "coffee cup" and "cup", one said of another.

        Args:
            said: what is asked for.
            thing: the object.
            one_kind: whether both are names of one kind, as far as is known.
            other_kind: whether they cannot be the same thing.
        """
        known = {*thing.noun.split(), *thing.attributes, *thing.parts}
        if said.modifiers <= known:
            return 1.0 if one_kind else _OTHER_WORD
        if other_kind:
            return 0.0
        if not thing.modifiers:
            return _SAYS_MORE
        content, other = (name.rpartition(" ")[0] for name in (said.noun, thing.noun))
        contents, others = (lexicon().named_kinds(name) for name in (content, other))
        if content in contents and lexicon().kinds_of(content) & others:
            # A "coke can" is a "cola can", and this is a "soda can".
            return 1.0
        if other in contents:
            # A "cola can" may be a "coke can".
            return _SAYS_MORE
        called = thing.whole or thing.noun
        alike = self._alike(said.noun, called, _EVEN_COSINE_SAME_HEAD, _STEEPNESS_SAME_HEAD)
        return _SAYS_MORE * alike

    def _part(self, part: str, thing: Description) -> float:
        said = describe(part)
        best = _CONTRADICTED if thing.parts else _SAYS_MORE
        for other in map(describe, thing.parts):
            same = self._noun(said.noun, other)
            for attribute in said.attributes:
                same *= _attribute(attribute, said.attributes, other)
            best = max(best, same)
        if not said.attributes and thing.attributes:
            # "with stripes" of what is striped.
            best = max(best, *(self._same_look(part, a) for a in thing.attributes))
        return best

    def _same_look(self, part: str, attribute: str) -> float:
        return self._alike(part, attribute, _EVEN_COSINE, _STEEPNESS)

    def _alike(self, first: str, second: str, even: float, steepness: float) -> float:
        """How likely two texts mean the same, by the angle of their embeddings."""
        if not first or not second:
            return 0.0
        a, b = self._embed([first, second])
        return float(1.0 / (1.0 + np.exp(-steepness * (float(a @ b) - even))))


def _all_of(degrees: Scores) -> Scores:
    """(A, N) degrees of what was said together: what is left unsaid again and again counts less."""
    unsaid = degrees == np.float32(_SAYS_MORE)
    more = unsaid.sum(axis=0)
    factor = np.prod(np.where(unsaid, 1.0, degrees), axis=0)
    return np.asarray(
        factor * np.where(more > 0, _SAYS_MORE * _AND_MORE ** np.maximum(more - 1, 0), 1.0),
        np.float32,
    )


def _attribute(attribute: str, beside: Sequence[str], thing: Description) -> float:
    """How likely a thing is what an attribute says.

    Args:
        attribute: e.g. "white".
        beside: all that are said of the same group, e.g. ("black", "white").
        thing: what is known of it.
    """
    group, basic = attribute_group(attribute)
    known = [
        (attribute_group(other)[1], _shade(other))
        for other in thing.attributes
        if attribute_group(other)[0] == group
    ]
    if not known:
        colours = {attribute_group(other)[1] for other in thing.attributes}
        if group != "material" or basic in _LIKE_METAL or not colours & _METALLIC:
            return _SAYS_MORE
        known = [("metal", "")]
    best = _CONTRADICTED
    for other, shade in known:
        if other == basic:
            same = "" in (shade, _shade(attribute)) or shade == _shade(attribute)
            best = max(best, 1.0 if same else _OTHER_SHADE)
        elif frozenset((other, basic)) in _NEXT_WORDS:
            best = max(best, _NEXT_WORD)
    if best == _CONTRADICTED and any(
        attribute_group(a)[1] in {other for other, _ in known} for a in beside
    ):
        # "Black and white" of what was called black: no contradiction.
        return _SAYS_MORE
    return best


def _squashed(noun: str) -> str:
    """Without what people write or leave out: "screw driver", "rubik's cube"."""
    return re.sub(r"[^a-z0-9]", "", noun).removesuffix("s")


def _called(name: str, thing: Description) -> float:
    """How likely a name is that of a thing, whatever its words mean apart: "mustard bottle"."""
    if name == thing.name:
        return 1.0
    return max(_holding(name, thing.name), _holding(thing.name, name))


def _holding(name: str, content: str) -> float:
    """Whether a name is that of a container for something: a "ketchup bottle" and "ketchup"."""
    named_after, _, head = name.rpartition(" ")
    if not content or content not in {named_after, *named_after.split()}:
        return 0.0
    loose = lexicon().kinds_of(content) and not lexicon().is_packed(content)
    holds = lexicon().named_kinds(head) & lexicon().containers and not loose
    return _SAYS_LESS if holds else 0.0


def _holds_other(noun: str, other: str) -> bool:
    """Whether two packs are known to hold different things: a cracker box and a milk carton."""
    contents = [name.rpartition(" ")[0] for name in (noun, other)]
    kinds = [lexicon().named_kinds(c) for c in contents if lexicon().is_packed(c)]
    return len(kinds) == 2 and kinds[0].isdisjoint(kinds[1])


def _kinds(said: Description) -> _Kinds:
    """Kinds by the whole noun, or else by its head: a "vodka bottle" is a bottle, not any pack."""
    known = lexicon()
    if known.kinds_of(said.noun):
        return _Kinds(known.named_kinds(said.noun), known.kinds_of(said.noun))
    named = known.named_kinds(said.head)
    return _Kinds(named, named or known.kinds_of(said.head))


def _shade(attribute: str) -> str:
    first = attribute.partition(" ")[0]
    return first if first in lexicon().shades else ""


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
