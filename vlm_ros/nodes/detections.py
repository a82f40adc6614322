"""Answers as the detections of vision_msgs, where that package is installed."""

from __future__ import annotations

import importlib.util
from typing import Any

from geometry_msgs.msg import Pose

from vlm_ros.msg import Target, TargetArray


def vision_msgs_installed() -> bool:
    """Whether the messages below exist here."""
    return importlib.util.find_spec("vision_msgs") is not None


def detections_2d(array: TargetArray) -> Any:
    """The targets of an image as a vision_msgs/Detection2DArray: boxes in pixels.

    The class of a detection is the phrase that it answers, its id that of its track.
    """
    from vision_msgs.msg import BoundingBox2D, Detection2D, Detection2DArray

    message = Detection2DArray(header=array.header)
    for target in array.targets:
        box, bounds = target.box, BoundingBox2D()
        bounds.center.position.x = (box.x_min + box.x_max) / 2.0
        bounds.center.position.y = (box.y_min + box.y_max) / 2.0
        bounds.size_x, bounds.size_y = box.x_max - box.x_min, box.y_max - box.y_min
        message.detections.append(
            Detection2D(
                header=array.header,
                results=[_hypothesis(target)],
                bbox=bounds,
                id=_identity(target),
            )
        )
    return message


def detections_3d(array: TargetArray) -> Any:
    """The targets that have a position as a vision_msgs/Detection3DArray.

    Oriented boxes, metres, in the header's frame, the camera's optical one.
    """
    from vision_msgs.msg import BoundingBox3D, Detection3D, Detection3DArray

    message = Detection3DArray(header=array.header)
    for target in array.targets:
        if target.has_position:
            centre = Pose(position=target.position, orientation=target.orientation)
            message.detections.append(
                Detection3D(
                    header=array.header,
                    results=[_hypothesis(target)],
                    bbox=BoundingBox3D(center=centre, size=target.size),
                    id=_identity(target),
                )
            )
    return message


def _hypothesis(target: Target) -> Any:
    from vision_msgs.msg import ObjectHypothesis, ObjectHypothesisWithPose

    result = ObjectHypothesisWithPose(
        hypothesis=ObjectHypothesis(class_id=target.label, score=float(target.score))
    )
    if target.has_position:
        result.pose.pose = Pose(position=target.position, orientation=target.orientation)
    return result


def _identity(target: Target) -> str:
    return str(target.track_id) if target.track_id >= 0 else ""
