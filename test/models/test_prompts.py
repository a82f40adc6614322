"""Phrases as inputs of fused graphs, with real tokenizers of a few words.

What the text graphs make of tokens is a stand-in's; test/exporting compares real ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from numpy.typing import NDArray
from tokenizers import Tokenizer, models, pre_tokenizers, processors

from vlm_ros.errors import ModelError
from vlm_ros.models import prompts
from vlm_ros.models.folder import read_spec
from vlm_ros.models.prompts import Prompting, open_prompting

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", ".", "?", "red", "cup", "plate", "big", "Detect", ","]
TOKENS = 12  # of a prompt of Grounding DINO
CLASSES = 3  # of a prompt of OmDet-Turbo
TASK = 10  # tokens of its task
PICTURE = {"image": (1, 3, 8, 8), "content": (2,)}
TOKEN_SHAPES = {"features": (TOKENS, 2), "positions": (TOKENS, 2), "blocks": (TOKENS,)}
CLASS_SHAPES = {"classes": (CLASSES, 2), "task": (TASK, 2), "task_length": (1,)}


class TextGraph:
    """Says of each token its number and its position, of each text its first word."""

    name = "stand-in"

    def __init__(self, inputs: tuple[str, ...]) -> None:
        self.inputs: Mapping[str, Any] = dict.fromkeys(inputs, (None,))
        self.outputs: Mapping[str, Any] = {}
        self.seen: list[dict[str, Any]] = []

    def run(self, inputs: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        self.seen.append({name: values.tolist() for name, values in inputs.items()})
        ids = inputs["input_ids"].astype(np.float32)
        if ids.ndim == 2:
            tokens = np.stack([ids, ids], axis=-1)
            return {"classes": tokens[:, 1], "tokens": tokens}
        places = inputs["position_ids"].astype(np.float32)
        both = np.stack([ids, places], axis=-1)
        return {"features": both, "positions": both}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    words = {word: number for number, word in enumerate(WORDS)}
    tokenizer = Tokenizer(models.WordLevel(words, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    ends = [("[CLS]", words["[CLS]"]), ("[SEP]", words["[SEP]"])]
    tokenizer.post_processor = processors.TemplateProcessing("[CLS] $A [SEP]", None, ends)
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    (tmp_path / "graph.onnx").touch()
    (tmp_path / "text.onnx").touch()
    spec = {
        "name": "few words",
        "family": "fused",
        "dimensions": 2,
        "vision": {
            "graph": "graph.onnx",
            "width": 8,
            "height": 8,
            "mean": [0, 0, 0],
            "std": [1, 1, 1],
            "pad": 0,
            "min_objectness": 0,
            "nms_iou": 0.5,
            "max_regions": 9,
        },
        "text": {
            "graph": "text.onnx",
            "tokenizer": "tokenizer.json",
            "max_tokens": TASK,
            "template": "{}",
        },
        "calibration": {"logit_scale": 1, "logit_shift": 0},
    }
    (tmp_path / "model.yaml").write_text(yaml.safe_dump(spec))
    return tmp_path


@pytest.fixture
def text(monkeypatch: pytest.MonkeyPatch) -> TextGraph:
    graph = TextGraph(("input_ids", "position_ids", "blocks"))
    monkeypatch.setattr(prompts, "open_runtime", lambda *_: graph)
    return graph


@pytest.fixture
def tokens(folder: Path, text: TextGraph) -> Prompting:
    return open_prompting(read_spec(folder), PICTURE | TOKEN_SHAPES)


@pytest.fixture
def classes(folder: Path, text: TextGraph) -> Prompting:
    text.inputs = {"input_ids": (None, None)}
    return open_prompting(read_spec(folder), PICTURE | CLASS_SHAPES)


def _ids(words: str) -> list[int]:
    return [WORDS.index(word) for word in words.split()]


def test_a_prompt_of_tokens(tokens: Prompting, text: TextGraph) -> None:
    prompt = tokens.encode(("red cup", "plate"))
    assert text.seen == [
        {
            "input_ids": _ids("[CLS] red cup . plate . [SEP]"),
            "position_ids": [0, 0, 1, 2, 0, 1, 0],
            "blocks": [0, 1, 1, 1, 2, 2, 3],
        }
    ]
    assert [columns.tolist() for columns in prompt.columns] == [[1, 2], [4]]
    assert prompt.inputs["blocks"].tolist() == [0, 1, 1, 1, 2, 2, 3, -1, -1, -1, -1, -1]
    assert prompt.inputs["features"][:, 0].tolist() == [*text.seen[0]["input_ids"], *[0] * 5]
    assert {n: v.shape for n, v in prompt.inputs.items()} == TOKEN_SHAPES


@pytest.mark.parametrize(
    ("phrase", "words"),
    [
        (" Red CUP ", "red cup"),
        ("red. cup?", "red cup"),
        ("..?", ""),
        ("", ""),
        ("big " * 30, "big " * (TOKENS - 3)),
    ],
)
def test_phrases_in_a_prompt_of_tokens(
    tokens: Prompting, text: TextGraph, phrase: str, words: str
) -> None:
    (columns,) = tokens.encode((phrase,)).columns
    assert text.seen[0]["input_ids"] == _ids(f"[CLS] {words} . [SEP]")
    assert columns.tolist() == list(range(1, 1 + len(words.split())))


def test_phrases_fill_prompts_of_tokens(tokens: Prompting) -> None:
    # Two ends of the prompt, and one token behind each phrase.
    phrases = ("red cup", "plate", "red big cup", "cup", "big " * 30, "plate")
    assert list(tokens.split(phrases)) == [
        ("red cup", "plate", "red big cup"),
        ("cup",),
        ("big " * 30,),
        ("plate",),
    ]
    assert list(tokens.split(())) == []
    for chunk in tokens.split(phrases):
        assert tokens.encode(chunk).inputs["blocks"].shape == (TOKENS,)


def test_a_prompt_of_classes(classes: Prompting, text: TextGraph) -> None:
    prompt = classes.encode(("red cup", "plate"))
    *rows, task = text.seen[0]["input_ids"]
    assert task == _ids("[CLS] Detect red cup , plate . [SEP]")
    assert rows[1][:3] == _ids("[CLS] plate [SEP]")
    assert [columns.tolist() for columns in prompt.columns] == [[0], [1]]
    named = [WORDS.index(word) for word in ("red", "plate", "plate")]
    assert prompt.inputs["classes"][:, 0].tolist() == named, "the last fills what is free"
    assert prompt.inputs["task_length"].tolist() == [8]
    assert prompt.inputs["task"][:, 0].tolist() == [*task, 0, 0]
    assert {n: v.shape for n, v in prompt.inputs.items()} == CLASS_SHAPES


def test_phrases_fill_prompts_of_classes(classes: Prompting) -> None:
    assert list(classes.split(("cup", "plate", "red", "big"))) == [
        ("cup", "plate", "red"),
        ("big",),
    ]
    # "Detect", "." and the ends of the task leave room for six words and commas.
    assert list(classes.split(("big red cup", "red plate", "cup"))) == [
        ("big red cup", "red plate"),
        ("cup",),
    ]
    assert list(classes.split(("cup", "big " * 30, "red"))) == [("cup",), ("big " * 30,), ("red",)]
    prompt = classes.encode(("big " * 30,))
    assert prompt.inputs["task_length"].tolist() == [TASK], "the task is cut"


def test_a_prompt_is_encoded_once(tokens: Prompting, text: TextGraph) -> None:
    first = tokens.encode(("cup", "plate"))
    tokens.encode(("plate", "cup"))
    assert tokens.encode(("cup", "plate")) is first
    assert len(text.seen) == 2
    for number in range(prompts.CACHED_PROMPTS):
        tokens.encode((f"cup {number}",))
    assert tokens.encode(("cup", "plate")) is not first, "not all are kept"


def test_fused_graphs_of_another_kind(folder: Path, text: TextGraph) -> None:
    spec = read_spec(folder)
    with pytest.raises(ModelError, match="takes names beside the picture"):
        open_prompting(spec, PICTURE | {"names": (3,)})
    with pytest.raises(ModelError, match="'blocks' in one fixed shape"):
        open_prompting(spec, PICTURE | TOKEN_SHAPES | {"blocks": ("n",)})
    with pytest.raises(ModelError, match="'features' of shape"):
        open_prompting(spec, PICTURE | TOKEN_SHAPES | {"features": (TOKENS, 7)})
    with pytest.raises(ModelError, match="the text graph of this kind"):
        open_prompting(spec, PICTURE | CLASS_SHAPES)


def test_text_graphs_that_answer_something_else(
    tokens: Prompting, text: TextGraph, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(text, "run", lambda _: {"features": np.zeros((3, 2))})
    with pytest.raises(ModelError, match=r"must give 'features' of shape \(4, 2\), not \(3, 2\)"):
        tokens.encode(("cup",))


def test_a_tokenizer_without_dividers(folder: Path, text: TextGraph) -> None:
    tokenizer = Tokenizer(models.WordLevel({"[UNK]": 0}, unk_token="[UNK]"))
    tokenizer.save(str(folder / "tokenizer.json"))
    with pytest.raises(ModelError, match="lacks the token"):
        open_prompting(read_spec(folder), PICTURE | TOKEN_SHAPES)
