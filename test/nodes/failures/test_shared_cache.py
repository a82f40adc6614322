"""Several nodes, and builds of engines that were killed, with one cache.

A node never builds and never writes there. TensorRT and the driver of a GPU are stood in for, by
as much of them as is asked before an engine is run: on a machine without, nobody looks for one.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("rclpy", reason="needs ROS 2")

from action_msgs.msg import GoalStatus
from sensor_msgs.msg import Image

from vlm_ros.engines.cache import EngineCache, EngineKey
from vlm_ros.engines.digest import digest_of_graph
from vlm_ros.models import read_spec
from vlm_ros.msg import Target, TargetArray
from vlm_ros.nodes.child_process import ChildProcess
from vlm_ros.nodes.clock import nanoseconds
from vlm_ros.nodes.images import encode_image
from vlm_ros.places import HOME_VARIABLE

ROOT = Path(__file__).resolve().parents[3]
COMMAND = "the red cup"
VERSION = "10.3.0"
_DRIVER = """
from enum import IntEnum
CUresult = IntEnum("CUresult", {"CUDA_SUCCESS": 0})
_NAMES = [f"CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_{part}" for part in ("MAJOR", "MINOR")]
CUdevice_attribute = IntEnum("CUdevice_attribute", {_NAMES[0]: 8, _NAMES[1]: 7})
def cuInit(flags): return (CUresult.CUDA_SUCCESS,)
def cuDeviceGet(number): return CUresult.CUDA_SUCCESS, number
def cuDeviceGetName(length, device): return CUresult.CUDA_SUCCESS, b"Orin"
def cuDeviceGetAttribute(attribute, device): return CUresult.CUDA_SUCCESS, int(attribute)
"""
# Dies where it is told to: `building`, `engine` (before the engine has its name) or `sidecar`.
_BUILD = """
import os, signal, sys
from pathlib import Path
from vlm_ros.engines.cache import EngineCache, EngineKey

folder, graph, moment = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
replace, renamed = Path.replace, []

def die():
    os.kill(os.getpid(), signal.SIGKILL)

def dying(path, target):
    if moment == ("engine", "sidecar", "")[len(renamed)]:
        die()
    renamed.append(target)
    return replace(path, target)

cache = EngineCache(folder)
key = EngineKey(graph, "tensorrt", sys.argv[4], "Orin, sm87", "fp16", "")
with cache.building(key, lambda: None) as work:
    with (work / "engine").open("wb") as engine:
        engine.write(bytes(1 << 20))
        if moment == "building":
            die()
    Path.replace = dying
    cache.publish(key, work / "engine", "tabletop", "2026-01-02T03:04:05+00:00", {})
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where children keep engines, and find a TensorRT and a GPU."""
    packages = tmp_path / "packages"
    (packages / "cuda" / "bindings").mkdir(parents=True)
    for package in ("cuda", "cuda/bindings"):
        (packages / package / "__init__.py").touch()
    (packages / "cuda" / "bindings" / "driver.py").write_text(_DRIVER)
    (packages / "tensorrt.py").write_text(f'__version__ = "{VERSION}"\n')
    path = [str(packages), str(ROOT), os.environ.get("PYTHONPATH", "")]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(path).rstrip(os.pathsep))
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def cache(home: Path) -> EngineCache:
    return EngineCache(home / "engines")


@pytest.fixture
def key(model: Path) -> EngineKey:
    """Of an engine for the model and the GPU that is stood in for."""
    graph = digest_of_graph(read_spec(model).vision.graph)
    return EngineKey(graph, "tensorrt", VERSION, "Orin, sm87", "fp16", "")


def build(cache: EngineCache, key: EngineKey, moment: str) -> None:
    """Builds in a process that dies at a moment, or at none."""
    built = subprocess.run(
        [sys.executable, "-c", _BUILD, str(cache.folder), key.graph, moment, VERSION], check=False
    )
    assert built.returncode == (-signal.SIGKILL if moment else 0)


def check_answers(client: Any, camera: Any) -> None:
    outcome = client.result(client.send_goal(COMMAND))
    assert outcome.status == GoalStatus.STATUS_SUCCEEDED, outcome.result.error_msg
    camera.check(outcome.result.grounding)


@pytest.mark.parametrize("moment", ["building", "engine", "sidecar"])
def test_after_a_build_that_was_killed_the_node_runs_without_an_engine(
    client: Any,
    camera: Any,
    start: Callable[..., Any],
    model: Path,
    cache: EngineCache,
    key: EngineKey,
    moment: str,
) -> None:
    build(cache, key, moment)
    before = {path: path.stat().st_mtime_ns for path in cache.folder.rglob("*")}
    assert before, "the build has left nothing"
    with start("node", "--model", str(model)) as node:
        check_answers(client, camera)
        assert "runs in ONNX Runtime: no engine was built" in node.output
    assert {path: path.stat().st_mtime_ns for path in cache.folder.rglob("*")} == before


def test_a_damaged_engine_is_named_and_not_run(
    client: Any,
    camera: Any,
    start: Callable[..., Any],
    model: Path,
    cache: EngineCache,
    key: EngineKey,
) -> None:
    build(cache, key, "")
    (entry,) = cache.entries()
    entry.engine.write_bytes(cache.read(entry)[:-1] + b"x")
    with start("node", "--model", str(model)) as node:
        check_answers(client, camera)
        assert f"{entry.engine} is not what was built" in node.output
        assert "vlm-ros engine build" in node.output


def test_two_nodes_and_a_build_share_one_cache_and_one_model(
    client: Any, model: Path, cache: EngineCache, key: EngineKey, scene: Any
) -> None:
    answers: dict[str, list[TargetArray]] = {"first": [], "second": []}
    for name, said in answers.items():
        client.create_subscription(TargetArray, f"{name}/grounding_node/targets", said.append, 5)
    picture = encode_image(scene[0], client.picture().header)
    picture.header.frame_id = "shared_camera"
    publisher = client.create_publisher(Image, "shared_image", 1)

    def both_have_answered() -> bool:
        picture.header.stamp = client.get_clock().now().to_msg()
        publisher.publish(picture)
        client.spin_until(lambda: False, 0.1)
        return all(any(a.status == Target.FOUND for a in said) for said in answers.values())

    def node(name: str) -> ChildProcess:
        namespace = f"{client.namespace}/{name}"
        topics = ["--image", f"{client.namespace}/shared_image"]
        renamed = ["-r", f"__ns:={namespace}", "-r", f"command:={client.namespace}/command"]
        return ChildProcess(["node", "--model", str(model), *topics, "--ros-args", *renamed])

    with (
        # A build that goes on all the while: nobody waits for it.
        cache.building(key, lambda: pytest.fail("nobody else builds")),
        node("first") as first,
        node("second") as second,
    ):
        assert client.spin_until(lambda: client.commands.get_subscription_count() == 2, 30.0)
        client.say(COMMAND)
        assert client.spin_until(both_have_answered, 20.0), f"{first.output}\n{second.output}"
        first.check()
        second.check()
    boxes = {
        name: [a.targets[0].box for a in said if a.status == Target.FOUND]
        for name, said in answers.items()
    }
    assert boxes["first"][0] == boxes["second"][0]
    for said in answers.values():
        stamps = [nanoseconds(answer.header.stamp) for answer in said]
        assert stamps == sorted(set(stamps))
