"""What must stand around words for them to be of a class: one rule for each class.

A rule is asked with the walk so far, the place of the words and the place after them. A class
without a rule fits wherever its words stand.
"""

from __future__ import annotations

from collections.abc import Callable

from vlm_ros.language.drafts import GENERIC_NOUN
from vlm_ros.language.readings import (
    DEMONSTRATIVES,
    HEAD,
    NOMINAL,
    OPENING,
    RELATING,
    SPECIFIER,
    START,
)
from vlm_ros.language.walk import CLAUSE_WORDS, Walk

# Axes that are said of a thing and of nothing around it: "the bottle largest".
_SIZES = frozenset({"large", "small", "tall", "short", "wide", "narrow", "long"})
# What a number may follow: "the top two books", "the other two".
BEFORE_NUMBER = frozenset({"ORDINAL", "OTHER", "SUPERLATIVE", "PLACE"})


def _fits_superlative(at: Walk, index: int, after: int) -> bool:
    following = at.readings.leading_kind(after)
    alone = at.previous() in START | {"THAT_IS"} and following is None
    alone |= at.previous() in {"THAT_IS", "THAT_IS_NOT"} and following not in NOMINAL | OPENING
    sized = {v for k, v, n in at.readings.at(index) if k == "SUPERLATIVE"} & _SIZES
    alone |= bool(sized) and following != "THAN" and at.is_postposed(index)
    one_of = following == "QUANTITY" and at.texts[after] == "one"  # "the left one of the two"
    before = one_of or at.readings.begins_nominal(after) or following in {"OF", "THAN"}
    return alone or before or at.previous() in SPECIFIER | {"OTHER"}


def _fits_side(at: Walk, index: int, after: int) -> bool:
    if at.previous() in START | {"RELATION", "DET", "QUANTITY"}:
        return False
    # "on the top shelf" and "the cup nearest the plate" are relations.
    following = at.readings.leading_kind(after)
    adverb = any(k == "RELATION" and n == after - index for k, _, n in at.readings.at(index))
    if adverb and at.needs_place():
        return False
    if after - index > 1:
        return following not in NOMINAL
    # "With a red top" names a part.
    part = at.previous() == "ATTRIBUTE" and at.within_with()
    return not part and following not in NOMINAL | OPENING


def _fits_relation(at: Walk, index: int, after: int) -> bool:
    if at.previous() in {"DET", "QUANTITY"}:
        return False
    adverb = any(k == "SIDE" and n == after - index for k, _, n in at.readings.at(index))
    if adverb and not at.readings.opens_phrase(after) and not at.needs_place():
        # "Above and to the left of the plate" relates, "the one above" does not.
        return (
            at.readings.leading_kind(after) == "AND"
            and at.readings.leading_kind(after + 1) == "RELATION"
        )
    if after - index == 1 and at.texts[index] in at.known.only_before_noun:
        return at.previous() in HEAD | {"THAT_IS"} and at.readings.opens_phrase(after)
    return True


def _fits_goal(at: Walk, index: int, after: int) -> bool:
    if at.pending_distance() is not None:
        return True
    for token in reversed(at.tokens):
        if token.type == "SEP":
            return False
        if token.type == "VERB":
            return after - index == 1 or str(token) in at.known.verbs_with_destination
    return False


def _fits_quantity(at: Walk, index: int, after: int) -> bool:
    if at.previous() in NOMINAL - BEFORE_NUMBER and not at.opens_clause(index):
        return False
    if at.texts[index] == "a" and at.previous() == "DET":
        return False  # "the A block"
    several = any(e.kind == "QUANTITY" and e.value != "1" for e in at.readings.entries(index))
    if not several and at.previous() in {"SUPERLATIVE", "PLACE"}:
        return False  # "the left one"
    if at.texts[index] == "one" and at.previous() == "DET":
        return False  # "the one closest to me"
    article = at.texts[index] in {"a", "an"}
    if not article and after < len(at.texts) and at.texts[after] in at.known.units:
        return False
    if at.readings.opens_phrase(after):
        return True
    return several and at.previous() in START | {"DET", "OF", "OTHER", "ORDINAL", "RELATION"}


def _fits_ordinal(at: Walk, index: int, after: int) -> bool:
    following = at.readings.leading_kind(after)
    if at.texts[index] in {"number", "no"}:
        return following == "DIRECTION"
    return (
        at.previous() in {"DET", "QUANTITY"}
        or at.readings.begins_nominal(after)
        or following in {"DIRECTION", "RELATION", "SIDE", "OF"}
    )


def _fits_pronoun(at: Walk, index: int, after: int) -> bool:
    return at.readings.stands_alone(index, after)


def _fits_determiner(at: Walk, index: int, after: int) -> bool:
    return at.texts[index] not in DEMONSTRATIVES or at.readings.opens_phrase(after)


def _fits_participle(at: Walk, index: int, after: int) -> bool:
    following = at.readings.leading_kind(after)
    if at.clause_open:
        return following is None or at.stranded_relation(after) is not None
    return following in RELATING | {"SIDE", "EXTREME"} and at.previous() not in SPECIFIER


def _fits_intensifier(at: Walk, index: int, after: int) -> bool:
    return at.readings.leading_kind(after) in {"ATTRIBUTE", "SUPERLATIVE"}


def _fits_separator(at: Walk, index: int, after: int) -> bool:
    if at.texts[after - 1] != "next":
        return True
    # "And next to the mug" goes on; so does "the next cup".
    return at.previous() not in SPECIFIER and at.texts[after : after + 1] not in (["to"], ["too"])


def _fits_labelled(at: Walk, index: int, after: int) -> bool:
    quoted = after < len(at.words) and at.words[after].quoted > 0
    return at.previous() in HEAD and (quoted or at.readings.opens_phrase(after))


def _fits_whose(at: Walk, index: int, after: int) -> bool:
    # "Where the handle is red", but not "where the apples are".
    return at.texts[index] != "where" or not _fits_place_clause(at, index, index + 1)


def _fits_never(at: Walk, index: int, after: int) -> bool:
    return False


def _fits_filler(at: Walk, index: int, after: int) -> bool:
    if at.texts[index:after] == ["robot"]:
        return at.words[index - 1].is_mark  # "the cup, robot", but "the toy robot"
    hesitation = at.texts[index] in at.known.hesitations
    return hesitation or at.previous() not in SPECIFIER


def _fits_address(at: Walk, index: int, after: int) -> bool:
    """Whether who is spoken to is named: behind a mark or another filler, and last."""
    if not at.readings.is_end(after):
        return False
    if at.words[index - 1].is_mark or at.passed_filler:
        return True
    name = " ".join(at.texts[index:after])
    commanded = any(token.type == "VERB" for token in at.tokens)
    return commanded and at.previous() == "WORD" and not at.known.kinds_of(name)


def _fits_condition(at: Walk, index: int, after: int) -> bool:
    return at.previous() not in SPECIFIER


def _fits_viewer(at: Walk, index: int, after: int) -> bool:
    # "The closest cup to the camera", but not "bring it to the robot".
    return at.pending_distance() is not None


def _fits_clause(at: Walk, index: int, after: int) -> bool:
    return at.previous() in HEAD and at.clause_ahead(after)


def _fits_place_clause(at: Walk, index: int, after: int) -> bool:
    """Whether "where" begins "where the spoon is", with nothing said of the spoon."""
    if at.previous() not in HEAD:
        return False
    if after - index > 1:
        return at.readings.opens_phrase(after)
    for place in range(after + 1, min(after + CLAUSE_WORDS, len(at.words))):
        if at.readings.leading_kind(place) in {"THAT_IS"}:
            return at.readings.is_end(place + 1)
        if at.readings.leading_kind(place) not in NOMINAL:
            return False
    return False


def _fits_other(at: Walk, index: int, after: int) -> bool:
    return at.previous() not in HEAD - {"ATTRIBUTE"}


def _fits_else(at: Walk, index: int, after: int) -> bool:
    return at.previous() == "WORD" and at.tokens[-1] == GENERIC_NOUN


def _fits_parted(at: Walk, index: int, after: int) -> bool:
    return at.previous() == "ATTRIBUTE" and at.readings.begins_nominal(after)


def _fits_lacking(at: Walk, index: int, after: int) -> bool:
    return at.readings.begins_nominal(after)


def _fits_mutual(at: Walk, index: int, after: int) -> bool:
    return at.previous() in HEAD | {"THAT_IS", "SIDE"}


def _fits_instead(at: Walk, index: int, after: int) -> bool:
    return at.rejects()


def _fits_than(at: Walk, index: int, after: int) -> bool:
    return at.readings.opens_phrase(after)


_FITS: dict[str, Callable[[Walk, int, int], bool]] = {
    "VERB": _fits_never,
    "OPENER": _fits_never,
    "FORBIDDING": _fits_never,
    "NO_THING": _fits_never,
    "SUPERLATIVE": _fits_superlative,
    "PLACE": _fits_superlative,
    "SIDE": _fits_side,
    "EXTREME": _fits_side,
    "RELATION": _fits_relation,
    "APART": _fits_relation,
    "DIAGONAL": _fits_relation,
    "QUANTITY": _fits_quantity,
    "ORDINAL": _fits_ordinal,
    "PRONOUN": _fits_pronoun,
    "DET": _fits_determiner,
    "TO": _fits_goal,
    "PARTICIPLE": _fits_participle,
    "INTENSIFIER": _fits_intensifier,
    "SEP": _fits_separator,
    "LABELLED": _fits_labelled,
    "WHOSE": _fits_whose,
    "FILLER": _fits_filler,
    "VIEWER": _fits_viewer,
    "ADDRESS": _fits_address,
    "PURPOSE": _fits_never,
    "REPAIR": _fits_never,
    "CONDITION": _fits_condition,
    "CLAUSE": _fits_clause,
    "PLACE_CLAUSE": _fits_place_clause,
    "OTHER": _fits_other,
    "OTHERS": _fits_other,
    "ELSE": _fits_else,
    "PARTED": _fits_parted,
    "LACKING": _fits_lacking,
    "MUTUAL": _fits_mutual,
    "INSTEAD": _fits_instead,
    "THAN": _fits_than,
}


def fits(at: Walk, kind: str, index: int, length: int) -> bool:
    """Whether `length` words at `index` can be of a class there."""
    rule = _FITS.get(kind)
    return rule is None or rule(at, index, index + length)
