"""A real checkpoint of reduced size is pulled from a hub, exported, and run by its name."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

pytest.importorskip("huggingface_hub", reason="needs requirements/hub.txt: run `make setup`")
torch = pytest.importorskip("torch", reason="needs torch: run `make test-train`")
transformers = pytest.importorskip("transformers", reason="needs transformers")
pytest.importorskip("onnxscript", reason="needs onnxscript")
pytest.importorskip("PIL", reason="the image processors of transformers need Pillow")


def save_checkpoint(folder: Path) -> None:
    """An OWLv2 with random weights and a vocabulary of letters."""
    torch.manual_seed(0)
    letters = "abcdefghijklmnopqrstuvwxyz"
    words = [*letters, *(f"{letter}</w>" for letter in letters), "<|startoftext|>", "<|endoftext|>"]
    tokenizer = transformers.CLIPTokenizer(
        {word: index for index, word in enumerate(words)}, [], model_max_length=16
    )
    size = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1}
    config = transformers.Owlv2Config(
        projection_dim=16,
        text_config=size | {"num_attention_heads": 2, "vocab_size": len(words)},
        vision_config=size | {"num_attention_heads": 2, "image_size": 64, "patch_size": 16},
    )
    images = transformers.Owlv2ImageProcessorPil(size={"height": 64, "width": 64})
    transformers.Owlv2ForObjectDetection(config).save_pretrained(folder)
    transformers.Owlv2Processor(images, tokenizer).save_pretrained(folder)


@pytest.mark.timeout(300)
def test_a_model_is_pulled_exported_and_run_by_its_name(
    hub: Any, client: Any, tmp_path: Path
) -> None:
    served = hub.folder / "repositories" / hub.repository
    shutil.rmtree(served)
    save_checkpoint(served)
    (served / "README.md").write_text("---\nlicense: apache-2.0\n---\n", encoding="utf-8")
    assert client.pull().returncode == 0
    done = client.run("export", client.name, timeout=280)
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"Wrote the model folder {client.home / 'models' / client.name}.\n"

    info = json.loads(client.run("info", client.name, "--json").stdout)
    assert info["image"] == {"width": 64, "height": 64, "resize": "pad_square"}
    assert info["licence"] == "apache-2.0"
    assert info["repository"] == hub.repository
    (line,) = [x for x in client.run("list").stdout.splitlines() if x.startswith(client.name)]
    assert "pulled, exported" in line

    hub.set(refuse={hub.repository: [500, ""]})
    picture = tmp_path / "picture.png"
    cv2.imwrite(str(picture), np.full((120, 160, 3), 128, np.uint8))
    command = ["ground", str(picture), "the cup", "--model", client.name, "--json"]
    answer = subprocess.run(
        [sys.executable, "-m", "vlm_ros", *command],
        capture_output=True,
        text=True,
        env=client.environment,
        check=False,
    )
    assert answer.returncode in (0, 1), answer.stderr
    assert json.loads(answer.stdout)["command"] == "the cup"
    again = client.run("export", client.name)
    assert again.returncode == 2 and "exists already" in again.stderr
