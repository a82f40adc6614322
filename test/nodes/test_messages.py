from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="needs ROS 2")

from builtin_interfaces.msg import Time
from geometry_msgs.msg import Transform, Vector3
from std_msgs.msg import Header

from vlm_ros.geometry.position import Position
from vlm_ros.grounding.result import Evidence, GroundedRegion, Grounding, Status
from vlm_ros.language import parse_command
from vlm_ros.msg import Target, TargetArray
from vlm_ros.nodes.images import decode_colour
from vlm_ros.nodes.messages import (
    ImageContext,
    best_target,
    error_array,
    placed,
    target_array,
    target_pose,
)
from vlm_ros.pipeline import StepAnswer
from vlm_ros.tracking import FrameTracks, LostTarget, Tracked

HEADER = Header(stamp=Time(sec=7, nanosec=8), frame_id="camera_color_optical_frame")
COMMAND = parse_command("put the red cup in the blue bowl")
POSITION = Position(
    centre=(0.1, -0.2, 0.9),
    orientation=(0.0, 0.6, 0.0, 0.8),
    size=(0.08, 0.1, 0.04),
    surface=(0.1, -0.21, 0.88),
)


def region(label: str, score: float = 0.9) -> GroundedRegion:
    return GroundedRegion(0, label, score, (10.5, 20.0, 30.0, 40.25), Evidence(noun=score))


def found(role: str, label: str, position: Position | None = None) -> StepAnswer:
    grounding = Grounding(Status.FOUND, (region(label),), (), f"{label} found.")
    return StepAnswer(0, role, grounding, (position,))


def missing(status: Status, role: str, label: str, question: str = "") -> StepAnswer:
    grounding = Grounding(status, (), (region(label, 0.2),), f"{label} missing.", question)
    return StepAnswer(0, role, grounding, ())


def array(*answers: StepAnswer) -> TargetArray:
    return target_array(answers, COMMAND, "id-1", HEADER)


def test_found_carries_everything_that_is_known() -> None:
    message = array(found("target", "red cup", POSITION), found("destination", "blue bowl"))
    assert message.header is HEADER
    assert (message.command, message.command_id) == (COMMAND.text, "id-1")
    assert message.status == Target.FOUND
    assert message.question == ""
    assert not message.alternatives
    cup, bowl = message.targets
    assert (cup.label, cup.role, cup.step) == ("red cup", "target", 0)
    assert (bowl.label, bowl.role) == ("blue bowl", "destination")
    assert cup.header is HEADER
    assert cup.score == pytest.approx(0.9)
    assert (cup.box.x_min, cup.box.y_min, cup.box.x_max, cup.box.y_max) == (10.5, 20.0, 30.0, 40.25)
    assert cup.has_position
    assert (cup.position.x, cup.position.y, cup.position.z) == (0.1, -0.2, 0.9)
    assert (cup.orientation.x, cup.orientation.y, cup.orientation.w) == (0.0, 0.6, 0.8)
    assert (cup.size.x, cup.size.y, cup.size.z) == (0.08, 0.1, 0.04)
    assert (cup.surface.x, cup.surface.y, cup.surface.z) == (0.1, -0.21, 0.88)
    assert cup.reason == "red cup found."
    assert not bowl.has_position
    assert cup.track_id == -1


@pytest.mark.parametrize(
    ("first", "second", "whole"),
    [
        (Status.FOUND, Status.FOUND, Target.FOUND),
        (Status.FOUND, Status.AMBIGUOUS, Target.AMBIGUOUS),
        (Status.AMBIGUOUS, Status.FOUND, Target.AMBIGUOUS),
        (Status.AMBIGUOUS, Status.NOT_FOUND, Target.NOT_FOUND),
        (Status.NOT_FOUND, Status.FOUND, Target.NOT_FOUND),
    ],
)
def test_the_whole_is_found_only_if_every_part_is(
    first: Status, second: Status, whole: int
) -> None:
    def answer(status: Status, role: str) -> StepAnswer:
        if status is Status.FOUND:
            return found(role, role)
        return missing(status, role, role)

    message = array(answer(first, "target"), answer(second, "destination"))
    assert message.status == whole
    assert bool(message.targets) == (whole == Target.FOUND)


def test_the_part_that_decides_gives_reason_question_and_candidates() -> None:
    message = array(
        found("target", "red cup"),
        missing(Status.AMBIGUOUS, "destination", "blue bowl", "The left or the right one?"),
    )
    assert message.reason == "blue bowl missing."
    assert message.question == "The left or the right one?"
    assert [(t.label, t.role, t.status) for t in message.alternatives] == [
        ("blue bowl", "destination", Target.AMBIGUOUS)
    ]


def test_the_best_target_is_the_first() -> None:
    message = array(found("target", "red cup"), found("destination", "blue bowl"))
    assert best_target(message, COMMAND).label == "red cup"


def test_without_targets_the_best_target_says_why() -> None:
    target = best_target(array(missing(Status.NOT_FOUND, "target", "red cup")), COMMAND)
    assert target.status == Target.NOT_FOUND
    assert target.reason == "red cup missing."
    assert (target.label, target.role, target.command_id) == ("red cup", "target", "id-1")
    assert target.header is HEADER
    assert target.box.x_max == 0.0


def test_a_command_that_cannot_be_read_has_no_label() -> None:
    target = best_target(error_array("Nothing was said.", "", "id-2", Header()), None)
    assert (target.status, target.reason, target.label) == (Target.ERROR, "Nothing was said.", "")


CUP_TRACK = LostTarget(0, "target", "red cup", 0.7, 3, 1.25, (1.0, 2.0, 3.0, 4.0), POSITION)


def test_who_is_who_is_told_of_targets_and_alternatives() -> None:
    tracks = FrameTracks(seen={0: Tracked(5, 0.25)})
    context = ImageContext(tracks=tracks)
    cup = target_array([found("target", "red cup")], COMMAND, "id", HEADER, context).targets[0]
    assert (cup.track_id, cup.unseen.sec, cup.unseen.nanosec) == (5, 0, 250_000_000)
    unclear = missing(Status.AMBIGUOUS, "target", "red cup")
    array = target_array([unclear], COMMAND, "id", HEADER, context)
    assert [target.track_id for target in array.alternatives] == [5]


def test_a_lost_target_is_where_it_is_thought_to_be() -> None:
    context = ImageContext(camera="front", tracks=FrameTracks(lost=(CUP_TRACK,)))
    unclear = missing(Status.NOT_FOUND, "target", "red cup")
    array = target_array([unclear], COMMAND, "id", HEADER, context)
    (cup,) = array.lost
    assert (cup.status, cup.label, cup.track_id) == (Target.NOT_FOUND, "red cup", 3)
    assert (cup.unseen.sec, cup.unseen.nanosec) == (1, 250_000_000)
    assert "1.2 s ago" in cup.reason
    assert (cup.box.x_min, cup.box.y_max) == (1.0, 4.0)
    assert cup.has_position
    assert cup.position.z == 0.9
    assert (cup.header, cup.camera, cup.command) == (HEADER, "front", COMMAND.text)


@pytest.mark.parametrize(
    ("no_depth", "words"),
    [("No depth comes.", "It has no position: No depth comes."), ("", "too little depth")],
)
def test_a_target_without_position_says_why(no_depth: str, words: str) -> None:
    context = ImageContext(no_depth=no_depth)
    cup = target_array([found("target", "red cup")], COMMAND, "id", HEADER, context).targets[0]
    assert not cup.has_position
    assert cup.reason.startswith("red cup found. ")
    assert words in cup.reason


@pytest.mark.parametrize("masks", [True, False])
def test_a_mask_is_sent_where_it_is_asked_for(masks: bool) -> None:
    mask = np.zeros((4, 6), bool)
    mask[1:3, 2:5] = True
    answer = replace(found("target", "red cup", POSITION), masks=(mask,))
    context = ImageContext(masks=masks)
    image = target_array([answer], COMMAND, "id", HEADER, context).targets[0].mask
    if masks:
        assert (image.encoding, image.width, image.height) == ("mono8", 6, 4)
        assert np.array_equal(decode_colour(image)[..., 0], mask * np.uint8(255))
    else:
        assert len(image.data) == 0


def test_a_pose_is_that_of_the_box() -> None:
    pose = target_pose(array(found("target", "red cup", POSITION)).targets[0], "")
    assert pose is not None
    assert pose.header is HEADER
    assert (pose.pose.position.x, pose.pose.position.z) == (0.1, 0.9)
    assert (pose.pose.orientation.y, pose.pose.orientation.w) == (0.6, 0.8)


def test_a_pose_in_a_target_frame_is_that_or_none() -> None:
    target = array(found("target", "red cup", POSITION)).targets[0]
    assert target_pose(target, "base_link") is None
    shift = Transform(translation=Vector3(x=1.0))
    target.pose = placed(target, "base_link", shift)
    pose = target_pose(target, "base_link")
    assert pose is not None
    assert (pose.header.frame_id, pose.header.stamp) == ("base_link", HEADER.stamp)
    assert pose.pose.position.x == pytest.approx(1.1)


def test_what_has_no_position_has_no_pose() -> None:
    assert target_pose(array(found("target", "red cup")).targets[0], "") is None
