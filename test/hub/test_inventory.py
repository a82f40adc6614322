from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from vlm_ros.errors import HubError, ModelError
from vlm_ros.hub.checkpoint import Origin, write_origin
from vlm_ros.hub.files import Digest, HubFile
from vlm_ros.hub.inventory import find_checkpoint, inventory
from vlm_ros.hub.registry import entries
from vlm_ros.models import bundled_model, find_model
from vlm_ros.places import checkpoints_folder, models_folder

NAME = "owlvit-base-patch32"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("VLM_ROS_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def put_checkpoint(name: str) -> Path:
    folder = checkpoints_folder() / name
    folder.mkdir(parents=True)
    (folder / "config.json").write_bytes(b"{}")
    file = HubFile("config.json", 2, Digest("git", "9e26dfeeb6e641a33dae4961196235bdb965b21b"))
    write_origin(Origin(name, f"google/{name}", "c", "Apache-2.0", (file,)), folder)
    return folder


def put_model(name: str) -> Path:
    return shutil.copytree(bundled_model(), models_folder() / name)


def test_how_far_each_model_has_come() -> None:
    checkpoint, model, own = put_checkpoint(NAME), put_model(NAME), put_model("mine")
    known = {model.name: model for model in inventory()}
    assert list(known) == [entry.name for entry in entries()] + ["mine"]
    assert known["tabletop"].folder == bundled_model()
    assert (known[NAME].checkpoint, known[NAME].folder) == (checkpoint, model)
    assert known["mine"].folder == own and known["mine"].entry is None
    assert known["owlvit-base-patch16"].folder is known["owlvit-base-patch16"].checkpoint is None


def test_an_unfinished_pull_or_export_does_not_count(home: Path) -> None:
    put_checkpoint(NAME).rename(checkpoints_folder() / f".{NAME}.partial")
    (models_folder() / NAME).mkdir(parents=True)
    known = next(model for model in inventory() if model.name == NAME)
    assert known.checkpoint is known.folder is None


def test_checkpoints_are_found_by_folder_and_by_name(home: Path) -> None:
    folder = put_checkpoint(NAME)
    assert find_checkpoint(NAME) == find_checkpoint(f"google/{NAME}") == folder
    assert find_checkpoint(str(folder)) == folder
    (home / "own").mkdir()
    assert find_checkpoint("own") == Path("own")


def test_a_damaged_checkpoint_is_not_used() -> None:
    (put_checkpoint(NAME) / "config.json").write_bytes(b"[]")
    with pytest.raises(HubError, match=r"config\.json changed"):
        find_checkpoint(NAME)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (NAME, f"'vlm-ros model pull {NAME}' first"),
        ("tabletop", "is a model folder already"),
        ("owlvit-base-patch33", "Did you mean"),
        ("no/such/folder", "No model is called"),
    ],
)
def test_checkpoints_that_are_not_here(name: str, said: str) -> None:
    with pytest.raises((HubError, ModelError), match=said):
        find_checkpoint(name)


@pytest.mark.parametrize("name", [None, "", "tabletop"])
def test_the_bundled_model_is_the_default(name: str | None) -> None:
    assert find_model(name) == bundled_model()


def test_models_are_found_by_folder_and_by_name(home: Path) -> None:
    exported = put_model(NAME)
    assert find_model(NAME) == find_model(Path(NAME)) == exported
    assert find_model(exported) == exported
    (home / "tabletop").mkdir()
    assert find_model("tabletop") == Path("tabletop"), "what lies here comes first"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (NAME, f"not exported yet: 'vlm-ros model pull {NAME}'"),
        ("owlvit-base-patch33", "Did you mean owlvit-base-patch32"),
    ],
)
def test_models_that_are_not_here(name: str, said: str) -> None:
    with pytest.raises(ModelError, match=said):
        find_model(name)


def test_a_path_that_is_not_there_is_left_to_the_loader() -> None:
    assert find_model("no/such/folder") == Path("no/such/folder")
