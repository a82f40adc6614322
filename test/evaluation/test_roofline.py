"""Operations and bytes are counted as by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

onnx = pytest.importorskip("onnx", reason="needs onnx")

from onnx import TensorProto, helper  # noqa: E402

from vlm_ros.errors import ModelError  # noqa: E402
from vlm_ros.evaluation.roofline import CHIPS, Chip, Product, least_ms, products  # noqa: E402
from vlm_ros.evaluation.roofline import roofline as worked_out  # noqa: E402
from vlm_ros.models import bundled_model  # noqa: E402


def _graph(path: Path, operator: str, left: list[object], right: list[int], **kw: object) -> Path:
    inputs = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
        for name, shape in (("a", left), ("b", right))
    ]
    output = helper.make_tensor_value_info("y", TensorProto.FLOAT, None)
    node = helper.make_node(operator, ["a", "b"], ["y"], **kw)
    model = helper.make_model(helper.make_graph([node], "g", inputs, [output]))
    onnx.save(model, str(path))
    return path


@pytest.mark.parametrize(
    ("operator", "left", "right", "attributes", "operations", "read", "written"),
    [
        ("MatMul", [5, 3], [3, 7], {}, 2 * 5 * 3 * 7, 15 + 21, 35),
        ("MatMul", [2, 5, 3], [2, 3, 7], {}, 2 * 2 * 5 * 3 * 7, 30 + 42, 70),
        ("Gemm", [5, 3], [7, 3], {"transB": 1}, 2 * 5 * 3 * 7, 15 + 21, 35),
        ("Gemm", [3, 5], [3, 7], {"transA": 1}, 2 * 5 * 3 * 7, 15 + 21, 35),
        ("Conv", [1, 4, 9, 9], [6, 4, 3, 3], {}, 2 * 6 * 49 * 36, 324 + 216, 294),
        ("Conv", [1, 4, 9, 9], [4, 1, 3, 3], {"group": 4}, 2 * 4 * 49 * 9, 324 + 36, 196),
    ],
)
def test_products(
    tmp_path: Path,
    operator: str,
    left: list[object],
    right: list[int],
    attributes: dict[str, object],
    operations: int,
    read: int,
    written: int,
) -> None:
    graph = _graph(tmp_path / "g.onnx", operator, left, right, **attributes)
    assert list(products(graph)) == [Product(operations, read, written)]


def test_the_slower_of_arithmetic_and_memory_counts() -> None:
    chip = Chip("x", fp16=1e9, int8=2e9, bandwidth=1e6)
    busy, hungry = Product(4_000_000, 10, 10), Product(1000, 3000, 1000)
    assert least_ms([busy], chip, "fp16") == pytest.approx(4.0)
    assert least_ms([busy], chip, "int8") == pytest.approx(2.0)
    assert least_ms([hungry], chip, "fp16") == pytest.approx(8.0)
    assert least_ms([hungry], chip, "int8") == pytest.approx(4.0)
    assert least_ms([busy, hungry], chip, "fp16") == pytest.approx(12.0)


def test_shapes_that_change_cannot_be_counted(tmp_path: Path) -> None:
    graph = _graph(tmp_path / "g.onnx", "MatMul", ["n", 3], [3, 7])
    with pytest.raises(ModelError, match="not fixed"):
        list(products(graph))


def test_the_bundled_model() -> None:
    found = worked_out(bundled_model() / "vision.onnx")
    assert 1.0 < found["gflop"] < 10.0
    slowest, *_, fastest = (found["least_ms"][chip.name]["fp16"] for chip in CHIPS)
    assert slowest > fastest > 0.0
