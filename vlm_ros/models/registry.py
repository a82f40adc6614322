"""Loading a model folder by its family."""

from __future__ import annotations

from pathlib import Path

from vlm_ros.errors import ModelError
from vlm_ros.models.base import Model
from vlm_ros.models.folder import ModelSpec, read_spec
from vlm_ros.models.phrases import PhraseEncoder


def load_model(folder: Path, runtime: str = "auto") -> Model:
    """Loads a model folder.

    Args:
        folder: with model.yaml in it.
        runtime: see `vlm_ros.runtimes.open_runtime`.

    Raises:
        ModelError: the folder is missing, incomplete or inconsistent, or of an unknown family.
        RuntimeUnavailableError: the runtime cannot be used here.
    """
    spec = _known_family(folder)
    from vlm_ros.models.dual_encoder import DualEncoder

    return DualEncoder(spec, runtime)


def load_text_encoder(folder: Path, runtime: str = "auto") -> PhraseEncoder:
    """Loads the text side of a model folder alone, for comparing phrases with each other.

    Args:
        folder: with model.yaml in it.
        runtime: see `vlm_ros.runtimes.open_runtime`.

    Raises:
        ModelError: the folder is missing, incomplete or inconsistent, or of an unknown family.
        RuntimeUnavailableError: the runtime cannot be used here.
    """
    spec = _known_family(folder)
    return PhraseEncoder(spec.text, spec.dimensions, runtime)


def _known_family(folder: Path) -> ModelSpec:
    spec = read_spec(folder)
    if spec.family != "dual_encoder":
        raise ModelError(
            f"{folder / 'model.yaml'}: the family '{spec.family}' is not known; "
            "this version reads 'dual_encoder'."
        )
    return spec
