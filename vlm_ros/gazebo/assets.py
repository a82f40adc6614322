"""The files beside a world: meshes, their materials, and textures."""

from __future__ import annotations

from dataclasses import dataclass, field
from xml.etree.ElementTree import Element, SubElement

import cv2
import numpy as np

from vlm_ros.gazebo.elements import add, add_colour, add_visual
from vlm_ros.gazebo.render_engine import RenderEngine
from vlm_ros.gazebo.wavefront import mtl_text, obj_text
from vlm_ros.simulation.finishes import Finish, Surface
from vlm_ros.simulation.meshes import Mesh
from vlm_ros.simulation.textures import covering

FOLDER = "meshes"
"""That the files are in, beside the world."""

_LIBRARY = "materials.mtl"


@dataclass
class Assets:
    """Meshes, and a material and perhaps a texture for each finish.

    A plain surface has its colour in the world. A painted one has its texture in the mesh's
    material and no material in the world: one with an albedo map there is transparent to Gazebo's
    `ogre`, which then draws it over what is in front of it.

    Attributes:
        engine: that draws them; the files are the same for all.
    """

    engine: RenderEngine
    _files: dict[str, bytes] = field(default_factory=dict)
    _materials: dict[Finish, str] = field(default_factory=dict)
    _library: list[str] = field(default_factory=list)

    def files(self) -> dict[str, bytes]:
        """What is in each file, by its name in the folder."""
        return {**self._files, _LIBRARY: "\n".join(self._library).encode()}

    def add_visual(
        self, link: Element, name: str, label: str, mesh: Mesh, finish: Finish, pixels: int
    ) -> Element:
        """Adds a mesh to look at to a link of a model.

        Args:
            link: that it belongs to.
            name: of the visual, unique in its link.
            label: unique in the world, part of a file name.
            mesh: in metres, in the link's frame.
            finish: of its surface.
            pixels: along the side of its texture, if it has one.

        Returns:
            The visual.
        """
        visual, geometry = add_visual(link, name)
        file = f"{label}.obj"
        material = self._material(label, finish, pixels)
        self._files[file] = obj_text(mesh, material, _LIBRARY).encode()
        add(SubElement(geometry, "mesh"), "uri", f"{FOLDER}/{file}")
        if finish.surface.plain:
            add_colour(visual, finish, self.engine)
        add(visual, "transparency", 1 - finish.opacity)
        return visual

    def _material(self, label: str, finish: Finish, pixels: int) -> str:
        """Name of the material of a finish, added on first use."""
        if finish not in self._materials:
            texture = ""
            if not finish.surface.plain:
                texture = f"{label}.png"
                self._files[texture] = _png(finish.surface, pixels)
            self._materials[finish] = label
            self._library.append(mtl_text(label, finish, texture))
        return self._materials[finish]


def _png(surface: Surface, pixels: int) -> bytes:
    _, encoded = cv2.imencode(".png", covering(surface, pixels)[..., ::-1])
    return bytes(np.asarray(encoded, np.uint8))
