"""Which tokens the words of a class become: one function for each class that takes more than one.

A function is given the walk, the value of the words, their place and their number; it gives the
place where the walk goes on.
"""

from __future__ import annotations

from collections.abc import Callable

from lark import Token

from vlm_ros.language.quantities import (
    take_anything,
    take_everything,
    take_other,
    take_others,
    take_pair,
    take_quantity,
)
from vlm_ros.language.readings import HEAD, NOMINAL, RELATING, SPECIFIER, VANISHING
from vlm_ros.language.steps import Stepping
from vlm_ros.language.walk import CLAUSE_KINDS, QUALIFYING

# What is said besides with "but": "behind the cup but left of the plate".
_CONTRASTED = RELATING | {"SIDE", "EXTREME", "MUTUAL", "MADE_OF"}
# Sides and corners of a thing on which something is the farther the more it is there.
_EXTREMES = frozenset(
    {
        *("left", "right", "top", "bottom", "near", "far"),
        *("top-left", "top-right", "bottom-left", "bottom-right"),
    }
)


def take(at: Stepping, kind: str, value: str, index: int, length: int) -> int:
    """Takes `length` words at `index` as of a class; gives the place after them."""
    after = index + length
    if kind in VANISHING or kind in {"VIEWER", "ADDRESS"}:
        at.passed_filler = kind == "FILLER"
        return after
    at.passed_filler = False
    handler = _TAKES.get(kind)
    if handler is not None:
        return handler(at, value, index, length)
    if kind == "DET" and at.previous() in {"DET", "QUANTITY"} and value == "the":
        return after
    if kind == "DET" and at.previous() in HEAD and at.rejects():
        at.emit("INSTEAD", "but", index, length)
    elif kind == "DET" and at.is_postposed(after):
        at.emit("THAT_IS", "", index, length)
        return after
    if kind == "SUPERLATIVE" and at.previous() in HEAD and at.is_postposed(index):
        at.emit("THAT_IS", "", index, length)
    if kind in {"DET", "QUANTITY"} and at.opens_clause(index):
        at.emit("WHICH", "that", index, length)
        at.clause_open = True
    if kind == "ATTRIBUTE" and at.stands_behind(value, after):
        if at.within_with():
            # "With the handle pointing left": said of the handle.
            named = at.tokens.pop()
            at.emit(kind, value, index, length)
            at.tokens.append(named)
            return after
        at.emit("THAT_IS", "", index, length)
    if kind in CLAUSE_KINDS and at.asks():
        at.emit("ONE", "one", index, 1)
    if kind == "SIDE" and at.texts[index] == "to" and at.pending_distance() is not None:
        at.tokens.pop(at.pending_distance() or 0)  # "the closest cup to the left edge"
    if kind == "NOT":
        kind = _negation(at, after)
    if kind == "EXCEPT" and at.tokens:
        kind = _contrast(at, index, after)
    if at.texts_are(index, after, "but") and at.previous() == "ATTRIBUTE":
        kind = "JOINER" if at.readings.begins_nominal(after) else kind
    if kind in {"TO", "RELATION"} and at.texts_are(index, after, "to", "from"):
        kind, value = _distance_relation(at, kind, value)
    at.emit(kind, value, index, length)
    return after


def _take_that_is(at: Stepping, value: str, index: int, length: int) -> int:
    after = index + length
    # "Where the keys are" and "in which the keys are": "are" says nothing.
    if at.readings.leading_kind(after) is None:
        return after
    if at.previous() == "VERB" and at.texts[index] == "what":
        _take_unnamed(at, value, index, 1)
    elif at.asks():
        at.emit("ONE", "one", index, 1)
    at.emit("THAT_IS", value, index, length)
    return after


def _take_relation(at: Stepping, value: str, index: int, length: int) -> int:
    after = index + length
    if at.asks():
        at.emit("ONE", "one", index, 1)
    if after < len(at.texts) and at.texts[after] in {"which", "whom"}:
        at.emit("INVERSE", value, index, length + 1)
        at.clause_open = True
        return after + 1
    if at.previous() == "THAT_IS" and at.readings.is_end(after) and value == "on":
        at.emit("ATTRIBUTE", f"switched {at.texts[index]}", index, length)
        return after
    kind = "BETWEEN" if value in {"between", "between_or_in"} else "RELATION"
    if at.previous() == "ORDINAL" and at.texts_are(index, after, "from"):
        value = "nearest_to"  # "the mug second from the kettle"
    elif at.texts_are(index, after, "to", "from") or at.texts[index] == "away":
        kind, value = _distance_relation(at, kind, value)
    at.emit(kind, value, index, length)
    return after


def _take_place_clause(at: Stepping, value: str, index: int, length: int) -> int:
    if at.needs_place():
        at.emit("RELATION", "next_to", index, length)  # "put the cup where the plate is"
        return index + length
    at.emit("INVERSE", "where", index, length)
    at.clause_open = True
    return index + length


def _take_clause(at: Stepping, value: str, index: int, length: int) -> int:
    at.emit("WHICH", value, index, length)
    at.clause_open = True
    return index + length


def _take_beside_it(at: Stepping, value: str, index: int, length: int) -> int:
    at.emit("RELATION", value, index, length)
    at.emit("PRONOUN", "it", index, length)
    return index + length


def _take_diagonal(at: Stepping, value: str, index: int, length: int) -> int:
    first, second = value.split()
    at.emit("RELATION", first, index, length)
    at.emit("ALSO", "and", index, length)
    at.emit("RELATION", second, index, length)
    return index + length


def _take_apart(at: Stepping, value: str, index: int, length: int) -> int:
    counted = at.bare_number(index + length)
    if counted:
        return counted  # "the middle cup out of the three"
    if at.previous() == "THAT_IS":
        if at.readings.is_end(index + length):
            at.emit("ATTRIBUTE", f"switched {at.texts[index]}", index, length)
            return index + length
        at.tokens.pop()
    if all(token.type != "VERB" for token in at.tokens):
        at.emit("THAT_IS_NOT", "not", index, length)
    at.emit("RELATION", value, index, length)
    return index + length


def _take_unnamed(at: Stepping, value: str, index: int, length: int) -> int:
    """Reads "whatever is in the box" as the thing in it."""
    at.emit("ONE", "one", index, length)
    return index + length


def _take_of(at: Stepping, value: str, index: int, length: int) -> int:
    """Tells "a cup of red colour" from "a cup of coffee" and "the lid of the cup"."""
    after = index + length
    if at.names_part() and at.readings.leading_kind(after) == "DET":
        at.emit("RELATION", "part_of", index, length)
        return after
    if at.previous() == "SIDE":
        # "At the left end of the tray": of those on it the leftmost.
        side = at.tokens.pop()
        at.tokens.append(side.update(type="EXTREME") if side in _EXTREMES else side)
        at.emit("RELATION", "on", index, length)
        return after
    counted = at.bare_number(after)
    if counted and at.previous() == "WORD":
        return counted  # "the shortest pencil of the three"
    at.emit("THAT_IS" if at.readings.is_suffixed(after) else "OF", value, index, length)
    return after


def _take_choice(at: Stepping, value: str, index: int, length: int) -> int:
    """Decides what "or" joins: attributes or names of things; no more than that."""
    after = index + length
    following = at.readings.leading_kind(after)
    if value == "/" and (at.previous() != "WORD" or following != "WORD"):
        return after  # "red/white"
    attributes = at.previous() == "ATTRIBUTE" == following
    if at.among_exclusions():
        at.emit("JOINER", "and", index, length)
    elif at.goes_on_excluding() and following in _CONTRASTED | {"PLACE"}:
        at.emit("ALSO", "nor", index, length)
        at.emit("THAT_IS_NOT", "nor", index, length)
    elif at.rejects() and value in {"nor", "or"} and following in {"DET", "PRONOUN"}:
        at.emit("ALSO", "nor", index, length)
        at.emit("EXCEPT", "nor", index, length)
    elif attributes:
        at.emit("JOINER", "or", index, length)
    elif at.previous() in HEAD and following in NOMINAL | {"DET", "QUANTITY"}:
        at.emit("OR", "or", index, length)
    else:
        raise at.refuse(index, length, "leaves a choice; name one thing")
    return after


def _take_condition(at: Stepping, value: str, index: int, length: int) -> int:
    raise at.conditional(index, length)


def _distance_relation(at: Stepping, kind: str, value: str) -> tuple[str, str]:
    """Turns "the closest cup to ..." into "the cup closest to ..."."""
    place = at.pending_distance()
    if place is None:
        return kind, value
    near = at.tokens.pop(place) == "near"
    if at.previous() in SPECIFIER | {"", "VERB", "SEP"}:
        at.tokens.append(Token("ONE", "one", start_pos=0, end_pos=0))
    return "RELATION", "nearest_to" if near else "farthest_from"


def _contrast(at: Stepping, index: int, after: int) -> str:
    """Tells "behind the cup but left of the plate" from "but not the red one"."""
    if at.texts[index] == "but" and at.readings.leading_kind(after) in _CONTRASTED:
        if after - index == 1:
            return "ALSO"
        at.emit("ALSO", "but", index, 1)
        return "THAT_IS_NOT"
    related = any(token.type == "RELATION" for token in at.tokens)
    everything = any(token.type == "QUANTITY" and token == "0" for token in at.tokens)
    last = at.words[index - 1].is_mark or everything
    if related and last and at.previous() not in {"VERB", "SEP"}:
        at.emit("ALSO", "but", index, 1)
    return "EXCEPT"


def _negation(at: Stepping, after: int) -> str:
    following = at.readings.leading_kind(after)
    before_head = at.previous() in SPECIFIER | {"", "VERB", "SEP", "AND"}
    if following == "ATTRIBUTE" and before_head:
        return "NOT"
    return "EXCEPT" if following in {"DET", "PRONOUN"} else "THAT_IS_NOT"


def _join(at: Stepping, value: str, index: int, length: int) -> int:
    """Decides what "and" joins: steps, colours, qualifiers or things."""
    after = index + length
    start = at.skip_openers(after)
    if start < len(at.words) and at.readings.verb_at(start) is not None:
        return at.separate(value, index, length)
    following = at.readings.leading_kind(after)
    if following == "SEP":
        return after
    if following in QUALIFYING:
        at.emit("ALSO", "and", index, length)
    elif following == "ATTRIBUTE" and at.previous() == "ATTRIBUTE":
        at.emit("JOINER", "and", index, length)
    elif at.lists_parts():
        at.emit("WITH_ALSO", "and", index, length)
    else:
        at.emit("AND", "and", index, length)
    return after


def _take_with(at: Stepping, value: str, index: int, length: int) -> int:
    after = index + length
    if at.texts_are(index, after, "showing") and at.readings.is_end(after):
        return after  # "the box with the logo showing"
    at.emit("WITH", value, index, length)
    return after


_TAKES: dict[str, Callable[[Stepping, str, int, int], int]] = {
    "WITH": _take_with,
    "THAT_IS": _take_that_is,
    "RELATION": _take_relation,
    "PLACE_CLAUSE": _take_place_clause,
    "CLAUSE": _take_clause,
    "BESIDE_IT": _take_beside_it,
    "DIAGONAL": _take_diagonal,
    "APART": _take_apart,
    "UNIVERSAL": take_everything,
    "EXISTENTIAL": take_anything,
    "UNNAMED": _take_unnamed,
    "QUANTITY": take_quantity,
    "OTHER": take_other,
    "ELSE": take_other,
    "OTHERS": take_others,
    "OF": _take_of,
    "PAIR": take_pair,
    "CHOICE": _take_choice,
    "CONDITION": _take_condition,
    "AND": _join,
    "SEP": Stepping.separate,
}
