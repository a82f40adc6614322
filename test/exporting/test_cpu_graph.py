"""Graphs fused for a CPU give what the plain ones give."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

onnx = pytest.importorskip("onnx", reason="needs onnx")

from onnx import TensorProto, helper, numpy_helper, parser  # noqa: E402

from vlm_ros.engines.onnx_session import session_of  # noqa: E402
from vlm_ros.exporting.cpu_graph import fuse_for_cpu  # noqa: E402

RNG = np.random.default_rng(0)


def _model(text: str, inputs: Mapping[str, tuple[int, ...]], output: str, **constants: Any) -> Any:
    """A graph of lines in ONNX's own notation."""
    lines = "\n".join(line for line in text.strip().splitlines())
    nodes = parser.parse_graph(f"g () => () {{ {lines} }}").node
    graph = helper.make_graph(
        list(nodes),
        "g",
        [helper.make_tensor_value_info(k, TensorProto.FLOAT, v) for k, v in inputs.items()],
        [helper.make_tensor_value_info(output, TensorProto.FLOAT, None)],
        [numpy_helper.from_array(np.asarray(v), k) for k, v in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    return onnx.shape_inference.infer_shapes(model)


def _operators(model: Any) -> Counter[str]:
    return Counter(node.op_type for node in model.graph.node)


def _answers(model: Any, **inputs: NDArray[Any]) -> NDArray[Any]:
    return np.asarray(session_of(model).run(None, inputs)[0])


ATTENTION = """
    q4 = Reshape(q, cut)
    k4 = Reshape(k, cut)
    v4 = Reshape(v, cut)
    qt = Transpose<perm = [0, 2, 1, 3]>(q4)
    kt = Transpose<perm = [0, 2, 3, 1]>(k4)
    vt = Transpose<perm = [0, 2, 1, 3]>(v4)
    logits = MatMul(qt, kt)
    {scaling}
    shares = Softmax<axis = -1>({scaled})
    weighted = MatMul(shares, vt)
    turned = Transpose<perm = [0, 2, 1, 3]>(weighted)
    out = Reshape(turned, join)
"""
_FACTORS = dict.fromkeys("qkv", (1, 7, 24))
_SHAPES = {"cut": np.array([1, 7, 3, 8]), "join": np.array([1, 7, 24])}


@pytest.mark.parametrize(
    ("scaling", "scaled", "fused"),
    [
        ("scaled = Mul(logits, factor)", "scaled", True),
        ("", "logits", True),
        ("scaled = Add(logits, mask)", "scaled", False),
        ("scaled = Mul(logits, mask)", "scaled", False),
    ],
)
def test_attention(scaling: str, scaled: str, fused: bool) -> None:
    model = _model(
        ATTENTION.format(scaling=scaling, scaled=scaled),
        _FACTORS,
        "out",
        **_SHAPES,
        factor=np.float32(0.35),
        mask=RNG.normal(size=(7, 7)).astype(np.float32),
    )
    made = fuse_for_cpu(model)
    assert _operators(made)["MultiHeadAttention"] == int(fused)
    assert (_operators(made)["Softmax"] == 0) is fused
    given = {name: RNG.normal(size=(1, 7, 24)).astype(np.float32) for name in "qkv"}
    np.testing.assert_allclose(_answers(made, **given), _answers(model, **given), atol=2e-6)


def test_attention_whose_shares_are_read_elsewhere_stays() -> None:
    text = ATTENTION.format(scaling="", scaled="logits") + "also = Add(shares, shares)\n"
    made = fuse_for_cpu(_model(text, _FACTORS, "also", **_SHAPES))
    assert _operators(made)["Softmax"] == 1


@pytest.mark.parametrize("biased", [False, True])
def test_patches(biased: bool) -> None:
    weights = RNG.normal(size=(5, 3, 4, 2)).astype(np.float32)
    bias = RNG.normal(size=5).astype(np.float32)
    inputs = "image, weights, bias" if biased else "image, weights"
    model = _model(
        f"out = Conv<strides = [4, 2]>({inputs})",
        {"image": (1, 3, 12, 10)},
        "out",
        weights=weights,
        bias=bias,
    )
    made = fuse_for_cpu(model)
    assert "Conv" not in _operators(made)
    image = RNG.normal(size=(1, 3, 12, 10)).astype(np.float32)
    np.testing.assert_allclose(_answers(made, image=image), _answers(model, image=image), atol=1e-5)


def test_single_pixels_stay() -> None:
    model = _model(
        "out = Conv<strides = [1, 1]>(image, weights)",
        {"image": (1, 3, 12, 10)},
        "out",
        weights=RNG.normal(size=(5, 3, 1, 1)).astype(np.float32),
    )
    assert _operators(fuse_for_cpu(model)) == {"Conv": 1}


@pytest.mark.parametrize(
    "attributes",
    ["strides = [2, 2]", "strides = [4, 2], pads = [1, 0, 1, 0]", "pads = [0, 0, 0, 0]"],
)
def test_other_convolutions_stay(attributes: str) -> None:
    model = _model(
        f"out = Conv<{attributes}>(image, weights)",
        {"image": (1, 3, 12, 10)},
        "out",
        weights=RNG.normal(size=(5, 3, 4, 2)).astype(np.float32),
    )
    assert _operators(fuse_for_cpu(model)) == {"Conv": 1}


@pytest.mark.parametrize(
    ("last", "fused"),
    [("out = Mul(x, s)", True), ("out = Mul(s, x)", True), ("out = Mul(s, y)", False)],
)
def test_quick_gelu(last: str, fused: bool) -> None:
    text = f"""
        scaled = Mul(x, factor)
        s = Sigmoid(scaled)
        {last}
    """
    model = _model(text, {"x": (3, 5), "y": (3, 5)}, "out", factor=np.float32(1.702))
    made = fuse_for_cpu(model)
    assert (_operators(made) == {"QuickGelu": 1}) is fused
    given = {name: RNG.normal(size=(3, 5)).astype(np.float32) for name in "xy"}
    np.testing.assert_allclose(_answers(made, **given), _answers(model, **given), atol=1e-6)


def test_what_it_was_made_of_is_untouched() -> None:
    model = _model(ATTENTION.format(scaling="", scaled="logits"), _FACTORS, "out", **_SHAPES)
    before = model.SerializeToString()
    made = fuse_for_cpu(model)
    assert model.SerializeToString() == before
    assert [i.name for i in made.graph.initializer] == []
