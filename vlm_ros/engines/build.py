"""Building an engine into the cache."""

from __future__ import annotations

import json
import logging
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from time import monotonic
from typing import Any

import onnx

from vlm_ros.engines import worker
from vlm_ros.engines.api import TensorRT
from vlm_ros.engines.cache import EngineCache, EngineKey, Entry
from vlm_ros.engines.fixed import fixed_graph
from vlm_ros.engines.onnx_session import SampleInputs, session_of
from vlm_ros.engines.parity import Parity, compare
from vlm_ros.engines.precision import PreciseGraph, Precision, graph_in
from vlm_ros.engines.watching import Watched
from vlm_ros.errors import EngineError

_LOG = logging.getLogger(__name__)
# Protobuf's limit, beyond which weights lie in a file of their own.
_PROTOBUF_LIMIT = 1 << 31


@dataclass(frozen=True)
class Order:
    """An engine that is wanted.

    Attributes:
        model: name of the model, for people.
        folder: of the model.
        graph: its FP32 ONNX file.
        size: width and height of its picture input where the graph leaves them open, pixels.
        key: what the engine will be.
        tensorrt: builds it.
        target: GPU architecture to build for, e.g. "sm86"; None for the GPU that is there, or for
            every GPU where TensorRT for RTX builds.
        samples: inputs the precision is fitted to.
        checks: inputs other than those, which the parity report is about.
        least: regions less likely than this do not count in the report.
        workspace: limit of TensorRT's scratch memory, MiB, or None for its own.
    """

    model: str
    folder: Path
    graph: Path
    size: tuple[int, int]
    key: EngineKey
    tensorrt: TensorRT
    target: str | None
    samples: SampleInputs
    checks: SampleInputs
    least: float
    workspace: int | None = None


# Told how far a build is: a fraction in 0..1 and what is being done.
OnProgress = Callable[[float, str], None]


def build_engine(
    order: Order,
    cache: EngineCache,
    on_progress: OnProgress,
    on_notice: Callable[[str], None] = _LOG.info,
) -> Entry:
    """Builds an engine, unless the cache has it; of several processes, one builds.

    Args:
        order: what to build.
        cache: where it goes.
        on_progress: see `OnProgress`.
        on_notice: is told in a sentence what is not as usual.

    Raises:
        EngineError: it cannot be built or written. Nothing of it is left then.
        ModelError: the graph cannot be read.
    """
    waiting = "Another process is building the same engine; waiting for it."
    with cache.building(order.key, lambda: on_notice(waiting)) as folder:
        found = cache.find(order.key)
        if found is not None and _whole(cache, found, on_notice):
            return found
        try:
            return _build(order, cache, folder, on_progress)
        except OSError as error:
            raise _disk(f"{error.filename or folder}: {error.strerror}", cache) from error


def _whole(cache: EngineCache, entry: Entry, on_notice: Callable[[str], None]) -> bool:
    try:
        cache.read(entry)
    except EngineError as error:
        on_notice(f"{error} It is built again.")
        return False
    return True


def _build(order: Order, cache: EngineCache, folder: Path, on_progress: OnProgress) -> Entry:
    started = monotonic()
    precision = Precision(order.key.precision)
    on_progress(0.0, f"writing the graph in {precision.value}")
    samples = Watched(order.samples, lambda what: on_progress(0.0, what))
    exact = fixed_graph(order.graph, *order.size, folder / "fixed.onnx")
    graph = graph_in(precision, exact, samples)
    source = exact if precision is Precision.FP32 else _save(graph.engine, folder)
    timing = cache.timing_cache(order.key)
    job = worker.Job(
        tensorrt=order.tensorrt.kind,
        graph=str(source),
        engine=str(folder / "engine"),
        timing_cache=str(timing),
        new_timing_cache=str(folder / "timing"),
        workspace=None if order.workspace is None else order.workspace << 20,
        target=order.target,
    )
    _run(job, order, cache, on_progress)
    on_progress(1.0, "comparing with the FP32 graph")
    parity = None if precision is Precision.FP32 else _parity(exact, graph, order)
    facts = {
        "folder": str(order.folder),
        "graph": str(order.graph),
        "seconds": round(monotonic() - started, 1),
        "workspace_mib": order.workspace,
        "nodes": {"all": graph.nodes, "fp16": graph.half, "int8": graph.int8},
        "samples": len(order.samples),
        "parity_of_the_graph": None if parity is None else parity.as_json(),
    }
    if Path(job.new_timing_cache).is_file():
        Path(job.new_timing_cache).replace(timing)
    moment = datetime.now(timezone.utc).isoformat(timespec="milliseconds")
    return cache.publish(order.key, Path(job.engine), order.model, moment, facts)


def _parity(fp32: Path, graph: PreciseGraph, order: Order) -> Parity:
    """How far the rounded graph is from the FP32 one, both in ONNX Runtime."""
    exact, rounded = session_of(onnx.load(str(fp32))), session_of(graph.reference)
    names = [output.name for output in exact.get_outputs()]
    return compare(
        (
            (
                dict(zip(names, exact.run(names, dict(feeds)), strict=True)),
                dict(zip(names, rounded.run(names, dict(feeds)), strict=True)),
            )
            for feeds in order.checks
        ),
        order.least,
    )


def _save(model: onnx.ModelProto, folder: Path) -> Path:
    path = folder / "graph.onnx"
    large = model.ByteSize() >= _PROTOBUF_LIMIT
    onnx.save(model, str(path), save_as_external_data=large)
    return path


def _run(job: worker.Job, order: Order, cache: EngineCache, on_progress: OnProgress) -> None:
    """Lets a worker build; raises what became of it."""
    with tempfile.TemporaryFile("w+", encoding="utf-8") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "vlm_ros.engines.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=said,
            text=True,
            # So that Ctrl-C reaches the parent alone, which then ends the worker.
            start_new_session=True,
        )
        assert process.stdin is not None
        assert process.stdout is not None
        last: Mapping[str, Any] = {}
        try:
            # A worker that died at once is found out below.
            with suppress(BrokenPipeError):
                process.stdin.write(worker.order(job))
                process.stdin.flush()
            for line in process.stdout:
                last = _message(line) or last
                if "fraction" in last:
                    on_progress(last["fraction"], last["phase"])
            process.wait()
        except BaseException:
            process.kill()
            process.wait()
            raise
        finally:
            process.stdout.close()
            with suppress(BrokenPipeError):
                process.stdin.close()
        if "done" in last:
            return
        if "failure" in last:
            raise _explained(last["failure"], last["details"], order, cache)
        said.seek(0)
        raise _died(process.returncode, said.read()[-2000:], order)


def _message(line: str) -> Mapping[str, Any] | None:
    """A line of the worker's; None where it died in the middle of one."""
    try:
        return dict(json.loads(line))
    except ValueError:
        return None


def _died(code: int, said: str, order: Order) -> EngineError:
    if code == -signal.SIGKILL:
        return _memory("the system ended the build, most likely for lack of memory", order)
    if "bad_alloc" in said:
        return _memory("TensorRT asked for more than there is", order)
    return EngineError(f"The process that builds engines ended with code {code}: {said.strip()}")


def _explained(kind: str, details: str, order: Order, cache: EngineCache) -> EngineError:
    title = order.tensorrt.title
    if kind == "unsupported":
        return EngineError(
            f"{title} does not know these operators of {order.graph}: {details}. Run this model in "
            "ONNX Runtime (runtime 'onnxruntime'), or try a newer TensorRT."
        )
    if kind == "graph":
        return EngineError(f"{title} cannot read {order.graph}: {details}")
    if kind == "memory":
        return _memory(details, order)
    if kind == "workspace":
        return EngineError(
            f"{title} found no way to run {order.graph.name} with its scratch memory limited to "
            f"{order.workspace} MiB; raise or leave out --workspace ({details})."
        )
    if kind == "disk":
        return _disk(details, cache)
    return EngineError(f"{title} could not build {order.graph.name}: {details}")


def _memory(details: str, order: Order) -> EngineError:
    return EngineError(
        f"There was not enough memory to build the engine of {order.model}: {details}. Close other "
        "programs, or lower what it takes: --workspace 512, --precision fp16, or a model of a "
        "smaller input size or with fewer layers."
    )


def _disk(details: str, cache: EngineCache) -> EngineError:
    return EngineError(
        f"The engine could not be written ({details}). Nothing of it was kept. Make room in "
        f"{cache.folder}, for example with 'vlm-ros engine remove', or name another folder with "
        "--cache."
    )
