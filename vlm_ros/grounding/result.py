"""The answer to a command in one frame."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum


class Status(IntEnum):
    """Outcome of grounding; the values are those of `Target.msg`."""

    FOUND = 1
    AMBIGUOUS = 2
    NOT_FOUND = 3
    ERROR = 4


@dataclass(frozen=True)
class Evidence:
    """Why a region was chosen; every value is a degree in 0..1.

    Attributes:
        noun: how well it is what the head noun says.
        attributes: degree of each attribute said.
        relations: degree of each relation said, keyed "left_of plate".
    """

    noun: float
    attributes: dict[str, float] = field(default_factory=dict)
    relations: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class GroundedRegion:
    """One region given as an answer or as an alternative.

    Attributes:
        region: index into the frame's regions.
        label: the phrase it answers, never a class index.
        score: 0..1, all evidence together.
        box: xyxy, pixels of the source image.
        evidence: what the score is made of.
    """

    region: int
    label: str
    score: float
    box: tuple[float, float, float, float]
    evidence: Evidence


@dataclass(frozen=True)
class Grounding:
    """The answer for one phrase in one frame.

    Attributes:
        status: FOUND has targets; AMBIGUOUS and NOT_FOUND have none.
        targets: best first.
        alternatives: what else it might be, best first, at most five: the candidates of an
            ambiguity, then the nearest misses, whose scores may be 0.
        reason: a sentence for people.
        question: what to ask when AMBIGUOUS; "" otherwise.
        candidates: how many of the first alternatives fit equally well when AMBIGUOUS; 0
            otherwise.
    """

    status: Status
    targets: tuple[GroundedRegion, ...]
    alternatives: tuple[GroundedRegion, ...]
    reason: str
    question: str = ""
    candidates: int = 0
