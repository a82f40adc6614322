from __future__ import annotations

import pytest

pytest.importorskip("rclpy", reason="needs ROS 2")

from builtin_interfaces.msg import Time
from std_msgs.msg import Header

from vlm_ros.geometry.depth import Position
from vlm_ros.grounding.result import Evidence, GroundedRegion, Grounding, Status
from vlm_ros.language import parse_command
from vlm_ros.msg import Target, TargetArray
from vlm_ros.nodes.messages import best_target, error_array, target_array, target_pose
from vlm_ros.pipeline import StepAnswer

HEADER = Header(stamp=Time(sec=7, nanosec=8), frame_id="camera_color_optical_frame")
COMMAND = parse_command("put the red cup in the blue bowl")
POSITION = Position(point=(0.1, -0.2, 0.9), size=(0.08, 0.1, 0.04))


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
    assert (cup.size.x, cup.size.y, cup.size.z) == (0.08, 0.1, 0.04)
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


def test_a_pose_is_the_position_unturned() -> None:
    pose = target_pose(array(found("target", "red cup", POSITION)).targets[0])
    assert pose.header is HEADER
    assert (pose.pose.position.x, pose.pose.position.z) == (0.1, 0.9)
    assert pose.pose.orientation.w == 1.0
