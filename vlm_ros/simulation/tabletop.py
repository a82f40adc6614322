"""A scene under physics and before a camera, with MuJoCo."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from vlm_ros.geometry.camera import Intrinsics
from vlm_ros.geometry.rotations import Quaternion, matrix, quaternion
from vlm_ros.simulation.camera import Camera
from vlm_ros.simulation.engine import mujoco_module
from vlm_ros.simulation.model import HIDDEN_GROUP, STEP, ModelBuilder, wxyz
from vlm_ros.simulation.renderer import Renderer
from vlm_ros.simulation.scene import (
    Pose,
    SceneDescription,
    SceneObject,
    posture_word,
    size_words,
)

AT_REST = 0.02
"""Metres and radians a second."""

SETTLING = 1.2
"""Seconds things may move freely; then the air grows thick."""

LONGEST_SETTLING = 4.0
CHECK_EVERY = 20
"""Steps between two looks at whether all things rest."""


@dataclass(frozen=True)
class ObjectTruth:
    """What is true of one object in one picture.

    Attributes:
        name: noun, e.g. "cup".
        identity: unique in its scene, e.g. "cup_2".
        attributes: "colour", and where they apply "material", "pattern", "second_colour" and
            "size" ("small" or "large" among others of its kind).
        parts: (name, colour) of the parts people speak of.
        box: xyxy pixels around its visible pixels, the right and lower edges exclusive; all
            zero where nothing is visible.
        visible_fraction: visible pixels over those it would have unoccluded and in an
            endless picture.
        mask: (H, W) bool, its visible pixels.
        position: of the centre of its bounding box, metres, optical frame.
        quaternion: xyzw, of its own axes in the optical frame.
        size: metres, extent along its own axes.
        names: other nouns that are true of it.
        accents: other colours it clearly shows, the clearest first.
        posture: "upright", "lying" or "upside down" of what may be found in several of them; None
            of other things and of what leans.
    """

    name: str
    identity: str
    attributes: Mapping[str, str]
    parts: tuple[tuple[str, str], ...]
    box: tuple[float, float, float, float]
    visible_fraction: float
    mask: NDArray[np.bool_]
    position: tuple[float, float, float]
    quaternion: Quaternion
    size: tuple[float, float, float]
    names: tuple[str, ...] = ()
    accents: tuple[str, ...] = ()
    posture: str | None = None


@dataclass(frozen=True)
class Inertia:
    """How an object resists being moved.

    Attributes:
        mass: kilograms.
        pose: of its centre of mass and its principal axes, in the object's frame.
        moments: of inertia about these axes, kg m².
    """

    mass: float
    pose: Pose
    moments: tuple[float, float, float]


@dataclass(frozen=True)
class RenderedFrame:
    """One picture of a scene.

    Attributes:
        rgb: (H, W, 3) uint8.
        depth: (H, W) float32, metres along z of the optical frame, registered to the colours;
            0 where there is nothing.
        intrinsics: of both.
        objects: the truth about each object that is still on the table.
    """

    rgb: NDArray[np.uint8]
    depth: NDArray[np.float32]
    intrinsics: Intrinsics
    objects: tuple[ObjectTruth, ...]


class Tabletop:
    """A settled scene that can be looked at.

    Use it as a context manager, or call `close`, to free the renderer's memory.

    Args:
        scene: what to build.

    Raises:
        SimulationError: MuJoCo or EGL is not installed, or a photograph cannot be read.
    """

    def __init__(self, scene: SceneDescription) -> None:
        self.scene = scene
        self._mujoco = mujoco_module()
        self._model = ModelBuilder(self._mujoco, scene).compiled()
        self._data = self._mujoco.MjData(self._model)
        self._settle()
        self._renderer: Renderer | None = None

    def __enter__(self) -> Tabletop:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Frees the renderer's memory; a later `render` takes it again."""
        if self._renderer is not None:
            self._renderer.close()
            self._renderer = None

    @property
    def objects(self) -> tuple[SceneObject, ...]:
        """The objects that are still on the table."""
        return tuple(self.scene.objects[index] for index in self._standing)

    def pose(self, name: str) -> Pose:
        """Where an object has come to rest, world frame; by its unique name."""
        body = self._data.body(name)
        w, x, y, z = (float(value) for value in body.xquat)
        px, py, pz = (float(value) for value in body.xpos)
        return Pose((px, py, pz), (x, y, z, w))

    def inertia(self, name: str) -> Inertia:
        """How an object resists being moved; by its unique name."""
        body = self._model.body(name)
        x, y, z = (float(value) for value in body.ipos)
        qw, qx, qy, qz = (float(value) for value in body.iquat)
        first, second, third = (float(value) for value in body.inertia)
        pose = Pose((x, y, z), (qx, qy, qz, qw))
        return Inertia(float(body.mass[0]), pose, (first, second, third))

    def move(self, name: str, pose: Pose) -> None:
        """Puts an object somewhere else, world frame, as if held there: nothing falls."""
        # Every object has a free joint: three numbers for its place, four for its turn.
        self._data.joint(self._model.body(name).jntadr[0]).qpos[:] = [
            *pose.position,
            *wxyz(pose.quaternion),
        ]
        self._mujoco.mj_kinematics(self._model, self._data)

    def speeds(self) -> NDArray[np.float64]:
        """(n, 2) speed in m/s and turning speed in rad/s of each object on the table."""
        velocity = self._data.qvel.reshape(-1, 6)[self._standing]
        return np.column_stack(
            [np.linalg.norm(velocity[:, :3], axis=1), np.linalg.norm(velocity[:, 3:], axis=1)]
        )

    def _settle(self) -> None:
        """Lets the objects fall until they rest; those off the table vanish."""
        thick = False
        self._standing = self._on_table()
        while self._data.time < LONGEST_SETTLING:
            self._mujoco.mj_step(self._model, self._data, CHECK_EVERY)
            self._standing = self._on_table()
            if self._data.time > 3 * CHECK_EVERY * STEP and np.all(self.speeds() < AT_REST):
                break
            if self._data.time > SETTLING and not thick:
                self._model.dof_damping[:] *= 100.0
                thick = True
        self._mujoco.mj_forward(self._model, self._data)
        bodies = [self._model.body(item.name).id for item in self.scene.objects]
        lost = [body for i, body in enumerate(bodies) if i not in self._standing]
        self._model.geom_group[np.isin(self._model.geom_bodyid, lost)] = HIDDEN_GROUP

    def _on_table(self) -> list[int]:
        half_x, half_y = self.scene.table.size[0] / 2, self.scene.table.size[1] / 2
        places = self._data.qpos.reshape(-1, 7)[:, :3]
        on = (np.abs(places[:, 0]) < half_x) & (np.abs(places[:, 1]) < half_y)
        return [int(index) for index in np.flatnonzero(on)]

    def render(self, camera: Camera, width: int = 640, height: int = 480) -> RenderedFrame:
        """A picture from a camera, with depth and the truth about every object.

        Raises:
            SimulationError: there is no EGL to render with.
        """
        if self._renderer is None or self._renderer.size != (width, height):
            self.close()
            self._renderer = Renderer(self._mujoco, self._model, self._data, width, height)
        view = self._renderer.view(camera)
        intrinsics = camera.intrinsics(width, height)
        items = self.objects
        masks = [view.owner == self._model.body(item.name).id for item in items]
        outlines = [self._outline(item, camera, intrinsics) for item in items]
        whole = self._unoccluded(masks, outlines)
        truths = tuple(
            self._truth(item, word, camera, mask, _visible(mask, count, outline, intrinsics))
            for item, word, mask, count, outline in zip(
                items, size_words(items), masks, whole, outlines, strict=True
            )
        )
        return RenderedFrame(view.rgb, view.depth, intrinsics, truths)

    def _outline(
        self, item: SceneObject, camera: Camera, intrinsics: Intrinsics
    ) -> NDArray[np.float32]:
        """(n, 2) pixels, the convex hull of the object in the picture's plane."""
        pose = self.pose(item.name)
        points = np.concatenate([mesh.vertices for mesh in item.shape.parts.values()])
        world = (points * item.scale) @ matrix(pose.quaternion).T + pose.position
        x, y, z = ((world - camera.position) @ camera.rotation()).T
        z = np.maximum(z, 0.05)
        pixels = np.column_stack(
            [intrinsics.fx * x / z + intrinsics.cx, intrinsics.fy * y / z + intrinsics.cy]
        )
        return np.asarray(cv2.convexHull(pixels.astype(np.float32))[:, 0], np.float32)

    def _unoccluded(
        self, masks: list[NDArray[np.bool_]], outlines: list[NDArray[np.float32]]
    ) -> list[int]:
        """How many pixels each object has when nothing is in front of it."""
        assert self._renderer is not None
        counts = [int(mask.sum()) for mask in masks]
        for layer in _layers(outlines):
            bodies = [self._model.body(self.objects[i].name).id for i in layer]
            for i, count in zip(layer, self._renderer.counts_alone(bodies), strict=True):
                counts[i] = count
        return counts

    def _truth(
        self,
        item: SceneObject,
        size_word: str,
        camera: Camera,
        mask: NDArray[np.bool_],
        visible: float,
    ) -> ObjectTruth:
        pose = self.pose(item.name)
        to_optical = camera.rotation().T
        place = to_optical @ (np.array(pose.position) - camera.position)
        turn = matrix(pose.quaternion)
        attributes = dict(item.attributes)
        if size_word:
            attributes["size"] = size_word
        return ObjectTruth(
            item.kind,
            item.name,
            attributes,
            (*((part.name, part.colour) for part in item.parts if part.named), *item.printed),
            _extent(mask),
            visible,
            mask,
            (float(place[0]), float(place[1]), float(place[2])),
            quaternion(to_optical @ turn),
            item.size,
            item.names,
            item.accents,
            posture_word(item, turn),
        )


def _layers(outlines: list[NDArray[np.float32]]) -> list[list[int]]:
    """Objects whose outlines come near another's, in layers that hold no two such neighbours.

    A layer can be drawn in one go without anything hiding anything (greedy graph colouring).
    """
    low = np.array([outline.min(axis=0) for outline in outlines]).reshape(-1, 2) - 2
    high = np.array([outline.max(axis=0) for outline in outlines]).reshape(-1, 2) + 2
    near = np.all((low[:, None] < high) & (low < high[:, None]), axis=2)
    np.fill_diagonal(near, False)
    layers: list[list[int]] = []
    for index in np.flatnonzero(near.any(axis=1)):
        for layer in layers:
            if not near[index, layer].any():
                layer.append(int(index))
                break
        else:
            layers.append([int(index)])
    return layers


def _visible(
    mask: NDArray[np.bool_],
    whole: int,
    outline: NDArray[np.float32],
    intrinsics: Intrinsics,
) -> float:
    """Share of an object that is neither occluded nor beyond the picture's edge, 0..1."""
    if whole == 0:
        return 0.0
    unoccluded = min(1.0, int(mask.sum()) / whole)
    width, height = intrinsics.width, intrinsics.height
    if np.all(outline >= 0) and np.all(outline <= [width, height]):
        return unoccluded
    picture = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    shared, _ = cv2.intersectConvexConvex(outline, picture)
    area = cv2.contourArea(outline)
    return unoccluded * float(min(1.0, shared / area)) if area > 0 else 0.0


def _extent(mask: NDArray[np.bool_]) -> tuple[float, float, float, float]:
    columns, rows = np.flatnonzero(mask.any(axis=0)), np.flatnonzero(mask.any(axis=1))
    if not len(columns):
        return (0.0, 0.0, 0.0, 0.0)
    return (float(columns[0]), float(rows[0]), float(columns[-1] + 1), float(rows[-1] + 1))
