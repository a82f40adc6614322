"""From camera pixels to the vision graph's input on the GPU, by the arithmetic of `ImageInput`.

Two passes of a separable filter, one along each axis, with the taps of `resampling`: the second
normalises and writes the planes of the tensor. Sums are in FP32 as on the CPU, in another order;
where a filter rounds to whole grey values, a value at the very edge may therefore fall on the
other side.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from vlm_ros.errors import RuntimeUnavailableError
from vlm_ros.geometry.boxes import FITS, Letterbox
from vlm_ros.models.folder import VisionSpec
from vlm_ros.models.resampling import PILLOW, Taps, taps

# The kernels' names in SOURCE.
FROM_PICTURE, FROM_PLANES = "from_picture", "from_planes"

SOURCE = r"""
// Values are those above the padding, so that beyond the picture there is nothing to add.

__device__ float settled(float value, float pad, int whole) {
    if (!whole) return value;
    return fminf(fmaxf(floorf(value + 0.5f), -pad), 255.0f - pad);
}

// picture (known_height, known_width, 3) -> between (3, height, width), filtered along one axis
extern "C" __global__ void from_picture(
        const unsigned char* picture, int known_width, int known_height,
        float* between, int width, int height,
        const int* first, const float* weights, int taps, int along_x,
        float pad, int whole) {
    const int x = blockIdx.x * blockDim.x + threadIdx.x;
    const int y = blockIdx.y * blockDim.y + threadIdx.y;
    if (x >= width || y >= height) return;
    const int output = along_x ? x : y;
    const int known = along_x ? known_width : known_height;
    float red = 0.0f, green = 0.0f, blue = 0.0f;
    for (int k = 0; k < taps; ++k) {
        const int place = first[output] + k;
        if (place >= known) break;
        const float weight = weights[output * taps + k];
        const unsigned char* pixel = picture
            + 3 * (along_x ? y * known_width + place : place * known_width + x);
        red += weight * (pixel[0] - pad);
        green += weight * (pixel[1] - pad);
        blue += weight * (pixel[2] - pad);
    }
    const int at = y * width + x, plane = width * height;
    between[at] = settled(red, pad, whole);
    between[at + plane] = settled(green, pad, whole);
    between[at + 2 * plane] = settled(blue, pad, whole);
}

// between (3, known_height, known_width) -> tensor (3, tensor_height, tensor_width) at (left, top)
extern "C" __global__ void from_planes(
        const float* between, int known_width, int known_height,
        float* tensor, int tensor_width, int tensor_height,
        int left, int top, int width, int height,
        const int* first, const float* weights, int taps, int along_x,
        float pad, int whole,
        float mean_red, float mean_green, float mean_blue,
        float factor_red, float factor_green, float factor_blue) {
    const int x = blockIdx.x * blockDim.x + threadIdx.x;
    const int y = blockIdx.y * blockDim.y + threadIdx.y;
    if (x >= width || y >= height) return;
    const int output = along_x ? x : y;
    const int known = along_x ? known_width : known_height;
    const float means[3] = {mean_red, mean_green, mean_blue};
    const float factors[3] = {factor_red, factor_green, factor_blue};
    for (int channel = 0; channel < 3; ++channel) {
        const float* plane = between + channel * known_width * known_height;
        float value = 0.0f;
        for (int k = 0; k < taps; ++k) {
            const int place = first[output] + k;
            if (place >= known) break;
            value += weights[output * taps + k]
                * plane[along_x ? y * known_width + place : place * known_width + x];
        }
        value = settled(value, pad, whole) + pad;
        tensor[(channel * tensor_height + top + y) * tensor_width + left + x]
            = (value - means[channel]) * factors[channel];
    }
}
"""


@dataclass(frozen=True)
class PicturePlan:
    """How pictures of one size become the input.

    Attributes:
        fit: how the picture lies in the input.
        width, height: of the part of the input that is filtered, pixels.
        between: width and height between the two passes.
        x_first: whether the first pass is along x.
        across, down: taps along x and along y.
        pad: grey value beyond the picture.
        whole_between, whole: whether values are rounded to grey values after each pass.
        mean, factor: input = (value - mean) * factor, per channel.
        background: (3,) float32, what the input holds outside of the filtered part.
    """

    fit: Letterbox
    width: int
    height: int
    between: tuple[int, int]
    x_first: bool
    across: Taps
    down: Taps
    pad: float
    whole_between: bool
    whole: bool
    mean: tuple[float, float, float]
    factor: tuple[float, float, float]
    background: NDArray[np.float32]


def plan_for(spec: VisionSpec, width: int, height: int) -> PicturePlan:
    """The plan for pictures of a size, in pixels."""
    fit = FITS[spec.resize](width, height, spec.width, spec.height)
    size, padded = (round(fit.width), round(fit.height)), (width, height)
    if spec.resize == "pad_square":
        size, padded = (spec.width, spec.height), (max(padded), max(padded))
    area = spec.filter == "area"
    # The order matters to what is rounded between the passes; see `MatrixResampler`.
    x_first = area or not (size[0] > padded[0] and size[1] < padded[1])
    mean, std = np.asarray(spec.mean, np.float32), np.asarray(spec.std, np.float32)
    factor = np.float32(1.0) / std
    red, green, blue = (float(f) for f in factor)
    return PicturePlan(
        fit=fit,
        width=size[0],
        height=size[1],
        between=(size[0], height) if x_first else (width, size[1]),
        x_first=x_first,
        across=_taps(spec.filter, padded[0], size[0]),
        down=_taps(spec.filter, padded[1], size[1]),
        pad=0.0 if area else spec.pad,
        whole_between=spec.filter in PILLOW,
        whole=area or spec.filter in PILLOW,
        mean=spec.mean,
        factor=(red, green, blue),
        background=np.asarray((np.float32(spec.pad) - mean) * factor, np.float32),
    )


def _taps(name: str, source: int, target: int) -> Taps:
    if name != "area":
        return taps(name, source, target)
    # What OpenCV does: means of areas where it shrinks, between two pixels where it grows.
    return _means(source, target) if target < source else taps("bilinear", source, target)


def _means(source: int, target: int) -> Taps:
    scale = source / target
    begin = np.arange(target)[:, None] * scale
    first = np.minimum(begin.astype(np.int64)[:, 0], source - 1)
    count = int(np.ceil(scale)) + 1
    first = np.minimum(first, max(source - count, 0))
    count = min(count, source)
    places = first[:, None] + np.arange(count)
    covered = np.minimum(places + 1, begin + scale) - np.maximum(places, begin)
    weights = np.maximum(covered, 0.0) / scale
    return Taps(first.astype(np.int32), weights.astype(np.float32))


@lru_cache(maxsize=4)
def compiled(architecture: str) -> bytes:
    """SOURCE as a program for a GPU, e.g. "sm87"; needs no GPU.

    Raises:
        RuntimeUnavailableError: CUDA's run-time compiler is not installed, or failed.
    """
    try:
        from cuda.bindings import nvrtc

        status, known = nvrtc.nvrtcGetSupportedArchs()
    except (ImportError, RuntimeError) as error:
        raise RuntimeUnavailableError(
            f"CUDA's run-time compiler (NVRTC) was not found: {error}. On a Jetson it is in the "
            "package cuda-nvrtc-12-6; elsewhere run 'pip install nvidia-cuda-nvrtc'."
        ) from error
    number = int(architecture.removeprefix("sm"))
    if number in known:
        target = f"sm_{number}"
    else:
        # A GPU newer than the compiler compiles the virtual program by itself.
        target = f"compute_{max((k for k in known if k < number), default=min(known))}"
    status, program = nvrtc.nvrtcCreateProgram(SOURCE.encode(), b"picture.cu", 0, [], [])
    (status,) = nvrtc.nvrtcCompileProgram(program, 1, [f"--gpu-architecture={target}".encode()])
    if status != nvrtc.nvrtcResult.NVRTC_SUCCESS:
        size = nvrtc.nvrtcGetProgramLogSize(program)[1]
        log = bytearray(size)
        nvrtc.nvrtcGetProgramLog(program, log)
        raise RuntimeUnavailableError(
            f"CUDA's run-time compiler refused the image kernel for {target}: {log.decode()}"
        )
    kind = "CUBIN" if target.startswith("sm") else "PTX"
    size = getattr(nvrtc, f"nvrtcGet{kind}Size")(program)[1]
    # bytes, not bytearray: the binding writes into the buffer that it is given.
    binary: bytes = b" " * size
    getattr(nvrtc, f"nvrtcGet{kind}")(program, binary)
    nvrtc.nvrtcDestroyProgram(program)
    return binary
