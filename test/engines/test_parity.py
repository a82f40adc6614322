"""What a parity report says of known differences."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from vlm_ros.engines.parity import Outputs, compare, differences


def outputs(rng: np.random.Generator, count: int = 50) -> dict[str, NDArray[np.float32]]:
    corners = rng.uniform(0, 400, (count, 2))
    sizes = rng.uniform(20, 200, (count, 2))
    embeddings = rng.normal(size=(count, 16))
    embeddings /= np.linalg.norm(embeddings, axis=1, keepdims=True)
    return {
        "boxes": np.concatenate([corners, corners + sizes], axis=1).astype(np.float32),
        "objectness": np.sort(rng.uniform(0.05, 1, count))[::-1].astype(np.float32),
        "embeddings": embeddings.astype(np.float32),
    }


def changed(exact: Outputs, name: str, row: int, by: float) -> dict[str, NDArray[np.float32]]:
    other = {key: values.copy() for key, values in exact.items()}
    other[name][row] += by
    return other


def test_equal_runs_do_not_differ() -> None:
    exact = outputs(np.random.default_rng(0))
    parity = compare([(exact, exact), (exact, exact)], 0.0)
    assert (parity.inputs, parity.regions) == (2, 100)
    assert parity.largest_box == 0
    assert parity.lowest_cosine == pytest.approx(1, abs=1e-6)
    assert parity.largest_score == {"objectness": 0}


def test_regions_in_another_order_are_recognised() -> None:
    rng = np.random.default_rng(1)
    exact = outputs(rng)
    order = rng.permutation(50)
    other = {name: values[order] for name, values in exact.items()}
    assert compare([(exact, other)], 0.0).largest_box == 0


@pytest.mark.parametrize(("name", "by"), [("boxes", 3.0), ("objectness", 0.02)])
def test_the_largest_difference_is_found(name: str, by: float) -> None:
    exact = outputs(np.random.default_rng(2))
    parity = compare([(exact, changed(exact, name, 7, by))], 0.0)
    found = parity.largest_box if name == "boxes" else parity.largest_score[name]
    assert found == pytest.approx(by, abs=1e-4)
    assert parity.typical_box == 0


def test_each_region_has_its_difference() -> None:
    exact = outputs(np.random.default_rng(2))
    found = differences([(exact, exact), (exact, changed(exact, "objectness", 7, 0.02))], 0.0)
    assert (found.inputs, found.regions) == (2, 100)
    assert np.flatnonzero(found.scores["objectness"]).tolist() == [57]
    assert found.edges.shape == found.cosines.shape == (100,)


def test_a_turned_embedding_lowers_the_cosine() -> None:
    exact = outputs(np.random.default_rng(3))
    other = changed(exact, "embeddings", 4, 0.0)
    other["embeddings"][4] *= -1
    assert compare([(exact, other)], 0.0).lowest_cosine == pytest.approx(-1, abs=1e-5)


def test_unlikely_regions_do_not_count_but_the_best_ten_do() -> None:
    exact = outputs(np.random.default_rng(4))
    other = changed(exact, "boxes", 49, 3.0)
    likely = compare([(exact, other)], 0.5)
    assert likely.regions == int((exact["objectness"] >= 0.5).sum())
    assert likely.largest_box == 0
    assert compare([(exact, other)], 0.0).largest_box == pytest.approx(3, abs=1e-4)
    assert compare([(exact, other)], 2.0).regions == 10


def test_outputs_without_regions_are_compared_as_they_are() -> None:
    exact = {"y": np.array([[1.0, 2.0]], np.float32)}
    other = {"y": np.array([[1.0, 2.5]], np.float32)}
    assert compare([(exact, other)], 0.0).largest_score == {"y": pytest.approx(0.5)}


def test_what_both_rule_out_does_not_differ() -> None:
    exact = outputs(np.random.default_rng(5))
    logits = np.full((50, 8), -np.inf, np.float32)
    logits[:, :3] = np.random.default_rng(6).normal(size=(50, 3))
    exact["logits"] = logits
    other = changed(exact, "boxes", 3, 1.0)
    other["logits"][5, 1] += 0.5
    parity = compare([(exact, other)], 0.0)
    assert parity.largest_box == pytest.approx(1, abs=1e-4)
    assert parity.largest_score["logits"] == pytest.approx(0.5, abs=1e-5)
