"""What people would say of a simulated thing by looking at it: yes, no, or it depends.

Stricter than the truth of the simulator, which knows that a red toy is of plastic and that a pink
check lies on a white ground: what cannot be seen for certain is UNSURE, and never asked about.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from vlm_ros.simulation import colours
from vlm_ros.simulation.kinds import KINDS
from vlm_ros.simulation.tabletop import ObjectTruth
from vlm_ros.training.nouns import FALSE, TRUE, UNSURE
from vlm_ros.training.phrases import LabelledObject, PhraseMeaning, load_vocabulary, truth_table

MIN_VISIBLE = 0.5
MIN_SIDE = 16.0  # pixels
# So much of a thing is seen when none of its parts may be out of sight.
_WHOLE = 0.95

# Materials with a look of their own; metal has it where it is not painted.
_TOLD_BY_LOOKING = frozenset({"wooden", "glass", "wicker", "cardboard"})
_METAL_COLOURS = frozenset({"silver", "gold", "copper"})
# In these patterns neither colour is the ground of the other.
_EVEN_PATTERNS = frozenset({"striped", "checked"})
# Most of what is seen of these is a screen or a face, whatever the colour of the body.
_FACED = frozenset({"phone", "clock", "calculator"})


def label(truth: ObjectTruth) -> LabelledObject:
    """The words that are true of a simulated object."""
    attributes = dict(truth.attributes)
    second = attributes.pop("second_colour", None)
    if truth.posture is not None:
        attributes["posture"] = truth.posture
    shown = {colour for _, colour in truth.parts} | {*truth.accents} | _fixed_colours(truth.name)
    return LabelledObject(
        truth.name,
        attributes,
        complete=True,
        accents=tuple(sorted(shown if second is None else {*shown, second})),
        names=truth.names,
        parts=truth.parts,
    )


def is_clear(truth: ObjectTruth) -> bool:
    """Whether so much of it is seen that it may be asked about."""
    x1, y1, x2, y2 = truth.box
    return truth.visible_fraction >= MIN_VISIBLE and min(x2 - x1, y2 - y1) >= MIN_SIDE


def seen(objects: Sequence[ObjectTruth]) -> list[int]:
    """Indices of the objects of which anything is seen."""
    return [index for index, truth in enumerate(objects) if truth.box[2] > truth.box[0]]


def certain_claims(truth: ObjectTruth) -> dict[str, str]:
    """The attributes of a thing that everybody would agree on, and that its noun leaves open.

    How it lies or stands is not among them: it is asked about by itself.
    """
    claims = dict(label(truth).attributes)
    claims.pop("posture", None)
    if not _colour_told(truth):
        claims.pop("colour", None)
    if not _material_told(truth):
        claims.pop("material", None)
    # Nobody says "wooden wooden spoon".
    unsaid = {"plain", *truth.name.split()}
    return {claim: word for claim, word in claims.items() if word not in unsaid}


def told_parts(truth: ObjectTruth) -> list[tuple[str, str]]:
    """(name, colour) of the parts that are in sight and stand out from the body."""
    if not _parts_told(truth):
        return []
    body = label(truth).attributes.get("colour", "")
    words = load_vocabulary()
    return [
        (name, colour)
        for name, colour in truth.parts
        if words.colour_truth((body, True, ()), colour) == FALSE
    ]


def verdicts(phrases: Sequence[PhraseMeaning], things: Sequence[ObjectTruth]) -> NDArray[np.int8]:
    """(things, phrases) TRUE, FALSE or UNSURE."""
    table = truth_table(phrases, [label(thing) for thing in things], load_vocabulary())
    for claim, told in _TOLD.items():
        claimed = np.asarray([getattr(phrase, claim) is not None for phrase in phrases], bool)
        doubtful = np.asarray([not told(thing) for thing in things], bool)
        table[(table == TRUE) & doubtful[:, None] & claimed] = UNSURE
    return table


def _colour_told(truth: ObjectTruth) -> bool:
    return truth.attributes.get("pattern") not in _EVEN_PATTERNS and truth.name not in _FACED


def _material_told(truth: ObjectTruth) -> bool:
    material = truth.attributes.get("material")
    if material == "metal":
        return truth.attributes.get("colour") in _METAL_COLOURS
    return material in _TOLD_BY_LOOKING


def _parts_told(truth: ObjectTruth) -> bool:
    return truth.visible_fraction >= _WHOLE


_TOLD: dict[str, Callable[[ObjectTruth], bool]] = {
    "colour": _colour_told,
    "material": _material_told,
    "part": _parts_told,
}


@cache
def _fixed_colours(kind: str) -> frozenset[str]:
    """Colours that parts of a kind may have whatever that of the body is, such as steel blades."""
    styles = KINDS[kind].parts.values()
    named = {colour for style in styles for colour in style.colours}
    return frozenset(colours.spoken(colour) for colour in named - {"body", "other"})
