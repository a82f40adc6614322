"""Inputs of a model's vision graph from pictures, to calibrate with and to compare on."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from vlm_ros.engines.onnx_session import Feeds
from vlm_ros.errors import EngineError
from vlm_ros.geometry.boxes import FITS
from vlm_ros.images import read_image
from vlm_ros.models.folder import ModelSpec
from vlm_ros.models.preprocess import ImageInput
from vlm_ros.models.prompts import open_prompting
from vlm_ros.runtimes.onnx_runtime import OnnxRuntime

# (H, W, 3) RGB.
Picture: TypeAlias = NDArray[np.uint8]

PICTURES = (".jpeg", ".jpg", ".png")
# More teach a calibration little and cost a pass each.
MOST = 100
# What a fused graph is asked for while it is calibrated.
_PHRASES = ("red cup", "plate", "screwdriver", "banana", "cardboard box", "person")
_GENERATED = 8


@dataclass(frozen=True)
class Samples:
    """Pictures in two parts: those a precision is fitted to, and those it is judged by.

    Attributes:
        fitting, checking: the parts; the same where there is one picture only.
    """

    fitting: PictureFeeds
    checking: PictureFeeds


class PictureFeeds:
    """What a model's vision graph gets for some pictures, made when it is asked for."""

    def __init__(self, spec: ModelSpec, pictures: Sequence[Path | Picture]) -> None:
        """Prepares for a model.

        Args:
            spec: of the model.
            pictures: (H, W, 3) uint8 RGB each, or files of such.

        Raises:
            ModelError: a fused model's text side cannot be loaded.
        """
        self._pictures = pictures
        self._spec = spec
        self._prepare = ImageInput(spec.vision)
        self._text = _text_inputs(spec)

    def __len__(self) -> int:
        return len(self._pictures)

    def __iter__(self) -> Iterator[Feeds]:
        for image in self.images():
            tensor, _ = self._prepare(image)
            yield {"image": tensor.copy(), **self.others(image)}

    def images(self) -> Iterator[Picture]:
        """The pictures themselves.

        Raises:
            ImageError: a file cannot be read.
        """
        for picture in self._pictures:
            yield read_image(picture) if isinstance(picture, Path) else picture

    def others(self, image: Picture) -> dict[str, NDArray[Any]]:
        """What the graph gets beside a picture: nothing, or the prompt of a fused model."""
        if self._spec.family != "fused":
            return {}
        height, width = image.shape[:2]
        vision = self._spec.vision
        fit = FITS[vision.resize](width, height, vision.width, vision.height)
        return {"content": np.asarray([fit.height, fit.width], np.float32), **self._text}

    def digest(self) -> str:
        """SHA-256 (hexadecimal) of all inputs."""
        digest = hashlib.sha256()
        for feeds in self:
            for name, values in sorted(feeds.items()):
                digest.update(name.encode())
                digest.update(values.tobytes())
        return digest.hexdigest()


def samples_of(spec: ModelSpec, folder: Path | None) -> Samples:
    """Pictures of a folder, or generated ones where none is given.

    Args:
        spec: of the model.
        folder: with JPEG or PNG files in it or below it; of more than MOST, evenly spaced ones
            are taken.

    Raises:
        EngineError: there is no picture in the folder.
        ModelError: a fused model's text side cannot be loaded.
    """
    pictures: Sequence[Path | Picture] = generated_pictures() if folder is None else _files(folder)
    # Every fourth is kept for judging.
    checking = pictures[3::4] or pictures[:1]
    fitting = [p for i, p in enumerate(pictures) if i % 4 != 3]
    return Samples(PictureFeeds(spec, fitting), PictureFeeds(spec, checking[:8]))


def _files(folder: Path) -> list[Path]:
    found = sorted(p for p in folder.rglob("*") if p.suffix.lower() in PICTURES)
    if not found:
        raise EngineError(
            f"{folder} holds no JPEG or PNG files to calibrate with; record some 50 pictures of "
            "what the robot's camera will see."
        )
    chosen = np.linspace(0, len(found) - 1, min(len(found), MOST)).astype(int)
    return [found[i] for i in chosen]


def generated_pictures(count: int = _GENERATED) -> list[Picture]:
    """Coloured shapes on smooth backgrounds, which have the contrasts of pictures."""
    rng = np.random.default_rng(0)
    pictures: list[Picture] = []
    for _ in range(count):
        coarse = rng.integers(40, 216, (4, 5, 3), np.uint8)
        picture = cv2.resize(coarse, (640, 480), interpolation=cv2.INTER_CUBIC)
        for _ in range(12):
            colour = tuple(int(c) for c in rng.integers(0, 256, 3))
            x, y = (int(rng.integers(0, side)) for side in (640, 480))
            size = int(rng.integers(10, 90))
            cv2.circle(picture, (x, y), size, colour, -1)
            cv2.rectangle(picture, (y, x // 2), (y + size, x // 2 + size), colour[::-1], -1)
        noise = rng.normal(0, 4, picture.shape)
        pictures.append(np.clip(picture + noise, 0, 255).astype(np.uint8))
    return pictures


def _text_inputs(spec: ModelSpec) -> Mapping[str, NDArray[Any]]:
    if spec.family != "fused":
        return {}
    prompting = open_prompting(spec, OnnxRuntime(spec.vision.graph).inputs)
    first = next(iter(prompting.split(_PHRASES)))
    return prompting.encode(first).inputs
