"""Generated and mutated texts for the parser: none may crash it, hang it or take long.

Run as a module: `python -m vlm_ros.evaluation.fuzz 100000`.
"""

from __future__ import annotations

import random
import string
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from vlm_ros.errors import CommandError
from vlm_ros.language import parse_command

SEEDS = (
    "pick up the red cup left of the plate",
    "could you please put the second largest box from the left on top of the blue tray",
    "the bottle with a red cap under the blue notebook",
    "take the two cups on the left and then put them in the bowl next to the jar",
    "the cup between the plate and the bowl that is not red",
    "all the wooden spoons in the drawer, the one closest to me, without a handle",
    "push the box to the left; bring me the mug labelled fragile, which is half full of water",
    "teh brush in top of the black and white pen betwen the forks",
    "the thing that the banana is on, not the one with two apples in it but the other one",
    "move the third nearest red or blue cup to the plate from the bowl to where the spoon is",
    "the pair of red-capped bottles on which the lidless jar stands, bigger than the rest of them",
    "hey mate, if you don't mind, could you be a dear and use the sponge to wipe the tabel",
    "of the two mugs that someone left behind the box, neither the left nor the right one",
    'the thing used to cut paper but not the book "War and Peace" that says "do not open"',
    "take the plate the most big put it down when you're ready, but not if it has fallen",
    "the heart shaped box with its lid off nextto the 2nd one frm left, cup #3 w/o handle b/w both",
    "the red cup on the tray, no wait, the blue one - sorry, I mean put the mug or rather the pan",
    "take red cup blue bowl put in box get knife, fork and the spoon a plate give me",
)
_LETTERS = (
    string.ascii_letters
    + string.digits
    + " ,.;:!?&'\"-()/\u00e9\u00df\u4e2d\u0130\u2019\u00a0\x00\ud83d"
)


@dataclass(frozen=True)
class FuzzResult:
    """What came of many texts.

    Attributes:
        read: how many were understood.
        refused: how many were refused with a `CommandError`.
        slowest_ms: the longest time one took.
        slowest: that text.
    """

    read: int
    refused: int
    slowest_ms: float
    slowest: str


def texts(count: int, seed: int, examples: Sequence[str] = SEEDS) -> Iterator[str]:
    """Yields `count` texts: examples with one to four mutations each."""
    random_ = random.Random(seed)
    words = sorted({word for example in examples for word in example.split()})
    for _ in range(count):
        text = random_.choice(examples)
        for _ in range(random_.randint(1, 4)):
            text = _mutated(text, words, random_)
        yield text


def fuzz(count: int, seed: int = 0, examples: Sequence[str] = SEEDS) -> FuzzResult:
    """Parses many texts; an error that is no `CommandError` passes through with its text noted."""
    read, slowest_ms, slowest = 0, 0.0, ""
    for text in texts(count, seed, examples):
        took_ms, understood = _timed(text)
        read += understood
        if took_ms > slowest_ms:
            # Taken again: a pause for garbage of others is not the parser's.
            slowest_ms, slowest = max(slowest_ms, min(took_ms, _timed(text)[0])), text
    return FuzzResult(read, count - read, slowest_ms, slowest)


def _timed(text: str) -> tuple[float, bool]:
    """Milliseconds it takes to parse a text, and whether it was understood."""
    begun, understood = time.thread_time(), True
    try:
        parse_command(text)
    except CommandError as error:
        assert 0 <= error.position <= len(text), repr(text)
        understood = False
    except Exception as error:
        raise AssertionError(f"{text!r} ended with {error!r}") from error
    return (time.thread_time() - begun) * 1e3, understood


def _mutated(text: str, words: Sequence[str], random_: random.Random) -> str:
    place = random_.randint(0, len(text))
    match random_.randrange(7):
        case 0:
            return text[:place] + random_.choice(_LETTERS) + text[place:]
        case 1:
            return text[:place] + text[place + 1 :]
        case 2:
            spoken = text.split()
            random_.shuffle(spoken)
            return " ".join(spoken)
        case 3:
            return f"{text[:place]} {random_.choice(words)} {text[place:]}"
        case 4:
            return f"{text} and {random_.choice(words)} {text[place:]}"
        case 5:
            return (random_.choice(words) + " ") * random_.randint(1, 99)
        case _:
            return " ".join(random_.choices(words, k=random_.randint(1, 60)))


def _main(count: int) -> None:
    parse_command("the cup")  # the grammar is built once
    result = fuzz(count)
    print(
        f"{count} texts: {result.read} read, {result.refused} refused,"
        f" the slowest took {result.slowest_ms:.1f} ms"
    )
    if result.slowest_ms > 50.0:
        raise SystemExit(f"more than 50 ms for {result.slowest!r}")


if __name__ == "__main__":
    _main(int(sys.argv[1]))
