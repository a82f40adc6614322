"""Real engines, built by TensorRT for RTX, which needs no GPU for that."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

onnx = pytest.importorskip("onnx", reason="needs onnx: make engine-env")
pytest.importorskip("tensorrt_rtx_bindings", reason="needs TensorRT for RTX: make engine-env")

from onnx import helper  # noqa: E402

from vlm_ros.engines.api import TENSORRT_RTX, find_tensorrt  # noqa: E402
from vlm_ros.engines.build import Order, build_engine  # noqa: E402
from vlm_ros.engines.cache import EngineCache, EngineKey, Entry  # noqa: E402
from vlm_ros.engines.digest import digest_of_graph  # noqa: E402
from vlm_ros.engines.onnx_session import Feeds  # noqa: E402
from vlm_ros.errors import EngineError  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
Cli = Callable[..., subprocess.CompletedProcess[str]]
Save = Callable[..., Path]
node = helper.make_node


@dataclass
class Heard:
    """What a build said of itself."""

    said: list[tuple[float, str]]

    def __call__(self, fraction: float, phase: str) -> None:
        self.said.append((fraction, phase))


def order_of(
    graph: Path, precision: str = "fp32", workspace: int | None = None, target: str | None = None
) -> Order:
    tensorrt = find_tensorrt(TENSORRT_RTX)
    shape = (2, 64)
    rng = np.random.default_rng(0)
    feeds: list[Feeds] = [{"x": rng.normal(size=shape).astype(np.float32)} for _ in range(3)]
    key = EngineKey(
        graph=digest_of_graph(graph),
        tensorrt=tensorrt.kind,
        version=tensorrt.version,
        device=target or "sm80+",
        precision=precision,
        calibration="",
    )
    return Order(
        model="small",
        folder=graph.parent,
        graph=graph,
        size=(64, 64),
        key=key,
        tensorrt=tensorrt,
        target=target,
        samples=feeds[:2],
        checks=feeds[2:],
        least=0.0,
        workspace=workspace,
    )


@pytest.fixture
def small(save: Save) -> Path:
    rng = np.random.default_rng(0)
    weights = {n: rng.normal(size=(64, 64)).astype(np.float32) for n in ("w", "v")}
    nodes = [
        node("MatMul", ["x", "w"], ["a"]),
        node("Relu", ["a"], ["b"]),
        node("MatMul", ["b", "v"], ["y"]),
    ]
    return save(nodes, {"x": (2, 64)}, {"y": (2, 64)}, weights)


@pytest.fixture
def cache(tmp_path: Path) -> EngineCache:
    return EngineCache(tmp_path / "cache")


def nothing_is_left(cache: EngineCache) -> bool:
    names = {path.name for path in cache.folder.iterdir()} if cache.folder.is_dir() else set()
    return names <= {"locks"}


@pytest.mark.parametrize("precision", ["fp32", "fp16", "int8"])
def test_an_engine_of_every_precision(small: Path, cache: EngineCache, precision: str) -> None:
    heard = Heard([])
    entry = build_engine(order_of(small, precision), cache, heard)
    assert cache.entries() == [entry]
    assert len(cache.read(entry)) > 1000
    fractions = [fraction for fraction, _ in heard.said]
    assert all(0 <= fraction <= 1 for fraction in fractions)
    assert entry.facts["nodes"]["int8"] == (1 if precision == "int8" else 0)
    parity = entry.facts["parity_of_the_graph"]
    if precision == "fp32":
        assert parity is None
    else:
        assert 0 < parity["largest_difference"]["y"] < {"fp16": 0.2, "int8": 20}[precision]


def test_what_is_built_is_not_built_again(small: Path, cache: EngineCache) -> None:
    first = build_engine(order_of(small), cache, Heard([]))
    heard = Heard([])
    assert build_engine(order_of(small), cache, heard) == first
    assert heard.said == []


def test_a_damaged_engine_is_built_again_and_said_so(small: Path, cache: EngineCache) -> None:
    entry = build_engine(order_of(small), cache, Heard([]))
    whole = cache.read(entry)
    entry.engine.write_bytes(whole[:-10])
    notices: list[str] = []
    again = build_engine(order_of(small), cache, Heard([]), notices.append)
    assert len(cache.read(again)) == len(whole)
    (notice,) = notices
    assert "damaged" in notice
    assert "built again" in notice


def test_an_engine_for_one_architecture(small: Path, cache: EngineCache) -> None:
    everywhere = build_engine(order_of(small), cache, Heard([]))
    ampere = build_engine(order_of(small, target="sm86"), cache, Heard([]))
    assert everywhere.sha256 != ampere.sha256
    assert len(cache.entries()) == 2


def test_an_operator_that_is_not_known_is_named(tmp_path: Path, cache: EngineCache) -> None:
    info = helper.make_tensor_value_info
    kind = onnx.TensorProto.FLOAT
    graph = helper.make_graph(
        [node("SplitToSequence", ["x"], ["s"], name="the_split"), node("Det", ["x"], ["y"])],
        "graph",
        [info("x", kind, [2, 2])],
        [info("y", kind, [])],
    )
    path = tmp_path / "graph.onnx"
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    onnx.save(model, str(path))
    with pytest.raises(EngineError, match=r"does not know these operators.*Det") as caught:
        build_engine(order_of(path), cache, Heard([]))
    assert "onnxruntime" in str(caught.value)
    assert nothing_is_left(cache)


def test_too_little_workspace_says_what_to_raise(cli: Cli, tmp_path: Path) -> None:
    result = cli("build", "--precision", "fp32", "--workspace", "1")
    assert result.returncode == 2
    assert "--workspace" in result.stderr
    assert nothing_is_left(EngineCache(tmp_path / "cache"))


def test_a_graph_that_is_none_is_an_error(tmp_path: Path, small: Path, cache: EngineCache) -> None:
    order = order_of(small)
    small.write_bytes(b"\x08\x09nonsense")
    with pytest.raises(Exception, match=r"graph\.onnx"):
        build_engine(order, cache, Heard([]))
    assert nothing_is_left(cache)


# A build of the bundled model takes seconds here, long enough to be stopped on its way.
@pytest.fixture
def started(tmp_path: Path) -> Iterator[Callable[[], subprocess.Popen[str]]]:
    running: list[subprocess.Popen[str]] = []

    def start() -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "vlm_ros", "engine", "build", "--precision", "fp16"]
        process = subprocess.Popen(
            [*command, "--cache", str(tmp_path / "cache")],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        running.append(process)
        return process

    yield start
    for process in running:
        process.kill()
        process.communicate()


def workers_of(parent: int) -> list[int]:
    """Process ids of the children of a process that build for it."""
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rpartition(")")[2].split()
            line = (status.parent / "cmdline").read_bytes()
        except OSError:
            continue
        if int(fields[1]) == parent and b"vlm_ros.engines.worker" in line:
            found.append(int(status.parent.name))
    return found


def wait_for_worker(process: subprocess.Popen[str]) -> int:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and process.poll() is None:
        if workers := workers_of(process.pid):
            return workers[0]
        time.sleep(0.01)
    pytest.fail(f"no build began: {process.communicate()}")


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def wait_until_gone(pid: int) -> None:
    deadline = time.monotonic() + 60
    while is_running(pid) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not is_running(pid)


def test_ctrl_c_leaves_nothing(started: Any, tmp_path: Path) -> None:
    process = started()
    worker = wait_for_worker(process)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode != 0
    wait_until_gone(worker)
    assert nothing_is_left(EngineCache(tmp_path / "cache"))


def test_killed_in_the_middle_the_next_build_succeeds(
    started: Any, cli: Cli, tmp_path: Path
) -> None:
    process = started()
    worker = wait_for_worker(process)
    process.kill()
    process.wait()
    # Nobody waits for what it builds, so it ends.
    wait_until_gone(worker)
    cache = EngineCache(tmp_path / "cache")
    assert cache.entries() == []
    assert cache.leftovers() == []
    result = cli("build")
    assert result.returncode == 0, result.stderr
    assert len(cache.entries()) == 1
    assert not list(cache.folder.glob(".building-*"))


def test_a_build_that_the_system_ends_says_what_to_lower(started: Any, tmp_path: Path) -> None:
    process = started()
    os.kill(wait_for_worker(process), signal.SIGKILL)
    _, said = process.communicate(timeout=120)
    assert process.returncode == 2
    assert "not enough memory" in said
    for setting in ("--workspace", "--precision fp16", "smaller input size"):
        assert setting in said
    assert nothing_is_left(EngineCache(tmp_path / "cache"))


def test_running_out_of_memory_says_what_to_lower(started: Any, tmp_path: Path) -> None:
    process = started()
    worker = wait_for_worker(process)
    # From now on the worker gets a little more than a Python process with its libraries takes.
    resource.prlimit(worker, resource.RLIMIT_AS, (450 << 20, 450 << 20))
    _, said = process.communicate(timeout=120)
    assert process.returncode == 2
    assert "not enough memory" in said, said
    assert "--workspace" in said
    assert nothing_is_left(EngineCache(tmp_path / "cache"))


def test_two_processes_build_once(started: Any, tmp_path: Path) -> None:
    first, second = started(), started()
    outputs = [process.communicate(timeout=300) for process in (first, second)]
    assert [first.returncode, second.returncode] == [0, 0], outputs
    (entry,) = EngineCache(tmp_path / "cache").entries()
    lines = {output[0].splitlines()[0] for output in outputs}
    assert len(lines) == 1, "both name the same engine, built at the same moment"
    assert str(entry.engine) in lines.pop()


@pytest.mark.parametrize("limit", [1 << 20, 4 << 20], ids=["the graph", "the engine"])
def test_no_room_for_a_file_leaves_nothing(tmp_path: Path, limit: int) -> None:
    """A limit on the size of files stands for a full disk; `test_cache` has a full one."""
    code = (
        "import resource, sys; from vlm_ros.cli import main;"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}));"
        "main(sys.argv[1:])"
    )
    place = tmp_path / "cache"
    result = subprocess.run(
        [sys.executable, "-c", code, "engine", "build", "--cache", str(place)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 2, result.stderr
    assert "could not be written" in result.stderr
    assert "File too large" in result.stderr
    assert nothing_is_left(EngineCache(place))


def test_a_full_disk_says_so(tmp_path: Path) -> None:
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=5m", "tmpfs", place], check=False, capture_output=True
    )
    if mounted.returncode != 0:
        pytest.skip("may not mount a small file system here")
    try:
        result = subprocess.run(
            [sys.executable, "-m", "vlm_ros", "engine", "build", "--cache", str(place / "c")],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert result.returncode == 2
        assert "No space left on device" in result.stderr
        assert "vlm-ros engine remove" in result.stderr
        assert nothing_is_left(EngineCache(place / "c"))
    finally:
        subprocess.run(["umount", "-l", place], check=True)


def entry_in(folder: Path) -> Entry:
    (entry,) = EngineCache(folder).entries()
    return entry


@pytest.mark.parametrize("precision", ["fp32", "fp16"])
def test_the_bundled_model(cli: Cli, tmp_path: Path, precision: str) -> None:
    result = cli("build", "--precision", precision)
    assert result.returncode == 0, result.stderr
    entry = entry_in(tmp_path / "cache")
    assert entry.model == "tabletop"
    assert entry.size > 1_000_000
    assert str(entry.engine) in result.stdout


def test_the_bundled_model_in_int8_of_pictures(cli: Cli, tmp_path: Path) -> None:
    from vlm_ros.engines.samples import generated_pictures
    from vlm_ros.images import write_image

    pictures = tmp_path / "pictures"
    pictures.mkdir()
    for number, picture in enumerate(generated_pictures()):
        write_image(pictures / f"{number}.png", picture)
    result = cli("build", "--precision", "int8", "--calibration", str(pictures))
    assert result.returncode == 0, result.stderr
    entry = entry_in(tmp_path / "cache")
    assert entry.facts["samples"] == 6
    assert entry.facts["nodes"]["int8"] > 50
    assert entry.facts["parity_of_the_graph"]["inputs"] == 2
    assert entry.facts["parity_of_the_graph"]["typical_cosine"] > 0.98


def test_int8_without_pictures_is_refused(cli: Cli, tmp_path: Path) -> None:
    result = cli("build", "--precision", "int8")
    assert result.returncode == 2
    assert "--calibration" in result.stderr
    empty = tmp_path / "empty"
    empty.mkdir()
    result = cli("build", "--precision", "int8", "--calibration", str(empty))
    assert result.returncode == 2
    assert "holds no JPEG or PNG" in result.stderr


def test_list_verify_and_remove(cli: Cli, tmp_path: Path) -> None:
    assert "There are no engines" in cli("list").stdout
    assert cli("build", "--precision", "fp32").returncode == 0
    assert cli("build", "--precision", "fp32", "--target", "sm86").returncode == 0
    listed = json.loads(cli("list", "--json").stdout)["engines"]
    assert [engine["device"] for engine in listed] == ["sm86", "sm80+"]
    assert "tabletop, fp32, tensorrt-rtx" in cli("list").stdout

    verified = cli("verify")
    assert verified.returncode == 0, verified.stdout
    assert verified.stdout.count("whole") == 2

    path = Path(listed[0]["file"])
    path.write_bytes(path.read_bytes()[:-1])
    verified = cli("verify")
    assert verified.returncode == 1
    assert "damaged" in verified.stdout
    assert verified.stdout.count("whole") == 1
    assert cli("verify", listed[1]["id"][:8]).returncode == 0

    assert "sm86" in cli("remove", "--damaged").stdout
    left = json.loads(cli("list", "--json").stdout)["engines"]
    assert [engine["id"] for engine in left] == [listed[1]["id"]]

    assert cli("remove", "nothing").returncode == 2
    assert cli("remove").returncode == 2
    assert cli("remove", listed[1]["id"][:10]).returncode == 0
    assert nothing_is_left(EngineCache(tmp_path / "cache"))


def test_a_model_that_is_not_there(cli: Cli) -> None:
    result = cli("build", "nowhere/at/all")
    assert result.returncode == 2
    assert "nowhere/at/all" in result.stderr
