"""The parameters of the grounding node."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rcl_interfaces.msg import SetParametersResult
from rclpy.parameter import Parameter

from vlm_ros.models import find_model
from vlm_ros.nodes.parameters import parameter
from vlm_ros.runtimes.registry import RUNTIMES

_MODEL_PARAMETERS = ("model", "runtime")


@dataclass(frozen=True)
class GroundingSettings:
    """Values of the parameters; their descriptions are beside them."""

    autostart: bool = parameter(True, "Configure and activate at the start.", read_only=True)
    model: str = parameter("", "Folder or name of the model; empty for the one the package brings.")
    runtime: str = parameter("auto", f"What runs the model: one of {', '.join(RUNTIMES)}.")
    default_timeout: float = parameter(
        10.0, "Seconds that a goal without a timeout looks.", low=0.1, high=3600.0
    )
    confirm_frames: int = parameter(
        1, "Frames in a row that must answer FOUND before a goal succeeds.", low=1, high=100
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
    for change in changes:
        reason = _objection(change.name, change.value, model_loaded)
        if reason:
            return SetParametersResult(successful=False, reason=reason)
    return SetParametersResult(successful=True)


def _objection(name: str, value: object, model_loaded: bool) -> str:
    if name in _MODEL_PARAMETERS and model_loaded:
        return (
            f"'{name}' cannot change while a model is loaded: deactivate and clean up the node, "
            f"set it, and configure the node again"
        )
    if name == "runtime" and value not in RUNTIMES:
        return f"there is no runtime '{value}': use one of {', '.join(RUNTIMES)}"
    return ""
