"""What is looked up inside a box is what is there."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="needs the 'train' extra: make train-env")

from torch import nn  # noqa: E402

from vlm_ros.training.details import CHANNELS, GRID, REACH, Details, corners_on_grid  # noqa: E402
from vlm_ros.training.yolox import NECK_CHANNELS, STEM_CHANNELS  # noqa: E402

WIDTH, HEIGHT = 20, 12  # cells of a 160x96 picture


def test_grid_covers_the_box_and_a_little_more() -> None:
    boxes = torch.tensor([[40.0, 32.0, 96.0, 60.0]])
    # A map that says where it is: what is looked up is the place itself, in pixels.
    places = torch.stack(
        [
            torch.arange(WIDTH).repeat(HEIGHT) * 8.0 + 4,
            torch.arange(HEIGHT).repeat_interleave(WIDTH) * 8.0 + 4,
        ]
    )
    looked = sum(places[:, c[0]] * share[0] for c, share in corners_on_grid(boxes, WIDTH, HEIGHT))
    x, y = looked.reshape(2, GRID, GRID)
    steps = (torch.arange(GRID) - GRID // 2) / GRID * REACH
    torch.testing.assert_close(x, (68 + 56 * steps).expand(GRID, GRID))
    torch.testing.assert_close(y, (46 + 28 * steps)[:, None].expand(GRID, GRID))


def test_boxes_beyond_the_picture_look_at_its_edge() -> None:
    boxes = torch.tensor([[-50.0, -50.0, -10.0, -10.0], [180.0, 120.0, 400.0, 300.0]])
    corners = corners_on_grid(boxes, WIDTH, HEIGHT)
    for cells, share in corners:
        assert (cells >= 0).all() and (cells < WIDTH * HEIGHT).all()
        assert (cells[0][share[0] > 0] == 0).all()
        assert (cells[1][share[1] > 0] == WIDTH * HEIGHT - 1).all()
    assert torch.allclose(sum(share for _, share in corners), torch.ones(2, GRID * GRID))


def test_a_box_that_moves_a_little_says_nearly_the_same() -> None:
    torch.manual_seed(0)
    details = Details(8).eval()
    nn.init.normal_(details.say.weight)
    maps = torch.randn(1, CHANNELS, HEIGHT, WIDTH)
    # Wherever a box lies, some place of the grid is about to pass from one cell to the next.
    boxes = torch.tensor([[40.0, 32.0, 96.0, 60.0]]) + torch.linspace(0, 8, 81)[:, None]
    with torch.no_grad():
        said = details(maps, torch.zeros(len(boxes), dtype=torch.int64), boxes)
    steps = (said[1:] - said[:-1]).norm(dim=1)
    assert steps.max() < 4 * steps.median()


def test_only_the_own_picture_and_place_counts() -> None:
    torch.manual_seed(0)
    details = Details(8).eval()
    nn.init.normal_(details.say.weight)
    maps = torch.randn(2, CHANNELS, HEIGHT, WIDTH)
    box = torch.tensor([[40.0, 32.0, 96.0, 60.0]])
    with torch.no_grad():
        first = details(maps, torch.tensor([0]), box)
        elsewhere = maps.clone()
        elsewhere[1] += 1.0  # the other picture
        elsewhere[0, :, :, 15:] += 1.0  # right of the box
        assert torch.equal(details(elsewhere, torch.tensor([0]), box), first)
        inside = maps.clone()
        inside[0, :, 5, 8] += 1.0
        assert not torch.allclose(details(inside, torch.tensor([0]), box), first)


def test_untrained_details_say_nothing() -> None:
    said = Details(8)(
        torch.randn(1, CHANNELS, HEIGHT, WIDTH), torch.zeros(3).long(), torch.rand(3, 4)
    )
    assert (said == 0).all()


def test_stripes_that_average_to_grey_are_told_from_grey() -> None:
    torch.manual_seed(0)
    details = Details(8).eval()
    grey = torch.full((1, STEM_CHANNELS, 2 * HEIGHT, 2 * WIDTH), 0.5)
    striped = grey.clone()
    striped[..., ::2], striped[..., 1::2] = 0.0, 1.0
    early = torch.full((1, STEM_CHANNELS, HEIGHT, WIDTH), 0.5)
    further = torch.zeros(1, NECK_CHANNELS[0], HEIGHT, WIDTH)
    assert torch.equal(torch.nn.functional.avg_pool2d(striped, 2), early)
    with torch.no_grad():
        told, seen = (details.maps(c2, early, further, further) for c2 in (grey, striped))
    assert told.shape == (1, CHANNELS, HEIGHT, WIDTH)
    inner = (..., slice(1, -1), slice(1, -1))  # the edge is seen through padding
    assert (seen[inner] - told[inner]).abs().amax(dim=1).min() > 0.01
