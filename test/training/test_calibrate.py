"""Platt scaling recovers the curve that made the data."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import yaml

from vlm_ros.models import bundled_model, load_model
from vlm_ros.simulation.dataset import DatasetOptions, render_dataset
from vlm_ros.training.annotations import Picture, read_picture, read_rendered
from vlm_ros.training.calibrate import SEEDS, calibrate, fit_logistic

ELSEWHERE = ("giraffe", "submarine", "helicopter", "igloo", "tractor", "volcano", "violin", "sofa")


def test_recovers_scale_and_shift() -> None:
    rng = np.random.default_rng(0)
    values = rng.uniform(-1, 1, 20000)
    right = (rng.random(20000) < 1 / (1 + np.exp(-(8.0 * values - 3.0)))).astype(float)
    assert fit_logistic(values, right) == pytest.approx((8.0, -3.0), rel=0.1)


def test_separable_data_stays_finite() -> None:
    scale, shift = fit_logistic(np.array([0.1, 0.2, 0.8, 0.9]), np.array([0.0, 0, 1, 1]))
    assert np.isfinite([scale, shift]).all() and scale > 0


def test_a_folder_is_calibrated_on_pictures(tmp_path: Path) -> None:
    folder, data = tmp_path / "model", tmp_path / "data"
    shutil.copytree(bundled_model(), folder)
    spec = yaml.safe_load((folder / "model.yaml").read_text())
    unfit = spec | {"calibration": {"logit_scale": 1.0, "logit_shift": 0.0}}
    (folder / "model.yaml").write_text(yaml.safe_dump(unfit))
    list(render_dataset(DatasetOptions(data), SEEDS[:6]))
    pictures = read_rendered(data)
    scale, shift = calibrate(folder, pictures)
    fitted = yaml.safe_load((folder / "model.yaml").read_text())
    assert fitted["calibration"] == {
        "logit_scale": pytest.approx(scale, abs=1e-3),
        "logit_shift": pytest.approx(shift, abs=1e-3),
    }
    assert scale > 5.0
    assert {k: v for k, v in fitted.items() if k != "calibration"} == {
        k: v for k, v in spec.items() if k != "calibration"
    }
    present, absent = _best_scores(folder, pictures)
    assert np.mean(present) > 0.7, "what is there is told"
    assert np.mean(absent) < 0.05, "what is not there is told from it"


def _best_scores(folder: Path, pictures: Sequence[Picture]) -> tuple[list[float], list[float]]:
    """The highest score of each thing in its picture, and of things that are in none of them."""
    model, present, absent = load_model(folder), [], []
    for picture in pictures:
        image = read_picture(picture.path)
        names = sorted({thing.name for thing in picture.things})
        best = model.regions(image, ()).scores([*names, *ELSEWHERE]).max(axis=0).tolist()
        present += best[: len(names)]
        absent += best[len(names) :]
    return present, absent
