"""Graphs of any input size made graphs of one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

onnx = pytest.importorskip("onnx", reason="needs onnx: make engine-env")

from vlm_ros.engines.fixed import fixed_graph  # noqa: E402
from vlm_ros.errors import ModelError  # noqa: E402
from vlm_ros.models import bundled_model  # noqa: E402
from vlm_ros.runtimes import open_runtime  # noqa: E402

BUNDLED = bundled_model() / "vision.onnx"


@pytest.mark.parametrize(("width", "height"), [(640, 480), (416, 736)])
def test_it_says_the_same_in_shapes_that_are_known(tmp_path: Path, width: int, height: int) -> None:
    path = fixed_graph(BUNDLED, width, height, tmp_path / "fixed.onnx")
    image = np.random.default_rng(0).uniform(0, 255, (1, 3, height, width)).astype(np.float32)
    expected = open_runtime(BUNDLED).run({"image": image})
    for name, values in open_runtime(path).run({"image": image}).items():
        assert values == pytest.approx(expected[name], abs=1e-3)
    model = onnx.shape_inference.infer_shapes(onnx.load(str(path)), strict_mode=True)
    shapes = [value.type.tensor_type.shape.dim for value in model.graph.value_info]
    assert shapes and all(side.HasField("dim_value") for shape in shapes for side in shape)
    assert {node.domain for node in model.graph.node} == {""}
    assert [opset.domain for opset in model.opset_import] == [""]


def test_a_graph_of_one_size_is_left_alone(tmp_path: Path) -> None:
    fixed = fixed_graph(BUNDLED, 640, 480, tmp_path / "fixed.onnx")
    assert fixed_graph(fixed, 640, 480, tmp_path / "again.onnx") == fixed
    assert not (tmp_path / "again.onnx").exists()


def test_what_is_no_graph_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "broken.onnx"
    path.write_bytes(b"no graph")
    with pytest.raises(ModelError, match="cannot be read"):
        fixed_graph(path, 640, 480, tmp_path / "fixed.onnx")
