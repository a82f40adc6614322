"""`vlm-ros model pull` against a hub in another process, with what goes wrong on the way."""

from __future__ import annotations

import json
import resource
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("huggingface_hub", reason="needs requirements/hub.txt: run `make setup`")


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def content_requests(hub: Any) -> list[str]:
    """The ranges in which large files were asked for; "" for all of one."""
    return [r.get("Range", "") for r in hub.requests() if r["server"] == "content"]


def assert_refused(done: subprocess.CompletedProcess[str], *said: str) -> None:
    """One sentence on stderr, beside warnings of the library, and the exit code of errors."""
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    message = done.stderr.rpartition("Error: ")[2]
    for words in said:
        assert words in message


def start_and_stop_in_the_middle(hub: Any, client: Any) -> subprocess.Popen[str]:
    """A pull that waits for a hub that went silent, one piece of the weights being here."""
    hub.set(stall_after=hub.piece + hub.piece // 2)
    process: subprocess.Popen[str] = client.start("pull", client.name)
    wait_for(lambda: client.part.is_file() and client.part.stat().st_size == hub.piece)
    return process


def kill(process: subprocess.Popen[str], by: signal.Signals = signal.SIGKILL) -> None:
    process.send_signal(by)
    process.communicate(timeout=30)


def test_the_checkpoint_is_pulled_without_what_it_does_not_need(hub: Any, client: Any) -> None:
    done = client.pull()
    assert done.returncode == 0, done.stderr
    assert client.pulled == hub.taken
    origin = json.loads((client.checkpoint / "origin.json").read_text("utf-8"))
    assert (origin["repository"], origin["commit"]) == (hub.repository, hub.commit)
    assert {file["path"] for file in origin["files"]} == set(hub.taken)
    assert {file.name for file in client.checkpoint.parent.iterdir()} == {
        client.name,
        f".{client.name}.lock",
    }


def test_a_whole_checkpoint_is_checked_without_the_network(hub: Any, client: Any) -> None:
    client.pull()
    asked = len(hub.requests())
    done = client.pull()
    assert done.returncode == 0
    assert "is whole" in done.stderr
    assert len(hub.requests()) == asked


def test_it_goes_where_it_is_told(hub: Any, client: Any, tmp_path: Path) -> None:
    place = tmp_path / "elsewhere" / "owl"
    place.mkdir(parents=True)
    assert client.pull("--out", str(place)).returncode == 0
    assert (place / "model.safetensors").read_bytes() == hub.taken["model.safetensors"]
    assert not client.checkpoint.exists()


def test_a_connection_that_breaks_in_a_file_is_taken_up_again(hub: Any, client: Any) -> None:
    hub.set(stop_after=hub.piece + 1000)
    done = client.pull()
    assert done.returncode == 0, done.stderr
    assert client.pulled == hub.taken
    assert content_requests(hub) == ["", f"bytes={hub.piece}-", f"bytes={2 * hub.piece}-"]


@pytest.mark.parametrize("by", [signal.SIGKILL, signal.SIGINT])
def test_a_killed_pull_leaves_nothing_under_the_final_name_and_goes_on(
    hub: Any, client: Any, by: signal.Signals
) -> None:
    kill(start_and_stop_in_the_middle(hub, client), by)
    assert not client.checkpoint.exists()
    hub.behave()
    done = client.pull()
    assert done.returncode == 0, done.stderr
    assert client.pulled == hub.taken
    assert content_requests(hub) == ["", f"bytes={hub.piece}-"]


def test_a_part_is_of_no_harm_where_the_server_only_gives_whole_files(
    hub: Any, client: Any
) -> None:
    kill(start_and_stop_in_the_middle(hub, client))
    hub.behave()
    hub.set(ranges=False)
    done = client.pull()
    assert done.returncode == 0, done.stderr
    assert client.pulled == hub.taken


@pytest.mark.parametrize("size", [1000, 10**8])
def test_a_part_of_something_else_is_thrown_away(hub: Any, client: Any, size: int) -> None:
    client.part.parent.mkdir(parents=True)
    client.part.write_bytes(b"?" * size)
    done = client.pull()
    assert done.returncode == 0, done.stderr
    assert client.pulled == hub.taken


@pytest.mark.parametrize("name", ["model.safetensors", "vocab.json"])
def test_content_that_changed_on_its_way_comes_again(hub: Any, client: Any, name: str) -> None:
    hub.set(changed={name: 1})
    done = client.pull()
    assert done.returncode == 0, done.stderr
    assert f"{name} is not what the hub says it should be; downloading it again" in done.stderr
    assert client.pulled == hub.taken


def test_content_that_is_wrong_again_is_refused(hub: Any, client: Any) -> None:
    hub.set(changed={"model.safetensors": 9})
    assert_refused(client.pull(), "model.safetensors", "wrong content 2 times")
    assert not client.checkpoint.exists()
    assert len(content_requests(hub)) == 2


def test_weights_other_than_the_published_ones_are_refused(hub: Any, client: Any) -> None:
    commit = "85fa9bec488a03a73b7f29206b1550551d0a7556"
    hub.add("google/owlvit-base-patch32", commit, hub.files)
    assert_refused(client.run("pull", "owlvit-base-patch32"), "not the published 4dbe0399")
    assert content_requests(hub) == []


@pytest.mark.parametrize(
    ("refusal", "said"),
    [
        ((401, "RepoNotFound"), "no repository google/"),
        ((403, "GatedRepo"), "accept the terms"),
        ((404, "RevisionNotFound"), "has no revision"),
        ((403, ""), "answered 403"),
        ((500, ""), "answered 500"),
        ((200, ""), "is not that of a hub"),
    ],
)
def test_refusals_are_sentences(hub: Any, client: Any, refusal: tuple[int, str], said: str) -> None:
    hub.set(refuse={hub.repository: refusal})
    assert_refused(client.pull(), said)
    assert not client.checkpoint.exists()


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"missing": ["vocab.json"]}, "lists a file"),
        ({"missing": ["model.safetensors"]}, "lists a file"),
        ({"sizes": {"vocab.json": None}}, "no size or checksum of google/"),
        ({"sizes": {"model.safetensors": 10**18}}, "too few"),
    ],
)
def test_a_hub_that_contradicts_itself(
    hub: Any, client: Any, settings: dict[str, Any], said: str
) -> None:
    hub.set(**settings)
    assert_refused(client.pull(), said)
    assert not client.checkpoint.exists()


@pytest.mark.parametrize(
    ("files", "said"),
    [
        (["config.json", "pytorch_model.bin"], "has only pytorch_model.bin"),
        (["config.json"], "no weights at all"),
        (["model.safetensors"], "has no config.json"),
    ],
)
def test_what_is_no_checkpoint_is_refused(
    hub: Any, client: Any, files: list[str], said: str
) -> None:
    name = "mm_grounding_dino_large_all"
    hub.add(f"openmmlab-community/{name}", "1" * 40, {file: hub.files[file] for file in files})
    assert_refused(client.run("pull", name), said)
    assert not (client.home / "checkpoints" / name).exists()


def test_weights_in_shards_are_taken(hub: Any, client: Any) -> None:
    name = "mm_grounding_dino_large_all"
    shards = {
        "config.json": b"{}",
        "model-00001-of-00002.safetensors": b"one" * 50_000,
        "model-00002-of-00002.safetensors": b"two",
        "model.safetensors.index.json": b"{}",
    }
    hub.add(f"openmmlab-community/{name}", "1" * 40, shards)
    assert client.run("pull", name).returncode == 0
    folder = client.home / "checkpoints" / name
    assert {file: (folder / file).read_bytes() for file in shards} == shards


def test_another_revision_can_be_named(hub: Any, client: Any) -> None:
    hub.set(commits={hub.repository: {"main": hub.commit, "refs/pr/7": "7" * 40}})
    assert client.pull("--revision", "refs/pr/7").returncode == 0
    origin = json.loads((client.checkpoint / "origin.json").read_text("utf-8"))
    assert origin["commit"] == "7" * 40
    assert_refused(client.pull("--revision", hub.commit), "holds", "7" * 40)


def test_a_full_disk_is_said_and_what_came_is_kept(hub: Any, client: Any) -> None:
    limit = hub.piece + 5000

    def little_room() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    assert_refused(client.pull(preexec_fn=little_room), "cannot grow", "Make room")
    assert not client.checkpoint.exists()
    assert client.part.stat().st_size == limit
    done = client.pull()
    assert done.returncode == 0, done.stderr
    assert client.pulled == hub.taken
    assert content_requests(hub)[-1] == f"bytes={limit}-"


def test_a_place_that_cannot_be_written_to(hub: Any, client: Any, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert_refused(client.pull("--out", str(tmp_path / "file" / "owl")), "cannot be written")


def test_two_pulls_at_once_download_once(hub: Any, client: Any) -> None:
    processes = [client.start("pull", client.name) for _ in range(2)]
    endings = [process.communicate(timeout=60) for process in processes]
    assert [process.returncode for process in processes] == [0, 0], endings
    assert client.pulled == hub.taken
    assert content_requests(hub) == [""]


def test_a_waiting_pull_goes_on_where_a_killed_one_stopped(hub: Any, client: Any) -> None:
    first = start_and_stop_in_the_middle(hub, client)
    second = client.start("pull", client.name)
    assert "waiting for it" in second.stderr.readline()
    hub.behave()
    kill(first)
    _, errors = second.communicate(timeout=60)
    assert second.returncode == 0, errors
    assert client.pulled == hub.taken
    assert content_requests(hub) == ["", f"bytes={hub.piece}-"]


def test_damage_is_said_and_mended(hub: Any, client: Any) -> None:
    client.pull()
    (client.checkpoint / "vocab.json").unlink()
    with (client.checkpoint / "model.safetensors").open("r+b") as weights:
        weights.seek(1000)
        weights.write(b"damage")
    (client.checkpoint / "notes.txt").write_text("mine", encoding="utf-8")
    asked = len(hub.requests())
    done = client.pull()
    assert done.returncode == 0, done.stderr
    assert "vocab.json, model.safetensors changed" in done.stderr
    assert client.pulled == hub.taken | {"notes.txt": b"mine"}
    fetched = [r["path"].rpartition("/")[2] for r in hub.requests()[asked:]]
    assert fetched.count("vocab.json") == 1
    assert fetched.count("model.safetensors") == 2, "the redirect and the content"
    assert "merges.txt" not in fetched


def test_a_folder_of_something_else_is_left_alone(hub: Any, client: Any) -> None:
    client.checkpoint.mkdir(parents=True)
    (client.checkpoint / "thesis.txt").touch()
    assert_refused(client.pull(), "exists and was not pulled")
    assert [file.name for file in client.checkpoint.iterdir()] == ["thesis.txt"]


def test_the_token_goes_to_the_hub_and_not_to_where_it_sends_us(hub: Any, client: Any) -> None:
    client.environment["HF_TOKEN"] = "hf_secret"
    assert client.pull().returncode == 0
    sent = {(r["server"], r.get("Authorization")) for r in hub.requests()}
    assert sent == {("api", "Bearer hf_secret"), ("content", None)}


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"HF_ENDPOINT": "http://localhost:9"}, "cannot be reached"),
        ({"HF_ENDPOINT": "http://no.such.host.invalid"}, "cannot be reached"),
        ({"HF_ENDPOINT": "nonsense"}, "HF_ENDPOINT"),
        ({"HF_HUB_OFFLINE": "1"}, "HF_HUB_OFFLINE"),
    ],
)
def test_no_network(hub: Any, client: Any, variables: dict[str, str], said: str) -> None:
    client.environment.update(variables)
    assert_refused(client.pull(), said)
    assert hub.requests() == []


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("owlvit-base-patch23", "Did you mean owlvit-base-patch32"),
        ("google/owlv2-large-ensemble", "owlv2-large-patch14-ensemble"),
        ("tabletop", "comes with the package"),
        ("xyz", "vlm-ros model list"),
    ],
)
def test_names_that_cannot_be_pulled(hub: Any, client: Any, name: str, said: str) -> None:
    assert_refused(client.run("pull", name), said)
    assert hub.requests() == []
