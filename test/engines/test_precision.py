"""Graphs in FP16 and on eight-bit numbers: what works in which type, and what that costs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

onnx = pytest.importorskip("onnx", reason="needs onnx: make engine-env")

from onnx import helper  # noqa: E402

from vlm_ros.engines.fixed import fixed_graph  # noqa: E402
from vlm_ros.engines.graph import PRODUCTS, FloatGraph  # noqa: E402
from vlm_ros.engines.half import half_nodes  # noqa: E402
from vlm_ros.engines.int8 import int8_nodes, rounded_weights  # noqa: E402
from vlm_ros.engines.onnx_session import Feeds, session_of  # noqa: E402
from vlm_ros.engines.parity import differences  # noqa: E402
from vlm_ros.engines.precision import Precision, graph_in  # noqa: E402
from vlm_ros.engines.ranges import clipping_points, largest_values  # noqa: E402
from vlm_ros.engines.rounding import rounding_losses  # noqa: E402
from vlm_ros.engines.samples import PictureFeeds, generated_pictures, samples_of  # noqa: E402
from vlm_ros.engines.typed import TypePlan, rounded_graph, typed_graph  # noqa: E402
from vlm_ros.errors import EngineError, ModelError  # noqa: E402
from vlm_ros.models import bundled_model, read_spec  # noqa: E402

Save = Callable[..., Path]
node = helper.make_node


def half_operators(graph: FloatGraph, largest: dict[str, float]) -> list[str]:
    return [graph.nodes[i].op_type for i in sorted(half_nodes(graph, largest, {}))]


def types_of(model: Any) -> dict[str, int]:
    inferred = onnx.shape_inference.infer_shapes(model, strict_mode=True, data_prop=True)
    return {v.name: v.type.tensor_type.elem_type for v in inferred.graph.value_info}


@pytest.fixture
def block(save: Save, rng: np.random.Generator) -> Path:
    """A block as in a transformer: norm, product, activation, product, sum, softmax, product."""
    weights = {
        "scale": np.ones(8, np.float32),
        "bias": np.zeros(8, np.float32),
        "up": rng.normal(size=(8, 16)).astype(np.float32),
        "down": rng.normal(size=(16, 8)).astype(np.float32),
        "head": rng.normal(size=(8, 4)).astype(np.float32),
        "two": np.float32(2),
    }
    nodes = [
        node("LayerNormalization", ["x", "scale", "bias"], ["normal"]),
        node("MatMul", ["normal", "up"], ["wide"]),
        node("Sigmoid", ["wide"], ["gate"]),
        node("Mul", ["wide", "gate"], ["active"]),
        node("MatMul", ["active", "down"], ["narrow"]),
        node("Add", ["narrow", "narrow"], ["sum"]),
        node("Softmax", ["sum"], ["soft"]),
        node("MatMul", ["soft", "head"], ["logits"]),
        node("Mul", ["logits", "two"], ["y"]),
    ]
    return save(nodes, {"x": (3, 8)}, {"y": (3, 4)}, weights)


def feeds(rng: np.random.Generator, *shape: int, count: int = 3, name: str = "x") -> list[Feeds]:
    return [{name: rng.normal(size=shape).astype(np.float32)} for _ in range(count)]


def test_products_and_what_lies_between_them_are_half(
    block: Path, rng: np.random.Generator
) -> None:
    graph = FloatGraph(block)
    largest = largest_values(graph, feeds(rng, 3, 8))
    # Not the norm, not the softmax or the sum that only it reads, not what is behind the last one.
    chosen = half_operators(graph, largest)
    assert chosen == ["MatMul", "Sigmoid", "Mul", "MatMul", "Add", "MatMul"]


def test_inputs_outputs_and_sensitive_operators_stay_in_fp32(
    block: Path, rng: np.random.Generator
) -> None:
    written = graph_in(Precision.FP16, block, feeds(rng, 3, 8)).engine
    onnx.checker.check_model(written, full_check=True)
    types = types_of(written)
    full = onnx.TensorProto.FLOAT
    for value in [*written.graph.input, *written.graph.output]:
        assert value.type.tensor_type.elem_type == full
    for operator in ("LayerNormalization", "Softmax"):
        (found,) = (n for n in written.graph.node if n.op_type == operator)
        assert types[found.output[0]] == full
    for product in (n for n in written.graph.node if n.op_type == "MatMul"):
        assert types[product.output[0]] == onnx.TensorProto.FLOAT16


def test_a_tensor_is_cast_once_however_many_read_it(save: Save, rng: np.random.Generator) -> None:
    weights = {f"w{i}": rng.normal(size=(8, 8)).astype(np.float32) for i in range(3)}
    nodes = [node("MatMul", ["x", f"w{i}"], [f"y{i}"]) for i in range(3)]
    path = save(nodes, {"x": (2, 8)}, {f"y{i}": (2, 8) for i in range(3)}, weights)
    written = graph_in(Precision.FP16, path, feeds(rng, 2, 8)).engine
    assert Counter(n.op_type for n in written.graph.node) == {"MatMul": 3, "Cast": 1 + 3}


@pytest.mark.parametrize("constant", [1e-12, 1e6, -3.4e38])
def test_constants_that_fp16_has_not_stay_in_fp32(
    save: Save, rng: np.random.Generator, constant: float
) -> None:
    weights = {
        "w": rng.normal(size=(8, 8)).astype(np.float32),
        "c": np.float32(constant),
    }
    nodes = [
        node("MatMul", ["x", "w"], ["a"]),
        node("Add", ["a", "c"], ["b"]),
        node("Clip", ["b", "", ""], ["d"]),
        node("MatMul", ["d", "w"], ["y"]),
    ]
    graph = FloatGraph(save(nodes, {"x": (2, 8)}, {"y": (2, 8)}, weights))
    assert half_operators(graph, {}) == ["MatMul", "MatMul"]


def test_what_overflowed_on_a_sample_stays_in_fp32(save: Save, rng: np.random.Generator) -> None:
    weights = {"w": np.eye(8, dtype=np.float32) * 300, "v": np.eye(8, dtype=np.float32) / 300}
    nodes = [
        node("MatMul", ["x", "v"], ["a"]),
        node("MatMul", ["a", "w"], ["b"]),
        node("MatMul", ["b", "w"], ["c"]),
        node("Sub", ["c", "c"], ["d"]),
        node("MatMul", ["d", "v"], ["y"]),
    ]
    path = save(nodes, {"x": (2, 8)}, {"y": (2, 8)}, weights)
    samples: list[Feeds] = [{"x": np.full((2, 8), 200, np.float32)}]
    graph = FloatGraph(path)
    largest = largest_values(graph, samples)
    assert largest["c"] == pytest.approx(60000, rel=1e-3)
    # The third product gives what is too much for the sum that reads it, too.
    assert half_operators(graph, largest) == ["MatMul", "MatMul", "MatMul"]
    written = graph_in(Precision.FP16, path, samples)
    assert np.isfinite(session_of(written.reference).run(None, dict(samples[0]))[0]).all()


@pytest.mark.parametrize("opset", [13, 21])
@pytest.mark.parametrize("operator", ["MatMul", "Conv"])
def test_a_product_that_rounding_costs_much_stays_in_fp32(
    save: Save, rng: np.random.Generator, operator: str, opset: int
) -> None:
    """Channels that are nearly the same are subtracted: what is left is a hundredth of them."""
    alike = 1 + 0.01 * rng.normal(size=(8, 8))
    apart = np.kron(np.eye(4), [[1], [-1]])
    weights = {"well": rng.normal(size=(8, 8)), "alike": alike, "apart": apart}
    places: tuple[int, ...] = ()
    if operator == "Conv":
        weights = {n: w.T[..., None, None] for n, w in weights.items()}
        places = (16, 16)
    weights = {n: w.astype(np.float32) for n, w in weights.items()}
    nodes = [
        node(operator, ["x", "well"], ["a"]),
        node(operator, ["a", "alike"], ["b"]),
        node(operator, ["b", "apart"], ["y"]),
    ]
    shape, answer = ((1, 8, *places), (1, 4, *places)) if places else ((256, 8), (256, 4))
    path = save(nodes, {"x": shape}, {"y": answer}, weights, opset=opset)
    graph, samples = FloatGraph(path), feeds(rng, *shape)
    losses = rounding_losses(graph, samples)
    assert max(losses[0], losses[1]) < 2.0**-11 < 2.0**-7 < losses[2]
    assert half_nodes(graph, {}, losses) == {0}
    written = graph_in(Precision.FP16, path, samples)
    exact = session_of(onnx.load(str(path))).run(None, dict(samples[0]))[0]
    given = session_of(written.reference).run(None, dict(samples[0]))[0]
    all_half = rounded_graph(graph, TypePlan(half=frozenset({0, 1, 2})))
    worse = session_of(all_half).run(None, dict(samples[0]))[0]
    assert np.abs(given - exact).mean() < 0.5 * np.abs(worse - exact).mean()


def test_a_graph_without_products_stays_as_it_is(save: Save, rng: np.random.Generator) -> None:
    path = save([node("Sigmoid", ["x"], ["y"])], {"x": (2, 8)}, {"y": (2, 8)}, {})
    written = graph_in(Precision.FP16, path, feeds(rng, 2, 8))
    assert written.half == 0
    assert [n.op_type for n in written.engine.graph.node] == ["Sigmoid"]


def test_what_a_choice_was_made_by_stays_in_fp32(save: Save, rng: np.random.Generator) -> None:
    weights = {
        "w": rng.normal(size=(8, 8)).astype(np.float32),
        "score": rng.normal(size=(8, 1)).astype(np.float32),
        "k": np.array([2], np.int64),
        "flat": np.array([-1], np.int64),
    }
    nodes = [
        node("MatMul", ["x", "score"], ["s"]),
        node("Sigmoid", ["s"], ["p"]),
        node("Reshape", ["p", "flat"], ["q"]),
        node("TopK", ["q", "k"], ["best", "places"]),
        node("Gather", ["x", "places"], ["chosen"], axis=0),
        node("MatMul", ["chosen", "w"], ["y"]),
    ]
    path = save(nodes, {"x": (5, 8)}, {"y": (2, 8), "best": (2,)}, weights)
    chosen = half_operators(FloatGraph(path), {})
    assert chosen == ["MatMul", "MatMul"]


def test_only_the_picture_of_a_resize_is_cast(save: Save, rng: np.random.Generator) -> None:
    weights = {
        "w": rng.normal(size=(4, 3, 1, 1)).astype(np.float32),
        "v": rng.normal(size=(2, 4, 1, 1)).astype(np.float32),
        "scales": np.array([1, 1, 2, 2], np.float32),
    }
    nodes = [
        node("Conv", ["x", "w"], ["a"]),
        node("Resize", ["a", "", "scales"], ["b"], mode="nearest"),
        node("Conv", ["b", "v"], ["y"]),
    ]
    path = save(nodes, {"x": (1, 3, 4, 4)}, {"y": (1, 2, 8, 8)}, weights)
    written = graph_in(Precision.FP16, path, feeds(rng, 1, 3, 4, 4)).engine
    onnx.checker.check_model(written, full_check=True)
    (resize,) = (n for n in written.graph.node if n.op_type == "Resize")
    assert list(resize.input) == ["a.half", "", "scales"]


def test_subgraphs_read_fp32_under_the_old_names(save: Save, rng: np.random.Generator) -> None:
    branch = helper.make_graph(
        [node("Mul", ["a", "a"], ["squared"])],
        "branch",
        [],
        [helper.make_tensor_value_info("squared", onnx.TensorProto.FLOAT, [2, 8])],
    )
    weights = {
        "w": rng.normal(size=(8, 8)).astype(np.float32),
        "yes": np.array(True),
    }
    nodes = [
        node("MatMul", ["x", "w"], ["a"]),
        node("If", ["yes"], ["b"], then_branch=branch, else_branch=branch),
        node("MatMul", ["b", "w"], ["y"]),
    ]
    path = save(nodes, {"x": (2, 8)}, {"y": (2, 8)}, weights)
    samples = feeds(rng, 2, 8)
    written = graph_in(Precision.FP16, path, samples)
    onnx.checker.check_model(written.engine, full_check=True)
    exact = session_of(onnx.load(str(path))).run(None, dict(samples[0]))[0]
    given = session_of(written.engine).run(None, dict(samples[0]))[0]
    np.testing.assert_allclose(given, exact, rtol=0.02, atol=0.02)


def test_the_reference_rounds_as_fp16_does(save: Save) -> None:
    """One after the other, where ONNX Runtime on a CPU would round at the end only."""
    same = np.eye(2, dtype=np.float32)
    weights = {"w": same, "one": np.float32(1), "last": same}
    nodes = [
        node("MatMul", ["x", "w"], ["a"]),
        node("Add", ["a", "one"], ["b"]),
        node("Add", ["b", "one"], ["c"]),
        node("MatMul", ["c", "last"], ["y"]),
    ]
    path = save(nodes, {"x": (1, 2)}, {"y": (1, 2)}, weights)
    plan = TypePlan(half=frozenset(range(4)))
    x = np.array([[2048.0, 0.1]], np.float32)
    one = np.ones(1, np.float16)
    expected = (x.astype(np.float16) + one) + one
    given = session_of(rounded_graph(FloatGraph(path), plan)).run(None, {"x": x})[0]
    np.testing.assert_array_equal(given, expected.astype(np.float32))
    assert given[0, 0] == 2048.0


def test_weights_have_a_scale_for_each_output_channel(rng: np.random.Generator) -> None:
    values = (rng.normal(size=(64, 5)) * [1, 10, 0.01, 1000, 0]).astype(np.float32)
    weights = rounded_weights(values, 1, np.float16)
    assert weights.scales.shape == (5,)
    restored = weights.values * weights.scales
    assert (np.abs(restored - values) <= weights.scales * 0.51 + 1e-6).all()
    assert np.abs(weights.values).max() <= 127


@pytest.mark.parametrize(
    ("operator", "shape", "attributes", "axis"),
    [
        ("MatMul", (32, 40), {}, 1),
        ("Gemm", (32, 40), {}, 1),
        ("Gemm", (40, 32), {"transB": 1}, 0),
        ("Conv", (40, 32, 1, 1), {}, 0),
    ],
)
def test_eight_bit_products_are_close_to_exact_ones(
    save: Save,
    rng: np.random.Generator,
    operator: str,
    shape: tuple[int, ...],
    attributes: dict[str, int],
    axis: int,
) -> None:
    scales = rng.uniform(0.1, 10, 40).reshape([-1 if i == axis else 1 for i in range(len(shape))])
    tail = (40, 4) if operator != "Conv" else (4, 40, 1, 1)
    weights = {
        "w": (rng.normal(size=shape) * scales).astype(np.float32),
        "v": rng.normal(size=tail).astype(np.float32),
    }
    last = "Conv" if operator == "Conv" else "MatMul"
    nodes = [node(operator, ["x", "w"], ["a"], **attributes), node(last, ["a", "v"], ["y"])]
    batch = (1, 32, 2, 2) if operator == "Conv" else (6, 32)
    answer = (1, 4, 2, 2) if operator == "Conv" else (6, 4)
    path = save(nodes, {"x": batch}, {"y": answer}, weights)
    samples = feeds(rng, *batch)
    exact = session_of(onnx.load(str(path))).run(None, dict(samples[0]))[0]
    graph = FloatGraph(path)
    plan = TypePlan(int8=int8_nodes(graph, largest_values(graph, samples), samples))
    model = typed_graph(graph, plan)
    onnx.checker.check_model(model, full_check=True)
    given = session_of(model).run(None, dict(samples[0]))[0]
    assert np.abs(given - exact).max() < 0.05 * np.abs(exact).max()
    assert (given != exact).any()
    (restored,) = (
        n for n in model.graph.node if n.op_type == "DequantizeLinear" and "w." in n.output[0]
    )
    assert helper.get_node_attr_value(restored, "axis") == axis


def test_depthwise_small_and_last_products_are_left_alone(
    save: Save, rng: np.random.Generator
) -> None:
    weights = {
        "depthwise": rng.normal(size=(64, 1, 5, 5)).astype(np.float32),
        "full": rng.normal(size=(64, 64, 1, 1)).astype(np.float32),
        "small": rng.normal(size=(2, 64, 1, 1)).astype(np.float32),
        "again": rng.normal(size=(1024, 2, 1, 1)).astype(np.float32),
    }
    nodes = [
        node("Conv", ["x", "depthwise"], ["a"], group=64, pads=[2, 2, 2, 2]),
        node("Conv", ["a", "full"], ["b"]),
        node("Conv", ["b", "small"], ["c"]),
        node("Conv", ["c", "again"], ["y"]),
    ]
    path = save(nodes, {"x": (1, 64, 4, 4)}, {"y": (1, 1024, 4, 4)}, weights)
    graph, samples = FloatGraph(path), feeds(rng, 1, 64, 4, 4)
    assert set(int8_nodes(graph, largest_values(graph, samples), samples)) == {1}


def test_an_input_of_several_products_is_rounded_once(save: Save, rng: np.random.Generator) -> None:
    weights = {n: rng.normal(size=(64, 64)).astype(np.float32) for n in ("w", "v", "u")}
    nodes = [
        node("MatMul", ["x", "w"], ["a"]),
        node("MatMul", ["x", "v"], ["b"]),
        node("Add", ["a", "b"], ["c"]),
        node("MatMul", ["c", "u"], ["y"]),
    ]
    path = save(nodes, {"x": (2, 64)}, {"y": (2, 64)}, weights)
    written = graph_in(Precision.INT8, path, feeds(rng, 2, 64)).engine
    onnx.checker.check_model(written, full_check=True)
    operators = Counter(n.op_type for n in written.graph.node)
    assert operators["QuantizeLinear"] == 1
    assert operators["DequantizeLinear"] == 1 + 2
    # Symmetric, as TensorRT wants it.
    zeros = [i for i in written.graph.initializer if "zero" in i.name]
    assert all(not onnx.numpy_helper.to_array(i).any() for i in zeros)


def test_rare_large_values_are_clipped(save: Save, rng: np.random.Generator) -> None:
    path = save([node("Identity", ["x"], ["y"])], {"x": (200000,)}, {"y": (200000,)}, {})
    values = rng.normal(size=200000).astype(np.float32)
    even = rng.uniform(-1, 1, 200000).astype(np.float32)
    spiked = values.copy()
    spiked[0] = 12
    graph = FloatGraph(path)
    for sample, below in ((spiked, 9.0), (even, 1.01)):
        samples: list[Feeds] = [{"x": sample}]
        largest = largest_values(graph, samples)
        (point,) = clipping_points(graph, ["y"], largest, samples).values()
        assert point < below
        assert point > 0.9 * np.abs(even).max()


def test_no_samples_is_an_error(block: Path) -> None:
    for precision in (Precision.FP16, Precision.INT8):
        with pytest.raises(EngineError, match="at least one sample"):
            graph_in(precision, block, [])


def test_a_file_that_is_no_graph_is_an_error(tmp_path: Path) -> None:
    broken = tmp_path / "broken.onnx"
    broken.write_bytes(b"\x08\x0anonsense")
    with pytest.raises(ModelError, match=r"broken\.onnx"):
        FloatGraph(broken)


@pytest.fixture(scope="module")
def bundled(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The bundled model as engines are built of it."""
    spec = read_spec(bundled_model())
    vision = spec.vision
    copy = tmp_path_factory.mktemp("fixed") / "vision.onnx"
    graph = fixed_graph(vision.graph, vision.width, vision.height, copy)
    return replace(spec, vision=replace(vision, graph=graph))


@pytest.mark.parametrize(
    ("precision", "box", "cosine", "score"),
    [(Precision.FP16, 1.0, 0.9995, 0.04), (Precision.INT8, 15.0, 0.95, 0.25)],
)
def test_the_bundled_model_stays_what_it_is(
    bundled: Any, precision: Precision, box: float, cosine: float, score: float
) -> None:
    fitting = samples_of(bundled, None).fitting
    checking = PictureFeeds(bundled, generated_pictures(32)[3::4])
    written = graph_in(precision, bundled.vision.graph, fitting)
    onnx.checker.check_model(written.engine, full_check=True)
    products = [n for n in written.engine.graph.node if n.op_type in PRODUCTS]
    types = types_of(written.engine)
    half = [n for n in products if types.get(n.output[0]) == onnx.TensorProto.FLOAT16]
    assert len(half) > 0.9 * len(products)
    assert (written.int8 > 50) == (precision is Precision.INT8)
    exact, other = session_of(onnx.load(str(bundled.vision.graph))), session_of(written.reference)
    names = [output.name for output in exact.get_outputs()]
    found = differences(
        (
            (
                dict(zip(names, exact.run(names, dict(one)), strict=True)),
                dict(zip(names, other.run(names, dict(one)), strict=True)),
            )
            for one in checking
        ),
        bundled.vision.min_objectness,
    )
    assert found.regions >= 100
    # One region in a hundred may be where the least difference looks up another cell.
    assert np.median(found.edges) < box / 4
    assert np.quantile(found.edges, 0.99) < box
    assert np.quantile(found.cosines, 0.01) > cosine
    assert np.quantile(found.scores["objectness"], 0.99) < score


def test_weights_of_two_products_in_different_types(save: Save, rng: np.random.Generator) -> None:
    weights = {"w": rng.normal(size=(64, 64)).astype(np.float32)}
    nodes = [node("MatMul", ["x", "w"], ["a"]), node("MatMul", ["a", "w"], ["y"])]
    graph = FloatGraph(save(nodes, {"x": (2, 64)}, {"y": (2, 64)}, weights))
    plan = TypePlan(half=frozenset({0}), int8={0: 0.01, 1: 0.01})
    types = types_of(typed_graph(graph, plan))
    assert types["a.half"] == onnx.TensorProto.FLOAT16
    assert types["a"] == onnx.TensorProto.FLOAT


def test_typed_and_rounded_graphs_hold_the_same_eight_bit_weights(
    block: Path, save: Save, rng: np.random.Generator
) -> None:
    weights = {n: rng.normal(size=(64, 64)).astype(np.float32) for n in ("w", "v")}
    nodes = [node("MatMul", ["x", "w"], ["a"]), node("MatMul", ["a", "v"], ["y"])]
    graph = FloatGraph(save(nodes, {"x": (2, 64)}, {"y": (2, 64)}, weights))
    plan = TypePlan(half=frozenset({0, 1}), int8={0: 0.01})
    stored = [
        {
            i.name: onnx.numpy_helper.to_array(i).astype(np.float32)
            for i in write(graph, plan).graph.initializer
            if "through_int8" in i.name
        }
        for write in (typed_graph, rounded_graph)
    ]
    assert stored[0].keys() == stored[1].keys()
    for name, values in stored[0].items():
        np.testing.assert_array_equal(values, stored[1][name])
