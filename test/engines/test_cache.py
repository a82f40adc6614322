"""The cache gives out whole engines or none, whatever happens to the processes that fill it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from dataclasses import fields, replace
from pathlib import Path

import pytest

from vlm_ros.engines.cache import EngineCache, EngineKey, Entry
from vlm_ros.errors import EngineError

ROOT = Path(__file__).resolve().parents[2]
KEY = EngineKey("ab" * 32, "tensorrt", "10.3.0.30", "Orin, sm87", "fp16", "cd" * 32)
MOMENT = "2026-01-02T03:04:05+00:00"
DATA = bytes(range(256)) * 64


def quiet() -> None:
    pytest.fail("nobody else builds")


def publish(cache: EngineCache, key: EngineKey = KEY, moment: str = MOMENT) -> Entry:
    with cache.building(key, quiet) as folder:
        built = folder / "engine"
        built.write_bytes(DATA)
        return cache.publish(key, built, "tabletop", moment, {"seconds": 1.5})


@pytest.fixture
def cache(tmp_path: Path) -> EngineCache:
    return EngineCache(tmp_path / "engines")


def temporary(cache: EngineCache) -> list[Path]:
    return [path for path in cache.folder.iterdir() if path.name.startswith(".")]


def test_what_was_published_is_found(cache: EngineCache) -> None:
    assert cache.find(KEY) is None
    assert cache.entries() == []
    published = publish(cache)
    found = cache.find(KEY)
    assert found == published
    assert cache.read(published) == DATA
    assert temporary(cache) == []
    assert cache.entries() == [published]


@pytest.mark.parametrize("field", [field.name for field in fields(EngineKey)])
def test_every_part_of_the_key_matters(cache: EngineCache, field: str) -> None:
    publish(cache)
    other = replace(KEY, **{field: "something else"})
    assert other.digest != KEY.digest
    assert cache.find(other) is None


def test_the_newest_comes_first(cache: EngineCache) -> None:
    old = publish(cache)
    new = publish(cache, replace(KEY, precision="int8"), "2026-01-03T00:00:00+00:00")
    assert cache.entries() == [new, old]


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda data: data[:-1], "16383 bytes instead of 16384"),
        (lambda data: b"", "0 bytes"),
        (lambda data: data[:100] + bytes([data[100] ^ 1]) + data[101:], "checksum"),
    ],
    ids=["cut short", "empty", "one bit"],
)
def test_a_damaged_engine_is_never_given_out(cache: EngineCache, damage, said) -> None:  # type: ignore[no-untyped-def]
    entry = publish(cache)
    entry.engine.write_bytes(damage(DATA))
    with pytest.raises(EngineError, match=said):
        cache.read(entry)


def test_a_missing_engine_is_an_error(cache: EngineCache) -> None:
    entry = publish(cache)
    entry.engine.unlink()
    with pytest.raises(EngineError, match="cannot be read"):
        cache.read(entry)


def test_an_engine_of_another_key_is_foreign(cache: EngineCache) -> None:
    """A file that was renamed, or whose sidecar says that it is something else."""
    entry = publish(cache)
    other = replace(KEY, device="NVIDIA Thor, sm110")
    for suffix in (".engine", ".json"):
        entry.engine.with_suffix(suffix).rename(cache.folder / f"{other.digest}{suffix}")
    assert cache.find(other) is None


@pytest.mark.parametrize(
    "content", ["", "{", "[]", "{}", '{"format": 1}', '{"format": 99, "key": {}}', "\x00\xff"]
)
def test_a_sidecar_that_cannot_be_read_makes_a_leftover(cache: EngineCache, content: str) -> None:
    entry = publish(cache)
    entry.engine.with_suffix(".json").write_text(content, "utf-8")
    assert cache.find(KEY) is None
    assert cache.entries() == []
    assert cache.leftovers() == [entry.engine]


def test_publishing_again_replaces(cache: EngineCache) -> None:
    publish(cache)
    entry = publish(cache, moment="2026-02-02T00:00:00+00:00")
    assert cache.entries() == [entry]
    assert cache.read(entry) == DATA


def test_facts_are_added(cache: EngineCache) -> None:
    entry = cache.note(publish(cache), {"parity": {"largest_box_px": 0.5}})
    assert cache.find(KEY) == entry
    assert entry.facts == {"seconds": 1.5, "parity": {"largest_box_px": 0.5}}
    assert cache.read(entry) == DATA


def test_removed_is_gone(cache: EngineCache) -> None:
    entry = publish(cache)
    cache.remove(entry)
    assert cache.find(KEY) is None
    assert not entry.engine.exists()


def test_a_folder_that_everybody_may_write_is_not_trusted(cache: EngineCache) -> None:
    entry = publish(cache)
    cache.folder.chmod(0o777)
    for attempt in (cache.entries, lambda: cache.find(KEY), lambda: cache.read(entry)):
        with pytest.raises(EngineError, match="chmod o-w"):
            attempt()


def test_others_cannot_read_a_new_cache(cache: EngineCache) -> None:
    publish(cache)
    assert cache.folder.stat().st_mode & 0o077 == 0


def test_a_place_that_is_no_folder_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    cache = EngineCache(tmp_path / "file" / "engines")
    with pytest.raises(EngineError, match="cannot be written"), cache.building(KEY, quiet):
        pytest.fail("it has no folder to build in")


def test_nothing_is_left_of_a_build_that_failed(cache: EngineCache) -> None:
    with pytest.raises(ZeroDivisionError), cache.building(KEY, quiet) as folder:
        (folder / "engine").write_bytes(DATA)
        raise ZeroDivisionError
    assert temporary(cache) == []
    assert cache.entries() == []


def test_two_that_build_the_same_take_turns(cache: EngineCache) -> None:
    waiting, go_on = threading.Event(), threading.Event()
    order = []

    def second() -> None:
        with cache.building(KEY, waiting.set):
            order.append("second")

    with cache.building(KEY, quiet):
        thread = threading.Thread(target=second)
        thread.start()
        assert waiting.wait(10)
        order.append("first")
        go_on.set()
    thread.join(10)
    assert order == ["first", "second"]


def test_two_that_build_different_engines_do_not_wait(cache: EngineCache) -> None:
    with (
        cache.building(KEY, quiet) as first,
        cache.building(replace(KEY, precision="int8"), quiet) as second,
    ):
        assert first != second
        assert first.is_dir()


_DIE = """
import os, signal, sys
from pathlib import Path
from vlm_ros.engines.cache import EngineCache, EngineKey

step, folder = int(sys.argv[1]), Path(sys.argv[2])
done = 0

def dying(function):
    # Dies before the given one of all calls that change the folder.
    def call(*arguments, **others):
        global done
        if done == step:
            os.kill(os.getpid(), signal.SIGKILL)
        done += 1
        return function(*arguments, **others)
    return call

cache = EngineCache(folder)
key = EngineKey("ab" * 32, "tensorrt", "10.3.0.30", "Orin, sm87", "fp16", "cd" * 32)
with cache.building(key, lambda: None) as work:
    (work / "engine").write_bytes(bytes(range(256)) * 64)
    Path.open, Path.unlink, Path.replace = map(dying, (Path.open, Path.unlink, Path.replace))
    os.fsync = dying(os.fsync)
    cache.publish(key, work / "engine", "tabletop", "2026-05-05T00:00:00+00:00", {})
print(done)
"""


def publish_and_die(cache: EngineCache, step: int) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", _DIE, str(step), str(cache.folder)],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("was_there", [False, True])
def test_killed_at_any_moment_of_writing_it_is_whole_or_not_there(
    cache: EngineCache, was_there: bool
) -> None:
    steps = int(publish_and_die(EngineCache(cache.folder / "elsewhere"), 1000).stdout)
    assert steps >= 5
    outcomes = set()
    for step in range(steps):
        if was_there:
            publish(cache)
        killed = publish_and_die(cache, step)
        assert killed.returncode == -signal.SIGKILL, killed.stderr
        entry = cache.find(KEY)
        outcomes.add(None if entry is None else entry.built)
        if entry is not None:
            assert cache.read(entry) == DATA
        # Whoever builds next finds the way free and tidies up.
        publish(cache)
        assert temporary(cache) == []
        assert len(cache.entries()) == 1
        assert cache.leftovers() == []
        cache.remove(cache.entries()[0])
    # Dead before the end it was not there, dead after the last rename it was.
    assert None in outcomes
    assert "2026-05-05T00:00:00+00:00" in outcomes


def test_what_a_killed_build_of_another_engine_left_is_tidied_up(cache: EngineCache) -> None:
    publish_and_die(cache, 0)
    assert len(temporary(cache)) == 1
    publish(cache, replace(KEY, precision="int8"))
    assert temporary(cache) == []


def test_a_full_disk_leaves_nothing(small_disk: Path) -> None:
    cache = EngineCache(small_disk / "engines")
    publish(cache)
    with (
        pytest.raises(OSError, match="No space left"),
        cache.building(replace(KEY, precision="int8"), quiet) as folder,
    ):
        (folder / "engine").write_bytes(bytes(2 << 20))
    assert temporary(cache) == []
    assert [entry.key for entry in cache.entries()] == [KEY]
    assert cache.leftovers() == []


def test_a_sidecar_holds_what_a_person_wants_to_know(cache: EngineCache) -> None:
    entry = publish(cache)
    data = json.loads(entry.engine.with_suffix(".json").read_text("utf-8"))
    assert data["key"]["device"] == "Orin, sm87"
    assert data["model"] == "tabletop"
    assert data["built"] == MOMENT
