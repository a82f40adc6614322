from __future__ import annotations

from array import array

import pytest

pytest.importorskip("rclpy", reason="needs ROS 2")

from builtin_interfaces.msg import Time
from sensor_msgs.msg import Image
from std_msgs.msg import Header

from vlm_ros.nodes.frame_order import FrameOrder


def image(milliseconds: int, pixel: int = 0) -> Image:
    stamp = Time(sec=milliseconds // 1000, nanosec=milliseconds % 1000 * 1_000_000)
    return Image(header=Header(stamp=stamp), data=array("B", [pixel]))


@pytest.mark.parametrize(
    ("stamps", "admitted", "duplicates", "late", "jumps"),
    [
        ([100, 133, 166], [100, 133, 166], 0, 0, 0),
        ([100, 100, 133, 133], [100, 133], 2, 0, 0),
        ([100, 166, 133, 200], [100, 166, 200], 0, 1, 0),
        ([100, 166, 133, 166, 200], [100, 166, 200], 1, 1, 0),
        ([9000, 33, 66, 100], [9000, 33, 66, 100], 0, 0, 1),
        ([9000, 8500, 9001], [9000, 9001], 0, 1, 0),
        ([9000, 8499, 8530], [9000, 8499, 8530], 0, 0, 1),
        ([400, 10, 20, 30, 40, 50, 60], [400, 50, 60], 0, 4, 1),
        ([400, 10, 20, 30, 40, 410, 50, 60], [400, 410], 0, 6, 0),
        ([100, 3_600_000, 133, 166], [100, 3_600_000, 133, 166], 0, 0, 1),
        ([0, 0, 0], [0, 0, 0], 0, 0, 0),
        ([100, 0, 50, 133], [100, 0, 133], 0, 1, 0),
    ],
)
def test_images_pass_in_the_order_of_their_stamps(
    stamps: list[int], admitted: list[int], duplicates: int, late: int, jumps: int
) -> None:
    order = FrameOrder()
    assert [stamp for stamp in stamps if order.admits(image(stamp))] == admitted
    assert (order.duplicates, order.late, order.jumps) == (duplicates, late, jumps)


def test_another_picture_of_the_same_stamp_is_no_duplicate() -> None:
    order = FrameOrder()
    assert order.admits(image(100, pixel=1))
    assert order.admits(image(100, pixel=2))
    assert not order.admits(image(100, pixel=2))


def test_any_image_passes_once_the_others_are_forgotten() -> None:
    order = FrameOrder()
    assert order.admits(image(100))
    order.forget()
    assert order.admits(image(100))
    order.forget()
    assert order.admits(image(67))
    assert (order.duplicates, order.late, order.jumps) == (0, 0, 0)
