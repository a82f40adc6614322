"""Which files of a repository make a checkpoint."""

from __future__ import annotations

import re

from vlm_ros.errors import HubError
from vlm_ros.hub.files import HubFile
from vlm_ros.hub.remote import Listing

WEIGHTS = "model.safetensors"
_NEEDED = "config.json"
_WANTED = {
    _NEEDED,
    "README.md",  # says the licence
    "added_tokens.json",
    "merges.txt",
    "preprocessor_config.json",
    "processor_config.json",
    "special_tokens_map.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "vocab.json",
    "vocab.txt",
}
_SHARDS = re.compile(r"model-\d{5}-of-\d{5}\.safetensors|model\.safetensors\.index\.json")
_OTHER_WEIGHTS = re.compile(r".*\.(bin|ckpt|h5|msgpack|pkl|pt|pth)")


def is_taken(path: str) -> bool:
    """Whether files of this name are taken from repositories."""
    return path in _WANTED or path == WEIGHTS or _SHARDS.fullmatch(path) is not None


def checkpoint_files(listing: Listing) -> tuple[HubFile, ...]:
    """The configuration, weights, tokenizer, preprocessor and card of a repository, smallest first.

    Weights are safetensors. Pickled ones are never taken: reading them can run what they say.

    Raises:
        HubError: there is no configuration, or there are no safetensors.
    """
    files = {file.path: file for file in listing.files}
    where = f"{listing.repository} at {listing.commit}"
    if _NEEDED not in files:
        raise HubError(f"{where} has no {_NEEDED}, so it is no checkpoint of transformers.")
    weights = {WEIGHTS} & files.keys() or {path for path in files if _SHARDS.fullmatch(path)}
    if not any(path.endswith(".safetensors") for path in weights):
        others = sorted(path for path in files if _OTHER_WEIGHTS.fullmatch(path))
        has = f"only {', '.join(others)}" if others else "no weights at all"
        raise HubError(
            f"{where} has {has}, but what is taken is {WEIGHTS}: other formats can run code when "
            "they are read. The hub often has it in an open pull request; name that with "
            "--revision refs/pr/NUMBER."
        )
    chosen = [files[path] for path in files if path in _WANTED | weights]
    return tuple(sorted(chosen, key=lambda file: file.size))
