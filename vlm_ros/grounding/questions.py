"""What to ask when several regions fit equally well."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from vlm_ros.geometry.boxes import centres
from vlm_ros.grounding.scene import Matcher
from vlm_ros.grounding.thresholds import Thresholds
from vlm_ros.grounding.wording import named, number, several
from vlm_ros.language.command import Phrase
from vlm_ros.language.lexicon import lexicon

# How much better than the next a colour must fit to be asked about.
_PLAINLY = 1.5
_ACROSS = ("left", "right")
_DOWN = ("upper", "lower")


def which_question(phrase: Phrase, boxes: NDArray[np.float32], colours: Sequence[str] = ()) -> str:
    """Asks by what tells the candidates apart: their colours, or else their places in the image.

    Args:
        phrase: what was asked for.
        boxes: (K, 4) xyxy of the candidates, K at least 2.
        colours: of the K candidates, as from `plain_colours`; () where they are not known.

    Returns:
        For example "Which red cup: the left one or the right one?".
    """
    text = named(phrase)
    if 1 < len(colours) == len(set(colours)) <= 3:
        *others, final = (f"the {colour} one" for colour in colours)
        return f"Which {text}: {', '.join(others)} or {final}?"
    if len(boxes) > 3:
        return f"Which of the {number(len(boxes))} {several(phrase)}?"
    spread = np.ptp(centres(boxes), axis=0)
    first, last = _ACROSS if spread[0] >= spread[1] else _DOWN
    if len(boxes) == 2:
        return f"Which {text}: the {first} one or the {last} one?"
    return f"Which {text}: the {first} one, the middle one or the {last} one?"


def plain_colours(
    phrase: Phrase, regions: NDArray[np.intp], matcher: Matcher, limits: Thresholds
) -> tuple[str, ...]:
    """The colour of each region; () where one is not plain or the phrase names a colour already.

    Args:
        phrase: what the regions fit.
        regions: (K,) indices.
        matcher: of the frame.
        limits: a colour must be a match.
    """
    groups = [lexicon().group_of(attribute) for attribute in phrase.attributes]
    if any(found is not None and found[0] == "colour" for found in groups):
        return ()
    colours = lexicon().attribute_groups["colour"]
    scores = matcher.scores([f"{colour} {phrase.text}" for colour in colours])[regions]
    ranked = np.sort(scores, axis=1)
    plain = (ranked[:, -1] >= limits.match) & (ranked[:, -1] >= _PLAINLY * ranked[:, -2])
    return tuple(colours[i] for i in scores.argmax(axis=1)) if plain.all() else ()
