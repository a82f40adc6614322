from __future__ import annotations

import pytest

pytest.importorskip("rclpy", reason="needs ROS 2")

from vlm_ros.action import Ground
from vlm_ros.msg import Target, TargetArray
from vlm_ros.nodes.ground_goal import GoalEnd, GroundGoal

FOUND, AMBIGUOUS, NOT_FOUND = Target.FOUND, Target.AMBIGUOUS, Target.NOT_FOUND


class Recorded:
    """A goal and everything it reports."""

    def __init__(self, confirm_frames: int = 1) -> None:
        self.feedback: list[Ground.Feedback] = []
        self.ends: list[GoalEnd] = []
        self.goal = GroundGoal("the cup", confirm_frames, self.feedback.append, self.ends.append)

    def see(self, *statuses: int) -> Recorded:
        for status in statuses:
            self.goal.answered(TargetArray(status=status, reason=f"reason {status}"))
        return self


@pytest.mark.parametrize(
    ("confirm_frames", "statuses", "ended_after"),
    [
        (1, [FOUND], 1),
        (1, [NOT_FOUND, AMBIGUOUS, FOUND, FOUND], 3),
        (2, [FOUND, NOT_FOUND, FOUND], None),
        (2, [FOUND, NOT_FOUND, FOUND, FOUND], 4),
        (3, [FOUND, FOUND], None),
    ],
)
def test_a_goal_succeeds_once_enough_frames_in_a_row_say_found(
    confirm_frames: int, statuses: list[int], ended_after: int | None
) -> None:
    recorded = Recorded(confirm_frames).see(*statuses)
    if ended_after is None:
        assert not recorded.ends
    else:
        assert recorded.ends == [GoalEnd(Ground.Result.NONE, "")]
        assert recorded.feedback[-1].frames == ended_after
        assert recorded.goal.result().grounding.status == FOUND


def test_an_unreadable_frame_breaks_the_row() -> None:
    recorded = Recorded(2).see(FOUND)
    recorded.goal.unreadable("", "It is torn.")
    assert not recorded.see(FOUND).ends
    assert recorded.see(FOUND).ends


def test_frames_in_a_row_are_those_of_one_camera() -> None:
    recorded = Recorded(2)
    for camera in ("front", "wrist", "front"):
        assert not recorded.ends
        recorded.goal.answered(TargetArray(camera=camera, status=FOUND))
    assert recorded.ends == [GoalEnd(Ground.Result.NONE)]
    assert recorded.goal.result().grounding.camera == "front"


def test_of_several_cameras_the_one_that_came_nearest_tells() -> None:
    recorded = Recorded()
    for camera, status in [("front", AMBIGUOUS), ("wrist", NOT_FOUND), ("rear", Target.ERROR)]:
        recorded.goal.answered(TargetArray(camera=camera, status=status, reason=camera))
    recorded.goal.time_up("'camera'")
    result = recorded.goal.result()
    assert (result.error_code, result.grounding.camera) == (Ground.Result.AMBIGUOUS, "front")


def test_what_is_found_without_the_pose_that_was_asked_for_is_not_enough() -> None:
    recorded = Recorded()
    recorded.goal.answered(TargetArray(status=FOUND), "There is no transform to 'map'.")
    assert not recorded.ends
    recorded.goal.time_up("'camera'")
    result = recorded.goal.result()
    assert result.error_code == Ground.Result.TF_ERROR
    assert "There is no transform to 'map'." in result.error_msg
    assert result.grounding.status == FOUND


@pytest.mark.parametrize(
    ("statuses", "unreadable", "code", "words"),
    [
        ([], "", Ground.Result.NO_IMAGE, "'camera'"),
        ([], "It is torn.", Ground.Result.INVALID_IMAGE, "It is torn."),
        ([NOT_FOUND], "It is torn.", Ground.Result.TIMEOUT, f"reason {NOT_FOUND}"),
        ([FOUND, NOT_FOUND], "", Ground.Result.TIMEOUT, f"reason {NOT_FOUND}"),
        ([NOT_FOUND, AMBIGUOUS], "", Ground.Result.AMBIGUOUS, f"reason {AMBIGUOUS}"),
        ([FOUND], "", Ground.Result.TIMEOUT, "5 frames in a row"),
    ],
)
def test_the_end_of_the_time_says_how_far_it_came(
    statuses: list[int], unreadable: str, code: int, words: str
) -> None:
    recorded = Recorded(confirm_frames=5).see(*statuses)
    if unreadable:
        recorded.goal.unreadable("", unreadable)
    recorded.goal.time_up("'camera'")
    result = recorded.goal.result()
    assert result.error_code == code
    assert words in result.error_msg
    assert result.grounding.status == (statuses[-1] if statuses else Target.ERROR)


def test_only_the_first_end_counts() -> None:
    recorded = Recorded()
    recorded.goal.end(Ground.Result.CANCELLED, "Enough.")
    recorded.see(FOUND).goal.time_up("'camera'")
    assert recorded.ends == [GoalEnd(Ground.Result.CANCELLED, "Enough.")]
    assert not recorded.feedback
