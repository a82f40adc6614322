"""OmDet-Turbo checkpoints as model folders of the family `fused`.

Zhao et al. 2024, "Real-time Transformer-based Open-Vocabulary Detection with Efficient Fusion
Head". CLIP's text encoder sees phrases alone, and together once more as the task ("Detect cup,
plate."); both are computed once for a command and enter the graph of the picture as embeddings.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from vlm_ros.errors import ModelError
from vlm_ros.exporting.checkpoint import Checkpoint, load_tokenizer, load_weights
from vlm_ros.exporting.fused import replaced, write_spec, xyxy_pixels
from vlm_ros.exporting.graphs import write_graph

_SIZE = {"height": 640, "width": 640}
# More phrases than this do not fit in the task, two tokens each.
_CLASSES = 36


def export(checkpoint: Checkpoint, work: Path, note: Callable[[str], object]) -> None:
    """Writes model.yaml, graphs and a tokenizer; see `exporting.export`.

    Raises:
        ModelError: the checkpoint cannot be read, its image processor is of a kind that is not
            known, or its backbone needs timm, which is not installed.
    """
    from transformers import OmDetTurboForObjectDetection

    _check_backbone(checkpoint)
    note("loading the weights")
    model = load_weights(OmDetTurboForObjectDetection, checkpoint)
    load_tokenizer(checkpoint).save(str(work / "tokenizer.json"))
    size = checkpoint.image_processor.get("size", _SIZE)
    if not {"height", "width"} <= size.keys():
        raise ModelError(
            f"The image processor in {checkpoint.folder} has the size {size}; expected 'height' "
            "and 'width'."
        )
    height, width = int(size["height"]), int(size["width"])
    length = model.config.text_config.max_position_embeddings
    dimensions = model.config.class_embed_dim
    vision = {"width": width, "height": height, "resize": "stretch"}
    write_spec(checkpoint, work, dimensions, length, vision)
    note("exporting the text encoder")
    texts, tokens = torch.export.Dim.DYNAMIC, torch.export.Dim.DYNAMIC
    write_graph(
        TextGraph(model).eval(),
        (torch.arange(15).reshape(3, 5),),
        ["input_ids"],
        ["classes", "tokens"],
        work / "text.onnx",
        dynamic_shapes=({0: texts, 1: tokens},),
    )
    note(f"exporting the graph for pictures of {width}x{height}")
    graph = FusedGraph(model).eval()
    arguments = (
        torch.zeros(1, 3, height, width),
        torch.tensor([height, width], dtype=torch.float32),
        torch.zeros(_CLASSES, dimensions),
        torch.zeros(length, dimensions),
        torch.ones(1, dtype=torch.int32),
    )
    names = ["image", "content", "classes", "task", "task_length"]
    # Anchors are remembered, those of a graph being traced among them.
    remembered = type(model.decoder).generate_anchors
    remembered.cache_clear()
    write_graph(graph, arguments, names, ["boxes", "logits"], work / "graph.onnx")
    remembered.cache_clear()


class TextGraph(nn.Module):
    """CLIP's text encoder and the projection behind it."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.backbone = model.language_backbone

    def forward(self, input_ids: Tensor) -> tuple[Tensor, Tensor]:
        """Encodes n texts.

        Args:
            input_ids: (n, t) int64; what comes after the end of a text changes nothing.

        Returns:
            `classes` (n, D), each text as a class, and `tokens` (n, t, D), each as a task.
        """
        tokens = self.backbone.model(input_ids)[0]
        ends = input_ids.to(torch.int32).argmax(dim=-1)
        classes = tokens[torch.arange(len(input_ids)), ends] @ self.backbone.text_projection
        return classes, tokens


class FusedGraph(nn.Module):
    """All but the text encoder."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.vision = model.vision_backbone
        self.encoder = model.encoder
        self.decoder = model.decoder

    def forward(
        self, image: Tensor, content: Tensor, classes: Tensor, task: Tensor, task_length: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Finds C classes.

        Args:
            image: (1, 3, H, W) normalised.
            content: (2,) height and width of the picture in `image`, pixels.
            classes: (C, D), see `TextGraph`.
            task: (T, D), see `TextGraph`.
            task_length: (1,) int32; so many of the T tokens are there.

        Returns:
            `boxes` (Q, 4) xyxy in pixels of `image` and `logits` (Q, C).
        """
        states = self.encoder(self.vision(image), return_dict=True).extracted_states
        present = torch.arange(len(task)) < task_length
        seen = torch.cat([torch.ones(self.decoder.num_queries).bool(), present])
        mask = torch.where(seen, 0.0, torch.finfo(task.dtype).min)[None, None, None]
        modeling = import_module(type(self.decoder).__module__)
        with ExitStack() as stack:
            # Their mask is built by branching on values, which a graph cannot; check: see above.
            for name, value in (
                ("create_bidirectional_mask", lambda **_: mask),
                ("torch_compilable_check", lambda *_, **__: None),
            ):
                stack.enter_context(replaced(modeling, name, value))
            found = self.decoder(
                states, classes[:, None], task[:, None], present[None].long(), return_dict=True
            )
        return xyxy_pixels(found.decoder_coords[-1][0], content), found.decoder_classes[-1][0]


def _check_backbone(checkpoint: Checkpoint) -> None:
    """Without a backbone in its configuration, a checkpoint means one of timm's."""
    backbone = checkpoint.config.get("backbone_config") or {}
    if backbone.get("model_type", "timm_backbone") != "timm_backbone":
        return
    for library in ("timm", "torchvision"):
        if find_spec(library) is None:
            raise ModelError(
                f"The backbone of {checkpoint.folder} is one of timm's, but {library} is not "
                "installed; install timm and torchvision, both made for the torch that is here, "
                "and export again."
            )
