"""Middles of surfaces in ray-cast scenes whose truth is known, and in a real robot's frame."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from vlm_ros.geometry.camera import Distortion, Intrinsics, deproject, project
from vlm_ros.geometry.surfaces import surface_points

CAMERA = Intrinsics(640, 480, 600.0, 600.0, 319.5, 239.5)
ROBOT_FRAME = Path(__file__).parents[2].parent / "shared" / "data" / "arc2017"


def rays() -> NDArray[np.float64]:
    x, y = np.meshgrid(np.arange(CAMERA.width), np.arange(CAMERA.height))
    return deproject(np.stack([x, y], axis=-1), np.ones(x.shape), CAMERA)


def table(distance: float = 0.8, tilt_degrees: float = 50.0) -> NDArray[np.float64]:
    """Depth of a table seen at an angle, its point on the optical axis at a distance."""
    tilt = np.radians(tilt_degrees)
    normal = np.array([0.0, -np.sin(tilt), -np.cos(tilt)])
    return np.asarray(-distance * np.cos(tilt) / (rays() @ normal), np.float64)


def ball(depth: NDArray[np.float64], centre: tuple[float, ...], radius: float) -> NDArray[np.bool_]:
    """Draws a ball into a depth image; returns its visible pixels."""
    direction = rays()
    a = (direction**2).sum(axis=-1)
    b = direction @ np.array(centre)
    c = np.dot(centre, centre) - radius**2
    root = b**2 - a * c
    hit = np.where(root > 0, (b - np.sqrt(np.maximum(root, 0))) / a, np.inf)
    seen = hit < depth
    depth[seen] = hit[seen]
    return seen


def board(depth: NDArray[np.float64], box: tuple[int, ...], distance: float) -> None:
    """Draws a flat thing that faces the camera."""
    left, top, right, bottom = box
    window = depth[top:bottom, left:right]
    np.minimum(window, distance, out=window)


def box_of(mask: NDArray[np.bool_]) -> tuple[float, float, float, float]:
    rows, columns = np.nonzero(mask)
    return (
        float(columns.min()),
        float(rows.min()),
        float(columns.max() + 1),
        float(rows.max() + 1),
    )


def surface_centre(depth: NDArray[np.float64], mask: NDArray[np.bool_]) -> NDArray[np.float64]:
    rows, columns = np.nonzero(mask)
    points = deproject(np.stack([columns, rows], axis=-1), depth[mask], CAMERA)
    return np.asarray(np.median(points, axis=0), np.float64)


@pytest.mark.parametrize("distance", [0.5, 0.8, 1.0])
@pytest.mark.parametrize("radius", [0.025, 0.05])
def test_ball_on_a_table(distance: float, radius: float) -> None:
    depth = table(distance)
    centre = (0.05, 0.0, distance - radius / np.cos(np.radians(50)))
    mask = ball(depth, centre, radius)
    point = surface_points(depth.astype(np.float32), [box_of(mask)], CAMERA)[0]
    assert np.linalg.norm(point - surface_centre(depth, mask)) < 0.008


def test_holes_and_noise_change_little() -> None:
    random = np.random.default_rng(3)
    depth = table()
    mask = ball(depth, (-0.1, -0.02, 0.72), 0.05)
    truth = surface_centre(depth, mask)
    noisy = depth + random.normal(0, 0.003, depth.shape)
    noisy[random.uniform(size=depth.shape) < 0.25] = np.nan
    noisy[random.uniform(size=depth.shape) < 0.25] = 0.0
    noisy[random.uniform(size=depth.shape) < 0.02] = np.inf
    point = surface_points(noisy.astype(np.float32), [box_of(mask)], CAMERA)[0]
    assert np.linalg.norm(point - truth) < 0.012


def test_occluder_over_a_corner_is_left_out() -> None:
    depth = table()
    mask = ball(depth, (0.0, -0.02, 0.72), 0.06)
    left, top, right, bottom = (int(edge) for edge in box_of(mask))
    board(depth, (left, bottom - (bottom - top) // 3, (left + right) // 2, bottom), 0.45)
    truth = surface_centre(depth, mask & (depth > 0.5))
    point = surface_points(depth.astype(np.float32), [(left, top, right, bottom)], CAMERA)[0]
    assert np.linalg.norm(point - truth) < 0.01


def test_wall_far_behind_is_left_out() -> None:
    depth = np.full((480, 640), 2.5)
    mask = ball(depth, (0.1, 0.1, 0.7), 0.05)
    point = surface_points(depth.astype(np.float32), [box_of(mask)], CAMERA)[0]
    assert np.linalg.norm(point - surface_centre(depth, mask)) < 0.003


def test_flat_thing_on_a_table_lies_on_it() -> None:
    depth = table()
    point = surface_points(depth.astype(np.float32), [(280, 200, 360, 280)], CAMERA)[0]
    assert np.linalg.norm(point - np.array([0.0, 0.0, 0.8])) < 0.01


@pytest.mark.parametrize(
    "box",
    [
        (10, 10, 10, 50),
        (50, 50, 20, 20),
        (-90, -90, -10, -10),
        (700, 500, 900, 600),
        (np.nan, 0, 50, 50),
        (0, 0, np.inf, 50),
    ],
)
def test_no_point_for_a_box_without_pixels(box: tuple[float, ...]) -> None:
    assert np.isnan(surface_points(table().astype(np.float32), [box], CAMERA)).all()


@pytest.mark.parametrize("fill", [np.nan, 0.0, -1.0, np.inf])
def test_no_point_without_depth(fill: float) -> None:
    depth = np.full((480, 640), fill, np.float32)
    assert np.isnan(surface_points(depth, [(100, 100, 200, 200)], CAMERA)).all()
    depth[100:102, 100:105] = 0.8
    assert np.isnan(surface_points(depth, [(100, 100, 200, 200)], CAMERA)).all()


def test_many_boxes_are_looked_at_as_each_alone() -> None:
    depth = table()
    boxes: list[tuple[float, ...]] = []
    for x, radius in ((-0.25, 0.03), (-0.1, 0.05), (0.1, 0.02), (0.25, 0.06)):
        boxes.append(box_of(ball(depth, (x, 0.0, 0.72), radius)))
    depth[:40] = np.nan
    boxes += [(50, 50, 20, 20), (10, 5, 60, 30), (300, 440, 700, 900), (np.nan, 0, 50, 50)]
    measured = depth.astype(np.float32)
    together = surface_points(measured, boxes, CAMERA)
    alone = np.concatenate([surface_points(measured, [box], CAMERA) for box in boxes])
    np.testing.assert_array_equal(together, alone)
    unknown = np.isnan(together).all(axis=1).tolist()
    assert unknown == [*[False] * 4, True, True, False, True]
    assert surface_points(measured, np.zeros((0, 4)), CAMERA).shape == (0, 3)


def test_a_lens_is_undone() -> None:
    """What a distorted camera sees at a pixel is where its ray goes, not a pinhole's."""
    lens = Distortion("plumb_bob", (-0.3, 0.1, 0.0, 0.0, 0.0))
    camera = Intrinsics(640, 480, 400.0, 400.0, 319.5, 239.5, lens)
    centre = np.array([0.35, 0.25, 0.8])
    corner = np.array([0.03, 0.03, 0.0])
    left, top = project(centre - corner, camera)
    right, bottom = project(centre + corner, camera)
    depth = np.full((480, 640), 1.2, np.float32)
    depth[round(top) : round(bottom), round(left) : round(right)] = 0.8
    boxes = [(left, top, right, bottom)]
    assert surface_points(depth, boxes, camera)[0] == pytest.approx(centre, abs=0.004)
    pinhole = Intrinsics(640, 480, 400.0, 400.0, 319.5, 239.5)
    assert np.linalg.norm(surface_points(depth, boxes, pinhole)[0] - centre) > 0.03


@pytest.mark.skipif(not ROBOT_FRAME.is_dir(), reason="the robot's frame is not on this machine")
def test_real_frame() -> None:
    data = np.load(ROBOT_FRAME / "data.npz")
    k = json.loads((ROBOT_FRAME / "camera_info.json").read_text())["K"]
    camera = Intrinsics(640, 480, k[0], k[4], k[2], k[5])
    errors = []
    for (top, left, bottom, right), mask in zip(data["bboxes"], data["masks"], strict=True):
        point = surface_points(data["depth"], [(left, top, right, bottom)], camera)[0]
        rows, columns = np.nonzero((mask == 1) & np.isfinite(data["depth"]))
        points = deproject(np.stack([columns, rows], axis=-1), data["depth"][rows, columns], camera)
        errors.append(float(np.linalg.norm(point - np.median(points, axis=0))))
    # A box half covered by another thing in the heap cannot be told apart without a mask.
    assert np.median(errors) < 0.02
