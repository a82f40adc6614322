"""What the Hugging Face hub says about a repository, and its refusals as sentences.

This module and `download` are the only ones that use the network.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import httpx2
from huggingface_hub import HfApi, constants
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    OfflineModeIsEnabled,
    RemoteEntryNotFoundError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.hf_api import RepoSibling

from vlm_ros.errors import HubError
from vlm_ros.hub.files import Digest, HubFile

# Nothing is told that a download does not need: which other packages are here, or who is asking.
constants.HF_HUB_DISABLE_TELEMETRY = True

_PATIENCE = 30.0  # seconds for the hub to begin an answer


@dataclass(frozen=True)
class Listing:
    """A repository at one commit."""

    repository: str
    commit: str
    files: tuple[HubFile, ...]


def list_repository(repository: str, revision: str) -> Listing:
    """Asks the hub for a repository's files.

    Args:
        repository: its id, "owner/name".
        revision: commit, branch or reference; empty for main.

    Raises:
        HubError: the hub cannot be reached, refuses, or answers as no hub does.
    """
    with hub_sentences(repository, revision):
        info = HfApi().model_info(
            repository, revision=revision or None, files_metadata=True, timeout=_PATIENCE
        )
    if not info.sha or not info.siblings:
        raise HubError(
            f"The hub lists no files of {repository}; check that HF_ENDPOINT names a hub."
        )
    return Listing(repository, info.sha, tuple(_file(repository, f) for f in info.siblings))


def _file(repository: str, file: RepoSibling) -> HubFile:
    size = file.lfs.size if file.lfs else file.size
    digest = Digest("sha256", file.lfs.sha256) if file.lfs else Digest("git", file.blob_id or "")
    if size is None or not digest.value:
        raise HubError(
            f"The hub gives no size or checksum of {repository}/{file.rfilename}, so that a "
            "download could not be checked; check that HF_ENDPOINT names a full hub."
        )
    return HubFile(file.rfilename, size, digest)


@contextmanager
def hub_sentences(repository: str, revision: str) -> Iterator[None]:
    """Turns what huggingface_hub and its HTTP client raise into HubError."""
    where = f"{repository} at {revision}" if revision else repository
    try:
        yield
    except GatedRepoError as error:
        raise HubError(
            f"The hub asks to accept the terms of {repository} first: do so on its page, make an "
            "access token there, set HF_TOKEN to it, and pull again."
        ) from error
    except RepositoryNotFoundError as error:
        raise HubError(
            f"The hub has no repository {repository}, or it is not public; if it is yours, set "
            "HF_TOKEN to an access token."
        ) from error
    except RevisionNotFoundError as error:
        raise HubError(
            f"{repository} has no revision {revision or 'main'}; name one that it has with "
            "--revision."
        ) from error
    except RemoteEntryNotFoundError as error:
        raise HubError(
            f"The hub lists a file of {where} that it does not have ({error.response.url.path}); "
            "try again later, or name another revision with --revision."
        ) from error
    except HfHubHTTPError as error:
        status = error.response.status_code
        advice = "set HF_TOKEN to a valid token" if status in (401, 403) else "try again later"
        raise HubError(f"The hub answered {status} for {where}; {advice}.") from error
    except OfflineModeIsEnabled as error:
        raise HubError(
            "HF_HUB_OFFLINE or TRANSFORMERS_OFFLINE forbids the network; unset it to pull."
        ) from error
    except (httpx2.InvalidURL, httpx2.UnsupportedProtocol) as error:
        raise HubError(f"HF_ENDPOINT is not the address of a hub: {error}") from error
    except (httpx2.ConnectError, httpx2.ConnectTimeout) as error:
        raise HubError(
            f"The hub cannot be reached ({_reason(error)}); check the network, or pull on a "
            "machine that has one and copy the folder over."
        ) from error
    except httpx2.HTTPError as error:
        raise HubError(
            f"The connection to the hub broke ({_reason(error)}); pull again, and it goes on from "
            "there."
        ) from error
    except (KeyError, TypeError, ValueError) as error:
        raise HubError(
            f"The answer for {where} is not that of a hub ({error}); check HF_ENDPOINT and whether "
            "the network asks to sign in."
        ) from error


def _reason(error: Exception) -> str:
    return str(error) or type(error).__name__
