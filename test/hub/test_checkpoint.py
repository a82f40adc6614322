from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path

import pytest

from vlm_ros.errors import HubError
from vlm_ros.hub.checkpoint import Origin, read_origin, write_origin
from vlm_ros.hub.files import Digest, HubFile

CONTENT = b"some weights\n"
FILE = HubFile("w.bin", len(CONTENT), Digest("sha256", hashlib.sha256(CONTENT).hexdigest()))


def test_the_git_checksum_is_git_s(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(CONTENT)
    said = subprocess.run(
        ["git", "hash-object", "--no-filters", str(file)], capture_output=True, check=True
    ).stdout
    assert Digest("git", said.decode().strip()).fits(file)
    file.write_bytes(CONTENT + b"!")
    assert not Digest("git", said.decode().strip()).fits(file)


@pytest.mark.parametrize(
    ("content", "whole"),
    [(CONTENT, True), (CONTENT[:-1], False), (CONTENT[::-1], False), (None, False)],
)
def test_damage_is_seen(tmp_path: Path, content: bytes | None, whole: bool) -> None:
    if content is not None:
        (tmp_path / FILE.path).write_bytes(content)
    origin = Origin("m", "o/m", "c", "MIT", (FILE,))
    assert origin.damaged(tmp_path) == (() if whole else ("w.bin",))


def test_a_record_is_read_as_it_was_written(tmp_path: Path) -> None:
    origin = Origin("m", "o/m", "c", "MIT", (FILE,))
    write_origin(origin, tmp_path)
    assert read_origin(tmp_path) == origin


def test_a_folder_without_a_record_was_not_pulled(tmp_path: Path) -> None:
    assert read_origin(tmp_path) is None
    assert read_origin(tmp_path / "nowhere") is None


@pytest.mark.parametrize(
    "record",
    [
        b"",
        b"\xff",
        b"[]",
        b"{}",
        b'{"name": "m", "repository": "o/m", "commit": "c", "licence": "MIT", "files": 3}',
        b'{"name": "m", "repository": "o/m", "commit": "c", "licence": "MIT", "files": '
        b'[{"path": "../../x", "size": 1, "digest": {"kind": "git", "value": "0"}}]}',
    ],
)
def test_a_record_that_cannot_be_trusted_says_what_to_do(tmp_path: Path, record: bytes) -> None:
    (tmp_path / "origin.json").write_bytes(record)
    with pytest.raises(HubError, match=r"remove .* and pull again"):
        read_origin(tmp_path)
