"""A question about a picture, the answer to it, and whether that is right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vlm_ros.errors import CommandError
from vlm_ros.geometry.boxes import iou
from vlm_ros.geometry.camera import Intrinsics
from vlm_ros.grounding.result import GroundedRegion, Grounding, Status
from vlm_ros.language import parse_command
from vlm_ros.pipeline import Grounder

RIGHT_IOU = 0.5
"""A box that overlaps the right one by at least this much is right."""

GUESSES = 5
"""How many boxes of an answer are looked at."""

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class View:
    """A picture to ask about.

    Attributes:
        image: (H, W, 3) uint8 RGB.
        depth: (H, W) float32 metres, registered to the image; None where there is none.
        intrinsics: of the camera; None where unknown.
    """

    image: NDArray[np.uint8]
    depth: NDArray[np.float32] | None = None
    intrinsics: Intrinsics | None = None


@dataclass(frozen=True)
class Question:
    """One expression about one picture.

    Attributes:
        image: name of the picture.
        expression: e.g. "the left knife".
        boxes: xyxy pixels of all things it fits: none where the thing is not there, several
            where the expression does not say which.
        category: what it is counted with.
        tags: what it says, e.g. ("noun", "cup"), ("colour", "red"), as far as that is known.
    """

    image: str
    expression: str
    boxes: tuple[Box, ...]
    category: str
    tags: tuple[tuple[str, str], ...] = ()

    @property
    def due(self) -> Status:
        """The status an honest answer has."""
        if not self.boxes:
            return Status.NOT_FOUND
        return Status.FOUND if len(self.boxes) == 1 else Status.AMBIGUOUS


@dataclass(frozen=True)
class Item:
    """A question and what came of it.

    Attributes:
        question: what was asked.
        status: of the answer; ERROR where the expression could not be read.
        given: targets, then alternatives, at most five: best guess first, whatever the status.
        overlaps: for each of them its IoU with the right box it overlaps most; 0 without any.
        reason: the answer's own words.
    """

    question: Question
    status: Status
    given: tuple[GroundedRegion, ...]
    overlaps: tuple[float, ...]
    reason: str

    @property
    def overlap(self) -> float:
        """IoU of the first box given; 0 where none was given."""
        return self.overlaps[0] if self.overlaps else 0.0

    @property
    def first_right(self) -> bool:
        """The best guess is right, whatever the status: what is counted for P@1."""
        return self.overlap >= RIGHT_IOU

    @property
    def among_five(self) -> bool:
        """One of the first five guesses is right: what is counted for recall@5."""
        return any(overlap >= RIGHT_IOU for overlap in self.overlaps)

    @property
    def answered(self) -> bool:
        """The status is the one due, and what is FOUND is the right thing."""
        return self.status is self.question.due and (
            self.status is not Status.FOUND or self.first_right
        )


def ask(grounder: Grounder, question: Question, view: View) -> Item:
    """Asks as a user would; of a command with several steps the first target counts.

    Raises:
        ImageError: the image cannot be used.
        ModelError: the model failed.
    """
    try:
        command = parse_command(question.expression)
    except CommandError as error:
        return Item(question, Status.ERROR, (), (), str(error))
    answers = grounder.ground(command, view.image, view.depth, view.intrinsics)
    return judge(question, answers[0].grounding)


def judge(question: Question, grounding: Grounding) -> Item:
    """Compares an answer with the truth."""
    given = (*grounding.targets, *grounding.alternatives)[:GUESSES]
    shared = iou(_corners([region.box for region in given]), _corners(question.boxes))
    overlaps = tuple(float(best) for best in shared.max(axis=1, initial=0.0))
    return Item(question, grounding.status, given, overlaps, grounding.reason)


def _corners(boxes: Sequence[Box]) -> NDArray[np.float32]:
    """(n, 4) float32, also of no boxes at all."""
    return np.asarray(boxes, np.float32).reshape(-1, 4)
