"""What to ask when several regions fit equally well."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vlm_ros.geometry.boxes import centres

_ACROSS = ("left", "right")
_DOWN = ("upper", "lower")


def which_question(text: str, boxes: NDArray[np.float32]) -> str:
    """Asks by what tells the candidates apart in the image.

    Args:
        text: the phrase, e.g. "red cup".
        boxes: (K, 4) xyxy of the candidates, K at least 2.

    Returns:
        For example "Which red cup: the left one or the right one?".
    """
    if len(boxes) > 3:
        return f"Which of the {len(boxes)} that could be the {text}?"
    spread = np.ptp(centres(boxes), axis=0)
    first, last = _ACROSS if spread[0] >= spread[1] else _DOWN
    if len(boxes) == 2:
        return f"Which {text}: the {first} one or the {last} one?"
    return f"Which {text}: the {first} one, the middle one or the {last} one?"
