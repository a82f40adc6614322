"""The image kernel compiles for every GPU, and computes what the CPU path does.

Its C++ is compiled for the CPU here too, with the few words of CUDA that it uses defined away, so
its arithmetic is tried on machines without a GPU; `test_on_gpu` tries it where it belongs.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from vlm_ros.models import bundled_model, read_spec
from vlm_ros.models.folder import VisionSpec
from vlm_ros.models.preprocess import ImageInput
from vlm_ros.runtimes import picture_kernel
from vlm_ros.runtimes.picture_kernel import PicturePlan, plan_for


@pytest.fixture(scope="module")
def library(
    tmp_path_factory: pytest.TempPathFactory, kernels_for_cpu: Callable[[Path, str, str], Path]
) -> Any:
    return ctypes.CDLL(str(kernels_for_cpu(tmp_path_factory.mktemp("kernel"), "kernel.so", "")))


def prepared(library: Any, plan: PicturePlan, image: NDArray[np.uint8]) -> NDArray[np.float32]:
    """What the kernels make of an image, called with the arguments that the GPU gets."""
    between = np.zeros((3, plan.between[1], plan.between[0]), np.float32)
    tensor = np.broadcast_to(plan.background[:, None, None], (3, *_SIZE)).astype(np.float32)
    source = (plan.fit.source_width, plan.fit.source_height)
    axes = (plan.across, plan.down) if plan.x_first else (plan.down, plan.across)
    pixels = np.ascontiguousarray(image)

    def pointer(array: NDArray[Any]) -> ctypes.c_void_p:
        return ctypes.c_void_p(array.ctypes.data)

    def taps(axis: int) -> tuple[Any, ...]:
        chosen = axes[axis]
        return pointer(chosen.first), pointer(chosen.weights), chosen.weights.shape[1]

    library.all_from_picture(
        *plan.between,
        *(pointer(pixels), *source, pointer(between), *plan.between, *taps(0)),
        *(int(plan.x_first), ctypes.c_float(plan.pad), int(plan.whole_between)),
    )
    library.all_from_planes(
        *(plan.width, plan.height),
        *(pointer(between), *plan.between, pointer(tensor), _SIZE[1], _SIZE[0]),
        *(plan.fit.left, plan.fit.top, plan.width, plan.height, *taps(1)),
        *(int(not plan.x_first), ctypes.c_float(plan.pad), int(plan.whole)),
        *(ctypes.c_float(value) for value in (*plan.mean, *plan.factor)),
    )
    return tensor


_SIZE = (72, 96)  # height and width of the input
_CLIP = {"mean": (122.77, 116.75, 104.09), "std": (68.5, 66.63, 70.32)}


def spec_with(**changes: Any) -> VisionSpec:
    bundled = read_spec(bundled_model()).vision
    return replace(bundled, height=_SIZE[0], width=_SIZE[1], **changes)


def picture(width: int, height: int) -> NDArray[np.uint8]:
    rng = np.random.default_rng(width * height)
    coarse = rng.integers(0, 256, (height // 8 + 1, width // 8 + 1, 3), np.uint8)
    blocks = coarse.repeat(8, 0).repeat(8, 1)[:height, :width].astype(np.int16)
    return np.clip(blocks + rng.integers(-20, 20, blocks.shape), 0, 255).astype(np.uint8)


@pytest.mark.parametrize("size", [(160, 120), (96, 72), (61, 45), (100, 300), (300, 50), (1, 1)])
@pytest.mark.parametrize(
    ("resize", "resampling", "grey_levels"),
    [
        # OpenCV's fixed-point arithmetic is a grey level off where it grows a picture.
        ("letterbox", "area", 1.01),
        ("stretch", "bilinear", 1.01),
        ("stretch", "bicubic", 1.01),
        ("letterbox", "bicubic", 1.01),
        ("pad_square", "gaussian", 0.01),
        ("pad_square", "bicubic", 1.01),
    ],
)
def test_it_prepares_pictures_as_the_cpu_does(
    library: Any, size: tuple[int, int], resize: str, resampling: str, grey_levels: float
) -> None:
    spec = spec_with(resize=resize, filter=resampling, pad=114.0, **_CLIP)
    image = picture(*size)
    expected, fit = ImageInput(spec)(image)
    plan = plan_for(spec, *size)
    assert plan.fit == fit
    given = prepared(library, plan, image)
    difference = np.abs(given - expected[0]) * np.array(spec.std)[:, None, None]
    assert difference.max() <= grey_levels
    # Where both round to grey values, hardly any falls on the other side.
    grown = plan.width > size[0]
    allowed = 0.2 if resampling == "area" and grown else 0.001
    assert (difference > 0.02).mean() <= allowed


def test_a_fractional_padding_stays_fractional(library: Any) -> None:
    spec = spec_with(resize="pad_square", filter="gaussian", pad=127.5, **_CLIP)
    image = picture(60, 40)
    expected, _ = ImageInput(spec)(image)
    given = prepared(library, plan_for(spec, 60, 40), image)
    np.testing.assert_allclose(given, expected[0], atol=2e-5)


@pytest.mark.parametrize("architecture", ["sm80", "sm86", "sm87", "sm89", "sm110", "sm120"])
def test_it_compiles_for_known_gpus(architecture: str) -> None:
    pytest.importorskip("cuda.bindings.nvrtc", reason="needs NVRTC: make engine-env")
    binary = picture_kernel.compiled(architecture)
    assert binary.startswith(b"\x7fELF")
    for name in (picture_kernel.FROM_PICTURE, picture_kernel.FROM_PLANES):
        assert name.encode() in binary


def test_a_gpu_newer_than_the_compiler_gets_a_virtual_program() -> None:
    pytest.importorskip("cuda.bindings.nvrtc", reason="needs NVRTC: make engine-env")
    assert b".visible .entry from_picture" in picture_kernel.compiled("sm999")


def test_a_picture_of_the_right_size_arrives_unchanged(library: Any) -> None:
    spec = spec_with(resize="letterbox", filter="area", pad=0.0, mean=(0, 0, 0), std=(1, 1, 1))
    image = picture(_SIZE[1], _SIZE[0])
    given = prepared(library, plan_for(spec, _SIZE[1], _SIZE[0]), image)
    assert (given == image.transpose(2, 0, 1)).all()
