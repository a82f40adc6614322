"""From a training checkpoint to a model folder."""

from __future__ import annotations

import shutil
from pathlib import Path

import onnx
import torch
import yaml
from onnx.external_data_helper import set_external_data
from torch import Tensor, nn

from vlm_ros.coco import COCO_NAMES
from vlm_ros.exporting.graphs import write_graph
from vlm_ros.training.network import EMBEDDING_DIM, GroundingModel, RegionNetwork, TextHead
from vlm_ros.training.quantise import weights_to_int8
from vlm_ros.training.sentences import MAX_TOKENS, SentenceEncoder, weights_folder
from vlm_ros.training.vision_graph import VisionGraph
from vlm_ros.training.yolox import STRIDES

SENTENCE_ENCODER = "sentence_encoder.bin"
SHARED_BYTES = 1024  # smaller tensors stay in the graph


class TextGraph(nn.Module):
    """The sentence encoder followed by the text head."""

    def __init__(self, encoder: SentenceEncoder, head: TextHead) -> None:
        super().__init__()
        self.encoder = encoder
        self.head = head

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        embedding: Tensor = self.head(self.encoder(input_ids, attention_mask))
        return embedding


def load_average(checkpoint: Path) -> GroundingModel:
    """The averaged weights of a checkpoint written by `train`."""
    model = GroundingModel()
    state = torch.load(checkpoint, map_location="cpu", weights_only=True)
    model.load_state_dict(state["average"])
    return model.eval()


def export(model: GroundingModel, out: Path, name: str, width: int, height: int) -> None:
    """Writes a model folder; the folder appears whole or not at all.

    Args:
        model: e.g. from `load_average`.
        out: the model folder; only files of its own are replaced in an existing one.
        name: of the model.
        width: of the vision graph's input where its size is fixed, a multiple of 32; otherwise
            width and height say how many pixels there are in it.
        height: likewise.
    """
    work = out.with_name(f".{out.name}.part")
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    write_vision(model.vision, work / "vision.onnx", width, height)
    _export_text(model.text, work / "text.onnx")
    _copy_tokenizer(work / "tokenizer.json")
    spec = {
        "name": name,
        "family": "dual_encoder",
        "dimensions": EMBEDDING_DIM,
        "licence": "Apache-2.0",
        "origin": "trained by vlm-ros train; see README.md beside this file",
        "vision": {
            "graph": "vision.onnx",
            "width": width,
            "height": height,
            "mean": [0.0, 0.0, 0.0],
            "std": [1.0, 1.0, 1.0],
            "pad": 114,
            "min_objectness": 0.03,
            "nms_iou": 0.45,
            "merge_iou": 0.6,
            "max_regions": 64,
            "classes": list(COCO_NAMES),
        },
        "text": {
            "graph": "text.onnx",
            "tokenizer": "tokenizer.json",
            "max_tokens": MAX_TOKENS,
            "template": "{}",
        },
        "calibration": {
            "logit_scale": round(float(model.alignment.log_scale.detach().exp()), 4),
            "logit_shift": round(float(model.alignment.shift.detach()), 4),
        },
    }
    (work / "model.yaml").write_text(yaml.safe_dump(spec, sort_keys=False), encoding="utf-8")
    out.mkdir(parents=True, exist_ok=True)
    for path in sorted(work.iterdir()):
        path.replace(out / path.name)
    work.rmdir()


def write_vision(network: RegionNetwork, path: Path, width: int, height: int) -> None:
    """Writes the vision graph of a network, which takes inputs of any size in whole cells.

    Args:
        network: e.g. of `load_average`.
        path: the ONNX file.
        width: of the input that is traced, a multiple of 32.
        height: likewise.
    """
    # Any size that halves to whole cells at each of the network's strides.
    rows, columns = (torch.export.Dim(side, min=2, max=128) for side in ("rows", "columns"))
    coarsest = STRIDES[-1]
    write_graph(
        VisionGraph(network).eval(),
        (torch.zeros(1, 3, height, width),),
        ["image"],
        ["boxes", "objectness", "embeddings", "classes"],
        path,
        ({2: coarsest * rows, 3: coarsest * columns},),
    )


def _export_text(head: TextHead, path: Path) -> None:
    ids = torch.tensor([[101, 2417, 2452, 102], [101, 2630, 3482, 102]])
    shape = {0: torch.export.Dim("phrases"), 1: torch.export.Dim("tokens", max=512)}
    write_graph(
        TextGraph(SentenceEncoder(), head).eval(),
        (ids, torch.ones_like(ids)),
        ["input_ids", "attention_mask"],
        ["embeddings"],
        path,
        (shape, shape),
    )
    text = weights_to_int8(onnx.load(str(path)))
    # Training leaves the sentence encoder alone: in a file of its own it is the same for every
    # version of a model, so that neither a repository nor an update carries it twice.
    for tensor in text.graph.initializer:
        if not tensor.name.startswith("head.") and len(tensor.raw_data) >= SHARED_BYTES:
            set_external_data(tensor, SENTENCE_ENCODER)
    onnx.save(text, str(path))
    (path.parent / SENTENCE_ENCODER).chmod(0o644)  # onnx makes it private


def _copy_tokenizer(path: Path) -> None:
    shutil.copyfile(weights_folder() / "tokenizer.json", path)
