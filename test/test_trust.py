"""Model folders, engines and messages are read; nothing of them is executed."""

from __future__ import annotations

import ast
import pickle
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from vlm_ros.errors import ModelError
from vlm_ros.models import bundled_model, load_model

PACKAGE = Path(__file__).resolve().parents[1] / "vlm_ros"
# They make models, on a developer's machine; nothing on a robot imports them.
MAKING = {"training", "exporting"}
EXECUTING_MODULES = {"cloudpickle", "dill", "joblib", "marshal", "pickle", "runpy", "shelve"}
EXECUTING_CALLS = {"eval", "exec", "yaml.unsafe_load", "yaml.full_load", "torch.load"}
# They make texts, numbers, lists and mappings of YAML, and no other objects.
HARMLESS_LOADER = re.compile(r"SafeLoader|BaseLoader|base_loader")
# Answers one image with a model, and prints what Python was asked to do meanwhile (PEP 578).
WATCHED = """
import sys
from pathlib import Path

folder, events = Path(sys.argv[1]), set()
ALWAYS = ("pickle.", "os.system", "os.exec", "os.fork", "os.posix_spawn", "subprocess.", "socket.",
          "urllib.", "ftplib.", "http.")


def watch(event, arguments):
    text = repr(arguments)
    if event.startswith(ALWAYS):
        events.add(event)
    elif event in ("exec", "compile", "import", "ctypes.dlopen") and str(folder) in text:
        events.add(f"{event} of {text[:200]}")
    elif event == "open" and str(folder) in text and arguments[1] not in (None, "r", "rb"):
        events.add(f"open for {arguments[1]}")


import numpy as np
from vlm_ros.language import parse_command
from vlm_ros.models import load_model
from vlm_ros.pipeline import Grounder

sys.addaudithook(watch)
grounder = Grounder(load_model(folder))
grounder.ground(parse_command("the red cup left of the plate"), np.zeros((480, 640, 3), np.uint8))
print(sorted(events))
"""


def run_time_modules() -> list[Path]:
    files = sorted(PACKAGE.rglob("*.py"))
    return [file for file in files if not MAKING & set(file.relative_to(PACKAGE).parts)]


def executing(tree: ast.AST) -> Iterator[str]:
    """What of a module could execute what it reads."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (a.name for a in node.names if a.name.split(".")[0] in EXECUTING_MODULES)
        elif isinstance(node, ast.ImportFrom):
            if (node.module or "").split(".")[0] in EXECUTING_MODULES:
                yield str(node.module)
        elif isinstance(node, ast.Call):
            name = ast.unparse(node.func)
            keywords = {keyword.arg: ast.unparse(keyword.value) for keyword in node.keywords}
            arguments = [*map(ast.unparse, node.args), *keywords.values()]
            # NumPy's own default is not to unpickle, since 1.16.3.
            unpickles = name == "np.load" and keywords.get("allow_pickle", "False") != "False"
            constructs = name == "yaml.load" and not HARMLESS_LOADER.search(" ".join(arguments))
            if name in EXECUTING_CALLS or unpickles or constructs:
                yield name


def test_the_check_of_sources_sees_what_it_is_there_for() -> None:
    for line in (
        "import pickle",
        "from dill import loads",
        "yaml.load(text)",
        "yaml.load(text, yaml.Loader)",
        "np.load(file, allow_pickle=True)",
        "eval(text)",
    ):
        assert list(executing(ast.parse(line))), line


@pytest.mark.parametrize("file", run_time_modules(), ids=lambda f: str(f.relative_to(PACKAGE)))
def test_no_module_of_the_run_time_executes_what_it_reads(file: Path) -> None:
    assert list(executing(ast.parse(file.read_text("utf-8")))) == []


def watched(folder: Path) -> str:
    run = [sys.executable, "-c", WATCHED, str(folder)]
    return subprocess.run(run, capture_output=True, text=True, check=True).stdout.strip()


def test_a_model_is_loaded_and_run_without_executing_connecting_or_writing() -> None:
    assert watched(bundled_model()) == "[]"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A model folder to spoil."""
    return Path(shutil.copytree(bundled_model(), tmp_path / "model"))


class Attack:
    """Leaves a file where it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[object, ...]:
        return (Path.touch, (self.mark,))


def test_the_attack_works_where_it_is_unpickled(tmp_path: Path) -> None:
    pickle.loads(pickle.dumps(Attack(tmp_path / "mark")))
    assert (tmp_path / "mark").exists()


@pytest.mark.parametrize("name", ["model.yaml", "vision.onnx", "text.onnx", "tokenizer.json"])
def test_a_pickle_in_the_place_of_a_file_is_refused(folder: Path, name: str) -> None:
    mark = folder.parent / "mark"
    (folder / name).write_bytes(pickle.dumps(Attack(mark)))
    with pytest.raises(ModelError, match=name):
        load_model(folder)
    assert not mark.exists()


def test_an_object_in_model_yaml_is_refused(folder: Path) -> None:
    mark = folder.parent / "mark"
    text = (folder / "model.yaml").read_text("utf-8")
    (folder / "model.yaml").write_text(
        f"{text}\nextra: !!python/object/apply:os.system ['touch {mark}']\n", "utf-8"
    )
    with pytest.raises(ModelError, match=r"model\.yaml"):
        load_model(folder)
    assert not mark.exists()
