"""The process in which an engine is built: `python -m vlm_ros.engines.worker`.

A build runs apart from who asked for it, because it may take all memory and be killed for it, and
because TensorRT cannot be interrupted at once. The order comes as a line of JSON on standard
input; progress and the outcome go out as lines of JSON. When standard input closes, the asker is
gone and so is the worker.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import threading
import time
from collections import deque
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

from vlm_ros.engines.api import TENSORRT_RTX, find_tensorrt
from vlm_ros.errors import RuntimeUnavailableError

# Seconds between two lines of progress.
_PAUSE = 0.1


@dataclass(frozen=True)
class Job:
    """What a worker is to do.

    Attributes:
        tensorrt: kind, see `api`.
        graph: ONNX file in the precision that is wanted.
        engine: file to write.
        timing_cache: file with earlier measurements, which need not exist.
        new_timing_cache: file to write them to.
        workspace: limit of TensorRT's scratch memory in bytes, or None for its own.
        target: as in `TensorRT.targets`, or None for the GPU that is there.
    """

    tensorrt: str
    graph: str
    engine: str
    timing_cache: str
    new_timing_cache: str
    workspace: int | None
    target: str | None


class BuildError(Exception):
    """What went wrong, for the parent process to explain.

    Attributes:
        kind: "unsupported", "graph", "memory", "workspace", "disk", "unavailable" or "build".
        details: what TensorRT or the system said.
    """

    def __init__(self, kind: str, details: str) -> None:
        super().__init__(details)
        self.kind = kind
        self.details = details


class _Progress:
    """How far the nested phases of a build are together, in 0..1."""

    def __init__(self, out: IO[str]) -> None:
        self._out = out
        self._phases: list[tuple[str, int, int]] = []
        self._last = 0.0
        self._lock = threading.Lock()

    def start(self, name: str, steps: int) -> None:
        with self._lock:
            self._phases.append((name, 0, max(steps, 1)))
            self._tell(name)

    def step(self, name: str, number: int) -> None:
        with self._lock:
            self._phases = [
                (n, number + 1, steps) if n == name else (n, done, steps)
                for n, done, steps in self._phases
            ]
            self._tell(name)

    def finish(self, name: str) -> None:
        with self._lock:
            self._phases = [phase for phase in self._phases if phase[0] != name]

    def _tell(self, name: str) -> None:
        now = time.monotonic()
        if now - self._last >= _PAUSE:
            self._last = now
            _say(self._out, {"fraction": self._fraction(), "phase": name})

    def _fraction(self) -> float:
        share, fraction = 1.0, 0.0
        for _, done, steps in self._phases:
            share /= steps
            fraction += share * min(done, steps - 1)
        return round(fraction, 4)


def build(job: Job, out: IO[str]) -> None:
    """Builds an engine and writes it.

    Raises:
        BuildError: it could not be built or written.
    """
    try:
        tensorrt = find_tensorrt(job.tensorrt)
    except RuntimeUnavailableError as error:
        raise BuildError("unavailable", str(error)) from error
    trt = tensorrt.module
    errors: deque[str] = deque(maxlen=20)
    logger = _logger(trt, errors)
    try:
        builder = trt.Builder(logger)
        strongly_typed = 1 << int(trt.NetworkDefinitionCreationFlag.STRONGLY_TYPED)
        network = builder.create_network(strongly_typed)
        _parse(trt, trt.OnnxParser(network, logger), job.graph)
        config = builder.create_builder_config()
        monitor = _monitor(trt, _Progress(out))
        config.progress_monitor = monitor
        if job.workspace is not None:
            config.set_memory_pool_limit(trt.MemoryPoolType.WORKSPACE, job.workspace)
        if job.target is not None:
            config.num_compute_capabilities = 1
            capability = getattr(trt.ComputeCapability, job.target.upper())
            config.set_compute_capability(capability, 0)
        measures = job.tensorrt != TENSORRT_RTX
        if measures:
            _load_timing_cache(config, Path(job.timing_cache))
        engine = builder.build_serialized_network(network, config)
        if engine is None:
            raise _why(errors)
        _write(Path(job.engine), engine)
        if measures and (cache := config.get_timing_cache()) is not None:
            _write(Path(job.new_timing_cache), _sealed(bytes(memoryview(cache.serialize()))))
    except MemoryError as error:
        raise BuildError("memory", "the system has no more memory") from error
    except OSError as error:
        raise BuildError("disk", f"{error.filename or job.engine}: {error.strerror}") from error
    except (RuntimeError, TypeError) as error:
        # pybind11 gives a TypeError where a constructor returned nothing, e.g. without a GPU.
        errors.append(str(error))
        raise _why(errors) from error


def main() -> None:
    """Reads the order, does it, and says how it went."""
    # TensorRT writes to standard output; what is read by the parent goes another way.
    out = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    job = Job(**json.loads(sys.stdin.readline()))
    threading.Thread(target=_leave_with_parent, daemon=True).start()
    try:
        build(job, out)
    except BuildError as failure:
        _say(out, {"failure": failure.kind, "details": failure.details})
    else:
        _say(out, {"done": True})


def order(job: Job) -> str:
    """A job as the line that `main` reads."""
    return json.dumps(asdict(job)) + "\n"


def _leave_with_parent() -> None:
    sys.stdin.read()
    os._exit(1)


def _say(out: IO[str], message: dict[str, Any]) -> None:
    out.write(json.dumps(message) + "\n")
    out.flush()


def _logger(trt: Any, errors: deque[str]) -> Any:
    class Logger(trt.ILogger):  # type: ignore[misc]
        def __init__(self) -> None:
            trt.ILogger.__init__(self)

        def log(self, severity: Any, message: str) -> None:
            if severity <= trt.ILogger.ERROR:
                errors.append(message)

    return Logger()


def _monitor(trt: Any, progress: _Progress) -> Any:
    class Monitor(trt.IProgressMonitor):  # type: ignore[misc]
        def __init__(self) -> None:
            trt.IProgressMonitor.__init__(self)

        def phase_start(self, phase_name: str, parent_phase: str | None, num_steps: int) -> None:
            progress.start(phase_name, num_steps)

        def step_complete(self, phase_name: str, step: int) -> bool:
            progress.step(phase_name, step)
            return True

        def phase_finish(self, phase_name: str) -> None:
            progress.finish(phase_name)

    return Monitor()


def _parse(trt: Any, parser: Any, graph: str) -> None:
    if parser.parse_from_file(graph):
        return
    errors = [parser.get_error(i) for i in range(parser.num_errors)]
    refused = {
        f"{error.node_operator()} (node '{error.node_name()}')"
        for error in errors
        if error.code().name.startswith("UNSUPPORTED_NODE")
    }
    if refused:
        raise BuildError("unsupported", ", ".join(sorted(refused)))
    raise BuildError("graph", "; ".join(error.desc() for error in errors) or "no reason given")


def _load_timing_cache(config: Any, path: Path) -> None:
    cache = config.create_timing_cache(_unsealed(path.read_bytes() if path.is_file() else b""))
    if cache is None or not config.set_timing_cache(cache, ignore_mismatch=False):
        config.set_timing_cache(config.create_timing_cache(b""), ignore_mismatch=False)


def _sealed(data: bytes) -> bytes:
    """Data behind its checksum: TensorRT may crash on measurements that are damaged."""
    return hashlib.sha256(data).digest() + data


def _unsealed(sealed: bytes) -> bytes:
    """The data, or none where it is damaged."""
    checksum, data = sealed[:32], sealed[32:]
    return data if hashlib.sha256(data).digest() == checksum else b""


def _why(errors: deque[str]) -> BuildError:
    text = "; ".join(dict.fromkeys(errors)) or "TensorRT gave no reason"
    lowered = text.lower()
    if "workspace" in lowered:
        return BuildError("workspace", text)
    signs = ("bad_alloc", "out of memory", "outofmemory", "memory allocation")
    if any(sign in lowered for sign in signs):
        return BuildError("memory", text)
    return BuildError("build", text)


def _write(path: Path, data: Any) -> None:
    with path.open("wb") as file:
        file.write(memoryview(data))
        file.flush()
        os.fsync(file.fileno())


if __name__ == "__main__":
    main()
