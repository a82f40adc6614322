"""What a command says, as values. No model and no image is involved here."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Relation:
    """A spatial relation to other phrases, in the viewer's frame of reference.

    Attributes:
        predicate: canonical name, e.g. "left_of", "on", "between", "next_to". "supports" and
            "contains" are "on" and "in" seen from below and from outside: the anchor is on
            this, the anchor is in this ("the plate with an apple on it"). "part_of" is what
            belongs to one particular thing ("the lid of the red pot", but "a pot lid").
        anchors: the phrases it relates to; one, or two for "between"; none for
            "nearest_to_each_other".
        rank: which one in the order of "nearest_to" or "farthest_from" ("the second closest
            cup to the plate" -> 2); 1 otherwise.
    """

    predicate: str
    anchors: tuple[Phrase, ...]
    rank: int = 1


@dataclass(frozen=True)
class Selector:
    """Which of the matching regions is meant.

    Attributes:
        kind: "superlative" ("leftmost", "largest"), "ordinal" ("second from the left"),
            "quantity" ("all", "both", "two"), "place" ("in the middle", "top-left") or
            "other" ("the other cup": none that the command has taken before).
        axis: what is ordered, e.g. "left", "right", "top", "bottom", "near", "far", "large",
            "small", "tall"; for a place, its name, or "not_" and its name ("not on the
            left" -> "not_left"); "" for a quantity and for "other".
        count: the ordinal (1 = first) or the quantity (0 = all); 1 otherwise.
    """

    kind: str
    axis: str
    count: int = 1


@dataclass(frozen=True)
class Phrase:
    """A noun phrase.

    Attributes:
        text: words that name the thing, as given to the text encoder ("red coffee mug").
        noun: head noun with the modifiers that belong to it ("coffee mug").
        attributes: visual attributes in the order said ("red", "small", "wooden").
        any_of: groups of attributes of which one must hold ("the red or blue cup" ->
            (("red", "blue"),)); not part of the text.
        or_nouns: other nouns that will do as well ("the cup or the mug" -> ("mug",)).
        excluded: attributes or nouns it must not have ("that is not red" -> ("red",)).
        parts: phrases for its parts ("with a red cap" -> a phrase "red cap").
        relations: spatial relations that must hold.
        selectors: how to choose among several.
    """

    text: str
    noun: str
    attributes: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()
    parts: tuple[Phrase, ...] = ()
    relations: tuple[Relation, ...] = ()
    selectors: tuple[Selector, ...] = ()
    any_of: tuple[tuple[str, ...], ...] = ()
    or_nouns: tuple[str, ...] = ()


@dataclass(frozen=True)
class Step:
    """One thing to do.

    Attributes:
        verb: canonical verb ("pick_up", "place", "point_at", ...); None for a bare phrase.
        target: what it is done to.
        destination: where to, as a relation to a phrase ("in the blue bowl"); None if not said.
    """

    verb: str | None
    target: Phrase
    destination: Relation | None = None


@dataclass(frozen=True)
class Correction:
    """A slip of the pen that was forgiven.

    Attributes:
        said: the word as written, in lower case.
        read: what it was taken for.
        position: 0-based offset of the word in the command.
    """

    said: str
    read: str
    position: int


@dataclass(frozen=True)
class Command:
    """A whole command.

    Attributes:
        text: the command as given.
        steps: at least one, in the order said; pronouns are already resolved.
        corrections: slips that were forgiven, in the order said.
    """

    text: str
    steps: tuple[Step, ...]
    corrections: tuple[Correction, ...] = ()
