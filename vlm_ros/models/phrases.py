"""Phrases to embeddings, each computed once."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from vlm_ros.errors import ModelError
from vlm_ros.models.folder import TextSpec
from vlm_ros.runtimes import open_runtime
from vlm_ros.stages import stage

CACHED_PHRASES = 4096


class PhraseEncoder:
    """A text graph with its tokenizer and a cache of the most recent phrases.

    The graph takes `input_ids` and `attention_mask` (n, T) int64 and gives `embeddings` (n, D).
    Safe to call from several threads.
    """

    def __init__(self, spec: TextSpec, dimensions: int) -> None:
        """Loads the graph and the tokenizer; the graph into ONNX Runtime, for it seldom runs.

        Raises:
            ModelError: either cannot be read, or they do not fit model.yaml.
            RuntimeUnavailableError: ONNX Runtime is not installed.
        """
        from tokenizers import Tokenizer

        self._spec = spec
        self._dimensions = dimensions
        self._graph = open_runtime(spec.graph, "onnxruntime")
        missing = {"input_ids", "attention_mask"} ^ set(self._graph.inputs)
        if missing or "embeddings" not in self._graph.outputs:
            raise ModelError(
                f"{spec.graph} must take 'input_ids' and 'attention_mask' and give 'embeddings'; "
                f"it takes {sorted(self._graph.inputs)} and gives {sorted(self._graph.outputs)}."
            )
        try:
            self._tokenizer = Tokenizer.from_file(str(spec.tokenizer))
        except Exception as error:  # tokenizers raises bare Exception
            raise ModelError(f"{spec.tokenizer} cannot be read as a tokenizer: {error}") from error
        self._tokenizer.enable_truncation(spec.max_tokens)
        self._tokenizer.enable_padding()
        self._cache: OrderedDict[str, NDArray[np.float32]] = OrderedDict()
        self._lock = threading.Lock()

    def __call__(self, phrases: Sequence[str]) -> NDArray[np.float32]:
        """Unit embeddings (n, D) float32 of n phrases.

        Raises:
            ModelError: the graph failed or answered with the wrong shape.
        """
        if not phrases:
            return np.zeros((0, self._dimensions), np.float32)
        with self._lock:
            unknown = [p for p in dict.fromkeys(phrases) if p not in self._cache]
            if unknown:
                with stage("text"):
                    self._cache.update(zip(unknown, self._compute(unknown), strict=True))
            rows = []
            for phrase in phrases:
                self._cache.move_to_end(phrase)
                rows.append(self._cache[phrase])
            while len(self._cache) > CACHED_PHRASES:
                self._cache.popitem(last=False)
        return np.stack(rows)

    def _compute(self, phrases: list[str]) -> NDArray[np.float32]:
        tokens = self._tokenizer.encode_batch([self._spec.template.format(p) for p in phrases])
        outputs = self._graph.run(
            {
                "input_ids": np.asarray([t.ids for t in tokens], np.int64),
                "attention_mask": np.asarray([t.attention_mask for t in tokens], np.int64),
            }
        )
        embeddings = np.asarray(outputs["embeddings"], np.float32)
        if embeddings.shape != (len(phrases), self._dimensions):
            raise ModelError(
                f"{self._spec.graph} answered with shape {embeddings.shape}, "
                f"expected {(len(phrases), self._dimensions)}."
            )
        return embeddings
