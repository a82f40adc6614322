from __future__ import annotations

import pytest

pytest.importorskip("rclpy", reason="needs ROS 2")
pytest.importorskip("vision_msgs", reason="vision_msgs is not installed")

from geometry_msgs.msg import Point, Quaternion, Vector3
from std_msgs.msg import Header

from vlm_ros.msg import BoundingBox, Target, TargetArray
from vlm_ros.nodes.detections import detections_2d, detections_3d

HEADER = Header(frame_id="camera_color_optical_frame")
CUP = Target(
    header=HEADER,
    label="red cup",
    score=0.5,
    track_id=7,
    box=BoundingBox(x_min=10.0, y_min=20.0, x_max=30.0, y_max=60.0),
    has_position=True,
    position=Point(x=0.1, y=0.2, z=0.9),
    orientation=Quaternion(x=1.0, w=0.0),
    size=Vector3(x=0.08, y=0.06, z=0.1),
)
BOWL = Target(header=HEADER, label="blue bowl", score=0.25, track_id=-1)
ARRAY = TargetArray(header=HEADER, targets=[CUP, BOWL], alternatives=[BOWL])


def test_every_target_is_a_detection_of_its_phrase() -> None:
    message = detections_2d(ARRAY)
    assert message.header == HEADER
    cup, bowl = message.detections
    assert (cup.bbox.center.position.x, cup.bbox.center.position.y) == (20.0, 40.0)
    assert (cup.bbox.size_x, cup.bbox.size_y) == (20.0, 40.0)
    assert cup.results[0].hypothesis.class_id == "red cup"
    assert cup.results[0].hypothesis.score == 0.5
    assert cup.results[0].pose.pose.position == CUP.position
    assert (cup.id, bowl.id) == ("7", "")


def test_only_what_has_a_place_is_a_detection_in_space() -> None:
    (cup,) = detections_3d(ARRAY).detections
    assert (cup.bbox.center.position, cup.bbox.center.orientation) == (
        CUP.position,
        CUP.orientation,
    )
    assert cup.bbox.size == CUP.size
    assert (cup.header, cup.id) == (HEADER, "7")
