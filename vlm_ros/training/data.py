"""Pictures and their objects for training: augmenting, batching."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset, Sampler

from vlm_ros.training.annotations import Picture, read_picture
from vlm_ros.training.phrases import LabelledObject

MIN_BOX = 6.0  # pixels; smaller objects are not asked for
# How often a photograph is turned by a quarter or half. People photograph bottles and cans upright;
# on a table they lie, too, and are seen from every side.
TURNED = 0.2
PAD = 114.0


@dataclass(frozen=True)
class Batch:
    """A training batch.

    Attributes:
        images: (B, 3, H, W) uint8 RGB.
        boxes: B tensors (G, 4) float32 xyxy pixels of the batch's images.
        things: the objects of each image, in the order of its boxes.
        exhaustive: (B,) bool, whether all objects of an image are labelled.
        closed: the kinds of which every object of an image is labelled, where not all are.
    """

    images: Tensor
    boxes: tuple[Tensor, ...]
    things: tuple[tuple[LabelledObject, ...], ...]
    exhaustive: Tensor
    closed: tuple[frozenset[str], ...]


# An augmented image, its boxes and objects, whether they are exhaustive, and of which kinds.
Sample = tuple[Tensor, Tensor, tuple[LabelledObject, ...], bool, frozenset[str]]


class PictureDataset(Dataset[Sample]):
    """Augmented pictures; indexed by (picture, height, width, seed) so that sizes can change.

    A photograph is at times one of four that share an image (a mosaic; Bochkovskiy et al. 2020,
    YOLOv4): many show one thing, large, and nothing else that it could be taken for.

    Args:
        pictures: all of them. Photographs are those that are not labelled exhaustively.
        mosaics: how often a photograph shares the image with three others, 0..1.
    """

    def __init__(self, pictures: Sequence[Picture], mosaics: float) -> None:
        self._pictures = pictures
        self._photographs = [i for i, picture in enumerate(pictures) if not picture.exhaustive]
        self._mosaics = mosaics

    def __len__(self) -> int:
        return len(self._pictures)

    def __getitem__(self, key: tuple[int, int, int, int]) -> Sample:
        index, height, width, seed = key
        picture = self._pictures[index]
        rng = np.random.default_rng(seed)
        if not picture.exhaustive and rng.random() < self._mosaics:
            others = rng.choice(self._photographs, 3)
            view = _mosaic([picture, *(self._pictures[i] for i in others)], height, width, rng)
        else:
            view = _view(picture, height, width, rng)
        image = photometric(view.image, rng)
        tensor = torch.from_numpy(np.ascontiguousarray(image.transpose(2, 0, 1)))
        boxes = torch.from_numpy(view.boxes)
        return tensor, boxes, view.things, picture.exhaustive, view.closed


class MixedSampler(Sampler[list[tuple[int, int, int, int]]]):
    """Endless-in-spirit batches: `steps` of them from step `start`, the same for the same seed.

    Args:
        weights: how often each picture is drawn, relative to the others.
        sizes: (height, width) of batches, drawn at random.
        batch: pictures in a batch.
        start, steps: which steps of the run to give.
        seed: of the whole run.
    """

    def __init__(
        self,
        weights: NDArray[np.float64],
        sizes: Sequence[tuple[int, int]],
        batch: int,
        start: int,
        steps: int,
        seed: int,
    ) -> None:
        self._probability = weights / weights.sum()
        self._sizes = list(sizes)
        self._batch = batch
        self._start = start
        self._steps = steps
        self._seed = seed

    def __len__(self) -> int:
        return self._steps - self._start

    def __iter__(self) -> Iterator[list[tuple[int, int, int, int]]]:
        for step in range(self._start, self._steps):
            rng = np.random.default_rng((self._seed, step))
            height, width = self._sizes[int(rng.integers(len(self._sizes)))]
            chosen = rng.choice(len(self._probability), self._batch, p=self._probability)
            seeds = rng.integers(2**62, size=self._batch)
            yield [(int(c), height, width, int(s)) for c, s in zip(chosen, seeds, strict=True)]


def collate(samples: Sequence[Sample]) -> Batch:
    """Joins samples of one size."""
    images, boxes, things, exhaustive, closed = zip(*samples, strict=True)
    return Batch(torch.stack(images), boxes, things, torch.tensor(exhaustive), closed)


@dataclass(frozen=True)
class _View:
    """What is seen of one picture or of several: see `Picture`; the image is (H, W, 3) RGB."""

    image: NDArray[np.uint8]
    boxes: NDArray[np.float32]
    things: tuple[LabelledObject, ...]
    closed: frozenset[str]


def _view(picture: Picture, height: int, width: int, rng: np.random.Generator) -> _View:
    image, boxes, things = read_picture(picture.path), picture.boxes, picture.things
    if not picture.exhaustive and rng.random() < TURNED:
        image, boxes = turned(image, boxes, int(rng.integers(1, 4)))
        things = tuple(thing.turned() for thing in things)
    image, boxes, kept = _warp(image, boxes, height, width, rng)
    # Of what lost its box a bit may still be seen.
    lost = {thing.name for i, thing in enumerate(things) if i not in kept}
    return _View(image, boxes, tuple(things[i] for i in kept), picture.closed - lost)


def turned(
    image: NDArray[np.uint8], boxes: NDArray[np.float32], quarters: int
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """A picture (H, W, 3) and its boxes (G, 4) xyxy turned to the left by quarters, 0 to 3."""
    for _ in range(quarters):
        width = image.shape[1]
        image = np.rot90(image)
        x1, y1, x2, y2 = boxes.T
        boxes = np.stack([y1, width - x2, y2, width - x1], 1)
    return np.ascontiguousarray(image), boxes


def _mosaic(
    pictures: Sequence[Picture], height: int, width: int, rng: np.random.Generator
) -> _View:
    """Four pictures around a point near the middle."""
    middle_y, middle_x = (int(size * rng.uniform(0.35, 0.65)) for size in (height, width))
    places = [
        (top, left, bottom - top, right - left)
        for top, bottom in ((0, middle_y), (middle_y, height))
        for left, right in ((0, middle_x), (middle_x, width))
    ]
    image = np.empty((height, width, 3), np.uint8)
    views = []
    for picture, (top, left, high, wide) in zip(pictures, places, strict=True):
        view = _view(picture, high, wide, rng)
        image[top : top + high, left : left + wide] = view.image
        boxes = view.boxes + np.array([left, top, left, top], np.float32)
        views.append(replace(view, boxes=boxes))
    return _View(
        image,
        np.concatenate([view.boxes for view in views]),
        tuple(itertools.chain.from_iterable(view.things for view in views)),
        frozenset.intersection(*(view.closed for view in views)),
    )


def _warp(
    image: NDArray[np.uint8],
    boxes: NDArray[np.float32],
    height: int,
    width: int,
    rng: np.random.Generator,
) -> tuple[NDArray[np.uint8], NDArray[np.float32], list[int]]:
    """Scales, shifts, tilts and mirrors; objects mostly outside the result are dropped."""
    source_height, source_width = image.shape[:2]
    fit = min(width / source_width, height / source_height)
    scale = fit * float(np.exp(rng.uniform(np.log(0.7), np.log(1.6))))
    angle = float(rng.normal(0, 3.0))
    mirror = rng.random() < 0.5
    matrix = cv2.getRotationMatrix2D((source_width / 2, source_height / 2), angle, scale)
    slack_x = abs(width - source_width * scale) / 2 + 0.1 * width
    slack_y = abs(height - source_height * scale) / 2 + 0.1 * height
    matrix[0, 2] += (width - source_width) / 2 + rng.uniform(-slack_x, slack_x)
    matrix[1, 2] += (height - source_height) / 2 + rng.uniform(-slack_y, slack_y)
    if mirror:
        matrix[0] = -matrix[0]
        matrix[0, 2] += width
    warped = cv2.warpAffine(
        image,
        matrix,
        (width, height),
        flags=cv2.INTER_AREA if scale < 0.6 else cv2.INTER_LINEAR,
        borderValue=(PAD, PAD, PAD),
    )
    corners = boxes[:, [0, 1, 2, 1, 2, 3, 0, 3]].reshape(-1, 4, 2)
    moved = corners @ matrix[:, :2].T + matrix[:, 2]
    full = np.concatenate([moved.min(1), moved.max(1)], 1)
    clipped = full.clip(0, [width, height, width, height])
    size = (clipped[:, 2:] - clipped[:, :2]).min(1, initial=np.inf)
    area = np.prod(clipped[:, 2:] - clipped[:, :2], axis=1)
    visible = area / np.maximum(np.prod(full[:, 2:] - full[:, :2], axis=1), 1e-6)
    kept = np.flatnonzero((size >= MIN_BOX) & (visible > 0.35))
    return (
        np.asarray(warped, np.uint8),
        np.ascontiguousarray(clipped[kept], np.float32),
        [int(i) for i in kept],
    )


def photometric(image: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Light, white balance, blur, noise and JPEG, mild enough that colours keep their names."""
    gains = np.exp(rng.normal(0, 0.07, 3)) * np.exp(rng.normal(0, 0.2))
    gamma = float(np.exp(rng.normal(0, 0.15)))
    levels = np.arange(256, dtype=np.float64)[:, None] / 255.0
    offset = rng.normal(0, 0.03)
    table = (((levels**gamma) * gains + offset) * 255.0).clip(0, 255).astype(np.uint8)
    image = cv2.LUT(image, table[None])
    if rng.random() < 0.3:
        saturation = float(rng.uniform(0.7, 1.2))
        grey = cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
        image = cv2.addWeighted(image, saturation, grey, 1.0 - saturation, 0)
    if rng.random() < 0.25:
        image = cv2.GaussianBlur(image, (0, 0), float(rng.uniform(0.4, 1.5)))
    if rng.random() < 0.4:
        noise = np.empty(image.shape, np.int16)
        cv2.setRNGSeed(int(rng.integers(2**31)))
        cv2.randn(noise, (0, 0, 0), (float(rng.uniform(1, 9)),) * 3)
        image = cv2.add(image, noise, dtype=cv2.CV_8U)
    if rng.random() < 0.3:
        quality = int(rng.integers(35, 95))
        _, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
        image = np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)
    return np.asarray(image, np.uint8)
