"""Loading a model folder by its family."""

from __future__ import annotations

from pathlib import Path

from vlm_ros.errors import ModelError
from vlm_ros.models.base import Model
from vlm_ros.models.folder import read_spec
from vlm_ros.models.phrases import PhraseEncoder


def load_model(folder: Path, runtime: str = "auto") -> Model:
    """Loads a model folder.

    Args:
        folder: with model.yaml in it.
        runtime: runs the vision graph; see `vlm_ros.models.vision_pass.open_vision`.

    Raises:
        ModelError: the folder is missing, incomplete or inconsistent, or of an unknown family.
        RuntimeUnavailableError: the runtime cannot be used here.
    """
    spec = read_spec(folder)
    if spec.family == "fused":
        from vlm_ros.models.fused import FusedModel

        return FusedModel(spec, runtime)
    from vlm_ros.models.dual_encoder import DualEncoder

    return DualEncoder(spec, runtime)


def load_text_encoder(folder: Path) -> PhraseEncoder:
    """Loads the text side of a dual encoder alone, for comparing phrases with each other.

    Args:
        folder: with model.yaml in it.

    Raises:
        ModelError: the folder is missing, incomplete or inconsistent, or without such a side.
        RuntimeUnavailableError: ONNX Runtime is not installed.
    """
    spec = read_spec(folder)
    if spec.family != "dual_encoder":
        raise ModelError(
            f"The model {spec.name} is of the family '{spec.family}', in which phrases have no "
            "meaning without a picture; name a dual encoder, such as the bundled model."
        )
    return PhraseEncoder(spec.text, spec.dimensions)
