"""Where bodies on a ray-cast table are, and a heap before a real robot."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from vlm_ros.geometry.camera import Distortion, Intrinsics, deproject
from vlm_ros.geometry.position import Located, Position, locate
from vlm_ros.geometry.rotations import matrix

CAMERA = Intrinsics(640, 480, 600.0, 600.0, 319.5, 239.5)
ROBOT_FRAME = Path(__file__).parents[2].parent / "shared" / "data" / "arc2017"
Vector = tuple[float, float, float]


@dataclass
class Table:
    """A table before a camera that looks down at it, and what stands on it.

    Places on the table are metres to the right, away from the camera and up, from the point on
    the optical axis.
    """

    distance: float = 0.8
    tilt_degrees: float = 50.0
    camera: Intrinsics = CAMERA
    depth: NDArray[np.float64] = field(init=False)

    def __post_init__(self) -> None:
        x, y = np.meshgrid(np.arange(self.camera.width), np.arange(self.camera.height))
        pixels = np.stack([x, y], axis=-1)
        self._rays = deproject(pixels, np.ones(x.shape), self.camera)
        tilt = np.radians(self.tilt_degrees)
        up = np.array([0.0, -np.sin(tilt), -np.cos(tilt)])
        away = np.array([0.0, -np.cos(tilt), np.sin(tilt)])
        # Columns: right, away and up in the optical frame.
        self.axes = np.stack([np.array([1.0, 0.0, 0.0]), away, up], axis=1)
        self._eye = np.array([0.0, 0.0, -self.distance]) @ self.axes
        self._directions = self._rays @ self.axes
        with np.errstate(invalid="ignore"):
            self.depth = -self._eye[2] / self._directions[..., 2]

    def optical(self, place: Vector) -> NDArray[np.float64]:
        """A place on the table in the optical frame."""
        point: NDArray[np.float64] = self.axes @ np.array(place) + [0.0, 0.0, self.distance]
        return point

    def _draw(self, entered: NDArray[np.float64]) -> NDArray[np.bool_]:
        seen = entered < self.depth
        self.depth[seen] = entered[seen]
        return seen

    def box(self, place: Vector, size: Vector, yaw: float = 0.0) -> NDArray[np.bool_]:
        """Puts a box there, the middle of its foot at the place; returns its visible pixels."""
        turn = _about_z(-yaw)
        start = turn @ (self._eye - place - (0.0, 0.0, size[2] / 2))
        with np.errstate(divide="ignore", invalid="ignore"):
            ways = (self._directions @ turn.T) ** -1.0
            first = (-np.array(size) / 2 - start) * ways
            last = (np.array(size) / 2 - start) * ways
        entered = np.minimum(first, last).max(axis=-1)
        left = np.maximum(first, last).min(axis=-1)
        return self._draw(np.where(entered < left, entered, np.inf))

    def cylinder(self, place: Vector, radius: float, height: float) -> NDArray[np.bool_]:
        """Puts an upright cylinder there."""
        start = self._eye - place
        dx, dy, dz = np.moveaxis(self._directions, -1, 0)
        with np.errstate(divide="ignore", invalid="ignore"):
            a, b = dx**2 + dy**2, dx * start[0] + dy * start[1]
            root = np.sqrt(b**2 - a * (start[0] ** 2 + start[1] ** 2 - radius**2))
            side_in, side_out = (-b - root) / a, (-b + root) / a
            top, foot = (height - start[2]) / dz, -start[2] / dz
        entered = np.fmax(side_in, np.minimum(top, foot))
        inside = (entered < side_out) & (entered < np.maximum(top, foot)) & np.isfinite(root)
        return self._draw(np.where(inside, entered, np.inf))

    def ball(self, place: Vector, radius: float) -> NDArray[np.bool_]:
        """Puts a ball there."""
        start = self._eye - place - (0.0, 0.0, radius)
        a = (self._directions**2).sum(axis=-1)
        b = self._directions @ start
        root = b**2 - a * (start @ start - radius**2)
        with np.errstate(invalid="ignore"):
            return self._draw(np.where(root > 0, (-b - np.sqrt(root)) / a, np.inf))

    def locate(self, mask: NDArray[np.bool_]) -> Located:
        """The thing in the box around a mask."""
        found = locate(self.depth.astype(np.float32), box_of(mask), self.camera)
        assert found is not None
        return found


def _about_z(yaw: float) -> NDArray[np.float64]:
    cos, sin = np.cos(yaw), np.sin(yaw)
    return np.array([[cos, -sin, 0.0], [sin, cos, 0.0], [0.0, 0.0, 1.0]])


def box_of(mask: NDArray[np.bool_]) -> tuple[float, float, float, float]:
    rows, columns = np.nonzero(mask)
    left, top = float(columns.min()), float(rows.min())
    return (left, top, float(columns.max() + 1), float(rows.max() + 1))


def overlap(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> float:
    return float((first & second).sum() / (first | second).sum())


def error(position: Position, centre: NDArray[np.float64]) -> float:
    return float(np.linalg.norm(position.centre - centre))


@pytest.mark.parametrize("distance", [0.5, 0.8, 1.0])
@pytest.mark.parametrize("tilt", [35.0, 60.0])
@pytest.mark.parametrize("yaw", [0.0, 0.4, 1.2])
def test_a_box(distance: float, tilt: float, yaw: float) -> None:
    table = Table(distance, 90 - tilt)
    mask = table.box((0.04, 0.02, 0.0), (0.12, 0.07, 0.05), yaw)
    found = table.locate(mask)
    assert error(found.position, table.optical((0.04, 0.02, 0.025))) < 0.004
    assert found.position.size == pytest.approx((0.12, 0.07, 0.05), abs=0.006)
    axes = matrix(found.position.orientation)
    along = table.axes @ _about_z(yaw)[:, 0]
    assert abs(axes[:, 0] @ along) > np.cos(np.radians(3))
    assert axes[:, 2] @ table.axes[:, 2] > np.cos(np.radians(1))
    assert axes[0, 0] > 0, "x goes to the right"
    assert np.linalg.det(axes) == pytest.approx(1.0)
    assert overlap(found.mask, mask) > 0.9


@pytest.mark.parametrize("distance", [0.5, 0.8, 1.0])
@pytest.mark.parametrize(("radius", "height"), [(0.035, 0.12), (0.03, 0.16), (0.06, 0.03)])
def test_the_far_side_of_a_cylinder_is_known(distance: float, radius: float, height: float) -> None:
    table = Table(distance)
    found = table.locate(table.cylinder((-0.05, 0.03, 0.0), radius, height))
    assert error(found.position, table.optical((-0.05, 0.03, height / 2))) < 0.01
    assert found.position.size == pytest.approx((2 * radius, 2 * radius, height), abs=0.01)


@pytest.mark.parametrize("distance", [0.5, 0.8, 1.0])
@pytest.mark.parametrize("radius", [0.025, 0.05])
def test_the_middle_of_a_ball_is_behind_its_surface(distance: float, radius: float) -> None:
    table = Table(distance)
    found = table.locate(table.ball((0.05, 0.0, 0.0), radius))
    middle = table.optical((0.05, 0.0, radius))
    assert error(found.position, middle) < 0.008
    assert np.linalg.norm(found.position.surface - middle) > 0.5 * radius


def test_a_bracket_is_not_made_whole() -> None:
    """What is not alike from opposite sides ends where it is seen to end."""
    table = Table()
    long = table.box((0.0, 0.0, 0.0), (0.2, 0.03, 0.03))
    foot = table.box((-0.085, -0.06, 0.0), (0.03, 0.09, 0.03))
    found = table.locate(long | foot)
    assert found.position.size == pytest.approx((0.2, 0.12, 0.03), abs=0.012)


def test_noise_and_holes_change_little() -> None:
    random = np.random.default_rng(3)
    table = Table()
    mask = table.cylinder((0.0, 0.0, 0.0), 0.04, 0.1)
    table.depth += random.normal(0, 0.002, table.depth.shape)
    table.depth[random.uniform(size=table.depth.shape) < 0.15] = np.nan
    table.depth[random.uniform(size=table.depth.shape) < 0.1] = 0.0
    table.depth[random.uniform(size=table.depth.shape) < 0.02] = np.inf
    found = table.locate(mask)
    assert error(found.position, table.optical((0.0, 0.0, 0.05))) < 0.01
    assert overlap(found.mask, mask) > 0.85


def test_what_stands_before_it_is_left_out() -> None:
    table = Table()
    thing = table.box((0.0, 0.08, 0.0), (0.16, 0.1, 0.08))
    before = table.cylinder((0.06, -0.12, 0.0), 0.03, 0.16)
    found = table.locate(thing & ~before)
    assert error(found.position, table.optical((0.0, 0.08, 0.04))) < 0.012
    assert overlap(found.mask, thing & ~before) > 0.9
    assert (found.mask & before).sum() < 0.02 * before.sum()


def test_what_it_stands_on_is_left_out() -> None:
    table = Table()
    table.box((0.0, 0.0, 0.0), (0.3, 0.25, 0.06))
    mask = table.ball((0.0, 0.0, 0.06), 0.035)
    found = table.locate(mask)
    assert error(found.position, table.optical((0.0, 0.0, 0.06 + 0.035))) < 0.008
    assert overlap(found.mask, mask) > 0.9


def test_what_lies_on_it_is_left_out() -> None:
    table = Table()
    book = table.box((0.0, 0.0, 0.0), (0.22, 0.16, 0.03))
    on_it = table.ball((0.02, 0.01, 0.03), 0.03)
    found = table.locate(book | on_it)
    assert error(found.position, table.optical((0.0, 0.0, 0.015))) < 0.008
    assert not (found.mask & on_it).sum() > 0.1 * on_it.sum()


def test_a_wall_far_behind_is_left_out() -> None:
    table = Table(tilt_degrees=75.0)
    mask = table.cylinder((0.0, 0.0, 0.0), 0.035, 0.2)
    table.depth = np.minimum(table.depth, 1.6)
    found = table.locate(mask)
    assert error(found.position, table.optical((0.0, 0.0, 0.1))) < 0.01


def test_a_loose_box_does_as_well() -> None:
    """A detector's box is off by some pixels."""
    table = Table()
    mask = table.cylinder((0.0, 0.0, 0.0), 0.04, 0.1)
    left, top, right, bottom = box_of(mask)
    for edges in ((-8, -5, 6, 9), (4, 5, -4, -3)):
        box = tuple(np.add((left, top, right, bottom), edges).tolist())
        found = locate(table.depth.astype(np.float32), box, CAMERA)
        assert found is not None
        assert error(found.position, table.optical((0.0, 0.0, 0.05))) < 0.01


def test_a_flat_thing_lies_on_the_table() -> None:
    table = Table()
    found = locate(table.depth.astype(np.float32), (280, 200, 360, 280), CAMERA)
    assert found is not None
    assert error(found.position, table.optical((0.0, 0.0, 0.0))) < 0.01
    assert found.position.size[2] < 0.005
    assert found.mask[200:280, 280:360].mean() > 0.95


def test_in_the_air_it_faces_the_camera() -> None:
    """Without anything flat around it, the visible side is all there is to go by."""
    depth = np.full((480, 640), np.nan, np.float32)
    depth[200:280, 300:420] = 0.7
    found = locate(depth, (300, 200, 420, 280), CAMERA)
    assert found is not None
    assert found.position.centre == pytest.approx((0.047, 0.0, 0.7), abs=0.01)
    assert matrix(found.position.orientation)[2, 2] < -0.99


def test_a_large_thing_is_looked_at_coarsely_and_masked_finely() -> None:
    table = Table(0.45)
    mask = table.box((0.0, 0.0, 0.0), (0.3, 0.2, 0.04))
    found = table.locate(mask)
    assert found.mask.shape == (480, 640) and found.mask.dtype == bool
    assert overlap(found.mask, mask) > 0.97


def test_through_a_lens() -> None:
    lens = Distortion("plumb_bob", (-0.25, 0.08, 0.0, 0.0, 0.0))
    table = Table(camera=Intrinsics(640, 480, 450.0, 450.0, 319.5, 239.5, lens))
    mask = table.cylinder((0.36, 0.1, 0.0), 0.035, 0.1)
    middle = table.optical((0.36, 0.1, 0.05))
    assert error(table.locate(mask).position, middle) < 0.008
    table.camera = Intrinsics(640, 480, 450.0, 450.0, 319.5, 239.5)
    assert error(table.locate(mask).position, middle) > 0.015, "the lens matters"


@pytest.mark.parametrize(
    "box",
    [
        (10, 10, 10, 50),
        (50, 50, 20, 20),
        (-90, -90, -10, -10),
        (700, 500, 900, 600),
        (np.nan, 0, 5, 9),
    ],
)
def test_nothing_in_a_box_without_pixels(box: tuple[float, ...]) -> None:
    assert locate(Table().depth.astype(np.float32), box, CAMERA) is None


@pytest.mark.parametrize("fill", [np.nan, 0.0, -1.0, np.inf])
def test_nothing_without_depth(fill: float) -> None:
    depth = np.full((480, 640), fill, np.float32)
    assert locate(depth, (100, 100, 200, 200), CAMERA) is None
    depth[100:102, 100:105] = 0.8
    assert locate(depth, (100, 100, 200, 200), CAMERA) is None


def test_any_depth_has_an_answer_or_none() -> None:
    """Whatever a broken driver sends: a finite position or none, and no exception."""
    random = np.random.default_rng(5)
    for _ in range(60):
        depth = random.choice([0.0, np.nan, 0.3, 0.31, 0.9, 1e-6, 60.0], (60, 80)).astype(
            np.float32
        )
        depth[random.integers(60) :] = random.uniform(0, 2)
        left, top = random.uniform(-10, 70), random.uniform(-10, 50)
        box = (left, top, left + random.uniform(1, 60), top + random.uniform(1, 50))
        found = locate(depth, box, Intrinsics(80, 60, 70.0, 70.0, 39.5, 29.5))
        if found is not None:
            values = (*found.position.centre, *found.position.orientation, *found.position.size)
            assert np.isfinite(values).all()
            assert found.mask.any()


def test_same_answer_every_time() -> None:
    table = Table()
    mask = table.ball((0.0, 0.0, 0.0), 0.04)
    first, second = table.locate(mask), table.locate(mask)
    assert first.position == second.position
    np.testing.assert_array_equal(first.mask, second.mask)


@pytest.mark.skipif(not ROBOT_FRAME.is_dir(), reason="the robot's frame is not on this machine")
def test_real_heap() -> None:
    """Things in a bin lie against each other: depth alone cannot always tell them apart."""
    data = np.load(ROBOT_FRAME / "data.npz")
    info = json.loads((ROBOT_FRAME / "camera_info.json").read_text())
    k, lens = info["K"], Distortion("plumb_bob", tuple(info["D"]))
    camera = Intrinsics(640, 480, k[0], k[4], k[2], k[5], lens)
    overlaps = []
    for (top, left, bottom, right), mask in zip(data["bboxes"], data["masks"], strict=True):
        found = locate(data["depth"], (left, top, right, bottom), camera)
        assert found is not None
        assert np.all(np.array(found.position.size) < 0.45)
        assert 0.3 < found.position.surface[2] < 0.8
        overlaps.append(overlap(found.mask, mask == 1))
    assert np.median(overlaps) > 0.38
