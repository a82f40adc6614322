"""Eight-bit weights change an answer little, and the graph stays runnable."""

from __future__ import annotations

import numpy as np
import pytest

onnx = pytest.importorskip("onnx", reason="needs the 'train' extra: make train-env")

from onnx import TensorProto, helper, numpy_helper  # noqa: E402

from vlm_ros.training.quantise import weights_to_int8  # noqa: E402


def test_table_and_product_keep_their_meaning() -> None:
    import onnxruntime

    rng = np.random.default_rng(0)
    table = rng.normal(size=(500, 64)).astype(np.float32)
    weight = (rng.normal(size=(64, 96)) * rng.uniform(0.1, 5, 96)).astype(np.float32)
    graph = helper.make_graph(
        [
            helper.make_node("Gather", ["table", "ids"], ["rows"], axis=0),
            helper.make_node("MatMul", ["rows", "weight"], ["out"]),
        ],
        "lookup",
        [helper.make_tensor_value_info("ids", TensorProto.INT64, ["n"])],
        [helper.make_tensor_value_info("out", TensorProto.FLOAT, ["n", 96])],
        [numpy_helper.from_array(table, "table"), numpy_helper.from_array(weight, "weight")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    before = model.ByteSize()
    small = weights_to_int8(model)
    assert small.ByteSize() < before / 3
    session = onnxruntime.InferenceSession(small.SerializeToString())
    ids = np.arange(0, 500, 7)
    answer = session.run(None, {"ids": ids})[0]
    exact = table[ids] @ weight
    cosine = (
        (answer * exact).sum(1) / np.linalg.norm(answer, axis=1) / np.linalg.norm(exact, axis=1)
    )
    assert cosine.min() > 0.999
