"""A scene description as a MuJoCo model."""

from __future__ import annotations

from typing import Any

import numpy as np

from vlm_ros.geometry.rotations import Quaternion, quaternion
from vlm_ros.simulation import textures
from vlm_ros.simulation.finishes import Finish, Surface
from vlm_ros.simulation.scene import SceneDescription, SceneObject

STEP = 0.004
SCAN_TEXTURE = 768
"""Pixels along the side of a scanned object's texture."""

VISIBLE_GROUP = 2
HIDDEN_GROUP = 4


def wxyz(value: Quaternion) -> list[float]:
    """A quaternion in MuJoCo's order."""
    x, y, z, w = value
    return [w, x, y, z]


def _pixels(surface: Surface) -> int:
    """Side of the texture of an object's surface: small print needs more."""
    if surface.photograph is not None:
        return SCAN_TEXTURE
    return 512 if surface.texture == "packaging" else 256


class ModelBuilder:
    """Writes a scene description as a MuJoCo model."""

    def __init__(self, mujoco: Any, scene: SceneDescription) -> None:
        self._mujoco = mujoco
        self._scene = scene
        self._spec = mujoco.MjSpec()
        self._hulls = 0
        self._materials: dict[Finish, str] = {}

    def compiled(self) -> Any:
        """The `mujoco.MjModel`; one camera is named "view", the bodies as the objects."""
        self._set_options()
        self._add_lights()
        self._add_room()
        self._add_table()
        self._add_mats()
        for item in self._scene.objects:
            self._add_object(item)
        self._spec.worldbody.add_camera(name="view")
        return self._spec.compile()

    def _set_options(self) -> None:
        spec = self._spec
        spec.option.timestep = STEP
        spec.option.integrator = self._mujoco.mjtIntegrator.mjINT_IMPLICITFAST
        spec.option.iterations = 20
        spec.option.enableflags |= int(self._mujoco.mjtEnableBit.mjENBL_MULTICCD)
        spec.visual.quality.offsamples = 4
        spec.visual.quality.shadowsize = self._scene.shadows.pixels
        spec.visual.map.znear = 0.02
        spec.visual.map.zfar = 12.0
        spec.visual.map.shadowclip = self._scene.shadows.reach
        spec.stat.extent = 1.0
        spec.stat.center = [0.0, 0.0, 0.0]

    def _add_lights(self) -> None:
        spec = self._spec
        spec.visual.headlight.ambient = list(self._scene.ambient)
        spec.visual.headlight.diffuse = [0.0, 0.0, 0.0]
        spec.visual.headlight.specular = [0.0, 0.0, 0.0]
        for light in self._scene.lights:
            added = spec.worldbody.add_light()
            added.type = self._mujoco.mjtLightType.mjLIGHT_DIRECTIONAL
            added.pos = [-2.0 * part for part in light.direction]
            added.dir = list(light.direction)
            added.ambient = [0.0, 0.0, 0.0]
            added.diffuse = list(light.colour)
            added.specular = [0.6 * part for part in light.colour]
            added.castshadow = light.shadows

    def _texture(self, surface: Surface, name: str, size: int) -> None:
        pixels = textures.covering(surface, size)
        added = self._spec.add_texture(name=name)
        added.type = self._mujoco.mjtTexture.mjTEXTURE_2D
        added.width = added.height = size
        added.nchannel = 3
        added.data = pixels.tobytes()

    def _material(self, finish: Finish, size: int, repeat: float = 1.0) -> str:
        """Name of the material of a finish, added on first use."""
        if finish in self._materials:
            return self._materials[finish]
        name = self._materials[finish] = f"finish_{len(self._materials)}"
        material = self._spec.add_material(name=name)
        material.specular, material.shininess = finish.specular, finish.shininess
        surface = finish.surface
        if surface.plain:
            material.rgba = [*surface.colour, finish.opacity]
        else:
            self._texture(surface, name, size)
            material.rgba = [1.0, 1.0, 1.0, finish.opacity]
            material.textures[self._mujoco.mjtTextureRole.mjTEXROLE_RGB] = name
            material.texrepeat = [repeat, repeat]
        return name

    def _add_room(self) -> None:
        room, kinds = self._scene.room, self._mujoco.mjtGeom
        half, low = room.half_width, room.floor_height
        floor = self._spec.worldbody.add_geom(type=kinds.mjGEOM_PLANE, size=[half, half, 0.1])
        floor.contype = floor.conaffinity = 0
        floor.pos = [0.0, 0.0, low]
        floor.material = self._material(Finish(room.floor, 0.0, 0.1), 512, 3.0)
        floor.group = VISIBLE_GROUP
        wall = self._material(Finish(room.walls, 0.0, 0.1), 512, 2.0)
        for x, y in ((1, 0), (-1, 0), (0, 1), (0, -1)):
            added = self._spec.worldbody.add_geom(
                type=kinds.mjGEOM_PLANE, size=[1.5, half, 0.1], group=VISIBLE_GROUP
            )
            added.pos = [x * half, y * half, low + 1.5]
            inward = np.array([-x, -y, 0.0])
            frame = np.column_stack([[0.0, 0.0, 1.0], np.cross(inward, [0.0, 0.0, 1.0]), inward])
            added.quat = wxyz(quaternion(frame))
            added.material = wall
            added.contype = added.conaffinity = 0

    def _add_table(self) -> None:
        x, y, thick = self._scene.table.size
        top = self._spec.worldbody.add_geom(
            name="table", type=self._mujoco.mjtGeom.mjGEOM_BOX, size=[x / 2, y / 2, thick / 2]
        )
        top.pos = [0.0, 0.0, -thick / 2]
        top.material = self._material(self._scene.table.finish, 512, self._scene.table.repeat)
        top.group = VISIBLE_GROUP
        top.contype = top.conaffinity = 0
        # Upright cylinders are steadier on a plane than on a box; past the edge they do not count.
        ground = self._spec.worldbody.add_geom(
            type=self._mujoco.mjtGeom.mjGEOM_PLANE, size=[0.0, 0.0, 0.1], group=HIDDEN_GROUP
        )
        ground.condim = 6
        low = self._scene.room.floor_height
        for sign_x in (-1, 1):
            for sign_y in (-1, 1):
                leg = self._spec.worldbody.add_geom(
                    type=self._mujoco.mjtGeom.mjGEOM_BOX,
                    size=[0.025, 0.025, (-thick - low) / 2],
                    group=VISIBLE_GROUP,
                )
                leg.contype = leg.conaffinity = 0
                leg.pos = [sign_x * (x / 2 - 0.05), sign_y * (y / 2 - 0.05), (low - thick) / 2]
                leg.rgba = [*(0.6 * part for part in self._scene.table.finish.surface.colour), 1.0]

    def _add_mats(self) -> None:
        for layer, mat in enumerate(self._scene.mats):
            height = 0.0004 * (layer + 1)
            added = self._spec.worldbody.add_geom(type=self._mujoco.mjtGeom.mjGEOM_BOX)
            added.size = [mat.size[0] / 2, mat.size[1] / 2, height]
            added.pos = [*mat.place, height]
            added.quat = [float(np.cos(mat.yaw / 2)), 0.0, 0.0, float(np.sin(mat.yaw / 2))]
            added.material = self._material(mat.finish, 256)
            added.group = VISIBLE_GROUP
            added.contype = added.conaffinity = 0

    def _add_object(self, item: SceneObject) -> None:
        body = self._spec.worldbody.add_body(name=item.name)
        body.pos, body.quat = list(item.pose.position), wxyz(item.pose.quaternion)
        body.add_freejoint().damping = 4e-4
        for part in item.parts:
            added = body.add_geom(type=self._mujoco.mjtGeom.mjGEOM_MESH)
            added.meshname = self._mesh(item, part.name)
            added.material = self._material(part.finish, _pixels(part.finish.surface))
            added.group = VISIBLE_GROUP
            added.contype = added.conaffinity = 0
            added.mass = 0.0
        self._add_proxies(body, item)

    def _mesh(self, item: SceneObject, part: str) -> str:
        name = f"{item.name}/{part}"
        mesh = item.shape.parts[part]
        added = self._spec.add_mesh(name=name)
        added.uservert = (mesh.vertices * item.scale).ravel()
        added.usernormal = mesh.normals.ravel()
        added.usertexcoord = mesh.texcoords.ravel()
        added.userface = mesh.faces.ravel()
        added.inertia = self._mujoco.mjtMeshInertia.mjMESH_INERTIA_SHELL
        return name

    def _hull(self, coordinates: list[float]) -> str:
        name = f"hull_{self._hulls}"
        self._hulls += 1
        self._spec.add_mesh(name=name).uservert = coordinates
        return name

    def _add_proxies(self, body: Any, item: SceneObject) -> None:
        kinds = self._mujoco.mjtGeom
        forms = {
            "box": kinds.mjGEOM_BOX,
            "cylinder": kinds.mjGEOM_CYLINDER,
            "capsule": kinds.mjGEOM_CAPSULE,
            "sphere": kinds.mjGEOM_SPHERE,
            "ellipsoid": kinds.mjGEOM_ELLIPSOID,
            "hull": kinds.mjGEOM_MESH,
        }
        for proxy in item.shape.proxies:
            size = [length * item.scale for length in proxy.size]
            added = body.add_geom(type=forms[proxy.form])
            if proxy.form == "hull":
                added.meshname = self._hull(size)
            else:
                added.size = [*size, 0.0, 0.0][:3]
            added.pos = [length * item.scale for length in proxy.position]
            added.quat = wxyz(proxy.quaternion)
            added.group = HIDDEN_GROUP
            added.density = 500.0
            added.condim = 6
            added.friction = [0.8, 0.01, 0.004]
            added.solref = [0.01, 1.0]
