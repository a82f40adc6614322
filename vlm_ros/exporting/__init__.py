"""From a checkpoint of transformers to a model folder. Needs torch, transformers and onnx."""

from vlm_ros.exporting.checkpoint import Checkpoint, read_checkpoint
from vlm_ros.exporting.export import MODULES, export_checkpoint

__all__ = ["MODULES", "Checkpoint", "export_checkpoint", "read_checkpoint"]
