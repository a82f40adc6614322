"""Checkpoints as transformers saves them, of its own classes, with random weights."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import pytest

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Graphs are traced, written and loaded: more than other tests may take."""
    for item in items:
        if item.path.parent == Path(__file__).parent:
            item.add_marker(pytest.mark.timeout(600))


def _unicode_of_bytes() -> list[str]:
    """The character that stands for each byte, in the order of CLIP's vocabulary."""
    shown = [*range(33, 127), *range(161, 173), *range(174, 256)]
    hidden = [byte for byte in range(256) if byte not in shown]
    return [chr(b) for b in shown] + [chr(256 + n) for n in range(len(hidden))]


@pytest.fixture(scope="module")
def clip_tokenizer() -> Any:
    """CLIP's tokenizer of transformers, with its real vocabulary.

    One for each module, for processors leave their padding set in it.
    """
    source = DATA / "clip_bpe" / "bpe_simple_vocab_16e6.txt.gz"
    if not source.is_file():
        pytest.skip("CLIP's vocabulary is not at hand (shared/data/clip_bpe)")
    from transformers.models.clip.tokenization_clip import CLIPTokenizer

    lines = gzip.decompress(source.read_bytes()).decode("utf-8").splitlines()
    merges = [tuple(line.split()) for line in lines[1 : 49152 - 256 - 2 + 1]]
    letters = _unicode_of_bytes()
    words = [*letters, *(f"{letter}</w>" for letter in letters), *("".join(m) for m in merges)]
    words += ["<|startoftext|>", "<|endoftext|>"]
    vocabulary = {word: index for index, word in enumerate(words)}
    return CLIPTokenizer(vocabulary, merges, pad_token="!", model_max_length=16)


@pytest.fixture(scope="session")
def pictures() -> dict[str, Any]:
    """RGB pictures (H, W, 3) uint8 of several sizes: rendered ones, and photographs if at hand."""
    import numpy as np

    from vlm_ros.images import read_image

    rng = np.random.default_rng(0)
    made = {
        "landscape": rng.integers(0, 256, (12, 16, 3), np.uint8).repeat(20, 0).repeat(20, 1),
        "portrait": rng.integers(0, 256, (20, 15, 3), np.uint8).repeat(16, 0).repeat(16, 1),
        "odd": rng.integers(0, 256, (333, 517, 3), np.uint8),
        "large": rng.integers(0, 256, (27, 48, 3), np.uint8).repeat(40, 0).repeat(40, 1),
    }
    photographs = sorted((DATA / "coco128").rglob("*.jpg"))[:2]
    return made | {path.stem: read_image(path) for path in photographs}
