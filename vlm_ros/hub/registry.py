"""The models known by name (`registry.yaml`, which says where its facts come from)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import lru_cache
from importlib.resources import files

import yaml

from vlm_ros.errors import ModelError


@dataclass(frozen=True)
class Entry:
    """One well-known model.

    Attributes:
        name: the last part of its repository's id.
        family: how the package runs it, "dual_encoder" or "fused".
        architecture: transformers' `model_type`.
        licence: of the weights, an SPDX identifier.
        parameters: millions.
        input: pixels, in words.
        repository: on the Hugging Face hub; empty where the package itself brings the model.
        revision: commit or reference that is pulled; empty for main.
        sha256: of model.safetensors at that commit; empty where it is not published.
        download: MB of model.safetensors; 0 where nothing is downloaded.
        accuracy: published values by measure, average precision in %.
        source: where the accuracy is published.
    """

    name: str
    family: str
    architecture: str
    licence: str
    parameters: int
    input: str
    repository: str = ""
    revision: str = ""
    sha256: str = ""
    download: int = 0
    accuracy: Mapping[str, float] = field(default_factory=dict)
    source: str = ""

    def is_called(self, name: str) -> bool:
        """Whether a name, or the id of a repository on the hub, stands for this model."""
        return bool(name) and name in (self.name, self.repository)


@lru_cache(maxsize=1)
def entries() -> tuple[Entry, ...]:
    """All known models, the bundled one first."""
    data = yaml.safe_load(files(__package__).joinpath("registry.yaml").read_text("utf-8"))
    sources = {"": ""} | data["sources"]
    return tuple(
        Entry(**{**model, "source": sources[model.get("source", "")]}) for model in data["models"]
    )


def find_entry(name: str) -> Entry:
    """The model of a name, or of a repository's id such as "google/owlvit-base-patch32".

    Raises:
        ModelError: there is none; the message names the nearest ones.
    """
    for entry in entries():
        if entry.is_called(name):
            return entry
    raise ModelError(f"No model is called '{name}'. {suggestion(name)}")


def suggestion(name: str) -> str:
    """A sentence that names the known models nearest to a name, or where all are listed."""
    names = {entry.name.lower(): entry.name for entry in entries()}
    wanted = name.rpartition("/")[2].lower()
    near = get_close_matches(wanted, names, n=3, cutoff=0.6)
    near += [known for known in names if wanted and wanted in known and known not in near]
    if not near:
        return "'vlm-ros model list' shows those that are known."
    return f"Did you mean {' or '.join(names[known] for known in near[:3])}?"
