"""Model folders: an aligned vision and text encoder read from disk."""

from vlm_ros.models.base import Model
from vlm_ros.models.finding import find_model
from vlm_ros.models.folder import bundled_model, read_spec
from vlm_ros.models.registry import load_model, load_text_encoder

__all__ = [
    "Model",
    "bundled_model",
    "find_model",
    "load_model",
    "load_text_encoder",
    "read_spec",
]
