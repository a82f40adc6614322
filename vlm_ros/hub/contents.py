"""What is in a model folder, and what was built of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from vlm_ros.engines.cache import EngineCache, Entry
from vlm_ros.engines.digest import digest_of_graph
from vlm_ros.models.folder import ModelSpec, read_spec
from vlm_ros.runtimes.onnx_runtime import OnnxRuntime


@dataclass(frozen=True)
class Graph:
    """An ONNX graph.

    Attributes:
        file: its name within the folder.
        sha256: of the file and its external data, as engines are keyed by it.
        inputs, outputs: shape by name; a word is a size that may change.
    """

    file: str
    sha256: str
    inputs: Mapping[str, tuple[int | str | None, ...]]
    outputs: Mapping[str, tuple[int | str | None, ...]]


@dataclass(frozen=True)
class Contents:
    """A model folder.

    Attributes:
        spec: what its card says.
        sizes: of its files, in bytes.
        graphs: those it has.
        engines: built of one of its graphs, the newest first.
    """

    spec: ModelSpec
    sizes: Mapping[str, int]
    graphs: tuple[Graph, ...]
    engines: tuple[Entry, ...]


def contents(folder: Path) -> Contents:
    """Looks into a model folder; loads its graphs.

    Raises:
        EngineError: the folder of engines cannot be trusted or read.
        ModelError: the model folder is missing, incomplete or inconsistent.
    """
    spec = read_spec(folder)
    files = [spec.vision.graph, spec.text.graph]
    graphs = tuple(_graph(file) for file in files)
    hashes = {graph.sha256 for graph in graphs}
    sizes = {
        str(file.relative_to(folder)): file.stat().st_size
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }
    engines = tuple(entry for entry in EngineCache().entries() if entry.key.graph in hashes)
    return Contents(spec, sizes, graphs, engines)


def _graph(file: Path) -> Graph:
    loaded = OnnxRuntime(file)
    return Graph(file.name, digest_of_graph(file), loaded.inputs, loaded.outputs)
