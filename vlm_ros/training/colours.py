"""Fits the naming of colours from pixels to annotated pictures.

`python -m vlm_ros.training.colours OUT.npz DATA...` with folders written by `vlm-ros data render`.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import click
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from tqdm import tqdm

from vlm_ros.language.lexicon import lexicon
from vlm_ros.models.colours import INSIDE_POINTS, LEVELS, ColourNamer, colour_cells
from vlm_ros.training.annotations import Picture, read_picture, read_rendered
from vlm_ros.training.data import photometric
from vlm_ros.training.phrases import LabelledObject

NAMES = (
    *("red", "orange", "yellow", "green", "blue", "cyan", "purple", "pink", "brown"),
    *("black", "white", "grey", "gold", "silver"),
)
JITTER = 0.06  # of a box's sides, as a detector misses them
EPOCHS = 6
BATCH = 256
RATE = 0.03
SHRINKAGE = 4e-6
SMOOTHING = 0.02


class PixelVotes(nn.Module):
    """The trainable form of `ColourNamer`."""

    def __init__(self) -> None:
        super().__init__()
        self.inside = nn.Embedding(LEVELS**3, len(NAMES))
        self.around = nn.Embedding(LEVELS**3, len(NAMES))
        nn.init.zeros_(self.inside.weight)
        nn.init.zeros_(self.around.weight)
        away = ((torch.from_numpy(INSIDE_POINTS) - 0.5) ** 2).sum(-1)
        self.place = nn.Parameter(-away / 0.08)
        self.bias = nn.Parameter(torch.zeros(len(NAMES)))

    def forward(self, cells: Tensor) -> Tensor:
        """Logits (N, C) from cells (N, P)."""
        count = len(INSIDE_POINTS)
        weights = self.place.softmax(0)[None, :, None]
        inside = (self.inside(cells[:, :count]) * weights).sum(1)
        logits: Tensor = inside + self.around(cells[:, count:]).mean(1) + self.bias
        return logits


def examples(
    pictures: Iterable[Picture], rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Cells (n, P) and names (n,) of the objects with one plain, listed colour."""
    cells, names = [], []
    for picture in pictures:
        chosen = [(i, _name(t.attributes)) for i, t in enumerate(picture.things)]
        known = [(i, name) for i, name in chosen if name is not None]
        if not known:
            continue
        boxes = picture.boxes[[i for i, _ in known]]
        sides = np.tile(boxes[:, 2:] - boxes[:, :2], 2)
        shift = rng.uniform(-JITTER, JITTER, boxes.shape) * sides
        image = photometric(read_picture(picture.path), rng)
        cells.append(colour_cells(image, (boxes + shift).astype(np.float32)))
        names += [name for _, name in known]
    return np.concatenate(cells), np.asarray(names, np.int64)


def _name(attributes: object) -> int | None:
    if not isinstance(attributes, dict) or attributes.get("pattern", "plain") != "plain":
        return None
    group, basic = lexicon().group_of(attributes.get("colour", "")) or ("", "")
    return NAMES.index(basic) if group == "colour" and basic in NAMES else None


def usual_shares(
    namer: ColourNamer, pictures: Iterable[Picture], rng: np.random.Generator
) -> NDArray[np.float32]:
    """Mean log shares (C,) of the colours in things that show nothing of them."""
    shares, absent = [], []
    for picture in pictures:
        known = [i for i, thing in enumerate(picture.things) if thing.complete]
        if not known:
            continue
        image = photometric(read_picture(picture.path), rng)
        shares.append(namer.log_shares(colour_cells(image, picture.boxes[known])))
        absent += [_without(picture.things[i]) for i in known]
    weights = np.stack(absent)
    said = np.concatenate(shares)
    return np.asarray((said * weights).sum(axis=0) / weights.sum(axis=0), np.float32)


def _without(thing: LabelledObject) -> list[bool]:
    """Which of the colours a thing shows nowhere."""
    said = (thing.attributes.get("colour", ""), *thing.accents, *(c for _, c in thing.parts))
    shown = {basic for _, basic in filter(None, map(lexicon().group_of, said))}
    return [name not in shown for name in NAMES]


def fit(cells: NDArray[np.int64], names: NDArray[np.int64], seed: int = 0) -> ColourNamer:
    """Multinomial logistic regression with a little shrinkage, by Adam."""
    torch.manual_seed(seed)
    votes = PixelVotes()
    optimiser = torch.optim.Adam(votes.parameters(), lr=RATE)
    inputs, targets = torch.from_numpy(cells), torch.from_numpy(names)
    for epoch in tqdm(range(EPOCHS), desc="colours", unit="epoch"):
        for group in optimiser.param_groups:
            group["lr"] = RATE * (1 - epoch / EPOCHS)
        for batch in torch.randperm(len(inputs)).split(BATCH):
            loss = cross_entropy(votes(inputs[batch]), targets[batch], label_smoothing=SMOOTHING)
            tables = votes.inside.weight.square().sum() + votes.around.weight.square().sum()
            optimiser.zero_grad()
            (loss + SHRINKAGE * tables).backward()
            optimiser.step()
    return ColourNamer(
        names=NAMES,
        inside=votes.inside.weight.detach().numpy(),
        around=votes.around.weight.detach().numpy(),
        weights=votes.place.detach().softmax(0).numpy(),
        bias=votes.bias.detach().numpy(),
        usual=np.zeros(len(NAMES), np.float32),
    )


def write(namer: ColourNamer, out: Path) -> None:
    """Writes it whole or not at all, the tables in half precision."""
    content = io.BytesIO()
    np.savez_compressed(
        content,
        names=np.asarray(namer.names),
        inside=namer.inside.astype(np.float16),
        around=namer.around.astype(np.float16),
        weights=namer.weights,
        bias=namer.bias,
        usual=namer.usual,
    )
    temporary = out.with_suffix(".part")
    temporary.write_bytes(content.getvalue())
    temporary.replace(out)


@click.command()
@click.argument("out", type=click.Path(path_type=Path))
@click.argument("folders", type=click.Path(path_type=Path, exists=True), nargs=-1, required=True)
@click.option("--pictures", default=3500, help="At most so many of each folder.")
def main(out: Path, folders: Sequence[Path], pictures: int) -> None:
    """Fit the naming of colours to rendered pictures."""
    rng = np.random.default_rng(0)
    chosen: list[Picture] = []
    for folder in folders:
        found = read_rendered(folder)
        order = rng.permutation(len(found))[:pictures]
        chosen += [found[i] for i in order]
    cells, names = examples(tqdm(chosen, desc="pictures", unit="picture"), rng)
    namer = fit(cells, names)
    namer = replace(namer, usual=usual_shares(namer, chosen, rng))
    write(namer, out)
    click.echo(f"{out}: fitted to {len(names)} objects.")


if __name__ == "__main__":
    main()
