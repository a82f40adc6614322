"""Expressions about a simulated scene by what things are, with their right answers.

*nouns* and *attributes* fit one thing, *ambiguous* ones several, *absent* ones none; *postures*
("the can lying on its side") fit one thing and have questions of their own. Words on which people
differ, such as "turquoise" of something blue, are never asked about, and neither is what hides
behind something else.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from vlm_ros.evaluation.appearance import certain_claims, is_clear, seen, told_parts, verdicts
from vlm_ros.evaluation.judging import Question
from vlm_ros.simulation.kinds import KINDS
from vlm_ros.simulation.tabletop import ObjectTruth
from vlm_ros.training.nouns import FALSE, TRUE
from vlm_ros.training.phrases import CLAIMS, PhraseMeaning, compose

NOUNS, ATTRIBUTES, ABSENT, AMBIGUOUS = "nouns", "attributes", "absent", "ambiguous"
CATEGORIES = (NOUNS, ATTRIBUTES, ABSENT, AMBIGUOUS)
POSTURES = "postures"

# How people say it of a noun.
_POSTURE_WORDS = {
    "upright": ("upright {}", "standing {}", "{} standing upright"),
    "lying": ("{} lying on its side", "lying {}", "fallen {}"),
    "upside down": ("upside down {}", "{} turned upside down"),
}

# Colours that every scene is asked about, beside its own.
_COLOURS = ("red", "green", "blue", "yellow", "white", "black")


def write_questions(
    objects: Sequence[ObjectTruth], rng: np.random.Generator, count: int, image: str
) -> list[Question]:
    """Up to `count` questions of each category about the objects of one picture.

    Args:
        objects: the truth.
        rng: decides which of all there are.
        count: of each category.
        image: the picture's name.
    """
    found: dict[str, list[Question]] = {category: [] for category in CATEGORIES}
    for question in ask_about(_phrases(objects, rng), objects, image):
        found[question.category].append(question)
    return [question for kind in found.values() for question in kind[:count]]


def write_postures(
    objects: Sequence[ObjectTruth], rng: np.random.Generator, count: int, image: str
) -> list[Question]:
    """Up to `count` questions about how one thing of its kind stands or lies.

    Most things stand: it is said of them only beside another of their kind that does not.

    Args:
        objects: the truth.
        rng: decides which of all there are, and in what words.
        count: of the questions.
        image: the picture's name.
    """
    things = [objects[index] for index in seen(objects)]
    told = {(thing.name, thing.posture) for thing in things if thing.posture is not None}
    unusual = {noun for noun, posture in told if posture != "upright"}
    said = sorted((noun, posture) for noun, posture in told if noun in unusual)
    phrases = [
        replace(
            compose(noun, {"posture": posture}),
            text=str(rng.choice(_POSTURE_WORDS[posture])).format(noun),
        )
        for noun, posture in (said[index] for index in rng.permutation(len(said)))
    ]
    asked = ask_about(phrases, objects, image)
    return [question for question in asked if question.category == POSTURES][:count]


def ask_about(
    phrases: Sequence[PhraseMeaning], objects: Sequence[ObjectTruth], image: str
) -> Iterator[Question]:
    """The questions by those phrases that have a right answer among the objects."""
    things = [objects[index] for index in seen(objects)]
    if not things:
        return
    table = verdicts(phrases, things)
    clear = np.asarray([is_clear(thing) for thing in things])
    for phrase, column in zip(phrases, table.T, strict=True):
        fits = column == TRUE
        # An unsure object, or one that fits but is hardly visible, has no right answer.
        if ((column == FALSE) | (fits & clear)).all():
            boxes = tuple(thing.box for thing, fit in zip(things, fits, strict=True) if fit)
            category = _category(phrase, len(boxes))
            yield Question(image, f"the {phrase.text}", boxes, category, tags(phrase))


def tags(phrase: PhraseMeaning) -> tuple[tuple[str, str], ...]:
    """What a phrase says, by which figures are broken down."""
    said = [(claim, getattr(phrase, claim)) for claim in CLAIMS]
    said.append(("part", phrase.part and phrase.part[0]))
    return ("noun", phrase.noun), *((claim, word) for claim, word in said if word is not None)


def _category(phrase: PhraseMeaning, fitting: int) -> str:
    if fitting != 1:
        return AMBIGUOUS if fitting else ABSENT
    if phrase.posture is not None:
        return POSTURES
    claims = any(getattr(phrase, claim) for claim in CLAIMS) or phrase.part
    return ATTRIBUTES if claims else NOUNS


def _phrases(objects: Sequence[ObjectTruth], rng: np.random.Generator) -> list[PhraseMeaning]:
    """True and false phrases about the things of a scene, in random order."""
    things = [objects[index] for index in seen(objects)]
    claims = [certain_claims(thing) for thing in things]
    colours = sorted({known["colour"] for known in claims if "colour" in known} | {*_COLOURS})
    nouns = sorted({thing.name for thing in things})
    phrases = [compose(noun, {}) for noun in nouns]
    for thing, known in zip(things, claims, strict=True):
        phrases += [compose(thing.name, said) for said in _descriptions(known)]
        phrases += [_with_part(thing.name, part) for part in told_parts(thing)]
    # Near misses: a colour that things of this kind do not have, and a kind that is not here.
    phrases += [compose(noun, {"colour": colour}) for noun in nouns for colour in colours]
    others = [str(noun) for noun in rng.choice(sorted(KINDS), 2 * len(nouns))]
    phrases += [compose(noun, {}) for noun in others]
    phrases += [compose(noun, {"colour": str(rng.choice(colours))}) for noun in others]
    unique = list({phrase.text: phrase for phrase in phrases}.values())
    return [unique[index] for index in rng.permutation(len(unique))]


def _with_part(noun: str, part: tuple[str, str]) -> PhraseMeaning:
    """The noun with a part of a colour, e.g. "bottle with a red cap"."""
    name, colour = part
    article = "" if name.endswith("s") else "an " if colour[0] in "aeiou" else "a "
    return replace(compose(noun, {}, part), text=f"{noun} with {article}{colour} {name}")


def _descriptions(known: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """Each attribute alone, and each with the colour."""
    for claim, word in known.items():
        yield {claim: word}
        if claim != "colour" and "colour" in known:
            yield {claim: word, "colour": known["colour"]}
