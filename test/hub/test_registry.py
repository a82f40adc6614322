from __future__ import annotations

import re

import pytest

from vlm_ros.errors import ModelError
from vlm_ros.hub.registry import Entry, entries, find_entry, suggestion
from vlm_ros.models.folder import FAMILIES

MEASURES = {
    "COCO",
    "COCO seen",
    "LVIS",
    "LVIS minival",
    "LVIS minival rare",
    "LVIS val",
    "LVIS val rare",
}


def test_names_are_unique_and_those_of_the_repositories() -> None:
    known = entries()
    assert len({entry.name for entry in known}) == len(known) > 20
    for entry in known:
        assert entry.repository.rpartition("/")[2] in ("", entry.name)


@pytest.mark.parametrize("entry", entries(), ids=lambda entry: entry.name)
def test_entries_say_what_they_must(entry: Entry) -> None:
    assert entry.family in FAMILIES
    assert entry.licence == "Apache-2.0"
    assert entry.parameters > 0 and entry.input
    assert (entry.download > 0) == bool(entry.repository)
    # Weights in 32 bits, the hub counting in powers of ten.
    if entry.repository:
        assert entry.download == pytest.approx(4 * entry.parameters, rel=0.01)
    assert set(entry.accuracy) <= MEASURES
    assert all(0 < value < 100 for value in entry.accuracy.values())
    assert entry.source.startswith("https://") == bool(entry.accuracy)


@pytest.mark.parametrize("entry", entries(), ids=lambda entry: entry.name)
def test_pins_are_of_the_right_form(entry: Entry) -> None:
    assert re.fullmatch(r"([0-9a-f]{40}|refs/pr/\d+)?", entry.revision)
    assert re.fullmatch(r"([0-9a-f]{64})?", entry.sha256)
    if entry.sha256:
        assert len(entry.revision) == 40, "a checksum of what may move means nothing"


def test_every_architecture_that_is_known_can_be_exported() -> None:
    from vlm_ros.exporting.export import MODULES

    assert {entry.architecture for entry in entries() if entry.repository} == set(MODULES)


@pytest.mark.parametrize("name", ["owlvit-base-patch32", "google/owlvit-base-patch32"])
def test_a_model_is_found_by_its_name_or_its_repository(name: str) -> None:
    assert find_entry(name).name == "owlvit-base-patch32"


@pytest.mark.parametrize("name", ["", "owl", "OWLVIT-BASE-PATCH32", "google/owlvit-base-patch"])
def test_what_is_not_known_is_said(name: str) -> None:
    with pytest.raises(ModelError, match=re.escape(f"'{name}'")):
        find_entry(name)


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("owlvit-b32", "owlvit-base-patch32"),
        ("OWLVIT-BASE-PATCH32", "owlvit-base-patch32"),
        ("groundingdino-tiny", "grounding-dino-tiny"),
        ("IDEA/grounding_dino_base", "grounding-dino-base"),
        ("omdet", "omdet-turbo-swin-tiny-hf"),
        ("", "vlm-ros model list"),
        ("yolo", "vlm-ros model list"),
    ],
)
def test_near_names_are_suggested(name: str, near: str) -> None:
    assert near in suggestion(name)
