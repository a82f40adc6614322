from __future__ import annotations

import numpy as np
import pytest

from vlm_ros.errors import ImageError
from vlm_ros.geometry.camera import Distortion, Intrinsics, deproject, project, slopes

CAMERA = Intrinsics(640, 480, 600.0, 610.0, 319.5, 239.5)
LENSES = {
    "brown": Distortion("plumb_bob", (-0.28, 0.07, 0.0008, -0.0005, 0.0)),
    "four numbers": Distortion("plumb_bob", (-0.1, 0.02, 0.0, 0.0)),
    "ratio": Distortion("rational_polynomial", (-0.25, 0.05, 0.0005, 0.0, 0.0, 0.02, 0.01, 0.0)),
    "fisheye": Distortion("equidistant", (-0.01, 0.02, -0.015, 0.004)),
    "plain fisheye": Distortion("equidistant", (0.0, 0.0, 0.0, 0.0)),
}


@pytest.fixture(params=list(LENSES.values()), ids=list(LENSES))
def lens(request: pytest.FixtureRequest) -> Intrinsics:
    distortion: Distortion = request.param
    return Intrinsics(640, 480, 420.0, 425.0, 322.0, 237.0, distortion)


def test_axis_points_and_directions() -> None:
    assert deproject([319.5, 239.5], 2.0, CAMERA).tolist() == [0, 0, 2]
    x, y, _ = deproject([400, 300], 1.0, CAMERA)
    assert x > 0
    assert y > 0


def test_project_undoes_deproject() -> None:
    random = np.random.default_rng(0)
    pixels = random.uniform(0, 480, (5, 7, 2))
    depth = random.uniform(0.2, 3.0, (5, 7))
    np.testing.assert_allclose(project(deproject(pixels, depth, CAMERA), CAMERA), pixels)


def test_nothing_is_seen_behind_the_camera() -> None:
    assert np.isnan(project([[0, 0, -1.0], [0, 0, 0.0]], CAMERA)).all()


def test_project_undoes_deproject_through_a_lens(lens: Intrinsics) -> None:
    random = np.random.default_rng(0)
    pixels = random.uniform((0, 0), (639, 479), (5, 7, 2))
    depth = random.uniform(0.2, 3.0, (5, 7))
    points = deproject(pixels, depth, lens)
    assert points.shape == (5, 7, 3)
    np.testing.assert_array_equal(points[..., 2], depth)
    np.testing.assert_allclose(project(points, lens), pixels, atol=0.01)


def test_a_lens_matters(lens: Intrinsics) -> None:
    pinhole = Intrinsics(640, 480, 420.0, 425.0, 322.0, 237.0)
    corner = deproject([0.0, 0.0], 1.0, lens) - deproject([0.0, 0.0], 1.0, pinhole)
    assert np.linalg.norm(corner) > 0.01


def test_slopes_are_those_of_points(lens: Intrinsics) -> None:
    columns, rows = np.arange(0, 640, 37), np.arange(0, 480, 41)
    across, down = slopes(columns[None, :], rows[:, None], lens)
    pixels = np.stack(np.meshgrid(columns, rows), axis=-1)
    expected = deproject(pixels, np.ones(pixels.shape[:2]), lens)
    np.testing.assert_allclose(np.broadcast_to(across, (12, 18)), expected[..., 0], atol=1e-6)
    np.testing.assert_allclose(np.broadcast_to(down, (12, 18)), expected[..., 1], atol=1e-6)


def test_a_plain_fisheye_measures_angles() -> None:
    camera = Intrinsics(640, 480, 300.0, 300.0, 319.5, 239.5, LENSES["plain fisheye"])
    at = project([np.tan(0.7), 0.0, 1.0], camera)
    assert at == pytest.approx([319.5 + 300.0 * 0.7, 239.5], abs=1e-6)


def test_nothing_is_seen_where_a_lens_folds() -> None:
    """Brown's polynomial turns back far out: two points would be seen at one pixel, or none."""
    camera = Intrinsics(
        640, 480, 300.0, 300.0, 319.5, 239.5, Distortion("plumb_bob", (-0.5, 0.0, 0.0, 0.0, 0.0))
    )
    assert np.isfinite(deproject([340.0, 240.0], 1.0, camera)).all()
    assert np.isnan(deproject([0.0, 0.0], 1.0, camera)[:2]).all()


@pytest.mark.parametrize(
    ("model", "numbers"), [("omni", (0.1,) * 4), ("plumb_bob", (0.1,) * 6), ("equidistant", ())]
)
def test_unknown_lenses_are_refused(model: str, numbers: tuple[float, ...]) -> None:
    with pytest.raises(ImageError, match=model):
        Distortion(model, numbers)
