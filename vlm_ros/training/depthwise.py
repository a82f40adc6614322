"""A 5x5 depthwise convolution whose training is not held up by its weights' gradient.

oneDNN has fast code for the weights' gradient of 3x3 depthwise convolutions and none for 5x5: there
it takes some thirty times as long on one core. But a 5x5 gradient is four of 3x3, each of a shifted
image: 22 ms instead of 63, forwards and backwards, for 8 maps of 128 channels and 80x60 cells on
two cores.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, pad

PADDING = 2
SHIFTS = (0, 2)  # where a 3x3 piece starts in a kernel of 5x5; neighbours share a row or column


class Depthwise5x5(nn.Conv2d):
    """A depthwise convolution with a kernel of 5x5 and an image of the same size as its result."""

    def __init__(self, channels: int) -> None:
        super().__init__(channels, channels, 5, padding=PADDING, groups=channels)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to (B, C, H, W)."""
        if self.training and x.device.type == "cpu" and self.bias is not None:
            y: Tensor = _InPieces.apply(x, self.weight.to(x.dtype), self.bias.to(x.dtype))
            return y
        return super().forward(x)


class _InPieces(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        ctx.save_for_backward(x, weight)
        return conv2d(x, weight, bias, padding=PADDING, groups=len(weight))

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        x, weight = ctx.saved_tensors
        (of_y,) = gradients
        # Asked for together with the image's, the bias's gradient would bring the kernel's along.
        of_x, _, _ = _backward(of_y, x, weight, PADDING, (True, False, False))
        return of_x, weight_gradient(of_y, x), of_y.sum((0, 2, 3))


def weight_gradient(of_y: Tensor, x: Tensor) -> Tensor:
    """The gradient (C, 1, 5, 5) of the kernel.

    Args:
        of_y: (B, C, H, W), the gradient of the result.
        x: (B, C, H, W), the image.
    """
    height, width = x.shape[2:]
    whole = x.new_empty(x.shape[1], 1, 5, 5)
    framed = pad(x, (PADDING,) * 4)
    for row in SHIFTS:
        for column in SHIFTS:
            shifted = framed[:, :, row : row + height + 2, column : column + width + 2]
            shifted = shifted.contiguous(memory_format=torch.channels_last)
            kernel = whole[:, :, row : row + 3, column : column + 3]
            kernel.copy_(_backward(of_y, shifted, kernel, 0, (False, True, False))[1])
    return whole


def _backward(
    of_y: Tensor, x: Tensor, weight: Tensor, padding: int, wanted: tuple[bool, bool, bool]
) -> tuple[Tensor, Tensor, Tensor]:
    """Gradients of the image, the kernel and the bias, as far as they are wanted."""
    gradients: tuple[Tensor, Tensor, Tensor] = torch.ops.aten.convolution_backward(
        of_y, x, weight, [len(weight)], [1, 1], [padding] * 2, [1, 1], False, [0, 0], len(weight),
        wanted,
    )  # fmt: skip
    return gradients
