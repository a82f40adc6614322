"""What becomes of words that say how many: "both", "the other two", "a pair of scissors"."""

from __future__ import annotations

from vlm_ros.language.contexts import BEFORE_NUMBER
from vlm_ros.language.drafts import GENERIC_NOUN
from vlm_ros.language.walk import Walk


def take_everything(at: Walk, value: str, index: int, length: int) -> int:
    """Reads "everything" as all objects."""
    at.emit("QUANTITY", "0", index, length)
    at.emit("WORD", GENERIC_NOUN, index, length)
    return index + length


def take_anything(at: Walk, value: str, index: int, length: int) -> int:
    """Reads "anything" as any object."""
    at.emit("QUANTITY", "1", index, length)
    at.emit("WORD", GENERIC_NOUN, index, length)
    return index + length


def take_quantity(at: Walk, value: str, index: int, length: int) -> int:
    """Reads a number or an article, with the thing where none follows: "the other two"."""
    after = index + length
    if at.texts[index] == "both" and _lists_two(at, after):
        return after
    if at.texts[index] == "either" and "or" in at.texts[after:]:
        return after
    if at.opens_clause(index):
        at.emit("WHICH", "that", index, length)
        at.clause_open = True
    alone = not at.readings.opens_phrase(after)
    if alone and at.previous() == "VERB" and any(t.type == "SEP" for t in at.tokens):
        at.emit("PRONOUN", "them", index, length)
        return after
    if at.previous() == "QUANTITY" and at.said_last().endswith(("of", "the")):
        return after  # "one of the two cups"
    # "The first two cups", "the other two": two cups, from the first on, of the others.
    moved = []
    while at.previous() in BEFORE_NUMBER:
        moved.append(at.tokens.pop())
    at.emit("QUANTITY", value, index, length)
    at.tokens += reversed(moved)
    if alone:
        at.emit("ONE", "one", index, length)
    return after


def _lists_two(at: Walk, index: int) -> bool:
    """Whether "both" is followed by one thing and another: "both the plate and the bowl"."""
    for place in range(index, len(at.words)):
        if at.readings.is_end(place):
            return False
        if at.texts[place] == "and":
            one = at.known.singular(at.texts[place - 1]) is None
            return one and at.readings.leading_kind(place + 1) == "DET"
    return False


def take_other(at: Walk, value: str, index: int, length: int) -> int:
    """Reads "the other cup" and "the rest of the cups"."""
    if value.isdigit() and at.previous() != "QUANTITY":
        at.emit("QUANTITY", value, index, length)
    at.emit("OTHER", "other", index, length)
    return index + length


def take_others(at: Walk, value: str, index: int, length: int) -> int:
    """Reads "the others" as all the other things."""
    if at.previous() != "QUANTITY":
        at.emit("QUANTITY", "0", index, length)
    at.emit("OTHER", "other", index, length)
    at.emit("ONE", "one", index, length)
    return index + length


def take_pair(at: Walk, value: str, index: int, length: int) -> int:
    """Two things, but one "pair of black scissors"."""
    place = index + length
    last = ""
    while at.readings.begins_nominal(place):
        place += at.readings.longest(place)
        last = at.texts[place - 1]
    if last not in at.known.plural_only:
        at.emit("QUANTITY", value, index, length)
    return index + length
