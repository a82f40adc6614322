"""Picture files."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest

from vlm_ros.errors import ImageError
from vlm_ros.images import read_image, write_image


def test_round_trip_keeps_channel_order(tmp_path: Path) -> None:
    image = np.zeros((4, 5, 3), np.uint8)
    image[..., 0] = 200
    write_image(tmp_path / "a.png", image)
    assert (read_image(tmp_path / "a.png") == image).all()
    assert [p.name for p in tmp_path.iterdir()] == ["a.png"], "no temporary file stays"


@pytest.mark.parametrize("content", [b"", b"not a picture", b"\xff\xd8\xff\xe0 cut short"])
def test_unreadable_pictures_are_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "bad.jpg"
    path.write_bytes(content)
    with pytest.raises(ImageError, match=r"bad\.jpg"):
        read_image(path)


def test_a_picture_too_large_to_hold_is_named(tmp_path: Path) -> None:
    side = struct.pack(">I", 100_000)
    header = b"IHDR" + side + side + bytes([8, 2, 0, 0, 0])
    chunk = struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header))
    (tmp_path / "vast.png").write_bytes(b"\x89PNG\r\n\x1a\n" + chunk)
    with pytest.raises(ImageError, match=r"vast\.png cannot be read"):
        read_image(tmp_path / "vast.png")


def test_missing_picture(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="does not exist"):
        read_image(tmp_path / "none.png")


@pytest.mark.parametrize("name", ["a.txt", "a", "missing/a.png"])
def test_unwritable_pictures(tmp_path: Path, name: str) -> None:
    with pytest.raises(ImageError, match="cannot be written"):
        write_image(tmp_path / name, np.zeros((2, 2, 3), np.uint8))
