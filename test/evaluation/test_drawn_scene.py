"""The drawn table is good enough to measure on."""

from __future__ import annotations

import numpy as np

from vlm_ros.evaluation.drawn_scene import HEIGHT, WIDTH, draw_scene
from vlm_ros.geometry.surfaces import surface_points
from vlm_ros.models import bundled_model, load_model


def test_it_is_the_same_everywhere() -> None:
    one, again = draw_scene(), draw_scene()
    assert one.image.shape == (HEIGHT, WIDTH, 3) and one.image.dtype == np.uint8
    np.testing.assert_array_equal(one.image, again.image)
    np.testing.assert_array_equal(one.depth, again.depth)


def test_it_is_as_full_as_a_real_table() -> None:
    """Else what a frame costs beside the vision pass would be measured too low."""
    scene = draw_scene()
    regions = load_model(bundled_model()).regions(scene.image, ())
    assert len(regions) >= 12
    points = surface_points(scene.depth, regions.boxes, scene.intrinsics)
    assert np.isfinite(points).all(axis=1).sum() >= 12
