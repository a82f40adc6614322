"""YOLOX-Nano in PyTorch, without batch normalisation.

The published ONNX file has its batch normalisation folded into the convolutions; this module has
the same folded shape, so that the file's weights load one to one and the export needs no folding.

Paper: Ge et al. 2021, "YOLOX: Exceeding YOLO Series in 2021". Weights: Apache-2.0, Megvii.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import numpy_helper
from torch import Tensor, nn
from torch.nn.functional import interpolate, silu

from vlm_ros.errors import ModelError
from vlm_ros.training.depthwise import Depthwise5x5

STRIDES = (8, 16, 32)
HEAD_CHANNELS = 64
NECK_CHANNELS = (64, 128, 256)
STEM_CHANNELS = 32
CLASSES = 80  # of COCO


class ConvAct(nn.Module):
    """A convolution with bias and SiLU."""

    def __init__(
        self, channels_in: int, channels_out: int, kernel: int, stride: int = 1, groups: int = 1
    ) -> None:
        super().__init__()
        padding = (kernel - 1) // 2
        self.conv: nn.Conv2d
        if (kernel, stride, groups) == (5, 1, channels_out):
            self.conv = Depthwise5x5(channels_out)
        else:
            self.conv = nn.Conv2d(channels_in, channels_out, kernel, stride, padding, groups=groups)

    def forward(self, x: Tensor) -> Tensor:
        return silu(self.conv(x))


def depthwise(channels_in: int, channels_out: int, stride: int = 1) -> nn.Sequential:
    """A 3x3 depthwise convolution followed by a pointwise one."""
    return nn.Sequential(
        ConvAct(channels_in, channels_in, 3, stride, groups=channels_in),
        ConvAct(channels_in, channels_out, 1),
    )


class Bottleneck(nn.Module):
    """Pointwise, depthwise; with a residual connection where `shortcut` asks for it."""

    def __init__(self, channels: int, shortcut: bool) -> None:
        super().__init__()
        self.conv1 = ConvAct(channels, channels, 1)
        self.conv2 = depthwise(channels, channels)
        self.shortcut = shortcut

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.conv2(self.conv1(x))
        return x + y if self.shortcut else y


class CspLayer(nn.Module):
    """Cross-stage partial layer with `depth` bottlenecks (Wang et al. 2020)."""

    def __init__(self, channels_in: int, channels_out: int, depth: int, shortcut: bool) -> None:
        super().__init__()
        hidden = channels_out // 2
        self.conv1 = ConvAct(channels_in, hidden, 1)
        self.conv2 = ConvAct(channels_in, hidden, 1)
        self.blocks = nn.Sequential(*(Bottleneck(hidden, shortcut) for _ in range(depth)))
        self.conv3 = ConvAct(2 * hidden, channels_out, 1)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.conv3(torch.cat([self.blocks(self.conv1(x)), self.conv2(x)], 1))
        return y


class SpatialPyramid(nn.Module):
    """Max pooling at three scales beside the identity (He et al. 2014)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = ConvAct(channels, channels // 2, 1)
        self.pool = nn.MaxPool2d(5, 1, 2)
        self.conv2 = ConvAct(channels * 2, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        scales = [self.conv1(x)]
        for _ in range(3):  # 5x5 again and again is 5x5, 9x9 and 13x13
            scales.append(self.pool(scales[-1]))
        y: Tensor = self.conv2(torch.cat(scales, 1))
        return y


class FirstStages(nn.Module):
    """The first stages of CSP-Darknet: edges, colours and textures."""

    def __init__(self) -> None:
        super().__init__()
        # The published "focus" (each 2x2 pixels as twelve channels, then 3x3) as one convolution.
        self.stem = ConvAct(3, 16, 6, 2)
        self.dark2 = nn.Sequential(depthwise(16, 32, 2), CspLayer(32, 32, 1, True))
        self.dark3 = nn.Sequential(depthwise(32, 64, 2), CspLayer(64, 64, 3, True))

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """Features at strides 4 and 8.

        Args:
            image: (B, 3, H, W) float32 RGB 0..255, H and W multiples of 32.

        Returns:
            (B, 32, H/4, W/4) and (B, 64, H/8, W/8).
        """
        c2 = self.dark2(self.stem(image))
        return c2, self.dark3(c2)


class Pyramid(nn.Module):
    """The last stages of CSP-Darknet with a path aggregation neck."""

    def __init__(self) -> None:
        super().__init__()
        self.dark4 = nn.Sequential(depthwise(64, 128, 2), CspLayer(128, 128, 3, True))
        self.dark5 = nn.Sequential(
            depthwise(128, 256, 2), SpatialPyramid(256), CspLayer(256, 256, 1, False)
        )
        self.lateral = ConvAct(256, 128, 1)
        self.up4 = CspLayer(256, 128, 1, False)
        self.reduce = ConvAct(128, 64, 1)
        self.up3 = CspLayer(128, 64, 1, False)
        self.down3 = depthwise(64, 64, 2)
        self.out4 = CspLayer(128, 128, 1, False)
        self.down4 = depthwise(128, 128, 2)
        self.out5 = CspLayer(256, 256, 1, False)

    def forward(self, c3: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Features at strides 8, 16 and 32, from the first stages' at stride 8."""
        c4 = self.dark4(c3)
        c5 = self.dark5(c4)
        l5 = self.lateral(c5)
        l4 = self.reduce(self.up4(torch.cat([_double(l5), c4], 1)))
        p3 = self.up3(torch.cat([_double(l4), c3], 1))
        p4 = self.out4(torch.cat([self.down3(p3), l4], 1))
        p5 = self.out5(torch.cat([self.down4(p4), l5], 1))
        return p3, p4, p5


def _double(x: Tensor) -> Tensor:
    return interpolate(x, scale_factor=2.0, mode="nearest")


class LevelHead(nn.Module):
    """YOLOX's decoupled head of one level, of which the classes are left to others."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.stem = ConvAct(channels, HEAD_CHANNELS, 1)
        self.cls_convs = nn.Sequential(
            depthwise(HEAD_CHANNELS, HEAD_CHANNELS), depthwise(HEAD_CHANNELS, HEAD_CHANNELS)
        )
        self.reg_convs = nn.Sequential(
            depthwise(HEAD_CHANNELS, HEAD_CHANNELS), depthwise(HEAD_CHANNELS, HEAD_CHANNELS)
        )
        self.reg_pred = nn.Conv2d(HEAD_CHANNELS, 4, 1)
        self.obj_pred = nn.Conv2d(HEAD_CHANNELS, 1, 1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Class features and box features, from which the pointwise ends predict."""
        x = self.stem(x)
        return self.cls_convs(x), self.reg_convs(x)


class ClassHead(LevelHead):
    """YOLOX's head of one level as it was published."""

    def __init__(self, channels: int) -> None:
        super().__init__(channels)
        self.cls_pred = nn.Conv2d(HEAD_CHANNELS, CLASSES, 1)


class Detector(nn.Module):
    """All of YOLOX-Nano behind its first stages."""

    def __init__(self) -> None:
        super().__init__()
        self.pyramid = Pyramid()
        self.heads = nn.ModuleList(ClassHead(c) for c in NECK_CHANNELS)


def load_onnx_weights(first: FirstStages, rest: Detector, path: Path) -> None:
    """Copies the weights of a published YOLOX-Nano ONNX file into its two parts.

    The file names its folded convolutions by number, so they are matched by the order in which
    they run, which is the order in which the modules here are registered.

    Raises:
        ModelError: the file is not YOLOX-Nano.
    """
    graph = onnx.load(str(path)).graph
    weights = {i.name: numpy_helper.to_array(i) for i in graph.initializer}
    convs = [n for n in graph.node if n.op_type == "Conv"]
    unnamed = [n for n in convs if not n.input[1].startswith("head.")]
    modules = [
        module
        for part in (first, rest)
        for name, module in part.named_modules()
        if isinstance(module, nn.Conv2d) and "_pred" not in name
    ]
    if len(unnamed) != len(modules):
        raise ModelError(
            f"{path}: {len(unnamed)} convolutions where YOLOX-Nano has {len(modules)}; "
            "give the YOLOX-Nano ONNX file."
        )
    named = [(m, n.input[1], n.input[2]) for m, n in zip(modules, unnamed, strict=True)]
    for level, head in enumerate(rest.heads):
        for kind in ("cls", "reg", "obj"):
            stem = f"head.{kind}_preds.{level}"
            named.append((getattr(head, f"{kind}_pred"), f"{stem}.weight", f"{stem}.bias"))
    for module, weight, bias in named:
        values = weights[weight]
        if module is first.stem.conv:
            values = _without_focus(values)
        if values.shape != tuple(module.weight.shape):
            raise ModelError(
                f"{path}: weight {weight} has shape {values.shape}, "
                f"expected {tuple(module.weight.shape)}; give the YOLOX-Nano ONNX file."
            )
        module.weight.data = torch.from_numpy(values.copy())
        module.bias.data = torch.from_numpy(weights[bias].copy())


def _without_focus(weight: NDArray[np.float32]) -> NDArray[np.float32]:
    """The stem's weight on the RGB image itself, from that on BGR pixels gathered two by two.

    Args:
        weight: (16, 12, 3, 3); the channels are BGR of the pixels at (row, column) (0, 0), (1, 0),
            (0, 1) and (1, 1) of each two by two.

    Returns:
        (16, 3, 6, 6), to be applied with a stride of 2.
    """
    parts = weight.reshape(16, 2, 2, 3, 3, 3)[:, :, :, ::-1]  # out, column, row, RGB, ky, kx
    return np.ascontiguousarray(parts.transpose(0, 3, 4, 2, 5, 1).reshape(16, 3, 6, 6))
