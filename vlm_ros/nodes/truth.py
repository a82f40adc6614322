"""The simulator's truth about a frame as a message."""

from __future__ import annotations

import numpy as np
from geometry_msgs.msg import Point, Pose, Quaternion, Vector3
from std_msgs.msg import Header

from vlm_ros.msg import BoundingBox, SceneObject, SceneTruth
from vlm_ros.nodes.images import encode_image
from vlm_ros.simulation.tabletop import ObjectTruth, RenderedFrame


def scene_truth(frame: RenderedFrame, seed: int, header: Header) -> SceneTruth:
    """What is true of every object of a frame.

    Args:
        frame: as rendered.
        seed: of its scene.
        header: of its colour image; poses are in its frame, the optical frame.
    """
    objects = [_scene_object(truth, header) for truth in frame.objects]
    return SceneTruth(header=header, seed=seed, objects=objects)


def _scene_object(truth: ObjectTruth, header: Header) -> SceneObject:
    x_min, y_min, x_max, y_max = truth.box
    position, rotation = Point(), Quaternion()
    position.x, position.y, position.z = truth.position
    rotation.x, rotation.y, rotation.z, rotation.w = truth.quaternion
    size_x, size_y, size_z = truth.size
    return SceneObject(
        name=truth.name,
        # "plain" is the pattern of having none, which nobody says.
        attributes=[word for word in truth.attributes.values() if word != "plain"],
        box=BoundingBox(x_min=x_min, y_min=y_min, x_max=x_max, y_max=y_max),
        visible_fraction=truth.visible_fraction,
        mask=encode_image(truth.mask.astype(np.uint8) * np.uint8(255), header),
        pose=Pose(position=position, orientation=rotation),
        size=Vector3(x=size_x, y=size_y, z=size_z),
    )
