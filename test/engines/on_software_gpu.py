"""Run by `test_on_software_gpu`, where libcuda.so.1 is `software_gpu.cpp`."""

from __future__ import annotations

import ctypes
import gc
import os
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
from numpy.typing import NDArray

from vlm_ros.engines.api import TensorRT
from vlm_ros.engines.gpu import Gpu, find_gpu
from vlm_ros.errors import ImageError, ModelError
from vlm_ros.models import bundled_model, read_spec
from vlm_ros.models.folder import VisionSpec
from vlm_ros.models.vision_pass import open_vision
from vlm_ros.runtimes import tensorrt_pass
from vlm_ros.runtimes.cuda import Cuda
from vlm_ros.runtimes.tensorrt_pass import TensorRtPass

GPU = ctypes.CDLL("libcuda.so.1")
GPU.living.restype = GPU.ever.restype = ctypes.c_size_t
CALL = ctypes.CFUNCTYPE(None)
SIZES = [(640, 480), (333, 517), (320, 240)]


class _Enum:
    """A member of an enumeration of pybind11."""

    def __init__(self, name: str) -> None:
        self.name = name


class _Trt:
    """The part of TensorRT's runtime that the pass uses; an engine is an ONNX file."""

    class Logger:
        ERROR = 1

        def __init__(self, severity: int) -> None:
            pass

    class TensorIOMode:
        INPUT, OUTPUT = _Enum("INPUT"), _Enum("OUTPUT")

    class Runtime:
        def __init__(self, logger: Any) -> None:
            pass

        def deserialize_cuda_engine(self, engine: bytes) -> Any:
            return _Engine(engine) if engine.startswith(b"\x08") else None


class _Engine:
    def __init__(self, graph: bytes) -> None:
        self.session = onnxruntime.InferenceSession(graph)
        self.tensors = {
            t.name: t for t in (*self.session.get_inputs(), *self.session.get_outputs())
        }
        self.num_io_tensors = len(self.tensors)
        self.given = {t.name for t in self.session.get_inputs()}

    def get_tensor_name(self, index: int) -> str:
        return str(list(self.tensors)[index])

    def get_tensor_shape(self, name: str) -> tuple[int, ...]:
        return tuple(self.tensors[name].shape)

    def get_tensor_dtype(self, name: str) -> _Enum:
        return _Enum({"tensor(float)": "FLOAT", "tensor(int64)": "INT64"}[self.tensors[name].type])

    def get_tensor_mode(self, name: str) -> _Enum:
        modes = _Trt.TensorIOMode
        return modes.INPUT if name in self.given else modes.OUTPUT

    def create_execution_context(self) -> _Context:
        return _Context(self)


class _Context:
    def __init__(self, engine: _Engine) -> None:
        self._engine = engine
        self._addresses: dict[str, int] = {}
        self._call = CALL(self._run)
        self.runs = 0

    def set_tensor_address(self, name: str, address: int) -> None:
        self._addresses[name] = address

    def execute_async_v3(self, stream: int) -> bool:
        assert stream
        return bool(GPU.put_call(self._call) == 0)

    def _array(self, name: str) -> NDArray[Any]:
        kind = np.float32 if self._engine.get_tensor_dtype(name).name == "FLOAT" else np.int64
        shape = self._engine.get_tensor_shape(name)
        nbytes = int(np.prod(shape)) * np.dtype(kind).itemsize
        memory = (ctypes.c_ubyte * nbytes).from_address(self._addresses[name])
        return np.frombuffer(memoryview(memory), kind).reshape(shape)

    def _run(self) -> None:
        self.runs += 1
        session = self._engine.session
        feeds = {name: self._array(name) for name in self._engine.given}
        names = [output.name for output in session.get_outputs()]
        for name, values in zip(names, session.run(names, feeds), strict=True):
            self._array(name)[...] = values


@pytest.fixture(autouse=True)
def compiled_kernels(monkeypatch: pytest.MonkeyPatch) -> None:
    binary = Path(os.environ["KERNELS"]).read_bytes()
    monkeypatch.setattr(tensorrt_pass, "compiled", {"sm87": binary}.__getitem__)


@pytest.fixture
def spec(tmp_path: Path) -> VisionSpec:
    """The bundled graph of one size, as engines are built of it."""
    pytest.importorskip("onnx", reason="needs onnx: make engine-env")
    from vlm_ros.engines.fixed import fixed_graph

    vision = read_spec(bundled_model()).vision
    exact = fixed_graph(vision.graph, vision.width, vision.height, tmp_path / "fixed.onnx")
    return replace(vision, graph=exact)


def opened(spec: VisionSpec) -> TensorRtPass:
    return TensorRtPass(spec, TensorRT("tensorrt", "10.3.0", _Trt), Cuda(), spec.graph.read_bytes())


def picture(width: int, height: int, seed: int = 0) -> NDArray[np.uint8]:
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (height // 16 + 1, width // 16 + 1, 3), np.uint8)
    return coarse.repeat(16, 0).repeat(16, 1)[:height, :width]


def test_the_gpu_is_found() -> None:
    assert find_gpu() == Gpu("Software", (8, 7))


@pytest.mark.parametrize("size", SIZES)
def test_answers_are_those_of_onnx_runtime(spec: VisionSpec, size: tuple[int, int]) -> None:
    image = picture(*size)
    exact, fit = open_vision(spec, "onnxruntime")(image)
    engine = opened(spec)
    for _ in range(3):
        given, same = engine(image)
        assert same == fit
        assert list(given) == list(exact)
        if size[0] >= spec.width:
            np.testing.assert_allclose(given["objectness"], exact["objectness"], atol=1e-5)
            np.testing.assert_allclose(given["boxes"], exact["boxes"], atol=0.05)
    assert engine.recorded
    assert engine.name == "TensorRT 10.3.0 (Software)"
    assert engine.inputs["image"] == (1, 3, spec.height, spec.width)


def test_frames_are_replayed_and_nothing_is_allocated(spec: VisionSpec) -> None:
    engine = opened(spec)
    first, second = picture(640, 480, 1), picture(640, 480, 2)
    before = engine(first)[0]
    assert engine.recorded
    allocated = GPU.ever()
    other = engine(second)[0]
    again = engine(np.ascontiguousarray(first[:, ::-1])[:, ::-1])[0]
    assert GPU.ever() == allocated
    np.testing.assert_array_equal(before["boxes"], again["boxes"])
    assert not np.array_equal(before["boxes"], other["boxes"])


def test_each_size_is_recorded_anew(spec: VisionSpec) -> None:
    engine = opened(spec)
    expected = {size: opened(spec)(picture(*size))[0]["boxes"] for size in SIZES}
    for size in (*SIZES, *reversed(SIZES)):
        for _ in range(2):
            given, fit = engine(picture(*size))
            np.testing.assert_array_equal(given["boxes"], expected[size])
        assert (fit.source_width, fit.source_height) == size


def test_all_memory_is_given_back(spec: VisionSpec) -> None:
    gc.collect()
    before = GPU.living()
    engine = opened(spec)
    engine(picture(640, 480))
    at_work = GPU.living()
    engine(picture(320, 240))
    engine(picture(640, 480))
    assert GPU.living() == at_work
    del engine
    gc.collect()
    assert GPU.living() == before


def test_another_thread_may_call(spec: VisionSpec) -> None:
    engine = opened(spec)
    expected = engine(picture(640, 480))[0]["boxes"]
    answers: list[Any] = []
    thread = threading.Thread(target=lambda: answers.append(engine(picture(640, 480))[0]["boxes"]))
    thread.start()
    thread.join(60)
    np.testing.assert_array_equal(answers[0], expected)


def test_what_does_not_fit_is_refused(spec: VisionSpec) -> None:
    with pytest.raises(Exception, match="refuses an engine"):
        TensorRtPass(spec, TensorRT("tensorrt", "10.3.0", _Trt), Cuda(), b"nonsense")
    with pytest.raises(ModelError, match=r"model\.yaml says"):
        opened(replace(spec, width=320))
    engine = opened(spec)
    with pytest.raises(ImageError):
        engine(np.zeros((0, 3, 3), np.uint8))
    with pytest.raises(ModelError, match="takes nothing beside the image, but was given content"):
        engine(picture(640, 480), content=np.zeros(2, np.float32))


@pytest.fixture
def fused(tmp_path: Path, spec: VisionSpec) -> Callable[[], VisionSpec]:
    """A graph with more inputs than the image."""
    onnx = pytest.importorskip("onnx")
    full, whole = onnx.TensorProto.FLOAT, onnx.TensorProto.INT64
    info = onnx.helper.make_tensor_value_info
    graph = onnx.helper.make_graph(
        [
            onnx.helper.make_node("ReduceMean", ["image"], ["mean"], keepdims=0),
            onnx.helper.make_node("Cast", ["ids"], ["numbers"], to=full),
            onnx.helper.make_node("Add", ["numbers", "mean"], ["sum"]),
            onnx.helper.make_node("Mul", ["sum", "weights"], ["boxes"]),
        ],
        "fused",
        [info("image", full, [1, 3, 48, 64]), info("ids", whole, [3]), info("weights", full, [3])],
        [info("boxes", full, [3])],
    )
    model = onnx.helper.make_model(
        graph, opset_imports=[onnx.helper.make_opsetid("", 18)], ir_version=9
    )
    path = tmp_path / "graph.onnx"
    onnx.save(model, str(path))
    return lambda: replace(spec, graph=path, width=64, height=48)


def test_inputs_beside_the_image_go_up_only_when_they_change(
    fused: Callable[[], VisionSpec], monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[int] = []
    upload = Cuda.upload

    def counted(self: Cuda, pinned: Any, buffer: Any) -> None:
        sent.append(pinned.nbytes)
        upload(self, pinned, buffer)

    monkeypatch.setattr(Cuda, "upload", counted)
    engine = opened(fused())
    image = np.full((48, 64, 3), 100, np.uint8)
    ids, weights = np.array([1, 2, 3]), np.array([1, 10, 100], np.float32)
    for _ in range(3):
        given = engine(image, ids=ids, weights=weights)[0]["boxes"]
        np.testing.assert_allclose(given, [101, 1020, 10300])
    # Pixels once as they were and once while they were recorded, the others once.
    assert sorted(sent) == sorted([ids.nbytes, weights.nbytes, image.nbytes, image.nbytes])
    sent.clear()
    engine(image, ids=ids.copy(), weights=weights)
    assert sent == []
    ids[0] = 5
    given = engine(image, ids=ids, weights=weights)[0]["boxes"]
    np.testing.assert_allclose(given, [105, 1020, 10300])
    assert sent == [ids.nbytes]
    with pytest.raises(ModelError, match="takes ids, weights beside the image"):
        engine(image)
    with pytest.raises(ModelError, match=r"'ids'.*\(3,\), but was given \(4,\)"):
        engine(image, ids=np.zeros(4, np.int64), weights=weights)
