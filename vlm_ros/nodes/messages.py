"""Answers of the grounder as messages."""

from __future__ import annotations

from collections.abc import Sequence

from geometry_msgs.msg import Point, PoseStamped, Vector3
from std_msgs.msg import Header

from vlm_ros.geometry.depth import Position
from vlm_ros.grounding.result import GroundedRegion, Status
from vlm_ros.language import Command
from vlm_ros.msg import BoundingBox, Target, TargetArray
from vlm_ros.pipeline import StepAnswer

_UNTRACKED = -1


def target_array(
    answers: Sequence[StepAnswer], command: Command, command_id: str, header: Header
) -> TargetArray:
    """Everything a command refers to in one image.

    The command as a whole is FOUND only where every part of it is; otherwise the first part that
    is not decides, NOT_FOUND before AMBIGUOUS, because choosing among candidates helps nobody
    while another thing is missing.

    Args:
        answers: one for each thing the command names, at least one.
        command: what they answer.
        command_id: copied into the messages.
        header: of the source image; used as it is.
    """
    status = _overall(answers)
    decisive = [answer for answer in answers if answer.grounding.status == status]
    message = TargetArray(
        header=header,
        command_id=command_id,
        command=command.text,
        status=int(status),
        reason=" ".join(answer.grounding.reason for answer in decisive),
        question=decisive[0].grounding.question,
    )
    if status == Status.FOUND:
        message.targets = [
            _target(message, answer, region, position)
            for answer in answers
            for region, position in zip(answer.grounding.targets, answer.positions, strict=True)
        ]
    message.alternatives = [
        _target(message, answer, region, None)
        for answer in decisive
        for region in answer.grounding.alternatives
    ]
    return message


def error_array(reason: str, command: str, command_id: str, header: Header) -> TargetArray:
    """The news that an image or a command could not be used."""
    return TargetArray(
        header=header, command_id=command_id, command=command, status=Target.ERROR, reason=reason
    )


def best_target(array: TargetArray, command: Command | None) -> Target:
    """The first target, or the status of the whole where there is none.

    Args:
        array: the answer for one image.
        command: what it answers, to name what was looked for; None where it could not be read.
    """
    if array.targets:
        return array.targets[0]
    return Target(
        header=array.header,
        command_id=array.command_id,
        command=array.command,
        role="target",
        status=array.status,
        reason=array.reason,
        label=command.steps[0].target.text if command is not None else "",
        track_id=_UNTRACKED,
    )


def target_pose(target: Target) -> PoseStamped:
    """The target's position as a pose without rotation, in the camera's optical frame."""
    pose = PoseStamped(header=target.header)
    pose.pose.position = target.position
    return pose


def _overall(answers: Sequence[StepAnswer]) -> Status:
    statuses = {answer.grounding.status for answer in answers}
    for status in (Status.ERROR, Status.NOT_FOUND, Status.AMBIGUOUS):
        if status in statuses:
            return status
    return Status.FOUND


def _target(
    array: TargetArray, answer: StepAnswer, region: GroundedRegion, position: Position | None
) -> Target:
    x_min, y_min, x_max, y_max = (float(edge) for edge in region.box)
    target = Target(
        header=array.header,
        command_id=array.command_id,
        command=array.command,
        step=answer.step,
        role=answer.role,
        status=int(answer.grounding.status),
        reason=answer.grounding.reason,
        label=region.label,
        score=float(region.score),
        track_id=_UNTRACKED,
        box=BoundingBox(x_min=x_min, y_min=y_min, x_max=x_max, y_max=y_max),
    )
    if position is not None:
        target.has_position = True
        target.position = Point(**_axes(position.point))
        target.size = Vector3(**_axes(position.size))
    return target


def _axes(values: Sequence[float]) -> dict[str, float]:
    return {axis: float(value) for axis, value in zip("xyz", values, strict=True)}
