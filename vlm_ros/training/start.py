"""What training starts from: the published detector, or a model folder to fine-tune."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import torch
import yaml
from onnx import numpy_helper
from torch import nn

from vlm_ros.errors import ModelError
from vlm_ros.training.network import EXPORTED_CLASS_GAIN, GroundingModel
from vlm_ros.training.quantise import restored_weights
from vlm_ros.training.yolox import load_onnx_weights


def start_from(model: GroundingModel, source: Path) -> None:
    """Sets the weights that training starts from.

    Args:
        model: changed in place.
        source: the ONNX file of YOLOX-Nano, which leaves the rest of the model untrained, or a
            model folder written by `export`.

    Raises:
        ModelError: the file or folder is neither.
    """
    if source.is_file():
        load_onnx_weights(model.vision.first, model.vision.published, source)
        model.vision.forget_training()
        return
    try:
        spec = yaml.safe_load((source / "model.yaml").read_text(encoding="utf-8"))
        _load(model.vision, source / spec["vision"]["graph"], "network.")
        model.vision.class_directions.weight.data /= EXPORTED_CLASS_GAIN
        _load(model.text, source / spec["text"]["graph"], "head.")
        calibration = spec["calibration"]
        model.alignment.log_scale.data.fill_(float(np.log(calibration["logit_scale"])))
        model.alignment.shift.data.fill_(float(calibration["logit_shift"]))
    except (OSError, KeyError, RuntimeError) as error:
        raise ModelError(
            f"{source} is not a model folder of this family that training can start from: {error}"
        ) from error


def keep_of_start(model: GroundingModel, source: Path, share: float) -> None:
    """Moves trained weights part of the way back to those that training started from.

    What lies between often does as well on what was trained and better on other pictures
    (Wortsman et al. 2022, "Robust fine-tuning of zero-shot models").

    Args:
        model: changed in place.
        source: the model folder that training started from.
        share: of its weights, 0..1.

    Raises:
        ModelError: see `start_from`.
    """
    before = GroundingModel()
    start_from(before, source)
    with torch.no_grad():
        for own, old in zip(model.parameters(), before.parameters(), strict=True):
            own.lerp_(old, share)


def _load(module: nn.Module, graph: Path, prefix: str) -> None:
    """Weights of a graph by the names the exporter gave them."""
    initializers = onnx.load(str(graph), load_external_data=False).graph.initializer
    own = [i for i in initializers if i.name.startswith(prefix)]
    values = {i.name.removeprefix(prefix): numpy_helper.to_array(i) for i in own}
    weights = restored_weights(values)
    # The graph holds some pointwise convolutions as matrices.
    shapes = {name: value.shape for name, value in module.state_dict().items()}
    if unknown := weights.keys() - shapes.keys():
        raise KeyError(
            f"{graph.name} has {len(unknown)} weights that this version does not train, "
            f"{min(unknown)} among them"
        )
    module.load_state_dict(
        {k: torch.from_numpy(np.array(v)).reshape(shapes[k]) for k, v in weights.items()}
    )
