"""What the exports of fused models share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
import yaml
from torch import Tensor

from vlm_ros.errors import ModelError
from vlm_ros.exporting.checkpoint import Checkpoint

# As Pillow numbers its filters, in what transformers writes of an image processor.
_FILTERS = {2: "bilinear", 3: "bicubic"}
_MEAN, _STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
# From which score on a region is taken for what is asked, about as in transformers.
THRESHOLD = 0.3


@contextmanager
def replaced(target: Any, name: str, value: Any) -> Iterator[None]:
    """An attribute of a module, class or object replaced for a while."""
    before = getattr(target, name)
    setattr(target, name, value)
    try:
        yield
    finally:
        setattr(target, name, before)


def xyxy_pixels(boxes: Tensor, content: Tensor) -> Tensor:
    """Boxes (Q, 4) as centre and size in shares of a picture, as xyxy in its pixels.

    Args:
        boxes: (Q, 4).
        content: (2,) height and width of the picture, pixels.
    """
    centre, half = boxes[:, :2], boxes[:, 2:] / 2.0
    return torch.cat([centre - half, centre + half], 1) * content.flip(0).repeat(2)


def normalisation(checkpoint: Checkpoint) -> dict[str, Any]:
    """How pictures are resampled and normalised, for `vision` in model.yaml.

    Raises:
        ModelError: the image processor of the checkpoint resamples in a way that is not known.
    """
    processor = checkpoint.image_processor
    resample = processor.get("resample", 2)
    if resample not in _FILTERS:
        raise ModelError(
            f"The image processor in {checkpoint.folder} resamples by filter {resample} of Pillow; "
            f"known are {', '.join(f'{n} ({name})' for n, name in _FILTERS.items())}."
        )
    factor = processor.get("rescale_factor", 1 / 255) if processor.get("do_rescale", True) else 1.0
    mean, std = processor.get("image_mean", _MEAN), processor.get("image_std", _STD)
    if not processor.get("do_normalize", True):
        mean, std = (0.0,) * 3, (1.0,) * 3
    return {
        "mean": [round(value / factor, 6) for value in mean],
        "std": [round(value / factor, 6) for value in std],
        "filter": _FILTERS[resample],
    }


def write_spec(
    checkpoint: Checkpoint,
    work: Path,
    dimensions: int,
    max_tokens: int,
    vision: Mapping[str, Any],
) -> None:
    """Writes model.yaml.

    Args:
        checkpoint: what was exported.
        work: the model folder.
        dimensions: of the text features.
        max_tokens: of a prompt or of a text.
        vision: its keys that differ between models.
    """
    spec = {
        "name": checkpoint.folder.resolve().name,
        "family": "fused",
        "dimensions": dimensions,
        "licence": checkpoint.licence,
        "origin": f"exported from the {checkpoint.model_type} checkpoint of the same name",
        "vision": {
            "graph": "graph.onnx",
            **vision,
            **normalisation(checkpoint),
            "pad": 0,
            "min_objectness": 0.05,
            "nms_iou": 0.7,
            "max_regions": 64,
        },
        "text": {
            "graph": "text.onnx",
            "tokenizer": "tokenizer.json",
            "max_tokens": max_tokens,
            "template": "{}",
        },
        "calibration": {"logit_scale": 1.0, "logit_shift": 0.0, "threshold": THRESHOLD},
    }
    (work / "model.yaml").write_text(yaml.safe_dump(spec, sort_keys=False), encoding="utf-8")
