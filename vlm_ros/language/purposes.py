"""What a thing is for or does, left to the text encoder: "the thing used to cut paper"."""

from __future__ import annotations

from lark import Token

from vlm_ros.language.contexts import fits
from vlm_ros.language.drafts import GENERIC_NOUN
from vlm_ros.language.readings import RELATING
from vlm_ros.language.walk import Walk

_RELATIVE = frozenset({"that", "which", "who"})


def purpose_length(at: Walk, index: int) -> int:
    """Words that begin to say what a thing is for or what it does: "used to", "that"."""
    if at.clause_open or not at.names_thing():
        return 0
    listed = next((e for e in at.readings.entries(index) if e.kind == "PURPOSE"), None)
    if listed is not None and not at.readings.is_end(index + len(listed.words)):
        return len(listed.words)
    if at.readings.is_end(index + 1):
        return 0
    fitting = {
        (kind, length) for kind, _, length in at.readings.at(index) if fits(at, kind, index, length)
    }
    following = at.texts[index + 1]
    if at.texts[index] in _RELATIVE:
        if any(length > 1 for _, length in fitting):
            return 0
        if following in at.known.users | at.known.modals:
            return 1
        does = following.endswith("s") and following not in at.known.closed_words
        return int(does and fitting <= {("DET", 1), ("PRONOUN", 1)})
    if fitting:
        return 0
    for_an_act = at.texts[index] == "to" and at.tokens[-1] == GENERIC_NOUN
    acts = any(entry.kind == "VERB" for entry in at.readings.entries(index + 1))
    return int(at.texts[index] in at.known.users or (for_an_act and acts))


def take_purpose(at: Walk, index: int, length: int) -> int:
    """Makes one attribute of the words up to what says where the thing is."""
    end = index + length + 1
    while end < len(at.words) and not _ends_purpose(at, end):
        end += 1
    listed = next((e for e in at.readings.entries(index) if e.kind == "PURPOSE"), None)
    said = at.texts[index : index + length]
    said = [listed.value] if listed is not None else ["used to"] if said == ["to"] else said
    words = [*said, *at.texts[index + length : end]]
    if at.previous() == "ONE":
        at.tokens[-1] = Token.new_borrow_pos("WORD", GENERIC_NOUN, at.tokens[-1])
    at.emit("THAT_IS", "", index, length)
    at.emit("ATTRIBUTE", " ".join(words), index, end - index)
    return end


def _ends_purpose(at: Walk, index: int) -> bool:
    if at.words[index].is_mark or at.readings.leading_kind(index) is None:
        return True
    for kind, _, length in at.readings.at(index):
        after = index + length
        if kind == "FILLER" and at.readings.is_end(after):
            return True
        if kind in RELATING and at.readings.leading_kind(after) == "DET":
            return True
        if kind in {"AND", "SEP"} and at.readings.begins_step(after):
            return True
        if kind in {"SIDE", "EXTREME"} and length > 1:
            return True
    return at.readings.begins_step(index)
