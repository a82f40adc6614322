"""Fresh processes."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from vlm_ros.errors import ModelError
from vlm_ros.evaluation.cold_start import time_cold_start
from vlm_ros.models import bundled_model


def test_a_fresh_process_answers() -> None:
    cold = time_cold_start(bundled_model(), "onnxruntime", starts=1)
    assert cold.starts == 1
    assert 0.0 < cold.first_answer_s == cold.slowest_s
    assert cold.cpu_s > 0.1
    # Python with numpy, OpenCV and ONNX Runtime alone takes more; a leak of frames would show.
    assert 50.0 < cold.peak_memory_mb < 1500.0


def test_memory_is_that_of_the_fresh_process_alone() -> None:
    ballast = np.ones((1200, 1024, 1024), np.uint8)
    assert time_cold_start(bundled_model(), "onnxruntime", starts=1).peak_memory_mb < 1100.0
    del ballast


def test_a_process_that_fails_says_why(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(bundled_model(), folder)
    (folder / "vision.onnx").write_bytes(b"no graph")
    with pytest.raises(ModelError, match=r"vision\.onnx cannot be loaded"):
        time_cold_start(folder, "onnxruntime", starts=1)
