"""A world's files drawn again: what is in them is what the simulator shows."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import numpy as np
import pytest
from numpy.typing import NDArray

from vlm_ros.errors import SimulationError
from vlm_ros.geometry.rotations import quaternion
from vlm_ros.images import read_image
from vlm_ros.simulation import Tabletop
from vlm_ros.simulation.camera import Camera
from vlm_ros.simulation.engine import gl_context, mujoco_module
from vlm_ros.simulation.model import VISIBLE_GROUP
from vlm_ros.simulation.renderer import Renderer, View

WIDTH, HEIGHT = 640, 480


def floats(element: Element, path: str, default: str = "0 0 0 0 0 0") -> NDArray[np.float64]:
    return np.array([float(word) for word in element.findtext(path, default).split()])


def turn(roll: float, pitch: float, yaw: float) -> NDArray[np.float64]:
    """(3, 3) as SDF defines it: about fixed x, then y, then z."""
    (sr, sp, sy), (cr, cp, cy) = np.sin([roll, pitch, yaw]), np.cos([roll, pitch, yaw])
    about_x = np.array([[1, 0, 0], [0, cr, -sr], [0, sr, cr]])
    about_y = np.array([[cp, 0, sp], [0, 1, 0], [-sp, 0, cp]])
    about_z = np.array([[cy, -sy, 0], [sy, cy, 0], [0, 0, 1]])
    return np.asarray(about_z @ about_y @ about_x)


def wxyz(rotation: NDArray[np.float64]) -> list[float]:
    x, y, z, w = quaternion(rotation)
    return [w, x, y, z]


def mtl(path: Path) -> dict[str, dict[str, list[str]]]:
    """What is said of each material."""
    materials: dict[str, dict[str, list[str]]] = {}
    for line in path.read_text().splitlines():
        key, *words = line.split() or [""]
        if key == "newmtl":
            current = materials[words[0]] = {}
        elif key:
            current[key] = words
    return materials


class Redrawn:
    """A world's visuals, lights and camera in MuJoCo, from nothing but the world's files."""

    def __init__(self, path: Path, world: Element) -> None:
        self.mujoco = mujoco_module()
        self.folder = path.parent
        self.spec = self.mujoco.MjSpec()
        self.materials = mtl(self.folder / "meshes" / "materials.mtl")
        visual = self.spec.visual
        visual.quality.shadowsize, visual.map.shadowclip = 2048, 1.6
        visual.map.znear, visual.map.zfar = 0.02, 12.0
        self.spec.stat.extent, self.spec.stat.center = 1.0, [0.0, 0.0, 0.0]
        visual.headlight.ambient = floats(world, "scene/ambient")[:3]
        visual.headlight.diffuse = visual.headlight.specular = [0.0, 0.0, 0.0]
        for light in world.iterfind("light"):
            self.add_light(light)
        for model in world.iterfind("model"):
            self.add_model(model)
        self.spec.worldbody.add_camera(name="view")
        self.camera = camera_of(world)
        self.model = self.spec.compile()

    def add_light(self, light: Element) -> None:
        added = self.spec.worldbody.add_light()
        added.type = self.mujoco.mjtLightType.mjLIGHT_DIRECTIONAL
        added.pos, added.dir = floats(light, "pose")[:3], floats(light, "direction")
        added.diffuse = floats(light, "diffuse")[:3]
        added.specular = floats(light, "specular")[:3]
        added.castshadow = light.get("shadows") == "true"

    def add_model(self, model: Element) -> None:
        pose = floats(model, "pose")
        body = self.spec.worldbody.add_body(name=model.get("name"))
        body.pos, body.quat = pose[:3], wxyz(turn(*pose[3:]))
        for visual in model.iterfind("link/visual"):
            self.add_visual(body, f"{model.get('name')}/{visual.get('name')}", visual)

    def add_visual(self, body: Any, name: str, visual: Element) -> None:
        pose = floats(visual, "pose")
        geom = body.add_geom(pos=pose[:3], quat=wxyz(turn(*pose[3:])), contype=0, conaffinity=0)
        geom.mass, geom.group = 0.0, VISIBLE_GROUP
        box = visual.find("geometry/box")
        if box is None:
            file = self.folder / visual.findtext("geometry/mesh/uri", "")
            mesh = self.spec.add_mesh(name=name, file=str(file))
            mesh.inertia = self.mujoco.mjtMeshInertia.mjMESH_INERTIA_SHELL
            geom.type, geom.meshname = self.mujoco.mjtGeom.mjGEOM_MESH, name
            lines = file.read_text().splitlines()
            used = next(line.split()[1] for line in lines if line.startswith("usemtl"))
        else:
            geom.type = self.mujoco.mjtGeom.mjGEOM_BOX
            geom.size = floats(box, "size") / 2
            used = ""
        geom.material = name
        self.add_material(name, visual, used)

    def add_material(self, name: str, visual: Element, used: str) -> None:
        material = self.spec.add_material(name=name)
        alpha = 1 - float(visual.findtext("transparency", "0"))
        look = visual.find("material")
        if look is not None:
            material.rgba = [*floats(look, "diffuse")[:3], alpha]
            material.specular = floats(look, "specular")[0]
            material.shininess = floats(look, "shininess")[0] / 128
            return
        said = self.materials[used]
        material.rgba = [1.0, 1.0, 1.0, alpha]
        material.specular = float(said["Ks"][0])
        material.shininess = float(said["Ns"][0]) / 128
        picture = read_image(self.folder / "meshes" / said["map_Kd"][0])
        texture = self.spec.add_texture(name=name)
        texture.type = self.mujoco.mjtTexture.mjTEXTURE_2D
        texture.height, texture.width, texture.nchannel = picture.shape
        texture.data = np.ascontiguousarray(picture).tobytes()
        material.textures[self.mujoco.mjtTextureRole.mjTEXROLE_RGB] = name

    def view(self) -> View:
        data = self.mujoco.MjData(self.model)
        self.mujoco.mj_forward(self.model, data)
        renderer = Renderer(self.mujoco, self.model, data, WIDTH, HEIGHT)
        try:
            return renderer.view(self.camera)
        finally:
            renderer.close()


def camera_of(world: Element) -> Camera:
    """The simulator's camera in the place of a world's."""
    model = world.find("model[@name='camera']")
    assert model is not None
    pose = floats(model, "pose")
    # Gazebo's camera looks along its x, with y to the left.
    forward, left, _ = turn(*pose[3:]).T
    x, y, z = pose[:3]
    ahead = pose[:3] + forward
    tangent = np.tan(floats(model, "link/sensor/camera/horizontal_fov")[0] / 2)
    level = Camera((x, y, z), (ahead[0], ahead[1], ahead[2]), 0.0, WIDTH / HEIGHT / 2 / tangent)
    right, down, _ = level.rotation().T
    return replace(level, roll=float(np.arctan2(left @ down, -left @ right)))


@pytest.fixture
def redrawn(fortress: Path, harmonic: Path) -> Redrawn:
    try:
        gl_context()
    except SimulationError as error:
        pytest.skip(str(error))
    world = ElementTree.parse(fortress).find("world")
    assert world is not None
    # The world for ogre is in the colours of the picture, but without shadows.
    for lamp, other in zip(
        world.iter("light"), ElementTree.parse(harmonic).iter("light"), strict=True
    ):
        lamp.set("shadows", other.findtext("cast_shadows", ""))
    return Redrawn(fortress, world)


def test_a_world_looks_like_the_simulators_picture(tabletop: Tabletop, redrawn: Redrawn) -> None:
    frame = tabletop.render(tabletop.scene.camera, WIDTH, HEIGHT)
    view = redrawn.view()
    assert np.mean(np.abs(view.depth - frame.depth) < 0.002) > 0.999
    # A texture turned round would change half of all pixels.
    difference = np.abs(view.rgb.astype(int) - frame.rgb).max(axis=2)
    assert difference.mean() < 1.5
    assert np.mean(difference > 40) < 0.01
