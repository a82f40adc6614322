"""One file from the hub: whole and checked, or a part from which the next attempt goes on.

`hf_hub_download` of huggingface_hub 2.4 begins anew after it was interrupted, checks no more than
the size, and only warns about a full disk. So this uses the function below it, `http_get`, which
can begin within a file, and does the rest.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

from huggingface_hub import hf_hub_url
from huggingface_hub.file_download import http_get
from huggingface_hub.utils import build_hf_headers

from vlm_ros.errors import HubError
from vlm_ros.hub.files import HubFile
from vlm_ros.hub.remote import Listing, hub_sentences
from vlm_ros.places import HOME_VARIABLE

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_ATTEMPTS = 2
# The end of the name of a file that is not whole yet.
PART = ".part"


def part_of(target: Path) -> Path:
    """Where the beginning of a file is kept that is not whole yet."""
    return target.with_name(target.name + PART)


def download(listing: Listing, file: HubFile, folder: Path, say: Callable[[str], None]) -> None:
    """Brings a file into a folder, under its own name once it is whole and checked.

    Args:
        listing: the repository at the commit to take it from.
        file: one of the listing.
        folder: exists; may hold the file, or a part of it, from an earlier attempt.
        say: told of what was damaged and comes again.

    Raises:
        HubError: the hub fails, the disk is full, or the content is wrong twice; what has come so
            far is kept.
    """
    target = folder / file.path
    part = part_of(target)
    if target.exists():
        target.replace(part)
    for _ in range(_ATTEMPTS):
        _complete(listing, file, part)
        if file.is_at(part):
            part.replace(target)
            return
        part.unlink()
        say(f"{file.path} is not what the hub says it should be; downloading it again.")
    raise HubError(
        f"{file.path} of {listing.repository} arrived with the wrong content {_ATTEMPTS} times: "
        "something between here and the hub changes it, such as a proxy."
    )


def _complete(listing: Listing, file: HubFile, part: Path) -> None:
    """Appends to a part what is missing."""
    if part.exists() and part.stat().st_size > file.size:
        part.unlink()
    headers = build_hf_headers() | {"Accept-Encoding": "identity"}
    url = hf_hub_url(listing.repository, file.path, revision=listing.commit)
    try:
        with part.open("ab") as stream, hub_sentences(listing.repository, listing.commit):
            http_get(
                url,
                stream,
                resume_size=stream.tell(),
                headers=headers,
                expected_size=file.size,
                displayed_filename=file.path,
            )
            stream.flush()
            os.fsync(stream.fileno())
    except OSError as error:
        # Without a number it is http_get's, about the size, which the caller looks at as well.
        if error.errno is not None:
            raise disk_error(error, part) from error


def disk_error(error: OSError, path: Path) -> HubError:
    """The sentence for a file that cannot be written."""
    if error.errno in _FULL:
        return HubError(
            f"{path} cannot grow: {os.strerror(error.errno)}. Make room and pull again, and it "
            f"goes on from there; or name another place with --out or {HOME_VARIABLE}."
        )
    return HubError(
        f"{path} cannot be written: {error.strerror}. Name another place with --out or "
        f"{HOME_VARIABLE}."
    )
