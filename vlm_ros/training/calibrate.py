"""Making a match probability mean what it says, on scenes kept apart from training and testing.

Platt scaling (Platt 1999): a scale and a shift of the cosine, fitted so that the best region's
probability is how often such a region is right.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import yaml
from numpy.typing import NDArray
from tqdm import tqdm

from vlm_ros.geometry.boxes import iou
from vlm_ros.models import read_spec
from vlm_ros.models.dual_encoder import DualEncoder
from vlm_ros.training.annotations import Picture, read_picture
from vlm_ros.training.nouns import TRUE, UNSURE
from vlm_ros.training.phrases import PhraseWriter, load_vocabulary, truth_table

# Rendered where no pictures are given: between the seeds that are tested on (below) and those
# that are trained on (from 100000).
SEEDS = range(50_000, 50_120)
PHRASES = 24  # asked of every picture, half of them near misses
RIGHT_IOU = 0.5
# What is less surely a thing seldom leads in grounding, which counts objectness too.
SURE = 0.2
ITERATIONS = 30


def calibrate(folder: Path, pictures: Sequence[Picture]) -> tuple[float, float]:
    """Fits the calibration of a model folder and writes it into its model.yaml.

    Args:
        folder: of the model.
        pictures: annotated, of things it was not trained on.

    Returns:
        Logit scale and shift.
    """
    model = DualEncoder(read_spec(folder))
    writer = PhraseWriter(load_vocabulary(), {t.name for p in pictures for t in p.things})
    pairs: list[tuple[float, float]] = []
    for number, picture in enumerate(tqdm(pictures, desc="calibration", unit="picture")):
        pairs += _best_matches(model, picture, writer, np.random.default_rng(number))
    cosines, right = (np.asarray(column, np.float64) for column in zip(*pairs, strict=True))
    scale, shift = fit_logistic(cosines, right)
    path = folder / "model.yaml"
    spec = yaml.safe_load(path.read_text(encoding="utf-8"))
    spec["calibration"] = {"logit_scale": round(scale, 4), "logit_shift": round(shift, 4)}
    temporary = path.with_suffix(".part")
    temporary.write_text(yaml.safe_dump(spec, sort_keys=False), encoding="utf-8")
    temporary.replace(path)
    return scale, shift


def fit_logistic(values: NDArray[np.float64], right: NDArray[np.float64]) -> tuple[float, float]:
    """Scale and shift of P(right) = sigmoid(scale * value + shift), by Newton's method.

    Args:
        values: (n,).
        right: (n,) 0 or 1.
    """
    inputs = np.stack([values, np.ones_like(values)], 1)
    weights = np.zeros(2)
    for _ in range(ITERATIONS):
        probability = 1.0 / (1.0 + np.exp(-inputs @ weights))
        gradient = inputs.T @ (right - probability)
        spread = probability * (1.0 - probability)
        # A little ridge keeps separable data finite.
        curvature = (inputs * spread[:, None]).T @ inputs + 1e-3 * np.eye(2)
        weights = weights + np.linalg.solve(curvature, gradient - 1e-3 * weights)
    return float(weights[0]), float(weights[1])


def _best_matches(
    model: DualEncoder, picture: Picture, writer: PhraseWriter, rng: np.random.Generator
) -> list[tuple[float, float]]:
    """(cosine of the best region, whether it is right) of phrases about a picture.

    Where the best region shows something on which people would differ, nothing is learned.
    """
    regions = model.regions(read_picture(picture.path), ())
    regions = regions.take(np.flatnonzero(regions.objectness >= SURE))
    if not len(regions) or not picture.things:
        return []
    meanings = writer.sample(picture.things, PHRASES, rng)
    table = truth_table(meanings, picture.things, load_vocabulary())
    cosines = regions.embeddings @ model.embed([m.text for m in meanings]).T
    best = cosines.argmax(axis=0)
    covers = iou(regions.boxes[best], picture.boxes) >= RIGHT_IOU
    verdict = np.where(covers, table.T, -1).max(axis=1)
    return [
        (float(cosines[region, phrase]), float(verdict[phrase] == TRUE))
        for phrase, region in enumerate(best)
        if verdict[phrase] != UNSURE
    ]
