"""Pictures of cut-outs on tables that they never lay on.

That only what is near a thing looks real is enough to learn from (Dwibedi, Misra, Hebert 2017,
"Cut, Paste and Learn"). Other than a photograph of one thing, a collage shows what else is not
meant: the green can beside the red one, the bottle behind the jar.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from vlm_ros.grounding.description import attribute_group
from vlm_ros.language import parse_command
from vlm_ros.simulation.snapshot import quiet_table_top
from vlm_ros.simulation.textures import covering
from vlm_ros.training.annotations import DataError, read_picture
from vlm_ros.training.cutouts import Cutout

SIZES = ((640, 480), (640, 480), (480, 640), (560, 560))  # width and height, pixels
MOST = 12  # things in a collage
FEWEST = 3
CROWDED = 7  # from so many on they are smaller
ANOTHER = 0.3  # how often a thing is followed by another of its kind
PHOTOGRAPHED = 0.2  # share of the grounds that are photographs, where there are any
MOST_ENLARGED = 1.6
LEAST_WITHIN = 0.55  # of a thing must be in the picture
LEAST_VISIBLE = 0.3  # of a thing; what shows less has no label
SMALLEST_BOX = 10  # pixels; narrower things have none either
TRIES = 12
TEXTURE = 768  # pixels
# What is said of how a thing stood in its own photograph, or how large it looked, no longer holds.
PASSING = frozenset({"posture", "size"})
JPEG_QUALITY = 92

Image = NDArray[np.float32]
Box = tuple[int, int, int, int]


@dataclass(frozen=True)
class Collage:
    """A picture and what is in it.

    Attributes:
        image: (H, W, 3) uint8 RGB.
        things: the index of each thing among the cut-outs and the xyxy pixels of what is seen of
            it.
    """

    image: NDArray[np.uint8]
    things: tuple[tuple[int, Box], ...]


def write_collages(
    folder: Path,
    cutouts: Sequence[Cutout],
    photographs: Sequence[Path],
    seeds: Sequence[int],
    jobs: int,
) -> Iterator[int]:
    """Writes `folder/SEED.jpg` for every seed, yielding it, and at the end `folder/labels.json`.

    Args:
        folder: made where it does not exist.
        cutouts: what to choose from; kinds of which there are many are chosen more often, but not
            in proportion.
        photographs: what some collages lie on.
        seeds: the same seed and cut-outs give the same collage.
        jobs: worker processes.

    Raises:
        DataError: there are no cut-outs, or a picture cannot be read.
    """
    if not cutouts:
        raise DataError("There is no cut-out left to make collages of.")
    folder.mkdir(parents=True, exist_ok=True)
    names = sorted({cutout.name for cutout in cutouts})
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    with ProcessPoolExecutor(jobs) as pool:
        made = pool.map(partial(_write, folder, cutouts, photographs), seeds, chunksize=8)
        for seed, (width, height, things) in zip(seeds, made, strict=True):
            image = {"id": seed, "file_name": f"{seed}.jpg", "width": width, "height": height}
            images.append(image)
            for index, (x1, y1, x2, y2) in things:
                annotations.append(
                    {
                        "id": len(annotations) + 1,
                        "image_id": seed,
                        "category_id": names.index(cutouts[index].name) + 1,
                        "bbox": [x1, y1, x2 - x1, y2 - y1],
                        "phrases": [p for p in cutouts[index].phrases if _holds(p)],
                    }
                )
            yield seed
    categories = [{"id": number, "name": name} for number, name in enumerate(names, 1)]
    data = {"images": images, "categories": categories, "annotations": annotations}
    part = folder / ".labels.json.part"
    part.write_text(json.dumps(data), encoding="utf-8")
    part.replace(folder / "labels.json")


def _holds(phrase: str) -> bool:
    said = parse_command(phrase).steps[0].target.attributes
    return PASSING.isdisjoint(attribute_group(word)[0] for word in said)


def _write(
    folder: Path, cutouts: Sequence[Cutout], photographs: Sequence[Path], seed: int
) -> tuple[int, int, tuple[tuple[int, Box], ...]]:
    collage = compose(cutouts, photographs, np.random.default_rng([seed, 77]))
    bgr = cv2.cvtColor(collage.image, cv2.COLOR_RGB2BGR)
    _, data = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    (folder / f"{seed}.jpg").write_bytes(data.tobytes())
    height, width = collage.image.shape[:2]
    return width, height, collage.things


def compose(cutouts: Sequence[Cutout], photographs: Sequence[Path], rng: Generator) -> Collage:
    """Lays some cut-outs on a ground, one after the other.

    Args:
        cutouts: what to choose from.
        photographs: what the ground may be, besides wood, cloth and the like.
        rng: decides everything.

    Raises:
        DataError: a picture cannot be read.
    """
    width, height = SIZES[rng.integers(len(SIZES))]
    image = _ground(width, height, photographs, rng)
    owner = np.zeros((height, width), np.int16)
    count = int(rng.integers(FEWEST, MOST + 1))
    smallest, largest = (90, 260) if count < CROWDED else (75, 170)
    length = np.exp(rng.uniform(np.log(smallest), np.log(largest)))
    spread = rng.uniform(0.15, 0.5)
    shift = rng.normal(0, 0.05, 2)  # of shadows, by the lengths of what throws them
    laid: list[tuple[int, float]] = []
    for index in _chosen(cutouts, count, rng):
        thing = _turned(cutouts[index].path, length * np.exp(rng.normal(0, 0.3)), rng)
        whole = float((thing[..., 3] > 0.5).sum())
        place = _place(thing[..., 3] > 0.5, owner, spread, rng)
        if place is None:
            continue
        laid.append((index, whole))
        _lay(image, owner, thing, place, shift, len(laid), rng)
    developed = (image * _light(width, height, rng)).clip(0, 255).astype(np.uint8)
    developed = np.asarray(cv2.GaussianBlur(developed, (0, 0), float(rng.uniform(0.3, 0.9))))
    return Collage(developed, tuple(_seen(owner, laid)))


def _chosen(cutouts: Sequence[Cutout], count: int, rng: Generator) -> list[int]:
    """Indices of cut-outs; things of a kind are often together."""
    kinds = np.array([cutout.name for cutout in cutouts])
    _, inverse, sizes = np.unique(kinds, return_inverse=True, return_counts=True)
    weight = sizes[inverse] ** -0.5
    chosen: list[int] = []
    while len(chosen) < count:
        chosen.append(int(rng.choice(len(cutouts), p=weight / weight.sum())))
        if rng.random() < ANOTHER:
            chosen.append(int(rng.choice(np.flatnonzero(kinds == kinds[chosen[-1]]))))
    return chosen[:count]


def _turned(path: Path, length: float, rng: Generator) -> Image:
    """A cut-out of a length, turned, in a square: RGB 0..255 times opacity, and opacity 0..1."""
    pixels = _pixels(path)
    height, width = pixels.shape[:2]
    scale = min(length / max(height, width), MOST_ENLARGED)
    side = int(np.hypot(height, width) * scale) + 8
    angle = rng.uniform(0, 360) if rng.random() < 0.5 else rng.normal(0, 8)
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), float(angle), scale)
    matrix[:, 2] += side / 2 - np.array([width / 2, height / 2])
    if scale < 0.6:  # warping alone would leave out pixels
        pixels = np.asarray(cv2.GaussianBlur(pixels, (0, 0), 0.35 / scale))
    turned: Image = np.asarray(cv2.warpAffine(pixels, matrix, (side, side)), np.float32)
    light = np.exp(rng.normal(0, 0.12)) * np.exp(rng.normal(0, 0.03, 3))
    turned[..., :3] *= light.astype(np.float32)
    return turned


@lru_cache(maxsize=1024)
def _pixels(path: Path) -> Image:
    pixels = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    if pixels is None or pixels.ndim != 3 or pixels.shape[2] != 4:
        raise DataError(f"{path} is not a PNG with transparency; delete it or replace it.")
    opacity = pixels[..., 3:].astype(np.float32) / 255
    return np.dstack([pixels[..., 2::-1] * opacity, opacity])


def _place(
    solid: NDArray[np.bool_], owner: NDArray[np.int16], spread: float, rng: Generator
) -> tuple[int, int] | None:
    """Where the square of a thing begins, x and y, so that it hides little; None if nowhere."""
    height, width = owner.shape
    side, whole = len(solid), solid.sum()
    for _ in range(TRIES):
        middle = np.clip(rng.normal(0.5, spread, 2), 0.04, 0.96) * [width, height]
        x, y = (int(value) for value in middle - side / 2)
        here, there = _common(x, y, side, width, height)
        hidden = (solid[here] & (owner[there] > 0)).sum()
        fits = solid[here].sum() >= LEAST_WITHIN * whole
        if fits and hidden < rng.choice([0.03, 0.1, 0.35]) * whole:
            return x, y
    return None


def _lay(
    image: Image,
    owner: NDArray[np.int16],
    thing: Image,
    place: tuple[int, int],
    shift: NDArray[np.float64],
    number: int,
    rng: Generator,
) -> None:
    """Draws a thing and its shadow."""
    height, width = owner.shape
    here, there = _common(*place, len(thing), width, height)
    opacity = thing[here][..., 3]
    length = len(thing)
    dark = np.zeros((height, width), np.float32)
    dark[there] = opacity
    move = np.array([[1, 0, shift[0] * length], [0, 1, shift[1] * length]])
    far = cv2.GaussianBlur(cv2.warpAffine(dark, move, (width, height)), (0, 0), 2 + 0.03 * length)
    near = cv2.GaussianBlur(dark, (0, 0), 2.5)
    image *= (1 - float(rng.uniform(0, 0.5)) * far[..., None]) * (1 - 0.3 * near[..., None])
    image[there] = image[there] * (1 - opacity[..., None]) + thing[here][..., :3]
    owner[there][opacity > 0.5] = number


def _common(
    x: int, y: int, side: int, width: int, height: int
) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
    """What a square and a picture have in common, as rows and columns of either."""
    left, top = max(x, 0), max(y, 0)
    right, bottom = max(min(x + side, width), left), max(min(y + side, height), top)
    here = slice(top - y, bottom - y), slice(left - x, right - x)
    return here, (slice(top, bottom), slice(left, right))


def _seen(owner: NDArray[np.int16], laid: Sequence[tuple[int, float]]) -> Iterator[tuple[int, Box]]:
    for number, (index, whole) in enumerate(laid, 1):
        y, x = np.nonzero(owner == number)
        if len(y) < max(LEAST_VISIBLE * whole, 1):
            continue
        box = int(x.min()), int(y.min()), int(x.max()) + 1, int(y.max()) + 1
        if min(box[2] - box[0], box[3] - box[1]) >= SMALLEST_BOX:
            yield index, box


def _ground(width: int, height: int, photographs: Sequence[Path], rng: Generator) -> Image:
    """A table seen from above or at a slant, or a part of a photograph: RGB 0..255."""
    if photographs and rng.random() < PHOTOGRAPHED:
        picture = read_picture(photographs[int(rng.integers(len(photographs)))])
        enlarged = float(rng.uniform(1, 2.2))
        scale = max(width / picture.shape[1], height / picture.shape[0]) * enlarged
        picture = np.asarray(cv2.resize(picture, None, fx=scale, fy=scale))
        top = int(rng.integers(picture.shape[0] - height + 1))
        left = int(rng.integers(picture.shape[1] - width + 1))
        return picture[top : top + height, left : left + width].astype(np.float32)
    texture = covering(quiet_table_top(rng), TEXTURE)
    half = TEXTURE / 2
    angle = float(rng.choice([0, 90, 180, 270]) + rng.normal(0, 8))
    matrix = cv2.getRotationMatrix2D((half, half), angle, 1.25)
    texture = np.asarray(
        cv2.warpAffine(texture, matrix, (TEXTURE, TEXTURE), borderMode=cv2.BORDER_REFLECT)
    )
    across = TEXTURE * rng.uniform(0.5, 1.0)
    narrower = across * rng.uniform(0, 0.17)
    down = across * height / width
    corners = [[0, 0], [across, 0], [across - narrower, down], [narrower, down]]
    shown = np.array(corners, np.float32)
    shown[:, 0] += rng.uniform(0, TEXTURE - across)
    whole = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    matrix = cv2.getPerspectiveTransform(shown, whole)
    seen = cv2.warpPerspective(texture, matrix, (width, height), borderMode=cv2.BORDER_REFLECT)
    return np.asarray(seen, np.float32)


def _light(width: int, height: int, rng: Generator) -> Image:
    """Brighter on one side than on the other: (H, W, 1) factors."""
    y, x = np.mgrid[:height, :width].astype(np.float32)
    angle, strength = rng.uniform(0, 2 * np.pi), rng.uniform(0, 0.35)
    slope = (x / width - 0.5) * np.cos(angle) + (y / height - 0.5) * np.sin(angle)
    return np.asarray(1 + strength * slope, np.float32)[..., None]
