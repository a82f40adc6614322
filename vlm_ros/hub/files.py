"""Files known by size and checksum."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from vlm_ros.engines.digest import digest_of_file


@dataclass(frozen=True)
class Digest:
    """What a file's content hashes to.

    Attributes:
        kind: "sha256" of large files; "git" of small ones: SHA-1 of a git blob, which is the
            content after a header with its length.
        value: hexadecimal.
    """

    kind: str
    value: str

    def fits(self, file: Path) -> bool:
        """Whether a file has this content."""
        if self.kind == "sha256":
            return digest_of_file(file) == self.value
        content = file.read_bytes()
        hashed = hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False)
        return hashed.hexdigest() == self.value


@dataclass(frozen=True)
class HubFile:
    """A file of a repository, or of the checkpoint that was made of it.

    Attributes:
        path: within the repository.
        size: bytes.
        digest: what its content must hash to.
    """

    path: str
    size: int
    digest: Digest

    def is_at(self, place: Path) -> bool:
        """Whether a file is there and has this content."""
        return place.is_file() and place.stat().st_size == self.size and self.digest.fits(place)
