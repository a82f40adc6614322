"""OWL-ViT and OWLv2 checkpoints as model folders of the family `dual_encoder`.

Minderer et al. 2022, "Simple Open-Vocabulary Object Detection with Vision Transformers", and 2023,
"Scaling Open-Vocabulary Object Detection". Each patch of the image proposes one region. The match
of a region and a phrase is sigmoid((cosine + shift) * (elu(scale) + 1)), with shift and scale said
by the region.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import yaml
from torch import Tensor, nn

from vlm_ros.errors import ModelError
from vlm_ros.exporting.checkpoint import Checkpoint, load_tokenizer, load_weights
from vlm_ros.exporting.graphs import write_graph

# Regions that leave the graph where it knows which are things; trained on the best tenth of them.
CANDIDATES = 400
TEMPLATE = "a photo of a {}"
# From which score on transformers takes a region for what is asked, where it is not told another.
THRESHOLD = 0.1

_CLIP_MEAN = (0.48145466, 0.4578275, 0.40821073)
_CLIP_STD = (0.26862954, 0.26130258, 0.27577711)
_FILTERS = {2: "bilinear", 3: "bicubic"}  # as Pillow numbers them


class VisionGraph(nn.Module):
    """All that can be said of an image without phrases."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model

    def forward(self, image: Tensor) -> tuple[Tensor, ...]:
        """Proposes a region for each patch.

        Args:
            image: (1, 3, S, S) normalised.

        Returns:
            boxes (K, 4) xyxy in pixels of the input, embeddings (K, D) of unit length, logit scale
            (K,) and logit shift (K,).
        """
        features = self._features(image)
        return self._regions(features[0], self.boxes(features), image.shape[-1])

    def _features(self, image: Tensor) -> Tensor:
        """(1, patches, C)."""
        maps, _ = self.model.image_embedder(pixel_values=image)
        features: Tensor = maps.flatten(1, 2)
        return features

    def boxes(self, features: Tensor) -> Tensor:
        """(patches, 4) as centre and size in shares of the input."""
        # The second argument only says where its bias lies.
        boxes: Tensor = self.model.box_predictor(features, features)[0]
        return boxes

    def _regions(self, features: Tensor, boxes: Tensor, size: int) -> tuple[Tensor, ...]:
        head = self.model.class_head
        embeddings = head.dense0(features)
        embeddings = embeddings / (embeddings.norm(dim=-1, keepdim=True) + 1e-6)
        scale = head.elu(head.logit_scale(features)) + 1.0
        shift = head.logit_shift(features) * scale
        centre, half = boxes[:, :2], boxes[:, 2:] / 2.0
        corners = torch.cat([centre - half, centre + half], 1) * size
        return corners, embeddings, scale[:, 0], shift[:, 0]


class RankedVisionGraph(VisionGraph):
    """That of OWLv2, which also knows which patches show things."""

    def forward(self, image: Tensor) -> tuple[Tensor, ...]:
        """Proposes the K best regions; as `VisionGraph`, and their objectness (K,) in 0..1."""
        features = self._features(image)
        # All boxes, because each patch has a bias of its own; it costs little.
        boxes = self.boxes(features)
        objectness = self.model.objectness_predictor(features)[0]
        best, chosen = objectness.topk(min(CANDIDATES, objectness.shape[0]))
        regions = self._regions(features[0, chosen], boxes[chosen], image.shape[-1])
        return (*regions, best.sigmoid())


class TextGraph(nn.Module):
    """CLIP's text encoder with its projection."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.text = model.text_model
        self.projection = model.text_projection

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Encodes phrases.

        Args:
            input_ids: (n, T) int64, each with its end token, the greatest, before any padding.
            attention_mask: (n, T) int64, 0 for padding.

        Returns:
            (n, D) unit embeddings.
        """
        hidden = self.text.embeddings(input_ids=input_ids)
        length = hidden.shape[1]
        later = torch.ones(length, length, dtype=torch.bool).triu(1)
        hidden_tokens = later[None, None] | (attention_mask[:, None, None] == 0)
        mask = torch.where(hidden_tokens, torch.finfo(torch.float32).min, 0.0)
        hidden = self.text.encoder(inputs_embeds=hidden, attention_mask=mask).last_hidden_state
        hidden = self.text.final_layer_norm(hidden)
        ends = input_ids.to(torch.int32).argmax(dim=-1)
        embeddings: Tensor = self.projection(hidden[torch.arange(hidden.shape[0]), ends])
        return embeddings / embeddings.norm(dim=-1, keepdim=True)


def export(checkpoint: Checkpoint, work: Path, note: Callable[[str], object]) -> None:
    """Writes model.yaml, both graphs and the tokenizer into a folder.

    Args:
        checkpoint: of OWL-ViT or OWLv2.
        work: an empty folder.
        note: is told what is being done.

    Raises:
        ModelError: the checkpoint is incomplete, or its files do not fit each other.
    """
    from transformers import Owlv2ForObjectDetection, OwlViTForObjectDetection

    ranked = checkpoint.model_type == "owlv2"
    note("loading the weights")
    model = load_weights(
        Owlv2ForObjectDetection if ranked else OwlViTForObjectDetection, checkpoint
    )
    size = _image_size(checkpoint, model.config.vision_config)
    text = model.config.text_config
    tokenizer = load_tokenizer(checkpoint)
    if tokenizer.get_vocab_size() > text.vocab_size:
        raise ModelError(
            f"The tokenizer in {checkpoint.folder} has {tokenizer.get_vocab_size()} tokens, but "
            f"the text encoder only {text.vocab_size}; they do not belong together."
        )
    tokenizer.save(str(work / "tokenizer.json"))
    note("writing the vision graph")
    outputs = ["boxes", "embeddings", "logit_scale", "logit_shift"]
    write_graph(
        (RankedVisionGraph if ranked else VisionGraph)(model).eval(),
        (torch.zeros(1, 3, size, size),),
        ["image"],
        [*outputs, "objectness"] if ranked else outputs,
        work / "vision.onnx",
    )
    note("writing the text graph")
    _write_text(model, work / "text.onnx")
    spec = {
        "name": checkpoint.folder.resolve().name,
        "family": "dual_encoder",
        "dimensions": text.hidden_size,
        "licence": checkpoint.licence,
        "origin": f"exported from the {checkpoint.model_type} checkpoint of the same name",
        "vision": {
            "graph": "vision.onnx",
            "width": size,
            "height": size,
            **_pixels(checkpoint),
            "min_objectness": 0.0,
            "nms_iou": 0.5,
            "max_regions": 64,
        },
        "text": {
            "graph": "text.onnx",
            "tokenizer": "tokenizer.json",
            "max_tokens": text.max_position_embeddings,
            "template": TEMPLATE,
        },
        "calibration": {"logit_scale": 1.0, "logit_shift": 0.0, "threshold": THRESHOLD},
    }
    (work / "model.yaml").write_text(yaml.safe_dump(spec, sort_keys=False), encoding="utf-8")


def _write_text(model: Any, path: Path) -> None:
    encoder = model.owlv2 if hasattr(model, "owlv2") else model.owlvit
    ids = torch.tensor([[3, 2, 9, 0], [3, 4, 2, 9]])
    tokens = model.config.text_config.max_position_embeddings
    shape = {0: torch.export.Dim("phrases"), 1: torch.export.Dim("tokens", max=tokens)}
    write_graph(
        TextGraph(encoder).eval(),
        (ids, (ids != 0).long()),
        ["input_ids", "attention_mask"],
        ["embeddings"],
        path,
        (shape, shape),
    )


def _image_size(checkpoint: Checkpoint, vision: Any) -> int:
    """The side of the input, which the position embeddings and the image processor agree on."""
    size, patch = vision.image_size, vision.patch_size
    wanted = checkpoint.image_processor.get("size", size)
    if isinstance(wanted, dict):
        wanted = [wanted.get("height"), wanted.get("width")]
    sides = wanted if isinstance(wanted, list) else [wanted]
    if not isinstance(size, int) or not isinstance(patch, int) or {*sides} != {size}:
        raise ModelError(
            f"The image processor in {checkpoint.folder} makes images of {wanted}, but the vision "
            f"encoder in config.json takes {size} with patches of {patch}; they must be one square."
        )
    return size


def _pixels(checkpoint: Checkpoint) -> dict[str, Any]:
    """What is done to pixels, as the image processors of transformers do it."""
    processor = checkpoint.image_processor
    if checkpoint.model_type == "owlv2":
        resize, resample = "pad_square", "gaussian"
    else:
        code = processor.get("resample", 3)
        if code not in _FILTERS:
            raise ModelError(
                f"The image processor in {checkpoint.folder} resamples with the filter {code} of "
                f"Pillow; known are {', '.join(f'{k} ({v})' for k, v in _FILTERS.items())}."
            )
        resize, resample = "stretch", _FILTERS[code]
    return {
        "mean": [255.0 * v for v in processor.get("image_mean", _CLIP_MEAN)],
        "std": [255.0 * v for v in processor.get("image_std", _CLIP_STD)],
        "pad": 0,
        "resize": resize,
        "filter": resample,
    }
