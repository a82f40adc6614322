"""The digest of a graph follows every byte that decides what it computes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

onnx = pytest.importorskip("onnx", reason="needs onnx: make engine-env")

from onnx import TensorProto, helper, numpy_helper  # noqa: E402

from vlm_ros.engines.digest import digest_of_graph, external_files  # noqa: E402
from vlm_ros.errors import ModelError  # noqa: E402
from vlm_ros.models import bundled_model  # noqa: E402


def saved(folder: Path, weights: str | None = None) -> Path:
    """A graph with weights among its initialisers and in an attribute, here or in another file."""
    values = np.arange(4096, dtype=np.float32)
    inner = numpy_helper.from_array(values + 1, "inner")
    graph = helper.make_graph(
        [
            helper.make_node("Constant", [], ["more"], value=inner),
            helper.make_node("Add", ["x", "w"], ["a"]),
            helper.make_node("Add", ["a", "more"], ["y"]),
        ],
        "graph",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [4096])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [4096])],
        [numpy_helper.from_array(values, "w")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)])
    path = folder / "graph.onnx"
    if weights is None:
        onnx.save(model, str(path))
    else:
        onnx.save(
            model,
            str(path),
            save_as_external_data=True,
            location=weights,
            size_threshold=0,
            convert_attribute=True,
        )
    return path


def test_external_files_are_those_that_onnx_wrote(tmp_path: Path) -> None:
    assert external_files(saved(tmp_path)) == set()
    assert external_files(saved(tmp_path, "weights.data")) == {"weights.data"}
    assert external_files(bundled_model() / "text.onnx") == {"sentence_encoder.bin"}


@pytest.mark.parametrize("changed", ["graph.onnx", "weights.data"])
def test_one_bit_changes_it(tmp_path: Path, changed: str) -> None:
    path = saved(tmp_path, "weights.data")
    before = digest_of_graph(path)
    assert digest_of_graph(path) == before
    file = tmp_path / changed
    data = bytearray(file.read_bytes())
    # The last byte of the graph is that of its opset version, the last of the weights a weight.
    data[-1] ^= 1
    file.write_bytes(data)
    assert digest_of_graph(path) != before


def test_weights_outside_the_folder_are_refused(tmp_path: Path) -> None:
    path = saved(tmp_path, "weights.data")
    path.write_bytes(path.read_bytes().replace(b"weights.data", b"../eights.da"))
    with pytest.raises(ModelError, match="outside its own folder"):
        digest_of_graph(path)


@pytest.mark.parametrize("content", [b"", b"\xff" * 100, b"\x3a\x7f", b"<html></html>"])
def test_what_is_no_graph_is_an_error(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "graph.onnx"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=r"graph\.onnx"):
        digest_of_graph(path)


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    path = saved(tmp_path, "weights.data")
    (tmp_path / "weights.data").unlink()
    with pytest.raises(ModelError, match=r"weights\.data"):
        digest_of_graph(path)
