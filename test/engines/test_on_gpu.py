"""What only a GPU can show: the engine's answers, its memory and its time.

Run with `make test-engines` on a machine with an NVIDIA GPU and TensorRT (any from 10.3 on, or
TensorRT for RTX). Times are printed, not judged: `pytest -s test/engines/test_on_gpu.py`.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from vlm_ros.engines.api import TENSORRT, TENSORRT_RTX, TensorRT, find_tensorrt
from vlm_ros.engines.gpu import find_gpu
from vlm_ros.errors import EngineError, ModelError, RuntimeUnavailableError
from vlm_ros.models import bundled_model, load_model, read_spec
from vlm_ros.models.folder import VisionSpec
from vlm_ros.models.preprocess import ImageInput
from vlm_ros.models.vision_pass import VisionPass, open_vision
from vlm_ros.places import HOME_VARIABLE


def _why_not() -> str | None:
    try:
        find_gpu()
    except RuntimeUnavailableError as error:
        return str(error)
    return None


pytestmark = pytest.mark.skipif(_why_not() is not None, reason=f"needs a GPU: {_why_not()}")

SIZES = [(640, 480), (1280, 720), (333, 517), (320, 240)]


def _kinds() -> Iterator[str]:
    for kind in (TENSORRT, TENSORRT_RTX):
        try:
            find_tensorrt(kind)
        except RuntimeUnavailableError:
            continue
        yield kind


@pytest.fixture(scope="module", params=list(_kinds()) or [""])
def tensorrt(request: pytest.FixtureRequest) -> TensorRT:
    if not request.param:
        pytest.skip("needs TensorRT: make engine-env")
    return find_tensorrt(request.param)


@pytest.fixture(scope="module")
def spec() -> VisionSpec:
    return read_spec(bundled_model()).vision


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(autouse=True)
def own_cache(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    monkeypatch.setenv(HOME_VARIABLE, str(home))


Build = Callable[[str], None]


@pytest.fixture(scope="module")
def build(tensorrt: TensorRT, home: Path) -> Build:
    """Builds the bundled model's engine in a precision, so that it is the one that is run."""
    pytest.importorskip("onnx", reason="needs onnx: make engine-env")
    from vlm_ros.engines.build import Order, build_engine
    from vlm_ros.engines.cache import EngineCache, EngineKey
    from vlm_ros.engines.device import device_of
    from vlm_ros.engines.digest import digest_of_graph
    from vlm_ros.engines.samples import samples_of

    model = read_spec(bundled_model())
    samples = samples_of(model, None)
    cache = EngineCache(home / "engines")

    def run(precision: str) -> None:
        for entry in cache.entries():
            if entry.key.precision == precision and entry.key.tensorrt == tensorrt.kind:
                cache.remove(entry)
        key = EngineKey(
            digest_of_graph(model.vision.graph),
            *(tensorrt.kind, tensorrt.version, device_of(tensorrt, None), precision, ""),
        )
        order = Order(
            model=model.name,
            folder=model.folder,
            graph=model.vision.graph,
            size=(model.vision.width, model.vision.height),
            key=key,
            tensorrt=tensorrt,
            target=None,
            samples=samples.fitting,
            checks=samples.checking,
            least=model.vision.min_objectness,
        )
        build_engine(order, cache, lambda fraction, phase: None)

    return run


@pytest.fixture(scope="module")
def engine(tensorrt: TensorRT, spec: VisionSpec, build: Build, home: Path) -> Any:
    """The FP32 engine, opened as a model opens it."""
    from vlm_ros.engines.cache import EngineCache
    from vlm_ros.runtimes.engine_choice import open_engine

    build("fp32")
    return open_engine(spec, tensorrt.kind, EngineCache(home / "engines"))


@pytest.fixture(scope="module")
def reference(spec: VisionSpec) -> VisionPass:
    return open_vision(spec, "onnxruntime")


def picture(width: int, height: int, seed: int = 0) -> NDArray[np.uint8]:
    import cv2

    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (height // 40 + 2, width // 40 + 2, 3), np.uint8)
    return np.asarray(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC), np.uint8)


def largest_differences(exact: Any, other: Any, least: float) -> Any:
    from vlm_ros.engines.parity import compare

    return compare([(exact, other)], least)


# Tensor cores may round the factors of FP32 products to TF32, 10 bits of mantissa.
@pytest.mark.parametrize("size", SIZES)
def test_fp32_answers_are_those_of_onnx_runtime(
    engine: Any, reference: VisionPass, spec: VisionSpec, size: tuple[int, int]
) -> None:
    image = picture(*size)
    (exact, fit), (given, same_fit) = reference(image), engine(image)
    assert fit == same_fit
    parity = largest_differences(exact, given, spec.min_objectness)
    print(parity.as_json())
    assert parity.largest_box < 1.0
    assert parity.lowest_cosine > 0.9995
    assert parity.largest_score["objectness"] < 0.02


@pytest.mark.parametrize(
    ("precision", "box", "cosine"), [("fp16", 2.0, 0.998), ("int8", 60.0, 0.9)]
)
def test_smaller_precisions_stay_within_their_bounds(
    build: Build,
    tensorrt: TensorRT,
    reference: VisionPass,
    spec: VisionSpec,
    home: Path,
    precision: str,
    box: float,
    cosine: float,
) -> None:
    from vlm_ros.engines.cache import EngineCache
    from vlm_ros.runtimes.engine_choice import open_engine

    build(precision)
    opened = open_engine(spec, tensorrt.kind, EngineCache(home / "engines"))
    image = picture(640, 480)
    parity = largest_differences(reference(image)[0], opened(image)[0], spec.min_objectness)
    print(precision, parity.as_json())
    assert parity.largest_box < box
    assert parity.lowest_cosine > cosine


def test_a_model_finds_the_same_things(build: Build, tensorrt: TensorRT) -> None:
    build("fp16")
    image = picture(640, 480, seed=3)
    exact = load_model(bundled_model(), "onnxruntime").regions(image, ["red cup"])
    model = load_model(bundled_model(), tensorrt.kind)
    given = model.regions(image, ["red cup"])
    assert tensorrt.title in model.description
    assert abs(len(given) - len(exact)) <= max(2, len(exact) // 10)


def test_auto_takes_the_engine(engine: Any, spec: VisionSpec, tensorrt: TensorRT) -> None:
    assert open_vision(spec, "auto").name.startswith("TensorRT")


@pytest.mark.parametrize("resize", ["letterbox", "stretch", "pad_square"])
@pytest.mark.parametrize("resampling", ["area", "bilinear", "bicubic", "gaussian"])
@pytest.mark.parametrize("size", SIZES)
def test_the_kernels_prepare_pictures_as_the_cpu_does(
    spec: VisionSpec, resize: str, resampling: str, size: tuple[int, int]
) -> None:
    from vlm_ros.runtimes.cuda import Cuda, DeviceBuffer, PinnedArray
    from vlm_ros.runtimes.picture_kernel import FROM_PICTURE, FROM_PLANES, compiled, plan_for
    from vlm_ros.runtimes.tensorrt_pass import _Picture

    if resize == "pad_square" and resampling == "area":
        pytest.skip("no model has this")
    wanted = replace(
        spec,
        resize=resize,
        filter=resampling,
        mean=(122.8, 116.7, 104.1),
        std=(68.5, 66.6, 70.3),
    )
    image = picture(*size)
    expected = ImageInput(wanted)(image)[0][0]
    cuda = Cuda()
    tensor = DeviceBuffer(cuda, expected.nbytes)
    read = PinnedArray(cuda, expected.shape, np.float32)
    kernels = [cuda.load(compiled(cuda.gpu.architecture), n) for n in (FROM_PICTURE, FROM_PLANES)]
    prepared = _Picture(cuda, plan_for(wanted, *size), tensor, wanted)
    np.copyto(prepared.pinned.array, image)
    prepared.prepare(*kernels)
    cuda.download(tensor, read)
    cuda.wait()
    levels = np.abs(read.array - expected) * np.array(wanted.std)[:, None, None]
    assert levels.max() <= (0.01 if resampling == "gaussian" else 1.01)
    growing = size[0] < wanted.width
    assert (levels > 0.02).mean() <= (0.2 if resampling == "area" and growing else 0.001)


def test_frames_are_replayed_from_a_cuda_graph(engine: Any, reference: VisionPass) -> None:
    first, second = picture(640, 480, 1), picture(640, 480, 2)
    before = engine(first)[0]
    assert engine.recorded, "the first frame of a size is recorded behind it"
    after = engine(second)[0]
    again = engine(first)[0]
    # What is replayed is the work, not the answer.
    np.testing.assert_array_equal(before["boxes"], again["boxes"])
    assert not np.array_equal(before["boxes"], after["boxes"])
    exact = reference(second)[0]
    assert largest_differences(exact, after, 0.2).largest_box < 1.0


def test_another_size_is_recorded_anew(engine: Any, reference: VisionPass) -> None:
    for size in (*SIZES, *reversed(SIZES)):
        image = picture(*size)
        for _ in range(2):
            given, fit = engine(image)
        assert (fit.source_width, fit.source_height) == size
        assert largest_differences(reference(image)[0], given, 0.2).largest_box < 1.0


def test_nothing_is_allocated_for_a_frame(engine: Any) -> None:
    image = picture(640, 480)
    cuda = engine._cuda
    for _ in range(3):
        engine(image)
    before = cuda.free_memory()
    for _ in range(200):
        engine(image)
    assert cuda.free_memory() == before


def test_memory_of_other_sizes_is_given_back(engine: Any) -> None:
    cuda = engine._cuda
    engine(picture(640, 480))
    before = cuda.free_memory()
    for step in range(20):
        engine(picture(1920 + step, 1080))
    engine(picture(640, 480))
    # The driver gives memory out in blocks of 2 MiB.
    assert before - cuda.free_memory() <= 16 << 20


def test_answers_are_the_callers_own(engine: Any) -> None:
    kept = engine(picture(640, 480, 1))[0]
    copy = {name: values.copy() for name, values in kept.items()}
    engine(picture(640, 480, 2))
    for name, values in kept.items():
        np.testing.assert_array_equal(values, copy[name])


def test_another_thread_may_call(engine: Any) -> None:
    image = picture(640, 480)
    expected = engine(image)[0]["boxes"]
    answers: list[Any] = []
    thread = threading.Thread(target=lambda: answers.append(engine(image)[0]["boxes"]))
    thread.start()
    thread.join(60)
    np.testing.assert_array_equal(answers[0], expected)


def test_an_image_that_is_none_is_refused(engine: Any) -> None:
    from vlm_ros.errors import ImageError

    with pytest.raises(ImageError):
        engine(np.zeros((0, 10, 3), np.uint8))
    with pytest.raises(ModelError, match="takes nothing beside the image"):
        engine(picture(640, 480), content=np.zeros(2, np.float32))


def test_bytes_that_are_no_engine_are_refused(tensorrt: TensorRT, spec: VisionSpec) -> None:
    from vlm_ros.runtimes.cuda import Cuda
    from vlm_ros.runtimes.tensorrt_pass import TensorRtPass

    with pytest.raises((RuntimeUnavailableError, ModelError, EngineError)):
        TensorRtPass(spec, tensorrt, Cuda(), b"no engine" * 1000)


def test_inputs_beside_the_image_stay_on_the_gpu(tensorrt: TensorRT, tmp_path: Path) -> None:
    """A graph like a fused one: its other inputs go up when they change, and only then."""
    from vlm_ros.engines import worker
    from vlm_ros.runtimes.cuda import Cuda
    from vlm_ros.runtimes.tensorrt_pass import TensorRtPass

    onnx = pytest.importorskip("onnx", reason="needs onnx: make engine-env")
    full, whole = onnx.TensorProto.FLOAT, onnx.TensorProto.INT64
    info = onnx.helper.make_tensor_value_info
    graph = onnx.helper.make_graph(
        [
            onnx.helper.make_node("ReduceMean", ["image"], ["mean"], keepdims=0),
            onnx.helper.make_node("Cast", ["ids"], ["numbers"], to=full),
            onnx.helper.make_node("Mul", ["numbers", "weights"], ["products"]),
            onnx.helper.make_node("Add", ["products", "mean"], ["boxes"]),
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
    job = worker.Job(
        tensorrt=tensorrt.kind,
        graph=str(path),
        engine=str(tmp_path / "engine"),
        timing_cache=str(tmp_path / "timing"),
        new_timing_cache=str(tmp_path / "new_timing"),
        workspace=None,
        target=None,
    )
    with (tmp_path / "said").open("w") as said:
        worker.build(job, said)
    spec = replace(
        read_spec(bundled_model()).vision, graph=path, width=64, height=48, mean=(0, 0, 0)
    )
    opened = TensorRtPass(spec, tensorrt, Cuda(), (tmp_path / "engine").read_bytes())
    sent: list[int] = []
    upload = opened._cuda.upload

    def counted(pinned: Any, buffer: Any) -> None:
        sent.append(pinned.nbytes)
        upload(pinned, buffer)

    opened._cuda.upload = counted  # type: ignore[method-assign]
    image = np.full((48, 64, 3), 100, np.uint8)
    ids, weights = np.array([1, 2, 3]), np.array([1, 10, 100], np.float32)
    for _ in range(3):
        answer = opened(image, ids=ids, weights=weights)[0]["boxes"]
        np.testing.assert_allclose(answer, [101, 120, 400], rtol=1e-3)
    before = len(sent)
    opened(image, ids=ids.copy(), weights=weights)
    assert len(sent) == before, "the same values again, and pixels from the recorded graph"
    ids[0] = 5
    answer = opened(image, ids=ids, weights=weights)[0]["boxes"]
    np.testing.assert_allclose(answer, [105, 120, 400], rtol=1e-3)
    assert sent[before:] == [ids.nbytes]
    with pytest.raises(ModelError, match="ids, weights beside the image"):
        opened(image)


def test_how_long_a_frame_takes(engine: Any, reference: VisionPass) -> None:
    image = picture(640, 480)
    for name, vision in ((engine.name, engine), (reference.name, reference)):
        for _ in range(10):
            vision(image)
        times = []
        for _ in range(100):
            started = time.perf_counter()
            vision(image)
            times.append(1e3 * (time.perf_counter() - started))
        p50, p95 = np.percentile(times, [50, 95])
        print(f"{name}: 640x480 p50 {p50:.2f} ms, p95 {p95:.2f} ms")
    assert engine.recorded
