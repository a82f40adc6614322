"""The 5x5 depthwise convolution against PyTorch's own."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from torch import Tensor, nn  # noqa: E402

from vlm_ros.training.depthwise import Depthwise5x5  # noqa: E402

CHANNELS = 6


def _gradients(module: nn.Module, image: Tensor, of_y: Tensor) -> list[Tensor]:
    x = image.clone().requires_grad_(True)
    y = module(x)
    y.backward(of_y.to(y.dtype))
    return [y, *(p.grad for p in (x, *module.parameters()))]


@pytest.mark.parametrize("shape", [(2, CHANNELS, 9, 13), (1, CHANNELS, 1, 2)])
@pytest.mark.parametrize("channels_last", [False, True])
@pytest.mark.parametrize("mixed", [False, True])
def test_result_and_gradients_are_those_of_pytorch(
    shape: tuple[int, ...], channels_last: bool, mixed: bool
) -> None:
    torch.manual_seed(0)
    layout = torch.channels_last if channels_last else torch.contiguous_format
    own = Depthwise5x5(CHANNELS).to(memory_format=layout)
    usual = nn.Conv2d(CHANNELS, CHANNELS, 5, padding=2, groups=CHANNELS)
    usual.load_state_dict(own.state_dict())
    image = torch.randn(shape).contiguous(memory_format=layout)
    of_y = torch.randn(shape)
    precision = torch.bfloat16 if mixed else torch.float32
    with torch.autocast("cpu", torch.bfloat16, enabled=mixed):
        found = _gradients(own, image.to(precision), of_y)
    # In bfloat16 the sums of either are rounded; what they should be is said in float32.
    expected = _gradients(usual, image.to(precision).float(), of_y.to(precision).float())
    for one, other in zip(found, expected, strict=True):
        assert one.shape == other.shape
        scale = float(other.detach().abs().max())
        assert torch.allclose(one.float(), other, rtol=0, atol=(2e-2 if mixed else 1e-5) * scale)
