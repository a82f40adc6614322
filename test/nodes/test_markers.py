from __future__ import annotations

import pytest

pytest.importorskip("rclpy", reason="needs ROS 2")

from geometry_msgs.msg import Point, Quaternion, Vector3
from std_msgs.msg import Header
from visualization_msgs.msg import Marker

from vlm_ros.msg import Target, TargetArray
from vlm_ros.nodes.markers import Markers

HEADER = Header(frame_id="camera_color_optical_frame")
# Half a turn about x: the box's z axis points up in the picture.
UPSIDE = Quaternion(x=1.0, w=0.0)


def target(role: str = "target", camera: str = "", has_position: bool = True) -> Target:
    return Target(
        header=HEADER,
        camera=camera,
        role=role,
        label="red cup",
        score=0.875,
        track_id=4,
        has_position=has_position,
        position=Point(x=0.1, y=0.2, z=0.9),
        orientation=UPSIDE,
        size=Vector3(x=0.08, y=0.06, z=0.1),
    )


def answer(*targets: Target, camera: str = "", lost: tuple[Target, ...] = ()) -> TargetArray:
    return TargetArray(header=HEADER, camera=camera, targets=targets, lost=lost)


def named(markers: list[Marker], action: int) -> list[tuple[str, int]]:
    return [(marker.ns, marker.id) for marker in markers if marker.action == action]


def test_a_target_is_a_box_with_axes_and_a_label() -> None:
    box, axes, label = Markers().of(answer(target())).markers
    assert {marker.header.frame_id for marker in (box, axes, label)} == {HEADER.frame_id}
    assert box.type == Marker.CUBE
    assert (box.pose.position, box.pose.orientation) == (target().position, UPSIDE)
    assert (box.scale.x, box.scale.y, box.scale.z) == (0.08, 0.06, 0.1)
    assert axes.type == Marker.LINE_LIST
    assert len(axes.points) == len(axes.colors) == 6
    assert label.type == Marker.TEXT_VIEW_FACING
    assert label.text == "red cup #4 0.88"
    # Half a turn about x lets the box's z axis point to smaller z: the label is beyond its top.
    assert label.pose.position.z < 0.9 - 0.05
    assert label.scale.z > 0.0


def test_what_has_no_place_has_no_marker() -> None:
    assert not Markers().of(answer(target(has_position=False))).markers


def test_roles_and_lost_targets_have_colours_of_their_own() -> None:
    message = Markers().of(answer(target(), target("destination"), lost=(target(),)))
    boxes = [marker for marker in message.markers if marker.ns == "box"]
    assert [marker.id for marker in boxes] == [0, 1, 2]
    assert len({(b.color.r, b.color.g, b.color.b) for b in boxes}) == 3
    assert boxes[2].color.a < boxes[0].color.a


def test_what_is_gone_is_removed_once() -> None:
    markers = Markers()
    markers.of(answer(target(), target()))
    first = markers.of(answer(target()))
    assert named(first.markers, Marker.ADD) == [("box", 0), ("axes", 0), ("label", 0)]
    assert named(first.markers, Marker.DELETE) == [("axes", 1), ("box", 1), ("label", 1)]
    assert not named(markers.of(answer(target())).markers, Marker.DELETE)


def test_cameras_do_not_remove_each_others_markers() -> None:
    markers = Markers()
    markers.of(answer(target(camera="front"), camera="front"))
    assert not named(markers.of(answer(camera="wrist")).markers, Marker.DELETE)
    removed = named(markers.removed().markers, Marker.DELETE)
    assert removed == [("front/axes", 0), ("front/box", 0), ("front/label", 0)]
    assert not markers.removed().markers
