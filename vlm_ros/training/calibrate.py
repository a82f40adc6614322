"""Making a match probability mean what it says, on scenes kept apart from training and testing.

Platt scaling (Platt 1999): a scale and a shift of the cosine, fitted so that the best region's
probability is how often such a region is right.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import yaml
from numpy.typing import NDArray

from vlm_ros.evaluation.expressions import AMBIGUOUS, write_questions
from vlm_ros.evaluation.judging import RIGHT_IOU
from vlm_ros.geometry.boxes import iou
from vlm_ros.models import Model, load_model
from vlm_ros.simulation.tabletop import RenderedFrame

# Between the seeds that are tested on (below) and those that are trained on (from 100000).
SEEDS = range(50_000, 50_120)
# Expressions of each category a scene.
COUNT = 12
ITERATIONS = 30


def calibrate(folder: Path, frames: Iterable[tuple[int, RenderedFrame]]) -> tuple[float, float]:
    """Fits the calibration of a model folder and writes it into its model.yaml.

    Args:
        folder: of the model.
        frames: scenes with their seeds.

    Returns:
        Logit scale and shift.
    """
    model = load_model(folder)
    pairs = [pair for seed, frame in frames for pair in _best_matches(model, seed, frame)]
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


def _best_matches(model: Model, seed: int, frame: RenderedFrame) -> list[tuple[float, float]]:
    """(cosine of the best region, whether it is right) of expressions with a known answer."""
    regions = model.regions(frame.rgb)
    if not len(regions):
        return []
    pairs = []
    for question in write_questions(frame.objects, np.random.default_rng(seed), COUNT, str(seed)):
        if question.category == AMBIGUOUS:
            continue
        phrase = model.embed([question.expression.removeprefix("the ")])
        cosines = (regions.embeddings @ phrase.T)[:, 0]
        best = int(cosines.argmax())
        found = len(question.boxes) and iou([regions.boxes[best]], question.boxes).max()
        pairs.append((float(cosines[best]), float(found >= RIGHT_IOU)))
    return pairs
