"""MuJoCo's rasteriser: colours, depth and masks of a model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vlm_ros.geometry.rotations import quaternion
from vlm_ros.simulation.camera import Camera
from vlm_ros.simulation.engine import gl_context
from vlm_ros.simulation.model import HIDDEN_GROUP, VISIBLE_GROUP, wxyz


@dataclass(frozen=True)
class View:
    """One camera's view.

    Attributes:
        rgb: (H, W, 3) uint8.
        depth: (H, W) float32 metres along the viewing axis, 0 where there is nothing.
        owner: (H, W) int32, the body seen at each pixel, -1 where there is none.
    """

    rgb: NDArray[np.uint8]
    depth: NDArray[np.float32]
    owner: NDArray[np.int32]


class Renderer:
    """MuJoCo's rasteriser on one model at one picture size.

    Args:
        mujoco: the module.
        model: what `ModelBuilder` compiled.
        data: its state.
        width: of the pictures, pixels.
        height: of the pictures, pixels.

    Raises:
        SimulationError: there is no EGL to render with.
    """

    def __init__(self, mujoco: Any, model: Any, data: Any, width: int, height: int) -> None:
        self._mujoco, self._model, self._data = mujoco, model, data
        self.size = (width, height)
        model.vis.global_.offwidth, model.vis.global_.offheight = width, height
        gl_context().make_current()
        self._scene = mujoco.MjvScene(model, maxgeom=600)
        self._option = mujoco.MjvOption()
        self._option.geomgroup[:] = 0
        self._option.geomgroup[VISIBLE_GROUP] = 1
        self._viewpoint = mujoco.MjvCamera()
        self._viewpoint.type = mujoco.mjtCamera.mjCAMERA_FIXED
        self._viewpoint.fixedcamid = model.camera("view").id
        self._rectangle = mujoco.MjrRect(0, 0, width, height)
        self._context = mujoco.MjrContext(model, mujoco.mjtFontScale.mjFONTSCALE_50)
        mujoco.mjr_setBuffer(mujoco.mjtFramebuffer.mjFB_OFFSCREEN, self._context)
        self._context.readDepthMap = mujoco.mjtDepthMap.mjDEPTH_ZEROFAR

    def close(self) -> None:
        """Frees its buffers, textures and meshes."""
        gl_context().make_current()
        self._context.free()

    def view(self, camera: Camera) -> View:
        """Renders a camera's view."""
        gl_context().make_current()
        self._aim(camera)
        rgb = self._colours()
        owner = self._owners()
        # The depth of this second pass, in which glass is as solid as anything else.
        depth = self._depth()
        depth[owner < 0] = 0.0
        return View(rgb, depth, owner)

    def counts_alone(self, bodies: Sequence[int]) -> list[int]:
        """How many pixels each body has when only these are in front of the last view's camera."""
        gl_context().make_current()
        groups = self._model.geom_group.copy()
        shown = (groups == VISIBLE_GROUP) & np.isin(self._model.geom_bodyid, bodies)
        self._model.geom_group[:] = np.where(shown, VISIBLE_GROUP, HIDDEN_GROUP)
        owner = self._owners()
        self._model.geom_group[:] = groups
        counts = np.bincount(owner[owner >= 0], minlength=self._model.nbody)
        return [int(counts[body]) for body in bodies]

    def _aim(self, camera: Camera) -> None:
        # MuJoCo's camera looks along its -z with y up; the optical frame has z forward, y down.
        rotation = camera.rotation() * [1.0, -1.0, -1.0]
        index = self._viewpoint.fixedcamid
        self._model.cam_pos[index] = camera.position
        self._model.cam_quat[index] = wxyz(quaternion(rotation))
        self._model.cam_fovy[index] = np.rad2deg(2 * np.arctan(0.5 / camera.focal_length))
        self._mujoco.mj_kinematics(self._model, self._data)
        self._mujoco.mj_camlight(self._model, self._data)

    def _draw(self) -> None:
        mujoco = self._mujoco
        mujoco.mjv_updateScene(
            self._model,
            self._data,
            self._option,
            None,
            self._viewpoint,
            mujoco.mjtCatBit.mjCAT_ALL.value,
            self._scene,
        )
        mujoco.mjr_render(self._rectangle, self._scene, self._context)

    def _colours(self) -> NDArray[np.uint8]:
        flags, names = self._scene.flags, self._mujoco.mjtRndFlag
        flags[names.mjRND_SEGMENT] = flags[names.mjRND_IDCOLOR] = 0
        flags[names.mjRND_SHADOW] = 1
        self._draw()
        return np.ascontiguousarray(self._read_colours()[::-1])

    def _owners(self) -> NDArray[np.int32]:
        """(H, W) the body at each pixel, -1 where there is none."""
        flags, names = self._scene.flags, self._mujoco.mjtRndFlag
        flags[names.mjRND_SEGMENT] = flags[names.mjRND_IDCOLOR] = 1
        flags[names.mjRND_SHADOW] = 0
        self._draw()
        # Each colour is the number of what was drawn, plus one, in base 256.
        coded = self._read_colours()[::-1]
        numbers = coded[..., 0] | coded[..., 1].astype(np.uint16) << 8
        lookup = np.full(self._scene.maxgeom + 1, -1, np.int32)
        for geom in self._scene.geoms[: self._scene.ngeom]:
            if geom.objtype == self._mujoco.mjtObj.mjOBJ_GEOM:
                lookup[geom.segid + 1] = self._model.geom_bodyid[geom.objid]
        return np.asarray(lookup[numbers])

    def _read_colours(self) -> NDArray[np.uint8]:
        width, height = self.size
        pixels = np.empty((height, width, 3), np.uint8)
        self._mujoco.mjr_readPixels(pixels, None, self._rectangle, self._context)
        return pixels

    def _depth(self) -> NDArray[np.float32]:
        """(H, W) metres along the viewing axis, of what was drawn last."""
        width, height = self.size
        inverse = np.empty((height, width), np.float32)
        self._mujoco.mjr_readPixels(None, inverse, self._rectangle, self._context)
        near = self._model.vis.map.znear * self._model.stat.extent
        far = self._model.vis.map.zfar * self._model.stat.extent
        # Undoes OpenGL's reversed-z projection, in which 1 is near and 0 is far.
        share = inverse[::-1].astype(np.float64)
        return np.asarray(near * far / (near + share * (far - near)), np.float32)
