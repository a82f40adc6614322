"""Training phrases: written from what is in a picture, judged against every object in the batch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from copy import copy
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from importlib.resources import files
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray

from vlm_ros.training.nouns import ANYTHING, FALSE, TRUE, UNSURE, Nouns, load_nouns

CLAIMS = ("colour", "material", "pattern", "size", "posture")


@dataclass(frozen=True)
class LabelledObject:
    """One annotated object.

    Attributes:
        name: its kind.
        attributes: "colour", "material", "pattern", "size" and "posture" as far as they are known.
        complete: whether an attribute that is not listed is absent rather than unknown.
        accents: other colours it also shows, on its parts or in its pattern.
        names: nouns that are true of this very object, beside those of its kind.
        parts: (name, colour) of its parts.
        visible: the share of it that is seen, as far as that is known.
    """

    name: str
    attributes: Mapping[str, str]
    complete: bool
    accents: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    parts: tuple[tuple[str, str], ...] = ()
    visible: float = 1.0

    @property
    def called(self) -> tuple[str, ...]:
        """All the nouns that it was given."""
        return tuple(dict.fromkeys((self.name, *self.names)))

    def turned(self) -> LabelledObject:
        """The same in a picture that is turned: how it lies or stands is no longer told."""
        attributes = {claim: v for claim, v in self.attributes.items() if claim != "posture"}
        return replace(self, attributes=attributes)

    @classmethod
    def rendered(cls, record: Mapping[str, Any]) -> LabelledObject:
        """An object of the simulator, of which everything is known.

        Args:
            record: of an annotation line, see `simulation.dataset`.

        Raises:
            KeyError: it lacks a key.
        """
        attributes: Mapping[str, str] = record["attributes"]
        main = {key: value for key, value in attributes.items() if key != "second_colour"}
        accents = {
            *(part["colour"] for part in record["parts"]),
            *(attributes[k] for k in attributes.keys() - main.keys()),
            *record.get("accents", ()),
        }
        if "posture" in record:
            main["posture"] = record["posture"]
        return cls(
            record["name"],
            main,
            True,
            accents=tuple(sorted(accents)),
            names=(*record.get("names", ()), *load_vocabulary().rendered_names(record["name"])),
            parts=tuple((part["name"], part["colour"]) for part in record["parts"]),
            visible=float(record.get("visible", 1.0)),
        )


@dataclass(frozen=True)
class PhraseMeaning:
    """A phrase and what it claims; None claims nothing."""

    text: str
    noun: str
    colour: str | None = None
    material: str | None = None
    pattern: str | None = None
    size: str | None = None
    posture: str | None = None
    part: tuple[str, str] | None = None


class Vocabulary:
    """The words training knows: nouns, and the attributes of vocabulary.yaml."""

    def __init__(self, data: Mapping[str, Any], nouns: Nouns) -> None:
        self.nouns = nouns
        self._rendered_names: dict[str, list[str]] = data["rendered_names"]
        self.colours: dict[str, list[str]] = data["colours"]
        self.materials: dict[str, list[str]] = data["materials"]
        self.patterns: dict[str, list[str]] = data["patterns"]
        self.sizes: dict[str, list[str]] = data["sizes"]
        self.postures: dict[str, list[str]] = data["postures"]
        self._families: dict[str, list[str]] = data["colour_families"]
        self._unsure = {frozenset(pair) for pair in data["colour_unsure"]}
        self._unsure_material = {frozenset(pair) for pair in data["material_unsure"]}

    def for_pictures(self, things: Iterable[LabelledObject]) -> Vocabulary:
        """The same words for pictures that show only these things; see `Nouns.for_pictures`."""
        words = copy(self)
        words.nouns = self.nouns.for_pictures({noun for t in things for noun in t.called})
        return words

    def rendered_names(self, kind: str) -> list[str]:
        """Other names of the simulator's things of a kind."""
        return self._rendered_names.get(kind, [])

    def colour_truth(self, own: tuple[str | None, bool, tuple[str, ...]], word: str | None) -> int:
        """Whether a colour may be said of something; its accents' colours are unsure.

        Args:
            own: its main colour or None, whether its attributes are complete, its accents.
            word: the colour said; None claims nothing.
        """
        colour, complete, accents = own
        if word is None:
            return TRUE
        if colour is None:
            return FALSE if complete else UNSURE
        verdict = self._one_colour_truth(colour, word)
        if verdict == FALSE and any(self._one_colour_truth(a, word) != FALSE for a in accents):
            return UNSURE
        return verdict

    def _one_colour_truth(self, colour: str, word: str) -> int:
        said = self._colour_of(word)
        if said == colour or word in self.colours.get(colour, ()):
            return TRUE
        if said in self._families.get(colour, ()):
            return TRUE
        return UNSURE if frozenset((colour, said)) in self._unsure else FALSE

    def claim_truth(self, claim: str, own: tuple[str | None, bool], said: str | None) -> int:
        """Whether `said` may be claimed of something whose attribute is `own`.

        Args:
            claim: "material", "pattern", "size" or "posture".
            own: the attribute's value, None where it has none, and whether its list of
                attributes is complete.
            said: the word claimed; None claims nothing.
        """
        value, complete = own
        if said is None:
            return TRUE
        if value is None:
            # Sizes are only noted beside something of another size, postures of what may have
            # another one, so no note means nothing.
            return FALSE if complete and claim not in {"size", "posture"} else UNSURE
        if claim == "material":
            return self._material_truth(value, said)
        return TRUE if said == value or said in self.choices(claim, value) else FALSE

    def part_truth(
        self, own: tuple[tuple[tuple[str, str], ...], bool], said: tuple[str, str] | None
    ) -> int:
        """Whether a part of a colour may be claimed.

        Args:
            own: the object's parts, (name, colour) each, and whether that is all of them.
            said: name and colour claimed; None claims nothing.
        """
        parts, complete = own
        if said is None:
            return TRUE
        name, word = said
        same = (self._one_colour_truth(colour, word) for part, colour in parts if part == name)
        return max(same, default=FALSE if complete else UNSURE)

    def choices(self, claim: str, value: str) -> list[str]:
        """Words that say this value of an attribute."""
        if claim == "colour":
            return [*self.colours.get(value, [value]), *self._families.get(value, ())]
        return self._table(claim).get(value, [value])

    def alternatives(self, claim: str) -> list[str]:
        """Every value of an attribute other than colour."""
        return sorted(self._table(claim))

    def claimed_by(self, word: str) -> tuple[str, str] | None:
        """What a word claims, as (claim, value): "maroon" is ("colour", "dark red")."""
        for claim in CLAIMS:
            for value, words in self._table(claim).items():
                if word == value or word in words:
                    return claim, value
        return None

    def _table(self, claim: str) -> dict[str, list[str]]:
        """The values of an attribute and the words for each."""
        return {
            "colour": self.colours,
            "material": self.materials,
            "pattern": self.patterns,
            "size": self.sizes,
            "posture": self.postures,
        }[claim]

    def _material_truth(self, material: str, word: str) -> int:
        if word == material or word in self.materials.get(material, ()):
            return TRUE
        said = next((m for m, words in self.materials.items() if word in words), word)
        return UNSURE if frozenset((material, said)) in self._unsure_material else FALSE

    def _colour_of(self, word: str) -> str:
        return next((c for c, words in self.colours.items() if word in words), word)


@lru_cache(maxsize=1)
def load_vocabulary() -> Vocabulary:
    """The packaged vocabulary."""
    text = (files("vlm_ros.training") / "vocabulary.yaml").read_text(encoding="utf-8")
    return Vocabulary(yaml.safe_load(text), load_nouns())


def truth_table(
    meanings: Sequence[PhraseMeaning], things: Sequence[LabelledObject], words: Vocabulary
) -> NDArray[np.int8]:
    """TRUE, FALSE or UNSURE of every phrase (columns) said of every object (rows)."""
    nouns = [thing.called for thing in things]
    table = _compare(nouns, [m.noun for m in meanings], words.nouns.truth_of_thing)
    colours = [(t.attributes.get("colour"), t.complete, t.accents) for t in things]
    said = [meaning.colour for meaning in meanings]
    table = np.minimum(table, _compare(colours, said, words.colour_truth))
    for claim in CLAIMS[1:]:
        own = [(thing.attributes.get(claim), thing.complete) for thing in things]
        said = [getattr(meaning, claim) for meaning in meanings]
        judge = partial(words.claim_truth, claim)
        table = np.minimum(table, _compare(own, said, judge))
    parts = [(thing.parts, thing.complete) for thing in things]
    return np.minimum(table, _compare(parts, [m.part for m in meanings], words.part_truth))


def background_table(
    meanings: Sequence[PhraseMeaning], closed: Sequence[AbstractSet[str] | None]
) -> NDArray[np.int8]:
    """FALSE or UNSURE of every phrase (columns) said of what carries no label in a picture (rows).

    Other names of a kind stay unsure: COCO labels dining tables, and people call a desk a table.

    Args:
        meanings: the phrases.
        closed: for each picture the kinds of which every object is labelled; None where that is
            so of all there are.
    """

    def judge(kinds: AbstractSet[str] | None, noun: str) -> int:
        return FALSE if kinds is None or noun in kinds else UNSURE

    return _compare(closed, [m.noun for m in meanings], judge)


def _compare(own: Sequence[Any], said: Sequence[Any], judge: Any) -> NDArray[np.int8]:
    """Judges each distinct pair once and spreads the verdicts over (len(own), len(said))."""
    rows = {value: i for i, value in enumerate(dict.fromkeys(own))}
    columns = {value: i for i, value in enumerate(dict.fromkeys(said))}
    small = np.asarray([[judge(o, s) for s in columns] for o in rows], np.int8)
    small = small.reshape(len(rows), len(columns))
    row_index = np.asarray([rows[value] for value in own], np.intp)
    column_index = np.asarray([columns[value] for value in said], np.intp)
    return np.asarray(small[np.ix_(row_index, column_index)], np.int8)


# How often an attribute is said, and by what else than one of its own names a thing is called: by
# another true one, by a noun that no picture shows (`Nouns.stand_ins`), or by what is true of all.
SAY_RATE = {"colour": 0.7, "material": 0.2, "pattern": 0.25, "size": 0.15, "posture": 0.3}
OTHER_NAME_RATE = 0.45
STAND_IN_RATE = 0.12
ANYTHING_RATE = 0.03
PART_RATE = 0.25


class PhraseWriter:
    """Writes phrases about objects, and phrases that are almost true of them."""

    def __init__(self, words: Vocabulary, kinds: Iterable[str]) -> None:
        self._words = words
        self._kinds = sorted(set(kinds))
        self._colours = sorted(words.colours)

    def sample(
        self, things: Sequence[LabelledObject], count: int, rng: np.random.Generator
    ) -> list[PhraseMeaning]:
        """About `count` distinct phrases: half true of some object here, half near misses."""
        phrases: dict[str, PhraseMeaning] = {}
        for _ in range(count // 2):
            thing = things[int(rng.integers(len(things)))]
            for phrase in (self._describe(thing, rng), self._miss(thing, rng)):
                phrases.setdefault(phrase.text, phrase)
        return list(phrases.values())

    def _describe(self, thing: LabelledObject, rng: np.random.Generator) -> PhraseMeaning:
        noun = self._noun(thing.called, rng)
        said = {
            claim: _pick(self._words.choices(claim, thing.attributes[claim]), rng)
            for claim in CLAIMS
            if thing.attributes.get(claim, "plain") != "plain" and rng.random() < SAY_RATE[claim]
        }
        part = None
        if thing.parts and rng.random() < PART_RATE:
            name, colour = thing.parts[int(rng.integers(len(thing.parts)))]
            part = (name, _pick(self._words.choices("colour", colour), rng))
        return compose(noun, said, part)

    def _miss(self, thing: LabelledObject, rng: np.random.Generator) -> PhraseMeaning:
        phrase = self._describe(thing, rng)
        said = {c: str(getattr(phrase, c)) for c in CLAIMS if getattr(phrase, c) is not None}
        noun, part = phrase.noun, phrase.part
        # What is plain might have had a pattern; most things might not.
        might = ["pattern"] if thing.attributes.get("pattern") == "plain" else []
        change = _pick([*said, "noun", "colour", *might], rng)
        if part is not None:
            part = (part[0], self._part_colour(thing, rng))
        elif change == "noun":
            noun = self._noun([_pick(self._kinds, rng)], rng)
        elif change == "colour":
            said["colour"] = self._any_colour(rng)
        else:
            value = _pick(self._words.alternatives(change), rng)
            said[change] = _pick(self._words.choices(change, value), rng)
        return compose(noun, said, part)

    def _noun(self, called: Sequence[str], rng: np.random.Generator) -> str:
        """A noun for what is called so."""
        nouns = self._words.nouns
        own = _pick(called, rng)
        options: Sequence[str] = ()
        chance = rng.random()
        if chance < ANYTHING_RATE:
            options = ANYTHING
        elif chance < ANYTHING_RATE + STAND_IN_RATE:
            options = nouns.stand_ins(_pick(nouns.narrowest(called), rng))
        elif chance < ANYTHING_RATE + STAND_IN_RATE + OTHER_NAME_RATE:
            options = nouns.names(own)
        return _pick(options, rng) if options else own

    def _part_colour(self, thing: LabelledObject, rng: np.random.Generator) -> str:
        """Half the time a colour that the thing does show, only perhaps not on this part."""
        shown = sorted({thing.attributes.get("colour", ""), *thing.accents} - {""})
        if not shown or rng.random() < 0.5:
            return self._any_colour(rng)
        return _pick(self._words.choices("colour", _pick(shown, rng)), rng)

    def _any_colour(self, rng: np.random.Generator) -> str:
        return _pick(self._words.choices("colour", _pick(self._colours, rng)), rng)


def compose(
    noun: str, said: Mapping[str, str], part: tuple[str, str] | None = None
) -> PhraseMeaning:
    """A phrase with its words in the order that matching has them.

    That is the English order: posture, size, pattern, colour, material, noun, part. "The red can
    lying on its side" is matched as "lying on its side red can".
    """
    order = ("posture", "size", "pattern", "colour", "material")
    text = " ".join([*(said[key] for key in order if key in said), noun])
    if part is not None:
        text += f" with {part[1]} {part[0]}"
    return PhraseMeaning(
        text,
        noun,
        said.get("colour"),
        said.get("material"),
        said.get("pattern"),
        said.get("size"),
        said.get("posture"),
        part,
    )


def _pick(options: Sequence[str], rng: np.random.Generator) -> str:
    return options[int(rng.integers(len(options)))]
