"""Phrases as fused models take them: all of a prompt at once, encoded once for a command."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from vlm_ros.errors import ModelError
from vlm_ros.models.folder import ModelSpec
from vlm_ros.runtimes import Runtime, open_runtime

if TYPE_CHECKING:
    from tokenizers import Tokenizer

CACHED_PROMPTS = 64
# What every fused graph takes of the picture.
PICTURE_INPUTS = frozenset({"image", "content"})
Shapes = Mapping[str, tuple[int | str | None, ...]]


@dataclass(frozen=True)
class Prompt:
    """Phrases as inputs of a fused graph.

    Attributes:
        inputs: of the graph, by name.
        columns: for each phrase, the columns of the graph's logits that speak of it; none where
            nothing of the phrase can be encoded.
    """

    inputs: Mapping[str, NDArray[Any]]
    columns: tuple[NDArray[np.intp], ...]


class Prompting(Protocol):
    """How a kind of fused model is prompted."""

    def split(self, phrases: Sequence[str]) -> Iterator[tuple[str, ...]]:
        """The phrases in as few prompts as they fit in, in their order."""
        ...

    def encode(self, phrases: tuple[str, ...]) -> Prompt:
        """Encodes phrases that fit in one prompt.

        Raises:
            ModelError: the text graph failed or answered with the wrong shape.
        """
        ...


class KnownPrompts:
    """A way of prompting that computes each prompt once. Safe to call from several threads."""

    def __init__(self, prompting: Prompting) -> None:
        self._prompting = prompting
        self._known: OrderedDict[tuple[str, ...], Prompt] = OrderedDict()
        self._lock = threading.Lock()

    def split(self, phrases: Sequence[str]) -> Iterator[tuple[str, ...]]:
        """See `Prompting`."""
        return self._prompting.split(phrases)

    def encode(self, phrases: tuple[str, ...]) -> Prompt:
        """See `Prompting`."""
        with self._lock:
            if phrases not in self._known:
                self._known[phrases] = self._prompting.encode(phrases)
            self._known.move_to_end(phrases)
            while len(self._known) > CACHED_PROMPTS:
                self._known.popitem(last=False)
            return self._known[phrases]


class TokenPrompting:
    """Prompts of Grounding DINO: "red cup. plate.", where each token has a logit of its own.

    Tokens attend to those of the same phrase only, and positions count anew in each phrase, so a
    phrase is encoded the same in whatever company. As in its processor in transformers.
    """

    def __init__(self, spec: ModelSpec, shapes: Shapes) -> None:
        """Loads the text graph and the tokenizer.

        Args:
            spec: of the model.
            shapes: of the inputs of its fused graph.

        Raises:
            ModelError: either cannot be read or does not fit.
        """
        self._spec = spec
        self._text = _open_text(spec, {"input_ids", "position_ids", "blocks"})
        self._tokenizer = _open_tokenizer(spec)
        self._length = _length(spec, shapes, "blocks")
        _check_shape(spec, shapes, "features", (self._length, spec.dimensions))
        self._begin, self._end, self._stop, query = (
            self._token(word) for word in ("[CLS]", "[SEP]", ".", "?")
        )
        # These divide the text into phrases, wherever they stand.
        self._dividers = {self._begin, self._end, self._stop, query}

    def split(self, phrases: Sequence[str]) -> Iterator[tuple[str, ...]]:
        """See `Prompting`."""
        room = self._length - 2
        chunk: list[str] = []
        for phrase in phrases:
            size = len(self._ids(phrase)) + 1
            if size > room and chunk:
                yield tuple(chunk)
                chunk, room = [], self._length - 2
            chunk.append(phrase)
            room -= size
        if chunk:
            yield tuple(chunk)

    def encode(self, phrases: tuple[str, ...]) -> Prompt:
        """See `Prompting`."""
        ids, places, blocks = [self._begin], [0], [0]
        columns = []
        for number, phrase in enumerate(phrases, start=1):
            words = self._ids(phrase)
            columns.append(np.arange(len(ids), len(ids) + len(words)))
            # A divider without words before it sees itself alone.
            ids += [*words, self._stop]
            places += range(len(words) + 1)
            blocks += [number] * (len(words) + 1)
        ids, places, blocks = [*ids, self._end], [*places, 0], [*blocks, len(phrases) + 1]
        outputs = self._text.run(
            {
                "input_ids": np.asarray(ids, np.int64),
                "position_ids": np.asarray(places, np.int64),
                "blocks": np.asarray(blocks, np.int64),
            }
        )
        missing = self._length - len(ids)
        inputs: dict[str, NDArray[Any]] = {
            name: np.pad(
                _checked(self._spec, outputs, name, (len(ids), self._spec.dimensions)),
                ((0, missing), (0, 0)),
            )
            for name in ("features", "positions")
        }
        inputs["blocks"] = np.asarray(blocks + [-1] * missing, np.int32)
        return Prompt(inputs, tuple(columns))

    def _ids(self, phrase: str) -> list[int]:
        """Tokens of a phrase, without those that would divide it, cut to what fits."""
        text = self._spec.text.template.format(phrase.strip().lower())
        ids = self._tokenizer.encode(text, add_special_tokens=False).ids
        return [i for i in ids if i not in self._dividers][: self._length - 3]

    def _token(self, word: str) -> int:
        token = self._tokenizer.token_to_id(word)
        if token is None:
            raise ModelError(f"{self._spec.text.tokenizer} lacks the token '{word}'.")
        return int(token)


class ClassPrompting:
    """Prompts of OmDet-Turbo: each phrase a class, and all of them once more as the task.

    As in its processor in transformers: the task is "Detect red cup, plate.".
    """

    def __init__(self, spec: ModelSpec, shapes: Shapes) -> None:
        """Loads the text graph and the tokenizer; see `TokenPrompting`."""
        self._spec = spec
        self._text = _open_text(spec, {"input_ids"})
        self._tokenizer = _open_tokenizer(spec)
        self._classes = _length(spec, shapes, "classes")
        self._length = _length(spec, shapes, "task")
        _check_shape(spec, shapes, "classes", (self._classes, spec.dimensions))
        self._tokenizer.enable_truncation(min(spec.text.max_tokens, self._length))
        # Attention is causal: what stands behind the end of a text changes nothing.
        self._tokenizer.enable_padding(pad_id=0)

    def split(self, phrases: Sequence[str]) -> Iterator[tuple[str, ...]]:
        """See `Prompting`."""
        chunk: list[str] = []
        for phrase in phrases:
            grown = [*chunk, phrase]
            if chunk and (len(grown) > self._classes or self._overflows(grown)):
                yield tuple(chunk)
                grown = [phrase]
            chunk = grown
        if chunk:
            yield tuple(chunk)

    def encode(self, phrases: tuple[str, ...]) -> Prompt:
        """See `Prompting`."""
        texts = [self._spec.text.template.format(phrase) for phrase in phrases]
        encoded = self._tokenizer.encode_batch([*texts, _task(phrases)])
        ids = np.asarray([row.ids for row in encoded], np.int64)
        outputs = self._text.run({"input_ids": ids})
        dimensions = self._spec.dimensions
        classes = _checked(self._spec, outputs, "classes", (len(ids), dimensions))[:-1]
        tokens = _checked(self._spec, outputs, "tokens", (*ids.shape, dimensions))
        used = sum(encoded[-1].attention_mask)
        # A class that is there twice changes nothing; one of zeros would be a class of its own.
        repeated = np.minimum(np.arange(self._classes), len(phrases) - 1)
        inputs = {
            "classes": classes[repeated],
            "task": np.pad(tokens[-1, :used], ((0, self._length - used), (0, 0))),
            "task_length": np.asarray([used], np.int32),
        }
        return Prompt(inputs, tuple(np.asarray([i]) for i in range(len(phrases))))

    def _overflows(self, phrases: list[str]) -> bool:
        return bool(self._tokenizer.encode(_task(phrases)).overflowing)


def _task(phrases: Sequence[str]) -> str:
    return f"Detect {', '.join(phrases)}."


# How fused graphs are prompted, by what they take beside the picture.
_PROMPTINGS: dict[frozenset[str], Callable[[ModelSpec, Shapes], Prompting]] = {
    frozenset({"features", "positions", "blocks"}): TokenPrompting,
    frozenset({"classes", "task", "task_length"}): ClassPrompting,
}


def open_prompting(spec: ModelSpec, shapes: Shapes) -> Prompting:
    """The text side of a fused model.

    Args:
        spec: of the model.
        shapes: of the inputs of its fused graph.

    Raises:
        ModelError: no known kind of fused graph takes such inputs, or the text graph or the
            tokenizer cannot be read or does not fit.
        RuntimeUnavailableError: ONNX Runtime is not installed.
    """
    taken = frozenset(shapes) - PICTURE_INPUTS
    if taken not in _PROMPTINGS:
        known = " or ".join(_listed(names) for names in _PROMPTINGS)
        raise ModelError(
            f"{spec.vision.graph} takes {_listed(taken)} beside the picture; the text inputs of a "
            f"fused graph are {known}."
        )
    return KnownPrompts(_PROMPTINGS[taken](spec, shapes))


def _open_text(spec: ModelSpec, inputs: set[str]) -> Runtime:
    """The text graph, in ONNX Runtime, for it seldom runs."""
    graph = open_runtime(spec.text.graph, "onnxruntime")
    if set(graph.inputs) != inputs:
        raise ModelError(
            f"{spec.text.graph} takes {_listed(graph.inputs)}; the text graph of this kind of "
            f"model takes {_listed(inputs)}."
        )
    return graph


def _open_tokenizer(spec: ModelSpec) -> Tokenizer:
    from tokenizers import Tokenizer

    try:
        tokenizer = Tokenizer.from_file(str(spec.text.tokenizer))
    except Exception as error:  # tokenizers raises bare Exception
        raise ModelError(f"{spec.text.tokenizer} cannot be read as a tokenizer: {error}") from error
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def _length(spec: ModelSpec, shapes: Shapes, name: str) -> int:
    """The first dimension of an input of the fused graph."""
    length = shapes[name][0]
    if not isinstance(length, int):
        raise ModelError(f"{spec.vision.graph} must take '{name}' in one fixed shape.")
    return length


def _check_shape(spec: ModelSpec, shapes: Shapes, name: str, expected: tuple[int, ...]) -> None:
    if shapes[name] != expected:
        raise ModelError(
            f"{spec.vision.graph} takes '{name}' of shape {shapes[name]}, but with model.yaml it "
            f"should be {expected}."
        )


def _checked(
    spec: ModelSpec, outputs: Mapping[str, NDArray[Any]], name: str, shape: tuple[int, ...]
) -> NDArray[np.float32]:
    """One output of the text graph."""
    if name not in outputs or outputs[name].shape != shape:
        given = outputs[name].shape if name in outputs else "no such output"
        raise ModelError(f"{spec.text.graph} must give '{name}' of shape {shape}, not {given}.")
    return np.asarray(outputs[name], np.float32)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))
