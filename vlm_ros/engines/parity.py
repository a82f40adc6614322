"""How far the outputs of two runs of a model are apart, told in the units that matter."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Outputs = Mapping[str, NDArray[Any]]

# Pixels by which the edges of a box may be off for it to be the same.
_SAME_BOX = 2.0
# A logit of which the probability is nothing.
_RULED_OUT = np.float32(-50.0)


@dataclass(frozen=True)
class Parity:
    """Two runs compared, region by region.

    Only regions that are likely enough to be used count. They may come in another order, and one
    at the edge of the choice may be missing, so each region of the exact run is compared with the
    one of the other run that is most like it.

    Attributes:
        inputs: how many inputs were compared.
        regions: how many regions, of all inputs.
        largest_box: largest difference of a box edge, pixels of the model's input; 0 without boxes.
        typical_box: its median over the regions.
        lowest_cosine: of unit embeddings; 1 without embeddings.
        typical_cosine: its median.
        largest_score: largest difference of any other output, by its name.
    """

    inputs: int
    regions: int
    largest_box: float
    typical_box: float
    lowest_cosine: float
    typical_cosine: float
    largest_score: Mapping[str, float]

    def as_json(self) -> dict[str, Any]:
        """For the engine's sidecar."""
        return {
            "inputs": self.inputs,
            "regions": self.regions,
            "largest_box_px": round(self.largest_box, 4),
            "typical_box_px": round(self.typical_box, 4),
            "lowest_cosine": round(self.lowest_cosine, 6),
            "typical_cosine": round(self.typical_cosine, 6),
            "largest_difference": {n: float(f"{v:.4g}") for n, v in self.largest_score.items()},
        }


@dataclass(frozen=True)
class Differences:
    """What `Parity` sums up, region by region of all inputs, R in all.

    Attributes:
        inputs: how many inputs were compared.
        regions: R.
        edges: (R,) largest difference of a box's edges, pixels of the model's input; empty
            without boxes.
        cosines: (R,) of unit embeddings; empty without embeddings.
        scores: largest difference of any other output at each region, by its name.
    """

    inputs: int
    regions: int
    edges: NDArray[Any]
    cosines: NDArray[Any]
    scores: Mapping[str, NDArray[Any]]


def compare(pairs: Iterable[tuple[Outputs, Outputs]], least: float) -> Parity:
    """Compares runs.

    Args:
        pairs: outputs of the exact and of the other run, for each input.
        least: regions that are less likely than this are left out, but for the ten best.
    """
    found = differences(pairs, least)
    edges, cosines = found.edges, found.cosines
    return Parity(
        inputs=found.inputs,
        regions=found.regions,
        largest_box=float(edges.max(initial=0.0)),
        typical_box=float(np.median(edges)) if len(edges) else 0.0,
        lowest_cosine=float(cosines.min(initial=1.0)),
        typical_cosine=float(np.median(cosines)) if len(cosines) else 1.0,
        largest_score={name: float(v.max(initial=0.0)) for name, v in found.scores.items()},
    )


def differences(pairs: Iterable[tuple[Outputs, Outputs]], least: float) -> Differences:
    """Compares runs region by region; arguments as of `compare`."""
    boxes: list[NDArray[Any]] = [np.zeros(0)]
    cosines: list[NDArray[Any]] = [np.zeros(0)]
    scores: dict[str, list[NDArray[Any]]] = {}
    inputs = regions = 0
    for exact, other in pairs:
        inputs += 1
        exact = _likely(_finite(exact), least)
        aligned = _aligned(exact, _finite(other))
        regions += len(exact.get("boxes", ()))
        for name, values in exact.items():
            apart = np.abs(aligned[name] - values)
            if name == "boxes":
                boxes.append(apart.max(axis=-1).ravel())
            elif name == "embeddings":
                cosines.append((aligned[name] * values).sum(axis=-1).ravel())
            else:
                rows = np.atleast_1d(apart)
                largest = rows.max(axis=tuple(range(1, rows.ndim)), initial=0.0)
                scores.setdefault(name, []).append(largest)
    return Differences(
        inputs,
        regions,
        np.concatenate(boxes),
        np.concatenate(cosines),
        {name: np.concatenate(rows) for name, rows in scores.items()},
    )


def _finite(outputs: Outputs) -> Outputs:
    """Outputs in which what is ruled out has a number too: fused models give it minus infinity."""
    return {n: np.maximum(v, _RULED_OUT) if v.dtype.kind == "f" else v for n, v in outputs.items()}


def _likely(outputs: Outputs, least: float) -> Outputs:
    """The regions that a model would use."""
    if "objectness" in outputs:
        likelihood = outputs["objectness"]
    elif "logits" in outputs:
        likelihood = 1.0 / (1.0 + np.exp(-outputs["logits"].max(axis=1).astype(np.float64)))
    else:
        return outputs
    count = len(likelihood)
    best = np.argsort(-likelihood, kind="stable")
    kept = best[: max(int((likelihood >= least).sum()), min(10, count))]
    return {n: values[kept] if len(values) == count else values for n, values in outputs.items()}


def _aligned(exact: Outputs, other: Outputs) -> Outputs:
    """The other run's regions in the order of the exact run's."""
    if "boxes" not in exact:
        return other
    count = len(exact["boxes"])
    cost = np.zeros((count, len(other["boxes"])))
    for name, values in exact.items():
        if len(values) != count:
            continue
        mine, theirs = values.reshape(count, -1), other[name].reshape(len(other[name]), -1)
        # Boxes come first: what else differs must show, and decides only between boxes that lie
        # nearly upon each other.
        scale = _SAME_BOX if name == "boxes" else float(np.abs(mine).mean()) or 1.0
        for row in range(count):
            cost[row] += np.abs(theirs - mine[row]).mean(axis=1) / scale
    best = cost.argmin(axis=1)
    return {
        name: values[best] if len(values) == len(other["boxes"]) else values
        for name, values in other.items()
    }
