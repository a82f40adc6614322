"""A checkpoint as transformers saves it: a folder of config.json, weights and a tokenizer."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vlm_ros.errors import ModelError

if TYPE_CHECKING:
    from tokenizers import Tokenizer

_WEIGHTS = (
    "model.safetensors",
    "model.safetensors.index.json",
    "pytorch_model.bin",
    "pytorch_model.bin.index.json",
)
_TOKENIZERS = ("tokenizer.json", "vocab.json", "vocab.txt")


@dataclass(frozen=True)
class Checkpoint:
    """A folder that has all that an export needs.

    Attributes:
        folder: of the files.
        model_type: the architecture, as transformers names it.
        licence: as the model card says, in words where it says nothing.
        config: config.json.
        image_processor: preprocessor_config.json (or its place in processor_config.json), empty
            where there is none.
    """

    folder: Path
    model_type: str
    licence: str
    config: dict[str, Any]
    image_processor: dict[str, Any]


def read_checkpoint(folder: Path) -> Checkpoint:
    """Looks into a folder, without loading weights.

    Raises:
        ModelError: the folder or a file that is needed is missing, or a file cannot be read.
    """
    if not folder.is_dir():
        raise ModelError(f"The checkpoint folder {folder} does not exist.")
    config = _read(folder / "config.json")
    if config is None:
        raise ModelError(
            f"{folder} has no config.json, so it is no checkpoint of transformers; name a folder "
            "that was saved with save_pretrained or downloaded whole from a hub."
        )
    model_type = config.get("model_type")
    if not isinstance(model_type, str):
        raise ModelError(f"{folder / 'config.json'} lacks the key 'model_type'.")
    if not any((folder / name).is_file() for name in _WEIGHTS):
        raise ModelError(
            f"{folder} has no weights; expected one of {', '.join(_WEIGHTS)}. An interrupted "
            "download leaves a folder like that: fetch it again."
        )
    if not any((folder / name).is_file() for name in _TOKENIZERS):
        raise ModelError(
            f"{folder} has no tokenizer; expected one of {', '.join(_TOKENIZERS)}, as "
            "transformers saves them beside the weights."
        )
    processor = _read(folder / "preprocessor_config.json")
    if processor is None:
        processor = (_read(folder / "processor_config.json") or {}).get("image_processor", {})
    return Checkpoint(folder, model_type, _licence(folder), config, processor)


def load_weights(model_class: Any, checkpoint: Checkpoint) -> Any:
    """A model of transformers with the weights of a checkpoint, in float32 and for inference.

    Args:
        model_class: of transformers.
        checkpoint: of that class.

    Raises:
        ModelError: the weights cannot be read, do not fit config.json, or are not all there.
    """
    import torch

    try:
        model, report = model_class.from_pretrained(
            checkpoint.folder,
            local_files_only=True,
            dtype=torch.float32,
            attn_implementation="eager",
            output_loading_info=True,
        )
    except Exception as error:  # transformers and safetensors raise whatever they meet
        raise ModelError(
            f"The weights in {checkpoint.folder} cannot be loaded as "
            f"{model_class.__name__}: {error}"
        ) from error
    if missing := sorted(report["missing_keys"]):
        raise ModelError(
            f"The weights in {checkpoint.folder} lack {len(missing)} that {model_class.__name__} "
            f"needs, {missing[0]} among them; fetch the checkpoint again."
        )
    return model.eval()


def load_tokenizer(checkpoint: Checkpoint) -> Tokenizer:
    """The tokenizer as the library tokenizers runs it.

    Raises:
        ModelError: it cannot be read.
    """
    from transformers import AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(checkpoint.folder, local_files_only=True)
        return tokenizer.backend_tokenizer
    except Exception as error:  # transformers and tokenizers raise whatever they meet
        raise ModelError(
            f"The tokenizer in {checkpoint.folder} cannot be loaded: {error}"
        ) from error


def _licence(folder: Path) -> str:
    """What the head of the model card says."""
    card = folder / "README.md"
    if card.is_file():
        said = re.search(r"^license: *(\S+)", card.read_text("utf-8", "replace"), re.MULTILINE)
        if said is not None:
            return said[1]
    return "not stated; see where the checkpoint comes from"


def _read(path: Path) -> dict[str, Any] | None:
    if not path.is_file():
        return None
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(f"{path} cannot be read: {error}") from error
    if not isinstance(data, dict):
        raise ModelError(f"{path} must hold a JSON object.")
    return data
