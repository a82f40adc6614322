"""Worlds against sdformat's XML schemas."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

# Later additions to SDF 1.9, and an element of Gazebo's own, by what they are in. The schemas are
# those of sdformat 12.3.
NEWER = {"material": "shininess", "camera": "optical_frame_id", "sensor": "gz_frame_id"}
STUB = "<xsd:schema xmlns:xsd='http://www.w3.org/2001/XMLSchema'>{}</xsd:schema>"
ELEMENT = "<xsd:element name='{}'/>"
TYPE = (
    "<xsd:simpleType name='{}'><xsd:restriction base='xsd:string'><xsd:pattern value='{}'/>"
    "</xsd:restriction></xsd:simpleType>"
)
NUMBERS = {"vector2d": 2, "vector2i": 2, "vector3": 3, "quaternion": 4, "color": 4, "pose": 6}


@pytest.fixture(scope="module")
def schema(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the installed schemas that refers to itself, with what packages leave out."""
    if shutil.which("xmllint") is None:
        pytest.skip("needs xmllint, e.g. Debian's libxml2-utils")
    installed = sorted(Path("/usr/share").glob("sdformat*/1.9/root.xsd"))
    if not installed:
        pytest.skip("needs sdformat's schemas, e.g. Debian's sdformat-sdf")
    folder = tmp_path_factory.mktemp("schema")
    named = set()
    for file in installed[-1].parent.glob("*.xsd"):
        text = file.read_text().replace("http://sdformat.org/schemas/", "")
        named |= set(re.findall(r"schemaLocation='([^']+)'", text))
        (folder / file.name).write_text(text)
    for name in named:
        if not (folder / name).exists():
            (folder / name).write_text(STUB.format(ELEMENT.format(Path(name).stem)))
    number = r"[+\-]?(\d+(\.\d*)?|\.\d+)([eE][+\-]?\d+)?"
    patterns = {name: rf"\s*({number}\s*){{{count}}}" for name, count in NUMBERS.items()}
    declared = [TYPE.format(name, pattern) for name, pattern in {**patterns, "time": ".*"}.items()]
    (folder / "types.xsd").write_text(STUB.format("".join(declared)))
    # These two are not what sdformat reads: one has no text, one declares what others declare.
    (folder / "pose.xsd").write_text(
        STUB.format(
            "<xsd:include schemaLocation='types.xsd'/><xsd:element name='pose' type='pose'/>"
        )
    )
    (folder / "state.xsd").write_text(STUB.format(ELEMENT.format("state")))
    return folder / "root.xsd"


def faults(schema: Path, world: Any, folder: Path) -> list[str]:
    path = folder / "world.sdf"
    world.write(path)
    command = ["xmllint", "--nonet", "--noout", "--schema", str(schema), str(path)]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "failed to compile" not in answer.stderr, answer.stderr
    return [line for line in answer.stderr.splitlines() if "validity error" in line]


def without_newer(path: Path) -> Any:
    world = ElementTree.parse(path)
    for parent in world.iter():
        for child in parent.findall(NEWER.get(parent.tag, "nothing")):
            parent.remove(child)
    return world


def test_worlds_keep_to_the_schema(
    schema: Path, fortress: Path, harmonic: Path, tmp_path: Path
) -> None:
    assert faults(schema, without_newer(fortress), tmp_path) == []
    assert faults(schema, without_newer(harmonic), tmp_path) == []


@pytest.mark.parametrize(
    ("path", "name", "text"),
    [
        ("world/model", "colour", "1 0 0 1"),
        ("world/model/link/visual/geometry/box", "size", "1 2"),
        ("world/model/link/sensor/camera/image", "width", "wide"),
    ],
)
def test_the_schema_finds_faults(
    schema: Path, fortress: Path, tmp_path: Path, path: str, name: str, text: str
) -> None:
    world = without_newer(fortress)
    parent = world.find(path)
    assert parent is not None
    ElementTree.SubElement(parent, name).text = text
    assert faults(schema, world, tmp_path)
