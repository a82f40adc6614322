"""The size of a vision graph's input for images of every shape."""

from __future__ import annotations

from dataclasses import replace

import pytest

from vlm_ros.models import bundled_model, read_spec
from vlm_ros.models.folder import VisionSpec
from vlm_ros.models.input_shape import STEP, input_shape_of

OPEN = (1, 3, "rows", "columns")


@pytest.fixture(scope="module")
def spec() -> VisionSpec:
    return replace(read_spec(bundled_model()).vision, width=640, height=480)


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        ((640, 480), (640, 480)),
        ((4032, 3024), (640, 480)),
        ((480, 640), (480, 640)),
        ((640, 640), (544, 544)),
        ((1280, 720), (736, 416)),
        ((1080, 1920), (416, 736)),
    ],
)
def test_it_is_shaped_like_the_image(
    spec: VisionSpec, image: tuple[int, int], expected: tuple[int, int]
) -> None:
    assert input_shape_of(spec, OPEN)(*image) == expected


@pytest.mark.parametrize(
    "image", [(1, 1), (1, 5000), (5000, 3), (333, 517), (1920, 1200), (64, 48)]
)
def test_it_costs_no_more_and_shows_no_less(spec: VisionSpec, image: tuple[int, int]) -> None:
    width, height = input_shape_of(spec, OPEN)(*image)
    assert width % STEP == height % STEP == 0
    assert 0 < width * height <= 640 * 480
    shown = min(width / image[0], height / image[1])
    assert shown >= min(640 / image[0], 480 / image[1])


def test_a_graph_of_one_size_keeps_it(spec: VisionSpec) -> None:
    assert input_shape_of(spec, (1, 3, 480, 640))(480, 640) == (640, 480)
