"""A rendered tabletop: generated objects, physics, camera, ground truth."""

from vlm_ros.simulation.camera import OVERVIEW, Camera
from vlm_ros.simulation.scene import SceneDescription, generate_scene, view_camera
from vlm_ros.simulation.tabletop import ObjectTruth, RenderedFrame, Tabletop

__all__ = [
    "OVERVIEW",
    "Camera",
    "ObjectTruth",
    "RenderedFrame",
    "SceneDescription",
    "Tabletop",
    "generate_scene",
    "view_camera",
]
