"""What is seen all over a region's box, for its embedding.

A point's features know best what is at the point. A handle, a cap or a pattern is elsewhere in the
box, so features are looked up on a grid over it, as a second stage does, between the four nearest
cells (He et al. 2017, Mask R-CNN: RoIAlign, one sample a place; by plain lookups, which run on any
chip). A box that rounding moves by a tenth of a pixel then says nearly the same.

Among them are features of texture: stripes a few pixels wide are gone from what is averaged to
stride 8, and a network trained to name COCO's classes has no use for them further up.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import silu

from vlm_ros.training.yolox import NECK_CHANNELS, STEM_CHANNELS, STRIDES, ConvAct

CHANNELS = 48
TEXTURES = 32
HIDDEN = 192
GRID = 7
# The grid's size by that of the box: a little of what is around tells what a thing is.
REACH = 1.15


class Details(nn.Module):
    """What the inside of a box adds to its embedding."""

    def __init__(self, dimensions: int) -> None:
        super().__init__()
        self.texture = ConvAct(STEM_CHANNELS, TEXTURES, 3, 2)
        self.mix = ConvAct(STEM_CHANNELS + 2 * NECK_CHANNELS[0] + TEXTURES, CHANNELS, 1)
        self.read = nn.Linear(GRID * GRID * CHANNELS, HIDDEN)
        self.say = nn.Linear(HIDDEN, dimensions)
        # A model that starts to learn details says at first what it said without.
        nn.init.zeros_(self.say.weight)
        nn.init.zeros_(self.say.bias)

    def maps(self, c2: Tensor, early: Tensor, c3: Tensor, p3: Tensor) -> Tensor:
        """What is looked up: (B, CHANNELS, h, w) at stride 8.

        Args:
            c2: (B, STEM_CHANNELS, 2h, 2w) of the trunk's first stage.
            early: (B, STEM_CHANNELS, h, w), the same averaged.
            c3: (B, NECK_CHANNELS[0], h, w) of the next stage.
            p3: (B, NECK_CHANNELS[0], h, w) of the neck.
        """
        maps: Tensor = self.mix(torch.cat([early, c3, p3, self.texture(c2)], 1))
        return maps

    def forward(self, maps: Tensor, image: Tensor, boxes: Tensor) -> Tensor:
        """What R boxes add to their embeddings: (R, D).

        Args:
            maps: (B, CHANNELS, h, w) from `maps`.
            image: (R,) which of the B each box is in.
            boxes: (R, 4) xyxy, pixels of the network's input.
        """
        height, width = maps.shape[2:]
        # Whole rows of channels are gathered much faster than single numbers.
        rows = maps.permute(0, 2, 3, 1).reshape(-1, CHANNELS)
        first = image[:, None] * (height * width)
        inside = torch.zeros(())
        for cells, shares in corners_on_grid(boxes, width, height):
            corner = rows.index_select(0, (first + cells).flatten())
            inside = inside + corner * shares.reshape(-1, 1).to(corner.dtype)
        inside = inside.reshape(-1, GRID * GRID * CHANNELS)
        said: Tensor = self.say(silu(self.read(inside)))
        return said


def corners_on_grid(boxes: Tensor, width: int, height: int) -> list[tuple[Tensor, Tensor]]:
    """The four cells of a map between whose middles each place of a grid over boxes lies.

    Args:
        boxes: (R, 4) xyxy, pixels.
        width: of the map, in cells of stride 8.
        height: likewise.

    Returns:
        Four times the cells' indices (R, GRID * GRID), int64, row by row of the grid, and the
        share of each in its place, (R, GRID * GRID), 0..1; the shares of the four sum to 1.
    """
    middles = (torch.arange(GRID, device=boxes.device) + 0.5) / GRID
    places = (middles - 0.5) * REACH + 0.5
    low, high = boxes[:, :2] / STRIDES[0], boxes[:, 2:] / STRIDES[0]
    columns = _between(low[:, :1] + places * (high - low)[:, :1], width)
    rows = _between(low[:, 1:] + places * (high - low)[:, 1:], height)
    return [
        (
            (row[:, :, None] * width + column[:, None, :]).flatten(1),
            (down[:, :, None] * across[:, None, :]).flatten(1),
        )
        for row, down in rows
        for column, across in columns
    ]


def _between(places: Tensor, cells: int) -> tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor]]:
    """The two cells of a line around each place (R, GRID), with their shares; edges repeat."""
    place = (places - 0.5).clamp(0, cells - 1)
    before = place.floor()
    share = place - before
    first = before.long()
    return (first, 1 - share), ((first + 1).clamp(max=cells - 1), share)
