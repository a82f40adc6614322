"""Grounding DINO and MM-Grounding DINO checkpoints as model folders of the family `fused`.

Liu et al. 2023, "Grounding DINO: Marrying DINO with Grounded Pre-Training for Open-Set Object
Detection"; Zhao et al. 2024, "An Open and Comprehensive Pipeline for Unified Object Grounding and
Detection". Text meets the picture in the encoder, so it has to be in the graph; but what BERT makes
of it does not depend on the picture, so that is a graph of its own, run once for a command.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor, nn

from vlm_ros.errors import ModelError
from vlm_ros.exporting.checkpoint import Checkpoint, load_tokenizer, load_weights
from vlm_ros.exporting.fused import replaced, write_spec, xyxy_pixels
from vlm_ros.exporting.graphs import write_graph

_SIZE = {"shortest_edge": 800, "longest_edge": 1333}
_CAMERA = (480, 640)  # height and width; a picture of this shape fills the input of the graph


def export(checkpoint: Checkpoint, work: Path, note: Callable[[str], object]) -> None:
    """Writes model.yaml, graphs and a tokenizer; see `exporting.export`.

    Raises:
        ModelError: the checkpoint cannot be read, or its tokenizer or image processor is of a kind
            that is not known.
    """
    import transformers

    note("loading the weights")
    model = load_weights(getattr(transformers, _CLASSES[checkpoint.model_type]), checkpoint)
    tokenizer = load_tokenizer(checkpoint)
    _check_dividers(model, tokenizer, checkpoint)
    tokenizer.save(str(work / "tokenizer.json"))
    resize, height, width = _fit(checkpoint)
    length, dimensions = model.config.max_text_len, model.config.d_model
    vision = {"width": width, "height": height, "resize": resize}
    write_spec(checkpoint, work, dimensions, length, vision)
    note("exporting the text encoder")
    _write_text(TextGraph(model).eval(), work / "text.onnx")
    note(f"exporting the graph for pictures of {width}x{height}")
    graph = FusedGraph(model, height, width).eval()
    _write_fused(graph, length, dimensions, work / "graph.onnx")


def _write_text(graph: TextGraph, path: Path) -> None:
    ids = torch.arange(7)
    tokens = torch.export.Dim.DYNAMIC
    write_graph(
        graph,
        (ids, torch.zeros_like(ids), torch.tensor([0, 1, 1, 1, 2, 2, 3])),
        ["input_ids", "position_ids", "blocks"],
        ["features", "positions"],
        path,
        dynamic_shapes=tuple({0: tokens} for _ in range(3)),
    )


def _write_fused(graph: FusedGraph, length: int, dimensions: int, path: Path) -> None:
    arguments = (
        torch.zeros(1, 3, graph.height, graph.width),
        torch.tensor([graph.height, graph.width], dtype=torch.float32),
        torch.zeros(length, dimensions),
        torch.zeros(length, dimensions),
        torch.arange(length, dtype=torch.int32),
    )
    names = ["image", "content", "features", "positions", "blocks"]
    write_graph(graph, arguments, names, ["boxes", "logits"], path)


class TextGraph(nn.Module):
    """BERT and the projection behind it; phrases do not see each other."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.backbone = model.model.text_backbone
        self.projection = model.model.text_projection
        self.dimensions = model.config.d_model
        self.encode_positions = _modeling(model).encode_sinusoidal_position_embedding

    def forward(
        self, input_ids: Tensor, position_ids: Tensor, blocks: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Encodes the t tokens of a prompt.

        Args:
            input_ids: (t,) int64.
            position_ids: (t,) int64, counted anew in each block.
            blocks: (t,) int64; tokens attend to those of the same block.

        Returns:
            `features` (t, D) and `positions` (t, D), the encoding of their positions.
        """
        # Added to the attention: a mask of true and false is read so by one implementation only.
        hidden = torch.where(_same_block(blocks), 0.0, torch.finfo(torch.float32).min)
        encoded = self.backbone(
            input_ids[None],
            hidden[None, None],
            torch.zeros_like(input_ids)[None],
            position_ids[None],
        )
        features = self.projection(encoded.last_hidden_state)[0]
        places = position_ids[:, None].to(features.dtype)
        return features, self.encode_positions(places, num_pos_feats=self.dimensions)


class FusedGraph(nn.Module):
    """All but the text encoder, which is replaced by what it gave."""

    def __init__(self, model: Any, height: int, width: int) -> None:
        super().__init__()
        self.model = model
        self.height = height
        self.width = width

    def forward(
        self, image: Tensor, content: Tensor, features: Tensor, positions: Tensor, blocks: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Finds what the T tokens of a prompt speak of.

        Args:
            image: (1, 3, H, W) normalised.
            content: (2,) height and width of the picture at the top left of `image`, pixels.
            features: (T, D), see `TextGraph`.
            positions: (T, D), see `TextGraph`.
            blocks: (T,) int32, see `TextGraph`; -1 where there is no token.

        Returns:
            `boxes` (Q, 4) xyxy in pixels of `image` and `logits` (Q, T), minus infinity where
            there is no token.
        """
        rows = torch.arange(self.height) < content[0]
        columns = torch.arange(self.width) < content[1]
        shown = (rows[:, None] & columns[None, :])[None]
        known = blocks >= 0
        attention = (_same_block(blocks) & known[:, None]) | torch.eye(len(blocks)).bool()
        with _given_text(self.model, features, positions, attention):
            outputs = self.model(
                # Padding comes after normalisation there, so it is zero.
                pixel_values=torch.where(shown[:, None], image, 0.0),
                pixel_mask=shown.long(),
                input_ids=blocks.long()[None],
                attention_mask=known[None],
            )
        return xyxy_pixels(outputs.pred_boxes[0], content), outputs.logits[0]


@contextmanager
def _given_text(
    model: Any, features: Tensor, positions: Tensor, attention: Tensor
) -> Iterator[None]:
    """The model with its text side replaced by the values that it would compute.

    A check of shapes that ONNX has no operator for is left out too: they are static here.
    """
    core, modeling = model.model, _modeling(model)
    given = _Given(SimpleNamespace(last_hidden_state=features[None]))
    layer = type(core.encoder.layers[0])
    masks = (attention[None], torch.zeros(1, len(attention), dtype=torch.long))
    with ExitStack() as stack:
        for target, name, value in (
            (core, "text_backbone", given),
            (core, "text_projection", nn.Identity()),
            (modeling, "generate_masks_with_special_tokens_and_transfer_map", _always(masks)),
            (modeling, "torch_compilable_check", _always(None)),
            (layer, "get_text_position_embeddings", _always(positions[None])),
        ):
            stack.enter_context(replaced(target, name, value))
        yield


class _Given(nn.Module):
    def __init__(self, value: Any) -> None:
        super().__init__()
        self.value = value

    def forward(self, *_: Any, **__: Any) -> Any:
        return self.value


def _always(value: Any) -> Any:
    return lambda *_, **__: value


def _same_block(blocks: Tensor) -> Tensor:
    return blocks[:, None] == blocks[None, :]


def _modeling(model: Any) -> Any:
    return import_module(type(model).__module__)


# The class of transformers for each architecture.
_CLASSES = {
    "grounding-dino": "GroundingDinoForObjectDetection",
    "mm-grounding-dino": "MMGroundingDinoForObjectDetection",
}


def _check_dividers(model: Any, tokenizer: Any, checkpoint: Checkpoint) -> None:
    """The model divides prompts at tokens of fixed number, whatever its tokenizer."""
    words = ["[CLS]", "[SEP]", ".", "?"]
    wanted = list(_modeling(model).SPECIAL_TOKENS)
    given = [tokenizer.token_to_id(word) for word in words]
    if given != wanted:
        raise ModelError(
            f"The tokenizer in {checkpoint.folder} numbers {', '.join(words)} as {given}, but "
            f"{checkpoint.model_type} takes {wanted} for the ends of phrases; use the uncased "
            "vocabulary of BERT that it was trained with."
        )


def _fit(checkpoint: Checkpoint) -> tuple[str, int, int]:
    """How pictures are fitted, and the height and width of the input."""
    from transformers.image_transforms import get_size_with_aspect_ratio

    size = checkpoint.image_processor.get("size", _SIZE)
    if {"height", "width"} <= size.keys():
        return "stretch", int(size["height"]), int(size["width"])
    if not {"shortest_edge", "longest_edge"} <= size.keys():
        raise ModelError(
            f"The image processor in {checkpoint.folder} has the size {size}; expected 'height' "
            "and 'width', or 'shortest_edge' and 'longest_edge'."
        )
    edges = size["shortest_edge"], size["longest_edge"]
    height, width = get_size_with_aspect_ratio(_CAMERA, *edges)
    return "corner", int(height), int(width)
