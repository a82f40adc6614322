"""A hub of the tests' own in another process, and `vlm-ros model` as its client in a third."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
# A known model without a published checksum, whose commit is pinned in the registry.
NAME = "owlv2-base-patch16-ensemble"
REPOSITORY = f"google/{NAME}"
COMMIT = "cfd3195ba4ea9592eec887ded089f4c08eff231d"
# Written in pieces of 10 MiB by huggingface_hub.
PIECE = 10 << 20
WEIGHTS = random.Random(0).randbytes(2 * PIECE + 4321)
FILES = {
    "config.json": b'{"model_type": "owlv2"}',
    "model.safetensors": WEIGHTS,
    "preprocessor_config.json": b"{}",
    "tokenizer_config.json": b"{}",
    "vocab.json": b'{"a": 0}',
    "merges.txt": b"a b\n",
    "pytorch_model.bin": b"pickled",
    "flax_model.msgpack": b"packed",
    ".gitattributes": b"*.bin filter=lfs\n",
    "README.md": b"---\nlicense: apache-2.0\n---\n",
}
LEFT = ("pytorch_model.bin", "flax_model.msgpack", ".gitattributes")


@dataclass(frozen=True)
class Hub:
    """A hub: what it serves, and how it behaves."""

    folder: Path
    endpoint: str
    repository: str = REPOSITORY
    commit: str = COMMIT
    files: Mapping[str, bytes] = field(default_factory=lambda: FILES)
    piece: int = PIECE

    def add(self, repository: str, commit: str, files: Mapping[str, bytes]) -> None:
        place = self.folder / "repositories" / repository
        place.mkdir(parents=True)
        for name, content in files.items():
            (place / name).write_bytes(content)
        self.set(commits=self.settings.get("commits", {}) | {repository: {"main": commit}})

    @property
    def settings(self) -> dict[str, Any]:
        settings: dict[str, Any] = json.loads((self.folder / "settings.json").read_text("utf-8"))
        return settings

    def set(self, **settings: Any) -> None:
        new = self.folder / "settings.new"
        new.write_text(json.dumps(self.settings | settings), encoding="utf-8")
        new.replace(self.folder / "settings.json")

    def behave(self) -> None:
        """Ends all misbehaviour."""
        (self.folder / "settings.json").write_text(
            json.dumps({"commits": self.settings["commits"]}), encoding="utf-8"
        )

    @property
    def taken(self) -> dict[str, bytes]:
        """What belongs to the checkpoint."""
        return {name: content for name, content in self.files.items() if name not in LEFT}

    def requests(self) -> list[dict[str, Any]]:
        log = self.folder / "requests.jsonl"
        return [json.loads(line) for line in log.read_text("utf-8").splitlines()]


@dataclass(frozen=True)
class Client:
    """`vlm-ros model` with a hub and a place of its own."""

    home: Path
    environment: Mapping[str, str]
    name: str = NAME

    @property
    def checkpoint(self) -> Path:
        return self.home / "checkpoints" / NAME

    @property
    def part(self) -> Path:
        return self.checkpoint.with_name(f".{NAME}.partial") / "model.safetensors.part"

    def start(self, *arguments: str, **settings: Any) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "vlm_ros", "model", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=self.environment,
            **settings,
        )

    def run(
        self, *arguments: str, timeout: float = 60, **settings: Any
    ) -> subprocess.CompletedProcess[str]:
        with self.start(*arguments, **settings) as process:
            output, errors = process.communicate(timeout=timeout)
        return subprocess.CompletedProcess(arguments, process.returncode, output, errors)

    @property
    def pulled(self) -> dict[str, bytes]:
        """What lies in the checkpoint folder, beside the record of where it came from."""
        found = {file.name: file.read_bytes() for file in self.checkpoint.iterdir()}
        assert found.pop("origin.json")
        return found

    def pull(self, *arguments: str, **settings: Any) -> subprocess.CompletedProcess[str]:
        return self.run("pull", NAME, *arguments, **settings)


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    folder = tmp_path / "hub"
    folder.mkdir()
    (folder / "settings.json").write_text("{}", encoding="utf-8")
    (folder / "requests.jsonl").touch()
    server = subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("hub_server.py")), str(folder)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert server.stdout is not None
    port = server.stdout.readline().split()[0]
    hub = Hub(folder, f"http://127.0.0.1:{port}")
    hub.add(REPOSITORY, COMMIT, FILES)
    yield hub
    server.kill()
    server.wait()
    server.stdout.close()


@pytest.fixture
def client(hub: Hub, tmp_path: Path) -> Client:
    home = tmp_path / "home"
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("HF_", "XDG_"))}
    environment = kept | {
        "HF_ENDPOINT": hub.endpoint,
        "HF_HOME": str(tmp_path / "hf"),
        "HF_HUB_DOWNLOAD_TIMEOUT": "60",
        "NO_PROXY": "*",
        "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]),
        "VLM_ROS_HOME": str(home),
    }
    return Client(home, environment)
