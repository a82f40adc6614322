"""At run time nothing touches the network."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from vlm_ros.models import bundled_model

# Python tells of each use of a socket before it happens.
FORBID = """
import sys

def forbid(event, arguments):
    if event.startswith("socket."):
        print("forbidden:", event, arguments, file=sys.stderr, flush=True)
        os._exit(77)

import os
sys.addaudithook(forbid)
"""
GROUND = """
import numpy as np
from vlm_ros.language import parse_command
from vlm_ros.models import find_model, load_model
from vlm_ros.pipeline import Grounder

model = load_model(find_model(sys.argv[1]))
Grounder(model).ground(parse_command("the red cup"), np.zeros((120, 160, 3), np.uint8))
network = {"filelock", "httpx2", "huggingface_hub", "requests", "urllib3"} & set(sys.modules)
sys.exit(str(network) if network else 0)
"""
COMMAND = """
from vlm_ros.cli import main
main(sys.argv[1:])
"""


def run(code: str, *arguments: str, home: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", FORBID + code, *arguments],
        capture_output=True,
        text=True,
        env=os.environ | {"VLM_ROS_HOME": str(home)},
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("name", ["tabletop", "owlvit-base-patch32"])
def test_a_model_is_found_loaded_and_run(tmp_path: Path, name: str) -> None:
    shutil.copytree(bundled_model(), tmp_path / "models" / "owlvit-base-patch32")
    done = run(GROUND, name, home=tmp_path)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "arguments", [("list",), ("info", "tabletop"), ("info", "owlvit-base-patch32")]
)
def test_models_are_listed_and_shown(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    done = run(COMMAND, "model", *arguments, home=tmp_path)
    assert done.returncode == 0, done.stderr


def test_the_guard_sees_the_network(tmp_path: Path) -> None:
    pytest.importorskip("huggingface_hub", reason="needs requirements/hub.txt: run `make setup`")
    done = run(COMMAND, "model", "pull", "owlvit-base-patch32", home=tmp_path)
    assert done.returncode == 77, done.stderr
