"""The numbers that turn degrees into a decision."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Thresholds:
    """Where a degree is enough; every value is in 0..1.

    Attributes:
        match: least score of noun and attributes together for a region to be a candidate, as
            target or as anchor. Raise it to be told NOT_FOUND more often, lower it for more
            finds.
        attribute: least contrast degree of an attribute; 0.5 means that no other word of its
            group fits better.
        relation: least degree at which a relation or a place holds.
        margin: candidates that fit within this share of the best are as good as the best, so that
            0.4 calls 0.8 and 0.5 ambiguous.
        relation_margin: the same of how well what is said of their places holds for them.
        thing: objectness from which on a region is surely a thing. How well it fits is then
            compared with the others however faint it is: a half hidden cup is a cup too.
        peer: least share of the best score for a region to be one of several ("all the cups",
            "the leftmost cup").
        companion: how well something that is surely a thing must fit to be compared with the only
            region that matches, where a comparison is asked for: "the leftmost cup" is one of
            several, and a cup that is hard to recognise may be the other.
        duplicate: boxes that overlap by more than this (intersection over union) show one thing;
            1 where each box is known to be a thing of its own.
        contained: of two boxes that fit the same phrase, one that lies in the other by more than
            this share shows part of the same thing; 1 as above.
    """

    match: float = 0.5
    attribute: float = 0.35
    relation: float = 0.3
    margin: float = 0.4
    relation_margin: float = 0.3
    thing: float = 0.4
    peer: float = 0.5
    companion: float = 0.3
    duplicate: float = 0.7
    contained: float = 0.85
