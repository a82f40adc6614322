"""Exporting by the family of a checkpoint; a model folder appears whole or not at all."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path

from vlm_ros.errors import ModelError
from vlm_ros.exporting.checkpoint import read_checkpoint
from vlm_ros.exporting.whole import whole_folder

# The module that exports each model_type of transformers. It has a function
# `export(checkpoint, work, note)` that writes model.yaml, graphs and a tokenizer into the folder
# `work` and calls `note` with what it begins to do.
MODULES = {
    "owlvit": "owl",
    "owlv2": "owl",
    "grounding-dino": "grounding_dino",
    "mm-grounding-dino": "grounding_dino",
    "omdet-turbo": "omdet_turbo",
}


def export_checkpoint(
    folder: Path,
    out: Path,
    note: Callable[[str], object] = lambda _: None,
) -> Path:
    """Writes the model folder of a checkpoint.

    Args:
        folder: a checkpoint as transformers saves it, on this machine.
        out: the model folder to make; it must not exist.
        note: is told what is being done, step by step.

    Returns:
        `out`.

    Raises:
        ModelError: the checkpoint is incomplete, of an unknown architecture or cannot be exported,
            or the folder exists or cannot be written. Nothing is left under its name then.
    """
    checkpoint = read_checkpoint(folder)
    if checkpoint.model_type not in MODULES:
        raise ModelError(
            f"{folder / 'config.json'}: the architecture '{checkpoint.model_type}' cannot be "
            f"exported; known are {', '.join(MODULES)}."
        )
    with whole_folder(out) as work:
        exporter = import_module(f"vlm_ros.exporting.{MODULES[checkpoint.model_type]}")
        exporter.export(checkpoint, work, note)
    return out
