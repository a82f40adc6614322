"""A settled scene as a world for Gazebo: SDF, with meshes and textures beside it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

import numpy as np

from vlm_ros.errors import SimulationError
from vlm_ros.gazebo.assets import FOLDER, Assets
from vlm_ros.gazebo.elements import (
    add,
    add_box,
    add_collision,
    add_colour,
    add_fixed_link,
    add_inertia,
    add_visual,
)
from vlm_ros.gazebo.flat import sheet, slab
from vlm_ros.gazebo.poses import OPTICAL_IN_CAMERA, pose_of, pose_text
from vlm_ros.gazebo.release import Release
from vlm_ros.gazebo.render_engine import RenderEngine
from vlm_ros.geometry.rotations import matrix, quaternion
from vlm_ros.places import worlds_folder
from vlm_ros.simulation.finishes import Finish, Surface
from vlm_ros.simulation.meshes import Mesh
from vlm_ros.simulation.scene import Pose, SceneObject, generate_scene
from vlm_ros.simulation.shapes import box_proxy
from vlm_ros.simulation.tabletop import Tabletop

SDF_VERSION = "1.9"
"""The newest that Fortress reads; all later releases read it too."""

CAMERA = "camera"
"""Name of the camera's model, and what its topics in Gazebo begin with."""

OPTICAL_FRAME = "camera_color_optical_frame"
"""Frame of the images, as a RealSense driver names it."""

_SIZE = (640, 480)
_RATE = 15.0
_CLIP = (0.05, 12.0)
_STEP = 0.004
_UPRIGHT = (0.0, 0.0, 0.0, 1.0)
_SYSTEMS = {
    "physics": "Physics",
    "user-commands": "UserCommands",
    "scene-broadcaster": "SceneBroadcaster",
    "sensors": "Sensors",
}


@dataclass(frozen=True)
class WorldOptions:
    """What a world is written for.

    Attributes:
        release: of Gazebo.
        engine: that the camera draws with.
        movable: whether the objects are under physics; otherwise they stay where they are.
    """

    release: Release
    engine: RenderEngine
    movable: bool = False

    @property
    def file(self) -> str:
        """Name of a world's file."""
        return f"{self.release.name}_{self.engine.name}.sdf"


def write_world(tabletop: Tabletop, folder: Path, options: WorldOptions) -> Path:
    """Writes a scene as it has settled, and all it needs, into a folder, which can be moved about.

    The worlds of one scene for several releases and engines share the meshes in its folder.

    Args:
        tabletop: of `generate_scene`.
        folder: that is made where it is missing.
        options: what for.

    Returns:
        The world's SDF file.

    Raises:
        SimulationError: the folder cannot be written to.
    """
    assets = Assets(options.engine)
    sdf = _World(tabletop, options, assets).text()
    path = folder / options.file
    try:
        (folder / FOLDER).mkdir(parents=True, exist_ok=True)
        for name, data in assets.files().items():
            _replace(folder / FOLDER / name, data)
        _replace(path, sdf)
    except OSError as error:
        raise SimulationError(f"The world {path} cannot be written: {error}.") from error
    return path


def scene_world(seed: int, options: WorldOptions, shipped: Path) -> Path:
    """The world of a scene: one that is there already, or else written to the cache.

    Args:
        seed: of the scene.
        options: what for.
        shipped: folder of the worlds that the package brings, whose objects are fixed.

    Raises:
        SimulationError: the scene is not there, and MuJoCo is not installed to let it settle, or
            the cache cannot be written to.
    """
    name = f"tabletop_{seed}"
    ready = shipped / name / options.file
    if ready.exists() and not options.movable:
        return ready
    folder = worlds_folder() / (f"{name}_movable" if options.movable else name)
    with Tabletop(generate_scene(seed)) as tabletop:
        return write_world(tabletop, folder, options)


def optical_pose(world: Path) -> Pose:
    """Where the optical frame of a written world's camera is, in the world.

    Raises:
        SimulationError: the file cannot be read, or has no such camera.
    """
    try:
        pose = ElementTree.parse(world).findtext(f"world/model[@name='{CAMERA}']/pose")
    except (OSError, ElementTree.ParseError) as error:
        raise SimulationError(f"The world {world} cannot be read: {error}.") from error
    if pose is None:
        raise SimulationError(f"The world {world} has no model '{CAMERA}' with a pose.")
    camera = pose_of(pose)
    return Pose(camera.position, quaternion(matrix(camera.quaternion) @ OPTICAL_IN_CAMERA))


def _replace(path: Path, data: bytes) -> None:
    """Writes a file, which others see as it was or as it will be and never half of it."""
    with NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}", delete=False) as file:
        file.write(data)
    written = Path(file.name)
    written.chmod(0o644)
    written.replace(path)


@dataclass(frozen=True)
class _World:
    """Writes the elements of a world."""

    tabletop: Tabletop
    options: WorldOptions
    assets: Assets

    def text(self) -> bytes:
        """The SDF file."""
        root = Element("sdf", version=SDF_VERSION)
        root.append(ElementTree.Comment(f" Scene {self.tabletop.scene.seed} of the simulator. "))
        world = SubElement(root, "world", name="tabletop")
        self._add_systems(world)
        self._add_lights(world)
        self._add_room(world)
        self._add_table(world)
        self._add_camera(world)
        for item in self.tabletop.objects:
            self._add_object(world, item)
        ElementTree.indent(root)
        text: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
        return text + b"\n"

    def _add_systems(self, world: Element) -> None:
        physics = SubElement(world, "physics", name="default", type="ignored")
        add(physics, "max_step_size", _STEP)
        add(physics, "real_time_factor", 1)
        release = self.options.release
        for library, system in _SYSTEMS.items():
            plugin = SubElement(
                world,
                "plugin",
                filename=f"{release.library}-{library}-system",
                name=f"{release.namespace}::{system}",
            )
            if system == "Sensors":
                add(plugin, "render_engine", self.options.engine.name)

    def _add_lights(self, world: Element) -> None:
        scene, engine = self.tabletop.scene, self.options.engine
        surroundings = SubElement(world, "scene")
        add(surroundings, "ambient", (*engine.ambient(scene.ambient), 1))
        add(surroundings, "background", (0.7, 0.7, 0.7, 1))
        add(surroundings, "shadows", engine.shadows)
        add(surroundings, "grid", False)
        strengths = engine.lamps(scene.ambient, scene.lights)
        for number, (light, strength) in enumerate(zip(scene.lights, strengths, strict=True)):
            lamp = SubElement(world, "light", name=f"lamp_{number}", type="directional")
            x, y, z = (-2 * part for part in light.direction)
            add(lamp, "pose", pose_text(Pose((x, y, z), _UPRIGHT)))
            add(lamp, "cast_shadows", light.shadows and engine.shadows)
            add(lamp, "diffuse", (*strength, 1))
            # Highlights as strong as the simulator's.
            add(lamp, "specular", (*(0.6 * strength), 1))
            add(lamp, "direction", light.direction)

    def _add_room(self, world: Element) -> None:
        room = self.tabletop.scene.room
        half, low = room.half_width, room.floor_height
        pose = Pose((0.0, 0.0, low), _UPRIGHT)
        self._add_sheet(world, "floor", pose, sheet(2 * half, 2 * half, 3.0), room.floor)
        for number, (x, y) in enumerate(((1, 0), (-1, 0), (0, 1), (0, -1))):
            inward = np.array([-x, -y, 0.0])
            turn = np.column_stack([[0.0, 0.0, 1.0], np.cross(inward, [0.0, 0.0, 1.0]), inward])
            pose = Pose((x * half, y * half, low + 1.5), quaternion(turn))
            self._add_sheet(world, f"wall_{number}", pose, sheet(3.0, 2 * half, 2.0), room.walls)

    def _add_sheet(
        self, world: Element, name: str, pose: Pose, mesh: Mesh, surface: Surface
    ) -> None:
        link = add_fixed_link(world, name, pose)
        visual = self.assets.add_visual(link, name, name, mesh, Finish(surface, 0.0, 0.1), 512)
        # The lamps are outside the room.
        add(visual, "cast_shadows", False)

    def _add_table(self, world: Element) -> None:
        table, low = self.tabletop.scene.table, self.tabletop.scene.room.floor_height
        x, y, thick = table.size
        link = add_fixed_link(world, "table")
        top = slab(table.size, table.repeat).moved((0.0, 0.0, -thick / 2))
        self.assets.add_visual(link, "top", "table_top", top, table.finish, 512)
        add_collision(link, "top", box_proxy(table.size, (0.0, 0.0, -thick / 2)), 1.0)
        red, green, blue = (0.6 * part for part in table.finish.surface.colour)
        dark = Finish(Surface("plain", (red, green, blue)), 0.0, 0.0)
        for number, (along, across) in enumerate(((-1, -1), (-1, 1), (1, -1), (1, 1))):
            leg, geometry = add_visual(link, f"leg_{number}")
            place = (along * (x / 2 - 0.05), across * (y / 2 - 0.05), (low - thick) / 2)
            add(leg, "pose", pose_text(Pose(place, _UPRIGHT)))
            add_box(geometry, (0.05, 0.05, -thick - low))
            add_colour(leg, dark, self.options.engine)

    def _add_camera(self, world: Element) -> None:
        camera, (width, height) = self.tabletop.scene.camera, _SIZE
        view = camera.intrinsics(width, height)
        turn = quaternion(camera.rotation() @ OPTICAL_IN_CAMERA.T)
        link = add_fixed_link(world, CAMERA, Pose(camera.position, turn))
        sensor = SubElement(link, "sensor", name="rgbd", type="rgbd_camera")
        add(sensor, "update_rate", _RATE)
        add(sensor, "always_on", True)
        add(sensor, "topic", CAMERA)
        lens = SubElement(sensor, "camera")
        add(lens, "horizontal_fov", 2 * math.atan(width / 2 / view.fx))
        image = SubElement(lens, "image")
        add(image, "width", width)
        add(image, "height", height)
        add(image, "format", "R8G8B8")
        clip = SubElement(lens, "clip")
        add(clip, "near", _CLIP[0])
        add(clip, "far", _CLIP[1])
        intrinsics = SubElement(SubElement(lens, "lens"), "intrinsics")
        for name in ("fx", "fy", "cx", "cy"):
            add(intrinsics, name, getattr(view, name))
        add(intrinsics, "s", 0)
        parent, name = self.options.release.frame_element
        add(sensor if parent == "sensor" else lens, name, OPTICAL_FRAME)

    def _add_object(self, world: Element, item: SceneObject) -> None:
        model = SubElement(world, "model", name=item.name)
        add(model, "static", not self.options.movable)
        add(model, "pose", pose_text(self.tabletop.pose(item.name)))
        link = SubElement(model, "link", name="link")
        add_inertia(link, self.tabletop.inertia(item.name))
        for part in item.parts:
            mesh = item.shape.parts[part.name].moved(scale=item.scale)
            label = f"{item.name}_{part.name}".replace(" ", "_")
            self.assets.add_visual(link, part.name, label, mesh, part.finish, 256)
        for number, proxy in enumerate(item.shape.proxies):
            add_collision(link, f"body_{number}", proxy, item.scale)
