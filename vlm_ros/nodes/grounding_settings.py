"""The parameters of the grounding node."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rcl_interfaces.msg import SetParametersResult
from rclpy.parameter import Parameter

from vlm_ros.models import find_model
from vlm_ros.nodes.parameters import not_a_choice, parameter
from vlm_ros.nodes.target_frame import why_unusable
from vlm_ros.nodes.transports import DEPTH_TRANSPORTS, IMAGE_TRANSPORTS, Transports
from vlm_ros.runtimes.registry import RUNTIMES

_MODEL_PARAMETERS = ("model", "runtime")
# Relative names of ROS, as a part of a topic's name.
_CAMERA_NAME = re.compile(r"[A-Za-z]\w*(/[A-Za-z]\w*)*", re.ASCII)


@dataclass(frozen=True)
class GroundingSettings:
    """Values of the parameters; their descriptions are beside them."""

    autostart: bool = parameter(True, "Configure and activate at the start.", read_only=True)
    model: str = parameter("", "Folder or name of the model; empty for the one the package brings.")
    runtime: str = parameter(
        "auto", f"What runs the model: one of {', '.join(RUNTIMES)}.", choices=tuple(RUNTIMES)
    )
    cameras: tuple[str, ...] = parameter(
        ("",),
        "Names of the cameras: the topics of 'front' are 'front/image' and so on, those of the "
        "one without a name 'image' and so on.",
        read_only=True,
    )
    image_transport: str = parameter(
        "raw",
        "How images travel: compressed subscribes to 'image/compressed'.",
        choices=IMAGE_TRANSPORTS,
        read_only=True,
    )
    depth_transport: str = parameter(
        "raw",
        "How depth travels: compressedDepth subscribes to 'depth/compressedDepth'.",
        choices=DEPTH_TRANSPORTS,
        read_only=True,
    )
    rectified: bool = parameter(
        False,
        "Whether 'image' is rectified (image_rect), so that camera_info's P describes it, and not "
        "K and the distortion.",
    )
    default_timeout: float = parameter(
        10.0, "Seconds that a goal without a timeout looks.", low=0.1, high=3600.0
    )
    confirm_frames: int = parameter(
        1,
        "Frames of one camera in a row that must answer FOUND before a goal succeeds.",
        low=1,
        high=100,
    )
    depth_tolerance: float = parameter(
        0.02,
        "Largest difference in seconds between the stamps of a colour image and its depth image.",
        low=0.0,
        high=1.0,
    )
    depth_wait: float = parameter(
        0.03,
        "Longest wait in seconds for the depth image of a colour image that came before it.",
        low=0.0,
        high=1.0,
    )
    target_frame: str = parameter(
        "",
        "Frame of Target.pose and ~/target_pose, by TF at the image's stamp; empty for the "
        "camera's optical frame.",
    )
    transform_wait: float = parameter(
        0.05,
        "Longest wait in seconds for the transform of an image that came before it.",
        low=0.0,
        high=1.0,
    )

    track_memory: float = parameter(
        5.0,
        "Seconds for which a thing that is not seen is remembered, to be known again; 0 gives "
        "nothing an identity.",
        low=0.0,
        high=60.0,
        read_only=True,
    )
    masks: bool = parameter(
        False, "Whether targets carry masks: a picture of the size of the image in each message."
    )

    @property
    def transports(self) -> Transports:
        """How the images of every camera travel."""
        return Transports(self.image_transport, self.depth_transport)

    @property
    def model_folder(self) -> Path:
        """Where the model is.

        Raises:
            ModelError: no model of this name is here.
        """
        return find_model(self.model)


def check_changes(changes: Sequence[Parameter], model_loaded: bool) -> SetParametersResult:
    """Refuse values that the ranges alone do not exclude.

    Args:
        changes: parameters about to be set.
        model_loaded: whether a model is in use, which then stays what it is.
    """
    reason = _locked(changes) if model_loaded else ""
    reason = reason or not_a_choice(GroundingSettings, changes)
    for change in changes:
        if not reason and change.name == "cameras":
            reason = _camera_objection(change.value)
        elif not reason and change.name == "target_frame" and change.value:
            reason = why_unusable(change.value)
    return SetParametersResult(successful=not reason, reason=reason)


def _locked(changes: Sequence[Parameter]) -> str:
    for change in changes:
        if change.name in _MODEL_PARAMETERS:
            return (
                f"'{change.name}' cannot change while a model is loaded: deactivate and clean up "
                f"the node, set it, and configure the node again"
            )
    return ""


def _camera_objection(names: Sequence[str]) -> str:
    if not names:
        return "'cameras' is empty: name at least one, '' for a camera without a name"
    for name in names:
        if name and not _CAMERA_NAME.fullmatch(name):
            return f"'{name}' cannot be a camera: its name becomes a part of topics"
    if len(set(names)) < len(names):
        return f"'cameras' names one twice: {', '.join(names)}"
    return ""
