"""Answers of the grounder as messages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from geometry_msgs.msg import Point, Pose, PoseStamped, Quaternion, Transform, Vector3
from std_msgs.msg import Header

from vlm_ros.geometry.position import Position
from vlm_ros.grounding.result import GroundedRegion, Status
from vlm_ros.language import Command
from vlm_ros.msg import BoundingBox, Target, TargetArray
from vlm_ros.nodes.clock import duration_message
from vlm_ros.nodes.images import encode_image
from vlm_ros.nodes.target_frame import moved
from vlm_ros.pipeline import StepAnswer
from vlm_ros.tracking import FrameTracks, LostTarget

_UNTRACKED = -1
_INSIDE = np.uint8(255)


@dataclass(frozen=True)
class ImageContext:
    """What is known of an image beside the answers.

    Attributes:
        camera: name of the camera that took it.
        no_depth: why it has no depth; empty where it has.
        tracks: who is who in it.
        masks: whether to send the masks of targets.
    """

    camera: str = ""
    no_depth: str = ""
    tracks: FrameTracks = field(default_factory=FrameTracks)
    masks: bool = False


def target_array(
    answers: Sequence[StepAnswer],
    command: Command,
    command_id: str,
    header: Header,
    context: ImageContext | None = None,
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
        context: what else is known of the image.
    """
    context = context or ImageContext()
    status = _overall(answers)
    decisive = [answer for answer in answers if answer.grounding.status == status]
    message = TargetArray(
        header=header,
        camera=context.camera,
        command_id=command_id,
        command=command.text,
        status=int(status),
        reason=" ".join(answer.grounding.reason for answer in decisive),
        question=decisive[0].grounding.question,
    )
    if status == Status.FOUND:
        message.targets = [
            _found(message, answer, place, context)
            for answer in answers
            for place in range(len(answer.grounding.targets))
        ]
    message.alternatives = [
        _target(message, answer, region, context.tracks)
        for answer in decisive
        for region in answer.grounding.alternatives
    ]
    message.lost = [_lost(message, target) for target in context.tracks.lost]
    return message


def error_array(
    reason: str, command: str, command_id: str, header: Header, camera: str = ""
) -> TargetArray:
    """The news that an image or a command could not be used."""
    return TargetArray(
        header=header,
        camera=camera,
        command_id=command_id,
        command=command,
        status=Target.ERROR,
        reason=reason,
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
        camera=array.camera,
        command_id=array.command_id,
        command=array.command,
        role="target",
        status=array.status,
        reason=array.reason,
        label=command.steps[0].target.text if command is not None else "",
        track_id=_UNTRACKED,
    )


def target_pose(target: Target, target_frame: str) -> PoseStamped | None:
    """The pose of a target's box, with the stamp of the image; None where it is not known.

    Args:
        target: any.
        target_frame: that poses were asked for in; empty for the camera's optical frame.
    """
    if target_frame:
        return target.pose if target.pose.header.frame_id else None
    if not target.has_position:
        return None
    return PoseStamped(header=target.header, pose=_pose(target))


def placed(target: Target, target_frame: str, transform: Transform) -> PoseStamped:
    """The pose of a target's box in the frame that a transform leads to from the camera's."""
    header = Header(stamp=target.header.stamp, frame_id=target_frame)
    return PoseStamped(header=header, pose=moved(_pose(target), transform))


def _overall(answers: Sequence[StepAnswer]) -> Status:
    statuses = {answer.grounding.status for answer in answers}
    for status in (Status.ERROR, Status.NOT_FOUND, Status.AMBIGUOUS):
        if status in statuses:
            return status
    return Status.FOUND


def _found(array: TargetArray, answer: StepAnswer, place: int, context: ImageContext) -> Target:
    """A target of a phrase that is found."""
    target = _target(array, answer, answer.grounding.targets[place], context.tracks)
    position = answer.positions[place]
    if position is not None:
        _put(target, position)
    elif context.no_depth:
        target.reason = f"{target.reason} It has no position: {context.no_depth}"
    else:
        target.reason = f"{target.reason} It has no position: too little depth was measured on it."
    mask = answer.masks[place] if context.masks and answer.masks else None
    if mask is not None:
        target.mask = encode_image(mask.astype(np.uint8) * _INSIDE, array.header)
    return target


def _target(
    array: TargetArray, answer: StepAnswer, region: GroundedRegion, tracks: FrameTracks
) -> Target:
    target = _part(array, answer.step, answer.role)
    target.status = int(answer.grounding.status)
    target.reason = answer.grounding.reason
    target.label = region.label
    target.score = float(region.score)
    target.box = _box(region.box)
    track = tracks.seen.get(region.region)
    if track is not None:
        target.track_id = track.track_id
        target.unseen = duration_message(track.unseen)
    return target


def _lost(array: TargetArray, lost: LostTarget) -> Target:
    """Where a target that is not in the image is thought to be."""
    target = _part(array, lost.step, lost.role)
    target.status = Target.NOT_FOUND
    target.reason = f"The {lost.label} was last seen {lost.unseen:.1f} s ago."
    target.label = lost.label
    target.score = float(lost.score)
    target.track_id = lost.track_id
    target.unseen = duration_message(lost.unseen)
    target.box = _box(lost.box)
    if lost.position is not None:
        _put(target, lost.position)
    return target


def _part(array: TargetArray, step: int, role: str) -> Target:
    return Target(
        header=array.header,
        camera=array.camera,
        command_id=array.command_id,
        command=array.command,
        step=step,
        role=role,
        track_id=_UNTRACKED,
    )


def _put(target: Target, position: Position) -> None:
    """Say where a target is."""
    target.has_position = True
    target.position = Point(**_axes(position.centre))
    x, y, z, w = position.orientation
    target.orientation = Quaternion(x=x, y=y, z=z, w=w)
    target.size = Vector3(**_axes(position.size))
    target.surface = Point(**_axes(position.surface))


def _pose(target: Target) -> Pose:
    return Pose(position=target.position, orientation=target.orientation)


def _box(edges: Sequence[float]) -> BoundingBox:
    x_min, y_min, x_max, y_max = map(float, edges)
    return BoundingBox(x_min=x_min, y_min=y_min, x_max=x_max, y_max=y_max)


def _axes(values: Sequence[float]) -> dict[str, float]:
    return {axis: float(value) for axis, value in zip("xyz", values, strict=True)}
