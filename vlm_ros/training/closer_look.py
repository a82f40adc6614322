"""Trains the closer look at regions; see `models.closer_look`.

`python -m vlm_ros.training.closer_look OUT.onnx DATA... --photographs FILE` with folders written by
`vlm-ros data render` and photographs in COCO's format, whose phrases name patterns, postures and
the colours of parts; more patterns are painted. A run that was interrupted goes on after the epoch
that it finished.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, interpolate, nll_loss
from tqdm import tqdm

from vlm_ros.exporting.graphs import write_graph
from vlm_ros.language.lexicon import lexicon
from vlm_ros.models.closer_look import (
    CELLS,
    MARGIN,
    PARTS,
    PATTERNS,
    POSTURES,
    SIDE,
    colour_shares,
    crop,
    part_called,
    shapes,
)
from vlm_ros.models.colours import colour_namer
from vlm_ros.training.annotations import (
    DataError,
    Picture,
    read_photographs,
    read_picture,
    read_rendered,
)
from vlm_ros.training.patterns import painted
from vlm_ros.training.phrases import LabelledObject

STORED_SIDE, STORED_MARGIN = 80, 0.125
JITTER = 0.06  # of a box's sides, as a detector misses them
SMALLEST = 14.0  # pixels; less of a thing shows nothing
LEAST_VISIBLE, PARTS_VISIBLE = 0.5, 0.8
HELD_OUT = 0.06
EPOCHS = 16
BATCH, PAINTED = 96, 16  # things of pictures in a batch, and painted ones beside them
RATE = 5e-3
DECAY = 0.03
POSTURE_WEIGHT = 0.7
# What is named wrongly, or named by what the namer of colours does not see, is not to count for
# ever.
DOUBT = 0.03
UNKNOWN = -1


@dataclass(frozen=True)
class Examples:
    """Things to look at, and what they show; UNKNOWN where nobody says.

    Attributes:
        crops: (n, STORED_SIDE, STORED_SIDE, 3) uint8 RGB, with a margin to be cut again.
        shapes: (n,) float32; see `closer_look.shapes`.
        patterns: (n,) int64, indices of PATTERNS.
        postures: (n,) int64, indices of POSTURES.
        parts: (n, len(PARTS)) int64, their colours, columns of the namer.
    """

    crops: NDArray[np.uint8]
    shapes: NDArray[np.float32]
    patterns: NDArray[np.int64]
    postures: NDArray[np.int64]
    parts: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.crops)

    def take(self, chosen: NDArray[np.bool_]) -> Examples:
        """Some of them."""
        return Examples(
            self.crops[chosen],
            self.shapes[chosen],
            self.patterns[chosen],
            self.postures[chosen],
            self.parts[chosen],
        )

    @property
    def telling(self) -> NDArray[np.bool_]:
        """(n,) those that show more than that they have no pattern and stand upright."""
        return (self.patterns > 0) | (self.postures > 0) | (self.parts != UNKNOWN).any(axis=1)


def examples(pictures: Iterable[Picture]) -> Examples:
    """The things of pictures of which anything is known.

    Raises:
        DataError: nothing is.
    """
    rows: list[tuple[Any, ...]] = []
    for picture in pictures:
        told = [
            (box, _told(thing)) for box, thing in zip(picture.boxes, picture.things, strict=True)
        ]
        known = [(box, said) for box, said in told if said is not None]
        known = [(box, said) for box, said in known if (box[2:] - box[:2]).min() >= SMALLEST]
        if not known:
            continue
        image = read_picture(picture.path)
        for box, said in known:
            rows.append((crop(image, box, STORED_MARGIN, STORED_SIDE), shapes(box[None])[0], *said))
    if not rows:
        raise DataError("No picture tells of a pattern, a posture or a part's colour.")
    crops, widths, patterns, postures, parts = zip(*rows, strict=True)
    return Examples(
        np.stack(crops),
        np.asarray(widths, np.float32),
        np.asarray(patterns, np.int64),
        np.asarray(postures, np.int64),
        np.stack(parts),
    )


def _told(thing: LabelledObject) -> tuple[int, int, NDArray[np.int64]] | None:
    """What is known of a thing: its pattern, its posture, the colours of its parts."""
    if thing.visible < LEAST_VISIBLE:
        return None
    pattern = _listed(thing, "pattern", PATTERNS)
    if thing.complete and pattern == UNKNOWN:
        pattern = PATTERNS.index("none")
    posture = _listed(thing, "posture", POSTURES)
    parts = np.full(len(PARTS), UNKNOWN, np.int64)
    if thing.visible >= PARTS_VISIBLE:
        for name, colour in thing.parts:
            index, (group, basic) = part_called(name), lexicon().group_of(colour) or ("", "")
            if index is not None and group == "colour" and basic in colour_namer().names:
                parts[index] = colour_namer().names.index(basic)
    if pattern == posture == UNKNOWN and (parts == UNKNOWN).all():
        return None
    return pattern, posture, parts


def _listed(thing: LabelledObject, claim: str, values: Sequence[str]) -> int:
    _, basic = lexicon().group_of(thing.attributes.get(claim, "")) or ("", "")
    return values.index(basic) if basic in values else UNKNOWN


class CloserLookNetwork(nn.Module):
    """The trainable form of the graph of `CloserLook`.

    Where a part is, is a distribution over the cells; its colour is what they show on average. It
    is never told where a part is: that is what explains the colours that it is told.
    """

    def __init__(self) -> None:
        super().__init__()
        self.fine = nn.Sequential(_conv(3, 24, 2), _conv(24, 32), _conv(32, 48, 2), _conv(48, 48))
        self.coarse = nn.Sequential(_conv(48, 96, 2), _conv(96, 96), _conv(96, 96))
        self.joined = _conv(48 + 96 + 2, 64)
        self.parts = nn.Conv2d(64, len(PARTS), 1)
        self.places = nn.Sequential(nn.Conv2d(96, 4, 1), nn.ReLU())
        self.whole = nn.Sequential(
            nn.Linear(2 * 96 + 4 * (CELLS // 2) ** 2 + 1, 128), nn.ReLU(), nn.Dropout(0.2)
        )
        self.patterns = nn.Linear(128, len(PATTERNS))
        self.postures = nn.Linear(128, len(POSTURES))
        along = torch.linspace(-1, 1, CELLS)
        self.grid: Tensor
        self.register_buffer(
            "grid", torch.stack(torch.meshgrid(along, along, indexing="ij"))[None], persistent=False
        )

    def forward(
        self, crops: Tensor, shapes: Tensor, colours: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """See `CloserLook`."""
        pixels = crops.permute(0, 3, 1, 2).float() / 127.5 - 1.0
        fine = self.fine(pixels)
        coarse = self.coarse(fine)
        spread = interpolate(coarse, scale_factor=2.0, mode="bilinear", align_corners=False)
        grid = self.grid.expand(crops.shape[0], -1, -1, -1)
        parts = self.parts(self.joined(torch.cat([fine, spread, grid], 1)))
        shown = parts.flatten(2).softmax(-1) @ colours
        summary = [coarse.mean((2, 3)), coarse.amax((2, 3)), self.places(coarse).flatten(1)]
        whole = self.whole(torch.cat([*summary, shapes[:, None]], 1))
        return (
            self.patterns(whole).log_softmax(-1),
            self.postures(whole).log_softmax(-1),
            (shown * (1.0 - DOUBT) + DOUBT / colours.shape[-1]).log(),
        )


def _conv(channels_in: int, channels_out: int, stride: int = 1) -> nn.Sequential:
    convolution = nn.Conv2d(channels_in, channels_out, 3, stride, 1, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(channels_out), nn.ReLU())


@dataclass(frozen=True)
class Batch:
    """Crops as they are looked at, and what they show."""

    inputs: tuple[Tensor, Tensor, Tensor]
    patterns: Tensor
    postures: Tensor
    parts: Tensor

    def beside(self, other: Batch) -> Batch:
        """Both."""
        crops, shapes, colours = (
            torch.cat(pair) for pair in zip(self.inputs, other.inputs, strict=True)
        )
        return Batch(
            (crops, shapes, colours),
            torch.cat([self.patterns, other.patterns]),
            torch.cat([self.postures, other.postures]),
            torch.cat([self.parts, other.parts]),
        )


def paintings(grounds: NDArray[np.uint8], rng: np.random.Generator) -> Examples:
    """Painted things before grounds (n, STORED_SIDE, STORED_SIDE, 3); see `patterns.painted`."""
    crops, patterns = zip(*(painted(ground, rng) for ground in grounds), strict=True)
    count = len(grounds)
    return Examples(
        np.stack(crops),
        np.zeros(count, np.float32),
        np.asarray(patterns, np.int64),
        np.full(count, UNKNOWN, np.int64),
        np.full((count, len(PARTS)), UNKNOWN, np.int64),
    )


def batch(
    source: Examples, rows: NDArray[np.intp], rng: np.random.Generator | None = None
) -> Batch:
    """Some of the examples; in other light, mirrored and cut otherwise where there is a `rng`."""
    crops = np.stack([_seen(source.crops[row], rng) for row in rows])
    return Batch(
        (
            torch.from_numpy(crops),
            torch.from_numpy(source.shapes[rows]),
            torch.from_numpy(colour_shares(crops)),
        ),
        torch.from_numpy(source.patterns[rows]),
        torch.from_numpy(source.postures[rows]),
        torch.from_numpy(source.parts[rows]),
    )


def _seen(stored: NDArray[np.uint8], rng: np.random.Generator | None) -> NDArray[np.uint8]:
    box = STORED_SIDE / (1 + 2 * STORED_MARGIN)
    ends = np.array([-MARGIN, -MARGIN, 1 + MARGIN, 1 + MARGIN])
    if rng is not None:
        ends += rng.uniform(-JITTER, JITTER, 4)
    x1, y1, x2, y2 = (STORED_MARGIN + ends) * box
    matrix = np.array([[(x2 - x1) / SIDE, 0, x1], [0, (y2 - y1) / SIDE, y1]])
    if rng is not None and rng.random() < 0.5:
        matrix[0] = (x1 - x2) / SIDE, 0, x2
    matrix[:, 2] += matrix[:, :2].sum(axis=1) / 2 - 0.5
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    seen = cv2.warpAffine(
        stored, matrix, (SIDE, SIDE), flags=flags, borderMode=cv2.BORDER_REPLICATE
    )
    if rng is not None:
        gains = np.exp(rng.normal(0, 0.05, 3)) * np.exp(rng.normal(0, 0.15))
        curve = (np.arange(256)[:, None] / 255.0) ** np.exp(rng.normal(0, 0.12))
        seen = cv2.LUT(seen, (curve * gains * 255.0).clip(0, 255).astype(np.uint8)[None])
        if rng.random() < 0.3:
            seen = cv2.GaussianBlur(seen, (0, 0), float(rng.uniform(0.3, 1.2)))
    return np.asarray(seen, np.uint8)


def loss(
    said: tuple[Tensor, Tensor, Tensor], told: Batch, weights: tuple[Tensor, Tensor]
) -> Tensor:
    """Cross-entropies of what is known, summed.

    Args:
        said: by the network.
        told: what is true.
        weights: of the patterns and of the postures.
    """
    patterns, postures, parts = said
    total = patterns.sum() * 0
    for logs, truth, weight, share in (
        (patterns, told.patterns, weights[0], 1.0),
        (postures, told.postures, weights[1], POSTURE_WEIGHT),
    ):
        known = truth != UNKNOWN
        if known.any():
            total = total + share * cross_entropy(logs[known], truth[known], weight=weight)
    known = told.parts != UNKNOWN
    if known.any():
        total = total + nll_loss(parts[known], told.parts[known])
    return total


def rarity(truth: NDArray[np.int64], count: int) -> Tensor:
    """Weights (count,) that even out half of the difference between frequent and rare values."""
    found = np.bincount(truth[truth != UNKNOWN], minlength=count)
    weights = np.sqrt(found.sum() / count / np.maximum(found, 1)).clip(max=4.0)
    return torch.from_numpy(weights.astype(np.float32))


def fit(
    source: Examples, checkpoint: Path, epochs: int = EPOCHS, seed: int = 0
) -> CloserLookNetwork:
    """Trains a network, going on from a checkpoint where there is one.

    Args:
        source: what is trained on.
        checkpoint: written after each epoch.
        epochs: over all that is telling, each time with half as many of the others.
        seed: of weights and batches.

    Raises:
        DataError: the checkpoint was begun for another number of epochs.
    """
    torch.manual_seed(seed)
    network = CloserLookNetwork()
    weights = rarity(source.patterns, len(PATTERNS)), rarity(source.postures, len(POSTURES))
    telling, others = np.flatnonzero(source.telling), np.flatnonzero(~source.telling)
    beside = min(len(others), len(telling) // 2)
    steps = -(-(len(telling) + beside) // BATCH)
    optimiser = torch.optim.AdamW(network.parameters(), RATE, weight_decay=DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, RATE, total_steps=steps * epochs, pct_start=0.1
    )
    parts = {"network": network, "optimiser": optimiser, "schedule": schedule}
    begun = 0
    if checkpoint.is_file():
        stored = torch.load(checkpoint, weights_only=True)
        begun = stored["epoch"]
        if stored["epochs"] != epochs:
            raise DataError(
                f"{checkpoint} was begun for {stored['epochs']} epochs, not {epochs}; ask for as "
                "many, or remove it to begin anew."
            )
        for name, part in parts.items():
            part.load_state_dict(stored[name])
    network.train()
    for epoch in range(begun, epochs):
        rng = np.random.default_rng([seed, epoch])
        rows = rng.permutation(np.concatenate([telling, rng.choice(others, beside, False)]))
        bar = tqdm(np.array_split(rows, steps), desc=f"epoch {epoch + 1}/{epochs}", unit="batch")
        for chosen in bar:
            grounds = source.crops[rng.choice(len(source), PAINTED)]
            imagined = batch(paintings(grounds, rng), np.arange(PAINTED), rng)
            told = batch(source, chosen, rng).beside(imagined)
            wrong = loss(network(*told.inputs), told, weights)
            optimiser.zero_grad()
            wrong.backward()
            optimiser.step()
            schedule.step()
            bar.set_postfix(loss=f"{wrong.item():.2f}")
        states = {name: part.state_dict() for name, part in parts.items()}
        temporary = checkpoint.with_name(checkpoint.name + ".part")
        torch.save({"epoch": epoch + 1, "epochs": epochs, **states}, temporary)
        temporary.replace(checkpoint)
    return network.eval()


@torch.no_grad()
def report(network: CloserLookNetwork, source: Examples) -> Iterator[str]:
    """How often the network is right about examples, a line for each value and each part."""
    told = [
        batch(source, rows)
        for rows in np.array_split(np.arange(len(source)), -(-len(source) // 256))
    ]
    said = [network(*part.inputs) for part in told]
    patterns, postures, parts = (torch.cat(column).argmax(-1) for column in zip(*said, strict=True))
    tables = [
        *((name, patterns, source.patterns, i) for i, name in enumerate(PATTERNS)),
        *((name, postures, source.postures, i) for i, name in enumerate(POSTURES)),
    ]
    for name, guesses, truth, value in tables:
        right = guesses.numpy()[truth == value] == value
        yield f"{name}: {right.sum()} of {len(right)}"
    for column, name in enumerate(PARTS):
        known = source.parts[:, column] != UNKNOWN
        right = parts[:, column].numpy()[known] == source.parts[known, column]
        yield f"colour of {name}: {right.sum()} of {len(right)}"


def write(network: CloserLookNetwork, out: Path) -> None:
    """Writes the graph, whole or not at all."""
    names = len(colour_namer().names)
    crops = torch.zeros(2, SIDE, SIDE, 3, dtype=torch.uint8)
    count = {0: torch.export.Dim("regions")}
    temporary = out.with_name(out.name + ".part")
    write_graph(
        network.eval(),
        (crops, torch.zeros(2), torch.full((2, CELLS * CELLS, names), 1.0 / names)),
        ["crops", "shapes", "colours"],
        ["patterns", "postures", "part_colours"],
        temporary,
        (count, count, count),
    )
    temporary.replace(out)


@click.command()
@click.argument("out", type=click.Path(path_type=Path))
@click.argument("folders", type=click.Path(path_type=Path, exists=True), nargs=-1, required=True)
@click.option("--photographs", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--epochs", default=EPOCHS)
def main(out: Path, folders: Sequence[Path], photographs: Path | None, epochs: int) -> None:
    """Train the closer look at regions."""
    pictures = [picture for folder in folders for picture in read_rendered(folder)]
    if photographs is not None:
        pictures += read_photographs(photographs)
    found = examples(tqdm(pictures, desc="pictures", unit="picture"))
    held = np.random.default_rng(0).random(len(found)) < HELD_OUT
    checkpoint = out.with_suffix(".checkpoint")
    network = fit(found.take(~held), checkpoint, epochs)
    for line in report(network, found.take(held)):
        click.echo(line)
    write(network, out)
    checkpoint.unlink()
    click.echo(f"{out}: trained on {(~held).sum()} things.")


if __name__ == "__main__":
    main()
