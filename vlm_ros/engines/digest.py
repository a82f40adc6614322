"""SHA-256 of a graph with the files in which its weights lie, without the onnx package."""

from __future__ import annotations

import hashlib
import mmap
from collections.abc import Iterator
from pathlib import Path

from vlm_ros.errors import ModelError

# Field numbers in onnx.proto.
_MODEL_GRAPH = 7
_GRAPH_NODE, _GRAPH_INITIALISER = 1, 5
_NODE_ATTRIBUTE = 5
_ATTRIBUTE_TENSOR = 5
_TENSOR_EXTERNAL = 13
_ENTRY_KEY, _ENTRY_VALUE = 1, 2

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5


def digest_of_graph(graph: Path) -> str:
    """SHA-256 (hexadecimal) of an ONNX file and its external data, in the order of their names.

    Raises:
        ModelError: a file is missing or is no ONNX graph.
    """
    digest = hashlib.sha256()
    try:
        for path in (graph, *(graph.parent / name for name in sorted(external_files(graph)))):
            digest.update(path.name.encode() + b"\0")
            _update(digest, path)
    except OSError as error:
        raise ModelError(f"{graph} cannot be read: {error}.") from error
    return digest.hexdigest()


def digest_of_file(path: Path) -> str:
    """SHA-256 (hexadecimal) of a file."""
    digest = hashlib.sha256()
    _update(digest, path)
    return digest.hexdigest()


def external_files(graph: Path) -> set[str]:
    """Names of the files that hold weights of a graph, relative to its folder.

    Raises:
        ModelError: the file is no ONNX graph.
        OSError: it cannot be read.
    """
    with graph.open("rb") as file:
        if not graph.stat().st_size:
            raise ModelError(f"{graph} is empty.")
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            try:
                names = set(_locations(data))
            except (IndexError, UnicodeDecodeError, ValueError) as error:
                raise ModelError(f"{graph} cannot be read as an ONNX graph.") from error
    for name in names:
        if Path(name).is_absolute() or ".." in Path(name).parts:
            raise ModelError(f"{graph} wants weights from '{name}', outside its own folder.")
    return names


def _update(digest: hashlib._Hash, path: Path) -> None:
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)


def _locations(data: mmap.mmap) -> Iterator[str]:
    for graph in _fields(data, (0, len(data)), _MODEL_GRAPH):
        tensors = list(_fields(data, graph, _GRAPH_INITIALISER))
        for node in _fields(data, graph, _GRAPH_NODE):
            for attribute in _fields(data, node, _NODE_ATTRIBUTE):
                tensors += _fields(data, attribute, _ATTRIBUTE_TENSOR)
        for tensor in tensors:
            for entry in _fields(data, tensor, _TENSOR_EXTERNAL):
                key = b"".join(data[slice(*span)] for span in _fields(data, entry, _ENTRY_KEY))
                if key == b"location":
                    for span in _fields(data, entry, _ENTRY_VALUE):
                        yield data[slice(*span)].decode()


def _fields(data: mmap.mmap, span: tuple[int, int], wanted: int) -> Iterator[tuple[int, int]]:
    """Where the values of one field of bytes lie in a protobuf message."""
    place, end = span
    while place < end:
        tag, place = _varint(data, place)
        number, kind = tag >> 3, tag & 7
        if kind == _VARINT:
            _, place = _varint(data, place)
        elif kind in (_FIXED64, _FIXED32):
            place += 8 if kind == _FIXED64 else 4
        elif kind == _BYTES:
            size, place = _varint(data, place)
            if number == wanted:
                yield place, place + size
            place += size
        else:
            raise ValueError(f"unknown kind of field {kind}")
    if place != end:
        raise ValueError("a message is longer than it says")


def _varint(data: mmap.mmap, place: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[place]
        place += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, place
        shift += 7
