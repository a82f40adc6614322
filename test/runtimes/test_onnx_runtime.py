"""ONNX Runtime answers alike in every release, and leaves the cores alone between frames."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from vlm_ros.errors import ModelError
from vlm_ros.models import bundled_model, read_spec
from vlm_ros.runtimes.onnx_runtime import OnnxRuntime

RELEASES = ("1.23.2", "1.26.0.dev20260417", onnxruntime.__version__)
PAUSE = 0.02  # seconds between frames


@pytest.fixture(scope="module")
def graph() -> Path:
    return read_spec(bundled_model()).vision.graph


@pytest.fixture(scope="module")
def image() -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    patches = np.random.default_rng(0).integers(0, 256, (1, 3, 6, 8)).astype(np.float32)
    return patches.repeat(80, axis=2).repeat(80, axis=3)


def test_the_settings_of_every_release_give_the_same_answer(
    graph: Path,
    image: np.ndarray[tuple[int, ...], np.dtype[np.float32]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answers = []
    for release in RELEASES:
        monkeypatch.setattr(onnxruntime, "__version__", release)
        answers.append(OnnxRuntime(graph).run({"image": image}))
    for answer in answers[1:]:
        assert answer.keys() == answers[0].keys()
        for name, values in answer.items():
            assert values == pytest.approx(answers[0][name], rel=1e-3, abs=1e-3), name


def test_threads_sleep_between_frames(
    graph: Path, image: np.ndarray[tuple[int, ...], np.dtype[np.float32]]
) -> None:
    runtime = OnnxRuntime(graph)
    idle = 0.0
    for _ in range(20):
        runtime.run({"image": image})
        begun = time.process_time()
        time.sleep(PAUSE)
        idle += time.process_time() - begun
    assert idle < 0.1 * 20 * PAUSE


def test_inputs_that_do_not_fit_are_an_error(graph: Path) -> None:
    with pytest.raises(ModelError, match="failed while running"):
        OnnxRuntime(graph).run({"image": np.zeros((1, 3, 8, 8), np.float32)})


def test_a_file_that_is_no_graph_is_named(tmp_path: Path) -> None:
    broken = tmp_path / "broken.onnx"
    broken.write_bytes(b"not a graph")
    with pytest.raises(ModelError, match=r"broken\.onnx"):
        OnnxRuntime(broken)
    with pytest.raises(ModelError, match="does not exist"):
        OnnxRuntime(tmp_path / "absent.onnx")
