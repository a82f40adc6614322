"""The path of transformers is its users' path."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from vlm_ros.errors import ModelError, RuntimeUnavailableError
from vlm_ros.evaluation.drawn_scene import draw_scene
from vlm_ros.evaluation.racing import race
from vlm_ros.evaluation.transformers_timing import TransformersPath, contenders


@pytest.mark.parametrize("missing", ["torch", "transformers"])
def test_without_it_there_is_nothing_to_measure_against(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    for name in ("torch", "transformers"):
        monkeypatch.setitem(sys.modules, name, sys.modules.get(name, Any))
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(RuntimeUnavailableError, match=f"{missing} is not installed.*export"):
        TransformersPath(tmp_path, "{}", 1)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """OWL-ViT at reduced size with a tokenizer of letters."""
    pytest.importorskip("torch", reason="needs torch")
    transformers = pytest.importorskip("transformers", reason="needs transformers")
    pytest.importorskip("PIL", reason="the image processors of transformers need Pillow")
    from transformers.models.clip.tokenization_clip import CLIPTokenizer

    letters = [chr(code) for code in range(33, 127)]
    words = [*letters, *(f"{letter}</w>" for letter in letters), "<|startoftext|>", "<|endoftext|>"]
    tokenizer = CLIPTokenizer(
        {word: index for index, word in enumerate(words)}, [], pad_token="!", model_max_length=48
    )
    sizes = {"num_hidden_layers": 1, "num_attention_heads": 2, "hidden_size": 16}
    config = transformers.OwlViTConfig(
        text_config={
            **sizes,
            "intermediate_size": 32,
            "vocab_size": 200,
            "max_position_embeddings": 48,
        },
        vision_config={**sizes, "intermediate_size": 32, "image_size": 64, "patch_size": 16},
        projection_dim=16,
    )
    folder = tmp_path_factory.mktemp("checkpoint")
    transformers.OwlViTForObjectDetection(config).save_pretrained(folder)
    images = transformers.OwlViTImageProcessorPil(size={"height": 64, "width": 64})
    transformers.OwlViTProcessor(images, tokenizer).save_pretrained(folder)
    return folder


def test_the_stages_and_the_facts(checkpoint: Path) -> None:
    import torch

    path = TransformersPath(checkpoint, "a photo of a {}", threads=1)
    assert torch.get_num_threads() == 1
    results = race(list(contenders(path, draw_scene().image, (1, 5))), rounds=1)
    assert [result.facts["phrases"] for result in results] == [1, 5]
    for result in results:
        assert list(result.stages) == ["preprocess", "model", "postprocess", "rest"]
        assert result.facts["work"] == "phrases" and result.facts["precision"] == "fp32"
        assert result.facts["runtime"].startswith("transformers ")


def test_it_detects_in_the_picture_what_is_asked(
    checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = TransformersPath(checkpoint, "a photo of a {}", threads=1)
    asked: list[Any] = []
    processor = type(path._processor)
    original = processor.__call__

    def listening(self: Any, *args: Any, **kwargs: Any) -> Any:
        asked.append(kwargs["text"])
        return original(self, *args, **kwargs)

    monkeypatch.setattr(processor, "__call__", listening)
    found = path(draw_scene().image, ["cup", "red plate"])
    assert asked == [[["a photo of a cup", "a photo of a red plate"]]]
    assert {"boxes", "scores"} <= set(found)
    assert len(found["boxes"]) and found["boxes"].max() > 64.0


def test_a_folder_that_is_no_checkpoint(tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="needs torch")
    pytest.importorskip("transformers", reason="needs transformers")
    with pytest.raises(ModelError, match="cannot be loaded by transformers"):
        TransformersPath(tmp_path, "{}", 1)
